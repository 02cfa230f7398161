package governance

import (
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// mirror is a table of which a copy lies in memory. The copy is guarded by the ledger's lock.
type mirror[T any] struct {
	l     *Ledger
	table *store.Table[T]
	put   func(k store.Key, now *T)
	drop  func(k store.Key, old *T)
}

// rows is the simplest copy.
type rows[T any] map[store.Key]*T

func (r rows[T]) get(k store.Key) (v T, ok bool) {
	if p, in := r[k]; in {
		return *p, true
	}
	return v, false
}

func newMirror[T any](l *Ledger, name string, put, drop func(store.Key, *T)) *mirror[T] {
	return &mirror[T]{l: l, table: store.NewTable[T](l.store, name), put: put, drop: drop}
}

func newRows[T any](l *Ledger, name string) (*mirror[T], rows[T]) {
	r := rows[T]{}
	return newMirror(l, name, func(k store.Key, now *T) { r[k] = now }, func(k store.Key, _ *T) { delete(r, k) }), r
}

// load reads all rows.
func (m *mirror[T]) load(tx *store.Tx) (func(), error) {
	list, err := m.table.List(tx, store.Range{AllAccounts: true, AllRegions: true})
	if err != nil {
		return nil, err
	}
	return func() {
		for _, r := range list {
			v := r.Value // of its own, so that one row doesn't hold the whole list
			m.put(r.Key, &v)
		}
	}, nil
}

// Get reads a row in a transaction.
func (m *mirror[T]) Get(tx *store.Tx, k store.Key) (T, error) { return m.table.Get(tx, k) }

// List reads rows in a transaction.
func (m *mirror[T]) List(tx *store.Tx, r store.Range) ([]store.Row[T], error) {
	return m.table.List(tx, r)
}

// Put writes a row; it counts from the commit on.
func (m *mirror[T]) Put(tx *store.Tx, k store.Key, v T) error {
	if err := m.table.Put(tx, k, v); err != nil {
		return err
	}
	m.l.later(tx, func() { m.put(k, &v) })
	return nil
}

// Insert writes a new row, or fails with store.ErrExists.
func (m *mirror[T]) Insert(tx *store.Tx, k store.Key, v T) error {
	if err := m.table.Insert(tx, k, v); err != nil {
		return err
	}
	m.l.later(tx, func() { m.put(k, &v) })
	return nil
}

// Delete removes a row, or fails with store.ErrNotFound.
func (m *mirror[T]) Delete(tx *store.Tx, k store.Key) error {
	old, err := m.table.Get(tx, k)
	if err != nil {
		return err
	}
	if err := m.table.Delete(tx, k); err != nil {
		return err
	}
	m.l.later(tx, func() { m.drop(k, &old) })
	return nil
}

// clear removes the rows of an account and region whose ids begin with prefix, as the transaction sees them.
func (m *mirror[T]) clear(tx *store.Tx, account, region, prefix string) error {
	list, err := m.table.List(tx, store.Range{Account: account, Region: region, Prefix: prefix})
	for _, r := range list {
		if err := m.Delete(tx, r.Key); err != nil {
			return err
		}
	}
	return err
}

// deleteIf removes a row that may be gone.
func (m *mirror[T]) deleteIf(tx *store.Tx, k store.Key) error {
	if err := m.Delete(tx, k); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
