package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

type desk struct {
	*delivery.Desk
	t      testing.TB
	clock  *clock.Manual
	mu     sync.Mutex
	got    []string
	buried []string
	fail   func(text string, attempts int) error
	stop   func()
}

func open(t testing.TB, st *store.Store, c *clock.Manual) *desk {
	d := &desk{Desk: delivery.New(delivery.Config{Store: st, Clock: c}), t: t, clock: c}
	read := func(p delivery.Parcel) string {
		var s string
		if err := json.Unmarshal(p.Data, &s); err != nil {
			t.Error(err)
		}
		return s
	}
	d.Define("test", delivery.Courier{
		Deliver: func(_ context.Context, p delivery.Parcel) error {
			s := read(p)
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.fail != nil {
				if err := d.fail(s, p.Attempts); err != nil {
					return err
				}
			}
			d.got = append(d.got, s)
			return nil
		},
		Bury: func(_ context.Context, p delivery.Parcel) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.buried = append(d.buried, fmt.Sprint(read(p), " ", p.Attempts, " ", p.Failure))
			return nil
		}})
	return d
}

func (d *desk) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	d.stop = sync.OnceFunc(func() { cancel(); <-done })
	d.t.Cleanup(d.stop)
}

func (d *desk) accept(p delivery.Parcel, texts ...string) {
	d.t.Helper()
	for _, s := range texts {
		p.Kind, p.Account, p.Region = "test", "123456789012", "us-east-1"
		p.Data, _ = json.Marshal(s)
		if err := d.Store.Update(context.Background(), func(tx *store.Tx) error { return d.Accept(tx, p) }); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) soon(what string, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		d.mu.Lock()
		is := ok()
		d.mu.Unlock()
		if is {
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("%s: got %v, buried %v", what, d.got, d.buried)
		}
	}
}

func (d *desk) empty() {
	d.t.Helper()
	d.soon("empty", func() bool { n, err := d.Waiting(context.Background()); return err == nil && n == 0 })
}

func database(t testing.TB) (*store.Store, *clock.Manual) {
	c := clock.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	st, err := store.Open(context.Background(), store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st, c
}

func TestRestart(t *testing.T) {
	st, c := database(t)
	dead := open(t, st, c) // never runs: as if it had been killed
	dead.accept(delivery.Parcel{MaxAttempts: 3}, "a", "b")
	d := open(t, st, c)
	d.accept(delivery.Parcel{MaxAttempts: 3}, "c")
	d.run()
	d.accept(delivery.Parcel{MaxAttempts: 3}, "d")
	d.soon("all", func() bool { return len(d.got) == 4 })
	d.empty()
}

func TestRetry(t *testing.T) {
	st, c := database(t)
	d := open(t, st, c)
	d.fail = func(s string, attempts int) error {
		switch {
		case s == "never":
			return delivery.Permanent(errors.New("no such place"))
		case s == "late" && attempts < 2, s == "old", s == "tired":
			return errors.New("not now")
		}
		return nil
	}
	d.run()
	d.accept(delivery.Parcel{MaxAttempts: -1}, "never", "late", "fine")
	d.accept(delivery.Parcel{MaxAttempts: -1, MaxAge: 4 * time.Second}, "old")
	d.accept(delivery.Parcel{MaxAttempts: 2}, "tired")
	d.soon("the first", func() bool { return len(d.got) == 1 && len(d.buried) == 1 })
	for range 10 {
		c.Advance(2 * time.Second)
		d.Wake()
		time.Sleep(10 * time.Millisecond)
	}
	d.soon("the others", func() bool { return len(d.got) == 2 && len(d.buried) == 3 })
	if d.got[1] != "late" || d.buried[0] != "never 1 no such place" {
		t.Errorf("got %v, buried %v", d.got, d.buried)
	}
	d.empty()
}

func TestLine(t *testing.T) {
	st, c := database(t)
	d := open(t, st, c)
	d.fail = func(s string, attempts int) error {
		if s == "1" && attempts == 0 {
			return errors.New("not now")
		}
		return nil
	}
	d.run()
	d.accept(delivery.Parcel{MaxAttempts: -1, Line: "l"}, "1", "2", "3")
	d.accept(delivery.Parcel{MaxAttempts: -1}, "free")
	d.soon("who is in no line", func() bool { return len(d.got) == 1 })
	d.soon("the line", func() bool {
		c.Advance(2 * time.Second) // again and again: the first may not have failed yet
		d.Wake()
		return len(d.got) == 4
	})
	if fmt.Sprint(d.got) != "[free 1 2 3]" {
		t.Errorf("got %v", d.got)
	}
	d.empty()
}

// TestCrowd has a place that does not answer hold up nobody else.
func TestCrowd(t *testing.T) {
	st, c := database(t)
	d := open(t, st, c)
	stuck := make(chan struct{})
	d.Define("stuck", delivery.Courier{Deliver: func(ctx context.Context, p delivery.Parcel) error {
		<-stuck
		return nil
	}})
	d.run()
	for range 200 {
		if err := st.Update(context.Background(), func(tx *store.Tx) error {
			return d.Accept(tx, delivery.Parcel{Kind: "stuck", Place: "there", MaxAttempts: 1, Account: "1"})
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.accept(delivery.Parcel{MaxAttempts: 1, Place: "elsewhere"}, "outside")
	d.accept(delivery.Parcel{MaxAttempts: 1}, "inside")
	d.soon("the others", func() bool { return len(d.got) == 2 })
	close(stuck)
	d.empty()
}

// TestOwnLane has parcels of a kind with a crew of its own neither hold up others nor be cut off after the patience of others, and
// waits as its errors say.
func TestOwnLane(t *testing.T) {
	st, c := database(t)
	d := open(t, st, c)
	stuck := make(chan struct{})
	var mu sync.Mutex
	var attempts []string
	d.Define("slow", delivery.Courier{Crew: 100, Crowd: 90, Patience: time.Hour,
		Deliver: func(ctx context.Context, p delivery.Parcel) error {
			if end, ok := ctx.Deadline(); !ok || time.Until(end) < 50*time.Minute {
				t.Errorf("ends at %v", end)
			}
			if p.Place != "" {
				<-stuck
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			attempts = append(attempts, fmt.Sprint(p.Attempts, " ", p.Spared))
			switch len(attempts) {
			case 1, 2:
				return delivery.Spared(errors.New("not now"))
			case 3:
				return delivery.After(errors.New("in a minute"), time.Minute)
			}
			return nil
		}})
	d.run()
	send := func(place string) {
		if err := st.Update(context.Background(), func(tx *store.Tx) error {
			return d.Accept(tx, delivery.Parcel{Kind: "slow", Place: place, MaxAttempts: 2, Account: "1"})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		send("there")
	}
	send("")
	d.accept(delivery.Parcel{MaxAttempts: 1}, "inside")
	d.accept(delivery.Parcel{MaxAttempts: 1, Place: "elsewhere"}, "outside")
	d.soon("the others", func() bool { return len(d.got) == 2 })
	tried := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(attempts) == n }
	}
	d.soon("an attempt", tried(1))
	for i, wait := range []time.Duration{1300 * time.Millisecond, 3 * time.Second} {
		c.Advance(wait)
		d.Wake()
		d.soon("another attempt", tried(i+2))
	}
	c.Advance(50 * time.Second)
	d.Wake()
	d.soon("nothing", tried(3))
	c.Advance(30 * time.Second)
	d.Wake()
	d.soon("the last attempt", tried(4))
	if fmt.Sprint(attempts) != "[0 0 0 1 0 2 1 2]" {
		t.Errorf("attempts %v", attempts)
	}
	close(stuck)
	d.empty()
}

func BenchmarkDeliver(b *testing.B) {
	st, c := database(b)
	d := open(b, st, c)
	d.run()
	defer d.stop()
	b.ResetTimer()
	var all sync.WaitGroup
	for w := range 64 {
		all.Go(func() {
			for i := w; i < b.N; i += 64 {
				d.accept(delivery.Parcel{MaxAttempts: 1}, "x")
			}
		})
	}
	all.Wait()
	d.soon("all", func() bool { return len(d.got) == b.N })
	d.empty()
}
