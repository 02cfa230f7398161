package governance

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// All lists grants for which match is true, in order of their keys.
func (l *Ledger) All(ctx context.Context, match func(Grant) bool) ([]Grant, error) {
	var out []Grant
	err := l.read(ctx, func() {
		for g := range l.grants.all {
			if match(*g) {
				out = append(out, *g)
			}
		}
	})
	return sorted(out), err
}

// On lists the grants on exactly r, by all grantors, in order of their keys. Of a database with its tables under it when
// under is set.
func (l *Ledger) On(ctx context.Context, region string, r Resource, under bool) ([]Grant, error) {
	var out []Grant
	err := l.read(ctx, func() {
		h, name := r.place(region)
		for at, list := range l.grants.homes[h] {
			if at != name && !under {
				continue
			}
			for _, g := range list {
				if r.Kind != TagPolicy || g.Resource.Key() == r.Key() {
					out = append(out, *g)
				}
			}
		}
	})
	return sorted(out), err
}

func sorted(list []Grant) []Grant {
	type keyed struct {
		key store.Key
		g   Grant
	}
	all := make([]keyed, len(list))
	for i, g := range list {
		all[i] = keyed{g.Key(), g}
	}
	slices.SortFunc(all, func(a, b keyed) int { return compareKeys(a.key, b.key) })
	for i := range all {
		list[i] = all[i].g
	}
	return list
}

func compareKeys(a, b store.Key) int {
	if c := strings.Compare(a.ID, b.ID); c != 0 {
		return c
	}
	if c := strings.Compare(a.Account, b.Account); c != 0 {
		return c
	}
	return strings.Compare(a.Region, b.Region)
}

// FromOutside lists the databases and tables of other accounts that account, or somebody in it, was granted something on
// and that reach it, in order of their keys. Grants on tag expressions are not among them: they name no resource.
func (l *Ledger) FromOutside(ctx context.Context, account, region string) (out []Resource, err error) {
	found := map[string]Resource{}
	err = l.decide(ctx, region, func(d *decision) {
		for _, who := range []string{account, ""} {
			for g := range l.grants.outside[holder{region, who}] {
				r := g.Resource
				if r.Account() == account || who == "" && !slices.Contains(d.memberships(account), g.Principal) {
					continue
				}
				if _, in := found[r.Key()]; in {
					continue
				}
				if g.Grantor == account || d.reaches(account, r) {
					found[r.Key()] = r
				}
			}
		}
	})
	for _, k := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[k])
	}
	return out, err
}
