package governance

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Reach tells whether a resource share that is in force brings a resource, named by ARN, to an account.
type Reach interface {
	Reaches(account, region, resource string) bool
}

// Config is what the ledger needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Reach     Reach // nil: a grant reaches other accounts by itself
	Clock     clock.Clock
}

// Ledger holds every grant of the server, and decides.
type Ledger struct {
	directory *identity.Directory
	reach     Reach
	clock     clock.Clock

	// The rows. Whatever is put or deleted there counts from the commit on. Keys: Grant.Key, Filter.Key, OptIn.Key; settings
	// under SettingsKey; locations, tags and saved expressions under account, region and path, tag key or name; Tagged under its resource's
	// account and key.
	Grants      *store.Held[Grant]
	Filters     *store.Held[Filter]
	Settings    *store.Held[Settings]
	Locations   *store.Held[Registered]
	OptIns      *store.Held[OptIn]
	Tags        *store.Held[TagDefinition]
	Tagged      *store.Held[Tagged]
	Expressions *store.Held[SavedExpression]

	image       *store.Image
	byResource  map[string]map[store.Key]*Grant // region and Resource.Key
	byPrincipal map[string]map[store.Key]*Grant
	policies    map[string]map[store.Key]*Grant // by region and catalog: grants on tag expressions
	organized   int                             // grants to organizations and units
}

// New opens the ledger. Nothing is read before the first question.
func New(c Config) *Ledger {
	l := &Ledger{directory: c.Directory, reach: c.Reach, clock: c.Clock, image: store.NewImage(c.Store),
		byResource: map[string]map[store.Key]*Grant{}, byPrincipal: map[string]map[store.Key]*Grant{}, policies: map[string]map[store.Key]*Grant{}}
	l.Grants = store.NewHeld(l.image, "lakeformation_grant", l.index)
	l.Filters = store.NewHeld[Filter](l.image, "lakeformation_filter", nil)
	l.Settings = store.NewHeld[Settings](l.image, "lakeformation_settings", nil)
	l.Locations = store.NewHeld[Registered](l.image, "lakeformation_location", nil)
	l.OptIns = store.NewHeld[OptIn](l.image, "lakeformation_optin", nil)
	l.Tags = store.NewHeld[TagDefinition](l.image, "lakeformation_tag", nil)
	l.Tagged = store.NewHeld[Tagged](l.image, "lakeformation_tagged", nil)
	l.Expressions = store.NewHeld[SavedExpression](l.image, "lakeformation_expression", nil)
	return l
}

// SettingsKey is where the settings of an account in a region are kept.
func SettingsKey(account, region string) store.Key { return settingsKey(account, region) }

func (l *Ledger) index(k store.Key, old, now *Grant) {
	for _, g := range []*Grant{old, now} {
		if g == nil {
			continue
		}
		sets := []struct {
			m  map[string]map[store.Key]*Grant
			at string
		}{{l.byResource, g.Region + g.Resource.Key()}, {l.byPrincipal, g.Region + g.Principal}}
		if g.Resource.Kind == TagPolicy {
			sets = append(sets, struct {
				m  map[string]map[store.Key]*Grant
				at string
			}{l.policies, g.Region + g.Resource.Catalog})
		}
		for _, s := range sets {
			if g == old {
				delete(s.m[s.at], k)
				if len(s.m[s.at]) == 0 {
					delete(s.m, s.at)
				}
				continue
			}
			if s.m[s.at] == nil {
				s.m[s.at] = map[store.Key]*Grant{}
			}
			s.m[s.at][k] = g
		}
		if IsOrganization(g.Principal) {
			if g == old {
				l.organized--
			} else {
				l.organized++
			}
		}
	}
}

// read runs f with everything loaded and held still.
func (l *Ledger) read(ctx context.Context, f func()) error { return l.image.Read(ctx, f) }

// SettingsOf reads an account's settings, the first ones when it never changed them.
func (l *Ledger) SettingsOf(ctx context.Context, account, region string) (s Settings, err error) {
	err = l.read(ctx, func() { s = l.settings(account, region) })
	return s, err
}

func (l *Ledger) settings(account, region string) Settings {
	if s, ok := l.Settings.Rows()[settingsKey(account, region)]; ok {
		return s
	}
	return FirstSettings()
}

// LocationOf finds the registered location that a path is in: the longest one.
func (l *Ledger) LocationOf(ctx context.Context, account, region, path string) (r Registered, ok bool, err error) {
	err = l.read(ctx, func() {
		for p := path; ; {
			if r, ok = l.Locations.Rows()[store.Key{Account: account, Region: region, ID: p}]; ok {
				return
			}
			i := strings.LastIndexByte(p, '/')
			if i < 0 {
				return
			}
			p = p[:i]
		}
	})
	return r, ok, err
}

// All lists grants for which match is true, in order of their keys.
func (l *Ledger) All(ctx context.Context, match func(Grant) bool) (out []Grant, err error) {
	err = l.read(ctx, func() {
		for _, g := range l.Grants.Rows() {
			if match(g) {
				out = append(out, g)
			}
		}
	})
	slices.SortFunc(out, func(a, b Grant) int { return compareKeys(a.Key(), b.Key()) })
	return out, err
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

// FromOutside lists the databases and tables of other accounts of which account was granted something, directly or
// through its principals, in order of their keys. Grants on tag expressions are not among them: they name no resource.
func (l *Ledger) FromOutside(ctx context.Context, account, region string) (out []Resource, err error) {
	found := map[string]Resource{}
	err = l.read(ctx, func() {
		for _, g := range l.Grants.Rows() {
			r := g.Resource
			if g.Region != region || r.Account() == account || r.Kind != Database && r.Kind != Table {
				continue
			}
			if AccountOf(g.Principal) == account || IsOrganization(g.Principal) {
				found[r.Key()] = r
			}
		}
	})
	for _, k := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[k])
	}
	return out, err
}

// Created writes the grants that a new database or table begins with: everything to who made it, and the defaults.
func (l *Ledger) Created(tx *store.Tx, creator, region string, r Resource, defaults []Default) error {
	now := l.clock.Now().UTC()
	g := Grant{Grantor: r.Account(), Region: region, Principal: creator, Resource: r, Permissions: All | meaning[r.Kind],
		Grantable: All | meaning[r.Kind], By: creator, Updated: now}
	if creator != "" {
		if err := l.Grants.Put(tx, g.Key(), g); err != nil {
			return err
		}
	}
	for _, d := range defaults {
		g.Principal, g.Permissions, g.Grantable = d.Principal, d.Permissions, 0
		if err := l.Grants.Put(tx, g.Key(), g); err != nil {
			return err
		}
	}
	return nil
}

// Dropped removes what was granted on a database (with all its tables) or a table, its filters, its tags and opt-ins, by
// whomever, so that another of the same name begins anew.
func (l *Ledger) Dropped(ctx context.Context, tx *store.Tx, region string, r Resource) error {
	var grants, filters, optIns, tagged []store.Key
	same := func(o Resource) bool {
		return o.Catalog == r.Catalog && (o.Kind == Database || o.Kind == Table) && o.Database == r.Database &&
			(r.Kind == Database || o.Table == r.Table && o.Kind == Table)
	}
	err := l.read(ctx, func() {
		if r.Kind == Table {
			grants = slices.Collect(maps.Keys(l.byResource[region+r.Key()]))
		} else {
			for k, g := range l.Grants.Rows() {
				if g.Region == region && same(g.Resource) {
					grants = append(grants, k)
				}
			}
		}
		for k, f := range l.Filters.Rows() {
			if f.Region == region && same(f.Table) {
				filters = append(filters, k)
			}
		}
		for k, o := range l.OptIns.Rows() {
			if k.Region == region && same(o.Resource) {
				optIns = append(optIns, k)
			}
		}
		for k, t := range l.Tagged.Rows() {
			if k.Region == region && same(t.Resource) {
				tagged = append(tagged, k)
			}
		}
	})
	if err != nil {
		return err
	}
	for _, remove := range []struct {
		keys []store.Key
		from func(*store.Tx, store.Key) error
	}{{grants, l.Grants.DeleteIf}, {filters, l.Filters.DeleteIf}, {optIns, l.OptIns.DeleteIf}, {tagged, l.Tagged.DeleteIf}} {
		for _, k := range remove.keys {
			if err := remove.from(tx, k); err != nil {
				return err
			}
		}
	}
	return nil
}
