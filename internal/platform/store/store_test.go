package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/platform/store/storetest"
)

type role struct {
	Name, Path string
	Policies   []string
}

var ctx = context.Background()

// each runs f on every database there is.
func each(t *testing.T, f func(t *testing.T, cfg store.Config)) {
	now := clock.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	t.Run("sqlite", func(t *testing.T) { f(t, store.Config{Dir: t.TempDir(), Clock: now}) })
	p := storetest.StartPostgres(t)
	if p == nil {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		f(t, store.Config{Dir: t.TempDir(), Database: p.Database(t), Clock: now})
	})
}

func open(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func roles(s *store.Store) *store.Table[role] {
	return store.NewTable(s, "iam_role", store.Index[role]{Name: "policy", Value: func(r role) []string { return r.Policies }})
}

func update(t testing.TB, s *store.Store, f func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Update(ctx, f); err != nil {
		t.Fatal(err)
	}
}

func TestTable(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		table := roles(s)
		key := func(account, id string) store.Key { return store.Key{Account: account, ID: id} }
		update(t, s, func(tx *store.Tx) error {
			for _, id := range []string{"b/2", "a", "b/10", "c", "ä", "B"} {
				if err := table.Insert(tx, key("1", id), role{Name: id, Policies: []string{"p1", "p2"}}); err != nil {
					return err
				}
			}
			return table.Insert(tx, key("2", "a"), role{Name: "other", Policies: []string{"p1"}})
		})
		list := func(r store.Range) string {
			var out []string
			err := s.View(ctx, func(tx *store.Tx) error {
				rows, err := table.List(tx, r)
				for _, row := range rows {
					out = append(out, row.Key.Account+":"+row.Key.ID)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return strings.Join(out, " ")
		}
		find := func(value string, r store.Range) string {
			var out []string
			err := s.View(ctx, func(tx *store.Tx) error {
				rows, err := table.Find(tx, "policy", value, r)
				for _, row := range rows {
					out = append(out, row.Key.Account+":"+row.Key.ID)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return strings.Join(out, " ")
		}
		same := func(got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		same(list(store.Range{Account: "1"}), "1:B 1:a 1:b/10 1:b/2 1:c 1:ä")
		same(list(store.Range{Account: "1", Reverse: true, Limit: 2}), "1:ä 1:c")
		same(list(store.Range{Account: "1", Prefix: "b/"}), "1:b/10 1:b/2")
		same(list(store.Range{Account: "1", After: "b/10", Limit: 2}), "1:b/2 1:c")
		same(list(store.Range{AllAccounts: true, Prefix: "a"}), "1:a 2:a")
		same(find("p1", store.Range{AllAccounts: true, Prefix: "a"}), "1:a 2:a")
		same(find("p2", store.Range{Account: "2"}), "")

		update(t, s, func(tx *store.Tx) error {
			return table.Put(tx, key("1", "a"), role{Name: "a", Policies: []string{"p3"}})
		})
		same(find("p3", store.Range{Account: "1"}), "1:a")
		same(find("p2", store.Range{Account: "1", Prefix: "a"}), "")
		update(t, s, func(tx *store.Tx) error { return table.Delete(tx, key("1", "a")) })
		same(find("p3", store.Range{Account: "1"}), "")

		for _, c := range []struct {
			name string
			f    func(tx *store.Tx) error
			want error
		}{
			{"insert twice", func(tx *store.Tx) error { return table.Insert(tx, key("1", "c"), role{}) }, store.ErrExists},
			{"delete nothing", func(tx *store.Tx) error { return table.Delete(tx, key("1", "zz")) }, store.ErrNotFound},
			{"get nothing", func(tx *store.Tx) error { _, err := table.Get(tx, key("1", "zz")); return err }, store.ErrNotFound},
		} {
			if err := s.Update(ctx, c.f); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
		if err := s.Update(ctx, func(tx *store.Tx) error { return table.Insert(tx, key("1", "a\x00b"), role{}) }); err == nil {
			t.Error("a key with NUL was taken")
		}
		if err := s.View(ctx, func(tx *store.Tx) error { return table.Put(tx, key("1", "c"), role{}) }); err == nil {
			t.Error("a View changed a row")
		}
	})
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		table := roles(s)
		refused := errors.New("refused")
		err := s.Update(ctx, func(tx *store.Tx) error {
			if err := table.Insert(tx, store.Key{ID: "outer"}, role{}); err != nil {
				return err
			}
			// A joined change that fails is undone alone.
			if err := s.Update(tx.Context(ctx), func(tx *store.Tx) error {
				_ = table.Insert(tx, store.Key{ID: "inner"}, role{})
				tx.OnCommit(func() { t.Error("hook of an undone change ran") })
				return refused
			}); err != refused {
				return err
			}
			return s.View(tx.Context(ctx), func(tx *store.Tx) error { _, err := table.Get(tx, store.Key{ID: "outer"}); return err })
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Update(ctx, func(tx *store.Tx) error {
			_ = table.Insert(tx, store.Key{ID: "gone"}, role{})
			_ = tx.Emit(bus.Event{DetailType: "gone"})
			_, _ = tx.Enqueue("gone", nil)
			return refused
		}); err != refused {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			_ = s.Update(ctx, func(tx *store.Tx) error {
				_ = table.Insert(tx, store.Key{ID: "panic"}, role{})
				panic("in the middle")
			})
		}()
		err = s.View(ctx, func(tx *store.Tx) error {
			rows, err := table.List(tx, store.Range{})
			if len(rows) != 1 || rows[0].Key.ID != "outer" {
				t.Errorf("got %v, want outer alone", rows)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if jobs, _, _ := s.Outbox(ctx, 10); len(jobs) != 0 {
			t.Errorf("got jobs %v of an undone change", jobs)
		}
	})
}

func TestConcurrentChangesAreSerial(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		counter := store.NewTable[int](s, "test_counter")
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 25 {
					hooked := false
					err := s.Update(ctx, func(tx *store.Tx) error {
						n, err := counter.Get(tx, store.Key{ID: "n"})
						if err != nil && err != store.ErrNotFound {
							return err
						}
						tx.OnCommit(func() { hooked = true })
						return counter.Put(tx, store.Key{ID: "n"}, n+1)
					})
					if err != nil || !hooked {
						t.Error(err, hooked)
					}
				}
			})
		}
		wg.Wait()
		_ = s.View(ctx, func(tx *store.Tx) error {
			if n, err := counter.Get(tx, store.Key{ID: "n"}); n != 800 {
				t.Errorf("got %d (%v), want 800", n, err)
			}
			return nil
		})
	})
}

func TestReopen(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		table := roles(s)
		update(t, s, func(tx *store.Tx) error { return table.Put(tx, store.Key{ID: "r"}, role{Name: "r"}) })
		if _, err := store.Open(ctx, cfg); !errors.Is(err, store.ErrLocked) {
			t.Errorf("second open: got %v, want ErrLocked", err)
		}
		if cfg.Database != "" {
			other := cfg
			other.Dir = t.TempDir()
			if _, err := store.Open(ctx, other); !errors.Is(err, store.ErrLocked) {
				t.Errorf("second server on one database: got %v, want ErrLocked", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
			t.Errorf("update after close: got %v", err)
		}
		s = open(t, cfg)
		_ = s.View(ctx, func(tx *store.Tx) error {
			if r, err := roles(s).Get(tx, store.Key{ID: "r"}); err != nil || r.Name != "r" {
				t.Errorf("got %v, %v", r, err)
			}
			return nil
		})
	})
}

func TestSubscribe(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		emit := func(from, to int) {
			for i := from; i < to; i++ {
				update(t, s, func(tx *store.Tx) error {
					return tx.Emit(bus.Event{DetailType: fmt.Sprint(i), Detail: json.RawMessage(`{}`)})
				})
			}
		}
		emit(0, 3)
		subscribe := func(want int, failFirst bool) []string {
			ctx, stop := context.WithTimeout(ctx, 20*time.Second)
			defer stop()
			var got []string
			s.Subscribe(ctx, "rules", func(_ context.Context, e bus.Event) error {
				if failFirst {
					failFirst = false
					return errors.New("not now")
				}
				if e.ID == "" || e.Time.IsZero() {
					t.Error("event without id or time")
				}
				if got = append(got, e.DetailType); len(got) == want {
					stop()
				}
				return nil
			})
			return got
		}
		if got := fmt.Sprint(subscribe(3, true)); got != "[0 1 2]" {
			t.Errorf("got %s", got)
		}
		go emit(3, 250)
		if got := subscribe(247, false); len(got) != 247 || got[0] != "3" || got[246] != "249" {
			t.Errorf("got %v", got)
		}
	})
}

func TestOutbox(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		_, more, err := s.Outbox(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		var id string
		update(t, s, func(tx *store.Tx) (err error) { id, err = tx.Enqueue("crawl", map[string]int{"n": 1}); return err })
		<-more
		jobs, _, err := s.Outbox(ctx, 10)
		if err != nil || len(jobs) != 1 || jobs[0].ID != id || jobs[0].Name != "crawl" || string(jobs[0].Input) != `{"n":1}` {
			t.Fatalf("got %+v, %v", jobs, err)
		}
		if err := s.HandedOn(ctx, []string{id}); err != nil {
			t.Fatal(err)
		}
		if jobs, _, _ := s.Outbox(ctx, 10); len(jobs) != 0 {
			t.Errorf("got %v after it was handed on", jobs)
		}
	})
}

func TestNewerSchema(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		if err := store.SetSchemaVersion(cfg, 1000); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(ctx, cfg); !errors.Is(err, store.ErrNewerSchema) {
			t.Errorf("got %v, want ErrNewerSchema", err)
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			s := open(b, store.Config{Dir: b.TempDir()})
			table := roles(s)
			b.SetParallelism(writers / 2)
			b.ReportAllocs()
			work := func(i int) {
				if err := s.Update(ctx, func(tx *store.Tx) error {
					return table.Put(tx, store.Key{Account: "123456789012", ID: fmt.Sprint("role", i%10000)}, role{Name: "x"})
				}); err != nil {
					b.Error(err)
				}
			}
			if writers == 1 {
				for i := range b.N {
					work(i)
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					work(i)
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, store.Config{Dir: b.TempDir()})
	table := roles(s)
	_ = s.Update(ctx, func(tx *store.Tx) error { return table.Put(tx, store.Key{ID: "r"}, role{Name: "x"}) })
	b.ReportAllocs()
	for range b.N {
		_ = s.View(ctx, func(tx *store.Tx) error { _, err := table.Get(tx, store.Key{ID: "r"}); return err })
	}
}
