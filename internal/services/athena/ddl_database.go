package athena

import (
	"context"

	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (q *session) createDatabase(ctx context.Context, st statement.CreateDatabase) error {
	id, err := q.catalogID(ctx, st.Database.Catalog)
	if err != nil {
		return err
	}
	in := &glueTypes.DatabaseInput{Name: aws.String(st.Database.Name), Description: some(st.Comment), LocationUri: some(st.Location)}
	if len(st.Properties) > 0 {
		in.Parameters = merge(nil, st.Properties)
	}
	_, err = q.glue.CreateDatabase(ctx, &glue.CreateDatabaseInput{CatalogId: id, DatabaseInput: in})
	if isTaken(err) {
		if st.IfNotExists {
			return nil
		}
		return ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Database %s already exists", st.Database.Name)
	}
	return glueFault(err)
}

func (q *session) dropDatabase(ctx context.Context, st statement.DropDatabase) error {
	id, err := q.catalogID(ctx, st.Database.Catalog)
	if err != nil {
		return err
	}
	name := aws.String(st.Database.Name)
	missing := ddlFault("SemanticException [Error 10072]: Database does not exist: %s", st.Database.Name)
	if !st.Cascade {
		found, err := q.glue.GetTables(ctx, &glue.GetTablesInput{CatalogId: id, DatabaseName: name, MaxResults: aws.Int32(1)})
		switch {
		case isMissing(err):
		case err != nil:
			return glueFault(err)
		case len(found.TableList) > 0:
			return ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+
				"InvalidOperationException(message:Database %s is not empty. One or more tables exist.)", st.Database.Name)
		}
	}
	_, err = q.glue.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{CatalogId: id, Name: name})
	if isMissing(err) {
		if st.IfExists {
			return nil
		}
		return missing
	}
	return glueFault(err)
}

func (q *session) alterDatabase(ctx context.Context, st statement.AlterDatabase) error {
	id, err := q.catalogID(ctx, st.Database.Catalog)
	if err != nil {
		return err
	}
	name := aws.String(st.Database.Name)
	found, err := q.glue.GetDatabase(ctx, &glue.GetDatabaseInput{CatalogId: id, Name: name})
	if isMissing(err) {
		return ddlFault("SemanticException [Error 10072]: Database does not exist: %s", st.Database.Name)
	}
	if err != nil {
		return glueFault(err)
	}
	d := found.Database
	_, err = q.glue.UpdateDatabase(ctx, &glue.UpdateDatabaseInput{CatalogId: id, Name: name, DatabaseInput: &glueTypes.DatabaseInput{Name: d.Name,
		Description: d.Description, LocationUri: d.LocationUri, Parameters: merge(d.Parameters, st.Properties),
		CreateTableDefaultPermissions: d.CreateTableDefaultPermissions}})
	return glueFault(err)
}

// some is nil for a text that is empty.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// merge adds properties to a map, which it copies.
func merge(has map[string]string, more []statement.Pair) map[string]string {
	out := make(map[string]string, len(has)+len(more))
	for k, v := range has {
		out[k] = v
	}
	for _, p := range more {
		out[p.Key] = p.Value
	}
	return out
}
