package hosting

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// Config is what a fleet needs.
type Config struct {
	Driver   compute.Driver
	Images   container.Images
	Dir      string        // of instances' files
	Endpoint http.Handler  // AWS, for the containers
	Idle     time.Duration // how long a serverless instance waits for a request; 0 is IdleTime
	Logger   *slog.Logger
}

// IdleTime is how long a serverless instance waits for its next request before it ends.
const IdleTime = 5 * time.Minute

// Fleet runs the instances of all endpoints.
type Fleet struct {
	cfg Config
	ctx context.Context
	end context.CancelFunc

	mu        sync.RWMutex
	endpoints map[string]*Endpoint
	closing   sync.WaitGroup // instances that end
}

// New makes a fleet. Instances of a server that died are forgotten.
func New(cfg Config) *Fleet {
	f := &Fleet{cfg: cfg, endpoints: map[string]*Endpoint{}}
	if f.cfg.Logger == nil {
		f.cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f.ctx, f.end = context.WithCancel(context.Background())
	_ = os.RemoveAll(filepath.Join(cfg.Dir, "instances"))
	return f
}

// Close ends all instances and waits for that.
func (f *Fleet) Close() {
	f.end()
	f.closing.Wait()
}

// Endpoint gives what serves under a key; nil when nothing does.
func (f *Fleet) Endpoint(key string) *Endpoint {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.endpoints[key]
}

// Serves tells whether something serves under a key.
func (f *Fleet) Serves(key string) bool {
	e := f.Endpoint(key)
	if e == nil {
		return false
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now != nil
}

// Endpoint is what serves an endpoint's requests.
type Endpoint struct {
	fleet *Fleet

	mu   sync.RWMutex
	now  *generation
	next *generation // of a rollout, gets share of the requests
	part float64
	over bool // it was removed: what is still on its way there ends
}

// generation is what was deployed at one time.
type generation struct {
	spec     Spec
	variants []*variant
	shadows  []*variant
}

func (f *Fleet) generation(spec Spec) *generation {
	g := &generation{spec: spec}
	for _, v := range spec.Variants {
		g.variants = append(g.variants, f.variant(v))
	}
	for _, v := range spec.Shadows {
		g.shadows = append(g.shadows, f.variant(v))
	}
	return g
}

func (g *generation) all() []*variant {
	return append(g.variants[:len(g.variants):len(g.variants)], g.shadows...)
}

// stop ends a generation's instances when they have answered.
func (g *generation) stop() {
	for _, v := range g.all() {
		v.end()
	}
}

// Rollout is a new generation beside the one that serves.
type Rollout struct {
	e *Endpoint
	g *generation
}

// Prepare starts what spec says, beside what serves under the key, and waits until all of it is healthy. Errors are *StartError when
// the model is at fault; nothing is left running then.
func (f *Fleet) Prepare(ctx context.Context, key string, spec Spec) (*Rollout, error) {
	g := f.generation(spec)
	for _, v := range g.all() {
		v.begin()
	}
	for _, v := range g.all() {
		if err := v.whole(ctx); err != nil {
			g.stop()
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.endpoints[key]
	if e == nil {
		e = &Endpoint{fleet: f}
		f.endpoints[key] = e
	}
	return &Rollout{e, g}, nil
}

// Shift gives the new generation a part of the requests, from 0 to 1.
func (r *Rollout) Shift(part float64) {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	if !r.e.over {
		r.e.next, r.e.part = r.g, part
	}
}

// First gives the new generation all requests when there is no other, and else ends it.
func (r *Rollout) First() {
	r.e.mu.Lock()
	first := r.e.now == nil && !r.e.over
	if first {
		r.e.now = r.g
	}
	r.e.mu.Unlock()
	if !first {
		r.g.stop()
	}
}

// Finish gives the new generation all requests and ends the old one; of an endpoint that was removed, the new one.
func (r *Rollout) Finish() {
	r.e.mu.Lock()
	old := r.g
	if !r.e.over {
		old = r.e.now
		r.e.now, r.e.next, r.e.part = r.g, nil, 0
	}
	r.e.mu.Unlock()
	if old != nil {
		old.stop()
	}
}

// Abort gives the old generation all requests and ends the new one.
func (r *Rollout) Abort() {
	r.e.mu.Lock()
	r.e.next, r.e.part = nil, 0
	r.e.mu.Unlock()
	r.g.stop()
}

// ErrGone is returned for an endpoint that serves nothing.
var ErrGone = errors.New("endpoint serves nothing")

// Scale changes weights and numbers of instances of what serves under key, and waits until the new instances are healthy.
func (f *Fleet) Scale(ctx context.Context, key string, spec Spec) error {
	e := f.Endpoint(key)
	if e == nil {
		return ErrGone
	}
	e.mu.RLock()
	g := e.now
	e.mu.RUnlock()
	if g == nil {
		return ErrGone
	}
	for _, want := range spec.Variants {
		for _, v := range g.variants {
			if v.spec.Name == want.Name {
				v.reweigh(want.Weight, want.Serverless)
				v.scale(want.Count)
				if err := v.whole(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Remove ends what serves under key.
func (f *Fleet) Remove(key string) {
	f.mu.Lock()
	e := f.endpoints[key]
	delete(f.endpoints, key)
	f.mu.Unlock()
	if e == nil {
		return
	}
	e.mu.Lock()
	now, next := e.now, e.next
	e.now, e.next, e.over = nil, nil, true
	e.mu.Unlock()
	for _, g := range []*generation{now, next} {
		if g != nil {
			g.stop()
		}
	}
}
