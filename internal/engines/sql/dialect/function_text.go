package dialect

import (
	"fmt"
	"strings"
)

// Source: https://trino.io/docs/current/functions/string.html, regexp.html, binary.html, url.html
func textFunctions() map[string]function {
	return map[string]function{
		"chr":                  {args: "int", sql: "chr(CAST($1 AS INTEGER))", ret: Varchar},
		"codepoint":            {args: "text", sql: "unicode($1)", ret: Integer},
		"lower":                {args: "text", sql: "lower($1)", ret: Varchar},
		"upper":                {args: "text", sql: "upper($1)", ret: Varchar},
		"length":               {args: "text|bytes", gen: lengthOf},
		"reverse":              {args: "text|array", gen: reverseOf},
		"trim":                 {args: "text,text?", gen: trimOf},
		"ltrim":                {args: "text,text?", gen: trimOf},
		"rtrim":                {args: "text,text?", gen: trimOf},
		"lpad":                 {args: "text,int,text", sql: "lpad($1, CAST($2 AS INTEGER), $3)", ret: Varchar},
		"rpad":                 {args: "text,int,text", sql: "rpad($1, CAST($2 AS INTEGER), $3)", ret: Varchar},
		"replace":              {args: "text,text,text?", gen: replaceOf},
		"substr":               {args: "text|bytes,int,int?", gen: substrOf},
		"substring":            {args: "text|bytes,int,int?", gen: substrOf},
		"strpos":               {args: "text,text", sql: "strpos($1, $2)", ret: BigInt},
		"starts_with":          {args: "text,text", sql: "starts_with($1, $2)", ret: Boolean},
		"split":                {args: "text,text,int?", gen: splitOf},
		"split_part":           {args: "text,text,int", sql: "at_split_part($1, $2, $3)", ret: Varchar},
		"split_to_map":         {args: "text,text,text", gen: splitToMap},
		"concat_ws":            {args: "text,text*", sql: "concat_ws($*)", ret: Varchar},
		"translate":            {args: "text,text,text", sql: "translate($1, $2, $3)", ret: Varchar},
		"levenshtein_distance": {args: "text,text", sql: "levenshtein($1, $2)", ret: BigInt},
		"hamming_distance":     {args: "text,text", sql: "hamming($1, $2)", ret: BigInt},
		"normalize":            {args: "text,text?", gen: normalizeOf},
		"to_utf8":              {args: "text", sql: "encode($1)", ret: Varbinary},
		"from_utf8":            {args: "bytes", sql: "decode($1)", ret: Varchar},
		"format":               {args: "text,any*", gen: formatOf},
		"concat":               {args: "any,any*", gen: concatOf},

		"regexp_like":        {args: "text,text", gen: byPattern("regexp_matches($1, $2)", Boolean)},
		"regexp_extract":     {args: "text,text,int?", gen: regexpExtract},
		"regexp_extract_all": {args: "text,text,int?", gen: byPattern("regexp_extract_all($*)", "array:varchar")},
		"regexp_replace":     {args: "text,text,text|lambda?", gen: regexpReplace},
		"regexp_split":       {args: "text,text", gen: byPattern("string_split_regex($1, $2)", "array:varchar")},
		"regexp_count":       {args: "text,text", gen: byPattern("len(regexp_extract_all($1, $2))", BigInt)},

		"md5":         {args: "bytes", sql: "from_hex(md5($1))", ret: Varbinary},
		"sha1":        {args: "bytes", sql: "from_hex(sha1($1))", ret: Varbinary},
		"sha256":      {args: "bytes", sql: "from_hex(sha256($1))", ret: Varbinary},
		"to_hex":      {args: "bytes", sql: "hex($1)", ret: Varchar},
		"from_hex":    {args: "text", sql: "from_hex($1)", ret: Varbinary},
		"to_base64":   {args: "bytes", sql: "to_base64($1)", ret: Varchar},
		"from_base64": {args: "text", sql: "from_base64($1)", ret: Varbinary},

		"url_encode":           {args: "text", sql: "replace(replace(url_encode($1), '%20', '+'), '~', '%7E')", ret: Varchar},
		"url_decode":           {args: "text", sql: "url_decode(replace($1, '+', '%20'))", ret: Varchar},
		"url_extract_protocol": {args: "text", sql: "at_match($1, '^([a-zA-Z][a-zA-Z0-9+.-]*):', 1)", ret: Varchar},
		"url_extract_host":     {args: "text", sql: "at_match($1, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)', 1)", ret: Varchar},
		"url_extract_port":     {args: "text", sql: "CAST(at_match($1, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*:([0-9]+)(?:[/?#]|$$)', 1) AS BIGINT)", ret: BigInt},
		"url_extract_path":     {args: "text", sql: "regexp_extract($1, '^[a-zA-Z][a-zA-Z0-9+.-]*:(?://[^/?#]*)?([^?#]*)', 1)", ret: Varchar},
		"url_extract_query":    {args: "text", sql: "regexp_extract($1, '[?]([^#]*)', 1)", ret: Varchar},
		"url_extract_fragment": {args: "text", sql: "regexp_extract($1, '#(.*)', 1)", ret: Varchar},
		"url_extract_parameter": {args: "text,text", ret: Varchar,
			sql: "url_decode(replace(at_match($1, '[?&]' || regexp_escape($2) || '=([^&#]*)', 1), '+', '%20'))"},
	}
}

func lengthOf(_ *translator, _ *call, a []val) val {
	if a[0].t.is(Varbinary) {
		return val{"octet_length(" + a[0].sql + ")", basic(BigInt)}
	}
	return val{"length(" + a[0].sql + ")", basic(BigInt)}
}

func reverseOf(_ *translator, _ *call, a []val) val {
	if a[0].t.is(Array) {
		return val{"list_reverse(" + a[0].sql + ")", a[0].t}
	}
	return val{"reverse(" + a[0].sql + ")", basic(Varchar)}
}

func trimOf(t *translator, c *call, a []val) val {
	if len(a) == 1 {
		return val{c.name + "(" + a[0].sql + ", ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))", basic(Varchar)}
	}
	return val{c.name + "(" + t.fill(c, "$*", a) + ")", basic(Varchar)}
}

func replaceOf(_ *translator, _ *call, a []val) val {
	with := "''"
	if len(a) == 3 {
		with = a[2].sql
	}
	return val{"replace(" + a[0].sql + ", " + a[1].sql + ", " + with + ")", basic(Varchar)}
}

func substrOf(_ *translator, c *call, a []val) val {
	if a[0].t.is(Varbinary) {
		n := "octet_length(" + a[0].sql + ")"
		if len(a) == 3 {
			n = a[2].sql
		}
		return val{"array_slice(" + a[0].sql + ", " + a[1].sql + ", " + a[1].sql + " + " + n + " - 1)", basic(Varbinary)}
	}
	args := make([]string, len(a))
	for i := range a {
		args[i] = a[i].sql
	}
	if nonZero(c.args[1]) {
		return val{"substr(" + strings.Join(args, ", ") + ")", basic(Varchar)}
	}
	return val{fmt.Sprintf("at_substr%d(%s)", len(a), strings.Join(args, ", ")), basic(Varchar)}
}

func splitOf(t *translator, c *call, a []val) val {
	if len(a) == 3 {
		t.fail(NotSupported, c.Pos, "split with a limit is not supported")
	}
	return val{"string_split(" + a[0].sql + ", " + a[1].sql + ")", arrayOf(basic(Varchar))}
}

func splitToMap(t *translator, c *call, a []val) val {
	return val{t.fill(c, "at_split_to_map($1, $2, $3)", a), mapOf(basic(Varchar), basic(Varchar))}
}

func normalizeOf(t *translator, c *call, a []val) val {
	if len(a) == 2 && t.constantText(c, 1, "the form") != "NFC" {
		t.fail(NotSupported, c.Pos, "normalize supports NFC only")
	}
	return val{"nfc_normalize(" + a[0].sql + ")", basic(Varchar)}
}

func concatOf(t *translator, c *call, a []val) val {
	if len(a) < 2 {
		t.fail(InvalidArgument, c.Pos, "There must be two or more concatenation arguments")
	}
	v := a[0]
	for _, next := range a[1:] {
		v = t.concat(c.Pos, v, next)
	}
	return v
}

// pattern checks what Java's expressions have and the engine's have not.
func (t *translator) pattern(c *call) {
	l, ok := c.args[1].(*literal)
	if !ok {
		return
	}
	for _, bad := range []string{"(?=", "(?!", "(?<=", "(?<!", "(?>", "*+", "++", "?+"} {
		if strings.Contains(l.text, bad) {
			t.fail(NotSupported, l.Pos, "regular expressions with '%s' are not supported", bad)
		}
	}
	for i := 0; i+1 < len(l.text); i++ {
		if l.text[i] == '\\' {
			if d := l.text[i+1]; d >= '1' && d <= '9' {
				t.fail(NotSupported, l.Pos, "regular expressions with references to groups are not supported")
			}
			i++
		}
	}
}

func byPattern(tmpl, ret string) func(*translator, *call, []val) val {
	return func(t *translator, c *call, a []val) val {
		t.pattern(c)
		return val{t.fill(c, tmpl, a), result(ret, a)}
	}
}

func regexpExtract(t *translator, c *call, a []val) val {
	t.pattern(c)
	if len(a) == 2 {
		a = append(a, val{"0", basic(Integer)})
	}
	return val{t.fill(c, "at_match($1, $2, $3)", a), basic(Varchar)}
}

// regexpReplace turns $1 of Java into \1.
func regexpReplace(t *translator, c *call, a []val) val {
	t.pattern(c)
	with := ""
	if len(a) == 3 {
		if _, is := c.args[2].(*lambda); is {
			t.fail(NotSupported, c.Pos, "regexp_replace with a lambda is not supported")
		}
		with = t.constantText(c, 2, "the replacement")
	}
	var b strings.Builder
	for i := 0; i < len(with); i++ {
		switch x := with[i]; {
		case x == '\\' && i+1 < len(with):
			i++
			if with[i] == '\\' {
				b.WriteString(`\\`)
			} else {
				b.WriteByte(with[i])
			}
		case x == '$' && i+1 < len(with) && isDigit(with[i+1]):
			i++
			b.WriteString(`\` + string(with[i]))
		case x == '$':
			t.fail(NotSupported, c.args[2].at(), "named groups in a replacement are not supported")
		default:
			b.WriteByte(x)
		}
	}
	return val{t.fill(c, "regexp_replace($1, $2, ", a) + text(b.String()) + ", 'g')", basic(Varchar)}
}

// formatOf splits a Java format into pieces, each of which the engine can do.
func formatOf(t *translator, c *call, a []val) val {
	f := t.constantText(c, 0, "the format")
	var parts []string
	next := 1
	lit := ""
	flush := func() {
		if lit != "" {
			parts = append(parts, text(lit))
			lit = ""
		}
	}
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			lit += string(f[i])
			continue
		}
		j := i + 1
		for j < len(f) && strings.IndexByte("-+ 0,#(123456789.", f[j]) >= 0 {
			j++
		}
		if j == len(f) {
			t.fail(InvalidArgument, c.args[0].at(), "Invalid format string: %s", f)
		}
		flags, conv := f[i+1:j], f[j]
		i = j
		switch conv {
		case '%':
			lit += "%"
			continue
		case 'n':
			lit += "\n"
			continue
		}
		if next >= len(a) {
			t.fail(InvalidArgument, c.Pos, "Invalid format string: %s (a format specifier has no argument)", f)
		}
		flush()
		parts = append(parts, t.formatOne(c, flags, conv, a[next]))
		next++
	}
	flush()
	if len(parts) == 0 {
		return val{"''", basic(Varchar)}
	}
	return val{"(" + strings.Join(parts, " || ") + ")", basic(Varchar)}
}

func (t *translator) formatOne(c *call, flags string, conv byte, v val) string {
	grouped := strings.Contains(flags, ",")
	flags = strings.ReplaceAll(flags, ",", "")
	switch {
	case strings.ContainsAny(flags, "#("):
	case conv == 's':
		return "printf(" + text("%"+flags+"s") + ", " + t.toText(c.Pos, v, basic(Varchar)) + ")"
	case conv == 'd' && (v.t == nil || v.t.isInt()):
		if grouped {
			return "format(" + text("{:"+flags+",d}") + ", " + v.sql + ")"
		}
		return "printf(" + text("%"+flags+"d") + ", " + v.sql + ")"
	case (conv == 'f' || conv == 'e') && v.t.class() != "text":
		if grouped {
			return "format(" + text("{:,"+flags+string(conv)+"}") + ", CAST(" + v.sql + " AS DOUBLE))"
		}
		return "printf(" + text("%"+flags+string(conv)) + ", CAST(" + v.sql + " AS DOUBLE))"
	case (conv == 'x' || conv == 'X') && !grouped && (v.t == nil || v.t.isInt()):
		return "printf(" + text("%"+flags+string(conv)) + ", " + v.sql + ")"
	case conv == 'b' && v.t.is(Boolean):
		return "CAST(" + v.sql + " AS VARCHAR)"
	}
	t.fail(NotSupported, c.Pos, "format specifier '%%%s%c' is not supported for %s", flags, conv, v.t)
	return ""
}
