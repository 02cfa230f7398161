package statement

func (p *parser) deletes() Statement {
	p.expect("delete", "from")
	return Delete{Table: p.name(), Where: p.where()}
}

func (p *parser) updates() Statement {
	p.expect("update")
	u := Update{Table: p.name()}
	p.expect("set")
	u.Set = p.assignments()
	u.Where = p.where()
	return u
}

func (p *parser) where() string {
	if !p.try("where") {
		return ""
	}
	return p.expression()
}

// expression takes the text of an expression: to one of the words, a comma or a parenthesis that doesn't belong to it.
func (p *parser) expression(until ...string) string {
	from, begin := p.peek().from, p.at
	to := from
	depth, cases := 0, 0
	for ; !p.done(); p.next() {
		t := p.peek()
		stop := depth == 0 && cases == 0 && t.sym(",")
		for _, w := range until {
			stop = stop || depth == 0 && cases == 0 && t.is(w)
		}
		switch {
		case t.sym("(") || t.sym("["):
			depth++
		case t.sym(")") || t.sym("]"):
			depth--
		case t.is("case"):
			cases++
		case t.is("end") && cases > 0:
			cases--
		}
		if stop || depth < 0 {
			break
		}
		to = t.to
	}
	if p.at == begin || depth > 0 {
		p.fail("<expression>")
	}
	return p.source[from:to]
}

func (p *parser) assignments(until ...string) []Assignment {
	var out []Assignment
	for {
		a := Assignment{Column: p.ident()}
		if p.trySym(".") { // of a MERGE: target.column
			a.Column = p.ident()
		}
		p.sym("=")
		a.Value = p.expression(append(until, "where")...)
		out = append(out, a)
		if !p.trySym(",") {
			return out
		}
	}
}

func (p *parser) merge() Statement {
	p.expect("merge", "into")
	m := Merge{Table: p.name()}
	m.Alias = m.Table.Name
	if p.try("as") || !p.peek().is("using") {
		m.Alias = p.ident()
	}
	p.expect("using")
	from := p.peek()
	if from.sym("(") {
		last := p.closing()
		m.Source = p.source[from.from:p.tokens[last].to]
		p.at = last + 1
	} else {
		m.SourceAlias = p.name().Name
		m.Source = p.source[from.from:p.tokens[p.at-1].to]
	}
	if p.try("as") || !p.peek().is("on") {
		m.SourceAlias = p.ident()
	}
	if m.SourceAlias == "" {
		p.fail("<identifier>")
	}
	if p.peek().sym("(") {
		at, last := p.peek(), p.closing()
		m.As = p.source[at.from:p.tokens[last].to]
		p.at = last + 1
	}
	p.expect("on")
	m.On = p.expression("when")
	for p.peek().is("when") {
		m.Cases = append(m.Cases, p.mergeCase())
	}
	if len(m.Cases) == 0 {
		p.fail("'WHEN'")
	}
	return m
}

func (p *parser) mergeCase() Case {
	p.expect("when")
	c := Case{Matched: !p.try("not")}
	p.expect("matched")
	if p.try("and") {
		c.And = p.expression("then")
	}
	p.expect("then")
	switch {
	case c.Matched && p.try("delete"):
		c.Delete = true
	case c.Matched:
		p.expect("update", "set")
		c.Set = p.assignments("when")
	default:
		p.expect("insert")
		var names []string
		if p.trySym("(") {
			for {
				names = append(names, p.ident())
				if !p.trySym(",") {
					break
				}
			}
			p.sym(")")
		}
		p.expect("values")
		p.sym("(")
		for {
			name := ""
			if len(c.Set) < len(names) {
				name = names[len(c.Set)]
			} else if names != nil {
				p.fail("')'")
			}
			c.Set = append(c.Set, Assignment{name, p.expression()})
			if !p.trySym(",") {
				break
			}
		}
		p.sym(")")
		if len(c.Set) < len(names) {
			p.fail("','")
		}
	}
	return c
}

// Bind puts values in the place of the question marks of a statement.
func Bind(source string, values []string) string {
	tokens, err := lex(source)
	if err != nil {
		return source
	}
	out, last := "", 0
	for _, t := range tokens {
		if t.sym("?") && len(values) > 0 {
			out += source[last:t.from] + "(" + values[0] + ")"
			last, values = t.to, values[1:]
		}
	}
	return out + source[last:]
}
