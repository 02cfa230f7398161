package duckdb

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// cut is how the part of a table that may be seen is written: the columns that the statement names, each with its own
// condition, and the condition on rows.
type cut struct {
	names []string // of the columns that the statement names
	items []string
	where string
	need  map[string]bool // columns that are read for it
}

// cut reads the conditions of a table.
func (b *bound) cut() (*cut, error) {
	c := &cut{need: map[string]bool{}}
	if rows := b.table.Cut.Rows; rows != "" {
		cond, err := c.condition(b, rows)
		if err != nil {
			return nil, err
		}
		c.where = " WHERE " + cond
	}
	visible := b.visible()
	for _, col := range visible {
		if !b.use.All && !b.use.Columns[col.Name] {
			continue
		}
		c.need[col.Name] = true
		item := quoted(col.Name)
		if cell := b.table.Cut.Cells[col.Name]; cell != "" && cell != b.table.Cut.Rows {
			cond, err := c.condition(b, cell)
			if err != nil {
				return nil, err
			}
			item = "CASE WHEN " + cond + " THEN " + item + " END AS " + item
		}
		c.names, c.items = append(c.names, col.Name), append(c.items, item)
	}
	if len(c.items) == 0 { // count(*): rows without a value of any column
		c.items = []string{"NULL AS " + quoted(visible[0].Name)}
		if len(c.need) == 0 {
			c.need[visible[0].Name] = true
		}
	}
	return c, nil
}

func (c *cut) condition(b *bound, text string) (string, error) {
	cond, used, err := dialect.TranslateCondition(text, b.cols)
	if err != nil {
		return "", &sql.Error{Kind: sql.Internal, Code: "PERMISSION_DENIED", Text: "the filter of table '" + b.name.String() + "' can't be applied", Err: err}
	}
	for _, n := range used {
		c.need[n] = true
	}
	return cond, nil
}

// text holds all conditions.
func (c *cut) text() string { return c.where + strings.Join(c.items, " ") }

// bindCut writes the rows that may be seen, with the columns that the statement names, to a table of their own. Nothing of
// the user's statement but names of columns has a part in it, so neither its errors nor its time tell of hidden rows.
func (q *query) bindCut(ctx context.Context, b *bound) error {
	c, err := b.cut()
	if err != nil {
		return err
	}
	parts, err := q.parts(ctx, b)
	if err != nil {
		return err
	}
	if id := q.kept.identify(b, c, parts); id != "" {
		if ok, err := q.bindKept(ctx, b, c, parts, id); ok || err != nil {
			return err
		}
	}
	text, err := q.cutQuery(ctx, b, c, parts)
	if err != nil {
		return err
	}
	return q.in.exec(ctx, "CREATE TEMP TABLE "+quoted(b.ref)+" AS "+text)
}

// cutQuery is the query that gives the part of the table.
func (q *query) cutQuery(ctx context.Context, b *bound, c *cut, parts []part) (string, error) {
	cols := slices.DeleteFunc(slices.Clone(b.cols), func(col dialect.Column) bool { return !c.need[col.Name] })
	scan, err := q.scan(ctx, b, parts, cols, false)
	if err != nil {
		return "", err
	}
	for _, m := range dialect.Macros(c.text()) {
		if err := q.in.exec(ctx, m); err != nil {
			return "", err
		}
	}
	return "SELECT " + strings.Join(c.items, ", ") + " FROM (" + scan + ")" + c.where, nil
}
