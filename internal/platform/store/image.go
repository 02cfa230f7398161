package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Image is a set of tables of which a copy lies in memory: what decides on many requests. It is read with the first
// question and changed with every commit.
type Image struct {
	s       *Store
	tables  []imaged
	loading sync.Mutex // held by whoever loads

	mu      sync.RWMutex
	state   imageState
	waiting []func() // commits since loading began
}

type imageState int

const (
	empty imageState = iota
	filling
	filled
)

type imaged interface {
	load(tx *Tx) error
	reset()
}

// NewImage makes an image without tables. NewHeld adds them.
func NewImage(s *Store) *Image { return &Image{s: s} }

// Read runs f with everything loaded and held still. f must not change anything, nor call Read of the same image.
func (i *Image) Read(ctx context.Context, f func()) error {
	if err := i.fill(ctx); err != nil {
		return err
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	f()
	return nil
}

// Await loads everything, and tries again with a growing wait until it could or ctx ends; then its error is ctx's. failed is told of
// every attempt that failed.
func (i *Image) Await(ctx context.Context, failed func(error)) error {
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
		err := i.fill(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return ctx.Err()
}

func (i *Image) is(s imageState) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.state == s
}

// fill loads the tables once. Commits that come meanwhile wait and are applied after: a row that was read with them already
// is only written again. A transaction that ctx carries is left aside, as the image has what is committed.
func (i *Image) fill(ctx context.Context) error {
	if i.is(filled) {
		return nil
	}
	i.loading.Lock()
	defer i.loading.Unlock()
	if i.is(filled) {
		return nil
	}
	i.mu.Lock()
	i.state = filling
	i.mu.Unlock()
	err := i.s.View(context.WithValue(ctx, txKey{}, nil), func(tx *Tx) error {
		for _, t := range i.tables {
			if err := t.load(tx); err != nil {
				return err
			}
		}
		return nil
	})
	i.mu.Lock()
	defer i.mu.Unlock()
	defer func() { i.waiting = nil }()
	if err != nil {
		i.state = empty
		for _, t := range i.tables {
			t.reset()
		}
		return err
	}
	for _, f := range i.waiting {
		f()
	}
	i.state = filled
	return nil
}

// committed applies a change.
func (i *Image) committed(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch i.state {
	case filling:
		i.waiting = append(i.waiting, f)
	case filled:
		f()
	}
}

// Held is a table of which a copy lies in memory.
type Held[T any] struct {
	image   *Image
	table   *Table[T]
	rows    map[Key]T
	changed func(k Key, old, now *T)
}

// NewHeld declares a table of an image, before the image is first read. changed is told of every row that comes (old is
// nil), changes, or goes (now is nil), so that it can keep what is derived from the rows; nil for nothing.
func NewHeld[T any](i *Image, name string, changed func(k Key, old, now *T)) *Held[T] {
	if changed == nil {
		changed = func(Key, *T, *T) {}
	}
	h := &Held[T]{image: i, table: NewTable[T](i.s, name), rows: map[Key]T{}, changed: changed}
	i.tables = append(i.tables, h)
	return h
}

func (h *Held[T]) load(tx *Tx) error {
	rows, err := h.table.List(tx, Range{AllAccounts: true, AllRegions: true})
	for _, r := range rows {
		h.set(r.Key, &r.Value)
	}
	return err
}

// reset undoes a load that failed.
func (h *Held[T]) reset() {
	for k := range h.rows {
		h.set(k, nil)
	}
}

func (h *Held[T]) set(k Key, now *T) {
	var old *T
	if v, ok := h.rows[k]; ok {
		old = &v
	}
	if now == nil {
		delete(h.rows, k)
	} else {
		h.rows[k] = *now
	}
	if old != nil || now != nil {
		h.changed(k, old, now)
	}
}

// Rows are all rows that are committed. They may be looked at inside Image.Read only, and never changed.
func (h *Held[T]) Rows() map[Key]T { return h.rows }

// Get reads a row in a transaction.
func (h *Held[T]) Get(tx *Tx, k Key) (T, error) { return h.table.Get(tx, k) }

// List reads rows in a transaction.
func (h *Held[T]) List(tx *Tx, r Range) ([]Row[T], error) { return h.table.List(tx, r) }

// Put writes a row; it counts from the commit on.
func (h *Held[T]) Put(tx *Tx, k Key, v T) error {
	if err := h.table.Put(tx, k, v); err != nil {
		return err
	}
	tx.OnCommit(func() { h.image.committed(func() { h.set(k, &v) }) })
	return nil
}

// Insert writes a new row, or fails with ErrExists.
func (h *Held[T]) Insert(tx *Tx, k Key, v T) error {
	if err := h.table.Insert(tx, k, v); err != nil {
		return err
	}
	tx.OnCommit(func() { h.image.committed(func() { h.set(k, &v) }) })
	return nil
}

// Delete removes a row, or fails with ErrNotFound.
func (h *Held[T]) Delete(tx *Tx, k Key) error {
	if err := h.table.Delete(tx, k); err != nil {
		return err
	}
	tx.OnCommit(func() { h.image.committed(func() { h.set(k, nil) }) })
	return nil
}

// DeleteIf removes a row that may be gone.
func (h *Held[T]) DeleteIf(tx *Tx, k Key) error {
	if err := h.Delete(tx, k); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Watched is a table of which an image is told without a copy of its rows, for those who keep only a part of each.
type Watched[T any] struct {
	*Table[T]
	image   *Image
	changed func(k Key, now *T)
	clear   func()
}

// Watch makes changes of t known to an image, before the image is first read. changed is told of every row that is there
// or changes, and of those that go (now is nil); clear forgets all of them. From then on t is changed through what Watch
// returns alone.
func Watch[T any](i *Image, t *Table[T], changed func(k Key, now *T), clear func()) *Watched[T] {
	w := &Watched[T]{Table: t, image: i, changed: changed, clear: clear}
	i.tables = append(i.tables, w)
	return w
}

func (w *Watched[T]) load(tx *Tx) error {
	return w.Table.each(tx, Range{AllAccounts: true, AllRegions: true}, func(r Row[T]) error {
		w.changed(r.Key, &r.Value)
		return nil
	})
}

func (w *Watched[T]) reset() { w.clear() }

func (w *Watched[T]) told(tx *Tx, k Key, now *T, err error) error {
	if err == nil {
		tx.OnCommit(func() { w.image.committed(func() { w.changed(k, now) }) })
	}
	return err
}

// Put writes a row; it counts from the commit on.
func (w *Watched[T]) Put(tx *Tx, k Key, v T) error { return w.told(tx, k, &v, w.Table.Put(tx, k, v)) }

// Insert writes a new row, or fails with ErrExists.
func (w *Watched[T]) Insert(tx *Tx, k Key, v T) error {
	return w.told(tx, k, &v, w.Table.Insert(tx, k, v))
}

// Delete removes a row, or fails with ErrNotFound.
func (w *Watched[T]) Delete(tx *Tx, k Key) error { return w.told(tx, k, nil, w.Table.Delete(tx, k)) }
