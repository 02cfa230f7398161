package metricmath

import (
	"math"
	"time"
)

// Point is a value at a time, in seconds since 1970.
type Point struct {
	At    int64
	Value float64
}

// Series is a time series, in order of time.
type Series struct {
	ID     string // of the metric's query
	Label  string
	Period int64 // seconds
	Points []Point
	Source any // what the caller knows of it; kept by what makes one series of one
}

// Type is what an expression gives.
type Type int

// The types.
const (
	Scalar Type = iota
	Single      // a time series
	Array       // of time series
	Word        // a string or a choice, as an argument alone
)

func (t Type) String() string {
	return [...]string{"scalar", "time series", "array of time series", "string"}[t]
}

// Value is what an expression gave.
type Value struct {
	Type   Type
	Number float64
	Series []*Series
	word   string
}

// Environment is where an expression is computed.
type Environment struct {
	Start, End int64 // seconds since 1970
	Period     int64 // of series that are made of scalars
	// Lookup gives what an id stands for.
	Lookup func(id string) (Value, error)
	// Metrics gives the metrics, not the expressions, whose id contains a text.
	Metrics func(contains string) []*Series
	// Search gives the series that a search expression finds; nil: SEARCH is refused. period is 0 when it isn't said.
	Search func(query, statistic string, period int64) ([]*Series, error)
	// Points is how many points may still be made.
	Points int
}

// spend takes from the points that may be made.
func (e *Environment) spend(n int) error {
	if e.Points -= n; e.Points < 0 {
		return wrong("The expression computes too many data points")
	}
	return nil
}

// grid gives the times of a period.
func (e *Environment) grid(period int64) ([]int64, error) {
	if period <= 0 {
		period = 60
	}
	n := (e.End - e.Start + period - 1) / period
	if n < 0 {
		n = 0
	}
	if n > math.MaxInt32 {
		n = math.MaxInt32
	}
	if err := e.spend(int(n)); err != nil {
		return nil, err
	}
	out := make([]int64, 0, n)
	for t := e.Start; t < e.End; t += period {
		out = append(out, t)
	}
	return out, nil
}

func scalar(v float64) Value             { return Value{Type: Scalar, Number: v} }
func single(s *Series) Value             { return Value{Type: Single, Series: []*Series{s}} }
func array(list []*Series) Value         { return Value{Type: Array, Series: list} }
func finite(v float64) bool              { return !math.IsNaN(v) && !math.IsInf(v, 0) }
func (s *Series) like(p []Point) *Series { c := *s; c.Points = p; return &c }

// each makes one series of each.
func (v Value) each(f func(*Series) (*Series, error)) (Value, error) {
	out := make([]*Series, len(v.Series))
	for i, s := range v.Series {
		n, err := f(s)
		if err != nil {
			return v, err
		}
		out[i] = n
	}
	v.Series = out
	return v, nil
}

// mapped computes every point anew.
func (e *Environment) mapped(s *Series, f func(Point) float64) (*Series, error) {
	if err := e.spend(len(s.Points)); err != nil {
		return nil, err
	}
	out := make([]Point, 0, len(s.Points))
	for _, p := range s.Points {
		if v := f(p); finite(v) {
			out = append(out, Point{p.At, v})
		}
	}
	return s.like(out), nil
}

// joined computes the points that two series have in common.
func (e *Environment) joined(a, b *Series, f func(x, y float64) float64) (*Series, error) {
	if err := e.spend(min(len(a.Points), len(b.Points))); err != nil {
		return nil, err
	}
	out := make([]Point, 0, min(len(a.Points), len(b.Points)))
	for i, j := 0, 0; i < len(a.Points) && j < len(b.Points); {
		p, q := a.Points[i], b.Points[j]
		switch {
		case p.At < q.At:
			i++
		case p.At > q.At:
			j++
		default:
			if v := f(p.Value, q.Value); finite(v) {
				out = append(out, Point{p.At, v})
			}
			i, j = i+1, j+1
		}
	}
	n := a.like(out)
	n.Period = max(a.Period, b.Period)
	return n, nil
}

func stamp(at int64) time.Time { return time.Unix(at, 0).UTC() }
