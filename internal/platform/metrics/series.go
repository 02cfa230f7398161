package metrics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Series is what a metric is told apart by, within an account and region. Dimensions are in order of name.
type Series struct {
	Namespace, Name string
	Dimensions      []Dimension `json:",omitempty"`
}

// Sorted gives dimensions in the order in which a Series has them.
func Sorted(list []Dimension) []Dimension {
	less := func(a, b Dimension) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	}
	if !slices.IsSortedFunc(list, less) {
		list = slices.Clone(list)
		slices.SortFunc(list, less)
		return list
	}
	return slices.Clone(list)
}

// ID names a series in few bytes, however long its dimensions are.
func (s Series) ID() string {
	h := sha256.New()
	part := func(text string) {
		_, _ = h.Write([]byte(text))
		_, _ = h.Write([]byte{0})
	}
	part(s.Namespace)
	part(s.Name)
	for _, d := range s.Dimensions {
		part(d.Name)
		part(d.Value)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// known is a series that has data.
type known struct {
	Series
	Last time.Time // of its data; at most stale behind what it is
	Old  bool      `json:",omitempty"` // has data in tiers above minutes
}

// stale is how far the time of a series' last data may be behind on disk, so that it isn't written with each.
const stale = 10 * time.Minute

// Metric is a series as lists have it.
type Metric struct {
	Series
	Last time.Time // when it had data last, within some minutes
}

// shown is how long a series without new data is listed.
const shown = 14 * 24 * time.Hour

// Metrics lists the series of an account and region that had data in the last two weeks and that f accepts, in order of namespace, name and
// dimensions. f must be quick, and not use the keeper.
func (k *Keeper) Metrics(ctx context.Context, account, region string, f func(Metric) bool) ([]Metric, error) {
	since := k.Clock.Now().Add(-shown)
	var out []Metric
	err := k.image.Read(ctx, func() {
		for _, s := range k.places[place{account, region}] {
			m := Metric{s.Series, s.Last}
			if m.Last.After(since) && f(m) {
				out = append(out, m)
			}
		}
	})
	slices.SortFunc(out, func(a, b Metric) int { return Compare(a.Series, b.Series) })
	return out, err
}

// Compare orders series by namespace, name and dimensions.
func Compare(a, b Series) int {
	if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Dimensions, b.Dimensions, func(a, b Dimension) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
}

type place struct{ account, region string }

// changed keeps the lists by place. The image is locked.
func (k *Keeper) changed(key store.Key, _, now *known) {
	at := place{key.Account, key.Region}
	if now == nil {
		delete(k.places[at], key.ID)
		return
	}
	if k.places[at] == nil {
		k.places[at] = map[string]*known{}
	}
	k.places[at][key.ID] = now
}
