package dialect

// Source: https://trino.io/docs/current/functions/map.html
func mapFunctions() map[string]function {
	return map[string]function{
		"map":              {args: "array?,array?", gen: mapOfLists},
		"map_from_entries": {args: "array", gen: mapFromEntries},
		"map_entries":      {args: "map", gen: mapEntries},
		"map_keys":         {args: "map", gen: mapPart("map_keys", 0)},
		"map_values":       {args: "map", gen: mapPart("map_values", 1)},
		"map_concat":       {args: "map,map*", sql: "map_concat($*)", ret: "=1"},
		"map_filter":       {args: "map,lambda", gen: mapFilter},
		"transform_keys":   {args: "map,lambda", gen: transformKeys},
		"transform_values": {args: "map,lambda", gen: transformValues},
	}
}

func mapOfLists(t *translator, c *call, a []val) val {
	switch len(a) {
	case 0:
		return val{"MAP {}", mapOf(basic(Unknown), basic(Unknown))}
	case 2:
		return val{"map(" + a[0].sql + ", " + a[1].sql + ")", mapOf(a[0].t.elem(0), a[1].t.elem(0))}
	}
	t.fail(NoFunction, c.Pos, "Unexpected parameters for function map")
	return val{}
}

func mapFromEntries(t *translator, c *call, a []val) val {
	row := a[0].t.elem(0)
	if !row.is(Row) || len(row.Elems) != 2 {
		t.fail(NoFunction, c.Pos, "Unexpected parameters (%s) for function map_from_entries", a[0].t)
	}
	return val{"map_from_entries(" + a[0].sql + ")", mapOf(row.Elems[0], row.Elems[1])}
}

func entryOf(m *Type) *Type {
	return &Type{Kind: Row, Elems: []*Type{m.elem(0), m.elem(1)}, Names: []string{"", ""}}
}

func mapEntries(_ *translator, _ *call, a []val) val {
	return val{"list_transform(map_entries(" + a[0].sql + `), lambda "E" : struct_pack("field0" := "E"."key", "field1" := "E"."value"))`,
		arrayOf(entryOf(a[0].t))}
}

func mapPart(name string, i int) func(*translator, *call, []val) val {
	return func(_ *translator, _ *call, a []val) val {
		return val{name + "(" + a[0].sql + ")", arrayOf(a[0].t.elem(i))}
	}
}

// entryLambda translates a lambda of key and value into one of an entry.
func (t *translator) entryLambda(c *call, m *Type) (head string, body val) {
	l, ok := c.args[1].(*lambda)
	if !ok || len(l.params) != 2 {
		t.fail(TypeMismatch, c.Pos, "%s needs a lambda of 2 parameters", c.name)
	}
	e := quote(t.fresh())
	body = t.inlined(l.body, map[string]val{l.params[0]: {e + `."key"`, m.elem(0)}, l.params[1]: {e + `."value"`, m.elem(1)}})
	return e, body
}

func mapFilter(t *translator, c *call, a []val) val {
	e, f := t.entryLambda(c, a[0].t)
	return val{"map_from_entries(list_filter(map_entries(" + a[0].sql + "), lambda " + e + " : " + f.sql + "))", a[0].t}
}

func transformKeys(t *translator, c *call, a []val) val {
	e, f := t.entryLambda(c, a[0].t)
	return val{"map_from_entries(list_transform(map_entries(" + a[0].sql + "), lambda " + e + " : struct_pack(key := " + f.sql + ", value := " + e + `."value")))`,
		mapOf(f.t, a[0].t.elem(1))}
}

func transformValues(t *translator, c *call, a []val) val {
	e, f := t.entryLambda(c, a[0].t)
	return val{"map_from_entries(list_transform(map_entries(" + a[0].sql + "), lambda " + e + " : struct_pack(key := " + e + `."key", value := ` + f.sql + ")))",
		mapOf(a[0].t.elem(0), f.t)}
}
