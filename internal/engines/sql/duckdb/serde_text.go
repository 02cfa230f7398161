package duckdb

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// csvOptions are what read_csv is told. Columns of the file are all read as text.
type csvOptions struct {
	delim, quote, escape, null string
	skip                       int
}

func (o csvOptions) from(b *bound, paths []string) string {
	cols := make([]string, len(b.table.Columns))
	for i, c := range b.table.Columns {
		cols[i] = literal(strings.ToLower(c.Name)) + ": 'VARCHAR'"
	}
	s := "read_csv(" + pathList(paths) + ", auto_detect = false, header = false, hive_partitioning = false, strict_mode = false, null_padding = true" +
		", delim = " + literal(o.delim) + ", quote = " + literal(o.quote) + ", escape = " + literal(o.escape) +
		", skip = " + strconv.Itoa(o.skip) + ", columns = {" + strings.Join(cols, ", ") + "}"
	if o.null != "" {
		s += ", nullstr = " + literal(o.null)
	} else {
		s += ", nullstr = " + literal("\x01\x02no null\x02\x01")
	}
	switch extension(paths[0]) {
	case ".gz":
		s += ", compression = 'gzip'"
	case ".zst":
		s += ", compression = 'zstd'"
	default:
		s += ", compression = 'none'"
	}
	return s + ")"
}

// property is the first of the names that is set.
func property(f sql.Format, fallback string, names ...string) string {
	for _, n := range names {
		if v, ok := f.Properties[n]; ok && v != "" {
			return v
		}
	}
	return fallback
}

// delimiter reads a delimiter of the catalog's: itself, an escape (\t, \001) or the number of a character.
func delimiter(s string) string {
	switch {
	case s == `\t`:
		return "\t"
	case s == `\n`:
		return "\n"
	case strings.HasPrefix(s, `\u`):
		if n, err := strconv.ParseUint(s[2:], 16, 16); err == nil {
			return string(rune(n))
		}
	case len(s) == 4 && s[0] == '\\':
		if n, err := strconv.ParseUint(s[1:], 8, 8); err == nil {
			return string(rune(n))
		}
	case len(s) > 1 && strings.Trim(s, "0123456789") == "":
		if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 256 {
			return string(rune(n))
		}
	}
	return s
}

func skipOf(f sql.Format) (int, error) {
	s := property(f, "0", "skip.header.line.count")
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 1<<20 {
		return 0, sql.Errorf(sql.NotSupported, "HIVE_INVALID_METADATA", "skip.header.line.count is not a number: %s", s)
	}
	return n, nil
}

// lazySimple reads text without quotes. What can't be read as its type is NULL.
// Source: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
func lazySimple(b *bound, paths []string) (source, error) {
	f := b.table.Format
	skip, err := skipOf(f)
	if err != nil {
		return source{}, err
	}
	o := csvOptions{delim: delimiter(property(f, "\x01", "field.delim", "serialization.format")), null: property(f, `\N`, "serialization.null.format"), skip: skip}
	if o.delim == "1" {
		o.delim = "\x01"
	}
	if e := property(f, "", "escape.delim"); e != "" {
		o.escape = delimiter(e)
	}
	if utf8.RuneCountInString(o.delim) > 4 || o.delim == "" || utf8.RuneCountInString(o.escape) > 1 {
		return source{}, sql.Errorf(sql.NotSupported, "HIVE_INVALID_METADATA", "the delimiters of table '%s' are not supported", b.name)
	}
	levels := []string{
		delimiter(property(f, "\x02", "collection.delim", "colelction.delim")),
		delimiter(property(f, "\x03", "mapkey.delim")),
		"\x04", "\x05", "\x06", "\x07", "\x08",
	}
	return source{o.from(b, paths), func(c dialect.Column) string { return lazyValue(quoted(c.Name), c.Type, levels) }}, nil
}

// lazyValue turns a text into a value; nested values have a delimiter for each level.
func lazyValue(x string, t *sql.Type, levels []string) string {
	if len(levels) == 0 {
		return "NULL"
	}
	v := quoted("L" + strconv.Itoa(len(levels)))
	switch t.Kind {
	case dialect.Array:
		return fmt.Sprintf("(CASE WHEN %s = '' THEN [] ELSE list_transform(string_split(%s, %s), lambda %s : %s) END)", x, x, literal(levels[0]), v,
			lazyValue(v, t.Elems[0], levels[1:]))
	case dialect.Map:
		if len(levels) < 2 {
			return "NULL"
		}
		k := "split_part(" + v + ", " + literal(levels[1]) + ", 1)"
		val := "split_part(" + v + ", " + literal(levels[1]) + ", 2)"
		return fmt.Sprintf("map_from_entries(list_transform(list_filter(string_split(%s, %s), lambda %s : %s <> ''), lambda %s : struct_pack(key := %s, value := %s)))",
			x, literal(levels[0]), v, v, v, lazyValue(k, t.Elems[0], levels[2:]), lazyValue(val, t.Elems[1], levels[2:]))
	case dialect.Row:
		fields := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			fields[i] = quoted(t.Names[i]) + " := " + lazyValue(fmt.Sprintf("string_split(%s, %s)[%d]", x, literal(levels[0]), i+1), e, levels[1:])
		}
		return "(CASE WHEN " + x + " IS NOT NULL THEN struct_pack(" + strings.Join(fields, ", ") + ") END)"
	}
	return scalar(x, t)
}

// scalar reads a text as its type, NULL when it can't be.
func scalar(x string, t *sql.Type) string {
	switch t.Kind {
	case dialect.Varchar, dialect.Char:
		if t.P > 0 {
			return fmt.Sprintf("left(%s, %d)", x, t.P)
		}
		return x
	case dialect.TinyInt, dialect.SmallInt, dialect.Integer, dialect.BigInt:
		return "TRY_CAST(CASE WHEN NOT contains(" + x + ", '.') THEN " + x + " END AS " + t.Duck() + ")"
	case dialect.Boolean:
		return "(CASE lower(" + x + ") WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END)"
	case dialect.Varbinary:
		return "try(from_base64(" + x + "))"
	}
	return "TRY_CAST(" + x + " AS " + t.Duck() + ")"
}

// openCSV reads text with quotes. Dates and timestamps are written as numbers.
// Source: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
func openCSV(b *bound, paths []string) (source, error) {
	f := b.table.Format
	skip, err := skipOf(f)
	if err != nil {
		return source{}, err
	}
	o := csvOptions{delim: delimiter(property(f, ",", "separatorChar")), quote: delimiter(property(f, `"`, "quoteChar")),
		escape: delimiter(property(f, `\`, "escapeChar")), skip: skip}
	doubled := o.escape != o.quote // opencsv takes a quote that is written twice for one as well
	if o.escape == o.delim || len(o.delim) > 1 || len(o.quote) > 1 || len(o.escape) > 1 {
		return source{}, sql.Errorf(sql.NotSupported, "HIVE_INVALID_METADATA", "the delimiters of table '%s' are not supported", b.name)
	}
	return source{o.from(b, paths), func(c dialect.Column) string {
		x := quoted(c.Name)
		if doubled {
			x = "replace(" + x + ", " + literal(o.quote+o.quote) + ", " + literal(o.quote) + ")"
		}
		switch c.Type.Kind {
		case dialect.Date:
			return "(DATE '1970-01-01' + TRY_CAST(" + x + " AS INTEGER))"
		case dialect.Timestamp:
			return "make_timestamp(TRY_CAST(" + x + " AS BIGINT) * 1000)"
		case dialect.Array, dialect.Map, dialect.Row:
			return "CAST(NULL AS " + c.Type.Duck() + ")"
		}
		return scalar(x, c.Type)
	}}, nil
}
