package insights

import (
	"slices"
	"strings"
)

// stage takes rows one by one. push is false when no more are needed; flush says that the last has come.
type stage interface {
	push(r *row) bool
	flush()
}

// most is how many rows a sort, groups a stats, or values a dedup holds.
const most = 1_000_000

type fieldsCommand struct {
	list    []named
	display bool
}

func (c *fieldsCommand) stage(next stage, _ *Run) stage { return &fieldsStage{c, next} }

type fieldsStage struct {
	*fieldsCommand
	next stage
}

func (s *fieldsStage) push(r *row) bool {
	shown := r.shown
	if s.display {
		shown = nil
	}
	shown = slices.Clip(shown)
	for _, n := range s.list {
		if f, ok := n.node.(field); !ok || f.name != n.name {
			r.set(n.name, n.eval(r))
		}
		if !slices.Contains(shown, n.name) {
			shown = append(shown, n.name)
		}
	}
	r.shown = shown
	return s.next.push(r)
}

func (s *fieldsStage) flush() { s.next.flush() }

type filterCommand struct{ condition node }

func (c *filterCommand) stage(next stage, _ *Run) stage { return &filterStage{c.condition, next} }

type filterStage struct {
	condition node
	next      stage
}

func (s *filterStage) push(r *row) bool {
	if !truth(s.condition.eval(r)) {
		return true
	}
	return s.next.push(r)
}

func (s *filterStage) flush() { s.next.flush() }

type parseCommand struct {
	from  field
	match func(s string) []string // the parts; nil when there are none
	names []string
}

func (c *parseCommand) stage(next stage, _ *Run) stage { return &parseStage{c, next} }

type parseStage struct {
	*parseCommand
	next stage
}

func (s *parseStage) push(r *row) bool {
	if v := s.from.eval(r); v != nil {
		if m := s.match(show(v)); m != nil {
			for i, n := range s.names {
				if n != "" {
					r.set(n, m[i])
				}
			}
		}
	}
	return s.next.push(r)
}

func (s *parseStage) flush() { s.next.flush() }

type limitCommand struct{ n int }

func (c *limitCommand) stage(next stage, _ *Run) stage { return &limitStage{c.n, next} }

type limitStage struct {
	left int
	next stage
}

func (s *limitStage) push(r *row) bool {
	if s.left <= 0 {
		return false
	}
	s.left--
	return s.next.push(r) && s.left > 0
}

func (s *limitStage) flush() { s.next.flush() }

type dedupCommand struct{ list []named }

func (c *dedupCommand) stage(next stage, r *Run) stage {
	return &dedupStage{c, next, r, map[string]bool{}}
}

// dedupStage lets the first row with each combination of values through. Rows without a value are not duplicates.
type dedupStage struct {
	*dedupCommand
	next stage
	run  *Run
	seen map[string]bool
}

func (s *dedupStage) push(r *row) bool {
	var key strings.Builder
	for _, n := range s.list {
		v := n.eval(r)
		if v == nil {
			return s.next.push(r)
		}
		key.WriteString(show(v))
		key.WriteByte(0)
	}
	if s.seen[key.String()] {
		return true
	}
	if len(s.seen) == most {
		s.run.failed = ErrTooMany
		return false
	}
	s.seen[key.String()] = true
	return s.next.push(r)
}

func (s *dedupStage) flush() { s.next.flush() }

type sortKey struct {
	node
	descending bool
}

type sortCommand struct{ keys []sortKey }

func (c *sortCommand) stage(next stage, r *Run) stage {
	s := &sortStage{keys: c.keys, next: next, run: r}
	switch n := next.(type) { // of many rows only those that are shown are kept
	case *limitStage:
		s.keep = n.left
	case *sink:
		s.keep = n.limit
	}
	return s
}

type sortStage struct {
	keys []sortKey
	next stage
	run  *Run
	keep int // 0: all
	rows []sorting
}

type sorting struct {
	row  *row
	keys []value
}

func (s *sortStage) push(r *row) bool {
	x := sorting{r, make([]value, len(s.keys))}
	for i, k := range s.keys {
		x.keys[i] = k.eval(r)
	}
	s.rows = append(s.rows, x)
	if s.keep > 0 && len(s.rows) >= 2*s.keep+1000 {
		s.sort()
		clear(s.rows[s.keep:])
		s.rows = s.rows[:s.keep]
	}
	if len(s.rows) >= most {
		s.run.failed = ErrTooMany
		return false
	}
	return true
}

func (s *sortStage) sort() {
	slices.SortStableFunc(s.rows, func(a, b sorting) int {
		for i, k := range s.keys {
			if c := compare(a.keys[i], b.keys[i]); c != 0 {
				if k.descending {
					return -c
				}
				return c
			}
		}
		return 0
	})
}

func (s *sortStage) flush() {
	s.sort()
	for _, x := range s.rows {
		if !s.next.push(x.row) {
			break
		}
	}
	s.next.flush()
}

// sink writes rows down.
type sink struct {
	limit int
	rows  [][]Field
}

func (s *sink) push(r *row) bool {
	if len(s.rows) >= s.limit {
		return false
	}
	shown := r.shown
	if shown == nil {
		shown = r.order
	}
	if shown == nil && r.record != nil {
		shown = []string{"@timestamp", "@message"}
	}
	out := make([]Field, 0, len(shown)+1)
	for _, name := range shown {
		if v := r.get(name); v != nil {
			out = append(out, Field{name, show(v)})
		}
	}
	if r.record != nil && !slices.Contains(shown, "@ptr") {
		out = append(out, Field{"@ptr", r.record.Pointer()})
	}
	s.rows = append(s.rows, out)
	return len(s.rows) < s.limit
}

func (s *sink) flush() {}
