package sqs

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// entry is a message as the shelf knows it. Times are in milliseconds since 1970.
type entry struct {
	seq      uint64
	group    string
	visible  int64 // when it may be received (again)
	born     int64 // from when its life counts
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
	lines   map[string]*line // by group, of a FIFO queue
	alarms  alarms
	ages    ages
	dead    []*entry // life is over, rows are still there
	known   []known  // deduplication ids in order of their end
	delayed int
	taken   int
	used    int64         // when something came or was asked for last
	news    chan struct{} // closed when something became ready
}

// known is the row of a deduplication id.
type known struct {
	key     store.Key
	expires int64
}

// line is the messages of one group that wait, in order. In a standard queue every message is a line of its own.
type line struct {
	group   string
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
	var seen []store.Row[duplicate]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if messages, err = s.messages.List(tx, h.rows()); err != nil {
			return err
		}
		if flights, err = s.flights.List(tx, h.rows()); err != nil {
			return err
		}
		seen, err = s.seen.List(tx, h.rows())
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
	for _, d := range seen {
		h.known = append(h.known, known{d.Key, d.Value.Expires})
	}
	slices.SortFunc(h.known, func(a, b known) int { return cmp.Compare(a.expires, b.expires) })
	h.loaded = true
	return nil
}

// slack is how many entries that no longer count a heap may hold before it is cleaned.
const slack = 1024

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
	h.used = now
	h.put(e, now)
}

// put places an entry by its state. The lock is held.
func (h *shelf) put(e *entry, now int64) {
	h.all[e.seq] = e
	if len(h.ages) > 2*len(h.all)+slack {
		h.ages = slices.DeleteFunc(h.ages, func(e *entry) bool { return h.all[e.seq] != e })
		heap.Init(&h.ages)
	}
	heap.Push(&h.ages, e)
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
	if len(h.alarms) > 2*(h.taken+h.delayed)+slack {
		h.alarms = slices.DeleteFunc(h.alarms, h.stale)
		heap.Init(&h.alarms)
	}
	heap.Push(&h.alarms, alarm{e.visible, e, e.turn})
}

// stale tells an alarm that was set anew, or whose message is gone.
func (h *shelf) stale(a alarm) bool { return a.turn != a.e.turn || h.all[a.e.seq] != a.e }

func (h *shelf) line(group string) *line {
	if !h.fifo {
		return &line{}
	}
	l, ok := h.lines[group]
	if !ok {
		l = &line{group: group}
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

// tick lets what was hidden until now be received, and ends what is older than life.
func (h *shelf) tick(now, life int64) {
	for len(h.ages) > 0 {
		e := h.ages[0]
		there := h.all[e.seq] == e
		if there && e.born+life > now {
			break
		}
		heap.Pop(&h.ages)
		if there {
			h.lose(e)
			h.dead = append(h.dead, e)
		}
	}
	for len(h.alarms) > 0 && h.alarms[0].at <= now {
		if a := heap.Pop(&h.alarms).(alarm); !h.stale(a) {
			h.back(a.e)
		}
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

// take gives out up to n messages, hidden until visible. When there is none it tells when to look again (0: nobody knows) and
// what is closed when something comes.
func (h *shelf) take(n int, now, visible, life int64) (out []*entry, again int64, news <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, 0, h.news
	}
	h.used = now
	h.tick(now, life)
	for len(out) < n && len(h.ready) > 0 {
		l := heap.Pop(&h.ready).(*line)
		l.queued = false
		for len(out) < n && len(l.waiting) > 0 {
			e := l.waiting[0]
			l.waiting = l.waiting[1:]
			if h.all[e.seq] != e {
				continue // was removed while it stood there
			}
			e.state, e.visible = taken, visible
			e.received++
			h.taken++
			l.busy++
			h.wake(e)
			out = append(out, e)
		}
		h.offer(l)
		h.leave(l)
	}
	if len(h.alarms) > 0 {
		again = h.alarms[0].at
	}
	return out, again, h.news
}

// leave forgets a group of which nothing is left.
func (h *shelf) leave(l *line) {
	if h.fifo && l.busy == 0 && len(l.waiting) == 0 && h.lines[l.group] == l {
		delete(h.lines, l.group)
	}
}

// ended gives up to n messages whose life is over, for their rows to be deleted.
func (h *shelf) ended(n int) []*entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	n = min(n, len(h.dead))
	out := slices.Clone(h.dead[:n])
	if h.dead = h.dead[n:]; len(h.dead) == 0 {
		h.dead = nil
	}
	return out
}

// remember notes a deduplication id, and outlived gives up to n that are past their time.
func (h *shelf) remember(k store.Key, expires int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known = append(h.known, known{k, expires})
}

func (h *shelf) outlived(n int, now int64) (out []store.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.known) > 0 && len(out) < n && h.known[0].expires <= now {
		out = append(out, h.known[0].key)
		h.known = h.known[1:]
	}
	return out
}

// find gives an entry as of a receipt, and whether it is still hidden for who has the receipt.
func (h *shelf) find(seq uint64, received int32, now, life int64) (e *entry, held, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick(now, life)
	e, ok = h.all[seq]
	if !ok || e.received != received {
		return nil, false, false
	}
	return e, e.state == taken, true
}

// remove drops an entry.
func (h *shelf) remove(e *entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all[e.seq] == e {
		h.lose(e)
	}
}

// lose is remove with the lock held.
func (h *shelf) lose(e *entry) {
	delete(h.all, e.seq)
	e.turn++
	switch e.state {
	case taken:
		h.taken--
		l := h.line(e.group)
		l.busy--
		h.offer(l)
		h.leave(l)
	case delayed:
		h.delayed--
	}
}

// hide changes until when somebody has an entry. It tells whether somebody has it.
func (h *shelf) hide(e *entry, now, visible int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
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
func (h *shelf) counts(now, life int64) [3]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tick(now, life)
	return [3]int{len(h.all) - h.taken - h.delayed, h.taken, h.delayed}
}

// busy is when something came or was asked for last, in this run of the server.
func (h *shelf) busy() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.used
}

// oldest is the age of the message that is there longest.
func (h *shelf) oldest(now int64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.ages) > 0 && h.all[h.ages[0].seq] != h.ages[0] {
		heap.Pop(&h.ages)
	}
	if len(h.ages) == 0 {
		return 0
	}
	return time.Duration(max(now-h.ages[0].born, 0)) * time.Millisecond
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
