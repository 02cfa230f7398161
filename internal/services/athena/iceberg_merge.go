package athena

import (
	"context"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
)

// merge changes, deletes and adds rows by those of a source.
// Source: https://docs.aws.amazon.com/athena/latest/ug/merge-into-statement.html
func (q *session) merge(ctx context.Context, st statement.Merge) error {
	return q.changeRows(ctx, st.Table, governance.Delete|governance.Insert, func(c *rowChange) ([]iceberg.DataFile, []iceberg.Written, int64, error) {
		m, err := c.merging(st)
		if err != nil {
			return nil, nil, 0, err
		}
		old, files, changed, err := m.change(ctx)
		if err != nil {
			return nil, nil, 0, err
		}
		added, rows, err := m.add(ctx)
		return old, append(files, added...), changed + rows, err
	})
}

// merging is a MERGE as queries.
type merging struct {
	*rowChange
	target, source, on string
	act, fresh         string // which WHEN is for a pair of rows, or a row of the source alone; 0: none
	set, insert        map[string]string
	deletes            []string // numbers
}

func (c *rowChange) merging(st statement.Merge) (*merging, error) {
	alias := quotedName(st.SourceAlias)
	from := st.Source
	if !strings.HasPrefix(from, "(") || st.As != "" {
		from += " AS " + alias + st.As
	}
	m := &merging{rowChange: c, target: targetTable + " AS " + quotedName(st.Alias), source: "(SELECT *, true AS \"$hit\" FROM " + from + "\n) AS " + alias,
		on: "(\n" + st.On + "\n)", act: "CASE", fresh: "CASE", set: map[string]string{}, insert: map[string]string{}}
	for i, w := range st.Cases {
		n, cond := strconv.Itoa(i+1), "true"
		if w.And != "" {
			cond = "(\n" + w.And + "\n)"
		}
		if w.Matched {
			m.act += " WHEN " + cond + " THEN " + n
		} else {
			m.fresh += " WHEN " + cond + " THEN " + n
		}
		if w.Delete {
			m.deletes = append(m.deletes, n)
			continue
		}
		set, err := c.assigned(w.Set, !w.Matched)
		if err != nil {
			return nil, err
		}
		to := m.set
		if !w.Matched {
			to = m.insert
		}
		for column, v := range set {
			to[column] += " WHEN " + n + " THEN (\n" + v + "\n)"
		}
	}
	m.act, m.fresh = closed(m.act), closed(m.fresh)
	for column, whens := range m.set {
		m.set[column] = "CASE CASE WHEN \"$hit\" THEN " + m.act + " END" + whens + " ELSE " + quotedName(st.Alias) + "." + quotedName(column) + " END"
	}
	for _, column := range c.columns {
		if _, ok := m.set[column.Name]; !ok {
			m.set[column.Name] = quotedName(st.Alias) + "." + quotedName(column.Name)
		}
		if whens, ok := m.insert[column.Name]; ok {
			m.insert[column.Name] = "CASE " + m.fresh + whens + " END"
		} else {
			m.insert[column.Name] = "NULL"
		}
	}
	return m, nil
}

func closed(whens string) string {
	if whens == "CASE" {
		return "0"
	}
	return whens + " ELSE 0 END"
}

// change writes the files anew that have rows with a match.
func (m *merging) change(ctx context.Context) (old []iceberg.DataFile, files []iceberg.Written, rows int64, err error) {
	if m.act == "0" {
		return nil, nil, 0, nil
	}
	numbered := "(SELECT *, row_number() OVER () AS \"$row\" FROM " + targetTable + ") AS " + m.target[len(targetTable)+4:]
	counts, most := map[string]int64{}, int64(0)
	err = m.ask(ctx, m.plan.Files, `SELECT "$p", count(*), max("$n") FROM (SELECT "$path" AS "$p", "$row" AS "$r", count(*) AS "$n" FROM `+numbered+
		" JOIN "+m.source+" ON "+m.on+" WHERE "+m.act+" > 0 GROUP BY 1, 2) AS x GROUP BY 1", func(row []any) {
		counts[row[0].(string)] = row[1].(int64)
		most = max(most, row[2].(int64))
	})
	if err != nil {
		return nil, nil, 0, err
	}
	if most > 1 {
		return nil, nil, 0, failure(userError, "MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row")
	}
	for _, f := range m.plan.Files {
		if n := counts[f.Location]; n > 0 {
			old, rows = append(old, f), rows+n
		}
	}
	if len(old) == 0 {
		return nil, nil, 0, nil
	}
	text := "SELECT " + m.items(m.set) + " FROM " + m.target + " LEFT JOIN " + m.source + " ON " + m.on + " AND " + m.act + " > 0"
	if len(m.deletes) > 0 {
		text += " WHERE NOT coalesce(\"$hit\" AND " + m.act + " IN (" + strings.Join(m.deletes, ", ") + "), false)"
	}
	files, err = m.write(ctx, old, text)
	return old, files, rows, err
}

// add writes the rows of the source that have no match.
func (m *merging) add(ctx context.Context) ([]iceberg.Written, int64, error) {
	if m.fresh == "0" {
		return nil, 0, nil
	}
	before := m.q.e.Rows.OutputRows
	files, err := m.write(ctx, m.plan.Files, "SELECT "+m.items(m.insert)+" FROM "+m.source+" LEFT JOIN "+m.target+" ON "+m.on+
		` WHERE "$path" IS NULL AND `+m.fresh+" > 0")
	return files, m.q.e.Rows.OutputRows - before, err
}
