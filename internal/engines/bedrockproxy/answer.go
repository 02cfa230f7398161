package bedrockproxy

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
)

// answered is what came of a unit.
type answered struct {
	answers []answer
	errs    []error
	refused error
}

// err is what went wrong first.
func (a answered) err() error { return errors.Join(append([]error{a.refused}, a.errs...)...) }

// document writes what came of a unit.
func (a answered) document(u unit) any {
	if a.refused != nil {
		return map[string]any{"error": faultOf(a.refused)}
	}
	docs := make([]any, len(a.answers))
	for i, x := range a.answers {
		switch {
		case a.errs[i] != nil:
			docs[i] = map[string]any{"error": faultOf(a.errs[i])}
		case u.questions[i].whole:
			docs[i] = x.document
		default:
			docs[i] = map[string]any{"generated_text": x.text, "stop_reason": x.reason, "usage": x.usage}
		}
	}
	if u.list {
		return docs
	}
	return docs[0]
}

// written puts answers together as their records were.
func written(f frame, accept string, units []unit, answers []answered) (kind string, body []byte) {
	docs := make([]any, len(units))
	for i, u := range units {
		docs[i] = answers[i].document(u)
	}
	switch {
	case f == lines && strings.HasPrefix(accept, "text/csv"):
		return "text/csv", column(units, answers)
	case f == lines:
		var b bytes.Buffer
		for _, d := range docs {
			b.Write(encode(d))
			b.WriteByte('\n')
		}
		return "application/jsonlines", b.Bytes()
	case f == list:
		return "application/json", encode(docs)
	case f == letters && !units[0].questions[0].whole && !strings.HasPrefix(accept, "application/json"):
		return "text/plain; charset=utf-8", []byte(answers[0].answers[0].text)
	}
	return "application/json", encode(docs[0])
}

// column writes each answer's text as a line of CSV; what failed, as its error in JSON.
func column(units []unit, answers []answered) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for i, u := range units {
		text := ""
		if a := answers[i]; a.err() == nil && len(a.answers) == 1 && !u.questions[0].whole {
			text = a.answers[0].text
		} else {
			text = string(encode(a.document(u)))
		}
		_ = w.Write([]string{text})
	}
	w.Flush()
	return b.Bytes()
}
