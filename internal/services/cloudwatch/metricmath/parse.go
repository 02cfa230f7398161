package metricmath

import "slices"

const (
	// MaxLength is how long an expression may be.
	MaxLength = 2048
	maxDepth  = 64
)

// node is a part of an expression.
type node struct {
	token
	op   string // "": a leaf; "call", "array", "-" of one, or the operator of two
	args []*node
}

// Expression is a parsed expression.
type Expression struct{ root *node }

// Parse reads an expression. Errors are *Error.
func Parse(s string) (*Expression, error) {
	if len(s) > MaxLength {
		return nil, wrong("Expression is longer than %d characters", MaxLength)
	}
	list, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{list: list}
	n, err := p.binary(0, 0)
	if err != nil {
		return nil, err
	}
	if p.peek().kind != end {
		return nil, p.unexpected()
	}
	return &Expression{n}, nil
}

type parser struct {
	list []token
	at   int
}

func (p *parser) peek() token { return p.list[p.at] }

func (p *parser) next() token {
	t := p.list[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

func (p *parser) unexpected() error {
	t := p.peek()
	if t.kind == end {
		return wrong("Unexpected end of expression")
	}
	return wrong("Unexpected '%s' at position %d", t.text, t.at)
}

func (p *parser) expect(s string) error {
	if !p.peek().is(s) {
		return p.unexpected()
	}
	p.next()
	return nil
}

// levels are the operators of two, those that bind least first.
var levels = [][]string{{"||", "OR"}, {"&&", "AND"}, {"==", "!=", "<", ">", "<=", ">="}, {"+", "-"}, {"*", "/"}}

var plain = map[string]string{"OR": "||", "AND": "&&"}

func (p *parser) binary(level, depth int) (*node, error) {
	if level == len(levels) {
		return p.unary(depth)
	}
	left, err := p.binary(level+1, depth)
	if err != nil {
		return nil, err
	}
	for slices.ContainsFunc(levels[level], p.peek().is) {
		t := p.next()
		right, err := p.binary(level+1, depth)
		if err != nil {
			return nil, err
		}
		op := t.text
		if o, ok := plain[op]; ok {
			op = o
		}
		left = &node{token: t, op: op, args: []*node{left, right}}
	}
	return left, nil
}

func (p *parser) unary(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, wrong("Expression is nested too deeply")
	}
	if p.peek().is("-") {
		t := p.next()
		n, err := p.unary(depth + 1)
		return &node{token: t, op: "neg", args: []*node{n}}, err
	}
	left, err := p.leaf(depth)
	if err != nil || !p.peek().is("^") {
		return left, err
	}
	t := p.next()
	right, err := p.unary(depth + 1)
	return &node{token: t, op: "^", args: []*node{left, right}}, err
}

func (p *parser) leaf(depth int) (*node, error) {
	t := p.peek()
	switch {
	case t.kind == number, t.kind == text, t.kind == name:
		return &node{token: p.next()}, nil
	case t.kind == word && !t.is("AND") && !t.is("OR"):
		p.next()
		if !p.peek().is("(") {
			return &node{token: t}, nil
		}
		p.next()
		args, err := p.list0(")", depth)
		return &node{token: t, op: "call", args: args}, err
	case t.is("("):
		p.next()
		n, err := p.binary(0, depth+1)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case t.is("["):
		p.next()
		args, err := p.list0("]", depth)
		return &node{token: t, op: "array", args: args}, err
	}
	return nil, p.unexpected()
}

// list0 reads what stands between commas until a closing sign.
func (p *parser) list0(closing string, depth int) (out []*node, err error) {
	if p.peek().is(closing) {
		p.next()
		return nil, nil
	}
	for {
		n, err := p.binary(0, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if !p.peek().is(",") {
			return out, p.expect(closing)
		}
		p.next()
	}
}

// References are the ids of other metrics and expressions that an expression names.
func (e *Expression) References() (out []string) {
	e.walk(func(n *node) {
		if n.op == "" && n.kind == name && !slices.Contains(out, n.text) {
			out = append(out, n.text)
		}
	})
	return out
}

// Calls tells whether an expression calls a function.
func (e *Expression) Calls(function string) (yes bool) {
	e.walk(func(n *node) { yes = yes || n.op == "call" && n.text == function })
	return yes
}

func (e *Expression) walk(f func(*node)) {
	var walk func(*node)
	walk = func(n *node) {
		f(n)
		for _, a := range n.args {
			walk(a)
		}
	}
	walk(e.root)
}
