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
	"github.com/atelier-studio/atelier/internal/lake"
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

// bind makes a table of the catalog one that the engine can read, or those of its partitions that meet an expression.
func (q *sources) bind(ctx context.Context, t catalog.Table, a governance.Access, expression string) (*sql.Table, error) {
	if d := t.StorageDescriptor; d == nil || d.SerdeInfo == nil || t.Location() == "" || isView(t.ViewDefinition) {
		return nil, invalid("Table %s has no files in S3 that could be read.", *t.Name)
	}
	of := &lake.Table{Table: t, Access: a}
	if len(t.PartitionKeys) > 0 {
		if err := q.mayWith(ctx, "glue:GetPartitions", t.Resource()); err != nil {
			return nil, err
		}
		asked, err := question(t, listing{expression: &expression})
		if err != nil {
			return nil, err
		}
		of.Only = asked.Filter
	}
	r := &lake.Reader{Lake: q.s.Lake, As: q.role, Region: q.region, Session: "AWSLF-00-GL-" + q.role.Account + "-", Allow: func(ctx context.Context) error {
		if err := q.may(ctx, "lakeformation:GetDataAccess", wire.Target{Resource: "*", Account: q.role.Account}); err != nil {
			return sql.Errorf(sql.Denied, "PERMISSION_DENIED", "%s", said(err))
		}
		return nil
	}}
	return r.Files(of)
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
