package athena

import (
	"context"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// createView keeps a query as a view. It is planned once for its columns; of the data nothing is read.
// Source: https://docs.aws.amazon.com/athena/latest/ug/create-view.html
func (q *session) createView(ctx context.Context, st statement.CreateView) error {
	id, database, err := q.at(ctx, st.View)
	if err != nil {
		return err
	}
	v := view{SQL: trimmed(st.Query), Catalog: "awsdatacatalog", Schema: q.database("")}
	in := &glueTypes.TableInput{Name: aws.String(st.View.Name), TableType: aws.String(virtualView), PartitionKeys: []glueTypes.Column{},
		Parameters: map[string]string{"presto_view": "true", "comment": "Presto View"}, ViewExpandedText: aws.String("/* Presto View */"),
		StorageDescriptor: &glueTypes.StorageDescriptor{Location: aws.String(""), Columns: []glueTypes.Column{},
			SerdeInfo: &glueTypes.SerDeInfo{}}}
	columns, err := q.shape(ctx, st.Query, q, q.database(""))
	if err != nil {
		return err
	}
	for _, c := range columns {
		kind, err := hiveType(c.Type)
		if err != nil {
			kind = "string" // views may have types that tables have not
		}
		v.Columns = append(v.Columns, viewColumn{Name: c.Name, Type: c.Type.String()})
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, glueTypes.Column{Name: aws.String(c.Name), Type: &kind})
	}
	text, err := viewText(v)
	if err != nil {
		return err
	}
	in.ViewOriginalText = &text
	found, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: database, Name: aws.String(st.View.Name)})
	switch {
	case err == nil && aws.ToString(found.Table.TableType) != virtualView:
		return failure(userError, "TABLE_ALREADY_EXISTS: line 1:1: Table already exists: '%s.%s'", *database, st.View.Name)
	case err == nil && definerOf(found.Table) != "":
		return failure(userError, "INVALID_VIEW: View '%s.%s' is a Data Catalog view", *database, st.View.Name)
	case err == nil && !st.Replace:
		return failure(userError, "TABLE_ALREADY_EXISTS: line 1:1: View already exists: '%s.%s'", *database, st.View.Name)
	case err == nil:
		_, err = q.glue.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: id, DatabaseName: database, TableInput: in})
		return glueFault(err)
	case !isMissing(err):
		return glueFault(err)
	}
	return q.putTable(ctx, st.View, in, false)
}

// shape finds the columns of a query over tables, in a database, without its rows.
func (q *session) shape(ctx context.Context, text string, tables sql.Resolver, database string) (columns []sql.ResultColumn, err error) {
	parameters := q.e.ExecutionParameters
	q.e.ExecutionParameters = nil
	defer func() { q.e.ExecutionParameters = parameters }()
	r, err := q.request(ctx, "SELECT * FROM (\n"+text+"\n) LIMIT 0")
	if err != nil {
		return nil, err
	}
	r.Tables, r.Session.Database = tables, database
	rows, err := q.Engine.Query(ctx, r)
	if err != nil {
		return nil, above(queryFault(err))
	}
	defer rows.Close()
	seen := map[string]bool{}
	for _, c := range rows.Columns() {
		if seen[c.Name] {
			return nil, failure(userError, "DUPLICATE_COLUMN_NAME: line 1:1: Column name '%s' specified more than once", c.Name)
		}
		seen[c.Name] = true
	}
	return rows.Columns(), nil
}
