package metricmath

import (
	"math"
	"strings"
)

// function is what can be called.
type function struct {
	least, most int
	// check tells the type of the result.
	check func(name string, args []Type) (Type, error)
	eval  func(e *Environment, args []Value) (Value, error)
}

// refused are functions of CloudWatch that Atelier has not.
var refused = "|ANOMALY_DETECTION_BAND|DB_PERF_INSIGHTS|INSIGHT_RULE_METRIC|LAMBDA|SERVICE_QUOTA|"

func find(n *node) (function, error) {
	f, ok := functions[n.text]
	if !ok {
		if strings.Contains(refused, "|"+n.text+"|") {
			return f, wrong("The function %s is not implemented by Atelier", n.text)
		}
		return f, wrong("Unknown function '%s'", n.text)
	}
	if len(n.args) < f.least || len(n.args) > f.most {
		return f, wrong("Wrong number of arguments for %s", n.text)
	}
	return f, nil
}

func (e *Environment) call(n *node) (Value, error) {
	f, err := find(n)
	if err != nil {
		return Value{}, err
	}
	args := make([]Value, len(n.args))
	types := make([]Type, len(n.args))
	for i, a := range n.args {
		if args[i], err = e.eval(a); err != nil {
			return Value{}, err
		}
		types[i] = args[i].Type
	}
	if _, err := f.check(n.text, types); err != nil {
		return Value{}, err
	}
	return f.eval(e, args)
}

func unfit(name string, t Type) error { return wrong("%s doesn't take a %s", name, t) }

// same gives the type of the first argument: a series of a series, an array of an array.
func same(name string, args []Type) (Type, error) {
	if args[0] != Single && args[0] != Array {
		return 0, unfit(name, args[0])
	}
	return args[0], nil
}

// sameOrScalar is same for functions of numbers too.
func sameOrScalar(name string, args []Type) (Type, error) {
	if args[0] == Scalar {
		return Scalar, nil
	}
	return same(name, args)
}

// reduced gives a scalar of a series and a series of an array.
func reduced(name string, args []Type) (Type, error) {
	t, err := same(name, args)
	return t - 1, err
}

// of gives one type of series, whichever.
func of(t Type) func(string, []Type) (Type, error) {
	return func(name string, args []Type) (Type, error) {
		_, err := same(name, args)
		return t, err
	}
}

// functions are all there are.
var functions = map[string]function{
	"ABS": numeric(math.Abs), "CEIL": numeric(math.Ceil), "FLOOR": numeric(math.Floor), "LOG": numeric(math.Log), "LOG10": numeric(math.Log10),
	"MINUTE": stamped(func(at int64) int { return stamp(at).Minute() }), "HOUR": stamped(func(at int64) int { return stamp(at).Hour() }),
	"DAY":   stamped(func(at int64) int { return (int(stamp(at).Weekday())+6)%7 + 1 }),
	"DATE":  stamped(func(at int64) int { return stamp(at).Day() }),
	"MONTH": stamped(func(at int64) int { return int(stamp(at).Month()) }),
	"YEAR":  stamped(func(at int64) int { return stamp(at).Year() }), "EPOCH": stamped(func(at int64) int { return int(at) }),
	"DIFF":      stepped(func(a, b Point) float64 { return b.Value - a.Value }),
	"DIFF_TIME": stepped(func(a, b Point) float64 { return float64(b.At - a.At) }),
	"RATE":      stepped(func(a, b Point) float64 { return (b.Value - a.Value) / float64(b.At-a.At) }),
	"AVG":       statistic(mean), "SUM": statistic(sum), "MIN": statistic(least), "MAX": statistic(greatest), "STDDEV": statistic(deviation),
	"DATAPOINT_COUNT": statistic(func(list []float64) float64 { return float64(len(list)) }),
	"RUNNING_SUM":     {1, 1, same, runningSum}, "PERIOD": {1, 1, of(Scalar), period}, "TIME_SERIES": {1, 1, ofScalar, timeSeries},
	"METRIC_COUNT": {1, 1, of(Scalar), metricCount}, "REMOVE_EMPTY": {1, 1, of(Array), removeEmpty}, "METRICS": {0, 1, metricsType, metrics},
	"FIRST": {1, 1, of(Single), first}, "LAST": {1, 1, of(Single), last}, "SLICE": {2, 3, sliceType, slice}, "SORT": {3, 4, sortType, sorted},
	"FILL": {2, 2, fillType, fill}, "IF": {2, 3, ifType, choose}, "SEARCH": {2, 3, searchType, search},
}

func numeric(f func(float64) float64) function {
	return function{1, 1, sameOrScalar, func(e *Environment, args []Value) (Value, error) {
		if args[0].Type == Scalar {
			v := f(args[0].Number)
			if !finite(v) {
				return args[0], wrong("The result is not a number")
			}
			return scalar(v), nil
		}
		return args[0].each(func(s *Series) (*Series, error) {
			return e.mapped(s, func(p Point) float64 { return f(p.Value) })
		})
	}}
}

// stamped are functions of the time of each point.
func stamped(f func(at int64) int) function {
	return function{1, 1, same, func(e *Environment, args []Value) (Value, error) {
		return args[0].each(func(s *Series) (*Series, error) {
			return e.mapped(s, func(p Point) float64 { return float64(f(p.At)) })
		})
	}}
}

// stepped are functions of each point and the one before.
func stepped(f func(before, now Point) float64) function {
	return function{1, 1, same, func(e *Environment, args []Value) (Value, error) {
		return args[0].each(func(s *Series) (*Series, error) {
			if err := e.spend(len(s.Points)); err != nil {
				return nil, err
			}
			var out []Point
			for i := 1; i < len(s.Points); i++ {
				if v := f(s.Points[i-1], s.Points[i]); finite(v) {
					out = append(out, Point{s.Points[i].At, v})
				}
			}
			return s.like(out), nil
		})
	}}
}

func runningSum(e *Environment, args []Value) (Value, error) {
	return args[0].each(func(s *Series) (*Series, error) {
		total := 0.0
		return e.mapped(s, func(p Point) float64 {
			total += p.Value
			return total
		})
	})
}
