package governance

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Created writes the grants that a new database or table begins with: everything to who made it ("": nobody), and the
// defaults.
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
		if d.Principal == creator {
			continue // has it all
		}
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
	// What others than the owner granted on is found in memory: a grant that one of them makes at this very moment gives
	// nothing unless the owner grants anew.
	var others []store.Key
	err := l.read(ctx, func() {
		h, name := r.place(region)
		for table, list := range l.grants.homes[h] {
			for _, g := range list {
				if (r.Kind == Database || table == name) && g.Grantor != r.Account() {
					others = append(others, g.Key())
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for _, k := range others {
		if err := l.Grants.Delete(tx, k); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	account := r.Account()
	prefixes := []string{r.Key() + Separator}
	if r.Kind == Database {
		prefixes = append(prefixes, Resource{Kind: Table, Catalog: r.Catalog, Database: r.Database}.Key())
	}
	for _, p := range prefixes {
		in := store.Range{Account: account, Region: region, Prefix: p}
		if err := errors.Join(sweep(tx, l.Grants, in), sweep(tx, l.Filters, in), sweep(tx, l.OptIns, in), sweep(tx, l.Tagged, in)); err != nil {
			return err
		}
	}
	return l.Tagged.DeleteIf(tx, store.Key{Account: account, Region: region, ID: r.Key()})
}

// sweep removes the rows in a range, as the transaction sees them.
func sweep[T any](tx *store.Tx, table interface {
	List(*store.Tx, store.Range) ([]store.Row[T], error)
	Delete(*store.Tx, store.Key) error
}, in store.Range) error {
	list, err := table.List(tx, in)
	for _, r := range list {
		if err := table.Delete(tx, r.Key); err != nil {
			return err
		}
	}
	return err
}
