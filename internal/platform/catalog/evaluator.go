package catalog

import (
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
)

// unasked marks a value that a leaf was not tested with yet.
const unasked expression.Result = 255

// maxMemo bounds the results that one question remembers.
const maxMemo = 4 << 20

// evaluator runs a filter over a snapshot. Each different value of a key is tested once.
type evaluator struct {
	s    *snapshot
	p    *expression.Program
	memo [][]expression.Result // by leaf and code; nil: not worth it
	row  int
	bad  int
}

func newEvaluator(s *snapshot, q Question) *evaluator {
	e := &evaluator{s: s, p: q.Filter}
	if e.p == nil {
		return e
	}
	e.memo = make([][]expression.Result, e.p.Leaves())
	for i, left := 0, maxMemo; i < len(e.memo); i++ {
		if c := e.p.Column(i); c < len(s.columns) && len(s.columns[c].words) <= left {
			left -= len(s.columns[c].words)
			e.memo[i] = slices.Repeat([]expression.Result{unasked}, len(s.columns[c].words))
		}
	}
	return e
}

// Leaf tests the row at hand.
func (e *evaluator) Leaf(i int) expression.Result {
	c := e.p.Column(i)
	if c >= len(e.s.columns) || e.s.columns[c].codes[e.row] == absent {
		return expression.Unknown
	}
	r := e.test(i, e.s.columns[c].codes[e.row])
	if r == expression.Bad {
		e.bad = i
	}
	return r
}

func (e *evaluator) test(leaf int, code uint32) expression.Result {
	memo := e.memo[leaf]
	if memo == nil {
		return e.p.Test(leaf, e.s.columns[e.p.Column(leaf)].words[code])
	}
	if memo[code] == unasked {
		memo[code] = e.p.Test(leaf, e.s.columns[e.p.Column(leaf)].words[code])
	}
	return memo[code]
}

// keeps tells whether the filter keeps a row. Errors are *expression.ValueError.
func (e *evaluator) keeps(row int) (bool, error) {
	if e.p == nil {
		return true, nil
	}
	e.row = row
	r := e.p.Decide(e)
	if r == expression.Bad {
		c := e.s.columns[e.p.Column(e.bad)]
		return false, e.p.Complain(e.bad, c.words[c.codes[row]])
	}
	return r == expression.True, nil
}

// narrow finds the rows that can be kept at all through a condition on a key that an index begins with; ok is false when
// there is none that leaves few.
func (e *evaluator) narrow(indexed []int) (rows []uint32, ok bool) {
	if e.p == nil || len(indexed) == 0 {
		return nil, false
	}
	best := e.s.len() / 4
	var codes []uint32
	var of *groups
	for _, leaf := range e.p.Required() {
		c := e.p.Column(leaf)
		if !slices.Contains(indexed, c) || c >= len(e.s.columns) {
			continue
		}
		g := e.s.grouped(c)
		n, fit := 0, []uint32(nil)
		for code := range e.s.columns[c].words {
			// A value that isn't of its type is looked at, so that it is complained of as ever.
			if r := e.test(leaf, uint32(code)); r == expression.True || r == expression.Bad {
				fit = append(fit, uint32(code))
				n += int(g.starts[code+1] - g.starts[code])
			}
		}
		if n <= best {
			best, codes, of = n, fit, g
		}
	}
	if of == nil {
		return nil, false
	}
	rows = make([]uint32, 0, best)
	for _, code := range codes {
		rows = append(rows, of.rows[of.starts[code]:of.starts[code+1]]...)
	}
	slices.Sort(rows)
	return rows, true
}
