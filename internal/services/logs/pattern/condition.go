package pattern

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// operator compares.
type operator string

// comparison is an operator with the value on its right.
type comparison struct {
	op     operator
	quoted bool
	number float64
	isNum  bool
	text   wild
	regex  *regexp.Regexp
}

func (p *parser) operator() (operator, bool) {
	for _, op := range []operator{"!=", "<=", ">=", "=", "<", ">"} {
		if p.is(string(op)) {
			return op, true
		}
	}
	return "", false
}

// compare reads an operator and a value, which ends before a space or one of stops.
func (p *parser) compare(stops string) (c comparison, err error) {
	p.space()
	op, ok := p.operator()
	if !ok {
		return c, p.fail("operator is missing")
	}
	c.op = op
	p.space()
	switch p.peek() {
	case '"':
		text, err := p.quoted()
		if err != nil {
			return c, err
		}
		c.quoted, c.text = true, newWild(text)
	case '%':
		if c.regex, err = p.regex(); err != nil {
			return c, err
		}
	default:
		start := p.at
		for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) < 0 && strings.IndexByte(stops, p.text[p.at]) < 0 &&
			!strings.HasPrefix(p.text[p.at:], "&&") && !strings.HasPrefix(p.text[p.at:], "||") {
			p.at++
		}
		word := p.text[start:p.at]
		if word == "" {
			return c, p.fail("value is missing")
		}
		c.text = newWild(word)
		c.number, c.isNum = number(word)
	}
	if c.op != "=" && c.op != "!=" && !c.isNum {
		return c, p.fail("operator %s wants a number", c.op)
	}
	return c, nil
}

// number reads a decimal number, as JSON writes them or with a sign.
func number(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

func (c comparison) numbers(f float64) bool {
	switch c.op {
	case "=":
		return f == c.number
	case "!=":
		return f != c.number
	case "<":
		return f < c.number
	case ">":
		return f > c.number
	case "<=":
		return f <= c.number
	}
	return f >= c.number
}

// texts compares a text, which may be that of a number.
func (c comparison) texts(s string) bool {
	if c.isNum {
		if f, ok := number(s); ok {
			return c.numbers(f)
		}
		if c.op != "=" && c.op != "!=" {
			return false
		}
	}
	is := false
	if c.regex != nil {
		is = c.regex.MatchString(s)
	} else {
		is = c.text.match(s)
	}
	return is == (c.op == "=")
}

// expression is conditions with && and ||. The leaves answer by leaf.
type expression[L any] struct {
	leaf *L
	or   bool
	list []expression[L]
}

func (e expression[L]) holds(leaf func(*L) bool) bool {
	if e.leaf != nil {
		return leaf(e.leaf)
	}
	for _, x := range e.list {
		if x.holds(leaf) == e.or {
			return e.or
		}
	}
	return !e.or
}

func (e expression[L]) leaves(f func(*L)) {
	if e.leaf != nil {
		f(e.leaf)
	}
	for _, x := range e.list {
		x.leaves(f)
	}
}

// alternatives reads what && and || join. && binds closer.
func alternatives[L any](p *parser, leaf func() (L, error)) (expression[L], error) {
	return joined(p, "||", func() (expression[L], error) {
		return joined(p, "&&", func() (expression[L], error) { return single(p, leaf) })
	})
}

func joined[L any](p *parser, word string, part func() (expression[L], error)) (expression[L], error) {
	out := expression[L]{or: word == "||"}
	for {
		e, err := part()
		if err != nil {
			return out, err
		}
		out.list = append(out.list, e)
		p.space()
		if !p.is(word) {
			break
		}
	}
	if len(out.list) == 1 {
		return out.list[0], nil
	}
	return out, nil
}

func single[L any](p *parser, leaf func() (L, error)) (expression[L], error) {
	p.space()
	if p.peek() != '(' {
		l, err := leaf()
		return expression[L]{leaf: &l}, err
	}
	p.at++
	if p.depth++; p.depth > maxDepth {
		return expression[L]{}, p.fail("parentheses are nested too deep")
	}
	e, err := alternatives(p, leaf)
	if err != nil {
		return e, err
	}
	p.depth--
	p.space()
	if !p.is(")") {
		return e, p.fail("parenthesis is not closed")
	}
	return e, nil
}
