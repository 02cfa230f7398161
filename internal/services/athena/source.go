package athena

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
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
func (q *session) read(ctx context.Context, r *readable, n sql.Name) (*sql.Table, error) {
	if isIceberg(r.Parameters) {
		return q.iceberg(ctx, r, n)
	}
	if n.AsOf != "" {
		return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "Only tables of Iceberg have versions: '%s' is none", n)
	}
	as, err := q.reader(ctx, r, locationOf(&r.Table.Table))
	q.mark(n, r, governance.PrincipalARN(as))
	if err != nil {
		return nil, err
	}
	return q.files(ctx, r)
}

// files describes a table of files.
func (q *session) files(ctx context.Context, r *readable) (*sql.Table, error) {
	d := r.StorageDescriptor
	if d == nil {
		d = &glueTypes.StorageDescriptor{}
	}
	t := &sql.Table{Owner: sql.Owner{Account: r.Resource().Account(), Region: q.e.Region}, Columns: engineColumns(d.Columns),
		Keys: engineColumns(r.PartitionKeys), Cut: r.cut(), Format: formatOf(d, r.Parameters)}
	if t.Format.Kind == "" {
		return nil, sql.Errorf(sql.NotSupported, "HIVE_UNSUPPORTED_FORMAT", "Unsupported Hive SerDe of table %s.%s", aws.ToString(r.DatabaseName), aws.ToString(r.Name))
	}
	if len(t.Keys) == 0 {
		t.Partitions = []sql.Partition{{Files: q.lister(r, aws.ToString(d.Location))}}
		return t, nil
	}
	if strings.EqualFold(r.Parameters["projection.enabled"], "true") {
		t.List = q.projected(r)
	} else {
		t.List = q.registered(r)
	}
	return t, nil
}

// registered lists the partitions that the catalog has. Which of many can match is decided on their values alone, which are
// in memory; where one lies is read when its files are asked for.
func (q *session) registered(r *readable) func(context.Context, sql.Keys) ([]sql.Partition, error) {
	return func(ctx context.Context, k sql.Keys) ([]sql.Partition, error) {
		question := catalog.Question{Filter: q.filter(r, k), Limit: math.MaxInt}
		if k.Limit > 0 {
			question.Limit = k.Limit
		}
		ids, _, err := q.Catalog.Partitions.Select(ctx, q.e.Region, r.Table, question)
		var value *expression.ValueError
		if errors.As(err, &value) { // the engine says what is wrong, if it matters
			question.Filter = nil
			ids, _, err = q.Catalog.Partitions.Select(ctx, q.e.Region, r.Table, question)
		}
		out := make([]sql.Partition, len(ids))
		for i, id := range ids {
			out[i] = sql.Partition{Values: catalog.PartitionValues(id), Files: q.partitionLister(r, id)}
		}
		return out, err
	}
}

// filter is what the catalog can tell of keys; nil for everything.
func (q *session) filter(r *readable, k sql.Keys) *expression.Program {
	if k.Filter == "" {
		return nil
	}
	keys := make([]expression.Key, len(r.PartitionKeys))
	for i, c := range r.PartitionKeys {
		keys[i] = expression.Key{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)}
	}
	p, err := expression.Compile(k.Filter, keys)
	if err != nil {
		return nil
	}
	return p
}

// partitionLister is lister for a partition that is registered. One that is gone has no files.
func (q *session) partitionLister(r *readable, id string) func(context.Context) ([]sql.File, error) {
	return func(ctx context.Context) ([]sql.File, error) {
		var list []glueTypes.Partition
		err := q.Store.View(ctx, func(tx *store.Tx) (err error) {
			list, err = q.Catalog.Partitions.Read(tx, catalog.Reader{Region: q.e.Region, Table: r.Table, Bare: true}).Pick([]string{id})
			return err
		})
		if err != nil || len(list) == 0 || list[0].StorageDescriptor == nil {
			return nil, err
		}
		return q.lister(r, aws.ToString(list[0].StorageDescriptor.Location))(ctx)
	}
}

// projected lists the partitions that follow from the table's properties.
func (q *session) projected(r *readable) func(context.Context, sql.Keys) ([]sql.Partition, error) {
	return func(ctx context.Context, k sql.Keys) ([]sql.Partition, error) {
		list, err := project(ctx, r.Table.Table, q.Clock.Now(), k)
		out := make([]sql.Partition, len(list))
		for i, p := range list {
			out[i] = sql.Partition{Values: p.values, Files: q.projectedLister(r, p.location)}
		}
		return out, err
	}
}

func engineColumns(list []glueTypes.Column) []sql.Column {
	out := make([]sql.Column, len(list))
	for i, c := range list {
		out[i] = sql.Column{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)}
	}
	return out
}

func formatOf(d *glueTypes.StorageDescriptor, parameters map[string]string) sql.Format {
	f := sql.Format{Properties: merge(parameters, nil)}
	if s := d.SerdeInfo; s != nil {
		f.Kind = sql.FormatOf(aws.ToString(s.SerializationLibrary))
		for k, v := range s.Parameters {
			f.Properties[k] = v
		}
	}
	return f
}

// viewTable describes a view. It reads with the rights of the caller.
func (q *session) viewTable(_ context.Context, r *readable) (*sql.Table, error) {
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
