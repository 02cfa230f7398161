package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

func TestImage(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx := context.Background()
	write := store.NewHeld[int](store.NewImage(s), "test_number", nil)
	put := func(id string, n int) {
		t.Helper()
		if err := s.Update(ctx, func(tx *store.Tx) error { return write.Put(tx, store.Key{ID: id}, n) }); err != nil {
			t.Fatal(err)
		}
	}
	put("before", 1)

	image, sum := store.NewImage(s), 0
	held := store.NewHeld(image, "test_number", func(_ store.Key, old, now *int) {
		if old != nil {
			sum -= *old
		}
		if now != nil {
			sum += *now
		}
	})
	f := func(what string, want, rows int) {
		t.Helper()
		if err := image.Read(ctx, func() {
			if sum != want || len(held.Rows()) != rows {
				t.Errorf("%s: %d in %v, want %d in %d", what, sum, held.Rows(), want, rows)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	// The first question is asked inside a transaction: what that changed doesn't count yet.
	if err := s.Update(ctx, func(tx *store.Tx) error {
		if err := held.Put(tx, store.Key{ID: "inside"}, 10); err != nil {
			return err
		}
		return image.Read(tx.Context(ctx), func() {
			if sum != 1 {
				t.Errorf("before the commit: %d", sum)
			}
		})
	}); err != nil {
		t.Fatal(err)
	}
	f("after the commit", 11, 2)
	change := func(g func(tx *store.Tx) error) error { return s.Update(ctx, g) }
	if err := change(func(tx *store.Tx) error { return held.Insert(tx, store.Key{ID: "before"}, 5) }); err == nil {
		t.Error("a row was inserted twice")
	}
	if err := change(func(tx *store.Tx) error { return held.Put(tx, store.Key{ID: "before"}, 2) }); err != nil {
		t.Fatal(err)
	}
	f("changed", 12, 2)
	for range 2 {
		if err := change(func(tx *store.Tx) error { return held.DeleteIf(tx, store.Key{ID: "inside"}) }); err != nil {
			t.Fatal(err)
		}
	}
	f("deleted", 2, 1)
}

// Whatever is committed while the image is read is in it, once.
func TestImageFilledUnderWrites(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx := context.Background()
	for range 5 {
		image := store.NewImage(s)
		held := store.NewHeld[int](image, "test_number", nil)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 50 {
					_ = s.Update(ctx, func(tx *store.Tx) error {
						return held.Put(tx, store.Key{ID: fmt.Sprint(w, i)}, i)
					})
				}
			})
		}
		if err := image.Read(ctx, func() {}); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		var want []store.Row[int]
		if err := s.View(ctx, func(tx *store.Tx) (err error) {
			want, err = held.List(tx, store.Range{AllAccounts: true, AllRegions: true})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		_ = image.Read(ctx, func() {
			if len(held.Rows()) != len(want) || len(want) != 200 {
				t.Fatalf("%d rows in memory, %d on disk", len(held.Rows()), len(want))
			}
			for _, r := range want {
				if held.Rows()[r.Key] != r.Value {
					t.Errorf("%v is %d in memory, %d on disk", r.Key, held.Rows()[r.Key], r.Value)
				}
			}
		})
		if err := s.Update(ctx, func(tx *store.Tx) error {
			for _, r := range want {
				if err := held.Delete(tx, r.Key); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
