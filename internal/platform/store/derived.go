package store

import "context"

// Derived is a table of an image of which the rows themselves don't lie in memory, but only what is made of them: for
// tables of very many rows.
type Derived[T any] struct {
	image *Image
	table *Table[T]
	put   func(now *T)
	drop  func(old *T)
	clear func()
}

// NewDerived declares a table of an image, before the image is first read. put is told of each row as it is now, and has to
// find by itself what it made of the row before; drop is told of each row that goes; clear forgets everything.
func NewDerived[T any](i *Image, name string, put, drop func(*T), clear func()) *Derived[T] {
	d := &Derived[T]{image: i, table: NewTable[T](i.s, name), put: put, drop: drop, clear: clear}
	i.tables = append(i.tables, d)
	return d
}

func (d *Derived[T]) load(tx *Tx) error {
	rows, err := d.table.List(tx, Range{AllAccounts: true, AllRegions: true})
	for _, r := range rows {
		v := r.Value // of its own, so that one row doesn't hold the whole list
		d.put(&v)
	}
	return err
}

func (d *Derived[T]) reset() { d.clear() }

// Get reads a row in a transaction.
func (d *Derived[T]) Get(tx *Tx, k Key) (T, error) { return d.table.Get(tx, k) }

// List reads rows in a transaction.
func (d *Derived[T]) List(tx *Tx, r Range) ([]Row[T], error) { return d.table.List(tx, r) }

// Put writes a row; it counts from the commit on.
func (d *Derived[T]) Put(tx *Tx, k Key, v T) error {
	if err := d.table.Put(tx, k, v); err != nil {
		return err
	}
	tx.OnCommit(func() { d.image.committed(func() { d.put(&v) }) })
	return nil
}

// Delete removes a row, or fails with ErrNotFound.
func (d *Derived[T]) Delete(tx *Tx, k Key) error {
	old, err := d.table.Get(tx, k)
	if err != nil {
		return err
	}
	if err := d.table.Delete(tx, k); err != nil {
		return err
	}
	tx.OnCommit(func() { d.image.committed(func() { d.drop(&old) }) })
	return nil
}

// Load reads the image, so that no question has to wait for it.
func (i *Image) Load(ctx context.Context) error { return i.fill(ctx) }
