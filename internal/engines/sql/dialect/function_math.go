package dialect

import (
	"fmt"
	"strings"
)

// Source: https://trino.io/docs/current/functions/math.html, bitwise.html
func mathFunctions() map[string]function {
	return map[string]function{
		"abs":         {args: "number", sql: "abs($1)", ret: "=1"},
		"cbrt":        {args: "number", sql: "at_cbrt(CAST($1 AS DOUBLE))", ret: Double},
		"ceil":        {args: "number", gen: whole("ceil")},
		"ceiling":     {args: "number", gen: whole("ceil")},
		"floor":       {args: "number", gen: whole("floor")},
		"round":       {args: "number,int?", gen: roundOf},
		"truncate":    {args: "number,int?", gen: truncateOf},
		"degrees":     {args: "number", sql: "degrees($1)", ret: Double},
		"radians":     {args: "number", sql: "radians($1)", ret: Double},
		"e":           {sql: "exp(1.0)", ret: Double},
		"pi":          {sql: "pi()", ret: Double},
		"exp":         {args: "number", sql: "exp($1)", ret: Double},
		"ln":          {args: "number", sql: "at_ln(CAST($1 AS DOUBLE))", ret: Double},
		"log":         {args: "number,number", sql: "(at_ln(CAST($2 AS DOUBLE)) / at_ln(CAST($1 AS DOUBLE)))", ret: Double},
		"log2":        {args: "number", sql: "(at_ln(CAST($1 AS DOUBLE)) / ln(2.0))", ret: Double},
		"log10":       {args: "number", sql: "at_log10(CAST($1 AS DOUBLE))", ret: Double},
		"mod":         {args: "number,number", gen: modOf},
		"pow":         {args: "number,number", sql: "pow($1, $2)", ret: Double},
		"power":       {args: "number,number", sql: "pow($1, $2)", ret: Double},
		"sqrt":        {args: "number", sql: "at_sqrt(CAST($1 AS DOUBLE))", ret: Double},
		"sign":        {args: "number", gen: signOf},
		"rand":        {args: "int?,int?", gen: randomOf},
		"random":      {args: "int?,int?", gen: randomOf},
		"greatest":    {args: "any,any*", gen: extreme("greatest")},
		"least":       {args: "any,any*", gen: extreme("least")},
		"infinity":    {sql: "CAST('Infinity' AS DOUBLE)", ret: Double},
		"nan":         {sql: "CAST('NaN' AS DOUBLE)", ret: Double},
		"is_nan":      {args: "number", sql: "isnan(CAST($1 AS DOUBLE))", ret: Boolean},
		"is_finite":   {args: "number", sql: "isfinite(CAST($1 AS DOUBLE))", ret: Boolean},
		"is_infinite": {args: "number", sql: "isinf(CAST($1 AS DOUBLE))", ret: Boolean},
		"sin":         {args: "number", sql: "sin($1)", ret: Double},
		"cos":         {args: "number", sql: "cos($1)", ret: Double},
		"tan":         {args: "number", sql: "tan($1)", ret: Double},
		"asin":        {args: "number", sql: "asin($1)", ret: Double},
		"acos":        {args: "number", sql: "acos($1)", ret: Double},
		"atan":        {args: "number", sql: "atan($1)", ret: Double},
		"atan2":       {args: "number,number", sql: "atan2($1, $2)", ret: Double},
		"sinh":        {args: "number", sql: "sinh($1)", ret: Double},
		"cosh":        {args: "number", sql: "cosh($1)", ret: Double},
		"tanh":        {args: "number", sql: "tanh($1)", ret: Double},
		"to_base":     {args: "int,int", sql: "lower(to_base($1, CAST($2 AS INTEGER)))", ret: Varchar},
		"from_base":   {args: "text,int", sql: "at_from_base($1, $2)", ret: BigInt},
		"width_bucket": {args: "number,number,number,int", ret: BigInt,
			sql: "at_width_bucket(CAST($1 AS DOUBLE), CAST($2 AS DOUBLE), CAST($3 AS DOUBLE), $4)"},
		"cosine_similarity": {args: "array,array", sql: "list_cosine_similarity($1, $2)", ret: Double},

		"bitwise_and":         {args: "int,int", sql: "(CAST($1 AS BIGINT) & CAST($2 AS BIGINT))", ret: BigInt},
		"bitwise_or":          {args: "int,int", sql: "(CAST($1 AS BIGINT) | CAST($2 AS BIGINT))", ret: BigInt},
		"bitwise_xor":         {args: "int,int", sql: "xor(CAST($1 AS BIGINT), CAST($2 AS BIGINT))", ret: BigInt},
		"bitwise_not":         {args: "int", sql: "(~CAST($1 AS BIGINT))", ret: BigInt},
		"bitwise_left_shift":  {args: "int,int", sql: "(CAST($1 AS BIGINT) << CAST($2 AS BIGINT))", ret: BigInt},
		"bitwise_right_shift": {args: "int,int", sql: "(CAST($1 AS BIGINT) >> CAST($2 AS BIGINT))", ret: BigInt},
		"bit_count":           {args: "int,int", gen: bitCount},
	}
}

func whole(name string) func(*translator, *call, []val) val {
	return func(_ *translator, _ *call, a []val) val {
		switch v := a[0]; {
		case v.t.isInt():
			return v
		case v.t.is(Decimal):
			typ := decimalOf(v.t.P-v.t.S+min(v.t.S, 1), 0)
			return val{"CAST(" + name + "(" + v.sql + ") AS " + typ.Duck() + ")", typ}
		default:
			return val{name + "(" + v.sql + ")", v.t}
		}
	}
}

func roundOf(_ *translator, _ *call, a []val) val {
	v, sql := a[0], "round("+a[0].sql+")"
	if len(a) == 2 {
		sql = "round(" + a[0].sql + ", CAST(" + a[1].sql + " AS INTEGER))"
	}
	switch {
	case v.t.isInt():
		return val{"CAST(" + sql + " AS " + v.t.Duck() + ")", v.t}
	case v.t.is(Decimal):
		typ := decimalOf(v.t.P+1, v.t.S)
		if len(a) == 1 {
			typ = decimalOf(v.t.P-v.t.S+min(v.t.S, 1), 0)
		}
		return val{"CAST(" + sql + " AS " + typ.Duck() + ")", typ}
	}
	return val{sql, v.t}
}

func truncateOf(_ *translator, _ *call, a []val) val {
	v := a[0]
	if len(a) == 2 {
		p := "pow(10, " + a[1].sql + ")"
		sql := "(trunc(" + v.sql + " * " + p + ") / " + p + ")"
		if v.t.is(Decimal) {
			sql = "CAST(" + sql + " AS " + v.t.Duck() + ")"
		}
		return val{sql, v.t}
	}
	if v.t.isInt() {
		return v
	}
	if v.t.is(Decimal) {
		typ := decimalOf(v.t.P-v.t.S, 0)
		return val{"CAST(trunc(" + v.sql + ") AS " + typ.Duck() + ")", typ}
	}
	return val{"trunc(" + v.sql + ")", v.t}
}

func modOf(t *translator, c *call, a []val) val {
	return t.arithmetic(&binary{c.Pos, "%", c.args[0], c.args[1]}, a[0], a[1])
}

func signOf(_ *translator, _ *call, a []val) val {
	if a[0].t.is(Decimal) {
		return val{"CAST(sign(" + a[0].sql + ") AS DECIMAL(1,0))", decimalOf(1, 0)}
	}
	if a[0].t == nil {
		return val{"sign(" + a[0].sql + ")", nil}
	}
	return val{"CAST(sign(" + a[0].sql + ") AS " + a[0].t.Duck() + ")", a[0].t}
}

func randomOf(_ *translator, _ *call, a []val) val {
	switch len(a) {
	case 0:
		return val{"random()", basic(Double)}
	case 1:
		return val{"CAST(floor(random() * " + a[0].sql + ") AS BIGINT)", basic(BigInt)}
	}
	return val{"(" + a[0].sql + " + CAST(floor(random() * (" + a[1].sql + " - " + a[0].sql + ")) AS BIGINT))", basic(BigInt)}
}

// extreme is NULL when any argument is, which the engine's own is not.
func extreme(name string) func(*translator, *call, []val) val {
	return func(t *translator, c *call, a []val) val {
		nulls := make([]string, len(a))
		for i, v := range a {
			t.comparable(c.args[i].at(), name, a[0].t, v.t)
			nulls[i] = v.sql + " IS NULL"
		}
		return val{"(CASE WHEN " + strings.Join(nulls, " OR ") + " THEN NULL ELSE " + name + "(" + t.fill(c, "$*", a) + ") END)", result("all", a)}
	}
}

func bitCount(t *translator, c *call, a []val) val {
	l, ok := c.args[1].(*literal)
	if !ok || l.text != "64" && l.text != "32" && l.text != "16" && l.text != "8" {
		t.fail(NotSupported, c.Pos, "bit_count needs 8, 16, 32 or 64 bits")
	}
	if l.text == "64" {
		return val{"CAST(bit_count(CAST(" + a[0].sql + " AS BIGINT)) AS BIGINT)", basic(BigInt)}
	}
	return val{fmt.Sprintf("CAST(bit_count(CAST(%s AS BIGINT) & ((1::BIGINT << %s) - 1)) AS BIGINT)", a[0].sql, l.text), basic(BigInt)}
}
