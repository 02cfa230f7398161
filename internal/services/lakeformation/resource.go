package lakeformation

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// everyTable is how lists name all tables of a database.
const everyTable = "ALL_TABLES"

// subject is what a request is about: a resource, or a part of a table.
type subject struct {
	governance.Resource
	columns *governance.Columns
	filter  string
}

// subjectOf reads a resource of a request, of which exactly one member is set.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_Resource.html
func subjectOf(ctx context.Context, id *string, r *types.Resource) (s subject, err error) {
	if r == nil {
		return s, invalid("Resource is missing.")
	}
	n := 0
	if r.Catalog != nil {
		n++
		s.Resource = catalogResource(catalogOf(ctx, r.Catalog.Id, id))
	}
	if d := r.Database; d != nil {
		n++
		s.Resource = databaseOf(catalogOf(ctx, d.CatalogId, id), d.Name)
	}
	if t := r.Table; t != nil {
		n++
		s.Resource = tableOf(catalogOf(ctx, t.CatalogId, id), t.DatabaseName, t.Name)
		named := t.Name != nil && *t.Name != governance.EveryTable && *t.Name != everyTable
		if named == (t.TableWildcard != nil) {
			return s, invalid("A table resource has either a name or a wildcard.")
		}
		if t.TableWildcard != nil {
			s.Table = governance.EveryTable
		}
	}
	if t := r.TableWithColumns; t != nil {
		n++
		s.Resource = tableOf(catalogOf(ctx, t.CatalogId, id), t.DatabaseName, t.Name)
		if s.columns, err = columnsOf(t.ColumnNames, t.ColumnWildcard); err != nil {
			return s, err
		}
	}
	if f := r.DataCellsFilter; f != nil {
		n++
		s.Resource = tableOf(catalogOf(ctx, f.TableCatalogId, id), f.DatabaseName, f.TableName)
		if s.filter = aws.ToString(f.Name); s.filter == "" || s.Table == "" {
			return s, invalid("A data cells filter has a table and a name.")
		}
	}
	if l := r.DataLocation; l != nil {
		n++
		path, err := locationPath(aws.ToString(l.ResourceArn))
		if err != nil {
			return s, err
		}
		s.Resource = governance.Resource{Kind: governance.Location, Catalog: catalogOf(ctx, l.CatalogId, id), Path: path}
	}
	if t := r.LFTag; t != nil {
		n++
		s.Resource = tagResource(catalogOf(ctx, t.CatalogId, id), fold(t.TagKey), lower(t.TagValues)...)
	}
	if p := r.LFTagPolicy; p != nil {
		n++
		if s.Resource, err = policyOf(catalogOf(ctx, p.CatalogId, id), p); err != nil {
			return s, err
		}
	}
	if e := r.LFTagExpression; e != nil {
		n++
		s.Resource = governance.Resource{Kind: governance.TagExpression, Catalog: catalogOf(ctx, e.CatalogId, id), Name: aws.ToString(e.Name)}
	}
	if n != 1 {
		return s, invalid("Resource must have one type of resource, and one only.")
	}
	return s, nil
}

// columnsOf reads the columns of a request; nil for all.
func columnsOf(names []string, wildcard *types.ColumnWildcard) (*governance.Columns, error) {
	switch {
	case (len(names) > 0) == (wildcard != nil):
		return nil, invalid("Either column names or a column wildcard has to be given.")
	case len(names) > 0:
		return &governance.Columns{Names: lower(names)}, nil
	case len(wildcard.ExcludedColumnNames) > 0:
		return &governance.Columns{Excluded: lower(wildcard.ExcludedColumnNames)}, nil
	}
	return nil, nil
}

// lower gives names in lower case, each once, in their order.
func lower(names []string) []string {
	out := make([]string, 0, len(names))
	seen := map[string]bool{}
	for _, n := range names {
		if n = strings.ToLower(n); !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

func policyOf(catalog string, p *types.LFTagPolicyResource) (governance.Resource, error) {
	r := governance.Resource{Kind: governance.TagPolicy, Catalog: catalog, Of: governance.Table, Name: aws.ToString(p.ExpressionName)}
	if p.ResourceType == types.ResourceTypeDatabase {
		r.Of = governance.Database
	}
	if (r.Name != "") == (len(p.Expression) > 0) {
		return r, invalid("A tag policy has either an expression or the name of one.")
	}
	var err error
	r.Expression, err = expressionOf(p.Expression)
	return r, err
}

// expressionOf reads a tag expression, each key once.
func expressionOf(list []types.LFTag) (out []governance.TagValues, err error) {
	seen := map[string]bool{}
	for _, t := range list {
		k := fold(t.TagKey)
		if seen[k] || len(t.TagValues) == 0 {
			return nil, invalid("The tag key %s has to be in the expression once, with values.", k)
		}
		seen[k] = true
		out = append(out, governance.TagValues{Key: k, Values: lower(t.TagValues)})
	}
	return out, nil
}

func expression(list []governance.TagValues) []types.LFTag {
	out := []types.LFTag{}
	for _, t := range list {
		out = append(out, types.LFTag{TagKey: aws.String(t.Key), TagValues: t.Values})
	}
	return out
}

// resource writes what a grant is on.
func resource(r governance.Resource, columns *governance.Columns, filter string) *types.Resource {
	id := &r.Catalog
	switch {
	case filter != "":
		return &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: id, DatabaseName: &r.Database, TableName: &r.Table, Name: &filter}}
	case columns != nil:
		t := &types.TableWithColumnsResource{CatalogId: id, DatabaseName: &r.Database, Name: &r.Table, ColumnNames: columns.Names}
		if len(columns.Names) == 0 {
			t.ColumnWildcard = &types.ColumnWildcard{ExcludedColumnNames: columns.Excluded}
		}
		return &types.Resource{TableWithColumns: t}
	}
	switch r.Kind {
	case governance.Database:
		return &types.Resource{Database: &types.DatabaseResource{CatalogId: id, Name: &r.Database}}
	case governance.Table:
		t := &types.TableResource{CatalogId: id, DatabaseName: &r.Database, Name: &r.Table}
		if r.Table == governance.EveryTable {
			t.Name, t.TableWildcard = aws.String(everyTable), &types.TableWildcard{}
		}
		return &types.Resource{Table: t}
	case governance.Location:
		return &types.Resource{DataLocation: &types.DataLocationResource{CatalogId: id, ResourceArn: aws.String("arn:aws:s3:::" + r.Path)}}
	case governance.Tag:
		return &types.Resource{LFTag: &types.LFTagKeyResource{CatalogId: id, TagKey: &r.TagKey, TagValues: r.TagValues}}
	case governance.TagExpression:
		return &types.Resource{LFTagExpression: &types.LFTagExpressionResource{CatalogId: id, Name: &r.Name}}
	case governance.TagPolicy:
		p := &types.LFTagPolicyResource{CatalogId: id, ResourceType: types.ResourceType(strings.ToUpper(string(r.Of)))}
		if r.Name != "" {
			p.ExpressionName = &r.Name
		} else {
			p.Expression = expression(r.Expression)
		}
		return &types.Resource{LFTagPolicy: p}
	}
	return &types.Resource{Catalog: &types.CatalogResource{Id: id}}
}

// exists checks that a subject is there, with its columns. link tells that it only points at another.
func (s *Service) exists(ctx context.Context, tx *store.Tx, of subject) (link bool, err error) {
	region := wire.CallOf(ctx).Region
	k := key(ctx, of.Account(), "")
	switch of.Kind {
	case governance.Database:
		return s.database(tx, region, of.Resource)
	case governance.Table:
		if of.Table == governance.EveryTable {
			return s.database(tx, region, of.Resource)
		}
		t, err := s.table(tx, region, of.Resource)
		if err != nil {
			return false, err
		}
		if of.filter != "" {
			f := governance.Filter{Table: of.Resource, Region: region, Name: of.filter}
			_, err := s.Ledger.Filters.Get(tx, f.Key())
			return false, absent(err, invalid("Cell Filter not found."))
		}
		return t.TargetTable != nil, hasColumns(t, of.columns, "cannot grant/revoke permission on non-existent column")
	case governance.Location:
		for path := of.Path; path != ""; path = parent(path) {
			k.ID = path
			if _, err := s.Ledger.Locations.Get(tx, k); err == nil {
				return false, nil
			} else if absent(err, nil) != nil {
				return false, err
			}
		}
		return false, invalid("The location is not registered: register the S3 path first.")
	case governance.Tag:
		return false, s.hasTags(ctx, tx, of.Catalog, []governance.TagValues{{Key: of.TagKey, Values: of.TagValues}})
	case governance.TagPolicy:
		if of.Name == "" {
			return false, s.hasTags(ctx, tx, of.Catalog, of.Expression)
		}
		fallthrough
	case governance.TagExpression:
		k.ID = of.Name
		_, err := s.Ledger.Expressions.Get(tx, k)
		return false, absent(err, notFound("Tag expression not found."))
	}
	return false, nil
}

func (s *Service) database(tx *store.Tx, region string, r governance.Resource) (link bool, err error) {
	d, err := s.Catalog.Database(tx, region, r)
	return d.TargetDatabase != nil, absent(err, notFound("Database not found."))
}

func (s *Service) table(tx *store.Tx, region string, r governance.Resource) (catalog.Table, error) {
	t, err := s.Catalog.Table(tx, region, r)
	return t, absent(err, notFound("Table not found."))
}

// hasColumns checks that a table has the columns.
func hasColumns(t catalog.Table, c *governance.Columns, message string) error {
	if c == nil {
		return nil
	}
	has := map[string]bool{}
	for _, column := range t.Columns() {
		has[fold(column.Name)] = true
	}
	for _, n := range append(append([]string{}, c.Names...), c.Excluded...) {
		if !has[strings.ToLower(n)] {
			return invalid("%s: %s", message, n)
		}
	}
	return nil
}
