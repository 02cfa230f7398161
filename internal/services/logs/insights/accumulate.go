package insights

import (
	"math"
	"slices"
)

// counted counts rows, or those in which a field has a value.
type counted struct{ n float64 }

func (c *counted) add(_ *row, args []value) {
	if len(args) == 0 || args[0] != nil {
		c.n++
	}
}

func (c *counted) result() value { return c.n }

type distinct struct{ seen map[string]bool }

func (d *distinct) add(_ *row, args []value) {
	if args[0] != nil {
		d.seen[show(args[0])] = true
	}
}

func (d *distinct) result() value { return float64(len(d.seen)) }

// moments holds sum and squares about the mean, added up as Welford does.
type moments struct {
	n, sum, mean, squares float64
	want                  func(m *moments) float64
}

func (m *moments) add(_ *row, args []value) {
	x, ok := num(args[0])
	if !ok {
		return
	}
	m.n++
	m.sum += x
	d := x - m.mean
	m.mean += d / m.n
	m.squares += d * (x - m.mean)
}

func (m *moments) result() value {
	if m.n == 0 {
		return nil
	}
	if f := m.want(m); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f
	}
	return nil
}

type best struct {
	sign    int
	numbers bool
	v       value
}

func (b *best) add(_ *row, args []value) {
	v := args[0]
	if v == nil {
		return
	}
	if s, ok := v.(string); ok && b.numbers {
		f, ok := num(s)
		if !ok {
			return
		}
		v = f
	}
	if b.v == nil || compare(v, b.v)*b.sign > 0 {
		b.v = v
	}
}

func (b *best) result() value { return b.v }

// timed keeps the value of the first or last record by time.
type timed struct {
	sign int
	at   int64
	v    value
}

func (t *timed) add(r *row, args []value) {
	if args[0] == nil || r.record == nil {
		return
	}
	if t.v == nil || (r.record.Time-t.at)*int64(t.sign) > 0 {
		t.at, t.v = r.record.Time, args[0]
	}
}

func (t *timed) result() value { return t.v }

// percentile holds all values.
type percentile struct {
	at     float64
	values []float64
}

func (p *percentile) add(_ *row, args []value) {
	if len(args) == 2 {
		p.at, _ = num(args[1])
	}
	if f, ok := num(args[0]); ok {
		p.values = append(p.values, f)
	}
}

func (p *percentile) result() value {
	if len(p.values) == 0 {
		return nil
	}
	slices.Sort(p.values)
	at := min(max(p.at, 0), 100) / 100 * float64(len(p.values)-1)
	low := int(at)
	high := min(low+1, len(p.values)-1)
	return p.values[low] + (p.values[high]-p.values[low])*(at-float64(low))
}
