package delivery

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Courier brings parcels of one kind.
type Courier struct {
	// Deliver brings a parcel. Errors mean that it has not arrived.
	Deliver func(ctx context.Context, p Parcel) error
	// Bury puts a parcel that was given up into its dead-letter queue, if it has one. An error means: try again later.
	Bury func(ctx context.Context, p Parcel) error
	// Patience is how long one attempt may take; 0: patience.
	Patience time.Duration
	// Crew is how many parcels of this kind are on their way at a time, in a lane of their own; 0: they go with all others. Crowd
	// is then how many of them go to one place.
	Crew, Crowd int
}

// Config is what a desk needs.
type Config struct {
	Store  *store.Store
	Clock  clock.Clock
	Logger *slog.Logger
}

const (
	// couriers is how many parcels of a lane are on their way at a time. They mostly wait: for commits, and for the addresses of
	// others.
	couriers = 64
	// crowd is how many are on their way to one place outside at a time, so that one that does not answer holds up itself alone.
	crowd = 8
	// patience is how long one attempt may take.
	patience = 30 * time.Second
	// held is how many parcels lie in memory as a whole; of others only what is needed to order them.
	held = 4096
	// page is how many are read at a time when a desk begins.
	page = 1000
)

// Desk takes parcels and hands them to couriers.
type Desk struct {
	Config
	table    *store.Table[Parcel]
	couriers map[string]Courier

	mu     sync.Mutex
	last   int64
	lanes  []*lane // within the server, outside, and those of kinds that have their own
	own    map[string]*lane
	lines  map[string]*line
	places map[string]*place
	held   int
	begun  bool
	early  []*slip // accepted before the desk began
}

// lane is the parcels that wait for their time, with couriers of its own.
type lane struct {
	due         waiting
	news        chan struct{}
	crew, crowd int
}

func newLane(crew, crowd int) *lane {
	return &lane{news: make(chan struct{}, 1), crew: crew, crowd: crowd}
}

// place is somewhere outside, with how many are on their way and those that have to wait for them.
type place struct {
	flying int
	behind []*slip
}

// slip is a parcel as the desk knows it.
type slip struct {
	key    store.Key
	lane   *lane
	line   string
	place  string
	due    time.Time
	parcel *Parcel // nil: to be read
}

// line is the parcels that go one after the other. The first of them is on its way or waits for its time.
type line struct{ behind []*slip }

// New makes a desk. Define its couriers, then Run it.
func New(c Config) *Desk {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Desk{Config: c, table: store.NewTable[Parcel](c.Store, "delivery_parcel"), couriers: map[string]Courier{}, lines: map[string]*line{},
		places: map[string]*place{}, lanes: []*lane{newLane(couriers, 0), newLane(couriers, crowd)}, own: map[string]*lane{}}
}

// Define names the courier of a kind of parcels, before Run.
func (d *Desk) Define(kind string, c Courier) {
	if _, taken := d.couriers[kind]; taken {
		panic("courier " + kind + " is defined twice")
	}
	if c.Patience == 0 {
		c.Patience = patience
	}
	if c.Crew > 0 {
		d.own[kind] = newLane(c.Crew, c.Crowd)
		d.lanes = append(d.lanes, d.own[kind])
	}
	d.couriers[kind] = c
}

// lane is where parcels of a kind go to a place.
func (d *Desk) lane(kind, place string) *lane {
	switch l, ok := d.own[kind]; {
	case ok:
		return l
	case place != "":
		return d.lanes[1]
	}
	return d.lanes[0]
}

// Accept takes a parcel in the transaction of what causes it. From the commit on it will be delivered.
func (d *Desk) Accept(tx *store.Tx, p Parcel) error {
	now := d.Clock.Now()
	if p.Accepted.IsZero() {
		p.Accepted = now
	}
	if p.Due.IsZero() {
		p.Due = now
	}
	k := store.Key{Account: p.Account, Region: p.Region, ID: d.number()}
	if err := d.table.Insert(tx, k, p); err != nil {
		return err
	}
	tx.OnCommit(func() {
		d.take(&slip{key: k, lane: d.lane(p.Kind, p.Place), line: p.Line, place: p.Place, due: p.Due, parcel: &p})
	})
	return nil
}

// number gives an id above all before. Transactions that accept run one after the other, so it is in order of commits.
func (d *Desk) number() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = max(d.last+1, time.Now().UnixNano()) // not the injected time: it has to grow over restarts alone
	return fmt.Sprintf("%020d", d.last)
}

// take puts a slip where it waits.
func (d *Desk) take(s *slip) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.begun {
		s.parcel = nil
		d.early = append(d.early, s)
		return
	}
	d.queue(s)
}

// queue is take with the lock held.
func (d *Desk) queue(s *slip) {
	if s.parcel != nil {
		if d.held >= held {
			s.parcel = nil
		} else {
			d.held++
		}
	}
	if s.line != "" {
		l, busy := d.lines[s.line]
		if busy {
			l.behind = append(l.behind, s)
			return
		}
		d.lines[s.line] = &line{}
	}
	d.push(s)
}

// push puts a slip among those of its lane that wait for their time.
func (d *Desk) push(s *slip) {
	heap.Push(&s.lane.due, s)
	s.lane.tell()
}

func (l *lane) tell() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// Wake has the desk look at the time again, when the clock was moved by hand.
func (d *Desk) Wake() {
	for _, l := range d.lanes {
		l.tell()
	}
}

// Waiting is how many parcels have not arrived yet.
func (d *Desk) Waiting(ctx context.Context) (n int, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		n, err = d.table.Count(tx, store.Range{AllAccounts: true, AllRegions: true})
		return err
	})
	return n, err
}

// Run delivers until ctx ends, and then waits for those that are on their way.
func (d *Desk) Run(ctx context.Context) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := d.load(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			d.Logger.Error("cannot read what is to be delivered", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
	var all sync.WaitGroup
	for _, l := range d.lanes {
		all.Go(func() { d.run(ctx, l) })
	}
	all.Wait()
}

// run delivers the parcels of a lane.
func (d *Desk) run(ctx context.Context, l *lane) {
	work := make(chan *slip)
	var all sync.WaitGroup
	defer all.Wait()
	defer close(work)
	for range l.crew {
		all.Go(func() {
			for s := range work {
				d.attempt(ctx, s)
			}
		})
	}
	for {
		s, wait := d.next(l)
		if s != nil {
			select {
			case work <- s:
				continue
			case <-ctx.Done():
				return
			}
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-l.news:
		case <-t.C:
		}
		t.Stop()
	}
}

// load reads what an earlier run left. Parcels that are accepted meanwhile are read with it or lie in early.
func (d *Desk) load(ctx context.Context) error {
	known := map[store.Key]bool{}
	var slips []*slip
	r := store.Range{AllAccounts: true, AllRegions: true, Limit: page}
	for {
		var rows []store.Row[Parcel]
		if err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = d.table.List(tx, r)
			return err
		}); err != nil {
			return err
		}
		for _, row := range rows {
			known[row.Key] = true
			slips = append(slips, &slip{key: row.Key, lane: d.lane(row.Value.Kind, row.Value.Place), line: row.Value.Line, place: row.Value.Place, due: row.Value.Due})
			r.After = row.Key.ID
		}
		if len(rows) < page {
			break
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.early {
		if !known[s.key] {
			slips = append(slips, s)
		}
	}
	d.begun, d.early = true, nil
	for _, s := range slips {
		d.queue(s)
	}
	return nil
}

// next gives the slip that is due, or how long to wait.
func (d *Desk) next(l *lane) (*slip, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(l.due) > 0 {
		if wait := l.due[0].due.Sub(d.Clock.Now()); wait > 0 {
			return nil, min(wait, time.Minute)
		}
		s := heap.Pop(&l.due).(*slip)
		if s.place != "" && !d.enter(s) {
			continue
		}
		if s.parcel != nil {
			d.held--
		}
		return s, 0
	}
	return nil, time.Minute
}

// enter lets a slip go to its place, or has it wait for those that are on their way.
func (d *Desk) enter(s *slip) bool {
	p, ok := d.places[s.place]
	if !ok {
		p = &place{}
		d.places[s.place] = p
	}
	if p.flying == s.lane.crowd {
		p.behind = append(p.behind, s)
		return false
	}
	p.flying++
	return true
}

// leave ends a way to a place, and has the next go.
func (d *Desk) leave(s *slip) {
	p := d.places[s.place]
	p.flying--
	switch {
	case len(p.behind) > 0:
		d.push(p.behind[0])
		p.behind = p.behind[1:]
	case p.flying == 0:
		delete(d.places, s.place)
	}
}

// attempt tries a parcel once and writes down what came of it. What is not written down is tried again.
func (d *Desk) attempt(ctx context.Context, s *slip) {
	if ctx.Err() != nil {
		return
	}
	again, err := d.once(ctx, s)
	if err != nil {
		if ctx.Err() == nil {
			d.Logger.Error("cannot write what came of a delivery", "error", err)
		}
		again = d.Clock.Now().Add(maxWait / 10)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.place != "" {
		d.leave(s)
	}
	if !again.IsZero() {
		s.due, s.parcel = again, nil
		d.push(s)
		return
	}
	if s.line == "" {
		return
	}
	l := d.lines[s.line]
	if len(l.behind) == 0 {
		delete(d.lines, s.line)
		return
	}
	d.push(l.behind[0])
	l.behind = l.behind[1:]
}

// once gives when the parcel is to be tried again; zero when it is gone.
func (d *Desk) once(ctx context.Context, s *slip) (again time.Time, err error) {
	p := s.parcel
	if p == nil {
		p = &Parcel{}
		err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
			*p, err = d.table.Get(tx, s.key)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return again, nil
		}
		if err != nil {
			return again, err
		}
	}
	err = d.bring(ctx, p)
	if err != nil && ctx.Err() != nil {
		return again, ctx.Err() // the server stops: this was no attempt
	}
	return d.settle(context.WithoutCancel(ctx), s.key, p, err)
}

// bring delivers a parcel, or buries it.
func (d *Desk) bring(ctx context.Context, p *Parcel) (err error) {
	c, ok := d.couriers[p.Kind]
	if !ok {
		return fmt.Errorf("no courier brings %s", p.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("courier panicked: %v", r)
			d.Logger.Error("courier panicked", "kind", p.Kind, "panic", r)
		}
	}()
	if !p.Given {
		err := c.Deliver(ctx, *p)
		if err == nil || ctx.Err() != nil && ctx.Err() != context.DeadlineExceeded {
			return err
		}
		if !p.failed(err, d.Clock.Now()) {
			return err
		}
		p.Given = true
	}
	if c.Bury == nil {
		return nil
	}
	if err := c.Bury(ctx, *p); err != nil {
		return fmt.Errorf("cannot reach the dead-letter queue: %w", err)
	}
	return nil
}

// settle writes down that a parcel arrived, or when it is tried again.
func (d *Desk) settle(ctx context.Context, k store.Key, p *Parcel, failure error) (again time.Time, err error) {
	var last permanent
	switch {
	case failure == nil, p.Given && errors.As(failure, &last): // a dead-letter queue that is gone takes nothing
		err = d.Store.Update(ctx, func(tx *store.Tx) error {
			if err := d.table.Delete(tx, k); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return nil
		})
		return time.Time{}, err
	case p.Given:
		why, was := p.Failure, p.Code
		p.failed(failure, d.Clock.Now())
		p.Failure, p.Code = why, was // the dead letter tells why the delivery failed, not the burial
	}
	return p.Due, d.Store.Update(ctx, func(tx *store.Tx) error { return d.table.Put(tx, k, *p) })
}

// waiting is a heap of slips by time.
type waiting []*slip

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	if w[i].due.Equal(w[j].due) {
		return w[i].key.ID < w[j].key.ID
	}
	return w[i].due.Before(w[j].due)
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

// Push is for container/heap.
func (w *waiting) Push(x any) { *w = append(*w, x.(*slip)) }

// Pop is for container/heap.
func (w *waiting) Pop() any {
	old := *w
	x := old[len(old)-1]
	*w = old[:len(old)-1]
	return x
}
