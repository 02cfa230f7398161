package insights

import (
	"strconv"
	"strings"
)

// command is one part of a query between pipes.
type command interface {
	// stage gives what does it, before next.
	stage(next stage, r *Run) stage
}

// named is an expression with the name that its value gets.
type named struct {
	name string
	node
}

func (p *parser) command() (command, error) {
	t := p.token
	if t.kind != name {
		return nil, p.unexpected("a command")
	}
	word := strings.ToLower(t.text)
	regex := word == "parse" // parse /…/
	if err := p.advance(regex); err != nil {
		return nil, err
	}
	switch word {
	case "fields", "display":
		list, err := p.names()
		return &fieldsCommand{list, word == "display"}, err
	case "filter":
		e, err := p.expr()
		return &filterCommand{e}, err
	case "stats":
		return p.stats()
	case "sort":
		return p.sort()
	case "limit", "head", "tail":
		return p.limit()
	case "parse":
		return p.parse()
	case "dedup":
		list, err := p.names()
		return &dedupCommand{list}, err
	}
	return nil, &Error{t.from, t.to, "command " + t.text + " is not implemented by Atelier"}
}

// names reads expressions with names: a, b as c. An expression without one is named by its text.
func (p *parser) names() (out []named, err error) {
	for {
		from := p.token.from
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		n, err := p.as(e, from)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if more, err := p.take(","); err != nil || !more {
			return out, err
		}
	}
}

// as reads the name of an expression that began at from.
func (p *parser) as(e node, from int) (named, error) {
	n := named{strings.TrimSpace(strings.TrimRight(p.source[from:p.token.from], " \t\r\n")), e}
	if f, ok := e.(field); ok {
		n.name = f.name
	}
	if yes, err := p.take("as"); err != nil || !yes {
		return n, err
	}
	if p.token.kind != name && p.token.kind != quoted {
		return n, p.unexpected("a name")
	}
	n.name = p.token.text
	return n, p.advance(false)
}

func (p *parser) sort() (command, error) {
	c := &sortCommand{}
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		k := sortKey{node: e}
		if k.descending, err = p.take("desc"); err != nil {
			return nil, err
		}
		if !k.descending {
			if _, err := p.take("asc"); err != nil {
				return nil, err
			}
		}
		c.keys = append(c.keys, k)
		if more, err := p.take(","); err != nil || !more {
			return c, err
		}
	}
}

func (p *parser) limit() (command, error) {
	n, err := strconv.Atoi(p.token.text)
	if p.token.kind != numeral || err != nil || n < 1 {
		return nil, p.unexpected("a number")
	}
	return &limitCommand{min(n, MaxRows)}, p.advance(false)
}

// parse reads: parse [field] "a * b *" as x, y, or: parse [field] /(?<x>…)/.
func (p *parser) parse() (command, error) {
	c := &parseCommand{from: field{"@message"}}
	if p.token.kind == name || p.token.kind == quoted {
		c.from = field{p.token.text}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	n := 0
	switch p.token.kind {
	case expression:
		r, err := p.regexp()
		if err != nil {
			return nil, err
		}
		n, c.names = r.NumSubexp(), r.SubexpNames()[1:]
		c.match = func(s string) []string {
			if m := r.FindStringSubmatch(s); m != nil {
				return m[1:]
			}
			return nil
		}
	case text:
		parts := strings.Split(p.token.text, "*")
		n, c.match = len(parts)-1, func(s string) []string { return glob(parts, s) }
		if err := p.advance(false); err != nil {
			return nil, err
		}
	default:
		return nil, p.unexpected("a pattern")
	}
	more, err := p.take("as")
	if err != nil {
		return nil, err
	}
	if more {
		c.names = nil // they stand behind the expression
	}
	for more {
		if p.token.kind != name && p.token.kind != quoted {
			return nil, p.unexpected("a name")
		}
		c.names = append(c.names, p.token.text)
		if err := p.advance(false); err != nil {
			return nil, err
		}
		if more, err = p.take(","); err != nil {
			return nil, err
		}
	}
	if len(c.names) != n || strings.Join(c.names, "") == "" {
		return nil, &Error{p.token.from, p.token.to, "parse wants a name for each part of its pattern"}
	}
	return c, nil
}

// glob finds what stands between the parts of a pattern, which come one after the other. What is behind the last star goes to the end when
// nothing follows it.
func glob(parts []string, s string) []string {
	at := strings.Index(s, parts[0])
	if at < 0 {
		return nil
	}
	s = s[at+len(parts[0]):]
	out := make([]string, 0, len(parts)-1)
	for i, part := range parts[1:] {
		if part == "" && i == len(parts)-2 {
			return append(out, s)
		}
		n := strings.Index(s, part)
		if n < 0 {
			return nil
		}
		out, s = append(out, s[:n]), s[n+len(part):]
	}
	return out
}

// direct finds out whether the records are wanted oldest first.
func (q *Query) direct() {
	for _, c := range q.commands {
		switch c := c.(type) {
		case *sortCommand:
			if f, ok := c.keys[0].node.(field); ok && f.name == "@timestamp" && !c.keys[0].descending {
				q.oldest = true
			}
			return
		case *statsCommand, *limitCommand:
			return
		}
	}
}
