package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

func TestDeleteAll(t *testing.T) {
	each(t, func(t *testing.T, cfg store.Config) {
		s := open(t, cfg)
		plain, indexed := store.NewTable[role](s, "plain"), roles(s)
		for name, table := range map[string]*store.Table[role]{"plain": plain, "indexed": indexed} {
			update(t, s, func(tx *store.Tx) error {
				for _, prefix := range []string{"a", "b", "c"} {
					for i := range 5 {
						id := fmt.Sprintf("%s/%d", prefix, i)
						if err := table.Insert(tx, store.Key{Account: "1", Region: "r", ID: id}, role{Name: id, Policies: []string{"p"}}); err != nil {
							return err
						}
					}
				}
				return table.Insert(tx, store.Key{Account: "2", Region: "r", ID: "b/0"}, role{})
			})
			keys := func(r store.Range) string {
				var out []string
				err := s.View(ctx, func(tx *store.Tx) error {
					return table.Keys(tx, r, func(id []byte) error {
						out = append(out, string(id))
						return nil
					})
				})
				if err != nil {
					t.Fatal(err)
				}
				return strings.Join(out, " ")
			}
			f := func(r store.Range, deleted int, left string) {
				t.Helper()
				update(t, s, func(tx *store.Tx) error {
					n, err := table.DeleteAll(tx, r)
					if n != deleted {
						t.Errorf("%s: %+v deleted %d, want %d", name, r, n, deleted)
					}
					return err
				})
				if got := keys(store.Range{Account: "1", Region: "r"}); got != left {
					t.Errorf("%s: %+v left %q, want %q", name, r, got, left)
				}
			}
			f(store.Range{Account: "1", Region: "r", Prefix: "b/", Limit: 3}, 3, "a/0 a/1 a/2 a/3 a/4 b/3 b/4 c/0 c/1 c/2 c/3 c/4")
			f(store.Range{Account: "1", Region: "r", Prefix: "b/", Limit: 3}, 2, "a/0 a/1 a/2 a/3 a/4 c/0 c/1 c/2 c/3 c/4")
			f(store.Range{Account: "1", Region: "r", Prefix: "b/", Limit: 3}, 0, "a/0 a/1 a/2 a/3 a/4 c/0 c/1 c/2 c/3 c/4")
			f(store.Range{Account: "1", Region: "r", Prefix: "a/", After: "a/1"}, 3, "a/0 a/1 c/0 c/1 c/2 c/3 c/4")
			if got := keys(store.Range{Account: "1", Region: "r", Prefix: "c/", Limit: 2, After: "c/0"}); got != "c/1 c/2" {
				t.Errorf("%s: keys %q", name, got)
			}
			if got := keys(store.Range{Account: "2", Region: "r"}); got != "b/0" {
				t.Errorf("%s: of another account %q are left", name, got)
			}
		}
		var found []store.Row[role]
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			found, err = indexed.Find(tx, "policy", "p", store.Range{Account: "1", Region: "r", Prefix: "b/"})
			return err
		})
		if err != nil || len(found) != 0 {
			t.Errorf("index entries are left: %v %v", found, err)
		}
		update(t, s, func(tx *store.Tx) error {
			if _, err := plain.DeleteAll(tx, store.Range{AllAccounts: true}); err == nil {
				t.Error("deleted of all accounts")
			}
			return nil
		})
	})
}
