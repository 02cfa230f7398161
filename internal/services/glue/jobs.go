package glue

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// cleanup is the job that removes what belonged to a table that is gone.
const cleanup = "glue-cleanup"

// removed is how much one transaction removes: others write between them.
const removed = 500

// dropped is a table that is gone.
type dropped struct{ Account, Region, ID string }

// belonging is a table of the store that has rows under the ids of the catalog's tables. It removes at most limit rows of r.
type belonging func(tx *store.Tx, r store.Range, limit int) (n int, err error)

// belongs makes a belonging of t.
func belongs[T any](t *store.Table[T]) belonging {
	return func(tx *store.Tx, r store.Range, limit int) (int, error) {
		r.Limit = limit
		rows, err := t.List(tx, r)
		for _, row := range rows {
			if err == nil {
				err = t.Delete(tx, row.Key)
			}
		}
		return len(rows), err
	}
}

// belongings are all of them.
func (s *Service) belongings() []belonging {
	return []belonging{belongs(s.Catalog.Versions), s.Catalog.Partitions.Clear, s.Catalog.Statistics.Clear, belongs(s.Catalog.Indexes), belongs(s.Catalog.Settings)}
}

// removeLater has the rows of a dropped table removed. Nobody finds them any more.
func (s *Service) removeLater(tx *store.Tx, k store.Key, id string) error {
	_, err := tx.Enqueue(cleanup, dropped{k.Account, k.Region, id})
	return err
}

func (s *Service) defineJobs() {
	jobs.Define(s.Jobs, cleanup, func(ctx context.Context, d dropped) error {
		r := catalog.Of(store.Key{Account: d.Account, Region: d.Region}, d.ID)
		for i, remove := range s.belongings() {
			_, err := jobs.Step(ctx, fmt.Sprintf("remove %d", i), func(ctx context.Context) (total int, err error) {
				for n := removed; err == nil && n == removed; total += n {
					err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
						n, err = remove(tx, r, removed)
						return err
					})
				}
				return total, err
			})
			if err != nil {
				return fmt.Errorf("cannot remove what belonged to table %s: %w", d.ID, err)
			}
		}
		return nil
	})
}
