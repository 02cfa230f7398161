package lakeformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// listed is one entry of a list of permissions, with its place.
type listed struct {
	at string
	types.PrincipalResourcePermissions
}

func place(l listed) string { return l.at }

func given(l []listed) []types.PrincipalResourcePermissions {
	out := []types.PrincipalResourcePermissions{}
	for _, e := range l {
		out = append(out, e.PrincipalResourcePermissions)
	}
	return out
}

// entries shows a grant. SELECT on a table is shown as one on all its columns, as AWS does.
func entries(g governance.Grant) []listed {
	k := g.Key()
	at := k.ID + governance.Separator + k.Account
	entry := func(part string, r *types.Resource, p, pass governance.Permissions) listed {
		return listed{at + part, types.PrincipalResourcePermissions{Principal: principal(g.Principal), Resource: r, Permissions: permissions(p),
			PermissionsWithGrantOption: permissions(pass), LastUpdated: aws.Time(g.Updated), LastUpdatedBy: aws.String(g.By)}}
	}
	if g.Resource.Kind != governance.Table || g.Resource.Table == governance.EveryTable || g.Columns != nil || g.Filter != "" || g.Permissions&governance.Select == 0 {
		return []listed{entry("", resource(g.Resource, g.Columns, g.Filter), g.Permissions, g.Grantable)}
	}
	var out []listed
	if rest := g.Permissions &^ governance.Select; rest != 0 {
		out = append(out, entry("", resource(g.Resource, nil, ""), rest, g.Grantable&^governance.Select))
	}
	return append(out, entry("*", resource(g.Resource, &governance.Columns{}, ""), governance.Select, g.Grantable&governance.Select))
}

// viewer is who looks at grants.
type viewer struct {
	s      *Service
	name   string
	call   *wire.Call
	all    bool            // of the account's grants
	passes map[string]bool // by resource: the viewer may grant on it
}

func (s *Service) viewer(ctx context.Context) (*viewer, error) {
	call := wire.CallOf(ctx)
	v := &viewer{s: s, name: name(ctx), call: call, passes: map[string]bool{}}
	g, err := s.Ledger.SettingsOf(ctx, call.Account(), call.Region)
	v.all = slices.Contains(g.Admins, v.name) || slices.Contains(g.ReadOnlyAdmins, v.name)
	return v, err
}

// sees tells whether a grant is shown: to administrators all that their account granted or was granted, to others their
// own and those on what they may grant themselves.
func (v *viewer) sees(ctx context.Context, g governance.Grant) (bool, error) {
	account := v.call.Account()
	of := governance.AccountOf(g.Principal)
	switch {
	case g.Region != v.call.Region || g.Grantor != account && of != account:
		return false, nil
	case v.all, g.Principal == v.name, g.Principal == account+everyone:
		return true, nil
	}
	k := g.Resource.Key()
	pass, known := v.passes[k]
	if !known {
		a, err := v.s.access(ctx, g.Resource)
		if err != nil {
			return false, err
		}
		pass = a.Grantable() != 0
		v.passes[k] = pass
	}
	return pass, nil
}

// show lists the grants that the viewer sees, in order.
func (v *viewer) show(ctx context.Context, grants []governance.Grant) ([]listed, error) {
	var out []listed
	for _, g := range grants {
		ok, err := v.sees(ctx, g)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, entries(g)...)
		}
	}
	slices.SortFunc(out, func(a, b listed) int { return strings.Compare(a.at, b.at) })
	return slices.CompactFunc(out, func(a, b listed) bool { return a.at == b.at }), nil
}

// ListPermissions lists grants: of a principal, on a resource, of a kind.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_ListPermissions.html
func (s *Service) ListPermissions(ctx context.Context, in *lakeformation.ListPermissionsInput) (*lakeformation.ListPermissionsOutput, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	who := ""
	if in.Principal != nil {
		who = aws.ToString(in.Principal.DataLakePrincipalIdentifier)
	}
	related := strings.EqualFold(aws.ToString(in.IncludeRelated), "true")
	if related && who != "" {
		return nil, invalid("The principal must not be given when related permissions are asked for.")
	}
	fits := func(g governance.Grant) bool {
		return (who == "" || g.Principal == who) && (in.CatalogId == nil || g.Resource.Catalog == catalogOf(ctx, in.CatalogId)) && ofType(g, in.ResourceType)
	}
	var grants []governance.Grant
	if in.Resource == nil {
		grants, err = s.Ledger.All(ctx, fits)
	} else {
		var of subject
		if of, err = subjectOf(ctx, in.CatalogId, in.Resource); err != nil {
			return nil, err
		}
		if in.Resource.TableWithColumns != nil {
			return nil, invalid("Permissions on columns are listed with those on their table.")
		}
		grants, err = s.Ledger.On(ctx, v.call.Region, of.Resource, false)
		grants = slices.DeleteFunc(grants, func(g governance.Grant) bool {
			return !fits(g) || of.filter != g.Filter && (of.filter != "" || !related)
		})
	}
	if err != nil {
		return nil, err
	}
	list, err := v.show(ctx, grants)
	if err != nil {
		return nil, err
	}
	if list, err = s.withBeginning(ctx, v, in, who, list); err != nil {
		return nil, err
	}
	out := &lakeformation.ListPermissionsOutput{}
	list, out.NextToken, err = page(ctx, list, place, in.MaxResults, in.NextToken)
	out.PrincipalResourcePermissions = given(list)
	return done(out, err)
}

// withBeginning adds what no grant says: that IAM decides who makes databases.
func (s *Service) withBeginning(ctx context.Context, v *viewer, in *lakeformation.ListPermissionsInput, who string, list []listed) ([]listed, error) {
	r := catalogResource(v.call.Account())
	g := governance.Grant{Principal: governance.AllowedByIAM, Resource: r}
	if !v.all || who != "" && who != governance.AllowedByIAM || in.Resource != nil && in.Resource.Catalog == nil || !ofType(g, in.ResourceType) ||
		catalogOf(ctx, in.CatalogId) != r.Catalog {
		return list, nil
	}
	settings, err := s.Ledger.SettingsOf(ctx, r.Catalog, v.call.Region)
	if err != nil || settings.CreateDatabaseIsNotForIAM {
		return list, err
	}
	first := listed{"!", types.PrincipalResourcePermissions{Principal: principal(governance.AllowedByIAM), Resource: resource(r, nil, ""),
		Permissions: []types.Permission{types.PermissionCreateDatabase}, PermissionsWithGrantOption: []types.Permission{}}}
	return append([]listed{first}, list...), nil
}

// ofType tells whether a grant is on a kind of resource.
func ofType(g governance.Grant, t types.DataLakeResourceType) bool {
	r := g.Resource
	switch t {
	case "":
		return true
	case types.DataLakeResourceTypeLfTagPolicyDatabase:
		return r.Kind == governance.TagPolicy && r.Of == governance.Database
	case types.DataLakeResourceTypeLfTagPolicyTable:
		return r.Kind == governance.TagPolicy && r.Of == governance.Table
	}
	return map[types.DataLakeResourceType]governance.Kind{types.DataLakeResourceTypeCatalog: governance.Catalog,
		types.DataLakeResourceTypeDatabase: governance.Database, types.DataLakeResourceTypeTable: governance.Table,
		types.DataLakeResourceTypeDataLocation: governance.Location, types.DataLakeResourceTypeLfTag: governance.Tag,
		types.DataLakeResourceTypeLfTagPolicy: governance.TagPolicy, types.DataLakeResourceTypeLfNamedTagExpression: governance.TagExpression}[t] == r.Kind
}

// GetEffectivePermissionsForPath lists the grants on the databases and tables whose data lies at a path or above it, and on
// these locations.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GetEffectivePermissionsForPath.html
func (s *Service) GetEffectivePermissionsForPath(ctx context.Context, in *lakeformation.GetEffectivePermissionsForPathInput) (*lakeformation.GetEffectivePermissionsForPathOutput, error) {
	path, err := locationPath(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	account := catalogResource(catalogOf(ctx, in.CatalogId)).Account()
	var grants []governance.Grant
	for at := path; at != ""; at = parent(at) {
		found, err := s.at(ctx, store.Range{Account: account, Region: v.call.Region}, at)
		if err != nil {
			return nil, err
		}
		for _, r := range append(found, governance.Resource{Kind: governance.Location, Catalog: account, Path: at}) {
			on, err := s.Ledger.On(ctx, v.call.Region, r, false)
			if err != nil {
				return nil, err
			}
			grants = append(grants, on...)
		}
	}
	list, err := v.show(ctx, grants)
	if err != nil {
		return nil, err
	}
	out := &lakeformation.GetEffectivePermissionsForPathOutput{}
	list, out.NextToken, err = page(ctx, list, place, in.MaxResults, in.NextToken)
	out.Permissions = given(list)
	return done(out, err)
}

// at finds the databases and tables whose data lies at exactly a path.
func (s *Service) at(ctx context.Context, in store.Range, path string) (out []governance.Resource, err error) {
	err = s.view(ctx, func(_ context.Context, tx *store.Tx) error {
		databases, err := s.Catalog.Databases.Find(tx, catalog.ByLocation, path, in)
		if err != nil {
			return err
		}
		for _, d := range databases {
			out = append(out, d.Value.Resource())
		}
		tables, err := s.Catalog.Tables.Find(tx, catalog.ByLocation, path, in)
		for _, t := range tables {
			out = append(out, t.Value.Resource())
		}
		return err
	})
	return out, err
}
