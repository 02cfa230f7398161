package governance

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

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
	store     *store.Store
	directory *identity.Directory
	reach     Reach
	clock     clock.Clock

	// The rows. Whatever is put or deleted there counts from the commit on. Keys: Grant.Key, Filter.Key, OptIn.Key; settings
	// under SettingsKey; locations, tags and saved expressions under account, region and path, tag key or name; Tagged under
	// its resource's account and key.
	Grants      *mirror[Grant]
	Filters     *mirror[Filter]
	Settings    *mirror[Settings]
	Locations   *mirror[Registered]
	OptIns      *mirror[OptIn]
	Tags        *mirror[TagDefinition]
	Tagged      *mirror[Tagged]
	Expressions *mirror[SavedExpression]

	loading sync.Mutex
	loaded  atomic.Bool

	mu      sync.RWMutex
	missed  []func() // changes since the loading began; nil when nobody loads
	watched bool     // they are kept

	grants      *shelf
	filters     rows[Filter]
	settings    rows[Settings]
	locations   rows[Registered]
	optIns      rows[OptIn]
	tagged      rows[Tagged]
	expressions rows[SavedExpression]
}

// New opens the ledger. Nothing is read before Load or the first question.
func New(c Config) *Ledger {
	l := &Ledger{store: c.Store, directory: c.Directory, reach: c.Reach, clock: c.Clock, grants: newShelf()}
	l.Grants = newMirror(l, "lakeformation_grant", l.grants.put, l.grants.drop)
	l.Filters, l.filters = newRows[Filter](l, "lakeformation_filter")
	l.Settings, l.settings = newRows[Settings](l, "lakeformation_settings")
	l.Locations, l.locations = newRows[Registered](l, "lakeformation_location")
	l.OptIns, l.optIns = newRows[OptIn](l, "lakeformation_optin")
	l.Tags, _ = newRows[TagDefinition](l, "lakeformation_tag")
	l.Tagged, l.tagged = newRows[Tagged](l, "lakeformation_tagged")
	l.Expressions, l.expressions = newRows[SavedExpression](l, "lakeformation_expression")
	return l
}

// SettingsKey is where the settings of an account in a region are kept.
func SettingsKey(account, region string) store.Key { return settingsKey(account, region) }

// later changes the copy in memory when the transaction is committed.
func (l *Ledger) later(tx *store.Tx, change func()) {
	tx.OnCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case l.loaded.Load():
			change()
		case l.watched:
			l.missed = append(l.missed, change)
		}
	})
}

// Load reads everything, once. What is committed meanwhile is put on top: to put or delete a row again does no harm. A
// server calls it as it starts, so that no question has to wait for it within a View, of which there are only so many.
func (l *Ledger) Load(ctx context.Context) error {
	if l.loaded.Load() {
		return nil
	}
	l.loading.Lock()
	defer l.loading.Unlock()
	if l.loaded.Load() {
		return nil
	}
	l.mu.Lock()
	l.watched, l.missed = true, nil
	l.mu.Unlock()
	var fill []func()
	// Not in the caller's transaction, which may be undone.
	err := l.store.View(context.WithoutCancel(alone{ctx}), func(tx *store.Tx) error {
		for _, load := range []func(*store.Tx) (func(), error){l.Grants.load, l.Filters.load, l.Settings.load, l.Locations.load,
			l.OptIns.load, l.Tags.load, l.Tagged.load, l.Expressions.load} {
			f, err := load(tx)
			if err != nil {
				return err
			}
			fill = append(fill, f)
		}
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		for _, f := range append(fill, l.missed...) {
			f()
		}
		l.loaded.Store(true)
	}
	l.watched, l.missed = false, nil
	return err
}

// alone is a context without values, so without a transaction.
type alone struct{ context.Context }

// Value knows nothing.
func (alone) Value(any) any { return nil }

// read runs f with everything loaded and held still.
func (l *Ledger) read(ctx context.Context, f func()) error {
	if err := l.Load(ctx); err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	f()
	return nil
}

// SettingsOf reads an account's settings, the first ones when it never changed them.
func (l *Ledger) SettingsOf(ctx context.Context, account, region string) (s Settings, err error) {
	err = l.read(ctx, func() { s = l.settingsOf(account, region) })
	return s, err
}

func (l *Ledger) settingsOf(account, region string) Settings {
	if s, ok := l.settings.get(settingsKey(account, region)); ok {
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
		if r, ok = l.locations.get(store.Key{Account: account, Region: region, ID: path}); ok {
			return r, true
		}
		path = parent(path)
	}
	return r, false
}

func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}
