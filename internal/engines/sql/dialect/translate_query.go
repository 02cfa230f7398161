package dialect

import (
	"strconv"
	"strings"
)

// out is the engine's text of a query and what it gives.
type out struct {
	sql  string
	cols []Column
	sort *scope // where ORDER BY looks names up besides the columns
}

func (o out) columns() []Column { return o.cols }

func (t *translator) query(q *query) out {
	ctes := t.ctes
	defer func() { t.ctes = ctes }()
	with := ""
	for i, c := range q.with {
		if i > 0 {
			with += ", "
		}
		with += t.commonTable(q, c)
	}
	if with != "" {
		if q.recursive {
			with = "RECURSIVE " + with
		}
		with = "WITH " + with + " "
	}
	o := t.body(q.body)
	sql := with + o.sql
	if len(q.order) > 0 {
		sql += " ORDER BY " + t.orderOf(o, q.order)
	}
	switch {
	case q.ties:
		t.fail(NotSupported, q.Pos, "FETCH FIRST WITH TIES is not supported")
	case q.limit != nil:
		sql += " LIMIT " + t.rows(q.limit)
	}
	if q.offset != nil {
		sql += " OFFSET " + t.rows(q.offset)
	}
	o.sql = sql
	return o
}

func (t *translator) rows(x expr) string {
	v := t.expr(x)
	if _, ok := x.(*literal); !ok && !v.t.isInt() {
		t.fail(TypeMismatch, x.at(), "a number of rows must be an integer")
	}
	return v.sql
}

func (t *translator) commonTable(q *query, c cte) string {
	ref := t.fresh()
	head := quote(ref)
	next := &cteScope{parent: t.ctes, name: c.name, ref: ref}
	if q.recursive {
		return t.recursiveTable(next, c)
	}
	o := t.query(c.q)
	next.cols = t.rename(c.Pos, o.cols, c.columns)
	t.ctes = next
	return head + columnList(next.cols) + " AS (" + o.sql + ")"
}

// recursiveTable knows the types of its columns from the first branch only.
func (t *translator) recursiveTable(next *cteScope, c cte) string {
	s, ok := c.q.body.(*setBody)
	if !ok || s.op != "union" || len(c.columns) == 0 {
		o := t.query(c.q)
		next.cols = t.rename(c.Pos, o.cols, c.columns)
		t.ctes = next
		return quote(next.ref) + columnList(next.cols) + " AS (" + o.sql + ")"
	}
	first := t.body(s.l)
	next.cols = t.rename(c.Pos, first.cols, c.columns)
	t.ctes = next
	rest := t.body(s.r)
	all := ""
	if s.all {
		all = "ALL "
	}
	return quote(next.ref) + columnList(next.cols) + " AS (" + first.sql + " UNION " + all + rest.sql + ")"
}

// rename gives columns the names of an alias list.
func (t *translator) rename(at Pos, cols []Column, names []string) []Column {
	if len(names) == 0 {
		return cols
	}
	if len(names) != len(cols) {
		t.fail(Syntax, at, "Column alias list has %d entries but relation has %d columns", len(names), len(cols))
	}
	renamed := make([]Column, len(cols))
	for i := range cols {
		renamed[i] = Column{Name: names[i], Type: cols[i].Type}
	}
	return renamed
}

func columnList(cols []Column) string {
	names := make([]string, len(cols))
	seen := map[string]bool{}
	for i, c := range cols {
		n := c.Name
		if seen[n] { // two columns of one name can't be named anyway
			n += "#" + strconv.Itoa(i)
		}
		seen[n] = true
		names[i] = quote(n)
	}
	return "(" + strings.Join(names, ", ") + ")"
}

func (t *translator) body(b body) out {
	switch b := b.(type) {
	case *selectBody:
		return t.selectBody(b)
	case *setBody:
		return t.setBody(b)
	case *valuesBody:
		return t.values(b)
	case *nested:
		o := t.query(b.q)
		return out{"(" + o.sql + ")", o.cols, nil}
	}
	panic("unreachable")
}

func (t *translator) setBody(b *setBody) out {
	l, r := t.body(b.l), t.body(b.r)
	if len(l.cols) != len(r.cols) {
		t.fail(TypeMismatch, b.Pos, "%s query has different number of fields: %d, %d", strings.ToUpper(b.op), len(l.cols), len(r.cols))
	}
	cols := make([]Column, len(l.cols))
	for i := range cols {
		a, c := l.cols[i].Type, r.cols[i].Type
		cols[i] = Column{Name: l.cols[i].Name, Type: unify(a, c)}
		if a.class() != "" && c.class() != "" && a.class() != c.class() {
			t.fail(TypeMismatch, b.Pos, "column %d in %s query has incompatible types: %s, %s", i+1, strings.ToUpper(b.op), a, c)
		}
	}
	op := " " + strings.ToUpper(b.op) + " "
	if b.all {
		op += "ALL "
	}
	return out{"(" + l.sql + ")" + op + "(" + r.sql + ")", cols, nil}
}

func (t *translator) values(b *valuesBody) out {
	var rows []string
	var cols []Column
	for i, x := range b.rows {
		elems := []expr{x}
		if r, ok := x.(*rowExpr); ok {
			elems = r.elems
		}
		if i > 0 && len(elems) != len(cols) {
			t.fail(TypeMismatch, x.at(), "Values rows have mismatched sizes: %d vs %d", len(cols), len(elems))
		}
		vals := make([]string, len(elems))
		for j, e := range elems {
			v := t.expr(e)
			vals[j] = v.sql
			if i == 0 {
				cols = append(cols, Column{Name: "_col" + strconv.Itoa(j), Type: v.t})
			} else {
				cols[j].Type = unify(cols[j].Type, v.t)
			}
		}
		rows = append(rows, "("+strings.Join(vals, ", ")+")")
	}
	n := quote(t.fresh())
	return out{"SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS " + n + columnList(cols), cols, nil}
}

func (t *translator) selectBody(b *selectBody) out {
	s := &scope{parent: t.scope, windows: map[string]bool{}}
	t.scope = s
	defer func() { t.scope = s.parent }()
	from := ""
	for i, r := range b.from {
		if i > 0 {
			from += ", "
		}
		from += t.relation(r)
	}
	for _, w := range b.windows {
		s.windows[w.name] = true
	}
	items, cols := t.items(b)
	sql := "SELECT "
	if b.distinct {
		sql += "DISTINCT "
	}
	sql += items
	if from != "" {
		sql += " FROM " + from
	}
	if b.where != nil {
		sql += " WHERE " + t.condition(b.where, "WHERE")
		t.prune(b.where)
	}
	if b.group != nil {
		sql += " GROUP BY " + t.grouping(b.group, b.items)
	}
	if b.having != nil {
		sql += " HAVING " + t.condition(b.having, "HAVING")
	}
	for i, w := range b.windows {
		sep := ", "
		if i == 0 {
			sep = " WINDOW "
		}
		sql += sep + quote(w.name) + " AS " + t.window(w.w)
	}
	return out{sql, cols, s}
}

func (t *translator) condition(x expr, clause string) string {
	v := t.expr(x)
	if v.t != nil && !v.t.is(Boolean, Unknown) {
		t.fail(TypeMismatch, x.at(), "%s clause must evaluate to a boolean: actual type %s", clause, v.t)
	}
	return v.sql
}

func (t *translator) items(b *selectBody) (string, []Column) {
	var items []string
	var cols []Column
	add := func(sql, name string, typ *Type) {
		items = append(items, sql+" AS "+quote(name))
		cols = append(cols, Column{Name: name, Type: typ})
	}
	for _, it := range b.items {
		if it.star {
			t.star(it, add)
			continue
		}
		v := t.expr(it.x)
		name := it.alias
		if name == "" {
			name = "_col" + strconv.Itoa(len(cols))
			switch x := it.x.(type) {
			case *ident:
				name = x.parts[len(x.parts)-1]
			case *field:
				name = x.name
			}
		}
		add(v.sql, name, v.t)
	}
	if len(items) == 0 {
		t.fail(Syntax, b.Pos, "SELECT list must not be empty")
	}
	return strings.Join(items, ", "), cols
}

// star writes every column by name, so that the result has what was looked up and nothing else.
func (t *translator) star(it selectItem, add func(sql, name string, typ *Type)) {
	if it.of != nil {
		t.starOf(it, add)
		return
	}
	if len(t.scope.sources) == 0 {
		t.fail(Syntax, it.Pos, "SELECT * not allowed in queries without FROM clause")
	}
	done := map[string]bool{}
	for _, src := range t.scope.sources {
		for _, c := range src.cols {
			if src.joined[c.Name] {
				add(quote(c.Name), c.Name, c.Type)
				done[c.Name] = true
				src.column(it.Pos, c)
			}
		}
		if len(done) > 0 {
			break
		}
	}
	for _, src := range t.scope.sources {
		for _, c := range src.cols {
			if !done[c.Name] || !src.joined[c.Name] {
				add(src.column(it.Pos, c).sql, c.Name, c.Type)
			}
		}
	}
}

func (t *translator) starOf(it selectItem, add func(sql, name string, typ *Type)) {
	if id, ok := it.of.(*ident); ok {
		for s := t.scope; s != nil; s = s.parent {
			for _, src := range s.sources {
				if !src.answersTo(id.parts) {
					continue
				}
				cols := t.rename(it.Pos, src.cols, it.aliases)
				for i, c := range src.cols {
					add(src.column(it.Pos, c).sql, cols[i].Name, c.Type)
				}
				return
			}
		}
	}
	v := t.expr(it.of)
	if !v.t.is(Row) {
		t.fail(Syntax, it.Pos, "Unable to resolve reference before .*")
	}
	for i, e := range v.t.Elems {
		name := v.t.Names[i]
		if len(it.aliases) == len(v.t.Elems) {
			name = it.aliases[i]
		}
		if name == "" {
			name = v.t.field(i)
		}
		add("struct_extract("+v.sql+", "+text(v.t.field(i))+")", name, e)
	}
}

func (t *translator) grouping(g *grouping, items []selectItem) string {
	if g.distinct {
		t.fail(NotSupported, t.posOf(items), "GROUP BY DISTINCT is not supported")
	}
	one := func(x expr) string {
		if l, ok := x.(*literal); ok && l.kind == integer {
			n, err := strconv.Atoi(l.text)
			if err != nil || n < 1 || n > len(items) {
				t.fail(Syntax, l.Pos, "GROUP BY position %s is not in select list", l.text)
			}
			if items[n-1].star {
				return l.text
			}
			return t.expr(items[n-1].x).sql
		}
		return t.expr(x).sql
	}
	set := func(xs []expr, parens bool) string {
		parts := make([]string, len(xs))
		for i, x := range xs {
			parts[i] = one(x)
		}
		if parens || len(parts) != 1 {
			return "(" + strings.Join(parts, ", ") + ")"
		}
		return parts[0]
	}
	var elems []string
	for _, e := range g.elems {
		if e.kind == "simple" {
			if len(e.sets[0]) > 1 { // (a, b) is a and b
				for _, x := range e.sets[0] {
					elems = append(elems, one(x))
				}
				continue
			}
			elems = append(elems, set(e.sets[0], false))
			continue
		}
		sets := make([]string, len(e.sets))
		for i, xs := range e.sets {
			sets[i] = set(xs, e.kind == "sets" || len(xs) != 1)
		}
		word := strings.ToUpper(e.kind)
		if e.kind == "sets" {
			word = "GROUPING SETS"
		}
		elems = append(elems, word+" ("+strings.Join(sets, ", ")+")")
	}
	return strings.Join(elems, ", ")
}

func (t *translator) posOf(items []selectItem) Pos {
	if len(items) == 0 {
		return Pos{}
	}
	return items[0].Pos
}

// orderOf looks names up among the columns of the result first.
func (t *translator) orderOf(o out, items []sortItem) string {
	outer := t.scope
	defer func() { t.scope = outer }()
	parts := make([]string, len(items))
	for i, it := range items {
		t.scope = outer
		var sql string
		if l, ok := it.x.(*literal); ok && l.kind == integer {
			n, err := strconv.Atoi(l.text)
			if err != nil || n < 1 || n > len(o.cols) {
				t.fail(Syntax, l.Pos, "ORDER BY position %s is not in select list", l.text)
			}
			sql = l.text
		} else {
			s := &scope{parent: outer}
			if o.sort != nil {
				*s = *o.sort
			}
			if id, ok := it.x.(*ident); ok && len(id.parts) == 1 && countOf(o.cols, id.parts[0]) > 0 {
				s = &scope{parent: outer, sources: []*source{{cols: dedupe(o.cols), bare: true}}}
			} else if o.sort != nil {
				s = &scope{parent: o.sort, windows: o.sort.windows, sources: []*source{{cols: aliasesOnly(o), bare: true}}}
			} else {
				s.sources = []*source{{cols: o.cols, bare: true}}
			}
			t.scope = s
			sql = t.expr(it.x).sql
		}
		parts[i] = sql + direction(it)
	}
	return strings.Join(parts, ", ")
}

// dedupe drops repeated names, which mean the same column when an ORDER BY may name them.
func dedupe(cols []Column) (kept []Column) {
	for _, c := range cols {
		if countOf(kept, c.Name) == 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// aliasesOnly are the columns of the result that are not columns of a source by the same name.
func aliasesOnly(o out) (kept []Column) {
	for _, c := range dedupe(o.cols) {
		known := false
		for _, src := range o.sort.sources {
			_, has := src.find(c.Name)
			known = known || has
		}
		if !known {
			kept = append(kept, c)
		}
	}
	return kept
}

func direction(it sortItem) string {
	s := " ASC"
	if it.desc {
		s = " DESC"
	}
	if it.first != nil && *it.first {
		return s + " NULLS FIRST"
	}
	return s + " NULLS LAST"
}

func (t *translator) order(items []sortItem) string {
	parts := make([]string, len(items))
	for i, it := range items {
		parts[i] = t.expr(it.x).sql + direction(it)
	}
	return strings.Join(parts, ", ")
}
