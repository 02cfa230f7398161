package statement

import "strings"

func (p *parser) insert() Statement {
	p.expect("insert", "into")
	i := Insert{Table: p.name()}
	if p.peek().sym("(") && !p.queryInside() {
		p.sym("(")
		for {
			i.Columns = append(i.Columns, p.ident())
			if !p.trySym(",") {
				break
			}
		}
		p.sym(")")
	}
	i.Query = p.query()
	return i
}

func (p *parser) unload() Statement {
	p.expect("unload")
	if !p.peek().sym("(") {
		p.fail("'('")
	}
	last := p.closing()
	p.next()
	if !p.isQuery() {
		p.fail("'(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	}
	u := Unload{Query: p.blanked(p.peek().from, p.tokens[last].from), Properties: map[string]Value{}}
	p.at = last + 1
	p.expect("to")
	u.To = p.plain()
	if p.try("with") {
		u.Properties = p.values()
	}
	return u
}

func (p *parser) explain() Statement {
	p.expect("explain")
	e := Explain{Analyze: p.try("analyze"), Options: map[string]string{}}
	p.try("verbose")
	if p.peek().sym("(") && (p.ahead(1).is("format") || p.ahead(1).is("type")) {
		p.next()
		for {
			k := strings.ToUpper(p.ident())
			e.Options[k] = strings.ToUpper(p.ident())
			if !p.trySym(",") {
				break
			}
		}
		p.sym(")")
	}
	e.Of = p.statement()
	return e
}

func (p *parser) execute() Statement {
	p.expect("execute")
	e := Execute{Name: p.ident()}
	if !p.try("using") {
		return e
	}
	depth, from := 0, p.peek().from
	take := func(to int) {
		v := strings.TrimSpace(p.source[from:to])
		if v == "" {
			p.fail("<expression>")
		}
		e.Values = append(e.Values, v)
	}
	for ; !p.done(); p.next() {
		switch t := p.peek(); {
		case t.sym("(") || t.sym("["):
			depth++
		case t.sym(")") || t.sym("]"):
			depth--
		case t.sym(",") && depth == 0:
			take(t.from)
			from = t.to
		}
	}
	take(p.peek().from)
	return e
}
