package metrics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Point is a series' data of one period.
type Point struct {
	Time time.Time // when the period begins
	Unit string
	Aggregate
}

// Range is what of a series is read: from Start (inclusive) to End (exclusive), put together by Period, which is whole minutes, or
// 1, 5, 10, 20 or 30 seconds. Periods are counted from Start. Unit is "" for data of every unit, each in points of its own.
type Range struct {
	Start, End time.Time
	Period     time.Duration
	Unit       string
	None       bool // data without a unit alone
	Mixed      bool // data of every unit in the same points
}

// Read gives a series' points in order of time and unit, with all that was recorded until now.
func (k *Keeper) Read(ctx context.Context, account, region string, s Series, r Range) ([]Point, error) {
	if err := k.settle(ctx); err != nil {
		return nil, err
	}
	var out []Point
	err := k.Store.View(ctx, func(tx *store.Tx) (err error) {
		out, err = k.read(tx, account, region, s, r)
		return err
	})
	return out, err
}

// settle writes what waits, if anything does.
func (k *Keeper) settle(ctx context.Context) error {
	k.mu.Lock()
	n := len(k.waiting)
	k.mu.Unlock()
	if n == 0 {
		return nil
	}
	return k.Flush(ctx)
}

func (k *Keeper) read(tx *store.Tx, account, region string, s Series, r Range) ([]Point, error) {
	period := max(int64(r.Period/time.Second), 1)
	from, to := r.Start.Unix(), r.End.Unix()
	if !r.End.Equal(time.Unix(to, 0)) {
		to++
	}
	id := s.ID()
	has, err := k.series.Get(tx, store.Key{Account: account, Region: region, ID: id})
	if err != nil {
		if err == store.ErrNotFound {
			err = nil
		}
		return nil, err
	}
	choice := tiers[minutes:]
	if period < 60 {
		choice = tiers[:1]
	} else if !has.Old {
		choice = tiers[minutes:fives]
	}
	type slot struct {
		at   int64
		unit string
	}
	found := map[slot]*Aggregate{}
	for _, t := range choice {
		first := from - from%t.span
		rows, err := k.chunks.List(tx, store.Range{Account: account, Region: region, Prefix: id + "/" + t.name + "/", After: chunkID(id, t, first-1),
			Limit: int((to-first)/t.span) + 2})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			begin := chunkBegin(row.Key.ID)
			for _, p := range row.Value.Points {
				at := begin + p.At
				if at < from || at >= to || (r.Unit != "" || r.None) && r.Unit != p.Unit {
					continue
				}
				x := slot{at - (at-from)%period, p.Unit}
				if r.Mixed {
					x.unit = r.Unit
				}
				if found[x] == nil {
					found[x] = &Aggregate{}
				}
				found[x].Merge(p.Data)
			}
		}
	}
	out := make([]Point, 0, len(found))
	for x, a := range found {
		out = append(out, Point{time.Unix(x.at, 0).UTC(), x.unit, *a})
	}
	slices.SortFunc(out, func(a, b Point) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Unit, b.Unit)) })
	return out, nil
}

// chunkBegin reads the time out of a chunk's id.
func chunkBegin(id string) (n int64) {
	for _, c := range id[len(id)-12:] {
		n = 10*n + int64(c-'0')
	}
	return n
}
