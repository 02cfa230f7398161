package guardrail

import (
	"context"
	"math"
	"strings"
	"unicode"
)

// alike is how near a sentence must be to a topic's example (cosine), and near to its definition.
const (
	alikeExample    = 0.60
	alikeDefinition = 0.50
	maxSentences    = 200
)

// topic is a topic with what it is told by.
type topic struct {
	Topic
	words  []map[string]bool // of each example
	probes []string          // the definition, then the examples
}

func newTopic(t Topic) topic {
	out := topic{Topic: t, probes: append([]string{t.Definition}, t.Examples...)}
	for _, e := range append([]string{t.Name}, t.Examples...) {
		out.words = append(out.words, terms(e))
	}
	return out
}

// sense finds what is told by meaning: topics, content, grounding.
func (g *Guardrail) sense(ctx context.Context, side Side, text string, by Context) ([]Finding, error) {
	list := g.content(side, text)
	topics, err := g.topicsIn(ctx, side, text)
	if err != nil {
		return nil, err
	}
	list = append(list, topics...)
	if side == Output {
		grounded, err := g.grounded(ctx, text, by)
		if err != nil {
			return nil, err
		}
		list = append(list, grounded...)
	}
	return list, nil
}

func (g *Guardrail) topicsIn(ctx context.Context, side Side, text string) ([]Finding, error) {
	var wanted []topic
	for _, t := range g.topics {
		if t.Actions[side] != "" {
			wanted = append(wanted, t)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	list := sentences(text)
	near, err := g.near(ctx, wanted, list)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for i, t := range wanted {
		if near[i] || t.saidIn(list) {
			found = append(found, Finding{Kind: TopicFound, Name: t.Name, Action: t.Actions[side]})
		}
	}
	return found, nil
}

// saidIn tells that a sentence has the words of the topic's name, or most words of an example.
func (t topic) saidIn(list []string) bool {
	for _, s := range list {
		has := terms(s)
		for i, words := range t.words {
			n := 0
			for w := range words {
				if has[w] {
					n++
				}
			}
			need := len(words)
			if i > 0 {
				need = int(math.Ceil(0.7 * float64(len(words))))
			}
			if need > 0 && n >= need {
				return true
			}
		}
	}
	return false
}

// near tells which topics a sentence is like, by embeddings.
func (g *Guardrail) near(ctx context.Context, topics []topic, list []string) ([]bool, error) {
	out := make([]bool, len(topics))
	if g.embed == nil || len(list) == 0 {
		return out, nil
	}
	texts := append([]string{}, list...)
	for _, t := range topics {
		texts = append(texts, t.probes...)
	}
	v, err := g.embed(ctx, texts)
	if err != nil || len(v) != len(texts) { // no model makes them now
		return out, err
	}
	at := len(list)
	for i, t := range topics {
		for j := range t.probes {
			least := alikeExample
			if j == 0 {
				least = alikeDefinition
			}
			for k := range list {
				out[i] = out[i] || cosine(v[k], v[at]) >= least
			}
			at++
		}
	}
	return out, nil
}

// grounded scores an answer by its source and its question.
func (g *Guardrail) grounded(ctx context.Context, text string, by Context) ([]Finding, error) {
	var found []Finding
	add := func(t *Threshold, kind Kind, name string, by []string) error {
		if t == nil || len(by) == 0 {
			return nil
		}
		score, err := g.score(ctx, sentences(text), by, kind == GroundingFound)
		if err != nil {
			return err
		}
		f := Finding{Kind: kind, Name: name, Score: score, Least: t.Least, Action: None}
		if score < t.Least {
			f.Action = t.Action
		}
		found = append(found, f)
		return nil
	}
	if err := add(g.policy.Grounding, GroundingFound, "GROUNDING", sentences(by.Source)); err != nil {
		return nil, err
	}
	return found, add(g.policy.Relevance, RelevanceFound, "RELEVANCE", sentences(by.Query))
}

// score tells how well each sentence of a text is matched by one of others: the least of them when each must be, or else the best.
func (g *Guardrail) score(ctx context.Context, list, by []string, each bool) (float64, error) {
	if len(list) == 0 {
		return 1, nil
	}
	var vectors [][]float32
	if g.embed != nil {
		var err error
		if vectors, err = g.embed(ctx, append(append([]string{}, list...), by...)); err != nil {
			return 0, err
		}
	}
	if len(vectors) != len(list)+len(by) {
		vectors = nil // no model makes them now
	}
	least, most := 1.0, 0.0
	for i, s := range list {
		best := 0.0
		for j, b := range by {
			n := overlap(terms(s), terms(b))
			if vectors != nil {
				n = max(n, cosine(vectors[i], vectors[len(list)+j]))
			}
			best = max(best, n)
		}
		least, most = min(least, best), max(most, best)
	}
	if each {
		return least, nil
	}
	return most, nil
}

// overlap is how many of the terms of a are in b.
func overlap(a, b map[string]bool) float64 {
	if len(a) == 0 {
		return 1
	}
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return max(0, min(1, sum))
}

// sentences cuts a text, the longest of it in the middle of what has no end.
func sentences(text string) []string {
	var list []string
	begin := 0
	for i, r := range text {
		if end := r == '.' || r == '!' || r == '?' || r == '\n' || r == '。'; end || i-begin > 1000 {
			if s := strings.TrimSpace(text[begin:i]); s != "" {
				list = append(list, s)
			}
			begin = i
			if end {
				begin = i + len(string(r))
			}
			if len(list) == maxSentences {
				break
			}
		}
	}
	if s := strings.TrimSpace(text[begin:]); s != "" && len(list) < maxSentences {
		list = append(list, s)
	}
	return list
}

// terms are the words of a text that say something, without their commonest endings.
func terms(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(w) < 3 || common[w] {
			continue
		}
		for _, ending := range []string{"ing", "ed", "es", "s"} {
			if s, ok := strings.CutSuffix(w, ending); ok && len(s) >= 3 {
				w = s
				break
			}
		}
		out[w] = true
	}
	return out
}

// common are words that say nothing of a topic.
var common = setOf(`the and for are was were will would could should can may might has have had with this that these those from into about
	what which who whom whose when where why how you your yours our ours they them their his her its not but than then there here all any some
	more most much many such very also just only does did done been being`)

func setOf(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
