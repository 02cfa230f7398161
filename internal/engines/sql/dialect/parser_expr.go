package dialect

func (p *parser) expr() expr {
	defer p.enter()()
	l := p.and()
	for p.peek().is("or") {
		t := p.take()
		l = &binary{t.pos, "or", l, p.and()}
	}
	return l
}

func (p *parser) and() expr {
	l := p.not()
	for p.peek().is("and") {
		t := p.take()
		l = &binary{t.pos, "and", l, p.not()}
	}
	return l
}

func (p *parser) not() expr {
	if t := p.peek(); p.accept("not") {
		defer p.enter()()
		return &unary{t.pos, "not", p.not()}
	}
	return p.predicate()
}

var comparisons = map[string]string{"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

func (p *parser) predicate() expr {
	x := p.value()
	for {
		t := p.peek()
		if op, ok := comparisons[t.text]; ok && t.kind == symbol {
			p.take()
			x = p.comparison(t, op, x)
			continue
		}
		not := t.is("not") && (p.ahead(1).is("between") || p.ahead(1).is("in") || p.ahead(1).is("like"))
		if not {
			p.take()
		}
		switch {
		case p.accept("between"):
			b := &between{Pos: t.pos, not: not, x: x, lo: p.value()}
			p.expect("and")
			b.hi = p.value()
			x = b
		case p.accept("in"):
			x = p.in(t.pos, not, x)
		case p.accept("like"):
			k := &like{Pos: t.pos, not: not, x: x, pattern: p.value()}
			if p.accept("escape") {
				k.escape = p.value()
			}
			x = k
		case p.accept("is"):
			s := &isTest{Pos: t.pos, x: x, not: p.accept("not")}
			if p.accept("distinct", "from") {
				s.y = p.value()
			} else {
				p.expect("null")
			}
			x = s
		default:
			return x
		}
	}
}

func (p *parser) comparison(t token, op string, x expr) expr {
	for _, how := range []string{"all", "any", "some"} {
		if p.peek().is(how) && p.ahead(1).is("(") {
			p.i += 2
			if how == "some" {
				how = "any"
			}
			q := &quantified{t.pos, op, how, x, p.query()}
			p.expect(")")
			return q
		}
	}
	return &binary{t.pos, op, x, p.value()}
}

func (p *parser) in(at Pos, not bool, x expr) expr {
	p.expect("(")
	n := &inTest{Pos: at, not: not, x: x}
	if t := p.peek(); t.is("select") || t.is("with") || t.is("values") || t.is("table") || t.is("(") && p.parenQuery() && p.queryInParens() {
		n.sub = p.query()
	} else {
		n.list = p.exprs()
	}
	p.expect(")")
	return n
}

// value := concatenation of sums of products of signed primaries.
func (p *parser) value() expr {
	defer p.enter()()
	l := p.sum()
	for n := 0; p.peek().is("||"); n++ {
		t := p.link(n)
		l = &binary{t.pos, "||", l, p.sum()}
	}
	return l
}

// link takes the n-th operator of a row of them, which nest to the left.
func (p *parser) link(n int) token {
	if n > maxDepth*3 {
		p.fail(Syntax, p.peek().pos, "too many operators in a row")
	}
	return p.take()
}

func (p *parser) sum() expr {
	l := p.product()
	for n := 0; p.peek().is("+") || p.peek().is("-"); n++ {
		t := p.link(n)
		l = &binary{t.pos, t.text, l, p.product()}
	}
	return l
}

func (p *parser) product() expr {
	l := p.signed()
	for n := 0; p.peek().is("*") && !p.ahead(1).is(",") && !p.ahead(1).is("from") || p.peek().is("/") || p.peek().is("%"); n++ {
		t := p.link(n)
		l = &binary{t.pos, t.text, l, p.signed()}
	}
	return l
}

func (p *parser) signed() expr {
	if t := p.peek(); p.accept("-") || p.accept("+") {
		defer p.enter()()
		return &unary{t.pos, t.text, p.signed()}
	}
	x := p.primary()
	for p.peek().is("at") && p.ahead(1).is("time") && p.ahead(2).is("zone") {
		t := p.take()
		p.i += 2
		x = &atZone{t.pos, x, p.primary()}
	}
	return x
}

// primary reads an operand and what is attached to it: [i] and .name.
func (p *parser) primary() expr {
	x := p.atom()
	for {
		t := p.peek()
		switch {
		case p.accept("["):
			x = &index{t.pos, x, p.value()}
			p.expect("]")
		case t.is(".") && !p.ahead(1).is("*"):
			p.take()
			n := p.name()
			if id, ok := x.(*ident); ok {
				id.parts = append(id.parts, n)
			} else {
				x = &field{t.pos, x, n}
			}
		default:
			return x
		}
	}
}
