package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Config is what a keeper needs.
type Config struct {
	Store  *store.Store
	Clock  clock.Clock
	Logger *slog.Logger
}

// Keeper keeps the series of all accounts.
type Keeper struct {
	Config
	image  *store.Image
	series *store.Held[known]
	places map[place]map[string]*known
	chunks *store.Table[chunk]

	mu      sync.Mutex
	waiting map[string]*pending
	scratch []byte
	news    chan struct{}
	flush   sync.Mutex // held by whoever writes what waits
}

// New makes a keeper. Run it, so that what is recorded is written.
func New(c Config) *Keeper {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{Config: c, image: store.NewImage(c.Store), chunks: store.NewTable[chunk](c.Store, "metrics_chunk"), waiting: map[string]*pending{},
		places: map[place]map[string]*known{}, news: make(chan struct{}, 1)}
	k.series = store.NewHeld(k.image, "metrics_series", k.changed)
	return k
}

const (
	// gather is how long what services record may wait to be written.
	gather = 3 * time.Second
	// handful is how many points one transaction writes at most, so that nobody waits long for the writer.
	handful = 200
	// sweepEvery is how often old data are put together or forgotten.
	sweepEvery = time.Hour
)

func (k *Keeper) tell() {
	select {
	case k.news <- struct{}{}:
	default:
	}
}

// Run writes what is recorded until ctx ends, and then what is left. While nothing is recorded it does nothing.
func (k *Keeper) Run(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			k.try(context.WithoutCancel(ctx), k.Flush)
			return
		case <-sweep.C:
			k.try(ctx, k.Sweep)
			continue
		case <-k.news:
		}
		t := time.NewTimer(gather)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
		k.try(context.WithoutCancel(ctx), k.Flush)
	}
}

func (k *Keeper) try(ctx context.Context, f func(context.Context) error) {
	if err := f(ctx); err != nil && ctx.Err() == nil {
		k.Logger.Error("cannot keep metrics", "error", err)
	}
}

// Flush writes what was recorded until now.
func (k *Keeper) Flush(ctx context.Context) error {
	k.flush.Lock()
	defer k.flush.Unlock()
	k.mu.Lock()
	all := k.waiting
	if len(all) > 0 {
		k.waiting = map[string]*pending{}
	}
	k.mu.Unlock()
	by := map[place][]Sample{}
	for _, p := range all {
		at := place{p.account, p.region}
		by[at] = append(by[at], p.sample)
	}
	for at, list := range by {
		for len(list) > 0 {
			n := min(len(list), handful)
			if err := k.Store.Update(ctx, func(tx *store.Tx) error { return k.Put(tx, at.account, at.region, list[:n]) }); err != nil {
				return err // what is left is lost: the store is at its end
			}
			list = list[n:]
		}
	}
	return nil
}
