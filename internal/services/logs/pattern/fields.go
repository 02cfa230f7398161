package pattern

import (
	"slices"
	"strconv"
	"strings"
)

// columns is a pattern of fields between spaces.
type columns struct {
	names    []string // "" for a field without a name; the ellipsis is not among them
	ellipsis int      // where it stands, -1 without one
	where    []expression[fieldCondition]
}

type fieldCondition struct {
	name    string
	compare comparison
}

// maxFields is how many fields a pattern may have.
const maxFields = 200

func (p *parser) fields() (matcher, error) {
	p.at++
	out := columns{ellipsis: -1}
	for {
		p.space()
		switch {
		case p.is("..."):
			if out.ellipsis >= 0 {
				return nil, p.fail("there may be one ellipsis")
			}
			out.ellipsis = len(out.names)
		case p.peek() == ',' || p.peek() == ']':
			out.names = append(out.names, "")
		default:
			if err := p.field(&out); err != nil {
				return nil, err
			}
		}
		p.space()
		if p.is("]") {
			break
		}
		if !p.is(",") {
			return nil, p.fail("comma or bracket is missing")
		}
		if len(out.names) > maxFields {
			return nil, p.fail("there are too many fields")
		}
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail("nothing may come behind the bracket")
	}
	var err error
	for _, e := range out.where {
		e.leaves(func(c *fieldCondition) {
			if !slices.Contains(out.names, c.name) {
				err = p.fail("no field is named %s", c.name)
			}
		})
	}
	return out, err
}

// field reads a field with its conditions.
func (p *parser) field(c *columns) error {
	start := p.at
	name := p.fieldName()
	if p.peek() == '(' { // ( name = … )
		for p.peek() == '(' || p.peek() == ' ' {
			p.at++
		}
		name = p.fieldName()
		p.at = start
	}
	if name == "" {
		return p.fail("field has no name")
	}
	if slices.Contains(c.names, name) {
		return p.fail("two fields are named %s", name)
	}
	c.names = append(c.names, name)
	p.space()
	if p.peek() == ',' || p.peek() == ']' {
		return nil
	}
	p.at = start
	e, err := alternatives(p, func() (f fieldCondition, err error) {
		p.space()
		if f.name = p.fieldName(); f.name == "" {
			return f, p.fail("condition names no field")
		}
		f.compare, err = p.compare(",])")
		return f, err
	})
	c.where = append(c.where, e)
	return err
}

func (p *parser) fieldName() string {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n=!<>()[]{}&|,\"%.", p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[start:p.at]
}

// split cuts a message at spaces. What stands between quotation marks or brackets is one field.
func split(message string) []string {
	var out []string
	for i := 0; i < len(message); {
		c := message[i]
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			i++
			continue
		}
		closing := byte(0)
		switch c {
		case '"':
			closing = '"'
		case '[':
			closing = ']'
		}
		if closing != 0 {
			if n := strings.IndexByte(message[i+1:], closing); n >= 0 {
				out = append(out, message[i+1:i+1+n])
				i += n + 2
				continue
			}
		}
		end := strings.IndexAny(message[i:], " \t\r\n")
		if end < 0 {
			end = len(message) - i
		}
		out = append(out, message[i:i+end])
		i += end
	}
	return out
}

// bind gives the position of each name in the fields of a message; false when their number does not fit.
func (c columns) bind(n int) (func(i int) int, bool) {
	if c.ellipsis < 0 {
		return func(i int) int { return i }, n == len(c.names)
	}
	more := n - len(c.names)
	return func(i int) int {
		if i >= c.ellipsis {
			return i + more
		}
		return i
	}, more >= 0
}

func (c columns) matches(message string) bool {
	fields := split(message)
	place, ok := c.bind(len(fields))
	if !ok {
		return false
	}
	for _, e := range c.where {
		if !e.holds(func(f *fieldCondition) bool { return f.compare.texts(fields[place(slices.Index(c.names, f.name))]) }) {
			return false
		}
	}
	return true
}

func (c columns) value(message, selector string) (string, bool) {
	v, ok := c.extract(message)[selector]
	return v, ok
}

// extract names fields as the pattern does, and by their number those that have no name.
func (c columns) extract(message string) map[string]string {
	fields := split(message)
	out := make(map[string]string, len(fields))
	place, ok := c.bind(len(fields))
	if !ok {
		return out
	}
	named := make([]string, len(fields))
	for i, name := range c.names {
		named[place(i)] = name
	}
	for i, f := range fields {
		if named[i] == "" {
			named[i] = strconv.Itoa(i + 1)
		}
		out["$"+named[i]] = f
	}
	return out
}
