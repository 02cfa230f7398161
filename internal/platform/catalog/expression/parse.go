package expression

import "fmt"

const (
	// maxDepth is how deep parentheses and NOTs may be nested, and maxLength how long a filter may be; AWS takes 2048.
	maxDepth  = 100
	maxLength = 16 << 10
)

// Compile reads a filter on partition keys. Errors are *Error.
func Compile(source string, keys []Key) (*Program, error) {
	c := &compiler{lexer: lexer{source: source}, p: &Program{keys: keys}}
	if len(source) > maxLength {
		return nil, &Error{Message: fmt.Sprintf("The expression is longer than %d characters.", maxLength)}
	}
	if err := c.advance(); err != nil {
		return nil, err
	}
	root, err := c.or(0)
	if err != nil {
		return nil, err
	}
	if c.token.kind != end {
		return nil, c.unexpected()
	}
	c.p.root = root
	return c.p, nil
}

// compiler reads by recursive descent; token is the next one that is not taken.
type compiler struct {
	lexer
	token token
	p     *Program
}

func (c *compiler) advance() (err error) {
	c.token, err = c.next()
	return err
}

func (c *compiler) unexpected() error { return c.fail(c.token.at) }

func (c *compiler) node(op operation, left, right int) int {
	c.p.nodes = append(c.p.nodes, node{op, left, right})
	return len(c.p.nodes) - 1
}

// take goes on when the next token is the keyword or symbol.
func (c *compiler) take(s string) (bool, error) {
	if !c.token.is(s) && (c.token.kind != symbol || c.token.text != s) {
		return false, nil
	}
	return true, c.advance()
}

func (c *compiler) expect(s string) error {
	ok, err := c.take(s)
	if err == nil && !ok {
		err = c.unexpected()
	}
	return err
}

func (c *compiler) or(depth int) (int, error) { return c.chain(depth, "OR", or, c.and) }

func (c *compiler) and(depth int) (int, error) { return c.chain(depth, "AND", and, c.not) }

func (c *compiler) chain(depth int, keyword string, op operation, operand func(int) (int, error)) (int, error) {
	var list []int
	for {
		at, err := operand(depth)
		if err != nil {
			return 0, err
		}
		list = append(list, at)
		more, err := c.take(keyword)
		if err != nil {
			return 0, err
		}
		if !more {
			return c.balance(op, list), nil
		}
	}
}

// balance joins operands into a tree that is no deeper than it has to be.
func (c *compiler) balance(op operation, list []int) int {
	if len(list) == 1 {
		return list[0]
	}
	half := len(list) / 2
	left := c.balance(op, list[:half])
	return c.node(op, left, c.balance(op, list[half:]))
}

func (c *compiler) not(depth int) (int, error) {
	if depth > maxDepth {
		return 0, &Error{Message: fmt.Sprintf("Unsupported expression '%s': it is nested too deeply", c.source), Position: c.token.at + 1}
	}
	ok, err := c.take("NOT")
	if err != nil {
		return 0, err
	}
	if ok {
		at, err := c.not(depth + 1)
		return c.node(not, at, 0), err
	}
	if c.token.kind != symbol || c.token.text != "(" || c.inParentheses() {
		return c.condition()
	}
	if err := c.advance(); err != nil {
		return 0, err
	}
	at, err := c.or(depth + 1)
	if err != nil {
		return 0, err
	}
	return at, c.expect(")")
}

// inParentheses tells whether a single key or literal in parentheses follows, and no filter. It takes nothing.
func (c *compiler) inParentheses() bool {
	ahead := c.lexer
	for open := 1; ; open++ {
		t, err := ahead.next()
		switch {
		case err != nil:
			return false
		case t.kind == symbol && t.text == "(":
			continue
		case t.kind != word && t.kind != quoted && t.kind != number && t.kind != text:
			return false
		}
		for range open {
			if t, err := ahead.next(); err != nil || t.kind != symbol || t.text != ")" {
				return false
			}
		}
		return true
	}
}
