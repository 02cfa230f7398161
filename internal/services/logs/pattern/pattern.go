// Package pattern is CloudWatch Logs' filter pattern language: terms, JSON conditions, and fields between spaces.
//
// Terms are found within words too. Terms with ? count only in a pattern that has nothing but such: beside others they do not matter.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
package pattern

import (
	"fmt"
	"strings"
)

// Pattern is a parsed filter pattern. It is immutable and safe for use by many at once.
type Pattern struct {
	match   matcher
	regexes int
}

// matcher is one of the three kinds.
type matcher interface {
	// matches tells whether a message matches.
	matches(message string) bool
	// value gives what a selector ("$.latency", "$bytes") names in a message.
	value(message, selector string) (string, bool)
	// extract gives the values that the pattern names.
	extract(message string) map[string]string
}

// Error says where a pattern is wrong.
type Error struct {
	At      int // byte
	Message string
}

// Error tells the place and the reason.
func (e *Error) Error() string { return fmt.Sprintf("%s at %d", e.Message, e.At) }

// maxDepth is how deep conditions may be nested.
const maxDepth = 50

// Parse reads a pattern. Errors are *Error.
func Parse(text string) (*Pattern, error) {
	p := &parser{text: text}
	p.space()
	var m matcher
	var err error
	switch {
	case p.at >= len(text):
		m = terms{}
	case text[p.at] == '{':
		m, err = p.json()
	case text[p.at] == '[':
		m, err = p.fields()
	default:
		m, err = p.terms()
	}
	if err != nil {
		return nil, err
	}
	return &Pattern{m, p.regexes}, nil
}

// Match tells whether a message matches.
func (p *Pattern) Match(message string) bool { return p.match.matches(message) }

// All tells whether every message matches, as with the empty pattern.
func (p *Pattern) All() bool {
	t, ok := p.match.(terms)
	return ok && len(t.list) == 0
}

// Value gives what a selector names in a message: "$.latency" of JSON, "$bytes" of fields.
func (p *Pattern) Value(message, selector string) (string, bool) {
	return p.match.value(message, selector)
}

// Extract gives the values that the pattern names in a message, by selector.
func (p *Pattern) Extract(message string) map[string]string { return p.match.extract(message) }

// Regexes is how many regular expressions the pattern has.
func (p *Pattern) Regexes() int { return p.regexes }

// parser goes through a pattern.
type parser struct {
	text    string
	at      int
	regexes int
	depth   int
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{p.at, fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// is takes a word that stands here.
func (p *parser) is(word string) bool {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return false
	}
	p.at += len(word)
	return true
}

// peek is the character here, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// quoted reads a text between quotes, in which a backslash takes the next character as it is.
func (p *parser) quoted() (string, error) {
	start := p.at
	p.at++
	var b strings.Builder
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\'):
			p.at++
			b.WriteByte(p.text[p.at])
		default:
			b.WriteByte(c)
		}
	}
	p.at = start
	return "", p.fail("quotation mark is not closed")
}
