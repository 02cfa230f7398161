package rowfilter

import (
	"strconv"
	"strings"
)

// Format writes the expression anew, in one form. Parse reads it as the same tree.
func Format(e Expression) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

func write(b *strings.Builder, e Expression) {
	not := func(n bool) {
		if n {
			b.WriteString(" NOT")
		}
	}
	terms := func(list []Expression, between string) {
		for i, t := range list {
			if i > 0 {
				b.WriteString(between)
			}
			b.WriteByte('(')
			write(b, t)
			b.WriteByte(')')
		}
	}
	switch e := e.(type) {
	case *And:
		terms(e.Terms, " AND ")
	case *Or:
		terms(e.Terms, " OR ")
	case *Not:
		b.WriteString("NOT (")
		write(b, e.Term)
		b.WriteByte(')')
	case *Compare:
		b.WriteString(value(e.Left) + " " + e.Operator + " " + value(e.Right))
	case *In:
		b.WriteString(value(e.Value))
		not(e.Not)
		b.WriteString(" IN (")
		for i, o := range e.List {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(value(o))
		}
		b.WriteByte(')')
	case *Between:
		b.WriteString(value(e.Value))
		not(e.Not)
		b.WriteString(" BETWEEN " + value(e.Low) + " AND " + value(e.High))
	case *Like:
		b.WriteString(value(e.Value))
		not(e.Not)
		b.WriteString(" LIKE " + quote(e.Pattern, "'"))
		if e.Escape != "" {
			b.WriteString(" ESCAPE " + quote(e.Escape, "'"))
		}
	case *IsNull:
		b.WriteString(value(e.Value) + " IS")
		not(e.Not)
		b.WriteString(" NULL")
	case *Constant:
		b.WriteString(strings.ToUpper(strconv.FormatBool(e.Value)))
	}
}

func quote(s, q string) string { return q + strings.ReplaceAll(s, q, q+q) + q }

func value(o Operand) string {
	switch o := o.(type) {
	case Column:
		parts := make([]string, len(o))
		for i, name := range o {
			parts[i] = quote(name, `"`)
		}
		return strings.Join(parts, ".")
	case String:
		return quote(string(o), "'")
	case Number:
		return string(o)
	case Boolean:
		return strings.ToUpper(strconv.FormatBool(bool(o)))
	case Date:
		return "DATE " + quote(string(o), "'")
	case Timestamp:
		return "TIMESTAMP " + quote(string(o), "'")
	case *Cast:
		return "CAST(" + value(o.Value) + " AS " + o.Type + ")"
	}
	return ""
}
