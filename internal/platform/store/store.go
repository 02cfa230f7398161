// Package store keeps resources as typed JSON documents in SQLite or PostgreSQL.
//
// Acknowledged means on disk. One writer takes the changes that wait together into one transaction, each in its own
// savepoint, and syncs once (group commit). A change, the events it causes and the jobs it starts are one transaction.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/clock"
)

// ErrNotFound is returned when no resource has the key.
var ErrNotFound = errors.New("resource not found")

// ErrExists is returned by Insert when the key is taken.
var ErrExists = errors.New("resource exists")

// ErrNewerSchema is returned by Open when the data was written by a newer atelier.
var ErrNewerSchema = errors.New("data was written by a newer version of atelier")

// ErrLocked is returned by Open when another server has the data directory or the database open.
var ErrLocked = errors.New("data is in use by another server")

// ErrClosed is returned by Update and View after Close.
var ErrClosed = errors.New("store is closed")

// Config says where the data lies.
type Config struct {
	Dir      string // data directory, always locked; SQLite lies in Dir/state.db when Database is empty
	Database string // "" or postgres://…
	Clock    clock.Clock
}

// Key names a resource: account and region ("" for global resources) and an id that is unique under both.
// An id may have parts, joined by "/" or any separator the table's owner likes except NUL; List reads by id prefix in
// order of bytes.
type Key struct {
	Account, Region, ID string
}

// Store is one open database.
type Store struct {
	db      *sql.DB
	dialect dialect
	clock   clock.Clock
	lock    *dirLock
	readers readers
	work    chan *change
	quit    chan struct{}
	done    chan struct{}
	closing sync.Once
	news    broadcast // after a commit with events
	outbox  broadcast // after a commit with jobs
}

// Open opens or creates the database, and brings its schema up to date.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	var lock *dirLock
	if cfg.Dir != "" {
		var err error
		if lock, err = lockDir(cfg.Dir); err != nil {
			return nil, err
		}
	}
	s := &Store{clock: cfg.Clock, lock: lock, work: make(chan *change, 1024),
		quit: make(chan struct{}), done: make(chan struct{})}
	if err := s.open(ctx, cfg); err != nil {
		lock.release()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, cfg Config) error {
	s.dialect = sqliteDialect(filepath.Join(cfg.Dir, "state.db"))
	if cfg.Database != "" {
		s.dialect = postgresDialect(cfg.Database)
	}
	db, err := sql.Open(s.dialect.driver, s.dialect.source)
	if err != nil {
		return fmt.Errorf("cannot open database: %w", err)
	}
	db.SetMaxIdleConns(s.dialect.readers + 1)
	s.db = db
	s.readers.init(db, s.dialect)
	w := &writer{s: s}
	if err := w.connect(ctx); err != nil {
		_ = db.Close()
		return err
	}
	if err := migrate(ctx, w.conn); err != nil {
		_ = w.conn.close()
		_ = db.Close()
		return err
	}
	go w.run()
	return nil
}

// Close waits for the changes under way and closes the database.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.quit)
		<-s.done
		s.readers.close()
		err = s.db.Close()
		s.lock.release()
	})
	return err
}

// Update runs f in a write transaction; all it changed is on disk when Update returns nil, and nothing of it is
// otherwise. f may run together with others' changes in one database transaction, so it must be short and touch nothing
// outside. When ctx carries a transaction already (see Tx.Context), f joins it; calling Update inside another f
// without that context waits for ever.
func (s *Store) Update(ctx context.Context, f func(tx *Tx) error) error {
	if tx, ok := joined(ctx, s); ok {
		return tx.nested(f)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &change{f: f, reply: make(chan result, 1)}
	select {
	case s.work <- c:
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	// A change that was taken is waited for even when ctx ends: whoever asked must learn whether it happened.
	select {
	case r := <-c.reply:
		return r.unwrap()
	case <-s.done:
	}
	select { // the writer may have answered on its way out
	case r := <-c.reply:
		return r.unwrap()
	default:
		return ErrClosed
	}
}

// View runs f on a consistent snapshot. Inside a transaction (see Tx.Context) it sees that transaction's changes.
func (s *Store) View(ctx context.Context, f func(tx *Tx) error) error {
	if tx, ok := joined(ctx, s); ok {
		return f(tx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.readers.take(ctx)
	if err != nil {
		return fmt.Errorf("cannot read: %w", err)
	}
	if err := c.exec(s.dialect.beginRead); err != nil {
		s.readers.drop(c)
		return fmt.Errorf("cannot begin reading: %w", err)
	}
	ended := false
	defer func() { // also when f panics
		if !ended || c.exec("ROLLBACK") != nil {
			s.readers.drop(c)
			return
		}
		s.readers.give(c)
	}()
	err = f(&Tx{s: s, c: c, readOnly: true})
	ended = true
	return err
}
