package insights

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

const (
	// maxQuery is how long a query may be, in bytes.
	maxQuery = 10_000
	// deepest is how deep expressions may be nested.
	deepest = 100
)

// parser reads a query. token is the lexeme at hand.
type parser struct {
	lexer
	token     lexeme
	depth     int
	functions map[string]function
}

// Parse reads a query. now is what now() gives, in milliseconds. Errors are *Error.
func Parse(source string, now int64) (*Query, error) {
	p := &parser{lexer: lexer{source: source}, functions: functions(now)}
	if len(source) > maxQuery {
		return nil, &Error{0, len(source), "query is too long"}
	}
	if err := p.advance(false); err != nil {
		return nil, err
	}
	q := &Query{limit: MaxRows}
	for {
		if p.is("|") { // one may begin, and stand alone between lines
			if err := p.advance(false); err != nil {
				return nil, err
			}
			continue
		}
		if p.token.kind == end {
			break
		}
		c, err := p.command()
		if err != nil {
			return nil, err
		}
		q.commands = append(q.commands, c)
		if p.token.kind != end && !p.is("|") {
			return nil, p.unexpected("a pipe")
		}
	}
	q.direct()
	return q, nil
}

func (p *parser) advance(regex bool) (err error) {
	p.token, err = p.next(regex)
	return err
}

// is tells whether a symbol, or a keyword in any case, is at hand.
func (p *parser) is(word string) bool {
	return p.token.kind == symbol && p.token.text == word || p.token.kind == name && strings.EqualFold(p.token.text, word)
}

// take goes past a word that is at hand.
func (p *parser) take(word string) (bool, error) {
	if !p.is(word) {
		return false, nil
	}
	return true, p.advance(false)
}

func (p *parser) want(word string) error {
	ok, err := p.take(word)
	if err == nil && !ok {
		err = p.unexpected(word)
	}
	return err
}

func (p *parser) unexpected(wanted string) error {
	what := p.token.text
	if p.token.kind == end {
		what = "the end"
	}
	return &Error{p.token.from, p.token.to, "unexpected " + what + ", wanted " + wanted}
}

func (p *parser) deeper() error {
	if p.depth++; p.depth > deepest {
		return &Error{p.token.from, p.token.to, "expression is nested too deep"}
	}
	return nil
}

// expr reads an expression: or, and, not, comparisons, sums, products, powers.
func (p *parser) expr() (node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	return p.level(0)
}

var levels = [][]string{{"or"}, {"and", "&&"}, nil, nil, {"+", "-"}, {"*", "/", "%"}, {"^"}}

func (p *parser) level(n int) (node, error) {
	switch n {
	case 2:
		return p.not()
	case 3:
		return p.comparison()
	case len(levels):
		return p.unary()
	}
	a, err := p.level(n + 1)
	for err == nil {
		op := ""
		for _, w := range levels[n] {
			if p.is(w) {
				op = w
			}
		}
		if op == "" {
			return a, nil
		}
		if err = p.advance(false); err != nil {
			break
		}
		var b node
		if b, err = p.level(n + 1); err == nil {
			if op == "&&" {
				op = "and"
			}
			a = binary{op, a, b}
		}
	}
	return nil, err
}

func (p *parser) not() (node, error) {
	if !p.is("not") && !p.is("!") {
		return p.level(3)
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(false); err != nil {
		return nil, err
	}
	a, err := p.not()
	return negation{a}, err
}

func (p *parser) comparison() (node, error) {
	a, err := p.level(4)
	if err != nil {
		return nil, err
	}
	not, err := p.take("not")
	if err != nil {
		return nil, err
	}
	switch {
	case p.is("like"), p.is("=~"):
		return p.like(a, not)
	case p.is("in"):
		return p.in(a, not)
	case not:
		return nil, p.unexpected("like or in")
	}
	for _, op := range []string{"=", "==", "!=", "<", "<=", ">", ">="} {
		if p.is(op) {
			if err := p.advance(false); err != nil {
				return nil, err
			}
			b, err := p.level(4)
			return binary{op, a, b}, err
		}
	}
	return a, nil
}

func (p *parser) like(a node, not bool) (node, error) {
	if err := p.advance(true); err != nil {
		return nil, err
	}
	if p.token.kind == expression {
		r, err := p.regexp()
		return like{a: a, regex: r, not: not}, err
	}
	b, err := p.level(4)
	return like{a: a, b: b, not: not}, err
}

func (p *parser) regexp() (*regexp.Regexp, error) {
	r, err := regexp.Compile(p.token.text)
	if err != nil {
		return nil, &Error{p.token.from, p.token.to, "regular expression is not valid"}
	}
	return r, p.advance(false)
}

func (p *parser) in(a node, not bool) (node, error) {
	if err := p.advance(false); err != nil {
		return nil, err
	}
	if err := p.want("["); err != nil {
		return nil, err
	}
	list, err := p.list("]")
	return among{a, list, not}, err
}

// list reads expressions up to a closing symbol.
func (p *parser) list(closing string) (out []node, err error) {
	for !p.is(closing) {
		if len(out) > 0 {
			if err := p.want(","); err != nil {
				return nil, err
			}
		}
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, p.advance(false)
}

func (p *parser) unary() (node, error) {
	if p.is("-") {
		if err := p.deeper(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		if err := p.advance(false); err != nil {
			return nil, err
		}
		a, err := p.unary()
		return minus{a}, err
	}
	t := p.token
	switch t.kind {
	case text:
		return constant{t.text}, p.advance(false)
	case numeral:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, &Error{t.from, t.to, "number " + t.text + " is not valid"}
		}
		return constant{f}, p.advance(false)
	case quoted:
		return field{t.text}, p.advance(false)
	case name:
		if err := p.advance(false); err != nil {
			return nil, err
		}
		if p.is("(") {
			c, err := p.call(t)
			return remembered{strings.TrimSpace(p.source[t.from:p.token.from]), c}, err
		}
		return field{t.text}, nil
	}
	if p.is("(") {
		if err := p.advance(false); err != nil {
			return nil, err
		}
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		return e, p.want(")")
	}
	return nil, p.unexpected("an expression")
}

// call reads a function's arguments.
func (p *parser) call(t lexeme) (node, error) {
	if err := p.advance(false); err != nil {
		return nil, err
	}
	switch f := strings.ToLower(t.text); f {
	case "bin":
		period, err := p.period()
		if err != nil {
			return nil, err
		}
		return call{func(a []value) value { return floor(a[0], period, false) }, []node{field{"@timestamp"}}}, p.want(")")
	case "datefloor", "dateceil":
		a, err := p.expr()
		if err != nil {
			return nil, err
		}
		if err := p.want(","); err != nil {
			return nil, err
		}
		period, err := p.period()
		if err != nil {
			return nil, err
		}
		return call{func(a []value) value { return floor(a[0], period, f == "dateceil") }, []node{a}}, p.want(")")
	}
	f, ok := p.functions[strings.ToLower(t.text)]
	if _, made := aggregates()[strings.ToLower(t.text)]; made { // by stats before
		if star, err := p.take("*"); err != nil || star {
			return constant{}, errors.Join(err, p.want(")"))
		}
		_, err := p.list(")")
		return constant{}, err
	}
	if !ok {
		return nil, &Error{t.from, t.to, "function " + t.text + " is not known"}
	}
	args, err := p.list(")")
	if err != nil {
		return nil, err
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, &Error{t.from, t.to, "function " + t.text + " takes another number of arguments"}
	}
	return call{f.f, args}, nil
}

// period reads 5m, 30s or 1 h, in milliseconds.
func (p *parser) period() (int64, error) {
	t := p.token
	number := strings.TrimRight(t.text, "abcdefghijklmnopqrstuvwxyz")
	unit := t.text[len(number):]
	n, err := strconv.ParseInt(number, 10, 32)
	if t.kind != numeral || err != nil || n <= 0 {
		return 0, p.unexpected("a period")
	}
	if err := p.advance(false); err != nil {
		return 0, err
	}
	if unit == "" && p.token.kind == name {
		unit = strings.ToLower(p.token.text)
		if err := p.advance(false); err != nil {
			return 0, err
		}
	}
	size := int64(0)
	switch unit {
	case "ms", "millisecond", "milliseconds", "msec":
		size = 1
	case "s", "sec", "second", "seconds":
		size = 1000
	case "m", "min", "minute", "minutes":
		size = 60_000
	case "h", "hr", "hour", "hours":
		size = 3_600_000
	case "d", "day", "days":
		size = 86_400_000
	case "w", "week", "weeks":
		size = 7 * 86_400_000
	default:
		return 0, &Error{t.from, t.to, "unit of the period is not known"}
	}
	return n * size, nil
}
