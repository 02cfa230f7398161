package schedule

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Alarms ring at set times, one for each key. They are in memory: whoever sets them does so from its rows.
type Alarms struct {
	clock clock.Clock
	mu    sync.Mutex
	set   map[store.Key]*alarm
	list  alarms
	news  chan struct{}
}

type alarm struct {
	key store.Key
	at  time.Time
	off bool
}

// NewAlarms makes a set that is empty.
func NewAlarms(c clock.Clock) *Alarms {
	return &Alarms{clock: c, set: map[store.Key]*alarm{}, news: make(chan struct{}, 1)}
}

// Set has a key ring at a time, and not when it would have before.
func (a *Alarms) Set(k store.Key, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clear(k)
	n := &alarm{key: k, at: at}
	a.set[k] = n
	heap.Push(&a.list, n)
	a.Wake()
}

// Clear has a key not ring.
func (a *Alarms) Clear(k store.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clear(k)
}

func (a *Alarms) clear(k store.Key) {
	if old := a.set[k]; old != nil {
		old.off = true
		delete(a.set, k)
	}
}

// Wake has the alarms look at the time again, when the clock was moved by hand.
func (a *Alarms) Wake() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// again is when one that failed to ring rings again.
const again = 5 * time.Second

// Run rings until ctx ends: f is told the key and the time that was set, and sets the next by itself. When it fails it is told
// again.
func (a *Alarms) Run(ctx context.Context, f func(ctx context.Context, k store.Key, at time.Time) error) {
	for ctx.Err() == nil {
		n, wait := a.next()
		if n != nil {
			if err := f(ctx, n.key, n.at); err != nil && !errors.Is(err, context.Canceled) {
				time.AfterFunc(again, func() { a.restore(n) })
			}
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-a.news:
		case <-t.C:
		}
		t.Stop()
	}
}

func (a *Alarms) restore(n *alarm) {
	a.mu.Lock()
	_, newer := a.set[n.key]
	a.mu.Unlock()
	if !newer {
		a.Set(n.key, n.at)
	}
}

func (a *Alarms) next() (*alarm, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.list) > 0 {
		n := a.list[0]
		if n.off {
			heap.Pop(&a.list)
			continue
		}
		if wait := n.at.Sub(a.clock.Now()); wait > 0 {
			return nil, min(wait, time.Minute)
		}
		heap.Pop(&a.list)
		delete(a.set, n.key)
		return n, 0
	}
	return nil, time.Minute
}

type alarms []*alarm

func (l alarms) Len() int           { return len(l) }
func (l alarms) Less(i, j int) bool { return l[i].at.Before(l[j].at) }
func (l alarms) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }

// Push is for container/heap.
func (l *alarms) Push(x any) { *l = append(*l, x.(*alarm)) }

// Pop is for container/heap.
func (l *alarms) Pop() any {
	old := *l
	x := old[len(old)-1]
	*l = old[:len(old)-1]
	return x
}
