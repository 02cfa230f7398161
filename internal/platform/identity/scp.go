package identity

import (
	"errors"
	"fmt"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// maxLevels bounds the way from an account up to the root: AWS allows five levels of units.
const maxLevels = 8

// SCPsOf collects the service control policies of an account, one slice per level from the root down. It is nil where
// none are in force: outside an organization, in the management account, and while the policy type is disabled.
// Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (d *Directory) SCPsOf(tx *store.Tx, account string) ([][]*authz.Policy, error) {
	a, err := d.Accounts.Get(tx, IDKey(account))
	if err != nil || a.Management || a.Parent == "" {
		return nil, found(err)
	}
	o, err := d.Organizations.Get(tx, OrganizationKey)
	if err != nil || !slices.Contains(o.Enabled, SCPType) {
		return nil, found(err)
	}
	var levels [][]*authz.Policy
	add := func(ids []string) error {
		level := []*authz.Policy{} // not nil: a level without policies allows nothing
		for _, id := range ids {
			p, err := d.SCPs.Get(tx, IDKey(id))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			parsed, err := d.parse(o.SCPARN(p), p.Content, authz.ParseSCP)
			if err != nil {
				return fmt.Errorf("cannot read policy %s: %w", id, err)
			}
			level = append(level, parsed)
		}
		levels = append(levels, level)
		return nil
	}
	if err := add(a.SCPs); err != nil {
		return nil, err
	}
	for at := a.Parent; at != ""; {
		u, err := d.Units.Get(tx, IDKey(at))
		if err != nil {
			return nil, fmt.Errorf("cannot read unit %s: %w", at, err)
		}
		if err := add(u.SCPs); err != nil {
			return nil, err
		}
		if at = u.Parent; len(levels) > maxLevels {
			return nil, fmt.Errorf("cannot collect policies of account %s: units are nested too deep", account)
		}
	}
	slices.Reverse(levels)
	return levels, nil
}
