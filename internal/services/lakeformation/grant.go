package lakeformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// change is one grant or revoke as it was asked for.
type change struct {
	catalog      *string
	principal    *types.DataLakePrincipal
	resource     *types.Resource
	permissions  []types.Permission
	grantable    []types.Permission
	hasCondition bool
}

// order is a change that was read and checked.
type order struct {
	subject
	who         string
	permissions governance.Permissions
	grantable   governance.Permissions
}

func modification() error { return invalid("Permissions modification is invalid.") }

// GrantPermissions gives permissions to a principal.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GrantPermissions.html
func (s *Service) GrantPermissions(ctx context.Context, in *lakeformation.GrantPermissionsInput) (*lakeformation.GrantPermissionsOutput, error) {
	c := change{in.CatalogId, in.Principal, in.Resource, in.Permissions, in.PermissionsWithGrantOption, in.Condition != nil}
	return done(&lakeformation.GrantPermissionsOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error { return s.grant(ctx, tx, c) }))
}

func (s *Service) grantTargets(ctx context.Context, in *lakeformation.GrantPermissionsInput) ([]wire.Target, error) {
	return changeTargets(ctx, in.CatalogId, in.Resource, in.Principal)
}

// changeTargets are the trails that a grant or revoke is in: of the caller, of the resource's owner, and of who is granted
// something.
func changeTargets(ctx context.Context, catalog *string, r *types.Resource, p *types.DataLakePrincipal) ([]wire.Target, error) {
	of, err := subjectOf(ctx, catalog, r)
	if err != nil {
		return []wire.Target{{Resource: "*"}}, nil // the handler says what is wrong
	}
	other := ""
	if p != nil {
		other = governance.AccountOf(aws.ToString(p.DataLakePrincipalIdentifier))
	}
	return touching(ctx, of.Resource, other), nil
}

// read reads a change, for a principal and a resource that are there.
func (s *Service) read(ctx context.Context, tx *store.Tx, c change) (o order, err error) {
	if c.hasCondition {
		return o, invalid("Conditions are not supported.")
	}
	if o.subject, err = subjectOf(ctx, c.catalog, c.resource); err != nil {
		return o, err
	}
	if o.who, err = s.principalOf(ctx, tx, c.principal); err != nil {
		return o, err
	}
	if o.permissions, err = governance.ParsePermissions(c.permissions); err != nil {
		return o, modification()
	}
	if o.grantable, err = governance.ParsePermissions(c.grantable); err != nil {
		return o, modification()
	}
	link, err := s.exists(ctx, tx, o.subject)
	if err != nil {
		return o, err
	}
	return o, o.check(link)
}

// check holds a change to what may be granted on each kind of resource.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
func (o *order) check(link bool) error {
	may := o.Grantable()
	switch {
	case o.columns != nil:
		may = governance.Select
	case o.filter != "":
		may = governance.Select | governance.Describe | governance.Drop
	case o.Kind == governance.Location:
		may = governance.DataLocationAccess
	case link:
		may = governance.Describe | governance.Drop | governance.All
	}
	if all := o.permissions | o.grantable; all == 0 || all&^may != 0 {
		return modification()
	}
	if o.who == governance.AllowedByIAM {
		governed := o.Kind == governance.Database || o.Kind == governance.Table && o.columns == nil && o.filter == ""
		if !(governed && o.permissions == governance.All || o.Kind == governance.Catalog && o.permissions&^(governance.CreateDatabase|governance.All) == 0) ||
			o.grantable != 0 {
			return modification()
		}
	}
	if o.Kind == governance.Catalog && (governance.IsOrganization(o.who) || governance.AccountOf(o.who) != o.Account()) && o.who != governance.AllowedByIAM {
		return modification()
	}
	if o.permissions&governance.All == 0 && o.permissions != 0 && o.grantable&^o.permissions != 0 {
		return modification()
	}
	return nil
}

// scope is the part of the table that is granted.
func (s *Service) scope(ctx context.Context, tx *store.Tx, of subject) (governance.Scope, error) {
	if of.filter == "" {
		return governance.ScopeOf(of.columns, ""), nil
	}
	f, err := s.Ledger.Filters.Get(tx, governance.Filter{Table: of.Resource, Region: wire.CallOf(ctx).Region, Name: of.filter}.Key())
	return governance.ScopeOf(f.Columns, f.Rows), err
}

// mayGrant checks that the caller may give and take the permissions: as administrator of the owner, by the grant option, or as
// administrator of an account that was granted them, within what the account itself may pass on.
func (s *Service) mayGrant(ctx context.Context, tx *store.Tx, of subject, p governance.Permissions, who string) error {
	call := wire.CallOf(ctx)
	scope, err := s.scope(ctx, tx, of)
	if err != nil {
		return err
	}
	kind := of.Kind
	if kind == governance.TagPolicy {
		kind = of.Of
	}
	p = p.Of(kind)
	if of.filter != "" {
		p = governance.Select
	}
	a, err := s.access(ctx, of.Resource)
	if err != nil {
		return err
	}
	within := governance.AccountOf(who) == call.Account()
	if call.Account() == of.Account() {
		if a.MayPass(p, scope) {
			return nil
		}
		return s.mayGrantTags(ctx, of.Resource)
	}
	account, err := s.Ledger.AccountAccess(ctx, call.Account(), call.Region, of.Resource)
	if err != nil {
		return err
	}
	if a.MayPass(p, scope) && (within || account.MayPass(p, scope)) {
		return nil
	}
	admin, err := s.administers(ctx, call.Account())
	if err == nil && !(admin && within && account.MayGive(p, scope)) {
		err = notAuthorized()
	}
	return err
}

// mayGrantTags lets those grant on a tag expression who may do so with each of its tags.
func (s *Service) mayGrantTags(ctx context.Context, r governance.Resource) error {
	if r.Kind != governance.TagPolicy || r.Name != "" {
		return notAuthorized()
	}
	for _, t := range r.Expression {
		a, err := s.access(ctx, tagResource(r.Catalog, t.Key, t.Values...))
		if err != nil {
			return err
		}
		if !a.May(governance.GrantWithTagExpression) {
			return notAuthorized()
		}
	}
	return nil
}

func (s *Service) grant(ctx context.Context, tx *store.Tx, c change) error {
	o, err := s.read(ctx, tx, c)
	if err != nil {
		return err
	}
	if o.permissions == 0 {
		return modification()
	}
	if err := s.mayGrant(ctx, tx, o.subject, o.permissions|o.grantable, o.who); err != nil {
		return err
	}
	if o.Kind == governance.Catalog && o.who == governance.AllowedByIAM {
		return s.leaveDatabasesToIAM(ctx, tx, o.Account(), true)
	}
	if err := s.add(ctx, tx, o); err != nil {
		return err
	}
	offer, ok := o.offer(ctx)
	if !ok {
		return nil
	}
	return s.Sharing.Offer(tx, offer)
}

// leaveDatabasesToIAM grants or revokes what every account begins with: IAM alone says who makes databases.
func (s *Service) leaveDatabasesToIAM(ctx context.Context, tx *store.Tx, account string, leave bool) error {
	g, err := s.settings(ctx, tx, account)
	if err != nil {
		return err
	}
	if !leave && g.CreateDatabaseIsNotForIAM {
		return nothingRevoked(governance.CreateDatabase)
	}
	g.CreateDatabaseIsNotForIAM = !leave
	return s.Ledger.Settings.Put(tx, governance.SettingsKey(account, wire.CallOf(ctx).Region), g)
}

// row is the grant that the order is kept in, without permissions.
func (o *order) row(ctx context.Context) governance.Grant {
	call := wire.CallOf(ctx)
	return governance.Grant{Grantor: call.Account(), Region: call.Region, Principal: o.who, Resource: o.Resource, Columns: o.columns, Filter: o.filter}
}

// stored is the set as it is kept: ALL with what it stands for, so that single permissions can be taken out of it.
func (o *order) stored(p governance.Permissions) governance.Permissions {
	if p&governance.All == 0 || o.who == governance.AllowedByIAM {
		return p
	}
	kind := o.Kind
	if kind == governance.TagPolicy {
		kind = o.Of
	}
	return p | p.Of(kind)
}

// add puts the permissions to those that the principal has.
func (s *Service) add(ctx context.Context, tx *store.Tx, o order) error {
	g := o.row(ctx)
	g.Permissions, g.Grantable = o.stored(o.permissions), o.stored(o.grantable)
	before, err := s.Ledger.Grants.Get(tx, g.Key())
	if absent(err, nil) != nil {
		return err
	}
	g.Permissions |= before.Permissions
	g.Grantable |= before.Grantable
	if g.Columns != nil && before.Columns != nil {
		g.Columns = &governance.Columns{Names: lower(append(slices.Clone(before.Columns.Names), g.Columns.Names...)), Excluded: g.Columns.Excluded}
	}
	return s.put(ctx, tx, g)
}

// put writes a grant, or removes one that gives nothing any more.
func (s *Service) put(ctx context.Context, tx *store.Tx, g governance.Grant) error {
	if g.Permissions == 0 || g.Columns != nil && len(g.Columns.Names)+len(g.Columns.Excluded) == 0 {
		err := s.Ledger.Grants.Delete(tx, g.Key())
		return absent(err, nil)
	}
	g.By, g.Updated = name(ctx), s.now()
	return s.Ledger.Grants.Put(tx, g.Key(), g)
}

// offer is what a grant to another account brings into a share.
func (o *order) offer(ctx context.Context) (sharing.Offer, bool) {
	call := wire.CallOf(ctx)
	to := strings.TrimSuffix(o.who, everyone)
	if to == governance.AllowedByIAM || governance.AccountOf(to) == call.Account() || o.Kind == governance.Location || o.Kind == governance.Catalog {
		return sharing.Offer{}, false
	}
	return sharing.Offer{Owner: call.Account(), Region: call.Region, Principal: to, ResourceARN: o.ARN(call.Region)}, true
}
