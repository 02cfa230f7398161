package pattern

import (
	"encoding/json"
	"strconv"
	"strings"
)

// document is a pattern of conditions on JSON.
type document struct{ expression[condition] }

// condition is one on what a selector finds.
type condition struct {
	selector selector
	is       string // TRUE, FALSE, NULL, or EXISTS; "" for a comparison
	not      bool
	compare  comparison
}

func (p *parser) json() (matcher, error) {
	p.at++
	e, err := alternatives(p, p.condition)
	if err != nil {
		return nil, err
	}
	p.space()
	if !p.is("}") {
		return nil, p.fail("brace is not closed")
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail("nothing may come behind the brace")
	}
	return document{e}, nil
}

func (p *parser) condition() (c condition, err error) {
	if c.selector, err = p.selector(); err != nil {
		return c, err
	}
	p.space()
	word := func(w string) bool {
		end := p.at + len(w)
		if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], w) || end < len(p.text) && strings.IndexByte(" \t\r\n)}&|", p.text[end]) < 0 {
			return false
		}
		p.at = end
		p.space()
		return true
	}
	switch {
	case word("IS"):
		c.not = word("NOT")
		for _, w := range []string{"TRUE", "FALSE", "NULL"} {
			if word(w) {
				c.is = w
				return c, nil
			}
		}
		return c, p.fail("IS wants TRUE, FALSE or NULL")
	case word("NOT"):
		if !word("EXISTS") {
			return c, p.fail("NOT wants EXISTS")
		}
		c.is, c.not = "EXISTS", true
		return c, nil
	case word("EXISTS"):
		c.is = "EXISTS"
		return c, nil
	}
	c.compare, err = p.compare(")}")
	return c, err
}

// read parses a message; false when it is no JSON object or list.
func read(message string) (any, bool) {
	text := strings.TrimSpace(message)
	if text == "" || text[0] != '{' && text[0] != '[' {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil, false
	}
	return v, true
}

func (d document) matches(message string) bool {
	v, ok := read(message)
	return ok && d.holds(func(c *condition) bool { return c.holds(v) })
}

func (c *condition) holds(v any) bool {
	if c.is == "EXISTS" {
		found := false
		c.selector.find(v, func(any) bool { found = true; return true })
		return found != c.not
	}
	is := false
	c.selector.find(v, func(x any) bool { is = c.one(x); return is })
	return is
}

// one compares one value.
func (c *condition) one(x any) bool {
	switch c.is {
	case "NULL":
		return (x == nil) != c.not
	case "TRUE", "FALSE":
		b, ok := x.(bool)
		return ok && (b == (c.is == "TRUE")) != c.not
	}
	switch x := x.(type) {
	case string:
		return c.compare.texts(x)
	case json.Number:
		if c.compare.isNum {
			f, ok := number(x.String())
			return ok && c.compare.numbers(f)
		}
		if c.compare.quoted && !c.compare.text.any() {
			return c.compare.op == "!="
		}
		return c.compare.texts(x.String())
	case bool:
		if c.compare.quoted && !c.compare.text.any() || c.compare.isNum {
			return c.compare.op == "!="
		}
		return c.compare.texts(strconv.FormatBool(x))
	}
	return false
}

func (d document) value(message, text string) (string, bool) {
	p := &parser{text: text}
	s, err := p.selector()
	if err != nil || p.at != len(text) {
		return "", false
	}
	v, ok := read(message)
	if !ok {
		return "", false
	}
	return s.text(v)
}

func (d document) extract(message string) map[string]string {
	out := map[string]string{}
	v, ok := read(message)
	if !ok {
		return out
	}
	d.leaves(func(c *condition) {
		if s, ok := c.selector.text(v); ok {
			out[c.selector.name] = s
		}
	})
	return out
}
