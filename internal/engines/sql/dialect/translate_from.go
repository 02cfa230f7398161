package dialect

import (
	"errors"
	"strconv"
	"strings"
)

func (t *translator) relation(r relation) string {
	switch r := r.(type) {
	case *tableRef:
		return t.tableRef(r)
	case *derived:
		return t.derived(r)
	case *unnest:
		return t.unnest(r)
	case *join:
		return t.join(r)
	case *sampled:
		sql := t.relation(r.r)
		l, ok := r.percent.(*literal)
		if _, plain := r.r.(*tableRef); !ok || !plain || l.kind != integer && l.kind != decimal && l.kind != double {
			t.fail(NotSupported, r.Pos, "TABLESAMPLE needs a table and a constant percentage")
		}
		return sql + " TABLESAMPLE " + strings.ToUpper(r.method) + " (" + l.text + "%)"
	}
	panic("unreachable")
}

func (t *translator) add(s *source) { t.scope.sources = append(t.scope.sources, s) }

func (t *translator) derived(r *derived) string {
	scope := t.scope
	if !r.lateral {
		t.scope = scope.parent // a derived table does not see its neighbours
	}
	o := t.query(r.q)
	t.scope = scope
	return t.addDerived(r.Pos, o, r.alias, r.lateral)
}

func (t *translator) addDerived(at Pos, o out, a alias, lateral bool) string {
	s := &source{alias: a.name, cols: t.rename(at, o.cols, a.columns)}
	if s.alias == "" {
		s.alias = t.fresh()
	}
	t.add(s)
	sql := "(" + o.sql + ") AS " + quote(s.alias) + columnList(s.cols)
	if lateral {
		sql = "LATERAL " + sql
	}
	return sql
}

func (t *translator) tableRef(r *tableRef) string {
	last := r.parts[len(r.parts)-1]
	a := r.alias
	if a.name == "" {
		a.name = last
	}
	if c := t.cte(last); c != nil && len(r.parts) == 1 {
		s := &source{alias: a.name, cols: t.rename(r.Pos, c.cols, a.columns)}
		t.add(s)
		return quote(c.ref) + " AS " + quote(s.alias) + columnList(s.cols)
	}
	n := t.fullName(r)
	found := t.lookup(r.Pos, n)
	if v := found.table.View; v != nil {
		return t.view(r, v, found.table.Columns, a)
	}
	s := &source{alias: a.name, cols: t.rename(r.Pos, found.table.Columns, a.columns), use: found.use}
	if r.alias.name == "" {
		s.name = n
	}
	sql := marked(r.Pos, quote(found.table.Ref)) + " AS " + quote(s.alias)
	if len(a.columns) > 0 {
		found.use.All = true // names are of the alias from here on
		sql += columnList(s.cols)
	}
	s.renamed = len(a.columns) > 0
	found.use.refs++
	t.add(s)
	return sql
}

func (t *translator) fullName(r *tableRef) Name {
	n := Name{Catalog: t.o.Catalog, Database: t.o.Database, Table: r.parts[len(r.parts)-1]}
	switch len(r.parts) {
	case 3:
		n.Catalog, n.Database = r.parts[0], r.parts[1]
	case 2:
		n.Database = r.parts[0]
	}
	if n.Database == "" {
		t.fail(Syntax, r.Pos, "Schema must be specified when session schema is not set")
	}
	if r.asOf != nil {
		l, ok := r.asOf.(*literal)
		if !ok || l.kind != str && l.kind != integer {
			t.fail(NotSupported, r.asOf.at(), "AS OF needs a constant")
		}
		n.AsOf, n.AsOfKind = l.text, strings.TrimPrefix(r.asOfK, "system_")
		if n.AsOfKind == "time" {
			n.AsOfKind = "timestamp"
		}
	}
	return n
}

func (t *translator) lookup(at Pos, n Name) *lookedUp {
	if t.rowOnly || t.o.Lookup == nil {
		t.fail(NotSupported, at, "tables are not allowed here")
	}
	if found := t.byName[n]; found != nil {
		return found
	}
	table, err := t.o.Lookup(n)
	var own *Error
	switch {
	case errors.As(err, &own) && own.Pos.Line == 0:
		located := *own
		located.Pos = at
		panic(lookupFailure{&located})
	case err != nil:
		panic(lookupFailure{err})
	case table == nil:
		t.fail(TableNotFound, at, "Table '%s' does not exist", n)
	}
	found := &lookedUp{table: table}
	if table.View == nil {
		found.use = &Use{Ref: table.Ref, Columns: map[string]bool{}}
		t.uses = append(t.uses, found.use)
	}
	if t.byName == nil {
		t.byName = map[Name]*lookedUp{}
	}
	t.byName[n] = found
	return found
}

const maxViews = 16

// view writes the view's query in the place of its name, with names looked up as the view does.
func (t *translator) view(r *tableRef, v *View, cols []Column, a alias) string {
	if t.views++; t.views > maxViews {
		t.fail(NotSupported, r.Pos, "views are nested too deeply")
	}
	defer func() { t.views-- }()
	q, params, err := parseQuery(v.SQL)
	if err != nil || params > 0 {
		t.fail(NotSupported, r.Pos, "view '%s' has a text that can't be read", r.parts[len(r.parts)-1])
	}
	in := *t
	in.o.Catalog, in.o.Database, in.o.Lookup, in.o.Params = v.Catalog, v.Database, v.Lookup, nil
	in.scope, in.ctes, in.byName = nil, nil, nil
	o := in.query(q)
	t.uses, t.serial = in.uses, in.serial
	if len(cols) == len(o.cols) {
		o.cols = cols
	}
	return t.addDerived(r.Pos, o, a, false)
}

func (t *translator) join(j *join) string {
	first := len(t.scope.sources)
	l := t.relation(j.l)
	middle := len(t.scope.sources)
	r := t.relation(j.r)
	left, right := t.scope.sources[first:middle], t.scope.sources[middle:]
	for _, s := range left {
		s.nullable = s.nullable || j.kind == "right" || j.kind == "full"
	}
	for _, s := range right {
		s.nullable = s.nullable || j.kind == "left" || j.kind == "full"
	}
	using := j.using
	if j.natural {
		for _, s := range left {
			for _, c := range s.cols {
				if has(right, c.Name) {
					using = append(using, c.Name)
				}
			}
		}
		if len(using) == 0 {
			j.on = &literal{Pos: j.Pos, kind: word, text: "true"}
		}
	}
	switch {
	case j.kind == "cross":
		return "(" + l + " CROSS JOIN " + r + ")"
	case len(using) > 0:
		names := make([]string, len(using))
		for i, n := range using {
			names[i] = quote(n)
			if !has(left, n) || !has(right, n) {
				t.fail(ColumnNotFound, j.Pos, "Column '%s' is missing from a side of the join", n)
			}
		}
		for _, s := range t.scope.sources[first:] {
			for _, n := range using {
				if _, ok := s.find(n); ok {
					s.join(n)
				}
			}
		}
		return "(" + l + " " + strings.ToUpper(j.kind) + " JOIN " + r + " USING (" + strings.Join(names, ", ") + "))"
	}
	outer := t.scope
	t.scope = &scope{parent: outer.parent, sources: outer.sources[first:]}
	on := t.condition(j.on, "JOIN ON")
	t.scope = outer
	return "(" + l + " " + strings.ToUpper(j.kind) + " JOIN " + r + " ON " + on + ")"
}

func has(list []*source, name string) bool {
	for _, s := range list {
		if _, ok := s.find(name); ok {
			return true
		}
	}
	return false
}

func (s *source) join(name string) {
	if s.joined == nil {
		s.joined = map[string]bool{}
	}
	s.joined[name] = true
	if s.use != nil {
		s.use.Columns[name] = true
	}
}

// unnest becomes a lateral subquery: the engine puts several lists side by side there, as Trino does.
func (t *translator) unnest(u *unnest) string {
	var inner, outer []string
	var cols []Column
	var lens []string
	add := func(sql string, typ *Type) string {
		n := "C" + strconv.Itoa(len(inner))
		inner = append(inner, sql+" AS "+quote(n))
		return quote(n)
	}
	give := func(sql, name string, typ *Type) {
		if name == "" {
			name = "_col" + strconv.Itoa(len(cols))
		}
		outer = append(outer, sql)
		cols = append(cols, Column{Name: name, Type: typ})
	}
	for _, x := range u.args {
		v := t.expr(x)
		switch {
		case v.t.is(Map):
			give(add("unnest(map_keys("+v.sql+"))", nil), "", v.t.elem(0))
			give(add("unnest(map_values("+v.sql+"))", nil), "", v.t.elem(1))
			lens = append(lens, "coalesce(cardinality("+v.sql+")::BIGINT, 0)")
			continue
		case v.t.is(Array) && v.t.elem(0).is(Row):
			row := v.t.elem(0)
			n := add("unnest("+v.sql+")", nil)
			for i, e := range row.Elems {
				give("struct_extract("+n+", "+text(row.field(i))+")", row.Names[i], e)
			}
		case v.t == nil || v.t.is(Array):
			give(add("unnest("+v.sql+")", nil), "", v.t.elem(0))
		default:
			t.fail(TypeMismatch, x.at(), "Cannot unnest type: %s", v.t)
		}
		lens = append(lens, "coalesce(len("+v.sql+"), 0)")
	}
	if u.ordinality {
		n := add("unnest(range(1, greatest("+strings.Join(lens, ", ")+") + 1))", nil)
		give(n, "ordinality", basic(BigInt))
	}
	sql := "SELECT " + strings.Join(outer, ", ") + " FROM (SELECT " + strings.Join(inner, ", ") + ") AS " + quote(t.fresh())
	return t.addDerived(u.Pos, out{sql: sql, cols: cols}, u.alias, true)
}
