package dialect

import (
	"slices"
	"strings"
)

func (t *translator) unary(u *unary) val {
	if u.op == "not" {
		return val{"(NOT " + t.condition(u.x, "NOT") + ")", basic(Boolean)}
	}
	v := t.expr(u.x)
	if l, ok := u.x.(*literal); ok && u.op == "-" && l.text == "9223372036854775808" {
		return val{"CAST('-9223372036854775808' AS BIGINT)", basic(BigInt)}
	}
	if c := v.t.class(); c != "" && c != "number" && !v.t.is(DaySecond, YearMonth) {
		t.fail(TypeMismatch, u.Pos, "Cannot apply operator: %s%s", u.op, v.t)
	}
	return val{"(" + u.op + " " + v.sql + ")", v.t}
}

func (t *translator) binary(b *binary) val {
	switch b.op {
	case "and", "or":
		w := strings.ToUpper(b.op)
		parts := chain(b)
		conds := make([]string, len(parts))
		for i, x := range parts {
			conds[i] = t.condition(x, w)
		}
		return val{"(" + strings.Join(conds, " "+w+" ") + ")", basic(Boolean)}
	case "||":
		return t.concat(b.Pos, t.expr(b.l), t.expr(b.r))
	case "=", "<>", "<", "<=", ">", ">=":
		return t.compare(b)
	}
	l, r := t.expr(b.l), t.expr(b.r)
	if l.t.class() == "number" && r.t.class() == "number" || l.t == nil || r.t == nil {
		return t.arithmetic(b, l, r)
	}
	if v, ok := t.timeArithmetic(b, l, r); ok {
		return v
	}
	if l.t.is(Unknown) || r.t.is(Unknown) {
		if l.t.is(Unknown) {
			return val{"(" + l.sql + " " + b.op + " " + r.sql + ")", r.t}
		}
		return val{"(" + l.sql + " " + b.op + " " + r.sql + ")", l.t}
	}
	t.fail(TypeMismatch, b.Pos, "Cannot apply operator: %s %s %s", l.t, b.op, r.t)
	return val{}
}

// chain takes a AND b AND c apart, however long it is.
func chain(b *binary) []expr {
	var parts []expr
	var x expr = b
	for {
		c, ok := x.(*binary)
		if !ok || c.op != b.op {
			parts = append(parts, x)
			slices.Reverse(parts)
			return parts
		}
		parts = append(parts, c.r)
		x = c.l
	}
}

func (t *translator) compare(b *binary) val {
	l, r := t.expr(b.l), t.expr(b.r)
	t.comparable(b.Pos, b.op, l.t, r.t)
	return val{"(" + l.sql + " " + marked(b.Pos, b.op) + " " + r.sql + ")", basic(Boolean)}
}

func (t *translator) comparable(at Pos, op string, a, b *Type) {
	if x, y := a.class(), b.class(); x != "" && y != "" && x != y {
		if same, ok := (map[string]string{">": "<", ">=": "<=", "<>": "="})[op]; ok { // as which Trino takes them
			op = same
		}
		t.fail(TypeMismatch, at, "Cannot apply operator: %s %s %s", a, op, b)
	}
}

// nonZero tells whether a divisor is a constant other than zero, so that no check is needed.
func nonZero(x expr) bool {
	l, ok := x.(*literal)
	return ok && l.typ == nil && (l.kind == integer || l.kind == decimal) && strings.Trim(l.text, "0.") != ""
}

func (t *translator) arithmetic(b *binary, l, r val) val {
	typ := unify(l.t, r.t)
	plain := "(" + l.sql + " " + marked(b.Pos, b.op) + " " + r.sql + ")"
	if typ.is(Decimal) {
		typ = decimalResult(b.op, l.t.asDecimal(), r.t.asDecimal())
	}
	if b.op != "/" && b.op != "%" {
		return val{plain, typ}
	}
	if typ.is(Double, Real) {
		return val{plain, typ}
	}
	switch {
	case typ.isInt() && b.op == "/":
		plain = "(" + l.sql + " // " + r.sql + ")"
	case typ.is(Decimal) && b.op == "/":
		plain = "CAST(CAST(" + l.sql + " AS DOUBLE) / " + r.sql + " AS " + typ.Duck() + ")"
	}
	if nonZero(b.r) || typ == nil {
		return val{plain, typ}
	}
	return val{"(CASE WHEN " + r.sql + " = 0 THEN " + t.orNull(raise("Division by zero")) + " ELSE " + plain + " END)", typ}
}

// orNull is the failing expression, or NULL where failures are caught.
func (t *translator) orNull(fail string) string {
	if t.try > 0 {
		return "NULL"
	}
	return fail
}

// decimalResult follows Trino's rules.
// Source: https://trino.io/docs/current/functions/decimal.html
func decimalResult(op string, a, b *Type) *Type {
	switch op {
	case "*":
		return decimalOf(a.P+b.P, a.S+b.S)
	case "/":
		s := max(a.S, b.S)
		return decimalOf(a.P+b.S+max(b.S-a.S, 0), s)
	case "%":
		s := max(a.S, b.S)
		return decimalOf(min(a.P-a.S, b.P-b.S)+s, s)
	}
	s := max(a.S, b.S)
	return decimalOf(max(a.P-a.S, b.P-b.S)+s+1, s)
}

func (t *translator) timeArithmetic(b *binary, l, r val) (val, bool) {
	if b.op == "*" || b.op == "/" {
		switch {
		case l.t.is(DaySecond, YearMonth) && r.t.class() == "number" && b.op == "*":
			return val{"(" + l.sql + " * " + r.sql + ")", l.t}, true
		case r.t.is(DaySecond, YearMonth) && l.t.class() == "number" && b.op == "*":
			return val{"(" + r.sql + " * " + l.sql + ")", r.t}, true
		}
		return val{}, false
	}
	if b.op == "%" {
		return val{}, false
	}
	if b.op == "+" && l.t.is(DaySecond, YearMonth) && !r.t.is(DaySecond, YearMonth) {
		l, r = r, l
	}
	sql := "(" + l.sql + " " + b.op + " " + r.sql + ")"
	switch {
	case r.t.is(DaySecond, YearMonth) && l.t.is(Date):
		return val{"CAST(" + sql + " AS DATE)", l.t}, true
	case r.t.is(DaySecond, YearMonth) && l.t.is(Timestamp, TimestampTZ, Time):
		return val{sql, l.t}, true
	case l.t.is(DaySecond, YearMonth) && r.t.is(l.t.Kind):
		return val{sql, l.t}, true
	case b.op == "-" && l.t.is(Date) && r.t.is(Date):
		return val{"to_days(CAST(" + sql + " AS INTEGER))", basic(DaySecond)}, true
	case b.op == "-" && l.t.is(Date, Timestamp, TimestampTZ) && r.t.is(Date, Timestamp, TimestampTZ):
		return val{sql, basic(DaySecond)}, true
	}
	return val{}, false
}

// concat joins texts, bytes or arrays, or adds an element to an array.
func (t *translator) concat(at Pos, l, r val) val {
	switch {
	case l.t.is(Array) && r.t.is(Array):
		return val{"list_concat(" + l.sql + ", " + r.sql + ")", arrayOf(unify(l.t.elem(0), r.t.elem(0)))}
	case l.t.is(Array):
		return val{"list_append(" + l.sql + ", " + r.sql + ")", l.t}
	case r.t.is(Array):
		return val{"list_prepend(" + l.sql + ", " + r.sql + ")", r.t}
	}
	for _, v := range []val{l, r} {
		if v.t != nil && !v.t.is(Varchar, Char, Varbinary, Unknown) {
			t.fail(TypeMismatch, at, "Cannot apply operator: %s || %s", l.t, r.t)
		}
	}
	typ := basic(Varchar)
	if l.t.is(Varbinary) || r.t.is(Varbinary) {
		typ = basic(Varbinary)
	}
	return val{"(" + l.sql + " || " + r.sql + ")", typ}
}

func (t *translator) isTest(x *isTest) val {
	v := t.expr(x.x)
	not := ""
	if x.not {
		not = "NOT "
	}
	if x.y == nil {
		return val{"(" + v.sql + " IS " + not + "NULL)", basic(Boolean)}
	}
	y := t.expr(x.y)
	t.comparable(x.Pos, "IS DISTINCT FROM", v.t, y.t)
	return val{"(" + v.sql + " IS " + not + "DISTINCT FROM " + y.sql + ")", basic(Boolean)}
}

func (t *translator) between(x *between) val {
	v, lo, hi := t.expr(x.x), t.expr(x.lo), t.expr(x.hi)
	t.comparable(x.Pos, "BETWEEN", v.t, lo.t)
	t.comparable(x.Pos, "BETWEEN", v.t, hi.t)
	return val{"(" + v.sql + negated(x.not) + " BETWEEN " + lo.sql + " AND " + hi.sql + ")", basic(Boolean)}
}

func negated(not bool) string {
	if not {
		return " NOT"
	}
	return ""
}

func (t *translator) in(x *inTest) val {
	v := t.expr(x.x)
	if x.sub != nil {
		o := t.inner(x.sub, x.Pos, 1)
		t.comparable(x.Pos, "IN", v.t, o.cols[0].Type)
		return val{"(" + v.sql + negated(x.not) + " IN (" + o.sql + "))", basic(Boolean)}
	}
	list := make([]string, len(x.list))
	for i, e := range x.list {
		y := t.expr(e)
		t.comparable(e.at(), "IN", v.t, y.t)
		list[i] = y.sql
	}
	return val{"(" + v.sql + negated(x.not) + " IN (" + strings.Join(list, ", ") + "))", basic(Boolean)}
}

func (t *translator) like(x *like) val {
	v, p := t.expr(x.x), t.expr(x.pattern)
	for _, y := range []val{v, p} {
		if y.t != nil && !y.t.is(Varchar, Char, Unknown) {
			t.fail(TypeMismatch, x.Pos, "Left side of LIKE expression must evaluate to a varchar (actual: %s)", y.t)
		}
	}
	sql := v.sql + negated(x.not) + " LIKE " + p.sql
	if x.escape != nil {
		l, ok := x.escape.(*literal)
		if !ok || l.kind != str || len([]rune(l.text)) != 1 {
			t.fail(InvalidArgument, x.escape.at(), "Escape string must be a single character")
		}
		sql += " ESCAPE " + text(l.text)
	}
	return val{"(" + sql + ")", basic(Boolean)}
}
