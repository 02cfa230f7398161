package expression

import "fmt"

// Result is what a condition says of a value.
type Result byte

// The results. Unknown is SQL's answer to what is compared with null; Bad is a value that isn't of the key's type.
const (
	False Result = iota
	True
	Unknown
	Bad
)

func (r Result) not() Result {
	switch r {
	case False:
		return True
	case True:
		return False
	}
	return r
}

// Key is a partition key.
type Key struct{ Name, Type string }

// Program is a filter that is ready to be run. It is safe for use by several at once.
type Program struct {
	keys   []Key
	leaves []leaf
	nodes  []node
	root   int
}

type operation byte

const (
	isLeaf operation = iota
	isConstant
	and
	or
	not
)

// node is an operation on others, which come before it.
type node struct {
	op          operation
	left, right int // of a leaf left is its number, of a constant its Result
}

// test is how a leaf looks at a value.
type test byte

const (
	compares test = iota
	matches
	among
	between
	isNull
)

// leaf is a condition on one key.
type leaf struct {
	column  int
	class   class
	bits    int
	test    test
	negated bool
	op      string // of compares
	values  []value
	pattern pattern
}

// Leaves tells how many conditions on single keys the filter has.
func (p *Program) Leaves() int { return len(p.leaves) }

// Column is the number of the key that a leaf is about.
func (p *Program) Column(leaf int) int { return p.leaves[leaf].column }

// Test gives a leaf's result for a value of its key.
func (p *Program) Test(leaf int, s string) Result { return p.leaves[leaf].eval(s) }

func (l *leaf) eval(s string) Result {
	r := l.positive(s)
	if l.negated {
		return r.not()
	}
	return r
}

func (l *leaf) positive(s string) Result {
	if l.test == isNull {
		return truth(s == Null)
	}
	if s == Null && l.class != characters {
		return Unknown
	}
	if l.test == matches {
		return truth(l.pattern.match(s))
	}
	v, ok := l.class.parse(s, l.bits)
	if !ok {
		return Bad
	}
	switch l.test {
	case among:
		for i := range l.values {
			if l.class.compare(v, l.values[i]) == 0 {
				return True
			}
		}
		return False
	case between:
		return truth(l.class.compare(v, l.values[0]) >= 0 && l.class.compare(v, l.values[1]) <= 0)
	}
	return truth(holds(l.op, l.class.compare(v, l.values[0])))
}

func truth(b bool) Result {
	if b {
		return True
	}
	return False
}

func holds(op string, c int) bool {
	switch op {
	case "=":
		return c == 0
	case "<>":
		return c != 0
	case "<":
		return c < 0
	case ">":
		return c > 0
	case "<=":
		return c <= 0
	}
	return c >= 0
}

// Row answers for the leaves of a program.
type Row interface {
	Leaf(i int) Result
}

// Decide combines the results of the leaves that matter.
func (p *Program) Decide(r Row) Result { return p.decide(p.root, r) }

func (p *Program) decide(at int, r Row) Result {
	n := &p.nodes[at]
	switch n.op {
	case isLeaf:
		return r.Leaf(n.left)
	case isConstant:
		return Result(n.left)
	case not:
		return p.decide(n.left, r).not()
	}
	stop := False // the result that settles an AND
	if n.op == or {
		stop = True
	}
	left := p.decide(n.left, r)
	if left == stop || left == Bad {
		return left
	}
	right := p.decide(n.right, r)
	switch {
	case right == stop || right == Bad:
		return right
	case left == Unknown || right == Unknown:
		return Unknown
	}
	return right
}

// Required lists the leaves that are true of every partition that is kept.
func (p *Program) Required() []int {
	var out []int
	stack := []int{p.root}
	for len(stack) > 0 {
		n := p.nodes[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		switch n.op {
		case isLeaf:
			out = append(out, n.left)
		case and:
			stack = append(stack, n.right, n.left)
		}
	}
	return out
}

// ValueError is a partition's value that isn't of its key's type.
type ValueError struct{ Key, Message string }

// Error says what the value isn't.
func (e *ValueError) Error() string { return e.Message }

// Complain makes the error of a leaf whose result is Bad.
func (p *Program) Complain(leaf int, s string) error {
	l := p.leaves[leaf]
	return &ValueError{Key: p.keys[l.column].Name, Message: l.class.mismatch(s)}
}

// Check tells whether s is a value of the type; a type that filters don't know takes everything.
func Check(typeName, s string) error {
	c, bits, ok := classOf(typeName)
	if !ok || s == Null {
		return nil
	}
	if _, ok := c.parse(s, bits); !ok {
		return fmt.Errorf("%s", c.mismatch(s))
	}
	return nil
}

// Match tells whether a partition is kept. Errors are *ValueError.
func (p *Program) Match(values []string) (bool, error) {
	row := direct{p: p, values: values, bad: -1}
	r := p.Decide(&row)
	if row.bad >= 0 && r == Bad {
		return false, p.Complain(row.bad, values[p.leaves[row.bad].column])
	}
	return r == True, nil
}

// direct tests the values of one partition.
type direct struct {
	p      *Program
	values []string
	bad    int
}

// Leaf tests the value that the leaf is about.
func (d *direct) Leaf(i int) Result {
	l := &d.p.leaves[i]
	if l.column >= len(d.values) {
		return Unknown
	}
	r := l.eval(d.values[l.column])
	if r == Bad {
		d.bad = i
	}
	return r
}
