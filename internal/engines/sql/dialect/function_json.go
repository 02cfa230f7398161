package dialect

import "strings"

// Source: https://trino.io/docs/current/functions/json.html
func jsonFunctions() map[string]function {
	return map[string]function{
		"json_parse":          {args: "text", gen: jsonParse},
		"json_format":         {args: "json", sql: "CAST(json($1) AS VARCHAR)", ret: Varchar},
		"json_extract":        {args: "json|text,text", gen: jsonExtract},
		"json_extract_scalar": {args: "json|text,text", gen: jsonScalar},
		"json_array_length":   {args: "json|text", gen: jsonOf("at_json_array_length($1)", BigInt)},
		"json_array_get":      {args: "json|text,int", gen: jsonOf("at_json_array_get($1, $2)", JSON)},
		"json_array_contains": {args: "json|text,any", gen: jsonContains},
		"json_size":           {args: "json|text,text", gen: jsonSize},
		"is_json_scalar":      {args: "json|text", gen: jsonOf("(json_type($1) NOT IN ('OBJECT', 'ARRAY'))", Boolean)},
	}
}

func jsonParse(t *translator, c *call, a []val) val {
	if t.try > 0 {
		return val{"at_json_or_null(" + a[0].sql + ")", basic(JSON)}
	}
	return val{marked(c.Pos, "json("+a[0].sql+")"), basic(JSON)}
}

// document is the argument as JSON: what is no JSON is NULL, as in Trino.
func document(v val) string {
	if v.t.is(JSON) {
		return v.sql
	}
	return "at_json_or_null(" + v.sql + ")"
}

func jsonOf(tmpl, ret string) func(*translator, *call, []val) val {
	return func(t *translator, c *call, a []val) val {
		a[0].sql = document(a[0])
		return val{t.fill(c, tmpl, a), basic(ret)}
	}
}

// jsonPath reads a path of Trino's ($.a[0]["b"].c) and writes the engine's, in which every name is quoted.
func (t *translator) jsonPath(c *call) string {
	p := t.constantText(c, 1, "the path")
	bad := func() { t.fail(InvalidArgument, c.args[1].at(), "Invalid JSON path: '%s'", p) }
	s := strings.TrimPrefix(p, "$")
	out := "$"
	name := func(n string) {
		if n == "" || strings.ContainsAny(n, `"\`) {
			bad()
		}
		out += `."` + n + `"`
	}
	for first := true; s != ""; first = false {
		switch {
		case s[0] == '[':
			end := strings.IndexByte(s, ']')
			if end < 0 {
				bad()
			}
			in := s[1:end]
			s = s[end+1:]
			switch {
			case len(in) > 1 && (in[0] == '"' || in[0] == '\'') && in[len(in)-1] == in[0]:
				name(in[1 : len(in)-1])
			case in != "" && strings.Trim(in, "0123456789") == "":
				out += "[" + in + "]"
			default:
				t.fail(NotSupported, c.args[1].at(), "JSON path '%s' is not supported", p)
			}
		case s[0] == '.' || first:
			s = strings.TrimPrefix(s, ".")
			end := strings.IndexAny(s, ".[")
			if end < 0 {
				end = len(s)
			}
			if s[:end] == "*" || end == 0 {
				t.fail(NotSupported, c.args[1].at(), "JSON path '%s' is not supported", p)
			}
			name(s[:end])
			s = s[end:]
		default:
			bad()
		}
	}
	return text(out)
}

func jsonExtract(t *translator, c *call, a []val) val {
	return val{"json_extract(" + document(a[0]) + ", " + t.jsonPath(c) + ")", basic(JSON)}
}

func jsonScalar(t *translator, c *call, a []val) val {
	return val{"at_json_scalar(" + document(a[0]) + ", " + t.jsonPath(c) + ")", basic(Varchar)}
}

func jsonSize(t *translator, c *call, a []val) val {
	return val{"at_json_size(json_extract(" + document(a[0]) + ", " + t.jsonPath(c) + "))", basic(BigInt)}
}

func jsonContains(t *translator, c *call, a []val) val {
	return val{"list_contains(CAST(" + document(a[0]) + " AS JSON[]), CAST(to_json(" + a[1].sql + ") AS JSON))", basic(Boolean)}
}
