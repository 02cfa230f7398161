package dialect

import (
	"strings"
)

// parser reads a statement by recursive descent. The first error ends it.
type parser struct {
	toks   []token
	i      int
	depth  int
	params int
	tables []tableRange    // in order
	withs  map[string]bool // names of WITH, wherever they hold
	tried  map[int]bool    // places where a query in parentheses was looked for, so that it is done once
}

// failure carries an error up through the descent.
type failure struct{ err *Error }

func (p *parser) fail(k Kind, at Pos, format string, args ...any) {
	panic(failure{errorf(k, at, format, args...)})
}

// catch turns a failure into an error.
func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.err
	default:
		panic(r)
	}
}

func newParser(sql string) (*parser, error) {
	toks, err := lex(sql)
	if err != nil {
		return nil, err
	}
	return &parser{toks: toks, withs: map[string]bool{}}, nil
}

// parseQuery reads one SELECT statement.
func parseQuery(sql string) (q *query, params int, err error) {
	p, err := newParser(sql)
	if err != nil {
		return nil, 0, err
	}
	defer catch(&err)
	q = p.statement()
	return q, p.params, nil
}

// statement reads a query to the end of the text.
func (p *parser) statement() *query {
	if t := p.peek(); !t.is("select") && !t.is("with") && !t.is("values") && !t.is("(") && !t.is("table") {
		p.unexpected("'(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	}
	q := p.query()
	p.accept(";")
	if p.peek().kind != eof {
		p.unexpected("<EOF>")
	}
	return q
}

// parseExpr reads one expression, with nothing after it.
func parseExpr(sql string) (x expr, err error) {
	p, err := newParser(sql)
	if err != nil {
		return nil, err
	}
	defer catch(&err)
	x = p.expr()
	if p.peek().kind != eof {
		p.unexpected("<EOF>")
	}
	if p.params > 0 {
		p.fail(Syntax, x.at(), "parameters are not allowed here")
	}
	return x, nil
}

func (p *parser) peek() token { return p.toks[p.i] }

func (p *parser) ahead(n int) token { return p.toks[min(p.i+n, len(p.toks)-1)] }

func (p *parser) take() token {
	t := p.toks[p.i]
	if t.kind != eof {
		p.i++
	}
	return t
}

// accept takes the words when they all come next.
func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	p.i += len(words)
	return true
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.unexpected("'" + strings.ToUpper(w) + "'")
		}
	}
}

func (p *parser) unexpected(want string) {
	t := p.peek()
	if want == "" {
		p.fail(Syntax, t.pos, "mismatched input '%s'", t.raw)
	}
	p.fail(Syntax, t.pos, "mismatched input '%s'. Expecting: %s", t.raw, want)
}

// enter counts nesting; the result leaves it.
func (p *parser) enter() func() {
	p.depth++
	if p.depth > maxDepth {
		p.fail(Syntax, p.peek().pos, "the statement is nested too deeply")
	}
	return func() { p.depth-- }
}

// reserved words are never names unless quoted.
// Source: https://trino.io/docs/current/language/reserved.html
var reserved = set(`alter and as between by case cast constraint create cross cube current_catalog current_date current_path
	current_role current_schema current_time current_timestamp current_user deallocate delete describe distinct drop else end
	escape except execute exists extract false for from full group grouping having in inner insert intersect into is join
	json_array json_exists json_object json_query json_table json_value left like listagg localtime localtimestamp natural
	normalize not null on or order outer prepare recursive right rollup select skip table then trim true uescape union unnest
	using values when where with`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

func (t token) isName() bool { return t.kind == quoted || t.kind == word && !reserved[t.text] }

func (p *parser) name() string {
	if !p.peek().isName() {
		p.unexpected("<identifier>")
	}
	return p.take().text
}

func (p *parser) names() []string {
	p.expect("(")
	out := []string{p.name()}
	for p.accept(",") {
		out = append(out, p.name())
	}
	p.expect(")")
	return out
}

func (p *parser) exprs() []expr {
	out := []expr{p.expr()}
	for p.accept(",") {
		out = append(out, p.expr())
	}
	return out
}

// query := [WITH …] body [ORDER BY …] [OFFSET …] [LIMIT … | FETCH …]
func (p *parser) query() *query {
	defer p.enter()()
	q := &query{Pos: p.peek().pos}
	if p.accept("with") {
		q.recursive = p.accept("recursive")
		for {
			c := cte{Pos: p.peek().pos, name: p.name()}
			p.withs[c.name] = true
			if p.peek().is("(") {
				c.columns = p.names()
			}
			p.expect("as", "(")
			c.q = p.query()
			p.expect(")")
			q.with = append(q.with, c)
			if !p.accept(",") {
				break
			}
		}
	}
	q.body = p.setOps()
	if p.accept("order", "by") {
		q.order = p.sortItems()
	}
	if p.accept("offset") {
		q.offset = p.rowCount()
		_ = p.accept("row") || p.accept("rows")
	}
	if p.accept("limit") {
		if !p.accept("all") {
			q.limit = p.rowCount()
		}
	} else if p.accept("fetch") {
		if !p.accept("first") {
			p.expect("next")
		}
		q.limit = &literal{Pos: p.peek().pos, kind: integer, text: "1"}
		if !p.peek().is("row") && !p.peek().is("rows") {
			q.limit = p.rowCount()
		}
		if !p.accept("row") {
			p.expect("rows")
		}
		if p.accept("with") {
			p.expect("ties")
			q.ties = true
		} else {
			p.expect("only")
		}
	}
	return q
}

func (p *parser) rowCount() expr {
	t := p.peek()
	if t.kind != integer && !t.is("?") {
		p.unexpected("'?', <integer>")
	}
	return p.primary()
}

func (p *parser) sortItems() []sortItem {
	var out []sortItem
	for {
		s := sortItem{x: p.expr()}
		if !p.accept("asc") {
			s.desc = p.accept("desc")
		}
		if p.accept("nulls") {
			first := p.accept("first")
			if !first {
				p.expect("last")
			}
			s.first = &first
		}
		out = append(out, s)
		if !p.accept(",") {
			return out
		}
	}
}

func (p *parser) setOps() body {
	l := p.intersect()
	for {
		t := p.peek()
		if !t.is("union") && !t.is("except") {
			return l
		}
		p.take()
		l = p.setRest(t, l, p.intersect)
	}
}

func (p *parser) intersect() body {
	l := p.bodyTerm()
	for p.peek().is("intersect") {
		l = p.setRest(p.take(), l, p.bodyTerm)
	}
	return l
}

func (p *parser) setRest(t token, l body, term func() body) body {
	s := &setBody{Pos: t.pos, op: t.text, l: l}
	s.all = p.accept("all")
	if !s.all {
		p.accept("distinct")
	}
	if p.peek().is("corresponding") {
		p.fail(NotSupported, p.peek().pos, "CORRESPONDING is not supported")
	}
	s.r = term()
	return s
}

func (p *parser) bodyTerm() body {
	defer p.enter()()
	t := p.peek()
	switch {
	case p.accept("("):
		n := &nested{Pos: t.pos, q: p.query()}
		p.expect(")")
		return n
	case p.accept("values"):
		return &valuesBody{Pos: t.pos, rows: p.exprs()}
	case p.accept("table"):
		at := p.i - 1
		r := &tableRef{Pos: p.peek().pos, parts: p.qualified()}
		p.tables = append(p.tables, tableRange{r, at, p.i, true})
		return &selectBody{Pos: t.pos, items: []selectItem{{Pos: t.pos, star: true}}, from: []relation{r}}
	case p.accept("select"):
		return p.selectRest(t.pos)
	}
	p.unexpected("'(', 'SELECT', 'TABLE', 'VALUES'")
	return nil
}

func (p *parser) qualified() []string {
	out := []string{p.name()}
	for p.accept(".") {
		out = append(out, p.name())
	}
	return out
}

func (p *parser) selectRest(at Pos) *selectBody {
	s := &selectBody{Pos: at}
	if !p.accept("all") {
		s.distinct = p.accept("distinct")
	}
	s.items = append(s.items, p.selectItem())
	for p.accept(",") {
		s.items = append(s.items, p.selectItem())
	}
	if p.accept("from") {
		s.from = append(s.from, p.relation())
		for p.accept(",") {
			s.from = append(s.from, p.relation())
		}
	}
	if p.accept("where") {
		s.where = p.expr()
	}
	if p.accept("group", "by") {
		s.group = p.grouping()
	}
	if p.accept("having") {
		s.having = p.expr()
	}
	if p.accept("window") {
		for {
			n := namedWindow{name: p.name()}
			p.expect("as", "(")
			n.w = p.windowSpec()
			s.windows = append(s.windows, n)
			if !p.accept(",") {
				break
			}
		}
	}
	return s
}

func (p *parser) selectItem() selectItem {
	it := selectItem{Pos: p.peek().pos}
	if p.accept("*") {
		it.star = true
		return it
	}
	it.x = p.expr()
	if p.peek().is(".") && p.ahead(1).is("*") {
		p.i += 2
		it.star, it.of, it.x = true, it.x, nil
		if p.accept("as") {
			it.aliases = p.names()
		}
		return it
	}
	if t := p.peek(); p.accept("as") || t.isName() && (t.kind == quoted || !notAlias[t.text]) {
		it.alias = p.name()
	}
	return it
}

func (p *parser) grouping() *grouping {
	g := &grouping{}
	if !p.accept("all") {
		g.distinct = p.accept("distinct")
	}
	for {
		g.elems = append(g.elems, p.groupElem())
		if !p.accept(",") {
			return g
		}
	}
}

func (p *parser) groupElem() groupElem {
	list := func() (out [][]expr) {
		p.expect("(")
		for !p.accept(")") {
			out = append(out, p.groupSet())
			if !p.accept(",") {
				p.expect(")")
				break
			}
		}
		return out
	}
	switch {
	case p.accept("rollup"):
		return groupElem{"rollup", list()}
	case p.accept("cube"):
		return groupElem{"cube", list()}
	case p.accept("grouping", "sets"):
		return groupElem{"sets", list()}
	case p.peek().is("auto"):
		p.fail(NotSupported, p.peek().pos, "GROUP BY AUTO is not supported")
	}
	return groupElem{"simple", [][]expr{p.groupSet()}}
}

// groupSet reads one expression, or several in parentheses, or ().
func (p *parser) groupSet() []expr {
	if p.peek().is("(") && p.ahead(1).is(")") {
		p.i += 2
		return nil
	}
	x := p.expr()
	if r, ok := x.(*rowExpr); ok {
		return r.elems
	}
	return []expr{x}
}
