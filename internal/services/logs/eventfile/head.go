package eventfile

import (
	"cmp"
	"slices"
)

// head is what a journal holds of a stream. Events are only added, so that a slice of them stays good.
type head struct {
	place   Place
	events  []Event
	mixed   bool // not in order of time
	summary Summary
}

func (g *generation) add(p Place, events []Event) {
	streams := g.heads[p.Group]
	if streams == nil {
		streams = map[string]*head{}
		g.heads[p.Group] = streams
	}
	h := streams[p.Stream]
	if h == nil {
		h = &head{place: p}
		streams[p.Stream] = h
	}
	for _, e := range events {
		if n := len(h.events); n > 0 && compare(h.events[n-1], e) > 0 {
			h.mixed = true
		}
		h.events = append(h.events, e)
		h.summary.Add(Summary{e.Time, e.Time, e.Ingested, 1, e.Size()})
	}
}

// inOrder sorts a copy of events that are mixed.
func inOrder(events []Event, mixed bool) []Event {
	if mixed {
		events = slices.Clone(events)
		slices.SortFunc(events, compare)
	}
	return events
}

func compare(a, b Event) int {
	if c := cmp.Compare(a.Time, b.Time); c != 0 {
		return c
	}
	return cmp.Compare(a.Seq, b.Seq)
}

// generations are those whose events lie in memory. f.mu is held.
func (f *Files) generations() []*generation {
	if f.current == nil {
		return f.waiting
	}
	return append(slices.Clip(f.waiting), f.current)
}
