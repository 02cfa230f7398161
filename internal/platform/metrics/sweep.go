package metrics

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Sweep puts data together that have outlived their tier, and forgets those and the series that have outlived all.
func (k *Keeper) Sweep(ctx context.Context) error {
	var all []store.Key
	if err := k.image.Read(ctx, func() {
		for key := range k.series.Rows() {
			all = append(all, key)
		}
	}); err != nil {
		return err
	}
	for _, key := range all {
		for i := range tiers {
			for {
				n, err := k.sweep(ctx, key, i)
				if err != nil {
					return err
				}
				if n < handful {
					break
				}
			}
		}
		if err := k.forget(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// sweep moves the oldest chunks of a series out of a tier, and tells how many there were.
func (k *Keeper) sweep(ctx context.Context, key store.Key, level int) (n int, err error) {
	t := tiers[level]
	limit := k.Clock.Now().Add(-t.life).Unix() - t.span
	oldest := func(tx *store.Tx, n int) ([]store.Row[chunk], error) {
		return k.chunks.List(tx, store.Range{Account: key.Account, Region: key.Region, Prefix: key.ID + "/" + t.name + "/", Limit: n})
	}
	over := false
	if err := k.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := oldest(tx, 1)
		over = len(rows) > 0 && chunkBegin(rows[0].Key.ID) < limit
		return err
	}); err != nil || !over {
		return 0, err
	}
	err = k.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := oldest(tx, handful)
		if err != nil {
			return err
		}
		has, err := k.series.Get(tx, key)
		if err != nil {
			return err
		}
		var list []Sample
		for n = 0; n < len(rows) && chunkBegin(rows[n].Key.ID) < limit; n++ {
			begin := chunkBegin(rows[n].Key.ID)
			for _, p := range rows[n].Value.Points {
				list = append(list, Sample{Series: has.Series, Unit: p.Unit, Time: time.Unix(begin+p.At, 0), Aggregate: p.Data})
			}
			if err := k.chunks.Delete(tx, rows[n].Key); err != nil {
				return err
			}
		}
		if level == seconds {
			return nil // they are in minutes already
		}
		return k.Put(tx, key.Account, key.Region, list)
	})
	return n, err
}

// forget removes a series whose data are all gone.
func (k *Keeper) forget(ctx context.Context, key store.Key) error {
	gone := func(tx *store.Tx) (bool, error) {
		has, err := k.series.Get(tx, key)
		return err == nil && k.Clock.Now().Sub(has.Last) > tiers[len(tiers)-1].life+time.Duration(tiers[len(tiers)-1].span)*time.Second, err
	}
	over := false
	if err := k.Store.View(ctx, func(tx *store.Tx) (err error) {
		over, err = gone(tx)
		return err
	}); err != nil || !over {
		return err
	}
	return k.Store.Update(ctx, func(tx *store.Tx) error {
		if over, err := gone(tx); err != nil || !over {
			return err
		}
		return k.series.Delete(tx, key)
	})
}
