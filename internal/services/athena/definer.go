package athena

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// lakeFormation is who assumes definers.
const lakeFormation = "lakeformation.amazonaws.com"

// definerOf is the role with whose rights a view reads, "" for tables and other views.
func definerOf(t *glueTypes.Table) string {
	if t.ViewDefinition == nil {
		return ""
	}
	return aws.ToString(t.ViewDefinition.Definer)
}

// athenaText is what a view says in Athena's dialect.
func athenaText(t *glueTypes.Table) (r glueTypes.ViewRepresentation, ok bool) {
	i := slices.IndexFunc(t.ViewDefinition.Representations, func(r glueTypes.ViewRepresentation) bool { return r.Dialect == glueTypes.ViewDialectAthena })
	if i < 0 {
		return r, false
	}
	return t.ViewDefinition.Representations[i], true
}

func speaks(t *glueTypes.Table) bool {
	_, ok := athenaText(t)
	return ok
}

// definedView describes a view that reads with its definer's rights. The caller needs a right to the view alone, and sees the
// part of it that was granted. It is computed before anything of the caller's is, so that nothing tells of the rows beneath.
// Source: https://docs.aws.amazon.com/athena/latest/ug/views-glue.html
func (q *session) definedView(ctx context.Context, r *lake.Table) (*sql.Table, error) {
	name := aws.ToString(r.DatabaseName) + "." + aws.ToString(r.Name)
	if q.files.Beneath {
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "Data Catalog views cannot reference other views: '%s'", name)
	}
	text, ok := athenaText(&r.Table.Table)
	if !ok {
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "View '%s' has no ATHENA dialect", name)
	}
	if aws.ToBool(text.IsStale) {
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "View '%s' is stale in the ATHENA dialect: it must be updated", name)
	}
	d, err := q.definer(ctx, r.Resource(), definerOf(&r.Table.Table))
	if err != nil {
		return nil, err
	}
	d.only = append([]string{}, r.ViewDefinition.SubObjects...)
	v := &sql.View{SQL: aws.ToString(text.ViewExpandedText), Catalog: "awsdatacatalog", Database: aws.ToString(r.DatabaseName), Tables: d, Fenced: true}
	if v.SQL == "" {
		v.SQL = aws.ToString(text.ViewOriginalText)
	}
	if r.StorageDescriptor != nil {
		v.Columns = lake.Columns(r.StorageDescriptor.Columns)
	}
	q.e.Lent = true
	return cutView(v, r.Cut()), nil
}

// cutView is the part of a view that the cut leaves.
func cutView(v *sql.View, c sql.Cut) *sql.Table {
	whole := &sql.Table{View: v}
	if c.Columns == nil && c.Rows == "" && len(c.Cells) == 0 {
		return whole
	}
	out := &sql.View{Catalog: "awsdatacatalog", Database: "view", Fenced: true,
		Tables: sql.ResolverFunc(func(context.Context, sql.Name) (*sql.Table, error) { return whole, nil })}
	var items []string
	for _, column := range v.Columns {
		name := strings.ToLower(column.Name)
		if c.Columns != nil && !slices.Contains(c.Columns, name) {
			continue
		}
		item := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		if cell := c.Cells[name]; cell != "" {
			item = "IF(" + cell + ", " + item + ") AS " + item
		}
		items, out.Columns = append(items, item), append(out.Columns, column)
	}
	if len(items) == 0 {
		return &sql.Table{} // nothing of it may be read
	}
	out.SQL = "SELECT " + strings.Join(items, ", ") + " FROM whole"
	if c.Rows != "" {
		out.SQL += " WHERE " + c.Rows
	}
	return &sql.Table{View: out}
}

// definer resolves the names in a view with the rights of the role that defined it. What lies beneath a view are tables that
// the role may read all of, and let others read; if that ends, so does the view.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/views-notes.html
type definer struct {
	*session
	catalog string   // the view's
	only    []string // ARNs that the view names; nil: any
	found   []string // ARNs
}

func (q *session) definer(ctx context.Context, view governance.Resource, role string) (*definer, error) {
	as, err := q.Directory.ServiceSession(ctx, lakeFormation, role, "AWSLF-00-AT-"+q.e.Caller.Account+"-"+identity.RandomID(10))
	if errors.Is(err, identity.ErrNotTrusted) {
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "The definer of view '%s.%s' cannot be assumed", view.Database, view.Table)
	}
	if err != nil {
		return nil, err
	}
	d := &definer{session: q.sessionOf(q.e, as), catalog: view.Catalog}
	d.files.Beneath = true
	return d, nil
}

// Table says what a name in the view stands for.
func (d *definer) Table(ctx context.Context, n sql.Name) (*sql.Table, error) {
	if !strings.EqualFold(n.Catalog, "awsdatacatalog") {
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "Data Catalog views read the catalog that they are in: '%s'", n)
	}
	r, err := d.readable(ctx, d.catalog, n.Database, n.Table)
	if err != nil || r == nil {
		return nil, err
	}
	on := r.Resource()
	name := on.ARN(d.e.Region)
	switch {
	case definerOf(&r.Table.Table) != "" || aws.ToString(r.TableType) == virtualView || aws.ToString(r.ViewOriginalText) != "":
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "Data Catalog views cannot reference other views: '%s'", n)
	case on.Database != n.Database || on.Table != n.Table:
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "Data Catalog views cannot reference resource links: '%s'", n)
	case d.only != nil && !slices.Contains(d.only, name):
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Table '%s' is not among those that the view was defined on", n)
	case !r.Access.MayDefine():
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Insufficient Lake Formation permission(s): The definer needs grantable Select on all columns and rows of %s", n.Table)
	}
	if !slices.Contains(d.found, name) {
		d.found = append(d.found, name)
	}
	return d.read(ctx, r, n)
}
