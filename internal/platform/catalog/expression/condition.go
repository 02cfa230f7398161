package expression

import "fmt"

// condition reads a comparison.
func (c *compiler) condition() (int, error) {
	at := c.token.at
	left, err := c.operand(0)
	if err != nil {
		return 0, err
	}
	if c.token.kind == operator {
		op := c.token.text
		if err := c.advance(); err != nil {
			return 0, err
		}
		right, err := c.operand(0)
		if err != nil {
			return 0, err
		}
		return c.compare(at, left, op, right)
	}
	if left.key < 0 {
		return 0, c.unexpected()
	}
	l := leaf{column: left.key}
	if l.class, l.bits, err = c.class(left.key); err != nil {
		return 0, err
	}
	is, err := c.take("IS")
	if err != nil {
		return 0, err
	}
	if l.negated, err = c.take("NOT"); err != nil {
		return 0, err
	}
	switch {
	case is:
		l.test = isNull
		err = c.expect("NULL")
	case c.token.is("LIKE"):
		err = c.like(&l)
	case c.token.is("IN"):
		err = c.in(&l)
	case c.token.is("BETWEEN"):
		err = c.between(&l)
	default:
		err = c.unexpected()
	}
	return c.leaf(l), err
}

func (c *compiler) leaf(l leaf) int {
	c.p.leaves = append(c.p.leaves, l)
	return c.node(isLeaf, len(c.p.leaves)-1, 0)
}

// compare makes a node of "left op right".
func (c *compiler) compare(at int, left operand, op string, right operand) (int, error) {
	if left.key < 0 && right.key < 0 { // 1 = 1, as programs write it that put filters together
		class := characters
		if left.numeric && right.numeric {
			class = decimals
		}
		a, _ := class.parse(left.literal, 0)
		b, _ := class.parse(right.literal, 0)
		return c.node(isConstant, int(truth(holds(op, class.compare(a, b)))), 0), nil
	}
	if left.key < 0 {
		left, op, right = right, turned(op), left
	}
	if right.key >= 0 {
		return 0, c.fail(at)
	}
	l := leaf{column: left.key, test: compares, op: op}
	var err error
	if l.class, l.bits, err = c.class(left.key); err != nil {
		return 0, err
	}
	if err := c.value(&l, right); err != nil {
		return 0, err
	}
	return c.leaf(l), nil
}

// turned is the comparison with its sides exchanged.
func turned(op string) string {
	switch op {
	case "<":
		return ">"
	case ">":
		return "<"
	case "<=":
		return ">="
	case ">=":
		return "<="
	}
	return op
}

func (c *compiler) class(key int) (class, int, error) {
	k := c.p.keys[key]
	class, bits, ok := classOf(k.Type)
	if !ok {
		return 0, 0, &Error{Message: fmt.Sprintf("Unknown type : '%s'", k.Type)}
	}
	return class, bits, nil
}

// value adds a literal to those that the leaf compares with.
func (c *compiler) value(l *leaf, o operand) error {
	if o.key >= 0 {
		return c.unexpected()
	}
	v, ok := l.class.parse(o.literal, l.bits)
	if !ok {
		return &Error{Message: l.class.mismatch(o.literal)}
	}
	l.values = append(l.values, v)
	return nil
}

func (c *compiler) like(l *leaf) error {
	if l.class != characters {
		return &Error{Message: l.class.unlike(), Position: c.token.at + 1}
	}
	if err := c.advance(); err != nil {
		return err
	}
	o, err := c.operand(0)
	if err != nil {
		return err
	}
	if o.key >= 0 {
		return c.unexpected()
	}
	escape := rune(0)
	if ok, err := c.take("ESCAPE"); err != nil {
		return err
	} else if ok {
		chars := []rune(c.token.text)
		if c.token.kind != text || len(chars) != 1 {
			return c.unexpected()
		}
		escape = chars[0]
		if err := c.advance(); err != nil {
			return err
		}
	}
	p, ok := compilePattern(o.literal, escape)
	if !ok {
		return c.unexpected()
	}
	l.test, l.pattern = matches, p
	return nil
}

func (c *compiler) in(l *leaf) error {
	l.test = among
	if err := c.advance(); err != nil {
		return err
	}
	if err := c.expect("("); err != nil {
		return err
	}
	for {
		o, err := c.operand(0)
		if err != nil {
			return err
		}
		if err := c.value(l, o); err != nil {
			return err
		}
		more, err := c.take(",")
		if err != nil {
			return err
		}
		if !more {
			return c.expect(")")
		}
	}
}

func (c *compiler) between(l *leaf) error {
	l.test = between
	if err := c.advance(); err != nil {
		return err
	}
	low, err := c.operand(0)
	if err != nil {
		return err
	}
	if err := c.expect("AND"); err != nil {
		return err
	}
	high, err := c.operand(0)
	if err != nil {
		return err
	}
	if err := c.value(l, low); err != nil {
		return err
	}
	return c.value(l, high)
}
