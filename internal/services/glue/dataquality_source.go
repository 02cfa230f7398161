package glue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/glue/evaluate"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// sources are the tables of a run, by alias, as its role may read them.
type sources struct {
	s       *Service
	role    authz.Principal
	region  string
	tables  map[string]*sql.Table
	columns map[string][]evaluate.Column
}

// qualityDatabase is the database that a run's tables lie in, for the engine.
const qualityDatabase = "run"

// Table gives a table by alias: nothing else is there for the statements of a run.
func (q *sources) Table(_ context.Context, n sql.Name) (*sql.Table, error) {
	if n.Database != qualityDatabase {
		return nil, nil
	}
	return q.tables[n.Table], nil
}

// asRole is ctx for what Glue does as the role.
func (q *sources) asRole(ctx context.Context, operation string) context.Context {
	return wire.WithCall(ctx, &wire.Call{Service: "glue", Operation: operation, Region: q.region, Principal: q.role, Time: q.s.Clock.Now().UTC()})
}

// may asks IAM whether the role may do something.
func (q *sources) may(ctx context.Context, action string, t wire.Target) error {
	request := authz.Request{Principal: q.role, Action: action, Resource: t.Resource, ResourceAccount: t.Account, Context: authz.Context{}}
	for k, v := range t.Context {
		request.Context[k] = v
	}
	request.Context.SetTime(q.s.Clock.Now())
	d, err := q.s.Directory.Authorize(ctx, request, t.Policy)
	if err == nil && d.Outcome != authz.Allowed {
		err = &types.AccessDeniedException{Message: aws.String(authz.AccessDenied(request, d))}
	}
	return err
}

// mayWith asks IAM whether the role may do something with a table.
func (q *sources) mayWith(ctx context.Context, action string, r governance.Resource) error {
	targets, err := q.s.on(ctx, r)
	for _, t := range targets {
		if err := q.may(ctx, action, t); err != nil {
			return err
		}
	}
	return err
}

// tableOfSource is the table that a data source names.
func tableOfSource(ctx context.Context, d types.DataSource) (r governance.Resource, options map[string]string, query string, err error) {
	switch g, t := d.GlueTable, d.DataQualityGlueTable; {
	case g != nil && t == nil:
		return tableOf(ctx, g.CatalogId, g.DatabaseName, g.TableName), g.AdditionalOptions, "", nil
	case t != nil && g == nil:
		return tableOf(ctx, t.CatalogId, t.DatabaseName, t.TableName), t.AdditionalOptions, aws.ToString(t.PreProcessingQuery), nil
	}
	return r, nil, "", invalid("A data source is either a GlueTable or a DataQualityGlueTable.")
}

// open makes a data source a table of the run, cut to what the role may read.
func (q *sources) open(ctx context.Context, alias string, d types.DataSource) error {
	ctx = q.asRole(ctx, "GetTable")
	r, options, query, err := tableOfSource(ctx, d)
	if err != nil {
		return err
	}
	if err := q.mayWith(ctx, "glue:GetTable", r); err != nil {
		return err
	}
	t, a, err := q.s.table(ctx, r, governance.Select)
	if err != nil {
		return err
	}
	table, err := q.bind(ctx, t, a, options["catalogPartitionPredicate"])
	if err != nil {
		return err
	}
	columns := visible(table)
	if where := options["pushDownPredicate"]; where != "" {
		condition, err := evaluate.Condition(where)
		if err != nil {
			return invalid("pushDownPredicate: %v", err)
		}
		table = viewOf(r, table, "SELECT * FROM source WHERE "+condition, columns)
	}
	if query != "" {
		table = viewOf(r, table, query, nil)
		if columns, err = q.describe(ctx, table); err != nil {
			return err
		}
		table.View.Columns = columns
	}
	alias = strings.ToLower(alias)
	q.tables[alias] = table
	for _, c := range columns {
		q.columns[alias] = append(q.columns[alias], evaluate.Column{Name: c.Name, Type: c.Type})
	}
	return nil
}

// viewOf puts a statement on a table, which it may name as source or as the catalog does, in the place of it.
func viewOf(r governance.Resource, t *sql.Table, statement string, columns []sql.Column) *sql.Table {
	return &sql.Table{View: &sql.View{SQL: statement, Catalog: "awsdatacatalog", Database: r.Database, Columns: columns,
		Tables: sql.ResolverFunc(func(_ context.Context, n sql.Name) (*sql.Table, error) {
			if n.Table == "source" || n.Table == r.Table && n.Database == r.Database {
				return t, nil
			}
			return nil, nil
		})}}
}

// describe finds the columns of a statement.
func (q *sources) describe(ctx context.Context, t *sql.Table) ([]sql.Column, error) {
	rows, err := q.s.Engine.Query(ctx, sql.Request{SQL: "SELECT * FROM (\n" + t.View.SQL + "\n) AS q LIMIT 0", Tables: t.View.Tables,
		Session: sql.Session{Catalog: t.View.Catalog, Database: t.View.Database}})
	if err != nil {
		return nil, fmt.Errorf("PreProcessingQuery: %w", err)
	}
	defer rows.Close()
	var out []sql.Column
	for _, c := range rows.Columns() {
		out = append(out, sql.Column{Name: c.Name, Type: c.Type.String()})
	}
	return out, nil
}

// visible are the columns of a table that are left by its cut.
func visible(t *sql.Table) []sql.Column {
	all := append(t.Columns[:len(t.Columns):len(t.Columns)], t.Keys...)
	if t.Cut.Columns == nil {
		return all
	}
	return slices.DeleteFunc(all, func(c sql.Column) bool { return !slices.Contains(t.Cut.Columns, strings.ToLower(c.Name)) })
}

// bind makes a table of the catalog one that the engine can read.
func (q *sources) bind(ctx context.Context, t catalog.Table, a governance.Access, expression string) (*sql.Table, error) {
	d := t.StorageDescriptor
	if d == nil || d.SerdeInfo == nil || t.Location() == "" {
		return nil, invalid("Table %s has no files in S3 that could be read.", *t.Name)
	}
	out := &sql.Table{Format: sql.Format{Kind: sql.FormatOf(aws.ToString(d.SerdeInfo.SerializationLibrary)), Properties: map[string]string{}}}
	for _, properties := range []map[string]string{t.Parameters, d.SerdeInfo.Parameters} {
		for k, v := range properties {
			out.Format.Properties[k] = v
		}
	}
	if out.Format.Kind == "" {
		return nil, invalid("Table %s has a SerDe that is not supported: %s", *t.Name, aws.ToString(d.SerdeInfo.SerializationLibrary))
	}
	out.Columns, out.Keys = columnsFor(d.Columns), columnsFor(t.PartitionKeys)
	out.Cut = cutOf(a, out.Columns, out.Keys)
	if len(out.Keys) == 0 {
		out.Partitions = []sql.Partition{{Files: q.lister(t, a, *d.Location)}}
		return out, nil
	}
	if err := q.mayWith(ctx, "glue:GetPartitions", t.Resource()); err != nil {
		return nil, err
	}
	l := listing{bare: true}
	if expression != "" {
		l.expression = &expression
	}
	for {
		list, next, err := q.s.listPartitions(ctx, t, a, l)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			if p.StorageDescriptor != nil && p.StorageDescriptor.Location != nil {
				out.Partitions = append(out.Partitions, sql.Partition{Values: p.Values, Files: q.lister(t, a, *p.StorageDescriptor.Location)})
			}
		}
		if l.token = next; next == nil {
			return out, nil
		}
	}
}

func columnsFor(list []types.Column) []sql.Column {
	out := make([]sql.Column, len(list))
	for i, c := range list {
		out[i] = sql.Column{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)}
	}
	return out
}

// cutOf is the part of a table that may be read. Partition keys are always in it: Lake Formation has no column filters on them.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html
func cutOf(a governance.Access, columns, keys []sql.Column) sql.Cut {
	if a.Whole() {
		return sql.Cut{}
	}
	c := sql.Cut{Columns: []string{}, Rows: a.RowFilter(), Cells: map[string]string{}}
	for _, column := range columns {
		name := strings.ToLower(column.Name)
		if !a.Reads(name) {
			continue
		}
		c.Columns = append(c.Columns, name)
		if rows := a.Rows(name); rows != "" && rows != c.Rows {
			c.Cells[name] = rows
		}
	}
	for _, key := range keys {
		c.Columns = append(c.Columns, strings.ToLower(key.Name))
	}
	return c
}

// query runs a statement over the run's tables, and gives numbers as evaluate wants them.
func (q *sources) query(ctx context.Context, statement string) ([][]any, error) {
	rows, err := q.s.Engine.Query(ctx, sql.Request{SQL: statement, Tables: q,
		Session: sql.Session{Catalog: "awsdatacatalog", Database: qualityDatabase, User: q.role.ARN}})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]any
	for len(out) < maxAnswer {
		c, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range c.Len {
			row := make([]any, len(c.Columns))
			for j, column := range c.Columns {
				row[j] = plainValue(column[i])
			}
			out = append(out, row)
		}
	}
	return out, nil
}

// maxAnswer is how many rows of an answer are looked at.
const maxAnswer = 10000

func plainValue(v any) any {
	switch v := v.(type) {
	case nil, bool, string, float64:
		return v
	case int64:
		return float64(v)
	case float32:
		return float64(v)
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f
	case sql.Decimal:
		if f, err := strconv.ParseFloat(string(v), 64); err == nil {
			return f
		}
	}
	return sql.Text(nil, v)
}
