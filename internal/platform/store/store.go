// Package store keeps resources as typed JSON documents in SQLite or PostgreSQL.
//
// Acknowledged means on disk. One writer takes the changes that wait together into one transaction, each in its own
// savepoint, and syncs once (group commit). A change, the events it causes and the jobs it starts are one transaction.
package store

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/clock"
)

// ErrNotFound is returned when no resource has the key.
var ErrNotFound = errors.New("resource not found")

// ErrExists is returned by Insert when the key is taken.
var ErrExists = errors.New("resource exists")

// ErrNewerSchema is returned by Open when the data was written by a newer atelier.
var ErrNewerSchema = errors.New("data was written by a newer version of atelier")

// Config says where the data lies.
type Config struct {
	Dir      string // data directory; SQLite lies in Dir/state.db when Database is empty
	Database string // "" or postgres://…
	Clock    clock.Clock
}

// Key names a resource: account and region ("" for global resources) and an id that is unique under both.
// An id may have parts, joined by "/" or any separator the table's owner likes; List reads by id prefix in order.
type Key struct {
	Account, Region, ID string
}

// Store is one open database.
type Store struct{}

// Open opens or creates the database, and brings its schema up to date.
func Open(ctx context.Context, cfg Config) (*Store, error) { panic("contract") }

// Close waits for the writer and closes the database.
func (s *Store) Close() error { panic("contract") }

// Update runs f in a write transaction; all it changed is on disk when Update returns nil, and nothing of it is
// otherwise. f may run together with others' changes in one database transaction, so it must be short and touch nothing
// outside. When ctx carries a transaction already (see Tx.Context), f joins it.
func (s *Store) Update(ctx context.Context, f func(tx *Tx) error) error { panic("contract") }

// View runs f on a consistent snapshot.
func (s *Store) View(ctx context.Context, f func(tx *Tx) error) error { panic("contract") }

// Tx is a transaction. It is valid only inside the function it was given to.
type Tx struct{}

// Emit writes an event that is delivered after the commit. ID and Time are filled in when empty.
func (tx *Tx) Emit(e bus.Event) error { panic("contract") }

// Enqueue starts the job named name with input (JSON-encoded) after the commit. It returns the job's id, which also
// makes it idempotent: the same row never starts two jobs.
func (tx *Tx) Enqueue(name string, input any) (id string, err error) { panic("contract") }

// Table is the resources of one type. T is encoded as JSON.
type Table[T any] struct{}

// Index is a second way to find rows of a table: rows whose Value(row) is equal, or begins with a prefix.
// Value may return several strings; a row is then found under each.
type Index[T any] struct {
	Name  string
	Value func(T) []string
}

// NewTable declares a table. Call it once per type in the owner's New; it creates what is missing. Names are
// "<service>_<noun>", as "iam_role".
func NewTable[T any](s *Store, name string, indexes ...Index[T]) *Table[T] { panic("contract") }

// Get reads one row or returns ErrNotFound.
func (t *Table[T]) Get(tx *Tx, k Key) (T, error) { panic("contract") }

// Insert writes a new row or returns ErrExists.
func (t *Table[T]) Insert(tx *Tx, k Key, v T) error { panic("contract") }

// Put writes a row, new or not.
func (t *Table[T]) Put(tx *Tx, k Key, v T) error { panic("contract") }

// Delete removes a row or returns ErrNotFound.
func (t *Table[T]) Delete(tx *Tx, k Key) error { panic("contract") }

// Range selects rows of a List: of Account and Region, ids that begin with Prefix and are after After (exclusive), at
// most Limit (0: all), in id order. AllAccounts and AllRegions widen it.
type Range struct {
	Account, Region         string
	AllAccounts, AllRegions bool
	Prefix, After           string
	Limit                   int
}

// Row is a resource with its key.
type Row[T any] struct {
	Key   Key
	Value T
}

// List reads rows in id order.
func (t *Table[T]) List(tx *Tx, r Range) ([]Row[T], error) { panic("contract") }

// Find reads the rows whose index has exactly value, within r (r.Prefix and r.After apply to ids).
func (t *Table[T]) Find(tx *Tx, index, value string, r Range) ([]Row[T], error) { panic("contract") }

// Count counts the rows in r.
func (t *Table[T]) Count(tx *Tx, r Range) (int, error) { panic("contract") }

// Subscribe calls f for every event after its commit, in order, at least once, from the position that was last
// acknowledged under name. f's error makes it retry with backoff. It ends with ctx.
func (s *Store) Subscribe(ctx context.Context, name string, f func(context.Context, bus.Event) error) {
	panic("contract")
}
