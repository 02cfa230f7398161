package governance

import (
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// mirror is a table of which a copy lies in memory. Its rows are guarded by the ledger's lock.
type mirror[T any] struct {
	l       *Ledger
	table   *store.Table[T]
	rows    map[store.Key]T
	changed func(k store.Key, old, now *T) // keeps what is derived from the rows
}

func newMirror[T any](l *Ledger, name string, changed func(k store.Key, old, now *T)) *mirror[T] {
	if changed == nil {
		changed = func(store.Key, *T, *T) {}
	}
	return &mirror[T]{l: l, table: store.NewTable[T](l.store, name), rows: map[store.Key]T{}, changed: changed}
}

// load reads all rows.
func (m *mirror[T]) load(tx *store.Tx) (func(), error) {
	rows, err := m.table.List(tx, store.Range{AllAccounts: true, AllRegions: true})
	if err != nil {
		return nil, err
	}
	return func() {
		clear(m.rows)
		for _, r := range rows {
			m.rows[r.Key] = r.Value
			m.changed(r.Key, nil, &r.Value)
		}
	}, nil
}

func (m *mirror[T]) set(k store.Key, now *T) {
	m.l.mu.Lock()
	defer m.l.mu.Unlock()
	if !m.l.loaded {
		return
	}
	var old *T
	if v, ok := m.rows[k]; ok {
		old = &v
	}
	if now == nil {
		delete(m.rows, k)
	} else {
		m.rows[k] = *now
	}
	m.changed(k, old, now)
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
	tx.OnCommit(func() { m.set(k, &v) })
	return nil
}

// Insert writes a new row, or fails with store.ErrExists.
func (m *mirror[T]) Insert(tx *store.Tx, k store.Key, v T) error {
	if err := m.table.Insert(tx, k, v); err != nil {
		return err
	}
	tx.OnCommit(func() { m.set(k, &v) })
	return nil
}

// Delete removes a row, or fails with store.ErrNotFound.
func (m *mirror[T]) Delete(tx *store.Tx, k store.Key) error {
	if err := m.table.Delete(tx, k); err != nil {
		return err
	}
	tx.OnCommit(func() { m.set(k, nil) })
	return nil
}

// deleteIf removes a row that may be gone.
func (m *mirror[T]) deleteIf(tx *store.Tx, k store.Key) error {
	if err := m.Delete(tx, k); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
