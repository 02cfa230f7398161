package duckdb

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// scan is a query over files of a table that gives the columns, converted to their types. keep says that the user's
// statement will read the files itself.
func (q *query) scan(ctx context.Context, b *bound, list []part, cols []dialect.Column, keep bool) (string, error) {
	var parts []string
	for _, p := range list {
		paths, err := q.local(ctx, p.files)
		if err != nil {
			return "", err
		}
		if keep {
			q.open = append(q.open, paths...)
		}
		for _, group := range byCompression(paths) {
			part, err := q.scanFiles(ctx, b, cols, p.values, group)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, " UNION ALL "), nil
	}
	items := make([]string, len(cols))
	for i, c := range cols {
		items[i] = "CAST(NULL AS " + c.Type.Duck() + ") AS " + quoted(c.Name)
	}
	return "SELECT " + strings.Join(items, ", ") + " WHERE FALSE", nil
}

// wanted leaves out the partitions of which no row can have a part, before any of their files is looked for. Of a table
// that is cut to rows only the cut decides: which partitions are read, and for how long, tells of its rows.
func (q *query) wanted(ctx context.Context, b *bound) ([]sql.Partition, error) {
	var keys []dialect.Column
	for _, c := range b.cols {
		if c.Key {
			keys = append(keys, c)
		}
	}
	cond, known := b.use.Prune(), b.use.Keys()
	if cut := b.table.Cut; cut.Rows != "" {
		cond, known = dialect.KeyCondition(cut.Rows, keys), dialect.KeysOf(cut.Rows, keys)
	} else if len(cut.Cells) > 0 {
		cond, known = "", dialect.Keys{}
	}
	all := b.table.Partitions
	if b.table.List != nil {
		var err error
		if all, err = b.table.List(ctx, sql.Keys{Filter: known.Filter, Values: q.constants(known, keys)}); err != nil {
			return nil, err
		}
	}
	if cond == "" || len(keys) == 0 || len(all) < 2 {
		return all, nil
	}
	return q.matching(ctx, b, all, keys, cond), nil
}

// constants computes what keys must equal.
func (q *query) constants(known dialect.Keys, keys []dialect.Column) func(context.Context, string) ([]string, error) {
	return func(ctx context.Context, key string) ([]string, error) {
		list := known.Values[strings.ToLower(key)]
		at := slices.IndexFunc(keys, func(c dialect.Column) bool { return strings.EqualFold(c.Name, key) })
		if list == nil || at < 0 {
			return nil, nil
		}
		rows := make([]string, len(list))
		for i, v := range list {
			for _, m := range dialect.Macros(v) {
				if err := q.in.exec(ctx, m); err != nil {
					return nil, err
				}
			}
			rows[i] = "(CAST(TRY_CAST(" + v + " AS " + keys[at].Type.Duck() + ") AS VARCHAR))"
		}
		out, err := q.in.strings(ctx, "SELECT DISTINCT v FROM (VALUES "+strings.Join(rows, ", ")+") AS t(v) WHERE v IS NOT NULL ORDER BY v")
		if out == nil {
			out = []string{} // it equals nothing
		}
		return out, err
	}
}

// matching are the partitions whose values meet a condition.
func (q *query) matching(ctx context.Context, b *bound, all []sql.Partition, keys []dialect.Column, cond string) []sql.Partition {
	// The values come as lists and not as text of the statement, which the engine would read for seconds when they are many.
	lists, casts := "unnest(range("+strconv.Itoa(len(all))+")) AS "+quoted("#i"), ""
	params := make([]string, len(keys))
	for i, k := range keys {
		at, values := keyIndex(b.table, k), make([]*string, len(all))
		for n := range all {
			if v := all[n].Values; at >= 0 && at < len(v) && v[at] != sql.NullPartition {
				values[n] = &v[at]
			}
		}
		text, err := json.Marshal(values)
		if err != nil {
			return all
		}
		params[i] = string(text)
		lists += ", unnest(from_json($" + strconv.Itoa(i+1) + "::VARCHAR, '[\"VARCHAR\"]')) AS " + quoted("#"+k.Name)
		casts += ", CAST(" + quoted("#"+k.Name) + " AS " + k.Type.Duck() + ") AS " + quoted(k.Name)
	}
	for _, m := range dialect.Macros(cond) {
		if q.in.exec(ctx, m) != nil {
			return all
		}
	}
	kept, err := q.in.strings(ctx, "SELECT CAST(\"#i\" AS VARCHAR) FROM (SELECT \"#i\""+casts+" FROM (SELECT "+lists+")) WHERE "+cond, params...)
	if err != nil {
		return all // the condition will fail again where it can be told
	}
	var numbers []int
	for _, k := range kept {
		if i, err := strconv.Atoi(k); err == nil {
			numbers = append(numbers, i)
		}
	}
	sort.Ints(numbers)
	out := make([]sql.Partition, len(numbers))
	for i, n := range numbers {
		out[i] = all[n]
	}
	return out
}

// byCompression puts files together that one call can read.
func byCompression(paths []string) [][]string {
	groups := map[string][]string{}
	for _, p := range paths {
		groups[extension(p)] = append(groups[extension(p)], p)
	}
	var out [][]string
	for _, e := range []string{"", ".gz", ".zst"} {
		if len(groups[e]) > 0 {
			out = append(out, groups[e])
		}
	}
	return out
}

// source is what files are read with: a FROM item, and how each column is written from it.
type source struct {
	from string
	item func(c dialect.Column) string
}

func (q *query) scanFiles(ctx context.Context, b *bound, cols []dialect.Column, values []string, paths []string) (string, error) {
	var src source
	var err error
	switch b.table.Format.Kind {
	case sql.Parquet:
		if byID := ids(b.table.Columns); len(byID) > 0 {
			src = parquetByID(byID, cols, paths)
		} else {
			src, err = q.parquet(ctx, paths)
		}
	case sql.LazySimple:
		src, err = lazySimple(b, paths)
	case sql.OpenCSV:
		src, err = openCSV(b, paths)
	case sql.JSONLines:
		src, err = q.jsonLines(ctx, b, cols, paths)
	default:
		return "", sql.Errorf(sql.NotSupported, "HIVE_UNSUPPORTED_FORMAT", "table '%s' has a format that is not supported: %s", b.name, b.table.Format.Kind)
	}
	if err != nil {
		return "", err
	}
	items := make([]string, len(cols))
	for i, c := range cols {
		items[i] = partitionValue(b.table, values, c)
		if items[i] == "" {
			items[i] = src.item(c)
		}
		items[i] += " AS " + quoted(c.Name)
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + src.from, nil
}

// keyIndex is where a partition has its value of a key or of a fixed column, -1 for a column of the files.
func keyIndex(t *sql.Table, c dialect.Column) int {
	is := func(name string) bool { return strings.EqualFold(name, c.Name) }
	if i := slices.IndexFunc(t.Keys, func(k sql.Column) bool { return is(k.Name) }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(t.Fixed, is); i >= 0 {
		return len(t.Keys) + i
	}
	return -1
}

// partitionValue is the constant of a partition key or a fixed column, "" for a column of the files.
func partitionValue(t *sql.Table, values []string, c dialect.Column) string {
	i := keyIndex(t, c)
	switch {
	case i < 0:
		return ""
	case i >= len(values) || values[i] == sql.NullPartition:
		return "CAST(NULL AS " + c.Type.Duck() + ")"
	}
	return "CAST(" + literal(values[i]) + " AS " + c.Type.Duck() + ")"
}

func pathList(paths []string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = literal(p)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// parquet reads columns by name; a column that no file has is NULL.
func (q *query) parquet(ctx context.Context, paths []string) (source, error) {
	from := "read_parquet(" + pathList(paths) + ", hive_partitioning = false"
	if len(paths) > 1 {
		from += ", union_by_name = true"
	}
	from += ")"
	names, types, err := q.in.columns(ctx, "SELECT * FROM "+from)
	if err != nil {
		return source{}, err
	}
	have := map[string]string{}
	for i, n := range names {
		have[strings.ToLower(n)] = types[i]
	}
	return source{from, func(c dialect.Column) string {
		typ, ok := have[c.Name]
		switch {
		case !ok:
			return "CAST(NULL AS " + c.Type.Duck() + ")"
		case strings.EqualFold(strings.ReplaceAll(typ, "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"), c.Type.Duck()):
			return quoted(c.Name)
		case c.Type.Kind == dialect.Varchar && typ == "BLOB":
			return "decode(" + quoted(c.Name) + ")"
		}
		return "CAST(" + quoted(c.Name) + " AS " + c.Type.Duck() + ")"
	}}, nil
}

// ids are the numbers of columns in Parquet files.
func ids(list []sql.Column) map[string]int {
	out := map[string]int{}
	for _, c := range list {
		if c.ID > 0 {
			out[strings.ToLower(c.Name)] = c.ID
		}
	}
	return out
}

// parquetByID reads columns by their numbers; a column that a file lacks is NULL.
func parquetByID(byID map[string]int, cols []dialect.Column, paths []string) source {
	var items []string
	for _, c := range cols {
		if id := byID[c.Name]; id > 0 {
			items = append(items, strconv.Itoa(id)+": {name: "+literal(c.Name)+", type: "+literal(c.Type.Duck())+", default_value: NULL}")
		}
	}
	if len(items) == 0 { // rows without a value
		return source{from: "read_parquet(" + pathList(paths) + ", hive_partitioning = false)", item: func(c dialect.Column) string { return "NULL" }}
	}
	from := "read_parquet(" + pathList(paths) + ", hive_partitioning = false, schema = MAP {" + strings.Join(items, ", ") + "})"
	return source{from, func(c dialect.Column) string {
		if byID[c.Name] == 0 {
			return "CAST(NULL AS " + c.Type.Duck() + ")"
		}
		return quoted(c.Name)
	}}
}
