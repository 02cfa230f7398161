package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Sample is an aggregate of a series at a time.
type Sample struct {
	Series
	Unit string
	Time time.Time
	Fine bool // measured by the second
	Aggregate
}

// tier is how finely data are kept, and for how long.
type tier struct {
	name string
	step int64 // seconds of a point
	span int64 // seconds of a chunk, which is a row
	life time.Duration
}

// tiers are in order. Data that outlive one are put together into the next; those of seconds are in minutes from the start.
var tiers = []tier{
	{"s", 1, 60, 3 * time.Hour},
	{"m", 60, 15 * 60, 15 * 24 * time.Hour},
	{"f", 300, 6 * 3600, 63 * 24 * time.Hour},
	{"h", 3600, 10 * 24 * 3600, 455 * 24 * time.Hour},
}

const (
	seconds = 0
	minutes = 1
	fives   = 2
)

// chunk is the points of a series in a span of time, in order of time and unit.
type chunk struct{ Points []point }

type point struct {
	At   int64     `json:"t"` // seconds from the chunk's begin
	Unit string    `json:"u,omitempty"`
	Data Aggregate `json:"d"`
}

// chunkID orders the chunks of a series by tier and time.
func chunkID(series string, t tier, begin int64) string {
	return fmt.Sprintf("%s/%s/%012d", series, t.name, begin)
}

func (c *chunk) add(at int64, unit string, a Aggregate) {
	i, found := slices.BinarySearchFunc(c.Points, point{At: at, Unit: unit}, func(x, y point) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Unit, y.Unit))
	})
	if !found {
		c.Points = slices.Insert(c.Points, i, point{At: at, Unit: unit})
	}
	c.Points[i].Data.Merge(a)
}

// Put writes samples in a transaction. Those that are older than minutes are kept go to where older data are; those before 1970 or that
// have outlived all are left out.
func (k *Keeper) Put(tx *store.Tx, account, region string, list []Sample) error {
	now := k.Clock.Now()
	open := map[string]*chunk{}
	last := map[string]Sample{}
	old := map[string]bool{}
	for i := range list {
		s := &list[i]
		id := s.ID()
		t := minutes
		for t < len(tiers) && now.Sub(s.Time) > tiers[t].life {
			t++
		}
		if t == len(tiers) || s.Time.Unix() < 0 {
			continue
		}
		if t > minutes {
			old[id] = true
		}
		if before, ok := last[id]; !ok || s.Time.After(before.Time) {
			last[id] = *s
		}
		into := []tier{tiers[t]}
		if s.Fine && now.Sub(s.Time) < tiers[seconds].life {
			into = append(into, tiers[seconds])
		}
		for _, t := range into {
			if err := k.put(tx, open, account, region, id, t, s); err != nil {
				return err
			}
		}
	}
	for id, c := range open {
		if err := k.chunks.Put(tx, store.Key{Account: account, Region: region, ID: id}, *c); err != nil {
			return err
		}
	}
	for id, s := range last {
		if err := k.note(tx, store.Key{Account: account, Region: region, ID: id}, s, old[id]); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) put(tx *store.Tx, open map[string]*chunk, account, region, id string, t tier, s *Sample) error {
	at := s.Time.Unix()
	begin := at - at%t.span
	row := chunkID(id, t, begin)
	c, ok := open[row]
	if !ok {
		has, err := k.chunks.Get(tx, store.Key{Account: account, Region: region, ID: row})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		c = &has
		open[row] = c
	}
	at -= begin
	c.add(at-at%t.step, s.Unit, s.Aggregate)
	return nil
}

// note writes that a series has data.
func (k *Keeper) note(tx *store.Tx, key store.Key, s Sample, old bool) error {
	has, err := k.series.Get(tx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		has = known{Series: s.Series}
	case err != nil:
		return err
	case s.Time.Sub(has.Last) < stale && (has.Old || !old):
		return nil
	}
	if s.Time.After(has.Last) {
		has.Last = s.Time
	}
	has.Old = has.Old || old
	return k.series.Put(tx, key, has)
}
