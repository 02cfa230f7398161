package athena

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// informationSchema is the database in which a catalog describes itself.
const informationSchema = "information_schema"

// Table says what a name in a query stands for.
func (q *session) Table(ctx context.Context, n sql.Name) (*sql.Table, error) {
	id, err := q.catalogID(ctx, n.Catalog)
	if err != nil {
		return nil, sql.Errorf(sql.UnknownTable, "CATALOG_NOT_FOUND", "Catalog '%s' does not exist", n.Catalog)
	}
	if n.Database == informationSchema {
		return q.information(ctx, *id, n)
	}
	if n.Database == targetDatabase {
		return q.target, nil
	}
	if name, view, ok := icebergView(n.Table); ok {
		r, err := q.readable(ctx, *id, n.Database, name)
		if err != nil || r == nil {
			return nil, err
		}
		q.mark(n, r, "")
		return q.describeIceberg(ctx, r, view)
	}
	r, err := q.readable(ctx, *id, n.Database, n.Table)
	if err != nil || r == nil {
		return nil, err
	}
	if definerOf(&r.Table.Table) != "" {
		return q.definedView(ctx, r)
	}
	if aws.ToString(r.TableType) == virtualView || strings.HasPrefix(aws.ToString(r.ViewOriginalText), viewBegins) {
		q.mark(n, r, "")
		return q.viewTable(ctx, r)
	}
	return q.read(ctx, r, n)
}

// read describes a table that is no view.
func (q *session) read(ctx context.Context, r *lake.Table, n sql.Name) (*sql.Table, error) {
	if isIceberg(r.Parameters) {
		return q.iceberg(ctx, r, n)
	}
	if n.AsOf != "" {
		return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "Only tables of Iceberg have versions: '%s' is none", n)
	}
	as, err := q.files.Owner(ctx, r, lake.Location(&r.Table.Table))
	q.mark(n, r, governance.PrincipalARN(as))
	if err != nil {
		return nil, err
	}
	return q.files.Files(r)
}

// viewTable describes a view. It reads with the rights of the caller.
func (q *session) viewTable(_ context.Context, r *lake.Table) (*sql.Table, error) {
	v, err := viewOf(&r.Table.Table)
	if err != nil {
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "%s", strings.TrimPrefix(err.Error(), "INVALID_VIEW: "))
	}
	out := &sql.View{SQL: v.SQL, Catalog: v.Catalog, Database: v.Schema, Tables: q}
	for _, c := range v.Columns {
		out.Columns = append(out.Columns, sql.Column{Name: c.Name, Type: c.Type})
	}
	return &sql.Table{View: out}, nil
}

// information describes the tables of information_schema, as far as the caller may see.
func (q *session) information(ctx context.Context, id string, n sql.Name) (*sql.Table, error) {
	names, rows, err := q.describeCatalog(ctx, id, n)
	if err != nil || names == nil {
		return nil, err
	}
	v := &sql.View{Catalog: n.Catalog, Database: informationSchema, Tables: q}
	for _, name := range names {
		kind := "varchar"
		if name == "ordinal_position" {
			kind = "bigint"
		}
		v.Columns = append(v.Columns, sql.Column{Name: name, Type: kind})
	}
	v.SQL = valuesQuery(names, rows)
	return &sql.Table{View: v}, nil
}

// valuesQuery is a query that gives rows. A NULL is "\x00".
func valuesQuery(names []string, rows [][]string) string {
	var b strings.Builder
	b.WriteString("SELECT * FROM (VALUES ")
	none := len(rows) == 0
	if none {
		rows = [][]string{make([]string, len(names))}
	}
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		for j, v := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			switch {
			case names[j] == "ordinal_position":
				b.WriteString("CAST('" + zero(v) + "' AS bigint)")
			case v == "\x00":
				b.WriteString("CAST(NULL AS varchar)")
			default:
				b.WriteString("CAST('" + strings.ReplaceAll(v, "'", "''") + "' AS varchar)")
			}
		}
		b.WriteString(")")
	}
	b.WriteString(") AS t(" + strings.Join(names, ", ") + ")")
	if none {
		b.WriteString(" WHERE false")
	}
	return b.String()
}

func zero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}
