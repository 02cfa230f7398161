package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// dialectVersion is the engine's that views are written for.
const dialectVersion = "3"

// defineView makes a view of the Data Catalog, with the role that asks as its definer. With SHOW VIEW JSON it tells what it
// would make.
// Source: https://docs.aws.amazon.com/athena/latest/ug/create-view.html
func (q *session) defineView(ctx context.Context, st statement.CreateView) ([]string, error) {
	id, database, err := q.at(ctx, st.View)
	if err != nil {
		return nil, err
	}
	view := governance.Resource{Kind: governance.Table, Catalog: *id, Database: *database, Table: st.View.Name}
	in, err := q.definition(ctx, view, st.Query)
	if err != nil {
		return nil, err
	}
	if st.JSON {
		return viewJSON(in)
	}
	found, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: database, Name: aws.String(st.View.Name)})
	switch {
	case err == nil && definerOf(found.Table) == "":
		return nil, failure(userError, "TABLE_ALREADY_EXISTS: line 1:1: Table already exists: '%s.%s'", *database, st.View.Name)
	case err == nil && !st.Replace:
		return nil, failure(userError, "TABLE_ALREADY_EXISTS: line 1:1: View already exists: '%s.%s'", *database, st.View.Name)
	case err == nil:
		_, err = q.glue.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: id, DatabaseName: database, TableInput: in})
		return nil, glueFault(err)
	case !isMissing(err):
		return nil, glueFault(err)
	}
	return nil, q.putTable(ctx, st.View, in, false)
}

// definition describes a view, after its query was planned as it will be run: with what the definer alone may read.
func (q *session) definition(ctx context.Context, view governance.Resource, text string) (*glueTypes.TableInput, error) {
	if q.e.Caller.RoleARN == "" {
		return nil, failure(accessDenied, "PERMISSION_DENIED: Only IAM roles can define Data Catalog views")
	}
	d, err := q.definer(ctx, view, q.e.Caller.RoleARN)
	if err != nil {
		return nil, queryFault(err)
	}
	columns, err := q.shape(ctx, text, d, q.database(""))
	if err != nil {
		return nil, err
	}
	tables := d.found
	if view.Database != q.database("") { // where the view is read its own database completes names
		d.found = nil
		if _, err := q.shape(ctx, text, d, view.Database); err != nil || !slices.Equal(tables, d.found) {
			return nil, failure(userError, "INVALID_VIEW: a Data Catalog view in another database needs full names of tables")
		}
	}
	in := &glueTypes.TableInput{Name: aws.String(view.Table), TableType: aws.String(virtualView),
		StorageDescriptor: &glueTypes.StorageDescriptor{Location: aws.String(""), Columns: []glueTypes.Column{}, SerdeInfo: &glueTypes.SerDeInfo{}},
		ViewDefinition: &glueTypes.ViewDefinitionInput{IsProtected: aws.Bool(true), Definer: aws.String(q.e.Caller.RoleARN), SubObjects: tables,
			Representations: []glueTypes.ViewRepresentationInput{{Dialect: glueTypes.ViewDialectAthena, DialectVersion: aws.String(dialectVersion),
				ViewOriginalText: aws.String(trimmed(text)), ViewExpandedText: aws.String(trimmed(text))}}}}
	for _, c := range columns {
		kind, err := hiveType(c.Type)
		if err != nil {
			return nil, failure(unsupported, "NOT_SUPPORTED: column '%s' of the view has a type that the catalog does not have: %s", c.Name, c.Type)
		}
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, glueTypes.Column{Name: aws.String(c.Name), Type: &kind})
	}
	return in, nil
}

// viewJSON tells what a view would be in the catalog.
func viewJSON(in *glueTypes.TableInput) ([]string, error) {
	body, err := catalog.Compact(json.Marshal(in))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, body, "", "  ")
	return strings.Split(out.String(), "\n"), err
}

// alterView adds, updates or drops what a view says in Athena's dialect.
// Source: https://docs.aws.amazon.com/athena/latest/ug/views-glue-ddl.html
func (q *session) alterView(ctx context.Context, st statement.AlterView) ([]string, error) {
	t, err := q.table(ctx, st.View)
	if err != nil {
		return nil, err
	}
	if definerOf(t) == "" {
		return nil, failure(userError, "INVALID_VIEW: line %d:%d: '%s' is not a Data Catalog view", st.View.Pos.Line, st.View.Pos.Column, st.View)
	}
	change := &glue.UpdateTableInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, Force: st.Force, VersionId: t.VersionId}
	switch st.Action {
	case "DROP":
		change.ViewUpdateAction, change.TableInput = glueTypes.ViewUpdateActionDrop, inputOf(t)
		change.TableInput.ViewDefinition = &glueTypes.ViewDefinitionInput{
			Representations: []glueTypes.ViewRepresentationInput{{Dialect: glueTypes.ViewDialectAthena}}}
	default:
		view := governance.Resource{Kind: governance.Table, Catalog: aws.ToString(t.CatalogId), Database: aws.ToString(t.DatabaseName), Table: aws.ToString(t.Name)}
		if change.TableInput, err = q.definition(ctx, view, st.Query); err != nil {
			return nil, err
		}
		change.ViewUpdateAction = glueTypes.ViewUpdateActionReplace
		if st.Action == "ADD" {
			change.ViewUpdateAction = glueTypes.ViewUpdateActionAdd
		}
	}
	if st.JSON {
		return viewJSON(change.TableInput)
	}
	_, err = q.glue.UpdateTable(ctx, change)
	return nil, glueFault(err)
}

// showDefined tells of a view what its definer and administrators may know.
func showDefined(t *glueTypes.Table) ([]types.ColumnInfo, []string, error) {
	r, ok := athenaText(t)
	if !ok {
		return nil, nil, failure(userError, "INVALID_VIEW: View '%s.%s' has no ATHENA dialect", aws.ToString(t.DatabaseName), aws.ToString(t.Name))
	}
	text := aws.ToString(r.ViewOriginalText)
	if text == "" {
		text = aws.ToString(r.ViewExpandedText)
	}
	if text == "" {
		return nil, nil, failure(accessDenied, "PERMISSION_DENIED: Only the definer and administrators of the data lake may see what the Data Catalog view '%s.%s' is made of",
			aws.ToString(t.DatabaseName), aws.ToString(t.Name))
	}
	lines := append([]string{"CREATE PROTECTED MULTI DIALECT VIEW " + aws.ToString(t.DatabaseName) + "." + aws.ToString(t.Name) + " SECURITY DEFINER AS "},
		strings.Split(text, "\n")...)
	return said("Create View"), lines, nil
}
