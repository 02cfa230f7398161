package hosting

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// variant keeps the instances of a production variant: as many as are wanted, those that died replaced.
type variant struct {
	fleet *Fleet
	spec  Variant

	mu       sync.Mutex
	weight   float64
	max      int // of serverless instances; 0: the variant has instances of its own
	want     int
	slots    []*slot
	ready    []*instance
	flying   atomic.Int64 // requests that wait for an instance or have one
	waiting  int          // of them those that wait
	starting int          // serverless instances on their way
	failure  error        // of the last start; nil when one succeeded since
	changed  chan struct{}
	over     bool          // it takes no more requests
	ended    chan struct{} // closed when a serverless variant ends
}

// slot is the place of one instance.
type slot struct{ stop context.CancelFunc }

func (f *Fleet) variant(spec Variant) *variant {
	v := &variant{fleet: f, spec: spec, weight: spec.Weight, want: spec.Count, changed: make(chan struct{}), ended: make(chan struct{})}
	if spec.Serverless != nil {
		v.max = spec.Serverless.Max
	}
	return v
}

func (v *variant) begin() { v.scale(v.want) }

// tell wakes who waits for a change. v is locked.
func (v *variant) tell() {
	close(v.changed)
	v.changed = make(chan struct{})
}

func (v *variant) reweigh(weight float64, s *Serverless) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.weight = weight
	if s != nil {
		v.max = s.Max
	}
}

// scale makes n instances of it.
func (v *variant) scale(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.want, v.failure = n, nil
	for len(v.slots) < n {
		ctx, cancel := context.WithCancel(v.fleet.ctx)
		v.slots = append(v.slots, &slot{cancel})
		v.fleet.closing.Go(func() { v.keep(ctx) })
	}
	for len(v.slots) > n {
		last := len(v.slots) - 1
		v.slots[last].stop()
		v.slots = v.slots[:last]
	}
	v.tell()
}

// end stops the variant: its instances end when they have answered.
func (v *variant) end() {
	v.scale(0)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = true
	if v.max > 0 { // what requests started
		v.ready, v.max = nil, 0
		close(v.ended)
	}
	v.tell()
}

// answerTime is how long a container may take for an answer.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
const answerTime = time.Minute

// keep holds one instance until ctx ends.
func (v *variant) keep(ctx context.Context) {
	for wait := time.Second; ctx.Err() == nil; {
		i, err := v.fleet.launch(ctx, v.spec)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			v.fleet.cfg.Logger.Debug("instance did not start", "variant", v.spec.Name, "error", err)
			v.mu.Lock()
			v.failure = err
			v.tell()
			v.mu.Unlock()
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
			wait = min(2*wait, 30*time.Second)
			continue
		}
		wait = time.Second
		v.mu.Lock()
		v.ready, v.failure = append(v.ready, i), nil
		v.tell()
		v.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-i.gone:
		}
		v.drop(i)
		i.stop(context.WithoutCancel(ctx), answerTime)
	}
}

func (v *variant) drop(i *instance) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ready = slices.DeleteFunc(v.ready, func(other *instance) bool { return other == i })
	v.tell()
}

// whole waits until as many instances are there as are wanted. The first that cannot be started is the error.
func (v *variant) whole(ctx context.Context) error {
	for {
		v.mu.Lock()
		enough, failure, changed := len(v.ready) >= v.want, v.failure, v.changed
		v.mu.Unlock()
		switch {
		case enough:
			return nil
		case failure != nil:
			return failure
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.fleet.ctx.Done():
			return context.Canceled
		case <-changed:
		}
	}
}

// errOver is of a variant that an update or its endpoint's end has ended: another may have come into its place.
var errOver = errors.New("variant has ended")

// ErrBusy says that a serverless variant has as many requests as it may have.
var ErrBusy = errors.New("variant has as many requests as it may have")

// take finds the instance for a request, the one with the fewest under way. Call the returned function when the answer was read.
func (v *variant) take(ctx context.Context) (*instance, func(), error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.max > 0 && v.flying.Load() >= int64(v.max) {
		return nil, nil, ErrBusy
	}
	v.flying.Add(1)
	v.waiting++
	i, err := v.find(ctx)
	if v.waiting--; err != nil {
		v.flying.Add(-1)
		return nil, nil, err
	}
	i.busy.Add(1)
	return i, sync.OnceFunc(func() { v.give(i) }), nil
}

// find waits for an instance. v is locked, but for the time of waiting.
func (v *variant) find(ctx context.Context) (*instance, error) {
	for waited := false; ; waited = true {
		if v.over {
			return nil, errOver
		}
		var best *instance
		for _, i := range v.ready {
			if best == nil || i.busy.Load() < best.busy.Load() {
				best = i
			}
		}
		switch {
		case best != nil && (v.max == 0 || best.busy.Load() == 0):
			return best, nil
		case v.max > 0 && waited && v.failure != nil:
			return nil, v.failure
		case v.max > 0 && v.starting < v.waiting && len(v.ready)+v.starting < v.max:
			v.failure = nil
			v.starting++
			v.fleet.closing.Go(v.another)
		}
		changed := v.changed
		v.mu.Unlock()
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-changed:
		}
		if v.mu.Lock(); err != nil {
			return nil, err
		}
	}
}

func (v *variant) give(i *instance) {
	i.lastUsed.Store(time.Now().UnixNano())
	i.busy.Add(-1)
	v.flying.Add(-1)
	if v.max > 0 {
		v.mu.Lock()
		v.tell()
		v.mu.Unlock()
	}
}

// another starts an instance because a request wants one, and ends it when no request has wanted it for a while.
func (v *variant) another() {
	begun := time.Now()
	i, err := v.fleet.launch(v.fleet.ctx, v.spec)
	if err == nil {
		v.spec.Model.tell(v.spec.Name, "ModelSetupTime", micros(begun))
	}
	v.mu.Lock()
	v.starting--
	v.failure = err
	late := v.max == 0
	if err == nil && !late {
		i.lastUsed.Store(time.Now().UnixNano())
		v.ready = append(v.ready, i)
	}
	v.tell()
	v.mu.Unlock()
	if err != nil {
		return
	}
	defer i.stop(context.WithoutCancel(v.fleet.ctx), answerTime)
	idle := orElse(v.fleet.cfg.Idle, IdleTime)
	for !late {
		left := idle - time.Since(time.Unix(0, i.lastUsed.Load()))
		select {
		case <-v.fleet.ctx.Done():
			late = true
		case <-v.ended:
			late = true
		case <-i.gone:
			late = true
		case <-time.After(max(left, 10*time.Millisecond)):
			v.mu.Lock()
			if late = i.busy.Load() == 0 && time.Since(time.Unix(0, i.lastUsed.Load())) >= idle || !slices.Contains(v.ready, i); late {
				v.ready = slices.DeleteFunc(v.ready, func(other *instance) bool { return other == i })
			}
			v.mu.Unlock()
		}
	}
	v.drop(i)
}
