package store

import (
	"context"
	"fmt"
	"runtime/debug"
)

// batch is how many changes share one commit at most: enough to hide the disk's sync behind the work, few enough that
// nobody waits long.
const batch = 256

// change is one Update that waits for the writer.
type change struct {
	f     func(tx *Tx) error
	reply chan result
}

type result struct {
	err   error
	panic any
	stack []byte
}

func (r result) unwrap() error {
	if r.panic != nil {
		panic(fmt.Sprintf("%v\n\nin a transaction:\n%s", r.panic, r.stack))
	}
	return r.err
}

// writer is the only one that changes the database.
type writer struct {
	s    *Store
	conn *conn
}

func (w *writer) connect(ctx context.Context) error {
	c, err := dial(ctx, w.s.db, w.s.dialect)
	if err != nil {
		return fmt.Errorf("cannot open database: %w", err)
	}
	if err := w.s.dialect.claim(ctx, c); err != nil {
		_ = c.close()
		return err
	}
	w.conn = c
	return nil
}

func (w *writer) run() {
	defer close(w.s.done)
	defer func() {
		if w.conn != nil {
			_ = w.conn.close()
		}
	}()
	waiting := make([]*change, 0, batch)
	for {
		waiting = waiting[:0]
		select {
		case c := <-w.s.work:
			waiting = append(waiting, c)
		case <-w.s.quit:
			return
		}
	more:
		for len(waiting) < batch {
			select {
			case c := <-w.s.work:
				waiting = append(waiting, c)
			default:
				break more
			}
		}
		w.commit(waiting)
	}
}

// commit applies the waiting changes in one database transaction and answers each.
func (w *writer) commit(waiting []*change) {
	results := make([]result, len(waiting))
	txs := make([]*Tx, len(waiting))
	err := w.apply(waiting, results, txs)
	if err != nil {
		err = fmt.Errorf("cannot write: %w", err)
		if w.conn != nil {
			w.conn.discard() // what state it is in nobody knows
			w.conn = nil
		}
	}
	events, jobs := false, false
	for i, c := range waiting {
		if err != nil {
			if results[i].err == nil && results[i].panic == nil {
				results[i].err = err
			}
			c.reply <- results[i]
			continue
		}
		if tx := txs[i]; tx != nil && results[i].err == nil && results[i].panic == nil {
			for _, hook := range tx.hooks {
				hook()
			}
			events, jobs = events || tx.events, jobs || tx.jobs
		}
		c.reply <- results[i]
	}
	if events {
		w.s.news.tell()
	}
	if jobs {
		w.s.outbox.tell()
	}
}

func (w *writer) apply(waiting []*change, results []result, txs []*Tx) error {
	if w.conn == nil {
		if err := w.connect(context.Background()); err != nil {
			return err
		}
	}
	if err := w.conn.exec(w.s.dialect.beginWrite); err != nil {
		return err
	}
	kept := 0
	for i, c := range waiting {
		tx := &Tx{s: w.s, c: w.conn}
		txs[i] = tx
		if err := w.conn.exec("SAVEPOINT change"); err != nil {
			return err
		}
		results[i] = attempt(tx, c.f)
		if results[i].err != nil || results[i].panic != nil {
			if err := w.conn.exec("ROLLBACK TO SAVEPOINT change"); err != nil {
				return err
			}
		} else {
			kept++
		}
		if err := w.conn.exec("RELEASE SAVEPOINT change"); err != nil {
			return err
		}
	}
	if kept == 0 {
		return w.conn.exec("ROLLBACK")
	}
	return w.conn.exec("COMMIT")
}

func attempt(tx *Tx, f func(*Tx) error) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r = result{panic: p, stack: debug.Stack()}
		}
	}()
	return result{err: f(tx)}
}
