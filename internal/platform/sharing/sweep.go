package sharing

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Sweep forgets what ended more than Memory ago, and tells how many rows there were.
func (d *Directory) Sweep(ctx context.Context) (n int, err error) {
	const some = 500 // so that no transaction holds up the writer
	limit := d.clock.Now().Add(-Memory)
	for {
		var ended []Association
		var closed []Share
		if err := d.image.Read(ctx, func() {
			ended = due(d.ended, some, func(a Association) bool { return a.Updated.Before(limit) })
			closed = due(d.closed, some, func(s Share) bool { return s.Updated.Before(limit) })
		}); err != nil || len(ended)+len(closed) == 0 {
			return n, err
		}
		if err := d.store.Update(ctx, func(tx *store.Tx) error { return d.forget(tx, ended, closed, limit) }); err != nil {
			return n, err
		}
		n += len(ended) + len(closed)
	}
}

func due[T any](from map[store.Key]T, most int, is func(T) bool) (out []T) {
	for _, v := range from {
		if len(out) == most {
			break
		}
		if is(v) {
			out = append(out, v)
		}
	}
	return out
}

// forget deletes rows, unless they changed since.
func (d *Directory) forget(tx *store.Tx, ended []Association, closed []Share, limit time.Time) error {
	for _, a := range ended {
		now, err := d.Associations.Get(tx, a.Key())
		if errors.Is(err, store.ErrNotFound) || err == nil && (now.Status != Disassociated || !now.Updated.Before(limit)) {
			continue
		}
		if err != nil {
			return err
		}
		if err := d.forgetInvitation(tx, now); err != nil {
			return err
		}
		if err := d.Associations.Delete(tx, a.Key()); err != nil {
			return err
		}
	}
	for _, s := range closed {
		if err := d.Shares.DeleteIf(tx, s.Key()); err != nil {
			return err
		}
	}
	return nil
}
