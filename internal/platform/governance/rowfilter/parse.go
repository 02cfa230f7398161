package rowfilter

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxBytes = 64 << 10 // of the filters that are joined; one alone has 2,048 characters
	maxDepth = 64
)

// Error is a fault in an expression.
type Error struct {
	At      int // byte
	Message string
}

// Error says what is wrong and where.
func (e *Error) Error() string { return fmt.Sprintf("at position %d: %s", e.At+1, e.Message) }

type parser struct {
	in    string
	at    int
	now   token
	depth int
}

func (p *parser) fault(at int, message string) error { return &Error{at, message} }

// Parse reads an expression. Errors are *Error.
func Parse(expression string) (Expression, error) {
	p := &parser{in: expression}
	if len(expression) > maxBytes {
		return nil, p.fault(maxBytes, "the expression is too long")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err == nil && p.now.kind != end {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (p *parser) advance() (err error) {
	p.now, err = p.next()
	return err
}

func (p *parser) unexpected() error {
	if p.now.kind == end {
		return p.fault(p.now.at, "the expression ends too early")
	}
	return p.fault(p.now.at, fmt.Sprintf("%q is not expected", p.now.text))
}

func (p *parser) is(k kind, text string) bool {
	return p.now.kind == k && (p.now.text == text || k == word && strings.EqualFold(p.now.text, text))
}

// take goes on when the token is a keyword or sign.
func (p *parser) take(k kind, text string) (bool, error) {
	if !p.is(k, text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) want(k kind, text string) error {
	ok, err := p.take(k, text)
	if err == nil && !ok {
		err = p.unexpected()
	}
	return err
}

func (p *parser) or() (Expression, error) {
	list, err := p.list("OR", p.and)
	if err != nil || len(list) == 1 {
		return first(list), err
	}
	return &Or{list}, nil
}

func (p *parser) and() (Expression, error) {
	list, err := p.list("AND", p.not)
	if err != nil || len(list) == 1 {
		return first(list), err
	}
	return &And{list}, nil
}

func first(list []Expression) Expression {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func (p *parser) list(between string, term func() (Expression, error)) (out []Expression, err error) {
	for {
		e, err := term()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if more, err := p.take(word, between); err != nil || !more {
			return out, err
		}
	}
}

func (p *parser) not() (Expression, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fault(p.now.at, "the expression is nested too deep")
	}
	defer func() { p.depth-- }()
	if not, err := p.take(word, "NOT"); err != nil {
		return nil, err
	} else if not {
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		return &Not{e}, nil
	}
	open, err := p.take(sign, "(")
	if err != nil {
		return nil, err
	}
	if open {
		e, err := p.or()
		if err == nil {
			err = p.want(sign, ")")
		}
		if err != nil {
			return nil, err
		}
		return e, nil
	}
	return p.predicate()
}

var comparisons = []string{"=", "<>", "<", "<=", ">", ">="}

func (p *parser) predicate() (Expression, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.now.kind == sign && slices.Contains(comparisons, p.now.text) {
		operator := p.now.text
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		return &Compare{operator, left, right}, nil
	}
	if is, err := p.take(word, "IS"); err != nil {
		return nil, err
	} else if is {
		not, err := p.take(word, "NOT")
		if err == nil {
			err = p.want(word, "NULL")
		}
		if err != nil {
			return nil, err
		}
		return &IsNull{left, not}, nil
	}
	not, err := p.take(word, "NOT")
	if err != nil {
		return nil, err
	}
	switch {
	case p.is(word, "IN"):
		return p.inList(left, not)
	case p.is(word, "BETWEEN"):
		return p.between(left, not)
	case p.is(word, "LIKE"):
		return p.like(left, not)
	}
	if b, ok := left.(Boolean); ok && !not {
		return &Constant{bool(b)}, nil
	}
	return nil, p.unexpected()
}

func (p *parser) inList(value Operand, not bool) (Expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.want(sign, "("); err != nil {
		return nil, err
	}
	e := &In{Value: value, Not: not}
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		e.List = append(e.List, o)
		if more, err := p.take(sign, ","); err != nil {
			return nil, err
		} else if !more {
			return e, p.want(sign, ")")
		}
	}
}

func (p *parser) between(value Operand, not bool) (Expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.want(word, "AND"); err != nil {
		return nil, err
	}
	high, err := p.operand()
	return &Between{value, low, high, not}, err
}

func (p *parser) like(value Operand, not bool) (Expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	e := &Like{Value: value, Not: not}
	var err error
	if e.Pattern, err = p.string(); err != nil {
		return nil, err
	}
	escape, err := p.take(word, "ESCAPE")
	if err != nil || !escape {
		return e, err
	}
	at := p.now.at
	if e.Escape, err = p.string(); err == nil && len([]rune(e.Escape)) != 1 {
		err = p.fault(at, "ESCAPE takes one character")
	}
	return e, err
}

func (p *parser) string() (string, error) {
	if p.now.kind != text {
		return "", p.unexpected()
	}
	s := p.now.text
	return s, p.advance()
}
