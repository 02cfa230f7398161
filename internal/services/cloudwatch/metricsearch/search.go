// Package metricsearch reads the search expressions of CloudWatch and finds metrics by them.
//
// Words match parts of names, without regard to case; what is in double quotes matches a whole name. {Namespace, Dimension, …} limits a
// search to metrics of the namespace with exactly these dimensions.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
package metricsearch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

const (
	// MaxLength is how long a search may be.
	MaxLength = 1024
	maxDepth  = 32
)

// node is a condition: "word" or "exact" of a property or any, "and", "or", "not"; "all" holds of everything.
type node struct {
	op       string
	property string // "": any
	text     string
	tokens   []string
	args     []*node
}

// Search is a parsed search.
type Search struct {
	schema bool
	// of the schema
	namespace  string
	dimensions []string

	root *node
}

// Parse reads a search. Its errors are for the caller.
func Parse(text string) (*Search, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("the search is longer than %d characters", MaxLength)
	}
	p := &parser{rest: text}
	s := &Search{}
	if p.peek() == "{" {
		p.next()
		if err := p.schema(s); err != nil {
			return nil, err
		}
	}
	if p.peek() == "" {
		if !s.schema {
			return nil, errors.New("the search is empty")
		}
		s.root = &node{op: "all"}
		return s, nil
	}
	var err error
	if s.root, err = p.or("", 0); err != nil {
		return nil, err
	}
	if p.peek() != "" {
		return nil, p.unexpected()
	}
	return s, nil
}

type parser struct{ rest string }

const signs = "{}(),="

func (p *parser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return ""
	}
	if strings.IndexByte(signs, p.rest[0]) >= 0 {
		return p.rest[:1]
	}
	if p.rest[0] == '"' {
		for i := 1; i < len(p.rest); i++ {
			switch p.rest[i] {
			case '\\':
				i++
			case '"':
				return p.rest[:i+1]
			}
		}
		return p.rest
	}
	if i := strings.IndexAny(p.rest, signs+"\" \t\r\n"); i > 0 {
		return p.rest[:i]
	}
	return p.rest
}

func (p *parser) next() string {
	t := p.peek()
	p.rest = p.rest[len(t):]
	return t
}

func (p *parser) unexpected() error {
	if t := p.peek(); t != "" {
		return fmt.Errorf("the search must not contain %q here", t)
	}
	return errors.New("the search ends too early")
}

// plain reads a word or what is in quotes.
func (p *parser) plain() (text string, quoted bool, err error) {
	t := p.peek()
	if t == "" || strings.Contains(signs, t) {
		return "", false, p.unexpected()
	}
	if t[0] != '"' {
		p.next()
		return t, false, nil
	}
	if len(t) < 3 || t[len(t)-1] != '"' {
		return "", false, p.unexpected()
	}
	p.next()
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(t[1 : len(t)-1]), true, nil
}

func (p *parser) schema(s *Search) error {
	s.schema = true
	for i := 0; ; i++ {
		text, _, err := p.plain()
		if err != nil {
			return err
		}
		if i == 0 {
			s.namespace = text
		} else {
			s.dimensions = append(s.dimensions, text)
		}
		switch p.peek() {
		case "}":
			p.next()
			slices.Sort(s.dimensions)
			return nil
		case ",":
			p.next()
		default:
			return p.unexpected()
		}
	}
}

func (p *parser) or(property string, depth int) (*node, error) {
	n, err := p.and(property, depth)
	for err == nil && p.peek() == "OR" {
		p.next()
		var right *node
		right, err = p.and(property, depth)
		n = &node{op: "or", args: []*node{n, right}}
	}
	return n, err
}

// and reads terms, between which AND may be left out.
func (p *parser) and(property string, depth int) (*node, error) {
	n, err := p.not(property, depth)
	for err == nil && !slices.Contains([]string{"", "OR", ")", "}", ",", "="}, p.peek()) {
		if p.peek() == "AND" {
			p.next()
		}
		var right *node
		right, err = p.not(property, depth)
		n = &node{op: "and", args: []*node{n, right}}
	}
	return n, err
}

func (p *parser) not(property string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("the search is nested too deeply")
	}
	switch p.peek() {
	case "NOT":
		p.next()
		n, err := p.not(property, depth+1)
		return &node{op: "not", args: []*node{n}}, err
	case "(":
		p.next()
		n, err := p.or(property, depth+1)
		if err != nil {
			return nil, err
		}
		if p.peek() != ")" {
			return nil, p.unexpected()
		}
		p.next()
		return n, nil
	case "AND", "OR":
		return nil, p.unexpected()
	}
	text, quoted, err := p.plain()
	if err != nil {
		return nil, err
	}
	if property == "" && p.peek() == "=" {
		p.next()
		return p.not(text, depth+1)
	}
	if quoted {
		return &node{op: "exact", property: property, text: text}, nil
	}
	return &node{op: "word", property: property, tokens: tokens(text)}, nil
}

// tokens splits a name where its case or kind of character changes: CPUUtilization2 is cpu, utilization and 2.
func tokens(text string) (out []string) {
	runes := []rune(text)
	from := 0
	cut := func(to int) {
		if to > from {
			out = append(out, strings.ToLower(string(runes[from:to])))
		}
		from = to
	}
	for i, c := range runes {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			cut(i)
			from = i + 1
		case i == from:
		case unicode.IsDigit(c) != unicode.IsDigit(runes[i-1]):
			cut(i)
		case unicode.IsUpper(c) && unicode.IsLower(runes[i-1]):
			cut(i)
		case unicode.IsUpper(c) && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			cut(i)
		}
	}
	cut(len(runes))
	return out
}

// Match tells whether a search finds a metric.
func (s *Search) Match(m metrics.Series) bool {
	if s.schema {
		if m.Namespace != s.namespace || len(m.Dimensions) != len(s.dimensions) {
			return false
		}
		for i, d := range m.Dimensions { // both are in order of name
			if d.Name != s.dimensions[i] {
				return false
			}
		}
	}
	return s.root.match(m)
}

func (n *node) match(m metrics.Series) bool {
	switch n.op {
	case "all":
		return true
	case "not":
		return !n.args[0].match(m)
	case "and":
		return n.args[0].match(m) && n.args[1].match(m)
	case "or":
		return n.args[0].match(m) || n.args[1].match(m)
	}
	switch n.property {
	case "Namespace":
		return n.fits(m.Namespace)
	case "MetricName":
		return n.fits(m.Name)
	}
	if n.property == "" && (n.fits(m.Namespace) || n.fits(m.Name)) {
		return true
	}
	for _, d := range m.Dimensions {
		if n.property == d.Name && n.fits(d.Value) || n.property == "" && (n.fits(d.Name) || n.fits(d.Value)) {
			return true
		}
	}
	return false
}

func (n *node) fits(text string) bool {
	if n.op == "exact" {
		return text == n.text
	}
	has := tokens(text)
	for i := 0; i+len(n.tokens) <= len(has); i++ {
		if slices.Equal(has[i:i+len(n.tokens)], n.tokens) {
			return len(n.tokens) > 0
		}
	}
	return false
}
