package trino

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

const maxViews = 16

// lookup resolves names to those of the cluster. What can't be shown safely is refused.
func (q *query) lookup(ctx context.Context, tables sql.Resolver, depth int) dialect.Lookup {
	return func(n dialect.Name) (*dialect.Table, error) {
		if depth > maxViews {
			return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "views are nested too deeply")
		}
		t, err := tables.Table(ctx, n)
		if err != nil || t == nil {
			return nil, err
		}
		if t.View != nil {
			return q.lookupView(ctx, n, t.View, depth)
		}
		switch {
		case t.Cut.Rows != "" || len(t.Cut.Cells) > 0:
			return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "table '%s' has rows that are hidden from you, which Trino can't be trusted with", n)
		case t.Owner != q.e.owner:
			return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "table '%s' is not in the catalog that Trino has", n)
		case !plain(n.Database) || !plain(n.Table): // Trino gives names with $ a sense of their own
			return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "table '%s' has a name that is not supported", n)
		}
		out := &dialect.Table{Ref: quoted(q.e.catalog) + "." + quoted(n.Database) + "." + quoted(n.Table)}
		for _, c := range slices.Concat(t.Columns, t.Keys) {
			c.Name = strings.ToLower(c.Name)
			if t.Cut.Columns != nil && !slices.Contains(t.Cut.Columns, c.Name) {
				continue
			}
			if !dialect.PlainName(c.Name) || strings.Contains(c.Name, "$") {
				return nil, sql.Errorf(sql.NotSupported, "HIVE_INVALID_METADATA", "a column of table '%s' has a name that is not supported", n)
			}
			out.Columns = append(out.Columns, dialect.Column{Name: c.Name})
		}
		if len(out.Columns) == 0 {
			return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "no column of table '%s' may be read", n)
		}
		q.inputs = append(q.inputs, n)
		return out, nil
	}
}

func (q *query) lookupView(ctx context.Context, n dialect.Name, v *sql.View, depth int) (*dialect.Table, error) {
	if v.Fenced {
		return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "view '%s' shows more than you may see yourself, which Trino can't be trusted with", n)
	}
	out := &dialect.Table{View: &dialect.View{SQL: v.SQL, Catalog: v.Catalog, Database: v.Database, Lookup: q.lookup(ctx, v.Tables, depth+1)}}
	for _, c := range v.Columns {
		if !dialect.PlainName(c.Name) {
			return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "a column of view '%s' has a name that is not supported", n)
		}
		out.Columns = append(out.Columns, dialect.Column{Name: strings.ToLower(c.Name)})
	}
	return out, nil
}

// plain are names that mean nothing but themselves.
func plain(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
