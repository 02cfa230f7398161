package insights

import (
	"math"
	"regexp"
	"strings"
)

// node computes a value of a row.
type node interface{ eval(r *row) value }

type constant struct{ v value }

func (c constant) eval(*row) value { return c.v }

type field struct{ name string }

func (f field) eval(r *row) value { return r.get(f.name) }

type binary struct {
	op   string
	a, b node
}

func (x binary) eval(r *row) value {
	switch x.op {
	case "and":
		return truth(x.a.eval(r)) && truth(x.b.eval(r))
	case "or":
		return truth(x.a.eval(r)) || truth(x.b.eval(r))
	}
	a, b := x.a.eval(r), x.b.eval(r)
	switch x.op {
	case "=", "==":
		return same(a, b)
	case "!=":
		return !same(a, b)
	case "<", "<=", ">", ">=":
		if a == nil || b == nil {
			return false
		}
		c := compare(a, b)
		return x.op[0] == '<' && c < 0 || x.op[0] == '>' && c > 0 || len(x.op) == 2 && c == 0
	}
	n, ok := num(a)
	m, also := num(b)
	if !ok || !also {
		return nil
	}
	return arithmetic(x.op, n, m)
}

func arithmetic(op string, n, m float64) value {
	f := 0.0
	switch op {
	case "+":
		f = n + m
	case "-":
		f = n - m
	case "*":
		f = n * m
	case "/":
		f = n / m
	case "%":
		f = math.Mod(n, m)
	case "^":
		f = math.Pow(n, m)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

type negation struct{ a node }

func (n negation) eval(r *row) value { return !truth(n.a.eval(r)) }

type minus struct{ a node }

func (m minus) eval(r *row) value {
	if f, ok := num(m.a.eval(r)); ok {
		return -f
	}
	return nil
}

// like finds a text, or a regular expression.
type like struct {
	a     node
	b     node // nil with a regular expression
	regex *regexp.Regexp
	not   bool
}

func (l like) eval(r *row) value {
	v := l.a.eval(r)
	if v == nil {
		return l.not
	}
	s := show(v)
	if l.regex != nil {
		return l.regex.MatchString(s) != l.not
	}
	return strings.Contains(s, show(l.b.eval(r))) != l.not
}

type among struct {
	a    node
	list []node
	not  bool
}

func (x among) eval(r *row) value {
	v := x.a.eval(r)
	for _, n := range x.list {
		if same(v, n.eval(r)) {
			return !x.not
		}
	}
	return x.not
}

type call struct {
	f    func(args []value) value
	args []node
}

func (c call) eval(r *row) value {
	args := make([]value, len(c.args))
	for i, a := range c.args {
		args[i] = a.eval(r)
	}
	return c.f(args)
}

// remembered is a call that stats may have made already: behind it, bin(5m) and count(*) name what was computed.
type remembered struct {
	text string
	node node
}

func (m remembered) eval(r *row) value {
	if r.record != nil {
		return m.node.eval(r)
	}
	if v, ok := r.vars[m.text]; ok {
		return v
	}
	return m.node.eval(r)
}
