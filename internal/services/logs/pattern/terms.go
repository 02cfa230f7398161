package pattern

import (
	"regexp"
	"strings"
)

// terms is a pattern of words.
type terms struct {
	list     []term
	optional bool // all are optional: one has to be there
}

type term struct {
	text     string
	regex    *regexp.Regexp
	optional bool
	exclude  bool
}

func (t term) in(message string) bool {
	if t.regex != nil {
		return t.regex.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

func (p *parser) terms() (matcher, error) {
	out := terms{}
	optional := 0
	for p.space(); p.at < len(p.text); p.space() {
		var t term
		switch p.peek() {
		case '?':
			t.optional = true
			p.at++
		case '-':
			t.exclude = true
			p.at++
		}
		if t.optional || t.exclude {
			p.space()
		}
		var err error
		switch p.peek() {
		case 0:
			return nil, p.fail("term is missing")
		case '"':
			if t.text, err = p.quoted(); err != nil {
				return nil, err
			}
		case '%':
			if t.regex, err = p.regex(); err != nil {
				return nil, err
			}
		default:
			start := p.at
			for p.at < len(p.text) && strings.IndexByte(" \t\r\n\"", p.text[p.at]) < 0 {
				p.at++
			}
			t.text = p.text[start:p.at]
		}
		if t.optional {
			optional++
		}
		out.list = append(out.list, t)
	}
	out.optional = optional == len(out.list) && optional > 0
	return out, nil
}

func (t terms) matches(message string) bool {
	for _, w := range t.list {
		switch {
		case t.optional:
			if w.in(message) {
				return true
			}
		case w.optional:
		case w.in(message) == w.exclude:
			return false
		}
	}
	return !t.optional
}

func (terms) value(string, string) (string, bool) { return "", false }

func (terms) extract(string) map[string]string { return map[string]string{} }
