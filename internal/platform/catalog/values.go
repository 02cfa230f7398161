package catalog

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/governance"
)

// snapshot is the values of all partitions of a table at one moment, in order of their ids. It never changes, but for
// what is added behind its ends by later ones, and by groups.
type snapshot struct {
	ids     []byte   // of all partitions, one behind another
	ends    []uint32 // where each ends
	columns []column

	mu     sync.Mutex
	groups map[int]*groups
}

// column holds the values of one key: each different value once, and for each partition which it has.
type column struct {
	words []string
	codes []uint32
}

// absent is the code of a value that a partition doesn't have: the table had fewer keys when it was made.
const absent = ^uint32(0)

func (s *snapshot) len() int { return len(s.ends) }

func (s *snapshot) id(i int) []byte {
	if i == 0 {
		return s.ids[:s.ends[0]]
	}
	return s.ids[s.ends[i-1]:s.ends[i]]
}

// size is about how many bytes it takes, with its groups.
func (s *snapshot) size() int {
	n := len(s.ids) + 4*len(s.ends)
	for _, c := range s.columns {
		n += 8 * len(c.codes)
		for _, w := range c.words {
			n += len(w) + 40 // with its place in the dictionary
		}
	}
	return n
}

// builder makes a snapshot out of ids that come in order.
type builder struct {
	s     *snapshot
	codes []map[string]uint32 // of each column's words
}

func newBuilder(columns, rows, bytes int) *builder {
	b := &builder{s: &snapshot{ids: make([]byte, 0, bytes), ends: make([]uint32, 0, rows), columns: make([]column, columns), groups: map[int]*groups{}},
		codes: make([]map[string]uint32, columns)}
	for i := range b.codes {
		b.codes[i] = map[string]uint32{}
		b.s.columns[i].codes = make([]uint32, 0, rows)
	}
	return b
}

func (b *builder) add(id []byte) {
	b.s.ids = append(b.s.ids, id...)
	b.s.ends = append(b.s.ends, uint32(len(b.s.ids)))
	rest, more := id, true
	for i := range b.codes {
		var part []byte
		code := absent
		if more {
			part, rest, more = bytes.Cut(rest, []byte(governance.Separator))
			code = b.code(i, part)
		}
		b.s.columns[i].codes = append(b.s.columns[i].codes, code)
	}
}

func (b *builder) code(i int, part []byte) uint32 {
	if code, ok := b.codes[i][string(part)]; ok {
		return code
	}
	code, kept := uint32(len(b.s.columns[i].words)), string(part)
	b.codes[i][kept] = code
	if strings.IndexByte(kept, '\x1e') >= 0 {
		kept = unescape.Replace(kept)
	}
	b.s.columns[i].words = append(b.s.columns[i].words, kept)
	return code
}

// copy takes a row over whose words the builder has under the same codes.
func (b *builder) copy(from *snapshot, i int) {
	b.s.ids = append(b.s.ids, from.id(i)...)
	b.s.ends = append(b.s.ends, uint32(len(b.s.ids)))
	for c := range b.s.columns {
		b.s.columns[c].codes = append(b.s.columns[c].codes, from.columns[c].codes[i])
	}
}

// apply makes the snapshot that follows old after changes: ids that are there or gone. codes are those of old's words and
// grow; the ones to go on with are returned.
func apply(old *snapshot, codes []map[string]uint32, changes map[string]bool) (*snapshot, []map[string]uint32) {
	b := newBuilder(len(old.columns), old.len()+len(changes), len(old.ids)+32*len(changes))
	anew := false // words that no partition has any more are forgotten when they are many
	for _, c := range old.columns {
		anew = anew || len(c.words) > 2*old.len()+1000
	}
	if !anew {
		b.codes = codes
		for i := range old.columns {
			b.s.columns[i].words = old.columns[i].words
		}
	}
	keep := func(i int) {
		if anew {
			b.add(old.id(i))
		} else {
			b.copy(old, i)
		}
	}
	sorted := make([]string, 0, len(changes))
	for id := range changes {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted)
	at := 0
	for _, id := range sorted {
		for at < old.len() && string(old.id(at)) < id {
			keep(at)
			at++
		}
		if at < old.len() && string(old.id(at)) == id {
			at++
		}
		if changes[id] {
			b.add([]byte(id))
		}
	}
	for ; at < old.len(); at++ {
		keep(at)
	}
	return b.s, b.codes
}

// groups are the rows of a snapshot by their value of one key.
type groups struct {
	starts []uint32 // of each code's rows
	rows   []uint32
}

func (s *snapshot) grouped(c int) *groups {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.groups[c]; g != nil {
		return g
	}
	col := s.columns[c]
	g := &groups{starts: make([]uint32, len(col.words)+1), rows: make([]uint32, s.len())}
	for _, code := range col.codes {
		if code != absent {
			g.starts[code+1]++
		}
	}
	for i := range col.words {
		g.starts[i+1] += g.starts[i]
	}
	next := slices.Clone(g.starts)
	for row, code := range col.codes {
		if code != absent {
			g.rows[next[code]] = uint32(row)
			next[code]++
		}
	}
	s.groups[c] = g
	return g
}

// Question asks for partitions of a table.
type Question struct {
	Filter   *expression.Program // nil: all
	Segment  int                 // of Segments, which part the table without overlap
	Segments int                 // 0: the table is not parted
	Indexed  []int               // keys that an index begins with
	After    string              // id of the last partition that was had
	Limit    int
}

// ask finds the ids of at most q.Limit partitions, and whether there are more.
func (s *snapshot) ask(q Question) (out []string, more bool, err error) {
	e := newEvaluator(s, q)
	from := 0
	if q.After != "" {
		from = sort.Search(s.len(), func(i int) bool { return string(s.id(i)) > q.After })
	}
	visit := func(row int) bool {
		if !q.has(s.id(row)) {
			return true
		}
		ok, failed := e.keeps(row)
		if failed != nil {
			err = failed
			return false
		}
		if ok && len(out) == q.Limit {
			more = true
			return false
		}
		if ok {
			out = append(out, string(s.id(row)))
		}
		return true
	}
	if rows, ok := e.narrow(q.Indexed); ok {
		for _, row := range rows {
			if int(row) >= from && !visit(int(row)) {
				break
			}
		}
		return out, more, err
	}
	for row := from; row < s.len() && visit(row); row++ {
	}
	return out, more, err
}

func (q Question) has(id []byte) bool {
	if q.Segments == 0 {
		return true
	}
	h := uint32(2166136261) // FNV-1a
	for _, c := range id {
		h = (h ^ uint32(c)) * 16777619
	}
	return h%uint32(q.Segments) == uint32(q.Segment)
}
