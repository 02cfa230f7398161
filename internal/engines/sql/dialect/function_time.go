package dialect

import (
	"strings"
)

// Source: https://trino.io/docs/current/functions/datetime.html
func timeFunctions() map[string]function {
	return map[string]function{
		"current_date":      {sql: "CAST(timezone('UTC', now()) AS DATE)", ret: Date},
		"current_timestamp": {args: "int?", sql: "date_trunc('millisecond', now())", ret: TimestampTZ},
		"now":               {sql: "date_trunc('millisecond', now())", ret: TimestampTZ},
		"localtimestamp":    {args: "int?", sql: "timezone('UTC', date_trunc('millisecond', now()))", ret: Timestamp},
		"localtime":         {args: "int?", sql: "CAST(timezone('UTC', date_trunc('millisecond', now())) AS TIME)", ret: Time},
		"current_timezone":  {sql: "'UTC'", ret: Varchar},

		"year":                 datePart("year"),
		"quarter":              datePart("quarter"),
		"month":                datePart("month"),
		"week":                 datePart("week"),
		"week_of_year":         datePart("week"),
		"day":                  datePart("day"),
		"day_of_month":         datePart("day"),
		"day_of_week":          datePart("isodow"),
		"dow":                  datePart("isodow"),
		"day_of_year":          datePart("dayofyear"),
		"doy":                  datePart("dayofyear"),
		"year_of_week":         datePart("isoyear"),
		"yow":                  datePart("isoyear"),
		"hour":                 datePart("hour"),
		"minute":               datePart("minute"),
		"second":               datePart("second"),
		"millisecond":          {args: "instant|time|interval", sql: "(date_part('millisecond', $1) % 1000)", ret: BigInt},
		"extract year":         datePart("year"),
		"extract quarter":      datePart("quarter"),
		"extract month":        datePart("month"),
		"extract week":         datePart("week"),
		"extract day":          datePart("day"),
		"extract hour":         datePart("hour"),
		"extract minute":       datePart("minute"),
		"extract second":       datePart("second"),
		"extract dow":          datePart("isodow"),
		"extract doy":          datePart("dayofyear"),
		"extract yow":          datePart("isoyear"),
		"extract day_of_month": datePart("day"),
		"extract day_of_week":  datePart("isodow"),
		"extract day_of_year":  datePart("dayofyear"),
		"extract year_of_week": datePart("isoyear"),
		"last_day_of_month":    {args: "instant", sql: "last_day($1)", ret: Date},

		"date":                   {args: "any", gen: castAs(Date)},
		"date_trunc":             {args: "text,instant|time", gen: dateTrunc},
		"date_add":               {args: "text,int,instant|time", gen: dateAdd},
		"date_diff":              {args: "text,instant|time,instant|time", gen: dateDiff},
		"date_format":            {args: "instant,text", gen: dateFormat},
		"date_parse":             {args: "text,text", gen: dateParse},
		"format_datetime":        {args: "instant,text", gen: formatDatetime},
		"parse_datetime":         {args: "text,text", gen: parseDatetime},
		"from_unixtime":          {args: "number,text?", gen: fromUnixtime},
		"from_unixtime_nanos":    {args: "int", sql: "make_timestamptz($1 // 1000)", ret: TimestampTZ},
		"to_unixtime":            {args: "instant", sql: "epoch(CAST($1 AS TIMESTAMPTZ))", ret: Double},
		"at_timezone":            {args: "instant,text", gen: func(t *translator, c *call, a []val) val { return t.zoned(c.Pos, a[0], a[1]) }},
		"with_timezone":          {args: "instant,text", sql: "timezone($2, CAST($1 AS TIMESTAMP))", ret: TimestampTZ},
		"to_iso8601":             {args: "instant", gen: toISO},
		"from_iso8601_date":      {args: "text", sql: "CAST($1 AS DATE)", ret: Date},
		"from_iso8601_timestamp": {args: "text", sql: "CAST($1 AS TIMESTAMPTZ)", ret: TimestampTZ},
		"to_milliseconds":        {args: "interval", sql: "CAST(epoch($1) * 1000 AS BIGINT)", ret: BigInt},
	}
}

func datePart(part string) function {
	return function{args: "instant|time|interval", sql: "date_part('" + part + "', $1)", ret: BigInt}
}

func castAs(k string) func(*translator, *call, []val) val {
	return func(t *translator, c *call, a []val) val { return t.cast(c.Pos, a[0], basic(k)) }
}

var timeUnits = set("millisecond second minute hour day week month quarter year")

// unit is a constant unit of time.
func (t *translator) unit(c *call, v val) string {
	u := strings.ToLower(t.constantText(c, 0, "the unit"))
	if !timeUnits[u] {
		t.fail(InvalidArgument, c.args[0].at(), "'%s' is not a valid %s field", u, strings.ToUpper(v.t.String()))
	}
	small := u == "millisecond" || u == "second" || u == "minute" || u == "hour"
	if v.t.is(Date) && small || v.t.is(Time) && !small {
		t.fail(InvalidArgument, c.args[0].at(), "'%s' is not a valid %s field", u, strings.ToUpper(v.t.String()))
	}
	return u
}

func dateTrunc(t *translator, c *call, a []val) val {
	sql := "date_trunc('" + t.unit(c, a[1]) + "', " + a[1].sql + ")"
	if a[1].t != nil {
		sql = "CAST(" + sql + " AS " + a[1].t.Duck() + ")"
	}
	return val{sql, a[1].t}
}

func dateAdd(t *translator, c *call, a []val) val {
	n := a[1].sql
	u := t.unit(c, a[2])
	switch u {
	case "quarter":
		u, n = "month", "("+n+" * 3)"
	case "week":
		u, n = "day", "("+n+" * 7)"
	}
	kind := "BIGINT"
	if u == "day" || u == "month" || u == "year" {
		kind = "INTEGER"
	}
	sql := "(" + a[2].sql + " + to_" + u + "s(CAST(" + n + " AS " + kind + ")))"
	if a[2].t.is(Date) {
		sql = "CAST(" + sql + " AS DATE)"
	}
	return val{sql, a[2].t}
}

// dateDiff counts whole units, which the engine calls date_sub.
func dateDiff(t *translator, c *call, a []val) val {
	u := t.unit(c, a[1])
	x, y := a[1].sql, a[2].sql
	if unify(a[1].t, a[2].t).is(TimestampTZ) {
		x, y = "CAST("+x+" AS TIMESTAMPTZ)", "CAST("+y+" AS TIMESTAMPTZ)"
	} else if a[1].t != nil && a[2].t != nil && a[1].t.Kind != a[2].t.Kind {
		x, y = "CAST("+x+" AS TIMESTAMP)", "CAST("+y+" AS TIMESTAMP)"
	}
	return val{"date_sub('" + u + "', " + x + ", " + y + ")", basic(BigInt)}
}

// asStamp is the instant as its clock shows it, for writing it out.
func asStamp(v val) string {
	if v.t.is(TimestampTZ) {
		return "timezone('UTC', " + v.sql + ")"
	}
	return "CAST(" + v.sql + " AS TIMESTAMP)"
}

var mysqlFormat = map[byte]string{'a': "%a", 'b': "%b", 'c': "%-m", 'd': "%d", 'e': "%-d", 'f': "%f", 'H': "%H", 'h': "%I", 'I': "%I",
	'i': "%M", 'j': "%j", 'k': "%-H", 'l': "%-I", 'M': "%B", 'm': "%m", 'p': "%p", 'r': "%I:%M:%S %p", 'S': "%S", 's': "%S",
	'T': "%H:%M:%S", 'v': "%V", 'W': "%A", 'x': "%G", 'Y': "%Y", 'y': "%y", '%': "%%"}

func (t *translator) mysql(c *call) string {
	f := t.constantText(c, 1, "the format")
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			b.WriteByte(f[i])
			continue
		}
		i++
		s, ok := mysqlFormat[f[i]]
		if !ok {
			if strings.IndexByte("DUuVwX", f[i]) >= 0 {
				t.fail(NotSupported, c.args[1].at(), "%%%c not supported in date format string", f[i])
			}
			s = f[i : i+1] // %x is x
		}
		b.WriteString(s)
	}
	return b.String()
}

func dateFormat(t *translator, c *call, a []val) val {
	return val{"strftime(" + asStamp(a[0]) + ", " + text(t.mysql(c)) + ")", basic(Varchar)}
}

func (t *translator) strptime() string {
	if t.try > 0 {
		return "try_strptime"
	}
	return "strptime"
}

func dateParse(t *translator, c *call, a []val) val {
	return val{marked(c.Pos, t.strptime()+"("+a[0].sql+", "+text(t.mysql(c))+")"), basic(Timestamp)}
}

// jodaFormat maps runs of a letter; the longest run that fits is taken.
var jodaFormat = map[string]string{"yyyy": "%Y", "YYYY": "%Y", "yy": "%y", "y": "%Y", "xxxx": "%G", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m",
	"dd": "%d", "d": "%-d", "DDD": "%j", "D": "%-j", "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a", "e": "%u", "ww": "%V", "HH": "%H", "H": "%-H",
	"hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "SSSSSS": "%f", "a": "%p"}

func (t *translator) joda(c *call) string {
	f := t.constantText(c, 1, "the format")
	var b strings.Builder
	for i := 0; i < len(f); {
		ch := f[i]
		switch {
		case ch == '\'':
			end := strings.IndexByte(f[i+1:], '\'')
			if end < 0 {
				t.fail(InvalidArgument, c.args[1].at(), "Invalid format: %s", f)
			}
			if end == 0 {
				b.WriteByte('\'')
			}
			b.WriteString(strings.ReplaceAll(f[i+1:i+1+end], "%", "%%"))
			i += end + 2
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			n := 1
			for i+n < len(f) && f[i+n] == ch {
				n++
			}
			s, ok := jodaFormat[f[i:i+n]]
			if !ok {
				t.fail(NotSupported, c.args[1].at(), "'%s' in a format is not supported", f[i:i+n])
			}
			b.WriteString(s)
			i += n
		case ch == '%':
			b.WriteString("%%")
			i++
		default:
			b.WriteByte(ch)
			i++
		}
	}
	return b.String()
}

func formatDatetime(t *translator, c *call, a []val) val {
	return val{"strftime(" + asStamp(a[0]) + ", " + text(t.joda(c)) + ")", basic(Varchar)}
}

func parseDatetime(t *translator, c *call, a []val) val {
	return val{marked(c.Pos, "timezone('UTC', "+t.strptime()+"("+a[0].sql+", "+text(t.joda(c))+"))"), basic(TimestampTZ)}
}

func fromUnixtime(t *translator, c *call, a []val) val {
	v := val{"make_timestamptz(CAST(round(CAST(" + a[0].sql + " AS DOUBLE) * 1000) AS BIGINT) * 1000)", basic(TimestampTZ)}
	if len(a) == 2 {
		return t.zoned(c.Pos, v, a[1])
	}
	return v
}

func toISO(_ *translator, _ *call, a []val) val {
	f := "%Y-%m-%dT%H:%M:%S.%g"
	switch {
	case a[0].t.is(Date):
		f = "%Y-%m-%d"
	case a[0].t.is(TimestampTZ):
		f += "Z"
	}
	return val{"strftime(" + asStamp(a[0]) + ", '" + f + "')", basic(Varchar)}
}
