package eventfile

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"sort"
)

// Position is a place in the order of events. Seq 0 is before all events of the time.
type Position struct {
	Time int64
	Seq  uint64
}

func (p Position) compare(e Event) int {
	if c := cmp.Compare(p.Time, e.Time); c != 0 {
		return c
	}
	return cmp.Compare(p.Seq, e.Seq)
}

// Query says what to read.
type Query struct {
	Group         Place                    // Stream is not looked at
	Streams       func(stream string) bool // nil: all
	From, To      int64                    // in milliseconds; To is not part of it
	After, Before *Position                // events behind, and before, a position
	Reverse       bool                     // the last event first
	Match         func(message string) bool
	// Budget is how many bytes of messages are looked at before reading ends, about; 0: all.
	Budget int64
}

// Progress tells how far a reading came.
type Progress struct {
	Events, Bytes int64 // looked at
	// Next is where it ended, by its budget: After of the next reading, or Before when it is in reverse. nil: there is no more.
	Next *Position
}

// Read calls each with the events in order of time, until it answers false.
func (f *Files) Read(ctx context.Context, q Query, each func(stream string, e Event) bool) (p Progress, err error) {
	if err := f.open(ctx); err != nil {
		return p, err
	}
	if err := f.index(ctx, q.Group); err != nil {
		return p, fmt.Errorf("cannot read log events: %w", err)
	}
	r := reading{Files: f, Query: q, low: Position{q.From, 0}, high: Position{math.MaxInt64, math.MaxUint64}, open: map[fileName]*os.File{}}
	if q.To > 0 {
		r.high = Position{q.To, 0}
	}
	if q.After != nil && cmp.Or(cmp.Compare(q.After.Time, r.low.Time), cmp.Compare(q.After.Seq, r.low.Seq)) > 0 {
		r.low = *q.After
	}
	if q.Before != nil && cmp.Or(cmp.Compare(q.Before.Time, r.high.Time), cmp.Compare(q.Before.Seq, r.high.Seq)) < 0 {
		r.high = *q.Before
	}
	defer r.close()
	r.plan()
	err = r.run(ctx, each)
	return r.progress, err
}

// run is a piece that is in order: events in memory, or a frame.
type run struct {
	stream      string
	first, last int64
	events      []Event // in memory
	mixed       bool    // they are not in order yet
	file        fileName
	offset      int64
	length      int64
}

// maxOpen is how many files a reading has open at a time.
const maxOpen = 64

type reading struct {
	*Files
	Query
	low, high Position
	runs      []run // in the order in which they are needed
	cursors   cursors
	open      map[fileName]*os.File
	progress  Progress
}

func (r *reading) close() {
	for _, file := range r.open {
		_ = file.Close()
	}
}

// plan lists what may hold events of the query.
func (r *reading) plan() {
	r.mu.Lock()
	defer r.mu.Unlock()
	wanted := func(stream string) bool { return r.Streams == nil || r.Streams(stream) }
	within := func(first, last int64) bool { return last >= r.low.Time && first <= r.high.Time }
	if ix := r.indexes[r.Group.Group]; ix != nil {
		for stream, parts := range ix.streams {
			if !wanted(stream) {
				continue
			}
			for _, p := range parts {
				at := p.Offset
				for _, fr := range p.Frames {
					if within(fr[0], fr[1]) {
						r.runs = append(r.runs, run{stream: stream, first: fr[0], last: fr[1], file: p.name(), offset: at, length: fr[2]})
					}
					at += fr[2]
				}
			}
		}
	}
	for _, g := range r.generations() {
		for stream, h := range g.heads[r.Group.Group] {
			if wanted(stream) && within(h.summary.First, h.summary.Last) {
				r.runs = append(r.runs, run{stream: stream, first: h.summary.First, last: h.summary.Last, events: h.events[:len(h.events):len(h.events)], mixed: h.mixed})
			}
		}
	}
	slices.SortFunc(r.runs, func(a, b run) int {
		if r.Reverse {
			return cmp.Compare(b.last, a.last)
		}
		return cmp.Compare(a.first, b.first)
	})
}

// due tells whether a run may hold an event that comes before the nearest of those that are open.
func (r *reading) due(n run) bool {
	if len(r.cursors.list) == 0 {
		return true
	}
	top := r.cursors.list[0].at().Time
	if r.Reverse {
		return n.last >= top
	}
	return n.first <= top
}

// spent ends a reading whose budget is used up: at the next run, if that is further than where this one began.
func (r *reading) spent(n run) bool {
	if r.Budget == 0 || r.progress.Bytes < r.Budget {
		return false
	}
	if r.Reverse {
		if n.last >= r.high.Time || n.last == math.MaxInt64 {
			return false
		}
		r.progress.Next = &Position{n.last, math.MaxUint64}
		return true
	}
	if n.first <= r.low.Time {
		return false
	}
	r.progress.Next = &Position{n.first, 0}
	return true
}

func (r *reading) run(ctx context.Context, each func(string, Event) bool) error {
	r.cursors.reverse = r.Reverse
	for {
		for len(r.runs) > 0 && r.due(r.runs[0]) {
			n := r.runs[0]
			if r.spent(n) {
				return r.drain(each)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.begin(n); err != nil {
				return err
			}
			r.runs = r.runs[1:]
		}
		if len(r.cursors.list) == 0 {
			return nil
		}
		if !r.step(each) {
			return nil
		}
	}
}

// drain gives what is open and before the position where the reading ends.
func (r *reading) drain(each func(string, Event) bool) error {
	for len(r.cursors.list) > 0 {
		c := r.progress.Next.compare(r.cursors.list[0].at())
		if r.Reverse && c >= 0 || !r.Reverse && c <= 0 {
			return nil
		}
		if !r.step(each) {
			return nil
		}
	}
	return nil
}

// step gives the nearest event.
func (r *reading) step(each func(string, Event) bool) bool {
	c := r.cursors.list[0]
	e := c.at()
	if c.advance(); len(c.events) == 0 {
		heap.Pop(&r.cursors)
	} else {
		heap.Fix(&r.cursors, 0)
	}
	if c.unseen {
		r.progress.Events++
		r.progress.Bytes += e.Size()
		if r.Match != nil && !r.Match(e.Message) {
			return true
		}
	}
	return each(c.stream, e)
}

// begin opens a run.
func (r *reading) begin(n run) error {
	c := &cursor{stream: n.stream, reverse: r.Reverse}
	if n.events != nil {
		n.events = inOrder(n.events, n.mixed)
		lo := sort.Search(len(n.events), func(i int) bool { return r.low.compare(n.events[i]) < 0 })
		hi := sort.Search(len(n.events), func(i int) bool { return r.high.compare(n.events[i]) <= 0 })
		if lo >= hi {
			return nil
		}
		c.events, c.unseen = n.events[lo:hi], true
		heap.Push(&r.cursors, c)
		return nil
	}
	file, err := r.fileOf(n.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it expired or was deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("cannot read log events: %w", err)
	}
	b := make([]byte, n.length)
	if _, err := file.ReadAt(b, n.offset); err != nil {
		return fmt.Errorf("cannot read log events: %w", err)
	}
	events, seen, err := r.readFrame(b, func(e *Event) bool {
		return r.low.compare(*e) < 0 && r.high.compare(*e) > 0 && (r.Match == nil || r.Match(e.Message))
	})
	if err != nil {
		return fmt.Errorf("cannot read log events: %w", err)
	}
	r.progress.Events += seen.Events
	r.progress.Bytes += seen.Bytes
	if c.events = events; len(events) > 0 {
		heap.Push(&r.cursors, c)
	}
	return nil
}

func (r *reading) fileOf(name fileName) (*os.File, error) {
	if file := r.open[name]; file != nil {
		return file, nil
	}
	if len(r.open) == maxOpen {
		r.close()
		clear(r.open)
	}
	file, err := os.Open(r.file(r.Group.Group, name))
	if err == nil {
		r.open[name] = file
	}
	return file, err
}
