package guardrail

import (
	"context"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxRegex bounds a pattern, in bytes, and maxProgram what it may compile to.
	maxRegex   = 500
	maxProgram = 4000
	// window is how long what is looked for can be, when its own form does not bound it more: bytes.
	window = 512
	// maxFindings bounds what is told of one text.
	maxFindings = 1000
)

// Guardrail looks for what a policy names. It is safe for concurrent use.
type Guardrail struct {
	policy  Policy
	embed   Embed // nil when there is no model
	finders []finder
	topics  []topic
	reach   int  // bytes that a match can have
	whole   bool // a text can be judged only when it is there to its end
}

// finder finds one thing.
type finder struct {
	kind    Kind
	name    string
	regex   string
	actions Actions
	find    func(text string) []span
}

// Compile makes a guardrail. Errors are of the policy's patterns, for who wrote them.
func Compile(p Policy, embed Embed) (*Guardrail, error) {
	g := &Guardrail{policy: p, embed: embed, reach: window}
	for _, w := range p.Words {
		re, err := phrase(w.Text)
		if err != nil {
			return nil, fmt.Errorf("word %q: %w", w.Text, err)
		}
		g.finders = append(g.finders, finder{kind: WordFound, name: w.Text, actions: w.Actions, find: all(re)})
	}
	if p.Profanity != (Actions{}) {
		g.finders = append(g.finders, finder{kind: ProfanityFound, name: "PROFANITY", actions: p.Profanity, find: all(profanity())})
	}
	for _, e := range p.Entities {
		find := entityFinder(e.Type)
		if find == nil {
			return nil, fmt.Errorf("entity %s is not known", e.Type)
		}
		g.finders = append(g.finders, finder{kind: EntityFound, name: e.Type, actions: e.Actions, find: find})
	}
	for _, x := range p.Patterns {
		re, most, err := compile(x.Regex)
		if err != nil {
			return nil, fmt.Errorf("pattern %s: %w", x.Name, err)
		}
		if most < 0 || most > 4*window {
			g.whole = true
		}
		g.reach = max(g.reach, most+utf8.UTFMax)
		g.finders = append(g.finders, finder{kind: PatternFound, name: x.Name, regex: x.Regex, actions: x.Actions, find: all(re)})
	}
	for _, t := range p.Topics {
		g.topics = append(g.topics, newTopic(t))
	}
	// What is judged by its sense is judged as a whole.
	g.whole = g.whole || p.Grounding != nil || p.Relevance != nil || len(p.Topics) > 0 || len(p.Filters) > 0
	return g, nil
}

// compile compiles a pattern and tells how many bytes a match has at most, -1 when there is no bound.
func compile(pattern string) (*regexp.Regexp, int, error) {
	if len(pattern) > maxRegex {
		return nil, 0, fmt.Errorf("it is longer than %d characters", maxRegex)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, 0, fmt.Errorf("%w", err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, 0, fmt.Errorf("%w", err)
	}
	if len(prog.Inst) > maxProgram {
		return nil, 0, fmt.Errorf("it is too complex")
	}
	re, err := regexp.Compile(pattern)
	if err == nil && re.MatchString("") {
		err = fmt.Errorf("it matches the empty text")
	}
	return re, longest(tree), err
}

// longest is the length of the longest match in bytes, -1 when there is none.
func longest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune) * utf8.UTFMax
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return -1 // whether it matches is known at the end
	case syntax.OpRepeat:
		n := longest(re.Sub[0])
		if re.Max < 0 || n < 0 {
			return -1
		}
		return n * re.Max
	case syntax.OpAlternate:
		most := 0
		for _, s := range re.Sub {
			n := longest(s)
			if n < 0 {
				return -1
			}
			most = max(most, n)
		}
		return most
	}
	sum := 0
	for _, s := range re.Sub {
		n := longest(s)
		if n < 0 {
			return -1
		}
		sum += n
	}
	return sum
}

// phrase finds a phrase as whole words, in any case, with any white space between its words.
func phrase(text string) (*regexp.Regexp, error) {
	words := strings.Fields(text)
	if len(words) == 0 || len(text) > 200 {
		return nil, fmt.Errorf("a phrase has 1 to 200 bytes")
	}
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.Compile(`(?i)` + strings.Join(words, `\s{1,8}`))
}

// span is where something is, and what around it tells that it is there.
type span struct{ from, start, end, to int }

// all finds every match of a pattern.
func all(re *regexp.Regexp) func(string) []span {
	return func(text string) []span {
		var list []span
		for _, m := range re.FindAllStringIndex(text, maxFindings) {
			list = append(list, span{m[0], m[0], m[1], m[1]})
		}
		return list
	}
}

// standsAlone tells that what is found is no part of a longer word.
func standsAlone(text string, m span) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:m.start])
	after, _ := utf8.DecodeRuneInString(text[m.end:])
	first, _ := utf8.DecodeRuneInString(text[m.start:])
	last, _ := utf8.DecodeLastRuneInString(text[:m.end])
	return !(wordy(before) && wordy(first)) && !(wordy(after) && wordy(last))
}

func wordy(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// Context is what an answer is judged by.
type Context struct{ Source, Query string }

// Check looks at a whole text.
func (g *Guardrail) Check(ctx context.Context, side Side, text string, by Context) (Result, error) {
	found := g.exact(side, text)
	more, err := g.sense(ctx, side, text, by)
	if err != nil {
		return Result{}, err
	}
	return settle(text, append(found, more...)), nil
}

// exact finds what has a place in the text.
func (g *Guardrail) exact(side Side, text string) []Finding {
	var list []Finding
	for _, f := range g.finders {
		action := f.actions[side]
		if action == "" {
			continue
		}
		for _, m := range f.find(text) {
			if (f.kind == WordFound || f.kind == ProfanityFound) && !standsAlone(text, m) {
				continue
			}
			list = append(list, Finding{Kind: f.kind, Name: f.name, Regex: f.regex, Match: text[m.start:m.end], Action: action, span: m})
			if len(list) >= maxFindings {
				return list
			}
		}
	}
	return list
}

// settle masks and blocks. Where findings overlap, the one that begins first is masked, then the longer one.
func settle(text string, found []Finding) Result {
	r := Result{Findings: found, Text: text}
	var masks []Finding
	for _, f := range found {
		switch f.Action {
		case Block:
			r.Blocked = true
		case Mask:
			masks = append(masks, f)
		}
	}
	if len(masks) == 0 {
		return r
	}
	r.Masked = true
	slices.SortStableFunc(masks, func(a, b Finding) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	var b strings.Builder
	at := 0
	for _, m := range masks {
		if m.start < at {
			at = max(at, m.end) // what two findings share is hidden by the first; the rest of the second goes with it
			continue
		}
		b.WriteString(text[at:m.start])
		b.WriteString("{" + m.Name + "}")
		at = m.end
	}
	b.WriteString(text[at:])
	r.Text = b.String()
	return r
}
