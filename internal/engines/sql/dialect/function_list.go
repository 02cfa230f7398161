package dialect

import "fmt"

// Source: https://trino.io/docs/current/functions/array.html, lambda.html
func listFunctions() map[string]function {
	return map[string]function{
		"all_match":         {args: "array,lambda", gen: matcher("at_all")},
		"any_match":         {args: "array,lambda", gen: matcher("at_any")},
		"none_match":        {args: "array,lambda", gen: matcher("at_none")},
		"array_distinct":    {args: "array", sql: "at_distinct($1)", ret: "=1"},
		"array_except":      {args: "array,array", sql: "at_except($1, $2)", ret: "=1"},
		"array_intersect":   {args: "array,array", sql: "at_intersect($1, $2)", ret: "=1"},
		"array_union":       {args: "array,array", sql: "at_distinct(list_concat($1, $2))", ret: "=1"},
		"array_join":        {args: "array,text,text?", gen: arrayJoin},
		"array_max":         {args: "array", sql: "at_array_max($1)", ret: "elem1"},
		"array_min":         {args: "array", sql: "at_array_min($1)", ret: "elem1"},
		"array_position":    {args: "array,any", sql: "coalesce(list_position($1, $2), 0)", ret: BigInt},
		"array_remove":      {args: "array,any", sql: "list_filter($1, lambda \"E\" : \"E\" IS DISTINCT FROM $2)", ret: "=1"},
		"array_sort":        {args: "array,lambda?", gen: arraySort},
		"arrays_overlap":    {args: "array,array", sql: "list_has_any($1, $2)", ret: Boolean},
		"cardinality":       {args: "array|map", gen: cardinality},
		"contains":          {args: "array,any", sql: "list_contains($1, $2)", ret: Boolean},
		"contains_sequence": {args: "array,array", sql: "at_contains_sequence($1, $2)", ret: Boolean},
		"element_at":        {args: "array|map,any", gen: elementAt},
		"filter":            {args: "array,lambda", gen: listFilter},
		"flatten":           {args: "array", sql: "flatten($1)", ret: "elem1"},
		"reduce":            {args: "array,any,lambda,lambda", gen: reduce},
		"repeat":            {args: "any,int", sql: "list_transform(range($2), lambda \"E\" : $1)", ret: "array=1"},
		"sequence":          {args: "int|instant,int|instant,int|interval?", gen: sequence},
		"shuffle":           {args: "array", sql: "at_shuffle($1)", ret: "=1"},
		"slice":             {args: "array,int,int", sql: "at_slice($1, $2, $3)", ret: "=1"},
		"transform":         {args: "array,lambda", gen: listTransform},
		"trim_array":        {args: "array,int", sql: "at_slice($1, 1, len($1) - $2)", ret: "=1"},
		"zip":               {args: "array,array*", gen: zip},
		"zip_with":          {args: "array,array,lambda", gen: zipWith},
	}
}

func matcher(macro string) func(*translator, *call, []val) val {
	return func(t *translator, c *call, a []val) val {
		f := t.lambda(c.args[1], a[0].t.elem(0))
		return val{macro + "(list_transform(" + a[0].sql + ", " + f.sql + "))", basic(Boolean)}
	}
}

func arrayJoin(t *translator, c *call, a []val) val {
	e := t.toText(c.Pos, val{`"E"`, a[0].t.elem(0)}, basic(Varchar))
	list := "list_transform(" + a[0].sql + `, lambda "E" : ` + e + ")"
	if len(a) == 3 {
		list = "list_transform(" + a[0].sql + `, lambda "E" : coalesce(` + e + ", " + a[2].sql + "))"
	}
	return val{"array_to_string(" + list + ", " + a[1].sql + ")", basic(Varchar)}
}

func arraySort(t *translator, c *call, a []val) val {
	if len(a) == 2 {
		t.fail(NotSupported, c.Pos, "array_sort with a comparator is not supported")
	}
	return val{"list_sort(" + a[0].sql + ", 'ASC', 'NULLS LAST')", a[0].t}
}

func cardinality(_ *translator, _ *call, a []val) val {
	if a[0].t.is(Map) {
		return val{"CAST(cardinality(" + a[0].sql + ") AS BIGINT)", basic(BigInt)}
	}
	return val{"len(" + a[0].sql + ")", basic(BigInt)}
}

func elementAt(t *translator, c *call, a []val) val {
	if a[0].t.is(Map) {
		return val{a[0].sql + "[" + a[1].sql + "]", a[0].t.elem(1)}
	}
	if nonZero(c.args[1]) || t.try > 0 {
		return val{a[0].sql + "[" + a[1].sql + "]", a[0].t.elem(0)}
	}
	return val{"(CASE WHEN " + a[1].sql + " = 0 THEN " + raise("SQL array indices start at 1") + " ELSE " + a[0].sql + "[" + a[1].sql + "] END)",
		a[0].t.elem(0)}
}

func listFilter(t *translator, c *call, a []val) val {
	return val{"list_filter(" + a[0].sql + ", " + t.lambda(c.args[1], a[0].t.elem(0)).sql + ")", a[0].t}
}

func listTransform(t *translator, c *call, a []val) val {
	f := t.lambda(c.args[1], a[0].t.elem(0))
	return val{"list_transform(" + a[0].sql + ", " + f.sql + ")", arrayOf(f.t)}
}

// reduce folds a list. The engine wants state and elements of one type, so rows carry both when they differ.
func reduce(t *translator, c *call, a []val) val {
	elem, state := a[0].t.elem(0), a[1].t
	step := t.lambda(c.args[2], state, elem)
	if state != nil && step.t != nil { // 0 starts a sum of bigints
		state = unify(state, step.t)
		step = t.lambda(c.args[2], state, elem)
	}
	last, ok := c.args[3].(*lambda)
	if !ok || len(last.params) != 1 {
		t.fail(TypeMismatch, c.Pos, "reduce needs a lambda of 1 parameter at its end")
	}
	if state == nil || elem == nil {
		t.fail(NotSupported, c.Pos, "reduce of values whose types are not known is not supported")
	}
	l := c.args[2].(*lambda)
	// Elements become rows (s, e); the fold looks at s of the left and e of the right.
	first := "struct_pack(s := CAST(" + a[1].sql + " AS " + state.Duck() + "), e := CAST(NULL AS " + elem.Duck() + "))"
	rows := "list_transform(" + a[0].sql + `, lambda "E" : struct_pack(s := CAST(NULL AS ` + state.Duck() + `), e := CAST("E" AS ` + elem.Duck() + ")))"
	x, y := quote(t.fresh()), quote(t.fresh()) // reduces nest
	body := t.inlined(l.body, map[string]val{l.params[0]: {x + `."s"`, state}, l.params[1]: {y + `."e"`, elem}})
	fold := "list_reduce(" + rows + ", lambda " + x + ", " + y + " : struct_pack(s := CAST(" + body.sql + " AS " + state.Duck() +
		"), e := CAST(NULL AS " + elem.Duck() + ")), " + first + ")"
	end := t.inlined(last.body, map[string]val{last.params[0]: {"struct_extract(" + fold + ", 's')", state}})
	return val{"(CASE WHEN " + a[0].sql + " IS NOT NULL THEN " + end.sql + " END)", end.t}
}

// inlined translates the body of a lambda with texts in the place of its parameters.
func (t *translator) inlined(body expr, params map[string]val) val {
	src := &source{bare: true, inline: params}
	t.scope = &scope{parent: t.scope, sources: []*source{src}}
	v := t.expr(body)
	t.scope = t.scope.parent
	return v
}

func sequence(t *translator, c *call, a []val) val {
	step := "1"
	typ := arrayOf(basic(BigInt))
	switch {
	case a[0].t.class() == "instant":
		step = "to_days(1)"
		if len(a) == 3 {
			step = a[2].sql
		} else if !a[0].t.is(Date) {
			t.fail(InvalidArgument, c.Pos, "sequence of timestamps needs a step")
		}
		typ = arrayOf(a[0].t)
		return val{fmt.Sprintf("CAST(generate_series(CAST(%s AS TIMESTAMP), CAST(%s AS TIMESTAMP), %s) AS %s)", a[0].sql, a[1].sql, step, typ.Duck()), typ}
	case len(a) == 3:
		step = a[2].sql
		return val{"at_sequence3(" + a[0].sql + ", " + a[1].sql + ", " + step + ")", typ}
	}
	return val{"at_sequence2(" + a[0].sql + ", " + a[1].sql + ")", typ}
}

func zip(t *translator, _ *call, a []val) val {
	row := &Type{Kind: Row}
	pack := ""
	for i, v := range a {
		row.Elems, row.Names = append(row.Elems, v.t.elem(0)), append(row.Names, "")
		if i > 0 {
			pack += ", "
		}
		pack += quote(row.field(i)) + " := " + v.sql + `["E"]`
	}
	lens := ""
	for i, v := range a {
		if i > 0 {
			lens += ", "
		}
		lens += "len(" + v.sql + ")"
	}
	return val{"list_transform(range(1, greatest(" + lens + `) + 1), lambda "E" : struct_pack(` + pack + "))", arrayOf(row)}
}

func zipWith(t *translator, c *call, a []val) val {
	l, ok := c.args[2].(*lambda)
	if !ok || len(l.params) != 2 {
		t.fail(TypeMismatch, c.Pos, "zip_with needs a lambda of 2 parameters")
	}
	i := quote(t.fresh())
	f := t.inlined(l.body, map[string]val{l.params[0]: {a[0].sql + "[" + i + "]", a[0].t.elem(0)}, l.params[1]: {a[1].sql + "[" + i + "]", a[1].t.elem(0)}})
	return val{"list_transform(range(1, greatest(len(" + a[0].sql + "), len(" + a[1].sql + ")) + 1), lambda " + i + " : " + f.sql + ")", arrayOf(f.t)}
}
