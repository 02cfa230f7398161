package dialect

import "strings"

// Prune is a condition on the keys of a table, without which no row of a partition has a part in the statement; "" when
// there is none.
func (u *Use) Prune() string {
	if len(u.prunes) == 0 || len(u.prunes) < u.refs {
		return ""
	}
	return strings.Join(u.prunes, " OR ")
}

// KeyCondition is the part of a row filter that is on keys only; "" when there is none.
func KeyCondition(sql string, keys []Column) string {
	x, err := parseExpr(sql)
	if err != nil {
		return ""
	}
	return keyCondition(Options{}, x, &source{cols: keys})
}

// prune notes for each table of a FROM clause what WHERE says of its keys alone. A table that an outer join may fill with
// NULL is left out, as its rows count even when the condition fails.
func (t *translator) prune(where expr) {
	for _, s := range t.scope.sources {
		if s.use == nil || s.nullable || s.renamed {
			continue
		}
		if cond := keyCondition(t.o, where, s); cond != "" {
			s.use.prunes = append(s.use.prunes, cond)
		}
		s.use.keys = append(s.use.keys, keysOf(t.o, where, s))
	}
}

func keyCondition(o Options, where expr, s *source) string {
	var keys []Column
	for _, c := range s.cols {
		if c.Key {
			keys = append(keys, c)
		}
	}
	parts := []expr{where}
	if b, ok := where.(*binary); ok && b.op == "and" {
		parts = chain(b)
	}
	var conds []string
	for _, x := range parts {
		if sql := alone(o, x, &source{alias: s.alias, name: s.name, cols: keys, bare: true}); sql != "" {
			conds = append(conds, sql)
		}
	}
	if len(conds) == 0 {
		return ""
	}
	return "(" + strings.Join(conds, " AND ") + ")"
}

// alone translates a condition as if the source's columns were all there is; "" when it needs more, or none of them.
func alone(o Options, x expr, s *source) (sql string) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(failure); !ok {
				panic(r)
			}
			sql = ""
		}
	}()
	s.use = &Use{Columns: map[string]bool{}}
	t := &translator{o: Options{Params: o.Params}, rowOnly: true, scope: &scope{sources: []*source{s}}}
	sql, _ = unmark(t.condition(x, "WHERE"))
	if len(s.use.Columns) == 0 || strings.Contains(sql, "random()") || strings.Contains(sql, "uuid()") {
		return ""
	}
	return sql
}
