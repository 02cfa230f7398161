package dialect

import (
	"strconv"
	"strings"
)

// tableRange is a table that a statement names, and the tokens of its name.
type tableRange struct {
	ref        *tableRef
	begin, end int
	query      bool // TABLE name, which stands for a query
}

// Bind writes a statement again in its own language, with a query for the granted columns in the place of each table: Ref of
// a table is its name as the other engine writes it. The text is written from the tokens: comments and what else a lexer of
// the other engine might read otherwise are not in it. Names that are not bound are those of WITH alone; so the other
// engine must be given no database of its own in which it might look such a name up.
func Bind(sql string, o Options) (st *Statement, err error) {
	b := &binder{}
	if err := b.statement(sql, o); err != nil {
		return nil, err
	}
	return &Statement{SQL: b.text.String(), marks: b.marks}, nil
}

type binder struct {
	text  strings.Builder
	marks []mark
	depth int
}

func (b *binder) statement(sql string, o Options) (err error) {
	p, err := newParser(sql)
	if err != nil {
		return err
	}
	defer catchLookup(&err)
	if b.depth++; b.depth > maxViews {
		p.fail(NotSupported, Pos{}, "views are nested too deeply")
	}
	p.statement()
	if p.params != len(o.Params) {
		p.fail(InvalidArgument, Pos{}, "Incorrect number of parameters: expected %d but found %d", p.params, len(o.Params))
	}
	tables := map[int]tableRange{}
	for _, r := range p.tables {
		if len(r.ref.parts) > 1 || !p.withs[r.ref.parts[0]] {
			tables[r.begin] = r
		}
	}
	t, param, from := &translator{o: o}, 0, 0
	for i := 0; p.toks[i].kind != eof; {
		tok := p.toks[i]
		b.gap(sql[from:tok.off])
		if b.depth == 1 {
			b.marks = append(b.marks, mark{b.text.Len(), tok.pos})
		}
		next := i + 1
		switch r, ok := tables[i]; {
		case ok:
			b.table(t, r)
			next = r.end
		case tok.is("?"):
			b.text.WriteString(parameter(p, tok.pos, o.Params[param]))
			param++
		case tok.is(";"): // the last
		default:
			b.text.WriteString(tok.raw)
		}
		last := p.toks[next-1]
		from, i = last.off+len(last.raw), next
	}
	b.depth--
	return nil
}

// gap keeps lines and columns.
func (b *binder) gap(s string) {
	for _, r := range s {
		if r == '\n' {
			b.text.WriteByte('\n')
		} else {
			b.text.WriteByte(' ')
		}
	}
}

// table writes the query of a table.
func (b *binder) table(t *translator, r tableRange) {
	if r.query {
		b.text.WriteString("SELECT * FROM ")
	}
	n := t.fullName(r.ref)
	found := t.lookup(r.ref.Pos, n).table
	names := make([]string, len(found.Columns))
	for i, c := range found.Columns {
		names[i] = quote(c.Name)
	}
	if v := found.View; v != nil {
		b.text.WriteString("(SELECT * FROM (")
		if err := b.statement(v.SQL, Options{Catalog: v.Catalog, Database: v.Database, User: t.o.User, Lookup: v.Lookup}); err != nil {
			panic(lookupFailure{errorf(NotSupported, r.ref.Pos, "view '%s' can't be read", n)})
		}
		b.text.WriteString(") AS v")
		if len(names) > 0 {
			b.text.WriteString("(" + strings.Join(names, ", ") + ")")
		}
	} else {
		b.text.WriteString("(SELECT " + strings.Join(names, ", ") + " FROM " + found.Ref + asOf(n))
	}
	b.text.WriteString(")")
	if r.ref.alias.name == "" {
		b.text.WriteString(" AS " + quote(n.Table))
	}
}

func asOf(n Name) string {
	literal := "'" + strings.ReplaceAll(n.AsOf, "'", "''") + "'"
	switch n.AsOfKind {
	case "timestamp":
		return " FOR TIMESTAMP AS OF TIMESTAMP " + literal
	case "version":
		if _, err := strconv.ParseInt(n.AsOf, 10, 64); err == nil {
			literal = n.AsOf
		}
		return " FOR VERSION AS OF " + literal
	}
	return ""
}

// parameter is the text of a parameter, which is a constant.
func parameter(p *parser, at Pos, s string) string {
	x, err := parseExpr(s)
	if err != nil || !constant(x) {
		p.fail(InvalidArgument, at, "a parameter is not a constant: %s", s)
	}
	toks, err := lex(s)
	if err != nil {
		p.fail(InvalidArgument, at, "a parameter is not a constant: %s", s)
	}
	words := make([]string, len(toks)-1)
	for i := range words {
		words[i] = toks[i].raw
	}
	return "(" + strings.Join(words, " ") + ")"
}
