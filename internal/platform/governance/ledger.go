package governance

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Reach tells whether a resource share that is in force brings a resource, named by ARN, to an account. It is asked while
// the ledger is locked, so that it must answer from memory.
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
	// under SettingsKey; locations, tags and saved expressions under account, region and path, tag key or name; Tagged under
	// its resource's account and key.
	Grants      *store.Derived[Grant]
	Filters     *store.Held[Filter]
	Settings    *store.Held[Settings]
	Locations   *store.Held[Registered]
	OptIns      *store.Held[OptIn]
	Tags        *store.Held[TagDefinition]
	Tagged      *store.Held[Tagged]
	Expressions *store.Held[SavedExpression]

	image  *store.Image
	grants *shelf
}

// New opens the ledger. Nothing is read before Load or the first question.
func New(c Config) *Ledger {
	l := &Ledger{directory: c.Directory, reach: c.Reach, clock: c.Clock, image: store.NewImage(c.Store), grants: newShelf()}
	l.Grants = store.NewDerived(l.image, "lakeformation_grant", l.grants.put, l.grants.drop, l.grants.clear)
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

// Load reads everything. A server calls it as it starts, so that no question has to wait for it within a View, of which
// there are only so many.
func (l *Ledger) Load(ctx context.Context) error { return l.image.Load(ctx) }

// read runs f with everything loaded and held still.
func (l *Ledger) read(ctx context.Context, f func()) error { return l.image.Read(ctx, f) }

// SettingsOf reads an account's settings, the first ones when it never changed them.
func (l *Ledger) SettingsOf(ctx context.Context, account, region string) (s Settings, err error) {
	err = l.read(ctx, func() { s = l.settingsOf(account, region) })
	return s, err
}

func (l *Ledger) settingsOf(account, region string) Settings {
	if s, ok := l.Settings.Rows()[settingsKey(account, region)]; ok {
		return s
	}
	return FirstSettings()
}

// LocationOf finds the registered location that a path is in: the longest one.
func (l *Ledger) LocationOf(ctx context.Context, account, region, path string) (r Registered, ok bool, err error) {
	err = l.read(ctx, func() { r, ok = l.locationOf(account, region, path) })
	return r, ok, err
}

func (l *Ledger) locationOf(account, region, path string) (r Registered, ok bool) {
	for path != "" {
		if r, ok = l.Locations.Rows()[store.Key{Account: account, Region: region, ID: path}]; ok {
			return r, true
		}
		path = parent(path)
	}
	return r, false
}

func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}
