package athena

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
)

// openIceberg opens a table to be changed as a whole.
func (q *session) openIceberg(ctx context.Context, n statement.Name, needs governance.Permissions) (*iceberg.Table, *icebergFiles, error) {
	r, err := q.writable(ctx, n, needs)
	if err != nil {
		return nil, nil, err
	}
	if !isIceberg(r.Parameters) {
		return nil, nil, notSupported("line %d:%d: only tables of Iceberg are optimized or vacuumed", n.Pos.Line, n.Pos.Column)
	}
	as, err := q.files.Owner(ctx, r, icebergRoot(&r.Table.Table))
	if err != nil {
		return nil, nil, queryFault(err)
	}
	t, o, err := q.icebergTable(ctx, r, as)
	return t, o, queryFault(err)
}

// alterIceberg changes the definition of a table.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
func (q *session) alterIceberg(ctx context.Context, st statement.AlterTable) error {
	t, o, err := q.openIceberg(ctx, st.Table, governance.Alter)
	if err != nil {
		return err
	}
	columns, err := t.Columns()
	if err != nil {
		return queryFault(q.icebergFault(err, st.Table.Name))
	}
	var c iceberg.Change
	switch a := st.Action.(type) {
	case statement.AddColumns:
		for _, add := range a.Columns {
			if slices.ContainsFunc(columns, func(have iceberg.Column) bool { return have.Name == add.Name }) {
				return ddlFault("SemanticException [Error 10036]: Duplicate column name: %s", add.Name)
			}
			c.Add = append(c.Add, iceberg.Column{Name: add.Name, Type: add.Type, Doc: add.Comment})
		}
	case statement.DropColumn:
		c.Drop = []string{a.Name}
	case statement.ReplaceColumns: // Athena's way to drop several
		for _, keep := range a.Columns {
			i := slices.IndexFunc(columns, func(have iceberg.Column) bool { return have.Name == keep.Name })
			if i < 0 || columns[i].Type != keep.Type {
				return ddlFault("SemanticException REPLACE COLUMNS of a table of Iceberg only drops columns: %s is not one as it is", keep.Name)
			}
			columns = slices.Delete(columns, i, i+1)
		}
		for _, gone := range columns {
			c.Drop = append(c.Drop, gone.Name)
		}
	case statement.ChangeColumn:
		c.Update = &iceberg.Update{Column: a.Old, Name: a.New.Name, Type: a.New.Type, Doc: a.New.Comment, First: a.First, After: a.After}
	case statement.SetProperties:
		if a.Unset {
			for _, p := range a.Properties {
				c.Unset = append(c.Unset, p.Key)
			}
			break
		}
		given := map[string]string{}
		for _, p := range a.Properties {
			given[strings.ToLower(p.Key)] = p.Value
		}
		if c.Set, err = icebergProperties(given); err != nil {
			return err
		}
		if _, said := given["write_compression"]; !said && given["write.parquet.compression-codec"] == "" {
			delete(c.Set, "write.parquet.compression-codec")
		}
		delete(c.Set, "format-version")
	default:
		return ddlFault("SemanticException this form of ALTER TABLE is not for tables of the type ICEBERG")
	}
	if _, err = t.Alter(ctx, c); err != nil {
		o.drop(ctx)
		return q.alterFault(err, st.Table.Name)
	}
	return nil
}

func (q *session) alterFault(err error, table string) error {
	told := q.icebergFault(err, table)
	if strings.Contains(told.Error(), "ICEBERG_BAD_DATA") {
		return ddlFault("SemanticException %s", strings.TrimPrefix(err.Error(), "cannot change the table: "))
	}
	return queryFault(told)
}
