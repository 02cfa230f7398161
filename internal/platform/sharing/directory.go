package sharing

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Config is what the directory needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Clock     clock.Clock
}

// Directory holds every share of the server.
type Directory struct {
	identities *identity.Directory
	clock      clock.Clock

	// The rows, for reading. Keys: Share.Key, Association.Key, Invitation.Key.
	Shares       *store.Held[Share]
	Associations *store.Held[Association]
	Invitations  *store.Table[Invitation]

	settings *store.Table[settings]
	offered  *store.Table[offered]
	store    *store.Store
	image    *store.Image

	// Derived from the associations in force.
	exact      map[string]members // by region and ARN: shares
	prefixes   map[string]members // by region and ARN without the star at its end
	lengths    map[int]int        // of the keys of prefixes
	principals map[store.Key]map[string]int
	received   map[string]members        // by region and principal, a role or user standing for its account
	ended      map[store.Key]Association // disassociated, to be forgotten
	closed     map[store.Key]Share       // deleted, to be forgotten
}

// members are shares, with how often each is there.
type members map[store.Key]int

// New opens the directory. Nothing is read before the first question.
func New(c Config) *Directory {
	d := &Directory{identities: c.Directory, clock: c.Clock, store: c.Store, image: store.NewImage(c.Store),
		Invitations: store.NewTable[Invitation](c.Store, "ram_invitation"),
		settings:    store.NewTable[settings](c.Store, "ram_settings"), offered: store.NewTable[offered](c.Store, "ram_offered"),
		exact: map[string]members{}, prefixes: map[string]members{}, lengths: map[int]int{},
		principals: map[store.Key]map[string]int{}, received: map[string]members{}, ended: map[store.Key]Association{},
		closed: map[store.Key]Share{}}
	d.Shares = store.NewHeld(d.image, "ram_share", d.indexShare)
	d.Associations = store.NewHeld(d.image, "ram_association", d.index)
	return d
}

func at(region, name string) string { return region + separator + name }

func (d *Directory) index(k store.Key, old, now *Association) {
	if old != nil && old.Status == Associated {
		d.count(*old, -1)
	}
	if now != nil && now.Status == Associated {
		d.count(*now, 1)
	}
	delete(d.ended, k)
	if now != nil && now.Status == Disassociated {
		d.ended[k] = *now
	}
}

func (d *Directory) indexShare(k store.Key, _, now *Share) {
	delete(d.closed, k)
	if now != nil && now.Status == Deleted {
		d.closed[k] = *now
	}
}

func (d *Directory) count(a Association, by int) {
	add := func(in map[string]members, name string) {
		m := in[name]
		if m == nil {
			m = members{}
			in[name] = m
		}
		if m[a.Share] += by; m[a.Share] == 0 {
			delete(m, a.Share)
		}
		if len(m) == 0 {
			delete(in, name)
		}
	}
	switch a.Kind {
	case Resource:
		prefix, wild := strings.CutSuffix(a.Entity, "*")
		name := at(a.Share.Region, prefix)
		if !wild {
			add(d.exact, name)
			return
		}
		add(d.prefixes, name)
		if d.lengths[len(name)] += by; d.lengths[len(name)] == 0 {
			delete(d.lengths, len(name))
		}
	case Principal:
		name := a.Entity
		if account := AccountOf(name); account != "" {
			name = account
		}
		add(d.received, at(a.Share.Region, name))
		m := d.principals[a.Share]
		if m == nil {
			m = map[string]int{}
			d.principals[a.Share] = m
		}
		if m[name] += by; m[name] == 0 {
			delete(m, name)
		}
		if len(m) == 0 {
			delete(d.principals, a.Share)
		}
	}
}

// Reaches tells whether a share that is in force brings a resource, named by ARN, to an account. It answers from memory; what
// can't be known doesn't reach.
func (d *Directory) Reaches(account, region, resource string) (ok bool) {
	ctx := context.Background()
	groups, err := d.identities.Memberships(ctx, account)
	if err != nil {
		return false
	}
	_ = d.image.Read(ctx, func() { // on an error ok stays false
		name := at(region, resource)
		if ok = d.anyWith(d.exact[name], account, groups); ok {
			return
		}
		for n := range d.lengths {
			if n <= len(name) && d.anyWith(d.prefixes[name[:n]], account, groups) {
				ok = true
				return
			}
		}
	})
	return ok
}

// anyWith tells whether one of the shares is with the account or a group that it is in.
func (d *Directory) anyWith(shares members, account string, groups []string) bool {
	for s := range shares {
		with := d.principals[s]
		if s.Account != account && with[account] > 0 {
			return true
		}
		for _, g := range groups {
			if s.Account != account && with[g] > 0 {
				return true
			}
		}
	}
	return false
}

// SharedWith lists the shares of others that are in force with an account in a region.
func (d *Directory) SharedWith(ctx context.Context, account, region string) ([]store.Key, error) {
	groups, err := d.identities.Memberships(ctx, account)
	if err != nil {
		return nil, err
	}
	found := members{}
	err = d.image.Read(ctx, func() {
		for _, name := range append([]string{account}, groups...) {
			for s := range d.received[at(region, name)] {
				if s.Account != account {
					found[s]++
				}
			}
		}
	})
	out := make([]store.Key, 0, len(found))
	for s := range found {
		out = append(out, s)
	}
	return out, err
}
