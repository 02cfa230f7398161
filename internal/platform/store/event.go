package store

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
)

// deliveries is how many events are read and acknowledged together.
const deliveries = 100

// Subscribe calls f for every event after its commit, in order, at least once, from the position that was last
// acknowledged under name; a new name begins with the oldest event still kept. f's error makes it retry with backoff.
// It returns when ctx ends or the store is closed. Two subscriptions of one name must not run at once.
func (s *Store) Subscribe(ctx context.Context, name string, f func(context.Context, bus.Event) error) {
	wait := time.Duration(0)
	for {
		news := s.news.wait()
		n, err := s.deliver(ctx, name, f)
		switch {
		case err != nil:
			wait = min(max(2*wait, 50*time.Millisecond), 30*time.Second)
			news = nil
		case n > 0:
			wait = 0
			continue
		default:
			wait = 0
		}
		var retry <-chan time.Time
		if err != nil {
			retry = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.quit:
			return
		case <-news:
		case <-retry:
		}
	}
}

type numbered struct {
	seq   int64
	event bus.Event
}

// deliver hands the next events to f, and acknowledges those that it took.
func (s *Store) deliver(ctx context.Context, name string, f func(context.Context, bus.Event) error) (int, error) {
	var next []numbered
	known := false
	err := s.View(ctx, func(tx *Tx) error {
		var from int64
		var err error
		if known, err = tx.c.row(`SELECT seq FROM subscribers WHERE name = ?`, []any{name}, &from); err != nil {
			return err
		}
		return tx.c.rows(`SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, []any{from, deliveries},
			func(scan func(...any) error) error {
				var n numbered
				var body []byte
				if err := scan(&n.seq, &body); err != nil {
					return err
				}
				next = append(next, n)
				return json.Unmarshal(body, &next[len(next)-1].event)
			})
	})
	if err != nil {
		return 0, fmt.Errorf("cannot read events for %s: %w", name, err)
	}
	if !known && len(next) == 0 {
		return 0, s.acknowledge(ctx, name, 0) // so that events are kept for it from now on
	}
	taken := 0
	var failed error
	for _, n := range next {
		if failed = f(ctx, n.event); failed != nil {
			break
		}
		taken++
	}
	if taken > 0 {
		if err := s.acknowledge(context.WithoutCancel(ctx), name, next[taken-1].seq); err != nil {
			return taken, err
		}
	}
	return taken, failed
}

// acknowledge moves the position of name, and forgets the events that every subscriber has had.
func (s *Store) acknowledge(ctx context.Context, name string, seq int64) error {
	return s.Update(ctx, func(tx *Tx) error {
		if _, err := tx.c.change(`INSERT INTO subscribers (name, seq) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET seq = excluded.seq`, name, seq); err != nil {
			return err
		}
		_, err := tx.c.change(`DELETE FROM events WHERE seq <= (SELECT min(seq) FROM subscribers)`)
		return err
	})
}

// broadcast wakes everybody who waits.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that is closed at the next tell. Take it before looking, so that nothing is missed.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
