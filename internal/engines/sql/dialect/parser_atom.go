package dialect

import "strings"

func (p *parser) atom() expr {
	t := p.peek()
	switch t.kind {
	case str:
		p.take()
		return &literal{Pos: t.pos, kind: str, text: t.text}
	case uniStr:
		p.take()
		return &literal{Pos: t.pos, kind: str, text: p.unescape(t)}
	case bin:
		p.take()
		h := strings.ToLower(strings.Join(strings.Fields(t.text), ""))
		if len(h)%2 != 0 || strings.Trim(h, "0123456789abcdef") != "" {
			p.fail(Syntax, t.pos, "binary literal must contain an even number of hexadecimal digits")
		}
		return &literal{Pos: t.pos, kind: bin, text: h}
	case integer, decimal, double:
		p.take()
		return &literal{Pos: t.pos, kind: t.kind, text: t.text}
	case quoted:
		return p.named()
	case symbol:
		return p.symbolAtom()
	case word:
		return p.wordAtom()
	}
	p.unexpected("<expression>")
	return nil
}

func (p *parser) symbolAtom() expr {
	t := p.peek()
	switch {
	case p.accept("?"):
		p.params++
		return &param{t.pos, p.params - 1}
	case p.accept("("):
		if p.lambdaHead() {
			return p.lambdaRest(t.pos)
		}
		if n := p.peek(); n.is("select") || n.is("with") || n.is("values") || n.is("table") || n.is("(") && p.parenQuery() && p.queryInParens() {
			s := &subquery{t.pos, p.query()}
			p.expect(")")
			return s
		}
		xs := p.exprs()
		p.expect(")")
		if len(xs) > 1 {
			return &rowExpr{t.pos, xs}
		}
		return xs[0]
	}
	p.unexpected("<expression>")
	return nil
}

// queryInParens tries to read "((SELECT …) UNION …)" as a query and goes back when it is an expression after all.
func (p *parser) queryInParens() (ok bool) {
	at, depth, params, tables := p.i, p.depth, p.params, len(p.tables)
	if known, tried := p.tried[at]; tried {
		return known
	}
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(failure); !is {
				panic(r)
			}
			ok = false
		}
		p.i, p.depth, p.params, p.tables = at, depth, params, p.tables[:tables]
		if p.tried == nil {
			p.tried = map[int]bool{}
		}
		p.tried[at] = ok
	}()
	p.query()
	return p.peek().is(")")
}

// lambdaHead tells whether "a, b) ->" or ") ->" follows.
func (p *parser) lambdaHead() bool {
	n := 0
	if !p.ahead(0).is(")") {
		for {
			if !p.ahead(n).isName() {
				return false
			}
			n++
			if !p.ahead(n).is(",") {
				break
			}
			n++
		}
	}
	return p.ahead(n).is(")") && p.ahead(n+1).is("->")
}

func (p *parser) lambdaRest(at Pos) expr {
	l := &lambda{Pos: at}
	for !p.accept(")") {
		l.params = append(l.params, p.name())
		p.accept(",")
	}
	p.expect("->")
	l.body = p.expr()
	return l
}

func (p *parser) wordAtom() expr {
	t := p.peek()
	next := p.ahead(1)
	switch t.text {
	case "null", "true", "false":
		p.take()
		return &literal{Pos: t.pos, kind: word, text: t.text}
	case "case":
		return p.caseExpr()
	case "cast", "try_cast":
		if next.is("(") {
			p.i += 2
			c := &cast{Pos: t.pos, try: t.text == "try_cast", x: p.expr()}
			p.expect("as")
			c.typ = p.typ()
			p.expect(")")
			return c
		}
	case "exists":
		p.take()
		p.expect("(")
		e := &exists{t.pos, p.query()}
		p.expect(")")
		return e
	case "extract":
		p.take()
		p.expect("(")
		e := &extract{Pos: t.pos, part: p.name()}
		p.expect("from")
		e.x = p.value()
		p.expect(")")
		return e
	case "array":
		if next.is("[") {
			p.i += 2
			a := &arrayExpr{Pos: t.pos}
			if !p.peek().is("]") {
				a.elems = p.exprs()
			}
			p.expect("]")
			return a
		}
	case "row":
		if next.is("(") {
			p.i += 2
			r := &rowExpr{t.pos, p.exprs()}
			p.expect(")")
			return r
		}
	case "interval":
		if next.kind == str || (next.is("-") || next.is("+")) && p.ahead(2).kind == str {
			return p.interval()
		}
	case "trim", "position", "substring", "normalize", "listagg":
		if next.is("(") {
			return p.special()
		}
	case "grouping":
		if next.is("(") {
			return p.named()
		}
	case "json_exists", "json_value", "json_query", "json_object", "json_array", "json_table":
		p.fail(NotSupported, t.pos, "%s is not supported", strings.ToUpper(t.text))
	case "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "current_catalog",
		"current_schema":
		p.take()
		c := &call{Pos: t.pos, name: t.text}
		if p.peek().is("(") {
			p.take()
			c.args = []expr{p.primary()}
			p.expect(")")
		}
		return c
	}
	if next.kind == str && typedLiterals[t.text] {
		p.take()
		return p.typedLiteral(t, &Type{Kind: t.text})
	}
	if t.text == "double" && next.is("precision") && p.ahead(2).kind == str {
		p.i += 2
		return p.typedLiteral(t, &Type{Kind: Double})
	}
	return p.named()
}

var typedLiterals = set(`date time timestamp decimal bigint integer smallint tinyint double real varchar char json boolean uuid
	ipaddress`)

func (p *parser) typedLiteral(t token, typ *Type) expr {
	l := &literal{Pos: t.pos, kind: str, text: p.take().text, typ: typ}
	if typ.Kind == Timestamp && hasZone(l.text) {
		l.typ = &Type{Kind: TimestampTZ}
	}
	return l
}

// named reads a name, a lambda of one parameter, or a call.
func (p *parser) named() expr {
	t := p.take()
	if p.peek().is("->") && t.isName() {
		p.take()
		return &lambda{t.pos, []string{t.text}, p.expr()}
	}
	if p.peek().is("(") && (t.isName() || t.text == "left" || t.text == "right" || t.text == "grouping") {
		return p.call(t)
	}
	if !t.isName() {
		p.i--
		p.unexpected("<expression>")
	}
	return &ident{t.pos, []string{t.text}}
}

func (p *parser) call(t token) expr {
	c := &call{Pos: t.pos, name: t.text}
	p.expect("(")
	switch {
	case p.accept("*"):
		c.star = true
	case p.peek().is(")"):
	default:
		if !p.accept("all") {
			c.distinct = p.accept("distinct")
		}
		c.args = p.exprs()
		if p.accept("order", "by") {
			c.order = p.sortItems()
		}
	}
	p.expect(")")
	return p.callRest(c)
}

func (p *parser) callRest(c *call) expr {
	if p.accept("filter") {
		p.expect("(", "where")
		c.filter = p.expr()
		p.expect(")")
	}
	for _, how := range []string{"ignore", "respect"} {
		if p.accept(how, "nulls") {
			c.nulls = how
		}
	}
	if p.accept("over") {
		if p.accept("(") {
			c.over = p.windowSpec()
		} else {
			c.over = &window{Pos: p.peek().pos, name: p.name()}
		}
	}
	return c
}

func (p *parser) caseExpr() expr {
	c := &caseExpr{Pos: p.take().pos}
	if !p.peek().is("when") {
		c.operand = p.expr()
	}
	for p.accept("when") {
		when := p.expr()
		p.expect("then")
		c.whens = append(c.whens, [2]expr{when, p.expr()})
	}
	if len(c.whens) == 0 {
		p.unexpected("'WHEN'")
	}
	if p.accept("else") {
		c.els = p.expr()
	}
	p.expect("end")
	return c
}

func (p *parser) interval() expr {
	iv := &intervalLit{Pos: p.take().pos}
	if p.accept("-") {
		iv.neg = true
	} else {
		p.accept("+")
	}
	iv.text = p.take().text
	unit := func() string {
		t := p.peek()
		switch u := strings.TrimSuffix(t.text, "s"); u {
		case "year", "month", "day", "hour", "minute", "second", "week":
			p.take()
			return u
		}
		p.unexpected("'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'")
		return ""
	}
	iv.from = unit()
	if p.accept("to") {
		iv.to = unit()
	}
	return iv
}

// special reads the calls that have words inside.
func (p *parser) special() expr {
	t := p.take()
	p.expect("(")
	c := &call{Pos: t.pos, name: t.text}
	switch t.text {
	case "trim":
		how := p.peek().text
		if p.accept("both") || p.accept("leading") || p.accept("trailing") {
			c.name = map[string]string{"both": "trim", "leading": "ltrim", "trailing": "rtrim"}[how]
		}
		if p.accept("from") {
			c.args = []expr{p.value()}
			break
		}
		c.args = []expr{p.value()}
		if p.accept("from") {
			c.args = []expr{p.value(), c.args[0]}
		} else if p.accept(",") {
			c.args = append(c.args, p.value())
		}
	case "position":
		needle := p.value()
		p.expect("in")
		c.name, c.args = "strpos", []expr{p.value(), needle}
	case "substring":
		c.args = []expr{p.value()}
		if p.accept("from") {
			c.args = append(c.args, p.value())
			if p.accept("for") {
				c.args = append(c.args, p.value())
			}
		} else {
			for p.accept(",") {
				c.args = append(c.args, p.value())
			}
		}
	case "normalize":
		c.args = []expr{p.value()}
		if p.accept(",") {
			c.args = append(c.args, &literal{Pos: p.peek().pos, kind: str, text: strings.ToUpper(p.name())})
		}
	case "listagg":
		return p.listagg(c)
	}
	p.expect(")")
	return c
}

func (p *parser) listagg(c *call) expr {
	c.distinct = p.accept("distinct")
	c.args = []expr{p.expr()}
	if p.accept(",") {
		c.args = append(c.args, p.expr())
	}
	if p.accept("on", "overflow") && !p.accept("error") {
		p.fail(NotSupported, p.peek().pos, "LISTAGG with ON OVERFLOW TRUNCATE is not supported")
	}
	p.expect(")")
	if p.accept("within") {
		p.expect("group", "(", "order", "by")
		c.order = p.sortItems()
		p.expect(")")
	}
	return p.callRest(c)
}

func (p *parser) windowSpec() *window {
	w := &window{Pos: p.peek().pos}
	if t := p.peek(); t.isName() && !t.is("partition") && !t.is("rows") && !t.is("range") && !t.is("groups") {
		w.name = p.name()
	}
	if p.accept("partition", "by") {
		w.partition = p.exprs()
	}
	if p.accept("order", "by") {
		w.order = p.sortItems()
	}
	if t := p.peek(); p.accept("rows") || p.accept("range") || p.accept("groups") {
		w.frame = &frame{unit: t.text}
		if p.accept("between") {
			w.frame.start = p.bound()
			p.expect("and")
			w.frame.end = p.bound()
		} else {
			w.frame.start = p.bound()
		}
	}
	p.expect(")")
	return w
}

func (p *parser) bound() bound {
	switch {
	case p.accept("unbounded", "preceding"):
		return bound{kind: "unbounded preceding"}
	case p.accept("unbounded", "following"):
		return bound{kind: "unbounded following"}
	case p.accept("current", "row"):
		return bound{kind: "current row"}
	}
	b := bound{x: p.value()}
	switch {
	case p.accept("preceding"):
		b.kind = "preceding"
	case p.accept("following"):
		b.kind = "following"
	default:
		p.unexpected("'FOLLOWING', 'PRECEDING'")
	}
	return b
}

// unescape resolves \XXXX and \+XXXXXX of a U&'…' literal.
func (p *parser) unescape(t token) string {
	esc := '\\'
	if p.accept("uescape") {
		e := []rune(p.take().text)
		if len(e) != 1 {
			p.fail(Syntax, t.pos, "Empty Unicode escape character")
		}
		esc = e[0]
	}
	var b strings.Builder
	rs := []rune(t.text)
	for i := 0; i < len(rs); i++ {
		if rs[i] != esc {
			b.WriteRune(rs[i])
			continue
		}
		if i+1 < len(rs) && rs[i+1] == esc {
			b.WriteRune(esc)
			i++
			continue
		}
		from, n := i+1, 4
		if from < len(rs) && rs[from] == '+' {
			from, n = from+1, 6
		}
		if from+n > len(rs) {
			p.fail(Syntax, t.pos, "Incomplete escape sequence")
		}
		var v rune
		for _, c := range strings.ToLower(string(rs[from : from+n])) {
			d := strings.IndexRune("0123456789abcdef", c)
			if d < 0 {
				p.fail(Syntax, t.pos, "Invalid hexadecimal digit")
			}
			v = v<<4 | rune(d)
		}
		if v == 0 || v > 0x10ffff || v >= 0xd800 && v < 0xe000 {
			p.fail(Syntax, t.pos, "Invalid escaped character")
		}
		b.WriteRune(v)
		i = from + n - 1
	}
	return b.String()
}
