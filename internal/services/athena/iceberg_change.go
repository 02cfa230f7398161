package athena

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// changesTried is how often a change is computed anew when others change the table before it is done.
const changesTried = 5

// The names by which the queries that compute a change know its table. No statement of a caller's can name them: there is no
// such database.
const (
	targetDatabase = "$iceberg"
	targetTable    = `"` + targetDatabase + `"."target"`
	pathColumn     = "$path"
)

// rowChange is a change of rows at work.
type rowChange struct {
	q       *session
	name    statement.Name
	t       *iceberg.Table
	o       *icebergFiles
	plan    *iceberg.Plan
	columns []iceberg.Column
	scanned int64
}

// changeable finds a table of Iceberg whose rows the caller may change: all that there is of it.
func (q *session) changeable(ctx context.Context, n statement.Name, needs governance.Permissions) (*lake.Table, error) {
	r, err := q.writable(ctx, n, needs)
	if err != nil {
		return nil, err
	}
	if !isIceberg(r.Parameters) {
		return nil, notSupported("line %d:%d: Modifying Hive table rows is only supported for transactional tables", n.Pos.Line, n.Pos.Column)
	}
	if !r.Access.ByIAM && !r.Access.Whole() {
		return nil, failure(accessDenied, "PERMISSION_DENIED: rows of %s may be changed only by those who may read all of its rows and columns", n.Name)
	}
	return r, nil
}

// changeRows computes a change and commits it, anew when others came first. compute gives the files that go, those that come,
// and how many rows there are to it.
func (q *session) changeRows(ctx context.Context, n statement.Name, needs governance.Permissions,
	compute func(*rowChange) (old []iceberg.DataFile, files []iceberg.Written, rows int64, err error)) error {
	r, err := q.changeable(ctx, n, needs)
	if err != nil {
		return err
	}
	as, err := q.files.Owner(ctx, r, icebergRoot(&r.Table.Table))
	if err != nil {
		return queryFault(err)
	}
	for try := 1; ; try++ {
		c := &rowChange{q: q, name: n}
		if c.t, c.o, err = q.icebergTable(ctx, r, as); err != nil {
			return queryFault(err)
		}
		if c.plan, err = c.t.Plan(ctx, iceberg.At{}); err != nil {
			return queryFault(q.icebergFault(err, n.Name))
		}
		c.columns = c.plan.Columns
		old, files, rows, err := compute(c)
		q.target = nil
		if err != nil {
			c.o.drop(ctx)
			return unplaced(err)
		}
		q.e.Updated, q.e.Rows.OutputRows, q.e.Statistics.DataScannedInBytes = aws.Int64(rows), rows, aws.Int64(c.scanned)
		_, err = c.plan.Replace(ctx, old, files)
		if errors.Is(err, iceberg.ErrConflict) && try < changesTried && ctx.Err() == nil {
			c.o.drop(ctx)
			r.Parameters = nil
			if r, err = q.changeable(ctx, n, needs); err != nil {
				return err
			}
			continue
		}
		return q.committed(ctx, c.o, err)
	}
}

// ask runs a query over the target, of which there are the given files.
func (c *rowChange) ask(ctx context.Context, files []iceberg.DataFile, text string, take func(row []any)) error {
	c.aim(files)
	err := c.q.answer(ctx, text, func([]sql.ResultColumn) error { return nil }, func(chunk *sql.Chunk) error {
		for i := range chunk.Len {
			row := make([]any, len(chunk.Columns))
			for j := range row {
				row[j] = chunk.Columns[j][i]
			}
			take(row)
		}
		return nil
	})
	c.scanned += aws.ToInt64(c.q.e.Statistics.DataScannedInBytes)
	return err
}

// write runs a query over the target and writes its rows, which have the table's columns.
func (c *rowChange) write(ctx context.Context, files []iceberg.DataFile, text string) ([]iceberg.Written, error) {
	c.aim(files)
	out, err := c.q.writeIceberg(ctx, c.t, c.o, c.columns, text)
	c.scanned += aws.ToInt64(c.q.e.Statistics.DataScannedInBytes)
	return out, err
}

// aim lets the target be some files of the table, each with its location in a column of its own.
func (c *rowChange) aim(files []iceberg.DataFile) {
	p := *c.plan
	p.Files = files
	c.q.target = c.o.describe(&p, sql.Cut{})
	c.q.target.Keys = []sql.Column{{Name: pathColumn, Type: "string"}}
	c.q.target.Partitions = c.o.eachFile(&p)
}

// eachFile makes a partition of each file.
func (f *icebergFiles) eachFile(p *iceberg.Plan) (out []sql.Partition) {
	for _, d := range p.Files {
		one := *p
		one.Files = []iceberg.DataFile{d}
		t := f.describe(&one, sql.Cut{})
		t.Partitions[0].Values = append([]string{d.Location}, t.Partitions[0].Values...)
		out = append(out, t.Partitions[0])
	}
	return out
}

// matching counts, by file, the rows that a condition holds for. text gives locations and counts.
func (c *rowChange) matching(ctx context.Context, text string) (some, all []iceberg.DataFile, rows int64, err error) {
	counts := map[string]int64{}
	if err = c.ask(ctx, c.plan.Files, text, func(row []any) { counts[row[0].(string)] = row[1].(int64) }); err != nil {
		return nil, nil, 0, err
	}
	for _, f := range c.plan.Files {
		n := counts[f.Location]
		rows += n
		switch {
		case n > 0 && n == f.Rows:
			all = append(all, f)
		case n > 0:
			some = append(some, f)
		}
	}
	return some, all, rows, nil
}

// deleteRows deletes the rows that a condition holds for: their files are written anew without them.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-delete.html
func (q *session) deleteRows(ctx context.Context, st statement.Delete) error {
	return q.changeRows(ctx, st.Table, governance.Delete, func(c *rowChange) ([]iceberg.DataFile, []iceberg.Written, int64, error) {
		where := st.Where
		if where == "" {
			where = "true"
		}
		from := " FROM " + targetTable + " AS " + quotedName(st.Table.Name)
		some, all, rows, err := c.matching(ctx, `SELECT "$path", count(*)`+from+" WHERE (\n"+where+"\n) GROUP BY 1")
		if err != nil || len(some) == 0 {
			return all, nil, rows, err
		}
		files, err := c.write(ctx, some, "SELECT "+c.items(nil)+from+" WHERE NOT coalesce((\n"+where+"\n), false)")
		return append(all, some...), files, rows, err
	})
}

// updateRows changes values of the rows that a condition holds for: their files are written anew.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-update.html
func (q *session) updateRows(ctx context.Context, st statement.Update) error {
	return q.changeRows(ctx, st.Table, governance.Delete|governance.Insert, func(c *rowChange) ([]iceberg.DataFile, []iceberg.Written, int64, error) {
		where := st.Where
		if where == "" {
			where = "true"
		}
		set, err := c.assigned(st.Set, false)
		if err != nil {
			return nil, nil, 0, err
		}
		for k, v := range set {
			set[k] = "CASE WHEN (\n" + where + "\n) THEN (\n" + v + "\n) ELSE " + quotedName(k) + " END"
		}
		from := " FROM " + targetTable + " AS " + quotedName(st.Table.Name)
		some, all, rows, err := c.matching(ctx, `SELECT "$path", count(*)`+from+" WHERE (\n"+where+"\n) GROUP BY 1")
		if err != nil || rows == 0 {
			return nil, nil, 0, err
		}
		old := append(all, some...)
		files, err := c.write(ctx, old, "SELECT "+c.items(set)+from)
		return old, files, rows, err
	})
}

// assigned is what columns are set to. Those of an INSERT without names are the table's.
func (c *rowChange) assigned(list []statement.Assignment, byPlace bool) (map[string]string, error) {
	out := map[string]string{}
	if byPlace && len(list) > 0 && list[0].Column == "" && len(list) != len(c.columns) {
		return nil, failure(userError, "TYPE_MISMATCH: MERGE insert has %d values but the table has %d columns", len(list), len(c.columns))
	}
	for i, a := range list {
		name := a.Column
		if name == "" {
			name = c.columns[i].Name
		}
		known := false
		for _, have := range c.columns {
			known = known || have.Name == name
		}
		if !known {
			return nil, failure(userError, "COLUMN_NOT_FOUND: The column name %s does not exist in table %s", name, c.name.Name)
		}
		if _, twice := out[name]; twice {
			return nil, failure(userError, "SYNTAX_ERROR: There are multiple assignments to the column %s", name)
		}
		out[name] = a.Value
	}
	return out, nil
}

// items are the columns of the table in a SELECT; some are given by expressions.
func (c *rowChange) items(set map[string]string) string {
	var out []string
	for _, column := range c.columns {
		value, ok := set[column.Name]
		if !ok {
			value = quotedName(column.Name)
		}
		if kind, err := dialect.ParseHive(column.Type); err == nil && ok {
			value = "CAST(" + value + " AS " + kind.String() + ")"
		}
		out = append(out, value+" AS "+quotedName(column.Name))
	}
	return strings.Join(out, ", ")
}

func quotedName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

var linePlace = regexp.MustCompile(`line \d+:\d+: `)

// unplaced takes the place out of a failure: it is one in a text that the caller doesn't know.
func unplaced(err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	out := *f
	out.message = linePlace.ReplaceAllString(f.message, "")
	return &out
}
