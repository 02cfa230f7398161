package metricmath

import (
	"cmp"
	"math"
	"slices"
)

func sum(list []float64) (out float64) {
	for _, v := range list {
		out += v
	}
	return out
}

func mean(list []float64) float64     { return sum(list) / float64(len(list)) }
func least(list []float64) float64    { return slices.Min(list) }
func greatest(list []float64) float64 { return slices.Max(list) }

func deviation(list []float64) float64 {
	m, out := mean(list), 0.0
	for _, v := range list {
		out += (v - m) * (v - m)
	}
	return math.Sqrt(out / float64(len(list)))
}

// statistic makes a number of a series, or a series of an array: of the points at each time.
func statistic(f func([]float64) float64) function {
	return function{1, 1, reduced, func(e *Environment, args []Value) (Value, error) {
		if args[0].Type == Single {
			return scalar(total(args[0].Series[0], f)), nil
		}
		out := &Series{Period: 0}
		n := 0
		for _, s := range args[0].Series {
			n += len(s.Points)
			out.Period = max(out.Period, s.Period)
		}
		if err := e.spend(n); err != nil {
			return args[0], err
		}
		all := make([]Point, 0, n)
		for _, s := range args[0].Series {
			all = append(all, s.Points...)
		}
		slices.SortStableFunc(all, func(a, b Point) int { return cmp.Compare(a.At, b.At) })
		var at []float64
		for i := range all {
			at = append(at, all[i].Value)
			if i+1 == len(all) || all[i+1].At != all[i].At {
				if v := f(at); finite(v) {
					out.Points = append(out.Points, Point{all[i].At, v})
				}
				at = at[:0]
			}
		}
		return single(out), nil
	}}
}

// total is a statistic of a whole series, 0 when it is empty.
func total(s *Series, f func([]float64) float64) float64 {
	if len(s.Points) == 0 {
		return 0
	}
	list := make([]float64, len(s.Points))
	for i, p := range s.Points {
		list[i] = p.Value
	}
	if v := f(list); finite(v) {
		return v
	}
	return 0
}

func period(_ *Environment, args []Value) (Value, error) {
	if len(args[0].Series) == 0 {
		return scalar(0), nil
	}
	return scalar(float64(args[0].Series[0].Period)), nil
}

func ofScalar(name string, args []Type) (Type, error) {
	if args[0] != Scalar {
		return 0, unfit(name, args[0])
	}
	return Single, nil
}

func timeSeries(e *Environment, args []Value) (Value, error) {
	times, err := e.grid(e.Period)
	if err != nil {
		return args[0], err
	}
	s := &Series{Period: e.Period}
	for _, at := range times {
		s.Points = append(s.Points, Point{at, args[0].Number})
	}
	return single(s), nil
}

func metricCount(_ *Environment, args []Value) (Value, error) {
	return scalar(float64(len(args[0].Series))), nil
}

func removeEmpty(_ *Environment, args []Value) (Value, error) {
	return array(slices.DeleteFunc(slices.Clone(args[0].Series), func(s *Series) bool { return len(s.Points) == 0 })), nil
}

func metricsType(name string, args []Type) (Type, error) {
	if len(args) > 0 && args[0] != Word {
		return 0, unfit(name, args[0])
	}
	return Array, nil
}

func metrics(e *Environment, args []Value) (Value, error) {
	part := ""
	if len(args) > 0 {
		part = args[0].word
	}
	return array(e.Metrics(part)), nil
}

func first(_ *Environment, args []Value) (Value, error) {
	if len(args[0].Series) == 0 {
		return single(&Series{}), nil
	}
	return single(args[0].Series[0]), nil
}

func last(_ *Environment, args []Value) (Value, error) {
	if n := len(args[0].Series); n > 0 {
		return single(args[0].Series[n-1]), nil
	}
	return single(&Series{}), nil
}
