package blazingtext

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

const (
	typeJSON  = "application/json"
	typeLines = "application/jsonlines"
)

// Answers is the request's own type: BlazingText ignores Accept when it differs.
// https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html
func (m *Model) Answers(contentType, _ string) (string, error) {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(kind) {
	case typeJSON, "":
		return typeJSON, nil
	case typeLines, "application/x-jsonlines":
		return typeLines, nil
	}
	return "", learn.UnsupportedType(contentType)
}

// question is one text, and how many labels are wanted.
type question struct {
	text string
	k    int
}

// Predict answers {"instances":["a text"],"configuration":{"k":2}} with [{"label":["__label__1"],"prob":[0.9]}], and lines like
// {"source":"a text","k":2} with lines.
func (m *Model) Predict(ctx context.Context, contentType, accept string, in io.Reader, out io.Writer) error {
	kind, err := m.Answers(contentType, accept)
	if err != nil {
		return err
	}
	body, err := learn.ReadBody(in, m.body)
	if err != nil {
		return err
	}
	var questions []question
	if kind == typeJSON {
		questions, err = parseJSON(body)
	} else {
		questions, err = parseLines(body)
	}
	if err != nil {
		return err
	}
	answers, err := m.answer(ctx, questions)
	if err != nil {
		return err
	}
	open, between, end := "", "\n", "\n"
	if kind == typeJSON {
		open, between, end = "[", ", ", "]"
	}
	if _, err := io.WriteString(out, open); err != nil {
		return err
	}
	for i, a := range answers {
		if i > 0 {
			a = append([]byte(between), a...)
		}
		if _, err := out.Write(a); err != nil {
			return err
		}
	}
	_, err = io.WriteString(out, end)
	return err
}

func parseJSON(body []byte) ([]question, error) {
	var request struct {
		Instances     []string `json:"instances"`
		Configuration struct {
			K *int `json:"k"`
		} `json:"configuration"`
	}
	if err := json.Unmarshal(body, &request, jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, learn.BadRequestf("The request is not JSON with a list of strings under the key instances: %v", err)
	}
	if len(request.Instances) == 0 {
		return nil, learn.BadRequestf("The request has no instances")
	}
	k, err := wanted(request.Configuration.K)
	if err != nil {
		return nil, err
	}
	questions := make([]question, len(request.Instances))
	for i, text := range request.Instances {
		questions[i] = question{text: text, k: k}
	}
	return questions, nil
}

func parseLines(body []byte) ([]question, error) {
	var questions []question
	for n := 1; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var record struct {
			Source *string `json:"source"`
			K      *int    `json:"k"`
		}
		if err := json.Unmarshal(line, &record, jsontext.AllowInvalidUTF8(true)); err != nil || record.Source == nil {
			return nil, learn.BadRequestf("Line %d of the request is not a JSON object with a string source", n)
		}
		k, err := wanted(record.K)
		if err != nil {
			return nil, err
		}
		questions = append(questions, question{text: *record.Source, k: k})
	}
	if len(questions) == 0 {
		return nil, learn.BadRequestf("The request has no lines")
	}
	return questions, nil
}

func wanted(k *int) (int, error) {
	if k == nil {
		return 1, nil
	}
	if *k < 1 {
		return 0, learn.BadRequestf("k must be 1 or higher")
	}
	return *k, nil
}

// answer finds the answers, several at a time when there are many.
func (m *Model) answer(ctx context.Context, questions []question) ([][]byte, error) {
	const piece = 64
	answers := make([][]byte, len(questions))
	var taken atomic.Int64
	learn.Together(max(1, min(m.threads, len(questions)/(2*piece))), func(int) {
		t := m.newTeller()
		for ctx.Err() == nil {
			first := int(taken.Add(piece)) - piece
			if first >= len(questions) {
				return
			}
			for i := first; i < min(first+piece, len(questions)); i++ {
				answers[i] = t.tell(questions[i])
			}
		}
	})
	return answers, ctx.Err()
}

// teller answers one question after the other.
type teller struct {
	m              *Model
	rows           []int32
	hashes         []uint64
	hidden, scores []float32
	order          []int
	text           []byte
}

func (m *Model) newTeller() *teller {
	t := &teller{m: m, hidden: make([]float32, m.Dim), scores: make([]float32, m.words.labels), order: make([]int, m.words.labels)}
	return t
}

func (t *teller) tell(q question) []byte {
	t.features(q.text)
	k := min(q.k, len(t.scores))
	if len(t.rows) == 0 {
		k = 0
	} else {
		n := len(t.rows)
		t.m.mean(t.m.find(t.rows), n, t.hidden)
		t.m.scoresOf(t.hidden, t.scores)
	}
	t.rank(k)
	b := append(make([]byte, 0, 32+48*k), `{"label": [`...)
	for i, l := range t.order[:k] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(b, t.m.words.label(l))
	}
	b = append(b, `], "prob": [`...)
	for i, l := range t.order[:k] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendNumber(b, t.scores[l])
	}
	return append(b, "]}"...)
}

// rank brings the k best labels to the front of the order.
func (t *teller) rank(k int) {
	for i := range t.order {
		t.order[i] = i
	}
	if k == 1 {
		for i, s := range t.scores {
			if s > t.scores[t.order[0]] {
				t.order[0] = i
			}
		}
		return
	}
	slices.SortStableFunc(t.order, func(a, b int) int { return cmp.Compare(t.scores[b], t.scores[a]) })
}

// features finds the rows of a text as fastText does for a line.
func (t *teller) features(text string) {
	t.rows, t.hashes, t.text = t.rows[:0], t.hashes[:0], append(t.text[:0], text...)
	d, rest := &t.m.words, t.text
	for {
		word, after := next(rest)
		if len(word) == 0 {
			break
		}
		rest = after
		t.word(d, word)
	}
	t.word(d, []byte(endOfLine))
	t.rows = appendNgrams(t.rows, t.hashes, int(t.m.WordNgrams), int(t.m.Bucket), int32(d.words))
}

// find turns rows as fastText numbers them into those of the input, in place, and leaves out zeros.
func (m *Model) find(rows []int32) []int32 {
	if m.bucket == nil {
		return rows
	}
	found := rows[:0]
	for _, r := range rows {
		if at := int(r) - m.words.words; at >= 0 {
			r = m.bucket[at]
		}
		if r >= 0 {
			found = append(found, r)
		}
	}
	return found
}

func (t *teller) word(d *dictionary, word []byte) {
	h := hashOf(word)
	at := d.find(word, h)
	if at >= int32(d.words) || at < 0 && bytes.HasPrefix(word, []byte(labelPrefix)) {
		return
	}
	if at >= 0 {
		t.rows = append(t.rows, at)
	}
	if t.m.MaxN > 0 && t.m.Bucket > 0 && string(word) != endOfLine {
		t.rows = t.m.appendSubwords(t.rows, word)
	}
	t.hashes = append(t.hashes, widen(h))
}

// appendSubwords appends the rows of the character n-grams of a word, for models of fastText that have them.
func (m *Model) appendSubwords(rows []int32, word []byte) []int32 {
	word = append(append([]byte{'<'}, word...), '>')
	for i := range word {
		if !utf8.RuneStart(word[i]) {
			continue
		}
		for j, n := i, 1; j < len(word) && n <= int(m.MaxN); n++ {
			for j++; j < len(word) && !utf8.RuneStart(word[j]); j++ {
			}
			if n >= int(m.MinN) && (n > 1 || i > 0 && j < len(word)) {
				rows = append(rows, int32(m.words.words)+int32(hashOf(word[i:j])%uint32(m.Bucket)))
			}
		}
	}
	return rows
}

// appendString writes a label as JSON.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' || s[i] >= utf8.RuneSelf {
			quoted, err := json.Marshal(s, jsontext.AllowInvalidUTF8(true))
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendNumber writes a probability as JSON, which has no word for what a broken model may give.
func appendNumber(b []byte, f float32) []byte {
	if f != f || f-f != 0 {
		f = 0
	}
	return strconv.AppendFloat(b, float64(f), 'g', -1, 32)
}
