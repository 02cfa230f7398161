package lakeformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
)

// RevokePermissions takes permissions from a principal that the caller's account granted. What those who got them
// granted on ends with them.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_RevokePermissions.html
func (s *Service) RevokePermissions(ctx context.Context, in *lakeformation.RevokePermissionsInput) (*lakeformation.RevokePermissionsOutput, error) {
	c := change{in.CatalogId, in.Principal, in.Resource, in.Permissions, in.PermissionsWithGrantOption, in.Condition != nil}
	return done(&lakeformation.RevokePermissionsOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error { return s.revoke(ctx, tx, c) }))
}

func (s *Service) revokeTargets(ctx context.Context, in *lakeformation.RevokePermissionsInput) ([]wire.Target, error) {
	return changeTargets(ctx, in.CatalogId, in.Resource, in.Principal)
}

func nothingRevoked(p governance.Permissions) error {
	return invalid("No permissions revoked. Grantee does not have:[%s]", strings.Join(p.Names(), ", "))
}

func (s *Service) revoke(ctx context.Context, tx *store.Tx, c change) error {
	o, err := s.read(ctx, tx, c)
	if err != nil {
		return err
	}
	if err := s.mayGrant(ctx, tx, o.subject, o.permissions|o.grantable, o.who); err != nil {
		return err
	}
	if o.Kind == governance.Catalog && o.who == governance.AllowedByIAM {
		return s.leaveDatabasesToIAM(ctx, tx, o.Account(), false)
	}
	if o.columns != nil && len(o.columns.Names) > 0 {
		err = s.removeColumns(ctx, tx, o)
	} else {
		err = s.remove(ctx, tx, o)
	}
	if err != nil {
		return err
	}
	return s.withdraw(ctx, tx, o)
}

// remove takes permissions out of a grant. Who loses a permission loses the grant option on it too.
func (s *Service) remove(ctx context.Context, tx *store.Tx, o order) error {
	g, err := s.Ledger.Grants.Get(tx, o.row(ctx).Key())
	if err != nil {
		return absent(err, nothingRevoked(o.permissions|o.grantable))
	}
	has, pass := g.Permissions, g.Grantable
	if o.permissions&governance.All != 0 {
		g.Permissions, g.Grantable = 0, 0
		return s.put(ctx, tx, g)
	}
	if missing := o.permissions &^ o.stored(has); missing != 0 {
		return nothingRevoked(missing)
	}
	if missing := o.grantable &^ governance.All &^ o.stored(pass); o.permissions == 0 && missing != 0 {
		return nothingRevoked(missing)
	}
	if o.permissions != 0 {
		g.Permissions = o.stored(has) &^ o.permissions &^ governance.All
	}
	g.Grantable = o.stored(pass) &^ o.permissions &^ o.grantable &^ governance.All
	if o.grantable&governance.All != 0 {
		g.Grantable = 0
	}
	return s.put(ctx, tx, g)
}

// removeColumns takes columns out of the grants on columns: of those that may be granted on, and of those that may not.
func (s *Service) removeColumns(ctx context.Context, tx *store.Tx, o order) error {
	g := o.row(ctx)
	g.Permissions = governance.Select
	left := slices.Clone(o.columns.Names)
	for _, pass := range []governance.Permissions{governance.Select, 0} {
		if pass == 0 && o.permissions == 0 {
			break // the grant option alone is revoked
		}
		g.Grantable = pass
		row, err := s.Ledger.Grants.Get(tx, g.Key())
		if absent(err, nil) != nil {
			return err
		}
		if err != nil {
			continue
		}
		var stay, gone []string
		for _, n := range row.Columns.Names {
			if slices.Contains(o.columns.Names, n) {
				gone = append(gone, n)
			} else {
				stay = append(stay, n)
			}
		}
		left = slices.DeleteFunc(left, func(n string) bool { return slices.Contains(gone, n) })
		if len(gone) == 0 {
			continue
		}
		row.Columns = &governance.Columns{Names: stay}
		if len(stay) == 0 {
			if err := s.Ledger.Grants.Delete(tx, g.Key()); err != nil {
				return err
			}
		} else if err := s.put(ctx, tx, row); err != nil {
			return err
		}
		if o.permissions == 0 { // what may not be granted on any more may be read still
			kept := o
			kept.columns, kept.permissions, kept.grantable = &governance.Columns{Names: gone}, governance.Select, 0
			if err := s.add(ctx, tx, kept); err != nil {
				return err
			}
		}
	}
	if len(left) > 0 {
		return nothingRevoked(governance.Select)
	}
	return nil
}

// withdraw takes the resource out of the share when nothing of it is granted to the principal any more.
func (s *Service) withdraw(ctx context.Context, tx *store.Tx, o order) error {
	offer, ok := o.offer(ctx)
	if !ok {
		return nil
	}
	left, err := s.granted(ctx, tx, o, offer.Principal)
	if err != nil || left {
		return err
	}
	return s.Sharing.Withdraw(tx, offer)
}

// granted tells whether the account still grants a principal something that is offered under the same ARN.
func (s *Service) granted(ctx context.Context, tx *store.Tx, o order, to string) (bool, error) {
	call := wire.CallOf(ctx)
	prefixes := []string{o.Key() + governance.Separator}
	if o.Kind != governance.Database && o.Kind != governance.Table {
		prefixes = nil
		for _, k := range []governance.Kind{governance.Tag, governance.TagPolicy, governance.TagExpression} {
			prefixes = append(prefixes, string(k)+governance.Separator+o.Catalog+governance.Separator)
		}
	}
	for _, p := range prefixes {
		rows, err := s.Ledger.Grants.List(tx, store.Range{Account: call.Account(), Region: call.Region, Prefix: p})
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			if strings.TrimSuffix(r.Value.Principal, everyone) == to {
				return true, nil
			}
		}
	}
	return false, nil
}
