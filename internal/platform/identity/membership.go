package identity

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Memberships are the ARNs of the organization and the units that an account is in, its own unit first; none outside an
// organization. Cached as Policies are.
func (d *Directory) Memberships(ctx context.Context, account string) ([]string, error) {
	drawer := d.cache.Load()
	if v, ok := drawer.memberships.Load(account); ok {
		return v.([]string), nil
	}
	var out []string
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		out, err = d.membershipsOf(tx, account)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot find the units of account %s: %w", account, err)
	}
	drawer.memberships.Store(account, out)
	return out, nil
}

func (d *Directory) membershipsOf(tx *store.Tx, account string) ([]string, error) {
	a, err := d.Accounts.Get(tx, IDKey(account))
	if err != nil || a.Parent == "" {
		return nil, found(err)
	}
	o, err := d.Organizations.Get(tx, OrganizationKey)
	if err != nil {
		return nil, found(err)
	}
	out := []string{}
	for at := a.Parent; at != ""; {
		u, err := d.Units.Get(tx, IDKey(at))
		if err != nil {
			return nil, err
		}
		if u.Parent != "" {
			out = append(out, o.UnitARN(u))
		}
		if at = u.Parent; len(out) > maxLevels {
			return nil, fmt.Errorf("units are nested too deep")
		}
	}
	return append(out, o.ARN()), nil
}
