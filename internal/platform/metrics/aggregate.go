package metrics

import (
	"encoding/json"
	"math"
	"slices"
)

const (
	// exact is how many different values an aggregate holds as they are, about; of more, those that are near each other become one, which
	// is within accuracy of all of them.
	exact    = 200
	accuracy = 0.01
	// widest is how many values it holds at most. Those of more orders of magnitude than any measure has are put together more coarsely.
	widest = 1500
)

// Aggregate is what is known of some values together.
type Aggregate struct {
	Sum, Count, Min, Max float64
	Values               []Value // in order; empty when Min is Max, or when Blind
	Blind                bool    // came as statistics: the values are not known
}

// Value is a value and how many times it came.
type Value struct{ Value, Count float64 }

// Statistics is an aggregate of which only these are known.
func Statistics(sum, count, low, high float64) Aggregate {
	return Aggregate{Sum: sum, Count: count, Min: low, Max: high, Blind: low != high}
}

// Known gives the values in order, and whether they are known.
func (a *Aggregate) Known() ([]Value, bool) {
	if a.Count == 0 || a.Blind {
		return nil, false
	}
	if len(a.Values) == 0 {
		return []Value{{a.Min, a.Count}}, true
	}
	return a.Values, true
}

// Add puts a value to it, n times.
func (a *Aggregate) Add(value, n float64) {
	if n > 0 {
		a.Merge(Aggregate{Sum: value * n, Count: n, Min: value, Max: value})
	}
}

// Merge puts another to it.
func (a *Aggregate) Merge(b Aggregate) {
	if b.Count == 0 {
		return
	}
	if a.Count == 0 {
		b.Values = slices.Clone(b.Values)
		*a = b
		return
	}
	switch {
	case a.Blind || b.Blind:
		a.Values, a.Blind = nil, true
	case a.Min == a.Max && b.Min == b.Max && a.Min == b.Min:
	default:
		a.mix(b)
	}
	a.Sum, a.Count = bounded(a.Sum+b.Sum), bounded(a.Count+b.Count)
	a.Min, a.Max = min(a.Min, b.Min), max(a.Max, b.Max)
}

// mix puts the values of b among those of a.
func (a *Aggregate) mix(b Aggregate) {
	before := len(a.Values)
	left, _ := a.Known()
	right, _ := b.Known()
	if len(right) == 1 && len(a.Values) > 0 { // the usual case: one more value
		i, found := slices.BinarySearchFunc(a.Values, right[0], func(x, y Value) int { return compare(x.Value, y.Value) })
		if found {
			a.Values[i].Count = bounded(a.Values[i].Count + right[0].Count)
		} else {
			a.Values = slices.Insert(a.Values, i, right[0])
		}
	} else {
		out := make([]Value, 0, len(left)+len(right))
		for len(left) > 0 && len(right) > 0 {
			switch c := compare(left[0].Value, right[0].Value); {
			case c < 0:
				out, left = append(out, left[0]), left[1:]
			case c > 0:
				out, right = append(out, right[0]), right[1:]
			default:
				out = append(out, Value{left[0].Value, bounded(left[0].Count + right[0].Count)})
				left, right = left[1:], right[1:]
			}
		}
		a.Values = append(append(out, left...), right...)
	}
	if n := len(a.Values); n > 2*exact && n/exact != before/exact {
		a.Values = thin(a.Values)
	}
}

// thin makes one of the values that lie in a bucket together. The buckets don't depend on the values, so that thinning again and
// again doesn't drift.
func thin(list []Value) []Value {
	out := list[:0]
	last := math.Inf(-1)
	for _, v := range list {
		at := bucket(v.Value)
		if len(out) > 0 && at == last {
			o := &out[len(out)-1]
			o.Value, o.Count = middle(at), bounded(o.Count+v.Count)
			continue
		}
		out, last = append(out, v), at
	}
	for len(out) > widest {
		half := out[:0]
		for i := 0; i < len(out); i += 2 {
			v := out[i]
			if i+1 < len(out) {
				v = Value{out[i+1].Value, bounded(v.Count + out[i+1].Count)}
			}
			half = append(half, v)
		}
		out = half
	}
	return out
}

// away keeps the numbers of the buckets of small values from meeting those of negative ones.
const away = 1 << 20

// bucket numbers the buckets, each as wide as the accuracy on both sides of its middle.
func bucket(v float64) float64 {
	if v == 0 {
		return 0
	}
	return math.Copysign(math.Floor(math.Log(math.Abs(v))/(2*math.Log1p(accuracy)))+away, v)
}

func middle(bucket float64) float64 {
	return math.Copysign(math.Exp((math.Abs(bucket)-away+0.5)*2*math.Log1p(accuracy)), bucket)
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// bounded keeps a sum within what can be written.
func bounded(v float64) float64 {
	return max(min(v, math.MaxFloat64), -math.MaxFloat64)
}

// written is an aggregate as it is stored: sum, count, min, max and then value and count by turns. Of one value only that.
func (a Aggregate) written() []float64 {
	if a.Min == a.Max && len(a.Values) == 0 && !a.Blind {
		return []float64{a.Min, a.Count}
	}
	out := make([]float64, 0, 4+2*len(a.Values))
	out = append(out, a.Sum, a.Count, a.Min, a.Max)
	for _, v := range a.Values {
		out = append(out, v.Value, v.Count)
	}
	return out
}

func (a *Aggregate) read(n []float64) {
	if len(n) == 2 {
		*a = Aggregate{Sum: bounded(n[0] * n[1]), Count: n[1], Min: n[0], Max: n[0]}
		return
	}
	if len(n) < 4 {
		return
	}
	*a = Aggregate{Sum: n[0], Count: n[1], Min: n[2], Max: n[3]}
	for i := 4; i+1 < len(n); i += 2 {
		a.Values = append(a.Values, Value{n[i], n[i+1]})
	}
	a.Blind = len(a.Values) == 0 && a.Min != a.Max
}

// MarshalJSON writes it short: there are very many.
func (a Aggregate) MarshalJSON() ([]byte, error) { return json.Marshal(a.written()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Aggregate) UnmarshalJSON(b []byte) error {
	var n []float64
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	a.read(n)
	return nil
}
