package expression

import (
	"fmt"
	"strings"
)

// operand is a key or a literal.
type operand struct {
	key     int // -1: it is a literal
	literal string
	numeric bool
}

// operand reads a key, a literal, a typed literal (DATE '…', {d '…'}, CAST('…' AS date)), each perhaps in parentheses.
func (c *compiler) operand(depth int) (operand, error) {
	if depth > maxDepth {
		return operand{}, c.unexpected()
	}
	t := c.token
	if err := c.advance(); err != nil {
		return operand{}, err
	}
	switch {
	case t.kind == symbol && t.text == "(":
		o, err := c.operand(depth + 1)
		if err != nil {
			return o, err
		}
		return o, c.expect(")")
	case t.kind == symbol && t.text == "{":
		if !c.token.is("d") && !c.token.is("ts") {
			return operand{}, c.unexpected()
		}
		name := map[bool]string{true: "date", false: "timestamp"}[c.token.is("d")]
		if err := c.advance(); err != nil {
			return operand{}, err
		}
		o, err := c.typed(name)
		if err != nil {
			return o, err
		}
		return o, c.expect("}")
	case t.kind == text, t.kind == number:
		return operand{key: -1, literal: t.text, numeric: t.kind == number}, nil
	case (t.is("DATE") || t.is("TIMESTAMP")) && c.token.kind == text:
		return c.typed(t.text)
	case (t.is("DATE") || t.is("TIMESTAMP")) && c.token.kind == symbol && c.token.text == "(":
		if err := c.advance(); err != nil {
			return operand{}, err
		}
		o, err := c.typed(t.text)
		if err != nil {
			return o, err
		}
		return o, c.expect(")")
	case t.is("CAST") && c.token.kind == symbol && c.token.text == "(":
		return c.cast()
	case t.kind == quoted, t.kind == word && !reserved(t):
		return c.key(t)
	}
	return operand{}, c.fail(t.at)
}

func reserved(t token) bool {
	for _, k := range []string{"AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL"} {
		if t.is(k) {
			return true
		}
	}
	return false
}

func (c *compiler) key(t token) (operand, error) {
	for i, k := range c.p.keys {
		if strings.EqualFold(k.Name, t.text) {
			return operand{key: i}, nil
		}
	}
	return operand{}, &Error{Message: fmt.Sprintf("Invalid partition expression! Unknown column '%s'", t.text), Position: t.at + 1}
}

// typed reads the text of a literal whose type is named.
func (c *compiler) typed(name string) (operand, error) {
	t := c.token
	if t.kind != text && t.kind != number {
		return operand{}, c.unexpected()
	}
	class, bits, ok := classOf(name)
	if !ok {
		return operand{}, &Error{Message: fmt.Sprintf("Unknown type : '%s'", name), Position: t.at + 1}
	}
	if _, ok := class.parse(t.text, bits); !ok {
		return operand{}, &Error{Message: class.mismatch(t.text), Position: t.at + 1}
	}
	return operand{key: -1, literal: t.text, numeric: class == integers || class == decimals}, c.advance()
}

func (c *compiler) cast() (operand, error) {
	if err := c.advance(); err != nil {
		return operand{}, err
	}
	t := c.token
	if err := c.advance(); err != nil {
		return operand{}, err
	}
	if err := c.expect("AS"); err != nil {
		return operand{}, err
	}
	name := c.token
	if name.kind != word {
		return operand{}, c.unexpected()
	}
	if err := c.advance(); err != nil {
		return operand{}, err
	}
	after := c.token // typed looks at the literal, which was before
	c.token = t
	saved := c.lexer
	o, err := c.typed(name.text)
	if err != nil {
		return o, err
	}
	c.lexer, c.token = saved, after
	return o, c.expect(")")
}
