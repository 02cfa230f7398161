package athena

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/athena/filewriter"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// insert adds the rows of a query to a table, as new files.
// Source: https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
func (q *session) insert(ctx context.Context, st statement.Insert) error {
	r, err := q.writable(ctx, st.Table, governance.Insert)
	if err != nil {
		return err
	}
	if isIceberg(r.Parameters) {
		return q.insertIceberg(ctx, st, r)
	}
	t := &target{q: q, location: strings.TrimSuffix(lake.Location(&r.Table.Table), "/")}
	if t.options, err = insertOptions(r); err != nil {
		return err
	}
	for _, k := range r.PartitionKeys {
		t.keys = append(t.keys, aws.ToString(k.Name))
	}
	if t.as, err = q.files.Owner(ctx, r, t.location); err != nil {
		return queryFault(err)
	}
	text, err := shaped(st, r.Columns())
	if err != nil {
		return err
	}
	defer t.close()
	if err := q.answer(ctx, text, t.begin, t.take); err != nil {
		return above(err)
	}
	if err := t.finish(ctx, *q.e.ResultConfiguration.OutputLocation+"-manifest.csv"); err != nil {
		return err
	}
	q.e.Updated = aws.Int64(q.e.Rows.OutputRows)
	return q.register(ctx, &r.Table.Table, t)
}

// writable finds a table that the caller may insert into, or change in another way.
func (q *session) writable(ctx context.Context, n statement.Name, needs governance.Permissions) (*lake.Table, error) {
	id, database, err := q.at(ctx, n)
	if err != nil {
		return nil, err
	}
	missing := failure(tableNotFound, "TABLE_NOT_FOUND: line %d:%d: Table 'awsdatacatalog.%s.%s' does not exist", n.Pos.Line, n.Pos.Column, *database, n.Name)
	found, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: database, Name: aws.String(n.Name)})
	if isMissing(err) {
		return nil, missing
	}
	if err != nil {
		return nil, glueFault(err)
	}
	g := found.Table
	on := governance.Resource{Kind: governance.Table, Catalog: aws.ToString(g.CatalogId), Database: aws.ToString(g.DatabaseName), Table: aws.ToString(g.Name)}
	if link := g.TargetTable; link != nil {
		on.Catalog, on.Database, on.Table = aws.ToString(link.CatalogId), aws.ToString(link.DatabaseName), aws.ToString(link.Name)
		if _, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: &on.Catalog, DatabaseName: &on.Database, Name: &on.Table}); err != nil {
			return nil, glueFault(err)
		}
	}
	r := &lake.Table{}
	err = q.Store.View(ctx, func(tx *store.Tx) (err error) {
		r.Table, err = q.Catalog.Table(tx, q.e.Region, on)
		return absent(err, missing)
	})
	if err != nil {
		return nil, err
	}
	if r.Access, err = q.Ledger.Access(ctx, q.e.Caller, q.e.Region, on); err != nil {
		return nil, err
	}
	if !r.Access.May(needs) {
		return nil, failure(accessDenied, "PERMISSION_DENIED: Insufficient Lake Formation permission(s): Required %s on %s", wanted(needs), n.Name)
	}
	switch {
	case aws.ToString(r.TableType) == virtualView:
		return nil, notSupported("line %d:%d: Inserting into views is not supported", n.Pos.Line, n.Pos.Column)
	case strings.EqualFold(r.Parameters["projection.enabled"], "true") && len(r.PartitionKeys) > 0 && r.Parameters["storage.location.template"] != "":
		return nil, notSupported("Inserting into a table whose projection has a template of locations")
	}
	return r, nil
}

func wanted(p governance.Permissions) string {
	var out []string
	for _, one := range []struct {
		p    governance.Permissions
		name string
	}{{governance.Insert, "Insert"}, {governance.Delete, "Delete"}, {governance.Alter, "Alter"}, {governance.Drop, "Drop"}} {
		if p&one.p != 0 {
			out = append(out, one.name)
		}
	}
	return strings.Join(out, ", ")
}

// insertOptions are how the files of a table are written.
func insertOptions(r *lake.Table) (filewriter.Options, error) {
	d := r.StorageDescriptor
	if d == nil {
		d = &glueTypes.StorageDescriptor{}
	}
	f := lake.FormatOf(&r.Table.Table)
	var o filewriter.Options
	switch f.Kind {
	case sql.Parquet:
		o.Format = filewriter.Parquet
	case sql.JSONLines:
		o.Format = filewriter.JSON
	case sql.LazySimple:
		o.Format, o.Delimiter, o.Null = filewriter.Text, f.Properties["field.delim"], f.Properties["serialization.null.format"]
	default:
		return o, notSupported("Inserting into tables of this format is not supported: %s", f.Kind)
	}
	if n := f.Properties["skip.header.line.count"]; n != "" && n != "0" {
		return o, notSupported("Inserting into Hive table with skip.header.line.count property not supported")
	}
	for _, k := range []string{"write.compression", "parquet.compression", "compressionType"} {
		if c := strings.ToUpper(f.Properties[k]); c != "" {
			o.Compression = c
		}
	}
	if o.Check() != nil {
		o.Compression = ""
	}
	return o, nil
}

// shaped is a query whose rows are those of the table: every column, in order, of its type. The query stands on lines of its
// own behind the first; see above.
func shaped(st statement.Insert, columns []glueTypes.Column) (string, error) {
	given := st.Columns
	if given == nil {
		for _, c := range columns {
			given = append(given, aws.ToString(c.Name))
		}
	}
	var items, names []string
	for i, g := range given {
		names = append(names, fmt.Sprintf("c%d", i))
		if slices.Index(given, g) != i {
			return "", failure(syntaxError, "line %d:%d: Insert column name is specified more than once: %s", st.Table.Pos.Line, st.Table.Pos.Column, g)
		}
		if at(columns, g) < 0 {
			return "", failure(userError, "COLUMN_NOT_FOUND: line %d:%d: Insert column name does not exist in target table: %s", st.Table.Pos.Line, st.Table.Pos.Column, g)
		}
	}
	for _, c := range columns {
		kind, err := dialect.ParseHive(aws.ToString(c.Type))
		if err != nil {
			return "", notSupported("column '%s' has a type that cannot be written: %s", aws.ToString(c.Name), aws.ToString(c.Type))
		}
		value := "NULL"
		if i := slices.Index(given, aws.ToString(c.Name)); i >= 0 {
			value = names[i]
		}
		items = append(items, "CAST("+value+" AS "+kind.String()+`) AS "`+strings.ReplaceAll(aws.ToString(c.Name), `"`, `""`)+`"`)
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM (\n" + st.Query + "\n) AS t(" + strings.Join(names, ", ") + ")", nil
}

// above moves the place of a failure up by the line that shaped added.
func above(err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	out := *f
	var line, column int
	before, rest, ok := strings.Cut(f.message, "line ")
	if !ok {
		return err
	}
	if n, _ := fmt.Sscanf(rest, "%d:%d:", &line, &column); n == 2 && line > 1 {
		_, tail, _ := strings.Cut(rest, ":")
		_, tail, _ = strings.Cut(tail, ":")
		out.message = fmt.Sprintf("%sline %d:%d:%s", before, line-1, column, tail)
	} else if n == 2 {
		_, tail, _ := strings.Cut(rest, ": ")
		out.message = before + tail
	}
	return &out
}
