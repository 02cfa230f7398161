package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

func (t *translator) expr(x expr) val {
	switch x := x.(type) {
	case *literal:
		return t.literal(x)
	case *intervalLit:
		return t.interval(x)
	case *ident:
		return t.ident(x)
	case *param:
		return t.param(x)
	case *unary:
		return t.unary(x)
	case *binary:
		return t.binary(x)
	case *isTest:
		return t.isTest(x)
	case *between:
		return t.between(x)
	case *inTest:
		return t.in(x)
	case *like:
		return t.like(x)
	case *quantified:
		v, o := t.expr(x.x), t.inner(x.sub, x.Pos, 1)
		t.comparable(x.Pos, x.op, v.t, o.cols[0].Type)
		return val{"(" + v.sql + " " + x.op + " " + strings.ToUpper(x.how) + " (" + o.sql + "))", basic(Boolean)}
	case *exists:
		return val{"EXISTS (" + t.inner(x.sub, x.Pos, 0).sql + ")", basic(Boolean)}
	case *subquery:
		o := t.inner(x.sub, x.Pos, 1)
		return val{"(" + o.sql + ")", o.cols[0].Type}
	case *caseExpr:
		return t.caseExpr(x)
	case *cast:
		return t.castExpr(x)
	case *call:
		return t.call(x)
	case *arrayExpr:
		return t.array(x)
	case *rowExpr:
		return t.row(x)
	case *index:
		return t.index(x)
	case *field:
		return t.field(x.Pos, t.expr(x.x), x.name)
	case *atZone:
		return t.atZone(x)
	case *extract:
		return t.call(&call{Pos: x.Pos, name: "extract " + x.part, args: []expr{x.x}})
	case *lambda:
		t.fail(TypeMismatch, x.Pos, "a lambda is not allowed here")
	}
	panic("unreachable")
}

// inner translates a subquery of an expression; width 0 allows any number of columns.
func (t *translator) inner(q *query, at Pos, width int) out {
	if t.rowOnly {
		t.fail(NotSupported, at, "subqueries are not allowed here")
	}
	o := t.query(q)
	if width > 0 && len(o.cols) != width {
		t.fail(TypeMismatch, at, "Multiple columns returned by subquery are not yet supported. Found %d", len(o.cols))
	}
	return o
}

func (t *translator) literal(l *literal) val {
	if l.typ != nil {
		return t.typedLiteral(l)
	}
	switch l.kind {
	case word:
		if l.text == "null" {
			return val{"NULL", basic(Unknown)}
		}
		return val{strings.ToUpper(l.text), basic(Boolean)}
	case str:
		if strings.ContainsRune(l.text, 0) {
			t.fail(NotSupported, l.Pos, "a string with a NUL character is not supported")
		}
		return val{text(l.text), &Type{Kind: Varchar, P: len([]rune(l.text))}}
	case bin:
		return val{"from_hex('" + l.text + "')", basic(Varbinary)}
	case integer:
		n, err := strconv.ParseInt(l.text, 10, 64)
		if err != nil {
			if l.text == "9223372036854775808" { // only with a minus before it
				return val{l.text, basic(BigInt)}
			}
			t.fail(Syntax, l.Pos, "Invalid numeric literal: %s", l.text)
		}
		if n != int64(int32(n)) {
			return val{l.text, basic(BigInt)}
		}
		return val{strconv.FormatInt(n, 10), basic(Integer)}
	case decimal:
		p, s := digitsOf(l.text)
		if p > 38 {
			t.fail(Syntax, l.Pos, "Invalid decimal literal: %s", l.text)
		}
		return val{"CAST('" + l.text + "' AS " + decimalOf(p, s).Duck() + ")", decimalOf(p, s)}
	}
	return val{"CAST('" + l.text + "' AS DOUBLE)", basic(Double)}
}

// digitsOf counts precision and scale; zeros that lead don't count.
func digitsOf(s string) (p, scale int) {
	s = strings.TrimLeft(s, "+-")
	whole, frac, _ := strings.Cut(s, ".")
	whole = strings.TrimLeft(whole, "0")
	return max(len(whole)+len(frac), 1), len(frac)
}

func (t *translator) typedLiteral(l *literal) val {
	typ := *l.typ
	switch typ.Kind {
	case Decimal:
		typ.P, typ.S = digitsOf(l.text)
		if typ.P > 38 || strings.Trim(l.text, "+-0123456789.") != "" {
			t.fail(Syntax, l.Pos, "Invalid decimal literal: %s", l.text)
		}
	case "ipaddress":
		t.fail(NotSupported, l.Pos, "type ipaddress is not supported")
	case JSON:
		return val{"CAST(" + text(l.text) + " AS JSON)", &typ}
	case "int":
		typ.Kind = Integer
	case Char:
		return val{text(l.text), &Type{Kind: Char, P: len([]rune(l.text))}}
	case Timestamp, TimestampTZ, Time:
		typ.P = 0
		if !saneTime(l.text) {
			t.fail(InvalidArgument, l.Pos, "'%s' is not a valid %s literal", l.text, strings.ToUpper(typ.Kind))
		}
	case Date:
		if !saneTime(l.text) {
			t.fail(InvalidArgument, l.Pos, "'%s' is not a valid DATE literal", l.text)
		}
	}
	return val{marked(l.Pos, "CAST("+text(l.text)+" AS "+typ.Duck()+")"), &typ}
}

// saneTime keeps words that only the engine knows ("epoch", "infinity") out of literals.
func saneTime(s string) bool {
	s = strings.TrimSpace(s)
	s = strings.TrimLeft(s, "+-")
	return s != "" && isDigit(s[0])
}

// hasZone tells whether the text of a timestamp ends with a time zone.
func hasZone(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) <= 11 {
		return false
	}
	rest := s[10:]
	return strings.ContainsAny(rest, "+-") || strings.IndexFunc(rest, func(r rune) bool { return r >= 'A' && r != 'T' }) >= 0
}

var unitMicros = map[string]int64{"day": 86400e6, "hour": 3600e6, "minute": 60e6, "second": 1e6, "week": 7 * 86400e6}

func (t *translator) interval(iv *intervalLit) val {
	bad := func() { t.fail(InvalidArgument, iv.Pos, "Invalid interval literal: '%s'", iv.text) }
	neg := iv.neg
	s := strings.TrimSpace(iv.text)
	if strings.HasPrefix(s, "-") {
		neg, s = !neg, s[1:]
	}
	sign := int64(1)
	if neg {
		sign = -1
	}
	whole := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 40)
		if err != nil || n < 0 {
			bad()
		}
		return n
	}
	if iv.from == "year" || iv.from == "month" {
		var months int64
		switch {
		case iv.from == "year" && iv.to == "month":
			y, m, ok := strings.Cut(s, "-")
			if !ok {
				bad()
			}
			months = whole(y)*12 + whole(m)
		case iv.from == "year":
			months = whole(s) * 12
		default:
			months = whole(s)
		}
		return val{fmt.Sprintf("to_months(%d)", sign*months), basic(YearMonth)}
	}
	var micros int64
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ':' })
	units := []string{"day", "hour", "minute", "second"}
	if iv.from == "week" {
		units = []string{"week"}
	}
	for len(units) > 1 && units[0] != iv.from {
		units = units[1:]
	}
	if len(parts) == 0 || len(parts) > len(units) || iv.to == "" && len(parts) > 1 {
		bad()
	}
	for i, p := range parts {
		whole1, frac, _ := strings.Cut(p, ".")
		micros += whole(whole1) * unitMicros[units[i]]
		if frac != "" {
			if units[i] != "second" || len(frac) > 6 {
				bad()
			}
			micros += whole((frac + "00000")[:6])
		}
	}
	if micros%86400e6 == 0 {
		return val{fmt.Sprintf("to_days(%d)", sign*micros/86400e6), basic(DaySecond)}
	}
	return val{fmt.Sprintf("to_microseconds(%d)", sign*micros), basic(DaySecond)}
}

// param puts the constant in the place of its question mark.
func (t *translator) param(x *param) val {
	c, err := parseExpr(t.o.Params[x.n])
	if err != nil || !constant(c) {
		t.fail(InvalidArgument, x.Pos, "parameter %d is not a constant: %s", x.n+1, t.o.Params[x.n])
	}
	return t.expr(c)
}

// constant tells whether the expression is made of literals only.
func constant(x expr) bool {
	all := func(xs []expr) bool {
		for _, x := range xs {
			if !constant(x) {
				return false
			}
		}
		return true
	}
	switch x := x.(type) {
	case *literal, *intervalLit:
		return true
	case *unary:
		return constant(x.x)
	case *cast:
		return constant(x.x)
	case *arrayExpr:
		return all(x.elems)
	case *rowExpr:
		return all(x.elems)
	}
	return false
}

func (t *translator) caseExpr(c *caseExpr) val {
	var b strings.Builder
	var typ *Type = basic(Unknown)
	b.WriteString("CASE")
	var operand val
	if c.operand != nil {
		operand = t.expr(c.operand)
		b.WriteString(" " + operand.sql)
	}
	result := func(x expr) string {
		v := t.expr(x)
		if v.t.class() != "" && typ.class() != "" && v.t.class() != typ.class() {
			t.fail(TypeMismatch, x.at(), "All CASE results must be the same type or coercible to a common type. Cannot find common type between %s and %s", typ, v.t)
		}
		typ = unify(typ, v.t)
		return v.sql
	}
	for _, w := range c.whens {
		when := ""
		if c.operand != nil {
			v := t.expr(w[0])
			t.comparable(w[0].at(), "=", operand.t, v.t)
			when = v.sql
		} else {
			when = t.condition(w[0], "CASE WHEN")
		}
		b.WriteString(" WHEN " + when + " THEN " + result(w[1]))
	}
	if c.els != nil {
		b.WriteString(" ELSE " + result(c.els))
	}
	return val{"(" + b.String() + " END)", typ}
}

func (t *translator) array(a *arrayExpr) val {
	elems := make([]string, len(a.elems))
	var typ *Type = basic(Unknown)
	for i, e := range a.elems {
		v := t.expr(e)
		if v.t.class() != "" && typ.class() != "" && v.t.class() != typ.class() {
			t.fail(TypeMismatch, e.at(), "All ARRAY elements must be the same type: %s and %s", typ, v.t)
		}
		elems[i], typ = v.sql, unify(typ, v.t)
	}
	sql := "[" + strings.Join(elems, ", ") + "]"
	return val{sql, arrayOf(typ)}
}

func (t *translator) row(r *rowExpr) val {
	typ := &Type{Kind: Row}
	parts := make([]string, len(r.elems))
	for i, e := range r.elems {
		v := t.expr(e)
		typ.Elems, typ.Names = append(typ.Elems, v.t), append(typ.Names, "")
		parts[i] = quote(typ.field(i)) + " := " + v.sql
	}
	return val{"struct_pack(" + strings.Join(parts, ", ") + ")", typ}
}

// index is x[i]: of an array from 1, of a map by key, of a row by number. What is not there is an error.
func (t *translator) index(x *index) val {
	v := t.expr(x.x)
	if v.t.is(Row) {
		l, ok := x.i.(*literal)
		n, err := 0, error(nil)
		if ok {
			n, err = strconv.Atoi(l.text)
		}
		if !ok || l.kind != integer || err != nil || n < 1 || n > len(v.t.Elems) {
			t.fail(TypeMismatch, x.Pos, "Invalid subscript of %s", v.t)
		}
		return val{"struct_extract(" + v.sql + ", " + text(v.t.field(n-1)) + ")", v.t.Elems[n-1]}
	}
	i := t.expr(x.i)
	switch {
	case v.t.is(Map):
		if t.try > 0 {
			return val{v.sql + "[" + i.sql + "]", v.t.elem(1)}
		}
		return val{"(CASE WHEN map_contains(" + v.sql + ", " + i.sql + ") OR " + v.sql + " IS NULL THEN " + v.sql + "[" + i.sql +
			"] ELSE " + raise("Key not present in map") + " END)", v.t.elem(1)}
	case v.t.is(Array):
		if !i.t.isInt() && i.t != nil {
			t.fail(TypeMismatch, x.Pos, "Cannot use %s for subscript of %s", i.t, v.t)
		}
		if t.try > 0 {
			return val{"(CASE WHEN " + i.sql + " > 0 THEN " + v.sql + "[" + i.sql + "] END)", v.t.elem(0)}
		}
		return val{"(CASE WHEN " + i.sql + " > len(" + v.sql + ") THEN " + raise("Array subscript must be less than or equal to array length") +
			" WHEN " + i.sql + " < 1 THEN " + raise("SQL array indices start at 1") + " ELSE " + v.sql + "[" + i.sql + "] END)", v.t.elem(0)}
	case v.t == nil:
		return val{v.sql + "[" + i.sql + "]", nil}
	}
	t.fail(TypeMismatch, x.Pos, "Cannot subscript a value of type %s", v.t)
	return val{}
}

// raise is an expression of any type that fails with the text.
func raise(s string) string { return "error(" + text(s) + ")" }

// atZone shows an instant as the clock of the zone does. A zone is not kept with a value.
func (t *translator) atZone(x *atZone) val {
	v, z := t.expr(x.x), t.expr(x.zone)
	if z.t != nil && !z.t.is(Varchar) {
		t.fail(TypeMismatch, x.zone.at(), "a time zone must be text, not %s", z.t)
	}
	return t.zoned(x.Pos, v, z)
}

func (t *translator) zoned(at Pos, v, z val) val {
	if v.t == nil || v.t.is(Timestamp) {
		v.sql = "CAST(" + v.sql + " AS TIMESTAMPTZ)"
	} else if !v.t.is(TimestampTZ) {
		t.fail(TypeMismatch, at, "Type of value must be a time or timestamp with or without time zone (actual %s)", v.t)
	}
	return val{"timezone(" + z.sql + ", " + v.sql + ")", basic(Timestamp)}
}
