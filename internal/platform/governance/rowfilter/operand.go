package rowfilter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// reserved words are no columns unless they are quoted.
var reserved = []string{"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "ESCAPE", "SELECT", "FROM", "WHERE", "CASE", "EXISTS"}

func (p *parser) operand() (Operand, error) {
	t := p.now
	switch {
	case t.kind == text:
		return String(t.text), p.advance()
	case t.kind == number:
		return Number(t.text), p.advance()
	case p.is(sign, "-"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.now.kind != number {
			return nil, p.unexpected()
		}
		n := Number("-" + p.now.text)
		return n, p.advance()
	case t.kind == quoted:
		return p.column()
	case t.kind != word || slices.ContainsFunc(reserved, func(w string) bool { return strings.EqualFold(w, t.text) }):
		return nil, p.unexpected()
	case strings.EqualFold(t.text, "TRUE"), strings.EqualFold(t.text, "FALSE"):
		return Boolean(strings.EqualFold(t.text, "TRUE")), p.advance()
	case strings.EqualFold(t.text, "CAST"):
		return p.cast()
	}
	dated := strings.EqualFold(t.text, "DATE")
	if !dated && !strings.EqualFold(t.text, "TIMESTAMP") {
		return p.column()
	}
	// DATE and TIMESTAMP may be columns too.
	if err := p.advance(); err != nil {
		return nil, err
	}
	literal := p.now
	switch {
	case literal.kind != text:
		return p.fields(Column{t.text})
	case dated:
		return Date(literal.text), p.checked(dateForm)
	}
	return Timestamp(literal.text), p.checked(timestampForm)
}

var (
	dateForm      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	timestampForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?(Z| ?[+-]\d{2}:?\d{2})?$`)
)

// checked goes on when the text of a date has its form.
func (p *parser) checked(form *regexp.Regexp) error {
	if !form.MatchString(p.now.text) {
		return p.fault(p.now.at, fmt.Sprintf("%q is no date", p.now.text))
	}
	return p.advance()
}

func (p *parser) column() (Operand, error) {
	c := Column{p.now.text}
	if p.now.text == "" {
		return nil, p.fault(p.now.at, "a column has a name")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.fields(c)
}

func (p *parser) fields(c Column) (Operand, error) {
	for {
		dot, err := p.take(sign, ".")
		if err != nil || !dot {
			return c, err
		}
		if p.now.kind != word && p.now.kind != quoted || p.now.text == "" {
			return nil, p.unexpected()
		}
		c = append(c, p.now.text)
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

var castTypes = []string{"DATE", "TIMESTAMP", "INTEGER", "INT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "REAL", "DECIMAL", "STRING", "VARCHAR",
	"BOOLEAN"}

// cast reads CAST(value AS type).
func (p *parser) cast() (Operand, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.want(sign, "("); err != nil {
		return nil, err
	}
	at := p.now.at
	value, err := p.operand()
	if err != nil {
		return nil, err
	}
	if _, again := value.(*Cast); again {
		return nil, p.fault(at, "a cast value is not cast again")
	}
	if err := p.want(word, "AS"); err != nil {
		return nil, err
	}
	c := &Cast{Value: value, Type: strings.ToUpper(p.now.text)}
	if p.now.kind != word || !slices.Contains(castTypes, c.Type) {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if c.Type == "DECIMAL" || c.Type == "VARCHAR" {
		if c.Type, err = p.sized(c.Type); err != nil {
			return nil, err
		}
	}
	return c, p.want(sign, ")")
}

var size = regexp.MustCompile(`^\d{1,5}$`)

// sized reads the lengths behind a type.
func (p *parser) sized(name string) (string, error) {
	open, err := p.take(sign, "(")
	if err != nil || !open {
		return name, err
	}
	name += "("
	for {
		if p.now.kind != number || !size.MatchString(p.now.text) {
			return "", p.unexpected()
		}
		name += p.now.text
		if err := p.advance(); err != nil {
			return "", err
		}
		if more, err := p.take(sign, ","); err != nil {
			return "", err
		} else if !more || strings.Contains(name, ",") {
			return name + ")", p.want(sign, ")")
		}
		name += ","
	}
}
