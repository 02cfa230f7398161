package duckdb

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// jsonLines reads one object a line. Keys are compared without case, so the keys that there are, are looked at first.
// Source: https://docs.aws.amazon.com/athena/latest/ug/json-serde.html
func (q *query) jsonLines(ctx context.Context, b *bound, cols []dialect.Column, paths []string) (source, error) {
	options := pathList(paths) + ", hive_partitioning = false, maximum_object_size = 33554432"
	switch extension(paths[0]) {
	case ".gz":
		options += ", compression = 'gzip'"
	case ".zst":
		options += ", compression = 'zstd'"
	default:
		options += ", compression = 'uncompressed'"
	}
	if strings.EqualFold(property(b.table.Format, "", "ignore.malformed.json"), "true") {
		options += ", ignore_errors = true"
	}
	found, err := q.in.strings(ctx, "SELECT DISTINCT unnest(json_keys(json)) FROM read_ndjson_objects("+options+") WHERE json_type(json) = 'OBJECT'")
	if err != nil {
		return source{}, err
	}
	sort.Strings(found)
	keys := map[string][]string{}
	for _, k := range found {
		keys[strings.ToLower(k)] = append(keys[strings.ToLower(k)], k)
	}
	mapped := mappings(b.table.Format)
	var read []string
	items := map[string]string{}
	for _, c := range cols {
		wanted := c.Name
		if m, ok := mapped[c.Name]; ok {
			wanted = strings.ToLower(m)
		}
		var variants []string
		for _, k := range keys[wanted] {
			col := fmt.Sprintf("J%d", len(read))
			read = append(read, "json_extract(json, "+literal(pointer(k))+") AS "+quoted(col))
			variants = append(variants, quoted(col))
		}
		switch len(variants) {
		case 0:
			items[c.Name] = "CAST(NULL AS " + c.Type.Duck() + ")"
		case 1:
			items[c.Name] = jsonValue(variants[0], c.Type)
		default:
			items[c.Name] = jsonValue("coalesce("+strings.Join(variants, ", ")+")", c.Type)
		}
	}
	if len(read) == 0 {
		read = []string{"1 AS \"J0\""}
	}
	from := "(SELECT " + strings.Join(read, ", ") + " FROM read_ndjson_objects(" + options + "))"
	return source{from, func(c dialect.Column) string { return items[c.Name] }}, nil
}

// mappings are the SerDe's own names for columns: mapping.ts = timestamp.
func mappings(f sql.Format) map[string]string {
	out := map[string]string{}
	for k, v := range f.Properties {
		if c, ok := strings.CutPrefix(k, "mapping."); ok {
			out[strings.ToLower(c)] = v
		}
	}
	return out
}

// pointer names a key as a JSON pointer.
func pointer(key string) string {
	return "/" + strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// jsonValue reads JSON as a type. A text column takes objects and lists as they are written.
func jsonValue(x string, t *sql.Type) string {
	switch t.Kind {
	case dialect.Array, dialect.Map, dialect.Row:
		return fmt.Sprintf("TRY_CAST(from_json(%s, %s) AS %s)", x, literal(shape(t)), t.Duck())
	case dialect.JSON:
		return x
	}
	return scalar("json_extract_string("+x+", '$')", t)
}

// shape is a type as from_json wants it.
func shape(t *sql.Type) string {
	switch t.Kind {
	case dialect.Array:
		return "[" + shape(t.Elems[0]) + "]"
	case dialect.Map:
		return "\"MAP(VARCHAR, " + strings.ReplaceAll(t.Elems[1].Duck(), `"`, `\"`) + ")\""
	case dialect.Row:
		fields := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			fields[i] = fmt.Sprintf("%q: %s", t.Names[i], shape(e))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return fmt.Sprintf("%q", t.Duck())
}
