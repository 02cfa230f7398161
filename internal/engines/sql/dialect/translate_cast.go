package dialect

import "fmt"

func (t *translator) castExpr(c *cast) val {
	if c.try {
		t.try++
		defer func() { t.try-- }()
	}
	return t.cast(c.Pos, t.expr(c.x), c.typ)
}

// cast turns a value into another type as Trino does, which the engine's own cast often does not.
func (t *translator) cast(at Pos, v val, to *Type) val {
	if to.is("ipaddress") {
		t.fail(NotSupported, at, "type %s is not supported", to)
	}
	word := "CAST"
	if t.try > 0 {
		word = "TRY_CAST"
	}
	plain := func(sql string) string { return marked(at, word+"("+sql+" AS "+to.Duck()+")") }
	t.castable(at, v.t, to)
	switch {
	case to.is(Varchar, Char):
		return val{t.toText(at, v, to), to}
	case to.is(JSON):
		return val{toJSON(v), to}
	case v.t.is(JSON) && (to.is(Array, Map, Row) || to.class() == "number" || to.is(Boolean)):
		return val{t.orJSONNull(v.sql, plain(v.sql)), to}
	case to.isInt() && v.t.is(Varchar, Char):
		return val{t.textToInt(to, v.sql, plain), to}
	case to.isInt() && v.t.is(Double, Real):
		return val{plain("round(" + v.sql + ")"), to}
	case to.is(Date) && v.t.is(Varchar, Char), to.is(Timestamp, TimestampTZ) && v.t.is(Varchar, Char):
		return val{plain("trim(" + v.sql + ")"), to}
	case to.is(Varbinary) && v.t.is(Varchar):
		return val{"encode(" + v.sql + ")", to}
	case to.is(Timestamp) && to.P > 0 && to.P < 6 && v.t != nil:
		return val{fmt.Sprintf("date_trunc('%s', %s)", truncUnit(to.P), plain(v.sql)), to}
	case to.is(Row) && v.t.is(Row):
		return t.castRow(at, v, to)
	}
	return val{plain(v.sql), to}
}

func truncUnit(p int) string {
	if p < 3 {
		return "second"
	}
	return "millisecond"
}

// castable refuses casts that Trino does not know.
func (t *translator) castable(at Pos, from, to *Type) {
	bad := false
	switch c := from.class(); {
	case c == "" || from.is(JSON) || to.is(JSON):
	case from.is(Array, Map, Row) || to.is(Array, Map, Row):
		bad = from.Kind != to.Kind
	case c == "number":
		bad = to.class() != "number" && !to.is(Varchar, Char, Boolean)
	case c == "instant":
		bad = to.class() != "instant" && !to.is(Varchar, Char, Time) || from.is(Date) && to.is(Time)
	case from.is(Boolean):
		bad = to.class() != "number" && !to.is(Varchar, Char, Boolean)
	case from.is(Varbinary):
		bad = !to.is(Varbinary, UUID)
	}
	if bad {
		t.fail(TypeMismatch, at, "Cannot cast %s to %s", from, to)
	}
}

// intNames are Trino's in errors of casts.
var intNames = map[string]string{TinyInt: "TINYINT", SmallInt: "SMALLINT", Integer: "INT", BigInt: "BIGINT"}

// textToInt takes only what is written as an integer: the engine would round '1.5'.
func (t *translator) textToInt(to *Type, sql string, plain func(string) string) string {
	fail := "NULL"
	if t.try == 0 {
		fail = "error(concat('Cannot cast ''', " + sql + ", ''' to " + intNames[to.Kind] + "'))"
	}
	return "(CASE WHEN regexp_full_match(" + sql + ", '[+-]?[0-9]+') OR " + sql + " IS NULL THEN " + plain(sql) + " ELSE " + fail + " END)"
}

func (t *translator) orJSONNull(json, sql string) string {
	return "(CASE WHEN json_type(" + json + ") = 'NULL' THEN NULL ELSE " + sql + " END)"
}

func (t *translator) toText(at Pos, v val, to *Type) string {
	sql := ""
	switch {
	case v.t.is(Double):
		sql = "at_double_text(" + v.sql + ")"
	case v.t.is(Real):
		sql = "at_real_text(" + v.sql + ")"
	case v.t.is(Timestamp):
		sql = "strftime(" + v.sql + ", '%Y-%m-%d %H:%M:%S.%g')"
	case v.t.is(TimestampTZ):
		sql = "(strftime(timezone('UTC', " + v.sql + "), '%Y-%m-%d %H:%M:%S.%g') || ' UTC')"
	case v.t.is(JSON):
		sql = "(CASE WHEN json_type(" + v.sql + ") = 'NULL' THEN NULL ELSE json_extract_string(" + v.sql + ", '$') END)"
	case v.t.is(Varchar, Char):
		sql = v.sql
	case v.t.is(Varbinary, Array, Map, Row):
		t.fail(TypeMismatch, at, "Cannot cast %s to %s", v.t, to)
	default:
		sql = "CAST(" + v.sql + " AS VARCHAR)"
	}
	if to.P > 0 && (v.t == nil || v.t.P == 0 || v.t.P > to.P || !v.t.is(Varchar, Char)) {
		sql = fmt.Sprintf("left(%s, %d)", sql, to.P)
	}
	if to.Kind == Char && to.P > 0 {
		sql = fmt.Sprintf("rpad(%s, %d, ' ')", sql, to.P)
	}
	return sql
}

// toJSON writes the value as JSON; a text becomes a JSON string.
func toJSON(v val) string {
	if v.t.is(JSON) {
		return v.sql
	}
	if v.t.is(Timestamp, TimestampTZ, Date) {
		return "to_json(CAST(" + v.sql + " AS VARCHAR))"
	}
	return "to_json(" + v.sql + ")"
}

// castRow goes field by field, as fields are matched by place.
func (t *translator) castRow(at Pos, v val, to *Type) val {
	if len(v.t.Elems) != len(to.Elems) {
		t.fail(TypeMismatch, at, "Cannot cast %s to %s", v.t, to)
	}
	sql := ""
	for i, e := range to.Elems {
		if i > 0 {
			sql += ", "
		}
		f := val{"struct_extract(" + v.sql + ", " + text(v.t.field(i)) + ")", v.t.Elems[i]}
		sql += quote(to.field(i)) + " := " + t.cast(at, f, e).sql
	}
	return val{"(CASE WHEN " + v.sql + " IS NOT NULL THEN struct_pack(" + sql + ") END)", to}
}
