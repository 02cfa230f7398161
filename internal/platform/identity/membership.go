package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Memberships are the ARNs of the organization, the root and the units that an account is in; none outside an organization. It is on the
// path of requests: it is cached and the cache is dropped when identities change.
func (d *Directory) Memberships(ctx context.Context, account string) ([]string, error) {
	drawer := d.cache.Load()
	if out, ok := drawer.membership(account); ok {
		return out, nil
	}
	var out []string
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		out, err = d.MembershipsIn(tx, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	drawer.keepMembership(account, out)
	return out, nil
}

// MembershipsIn is Memberships in a transaction.
func (d *Directory) MembershipsIn(tx *store.Tx, account string) ([]string, error) {
	a, err := d.Accounts.Get(tx, IDKey(account))
	if errors.Is(err, store.ErrNotFound) || err == nil && a.Parent == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := d.Organizations.Get(tx, OrganizationKey)
	if err != nil {
		return nil, err
	}
	out := []string{o.ARN()}
	for id := a.Parent; id != ""; {
		u, err := d.Units.Get(tx, IDKey(id))
		if err != nil {
			return nil, err
		}
		if out = append(out, o.UnitARN(u)); len(out) > maxLevels+1 {
			return nil, fmt.Errorf("cannot find the units of account %s: they are nested too deep", account)
		}
		id = u.Parent
	}
	return out, nil
}
