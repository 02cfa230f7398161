package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/bus"
)

var errReadOnly = errors.New("cannot change anything in a View")

// Tx is a transaction. It is valid only inside the function it was given to.
type Tx struct {
	s        *Store
	c        *conn
	readOnly bool
	depth    int
	hooks    []func()
	events   bool
	jobs     bool
}

type txKey struct{}

// Context returns a context in which Update and View of the same store join tx. So operations that open their own
// transaction compose.
func (tx *Tx) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, txKey{}, tx)
}

func joined(ctx context.Context, s *Store) (*Tx, bool) {
	tx, ok := ctx.Value(txKey{}).(*Tx)
	return tx, ok && tx.s == s
}

// OnCommit calls f after the transaction's commit and before its Update returns, so that caches are dropped before
// anybody is told of the change. f must be quick and must not use the store. A cache that is filled from a View has to
// check that nothing was dropped since that View began.
func (tx *Tx) OnCommit(f func()) { tx.hooks = append(tx.hooks, f) }

// nested runs f in a savepoint: when it fails, only what it changed is undone.
func (tx *Tx) nested(f func(tx *Tx) error) (err error) {
	if tx.readOnly {
		return errReadOnly
	}
	tx.depth++
	name := fmt.Sprintf("n%d", tx.depth)
	hooks, events, jobs := len(tx.hooks), tx.events, tx.jobs
	if err := tx.c.exec("SAVEPOINT " + name); err != nil {
		return fmt.Errorf("cannot begin change: %w", err)
	}
	ok := false
	defer func() {
		tx.depth--
		if !ok {
			tx.hooks, tx.events, tx.jobs = tx.hooks[:hooks], events, jobs
			if e := tx.c.exec("ROLLBACK TO SAVEPOINT " + name); e != nil && err == nil {
				err = e
			}
		}
		if e := tx.c.exec("RELEASE SAVEPOINT " + name); e != nil && err == nil {
			err = e
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	ok = true
	return nil
}

// Emit writes an event that is delivered after the commit. ID and Time are filled in when empty.
func (tx *Tx) Emit(e bus.Event) error {
	if tx.readOnly {
		return errReadOnly
	}
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	if e.Time.IsZero() {
		e.Time = tx.s.clock.Now()
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("cannot encode event %s: %w", e.DetailType, err)
	}
	tx.events = true
	_, err = tx.c.change(`INSERT INTO events (written, body) VALUES (?, ?)`, tx.s.clock.Now().UnixMilli(), string(body))
	return err
}

// Enqueue starts the job named name with input (JSON-encoded) after the commit. It returns the job's id, which also
// makes it idempotent: the same row never starts two jobs.
func (tx *Tx) Enqueue(name string, input any) (id string, err error) {
	if tx.readOnly {
		return "", errReadOnly
	}
	body, err := json.Marshal(input)
	if err != nil {
		return "", fmt.Errorf("cannot encode input of job %s: %w", name, err)
	}
	id = uuid.NewString()
	tx.jobs = true
	_, err = tx.c.change(`INSERT INTO outbox (id, written, name, input) VALUES (?, ?, ?, ?)`,
		id, tx.s.clock.Now().UnixMilli(), name, string(body))
	return id, err
}
