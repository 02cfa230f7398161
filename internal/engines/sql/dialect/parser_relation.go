package dialect

// relation := primary { [CROSS | NATURAL | kind] JOIN primary [ON … | USING …] }
func (p *parser) relation() relation {
	defer p.enter()()
	l := p.sampledRelation()
	for {
		t := p.peek()
		j := &join{Pos: t.pos, l: l}
		switch {
		case p.accept("cross", "join"):
			j.kind, j.r = "cross", p.sampledRelation()
			l = j
			continue
		case p.accept("natural"):
			j.natural = true
		}
		switch {
		case p.accept("join"), p.accept("inner", "join"):
			j.kind = "inner"
		case p.accept("left"), p.accept("right"), p.accept("full"):
			j.kind = p.toks[p.i-1].text
			p.accept("outer")
			p.expect("join")
		default:
			if j.natural {
				p.unexpected("'JOIN'")
			}
			return l
		}
		if j.natural {
			j.r = p.sampledRelation()
			l = j
			continue
		}
		j.r = p.relationNoOn()
		switch {
		case p.accept("on"):
			j.on = p.expr()
		case p.accept("using"):
			j.using = p.names()
		default:
			p.unexpected("'ON', 'USING', <identifier>")
		}
		l = j
	}
}

// relationNoOn reads the right side of a join: joins nest to the right until each found its ON.
func (p *parser) relationNoOn() relation {
	r := p.sampledRelation()
	t := p.peek()
	if t.is("join") || t.is("inner") || t.is("left") || t.is("right") || t.is("full") {
		p.fail(NotSupported, t.pos, "a join as the right side of a join needs parentheses")
	}
	return r
}

func (p *parser) sampledRelation() relation {
	r := p.aliasedRelation()
	if t := p.peek(); t.is("match_recognize") {
		p.fail(NotSupported, t.pos, "MATCH_RECOGNIZE is not supported")
	}
	if !p.accept("tablesample") {
		return r
	}
	s := &sampled{Pos: p.peek().pos, r: r, method: p.name()}
	if s.method != "bernoulli" && s.method != "system" {
		p.fail(Syntax, s.Pos, "mismatched input '%s'. Expecting: 'BERNOULLI', 'SYSTEM'", s.method)
	}
	p.expect("(")
	s.percent = p.expr()
	p.expect(")")
	return s
}

// notAlias are words that are not reserved but go on after a relation.
var notAlias = set("tablesample limit offset fetch window match_recognize")

func (p *parser) alias() (a alias) {
	t := p.peek()
	if !p.accept("as") && (!t.isName() || t.kind == word && notAlias[t.text]) {
		return a
	}
	a.name = p.name()
	if p.peek().is("(") {
		a.columns = p.names()
	}
	return a
}

func (p *parser) aliasedRelation() relation {
	t := p.peek()
	switch {
	case p.accept("("):
		if n := p.peek(); n.is("select") || n.is("with") || n.is("values") || n.is("table") || n.is("(") && p.parenQuery() && p.queryInParens() {
			d := &derived{Pos: t.pos, q: p.query()}
			p.expect(")")
			d.alias = p.alias()
			return d
		}
		r := p.relation()
		p.expect(")")
		if a := p.alias(); a.name != "" {
			p.fail(NotSupported, t.pos, "an alias of a join in parentheses is not supported")
		}
		return r
	case p.accept("lateral"):
		p.expect("(")
		d := &derived{Pos: t.pos, lateral: true, q: p.query()}
		p.expect(")")
		d.alias = p.alias()
		return d
	case p.accept("unnest"):
		p.expect("(")
		u := &unnest{Pos: t.pos, args: p.exprs()}
		p.expect(")")
		u.ordinality = p.accept("with", "ordinality")
		u.alias = p.alias()
		return u
	case t.is("table") && p.ahead(1).is("("):
		p.fail(NotSupported, t.pos, "table functions are not supported")
	case t.is("json_table"):
		p.fail(NotSupported, t.pos, "JSON_TABLE is not supported")
	case t.kind == str:
		p.unexpected("'(', 'LATERAL', 'UNNEST', <identifier>")
	}
	at := p.i
	r := &tableRef{Pos: t.pos, parts: p.qualified()}
	if len(r.parts) > 3 {
		p.fail(Syntax, t.pos, "Too many dots in table name")
	}
	if p.peek().is("(") {
		p.fail(NoFunction, t.pos, "Table function '%s' not registered", r.parts[len(r.parts)-1])
	}
	if p.accept("for") {
		r.asOfK = p.peek().text
		if !p.accept("timestamp") && !p.accept("version") && !p.accept("system_time") && !p.accept("system_version") {
			p.unexpected("'TIMESTAMP', 'VERSION'")
		}
		p.expect("as", "of")
		r.asOf = p.value()
	}
	p.tables = append(p.tables, tableRange{r, at, p.i, false})
	r.alias = p.alias()
	return r
}

// parenQuery looks past opening parentheses for the word that begins a query.
func (p *parser) parenQuery() bool {
	n := 0
	for p.ahead(n).is("(") {
		n++
	}
	t := p.ahead(n)
	return t.is("select") || t.is("with") || t.is("values")
}
