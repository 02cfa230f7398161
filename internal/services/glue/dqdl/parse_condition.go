package dqdl

import (
	"strconv"
	"strings"
	"time"
)

// condition reads a condition; nil when there is none.
func (p *parser) condition() (*Condition, error) {
	at, c := p.token.at, Condition{}
	not := p.token.is("not")
	if not {
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	switch op := Comparison(p.token.text); {
	case p.token.kind != sign && p.token.kind != word:
	case op == Between || op == In || op == Matches:
		c.Comparison = op
		if not {
			c.Comparison = "not " + op
		}
	case not:
	case op == Equal || op == Unequal || op == Greater || op == GreaterEqual || op == Less || op == LessEqual:
		c.Comparison = op
	}
	if c.Comparison == "" {
		if not {
			return nil, wrong(p.token.at, "expected between, in or matches after not, not %s", p.token)
		}
		return nil, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.operands(&c); err != nil {
		return nil, err
	}
	kind, err := kindOf(c.Values)
	if err != nil {
		return nil, wrong(at, "%v", err)
	}
	c.Kind = kind
	return &c, c.check(at)
}

func (c Condition) check(at Position) error {
	if c.Kind == Strings || c.Kind == Keywords {
		switch c.Comparison {
		case Between, NotBetween, Greater, GreaterEqual, Less, LessEqual:
			for _, v := range c.Values {
				if !dateLike(v.Text) {
					return wrong(at, "%s takes numbers and dates, not %s", c.Comparison, v)
				}
			}
		}
	}
	return nil
}

// operands reads what a value is compared with.
func (p *parser) operands(c *Condition) error {
	one := func() error {
		if p.token.is("$") {
			list, err := p.reference()
			c.Values = append(c.Values, list...)
			return err
		}
		v, err := p.value()
		if c.Values = append(c.Values, v); len(c.Values) > maxValues && err == nil {
			err = wrong(p.token.at, "the list has more than %d values", maxValues)
		}
		return err
	}
	at := p.token.at
	switch c.Comparison {
	case In, NotIn:
		read := func() error { return p.list("[", "]", one) }
		if p.token.is("$") {
			read = one
		}
		if err := read(); err != nil {
			return err
		}
		if len(c.Values) == 0 {
			return wrong(at, "the list is empty")
		}
		return nil
	case Between, NotBetween:
		if err := one(); err != nil {
			return err
		}
		if !p.token.is("and") && !p.token.is("AND") {
			return wrong(p.token.at, "expected 'and', not %s", p.token)
		}
		if err := p.advance(); err != nil {
			return err
		}
		if err := one(); err != nil {
			return err
		}
	case Matches, NotMatches:
		s, err := p.quotedText()
		c.Values = []Value{{Kind: Strings, Text: s}}
		return err
	default:
		if err := one(); err != nil {
			return err
		}
	}
	if want := len(strings.Split(Condition{Comparison: c.Comparison}.shape(), " ")); len(c.Values) != want {
		return wrong(at, "%s takes %d values, not %d", c.Comparison, want, len(c.Values))
	}
	return nil
}

// shape has a word for each value that the comparison takes.
func (c Condition) shape() string {
	if c.Comparison == Between || c.Comparison == NotBetween {
		return "low high"
	}
	return "value"
}

// value reads one operand.
func (p *parser) value() (Value, error) {
	t := p.token
	switch {
	case t.kind == quoted:
		return Value{Kind: Strings, Text: t.text}, p.advance()
	case keyword(t):
		return Value{Kind: Keywords, Text: strings.ToUpper(t.text)}, p.advance()
	case t.is("now"), t.is("(") && p.peek().is("now"):
		return p.date()
	case t.kind == number && p.peek().kind == word && (isSpan(p.peek().text) || isSize(p.peek().text)):
		return p.amount()
	}
	n, err := p.number()
	return Value{Kind: Numbers, Number: n}, err
}

// amount reads a duration or a size.
func (p *parser) amount() (Value, error) {
	amount := p.token
	if err := p.advance(); err != nil {
		return Value{}, err
	}
	unit := p.token.text
	v, ok := Value{amount: amount.text + " " + unit}, false
	if isSpan(unit) {
		v.Kind = Durations
		v.Span, ok = parseSpan(amount.text, unit)
	} else {
		v.Kind = Sizes
		v.Bytes, ok = parseSize(amount.text, unit)
	}
	if !ok {
		return v, wrong(amount.at, "%s %s is too large", amount.text, unit)
	}
	return v, p.advance()
}

// date reads now(), or (now() - 3 days).
func (p *parser) date() (Value, error) {
	v := Value{Kind: Dates, amount: "now()"}
	within, err := p.take("(")
	if err != nil {
		return v, err
	}
	for _, s := range []string{"now", "(", ")"} {
		if err := p.expect(s); err != nil {
			return v, err
		}
	}
	if !within {
		return v, nil
	}
	op := p.token
	if !op.is("-") && !op.is("+") {
		return v, wrong(op.at, "expected '+' or '-', not %s", op)
	}
	if err := p.advance(); err != nil {
		return v, err
	}
	if p.token.kind != number || !isSpan(p.peek().text) {
		return v, wrong(p.token.at, "expected a duration such as 3 days, not %s", p.token)
	}
	span, err := p.amount()
	if err != nil {
		return v, err
	}
	if v.Span = span.Span; op.is("-") {
		v.Span = -v.Span
	}
	v.amount = "(now() " + op.text + " " + span.amount + ")"
	return v, p.expect(")")
}

// number reads an arithmetic expression.
func (p *parser) number() (Number, error) { return p.binary(0) }

// levels are the operators, from the weakest on.
var levels = [...]string{"+-", "*/"}

func (p *parser) binary(level int) (Number, error) {
	if level == len(levels) {
		return p.atom()
	}
	left, err := p.binary(level + 1)
	for n := 0; err == nil && p.token.kind == sign && strings.Contains(levels[level], p.token.text); n++ {
		op := p.token.text
		if n == maxDepth {
			return left, wrong(p.token.at, "the expression has more than %d parts", maxDepth)
		}
		if err = p.advance(); err != nil {
			break
		}
		var right Number
		right, err = p.binary(level + 1)
		left = Number{Func: op, Args: []Number{left, right}}
	}
	return left, err
}

func (p *parser) atom() (Number, error) {
	if err := p.deeper(); err != nil {
		return Number{}, err
	}
	defer func() { p.depth-- }()
	t := p.token
	switch {
	case t.is("("):
		if err := p.advance(); err != nil {
			return Number{}, err
		}
		n, err := p.number()
		if err != nil {
			return n, err
		}
		return n, p.expect(")")
	case t.is("-"):
		if err := p.advance(); err != nil {
			return Number{}, err
		}
		if p.token.kind != number {
			return Number{}, wrong(p.token.at, "expected a number, not %s", p.token)
		}
		n, err := p.constant()
		n.Value, n.text = -n.Value, "-"+n.text
		return n, err
	case t.kind == number:
		return p.constant()
	case t.kind == word && p.peek().is("("):
		return p.call()
	}
	return Number{}, wrong(t.at, "expected a value, not %s", t)
}

func (p *parser) constant() (Number, error) {
	t := p.token
	v, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		return Number{}, wrong(t.at, "%s is no number", t)
	}
	return Number{Value: v, text: t.text}, p.advance()
}

// MaxLast is how many earlier runs a dynamic rule may look at.
const MaxLast = 1000

// call reads a function of what was measured before. last(n) gives a list, all others make a number of it.
// Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-dynamic-rules
func (p *parser) call() (Number, error) {
	at, n := p.token.at, Number{Func: p.token.text}
	if err := p.advance(); err != nil {
		return n, err
	}
	if err := p.list("(", ")", func() error {
		a, err := p.number()
		n.Args = append(n.Args, a)
		return err
	}); err != nil {
		return n, err
	}
	want := 1
	switch n.Func {
	case "last":
		if len(n.Args) == 0 {
			return n, nil
		}
		if k := n.Args[0]; len(n.Args) != 1 || k.Func != "" || k.Value < 1 || k.Value > MaxLast || k.Value != float64(int(k.Value)) {
			return n, wrong(at, "last takes a whole number from 1 to %d", MaxLast)
		}
		return n, nil
	case "index", "percentile":
		want = 2
	case "avg", "min", "max", "sum", "std", "median":
	default:
		return n, wrong(at, "no function is named %s", n.Func)
	}
	if len(n.Args) != want || n.Args[0].Func != "last" {
		return n, wrong(at, "%s takes last(…) and %d further arguments", n.Func, want-1)
	}
	return n, nil
}

// dateLike tells whether a string is a date, a point in time or a time of day.
func dateLike(s string) bool {
	if _, ok := ParseTime(s); ok {
		return true
	}
	for _, layout := range []string{"3:04 PM", "15:04"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// ParseTime reads a date or a point in time.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
