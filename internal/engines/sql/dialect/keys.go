package dialect

import (
	"maps"
	"slices"
	"strings"
)

// Keys is what a statement says of a table's keys alone. Filter is a condition that every partition with a part in the
// statement meets: comparisons, IN, BETWEEN, LIKE and IS NULL of keys with plain literals; "" when nothing is known. Values
// are, by key, constants of the engine of which the key must equal one.
type Keys struct {
	Filter string
	Values map[string][]string
}

// Keys joins what is known of all places where the statement names the table.
func (u *Use) Keys() (out Keys) {
	if len(u.keys) == 0 || len(u.keys) < u.refs {
		return out
	}
	var filters []string
	out.Values = maps.Clone(u.keys[0].Values)
	for i, k := range u.keys {
		if filters = append(filters, k.Filter); i == 0 {
			continue
		}
		for name := range out.Values {
			if v, ok := k.Values[name]; ok {
				out.Values[name] = append(slices.Clone(out.Values[name]), v...)
			} else {
				delete(out.Values, name)
			}
		}
	}
	if !slices.Contains(filters, "") {
		out.Filter = strings.Join(filters, " OR ")
	}
	return out
}

// KeysOf is what a row filter says of keys.
func KeysOf(sql string, keys []Column) (out Keys) {
	x, err := parseExpr(sql)
	if err != nil {
		return out
	}
	return keysOf(Options{}, x, &source{cols: keys})
}

// keysOf takes the conditions apart that are joined by AND.
func keysOf(o Options, where expr, s *source) (out Keys) {
	k := keyReader{o: o, s: s}
	parts := []expr{where}
	if b, ok := where.(*binary); ok && b.op == "and" {
		parts = chain(b)
	}
	var filters []string
	for _, x := range parts {
		if text, ok := k.condition(x); ok {
			filters = append(filters, text)
		}
		if name, values, ok := k.equal(x); ok && out.Values[name] == nil {
			if out.Values == nil {
				out.Values = map[string][]string{}
			}
			out.Values[name] = values
		}
	}
	if len(filters) > 0 {
		out.Filter = "(" + strings.Join(filters, " AND ") + ")"
	}
	return out
}

type keyReader struct {
	o Options
	s *source
}

// key is the key that an expression names.
func (k *keyReader) key(x expr) (c Column, ok bool) {
	id, ok := x.(*ident)
	if !ok || len(id.parts) > 1 && !k.s.answersTo(id.parts[:len(id.parts)-1]) {
		return c, false
	}
	c, ok = k.s.find(id.parts[len(id.parts)-1])
	return c, ok && c.Key
}

// literal is a constant as a filter for a key's type writes it. What the engine and a filter might compare in other ways is none.
func (k *keyReader) literal(c Column, x expr) (string, bool) {
	switch v := x.(type) {
	case *param:
		if v.n < len(k.o.Params) {
			if given, err := parseExpr(k.o.Params[v.n]); err == nil {
				if _, again := given.(*param); !again {
					return k.literal(c, given)
				}
			}
		}
	case *unary:
		if text, ok := k.literal(c, v.x); ok && v.op == "-" && c.Type.is(TinyInt, SmallInt, Integer, BigInt) && text[0] != '-' {
			return "-" + text, true
		}
	case *literal:
		switch {
		case v.kind == str && (v.typ == nil && c.Type.is(Varchar) || v.typ.is(Date) && c.Type.is(Date)):
			return "'" + strings.ReplaceAll(v.text, "'", "''") + "'", true
		case v.kind == integer && v.typ == nil && c.Type.is(TinyInt, SmallInt, Integer, BigInt):
			return v.text, true
		}
	}
	return "", false
}

// condition writes a condition that is on keys alone.
func (k *keyReader) condition(x expr) (string, bool) {
	switch x := x.(type) {
	case *unary:
		text, ok := k.condition(x.x)
		return "NOT (" + text + ")", ok && x.op == "not"
	case *binary:
		if x.op == "and" || x.op == "or" {
			return k.all(chain(x), " "+strings.ToUpper(x.op)+" ")
		}
		return k.compare(x)
	case *isTest:
		if c, ok := k.key(x.x); ok && x.y == nil {
			return quote(c.Name) + " IS" + negated(x.not) + " NULL", true
		}
	case *between:
		if c, ok := k.key(x.x); ok {
			lo, ok1 := k.literal(c, x.lo)
			hi, ok2 := k.literal(c, x.hi)
			return quote(c.Name) + negated(x.not) + " BETWEEN " + lo + " AND " + hi, ok1 && ok2
		}
	case *inTest:
		if c, ok := k.key(x.x); ok && x.sub == nil {
			list := make([]string, len(x.list))
			for i, v := range x.list {
				if list[i], ok = k.literal(c, v); !ok {
					return "", false
				}
			}
			return quote(c.Name) + negated(x.not) + " IN (" + strings.Join(list, ", ") + ")", true
		}
	case *like:
		if c, ok := k.key(x.x); ok && x.escape == nil && c.Type.is(Varchar) {
			pattern, ok := k.literal(c, x.pattern)
			return quote(c.Name) + negated(x.not) + " LIKE " + pattern, ok
		}
	}
	return "", false
}

func (k *keyReader) all(parts []expr, word string) (string, bool) {
	texts := make([]string, len(parts))
	for i, x := range parts {
		var ok bool
		if texts[i], ok = k.condition(x); !ok {
			return "", false
		}
	}
	return "(" + strings.Join(texts, word) + ")", true
}

func (k *keyReader) compare(x *binary) (string, bool) {
	op := x.op
	c, ok := k.key(x.l)
	other := x.r
	if !ok {
		c, ok = k.key(x.r)
		other = x.l
		if turned := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}[op]; turned != "" {
			op = turned
		}
	}
	switch op {
	case "=", "<>", "<", "<=", ">", ">=":
	default:
		return "", false
	}
	if !ok {
		return "", false
	}
	text, ok := k.literal(c, other)
	return quote(c.Name) + " " + op + " " + text, ok
}

// equal reads a condition by which a key equals one of some constants.
func (k *keyReader) equal(x expr) (name string, values []string, ok bool) {
	switch x := x.(type) {
	case *binary:
		if x.op == "or" {
			for i, part := range chain(x) {
				n, v, ok := k.equal(part)
				if !ok || i > 0 && n != name {
					return "", nil, false
				}
				name, values = n, append(values, v...)
			}
			return name, values, true
		}
		c, ok := k.key(x.l)
		other := x.r
		if !ok {
			c, ok = k.key(x.r)
			other = x.l
		}
		if !ok || x.op != "=" {
			return "", nil, false
		}
		v, ok := k.constant(other)
		return c.Name, []string{v}, ok
	case *inTest:
		c, ok := k.key(x.x)
		if !ok || x.not || x.sub != nil {
			return "", nil, false
		}
		for _, item := range x.list {
			v, ok := k.constant(item)
			if !ok {
				return "", nil, false
			}
			values = append(values, v)
		}
		return c.Name, values, true
	}
	return "", nil, false
}

// constant translates an expression that needs no row.
func (k *keyReader) constant(x expr) (sql string, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, known := r.(failure); !known {
				panic(r)
			}
			sql, ok = "", false
		}
	}()
	t := &translator{o: Options{Params: k.o.Params}, rowOnly: true, scope: &scope{}}
	sql, _ = unmark(t.expr(x).sql)
	return sql, !strings.Contains(sql, "random()") && !strings.Contains(sql, "uuid()")
}
