package pattern

import (
	"encoding/json"
	"strconv"
	"strings"
)

// selector is a way into JSON: $.a.b[0], $['a.b'], $.list[*].
type selector struct {
	name  string // as it was written
	steps []step
}

type step struct {
	key   string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	byKey stepKind = iota
	byIndex
	all
)

// maxSteps is how long a selector may be.
const maxSteps = 50

func (p *parser) selector() (s selector, err error) {
	start := p.at
	if !p.is("$") {
		return s, p.fail("selector has to begin with $")
	}
	for {
		dot := p.is(".")
		switch {
		case p.peek() == '[':
			st, err := p.bracket()
			if err != nil {
				return s, err
			}
			s.steps = append(s.steps, st)
		case dot:
			from := p.at
			for p.at < len(p.text) && strings.IndexByte(" \t\r\n.=!<>()[]{}&|,\"", p.text[p.at]) < 0 {
				p.at++
			}
			key := p.text[from:p.at]
			if key == "" {
				return s, p.fail("selector has an empty name")
			}
			if key == "*" {
				s.steps = append(s.steps, step{kind: all})
			} else {
				s.steps = append(s.steps, step{key: key})
			}
		default:
			if len(s.steps) == 0 || len(s.steps) > maxSteps {
				return s, p.fail("selector names nothing")
			}
			s.name = p.text[start:p.at]
			return s, nil
		}
	}
}

// bracket reads [0], [*] or ['name'].
func (p *parser) bracket() (step, error) {
	p.at++
	if c := p.peek(); c == '\'' || c == '"' {
		end := strings.IndexByte(p.text[p.at+1:], c)
		if end < 0 {
			return step{}, p.fail("quotation mark is not closed")
		}
		key := p.text[p.at+1 : p.at+1+end]
		p.at += end + 2
		if !p.is("]") {
			return step{}, p.fail("bracket is not closed")
		}
		return step{key: key}, nil
	}
	end := strings.IndexByte(p.text[p.at:], ']')
	if end < 0 {
		return step{}, p.fail("bracket is not closed")
	}
	text := strings.TrimSpace(p.text[p.at : p.at+end])
	if text == "*" {
		p.at += end + 1
		return step{kind: all}, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return step{}, p.fail("index %q is no number", text)
	}
	p.at += end + 1
	return step{index: int(n), kind: byIndex}, nil
}

// find calls f with what the selector finds, until it answers true.
func (s selector) find(v any, f func(any) bool) { walk(v, s.steps, f) }

func walk(v any, steps []step, f func(any) bool) bool {
	if len(steps) == 0 {
		return f(v)
	}
	st, rest := steps[0], steps[1:]
	switch v := v.(type) {
	case map[string]any:
		switch st.kind {
		case byKey:
			if x, ok := v[st.key]; ok {
				return walk(x, rest, f)
			}
		case all:
			for _, x := range v {
				if walk(x, rest, f) {
					return true
				}
			}
		}
	case []any:
		switch {
		case st.kind == byIndex && st.index < len(v):
			return walk(v[st.index], rest, f)
		case st.kind == all:
			for _, x := range v {
				if walk(x, rest, f) {
					return true
				}
			}
		}
	}
	return false
}

// text gives the first value that is found, as a text; false when there is none, or null.
func (s selector) text(v any) (out string, ok bool) {
	s.find(v, func(x any) bool {
		switch x := x.(type) {
		case nil:
			return false
		case string:
			out = x
		case json.Number:
			out = x.String()
		case bool:
			out = strconv.FormatBool(x)
		default:
			b, err := json.Marshal(x)
			if err != nil {
				return false
			}
			out = string(b)
		}
		ok = true
		return true
	})
	return out, ok
}
