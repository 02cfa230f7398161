package sqs

import (
	"container/heap"
	"context"
	"slices"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// entry is a message as the shelf knows it. Times are in milliseconds since 1970.
type entry struct {
	seq      uint64
	group    string
	visible  int64 // when it may be received (again)
	expires  int64
	received int32
	state    state
	turn     int // counts changes of visible, so that stale alarms are told
}

type state uint8

const (
	waiting state = iota
	delayed
	taken // somebody has it
)

// shelf is what may be received from one queue.
type shelf struct {
	key  store.Key // of the queue
	id   string
	fifo bool

	loading sync.Mutex
	mu      sync.Mutex
	loaded  bool
	closed  bool
	last    uint64 // sequence number that was given out last
	all     map[uint64]*entry
	ready   ready
	lines   map[string]*line // by group
	alarms  alarms
	delayed int
	taken   int
	news    chan struct{} // closed when something became ready
}

// line is the messages of one group that wait, in order. In a standard queue every message is a line of its own.
type line struct {
	waiting []*entry
	busy    int // messages of the group that somebody has: until then no other is given out
	queued  bool
}

func newShelf(k store.Key, id string, fifo bool) *shelf {
	return &shelf{key: k, id: id, fifo: fifo, all: map[uint64]*entry{}, lines: map[string]*line{}, news: make(chan struct{})}
}

// load reads the queue's messages once.
func (h *shelf) load(ctx context.Context, s *Service) error {
	h.loading.Lock()
	defer h.loading.Unlock()
	if h.loaded {
		return nil
	}
	var messages []store.Row[message]
	var flights []store.Row[flight]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if messages, err = s.messages.List(tx, h.rows()); err != nil {
			return err
		}
		flights, err = s.flights.List(tx, h.rows())
		return err
	})
	if err != nil {
		return err
	}
	flown := make(map[string]flight, len(flights))
	for _, f := range flights {
		flown[f.Key.ID] = f.Value
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := s.now()
	for _, m := range messages {
		e := m.Value.entry()
		if f, ok := flown[m.Key.ID]; ok {
			e.received, e.visible = f.Received, f.Visible
			if f.Visible > now {
				e.state = taken
			}
		}
		h.last = max(h.last, e.seq)
		h.put(e, now)
	}
	h.loaded = true
	return nil
}

// next gives a sequence number above all before, of this run and of earlier ones.
func (h *shelf) next(now int64) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last+1, uint64(now)*1_000_000)
	return h.last
}

// add shows a new message.
func (h *shelf) add(e *entry, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(e, now)
}

// put places an entry by its state. The lock is held.
func (h *shelf) put(e *entry, now int64) {
	h.all[e.seq] = e
	switch {
	case e.state == taken:
		h.taken++
		h.line(e.group).busy++
		h.wake(e)
	case e.visible > now:
		e.state = delayed
		h.delayed++
		h.wake(e)
	default:
		h.stand(e)
	}
}

// wake sets the alarm for an entry that is hidden.
func (h *shelf) wake(e *entry) {
	e.turn++
	heap.Push(&h.alarms, alarm{e.visible, e, e.turn})
}

func (h *shelf) line(group string) *line {
	if !h.fifo {
		return &line{}
	}
	l, ok := h.lines[group]
	if !ok {
		l = &line{}
		h.lines[group] = l
	}
	return l
}

// stand puts an entry into its line, in order of sequence.
func (h *shelf) stand(e *entry) {
	e.state = waiting
	l := h.line(e.group)
	i := len(l.waiting)
	for i > 0 && l.waiting[i-1].seq > e.seq {
		i--
	}
	l.waiting = slices.Insert(l.waiting, i, e)
	if l.queued && i == 0 {
		heap.Init(&h.ready) // the line stands elsewhere now
	}
	h.offer(l)
}

// offer makes a line ready when it has something and nobody has a message of it.
func (h *shelf) offer(l *line) {
	if l.busy > 0 || len(l.waiting) == 0 || l.queued {
		return
	}
	l.queued = true
	heap.Push(&h.ready, l)
	close(h.news)
	h.news = make(chan struct{})
}

// tick lets what was hidden until now be received.
func (h *shelf) tick(now int64) {
	for len(h.alarms) > 0 && h.alarms[0].at <= now {
		a := heap.Pop(&h.alarms).(alarm)
		if a.turn != a.e.turn || h.all[a.e.seq] != a.e {
			continue
		}
		h.back(a.e)
	}
}

// back ends the hiding of an entry.
func (h *shelf) back(e *entry) {
	e.turn++
	if e.state == taken {
		h.taken--
		h.line(e.group).busy--
	} else {
		h.delayed--
	}
	h.stand(e)
}

// take gives out up to n messages, hidden until visible, and those that are past their life. When there is none it tells
// when to look again (0: nobody knows) and what is closed when something comes.
func (h *shelf) take(n int, now, visible int64) (out, dead []*entry, again int64, news <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick(now)
	for len(out) < n && len(h.ready) > 0 {
		l := heap.Pop(&h.ready).(*line)
		l.queued = false
		for len(out) < n && len(l.waiting) > 0 {
			e := l.waiting[0]
			l.waiting = l.waiting[1:]
			if h.all[e.seq] != e {
				continue // was removed while it stood there
			}
			if e.expires <= now {
				delete(h.all, e.seq)
				dead = append(dead, e)
				continue
			}
			e.state, e.visible = taken, visible
			e.received++
			h.taken++
			l.busy++
			h.wake(e)
			out = append(out, e)
		}
		h.offer(l)
	}
	if len(h.alarms) > 0 {
		again = h.alarms[0].at
	}
	return out, dead, again, h.news
}

// find gives an entry that somebody has, as of a receipt.
func (h *shelf) find(seq uint64, received int32) (*entry, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.all[seq]
	if !ok || e.received != received {
		return nil, false
	}
	return e, true
}

// remove drops an entry.
func (h *shelf) remove(e *entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all[e.seq] != e {
		return
	}
	delete(h.all, e.seq)
	e.turn++
	switch e.state {
	case taken:
		l := h.line(e.group)
		h.taken--
		l.busy--
		h.offer(l)
		if l.busy == 0 && len(l.waiting) == 0 {
			delete(h.lines, e.group)
		}
	case delayed:
		h.delayed--
	}
}

// hide changes until when somebody has an entry. It tells whether somebody has it.
func (h *shelf) hide(e *entry, now, visible int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick(now)
	if h.all[e.seq] != e || e.state != taken {
		return false
	}
	e.visible = visible
	if visible <= now {
		h.back(e)
	} else {
		h.wake(e)
	}
	return true
}

// counts are the messages that may be received, that somebody has, and that are delayed.
func (h *shelf) counts(now int64) [3]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick(now)
	return [3]int{len(h.all) - h.taken - h.delayed, h.taken, h.delayed}
}

// close lets those who wait look again: the queue is gone.
func (h *shelf) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	close(h.news)
	h.news = make(chan struct{})
}

func (h *shelf) gone() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

// ready is a heap of lines by the sequence of their first message.
type ready []*line

func (r ready) Len() int           { return len(r) }
func (r ready) Less(i, j int) bool { return r[i].waiting[0].seq < r[j].waiting[0].seq }
func (r ready) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }

// Push is for container/heap.
func (r *ready) Push(x any) { *r = append(*r, x.(*line)) }

// Pop is for container/heap.
func (r *ready) Pop() any {
	old := *r
	x := old[len(old)-1]
	*r = old[:len(old)-1]
	return x
}

// alarm is when an entry ends to be hidden.
type alarm struct {
	at   int64
	e    *entry
	turn int
}

type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at < a[j].at }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push is for container/heap.
func (a *alarms) Push(x any) { *a = append(*a, x.(alarm)) }

// Pop is for container/heap.
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
