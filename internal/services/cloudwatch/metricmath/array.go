package metricmath

import (
	"cmp"
	"math"
	"slices"
)

func sliceType(name string, args []Type) (Type, error) {
	if _, err := same(name, args); err != nil {
		return 0, err
	}
	for _, t := range args[1:] {
		if t != Scalar {
			return 0, unfit(name, t)
		}
	}
	if len(args) == 2 {
		return Single, nil
	}
	return Array, nil
}

// slice takes one series out of an array, or those from one to before another.
func slice(_ *Environment, args []Value) (Value, error) {
	list := args[0].Series
	index := func(v Value) int { return int(max(min(v.Number, math.MaxInt32), 0)) }
	from := index(args[1])
	if len(args) == 2 {
		if from >= len(list) {
			return single(&Series{}), nil
		}
		return single(list[from]), nil
	}
	to := min(index(args[2]), len(list))
	if from >= to {
		return array(nil), nil
	}
	return array(list[from:to]), nil
}

func sortType(name string, args []Type) (Type, error) {
	if _, err := same(name, args); err != nil {
		return 0, err
	}
	for i, t := range args[1:] {
		if (t == Word) != (i < 2) || i == 2 && t != Scalar {
			return 0, unfit(name, t)
		}
	}
	return Array, nil
}

// sorted orders an array by a statistic of each series, and takes the first n of it.
func sorted(_ *Environment, args []Value) (Value, error) {
	f, ok := map[string]func([]float64) float64{"AVG": mean, "MIN": least, "MAX": greatest, "SUM": sum}[args[1].word]
	if !ok || args[2].word != "ASC" && args[2].word != "DESC" {
		return args[0], wrong("SORT takes AVG, MIN, MAX or SUM, and then ASC or DESC")
	}
	list := slices.Clone(args[0].Series)
	by := make(map[*Series]float64, len(list))
	for _, s := range list {
		by[s] = total(s, f)
	}
	slices.SortStableFunc(list, func(a, b *Series) int {
		if args[2].word == "DESC" {
			a, b = b, a
		}
		return cmp.Compare(by[a], by[b])
	})
	if len(args) == 4 {
		if args[3].Number < 1 {
			return args[0], wrong("SORT takes at least one time series")
		}
		list = list[:int(min(args[3].Number, float64(len(list))))]
	}
	return array(list), nil
}

func fillType(name string, args []Type) (Type, error) {
	if args[1] == Array {
		return 0, unfit(name, args[1])
	}
	return same(name, args)
}

// fill gives a value to the times of which there is none.
func fill(e *Environment, args []Value) (Value, error) {
	with := args[1]
	if with.Type == Word && with.word != "REPEAT" && with.word != "LINEAR" {
		return with, wrong("FILL takes a number, a time series, REPEAT or LINEAR")
	}
	return args[0].each(func(s *Series) (*Series, error) {
		times, err := e.grid(s.Period)
		if err != nil {
			return nil, err
		}
		other := map[int64]float64{}
		if with.Type == Single {
			if err := e.spend(len(with.Series[0].Points)); err != nil {
				return nil, err
			}
			for _, p := range with.Series[0].Points {
				other[p.At] = p.Value
			}
		}
		out := make([]Point, 0, len(times))
		i := 0
		for _, at := range times {
			for i < len(s.Points) && s.Points[i].At < at {
				i++
			}
			if i < len(s.Points) && s.Points[i].At == at {
				out = append(out, s.Points[i])
				continue
			}
			switch {
			case with.Type == Scalar:
				out = append(out, Point{at, with.Number})
			case with.Type == Single:
				if v, ok := other[at]; ok {
					out = append(out, Point{at, v})
				}
			case i == 0: // nothing before
			case with.word == "REPEAT":
				out = append(out, Point{at, s.Points[i-1].Value})
			case i < len(s.Points):
				a, b := s.Points[i-1], s.Points[i]
				out = append(out, Point{at, a.Value + (b.Value-a.Value)*float64(at-a.At)/float64(b.At-a.At)})
			}
		}
		return s.like(out), nil
	})
}

func ifType(name string, args []Type) (Type, error) {
	out := args[0]
	for _, t := range args {
		if t != Scalar && t != Single {
			return 0, unfit(name, t)
		}
		out = max(out, t)
	}
	if len(args) == 2 && out == Scalar {
		return 0, wrong("IF without a value for false needs a time series")
	}
	return out, nil
}

// choose takes the one or the other, at each time. Without a value for false there is none then.
func choose(e *Environment, args []Value) (Value, error) {
	condition := args[0]
	if condition.Type == Scalar {
		switch {
		case condition.Number == 0 && len(args) == 2:
			return single(args[1].Series[0].like(nil)), nil
		case condition.Number == 0:
			return e.like(args[2], args)
		}
		return e.like(args[1], args)
	}
	value := func(v Value) func(at int64) (float64, bool) {
		if v.Type == Scalar {
			return func(int64) (float64, bool) { return v.Number, true }
		}
		points, i := v.Series[0].Points, 0
		return func(at int64) (float64, bool) {
			for i < len(points) && points[i].At < at {
				i++
			}
			if i < len(points) && points[i].At == at {
				return points[i].Value, true
			}
			return 0, false
		}
	}
	yes, no := value(args[1]), func(int64) (float64, bool) { return 0, false }
	if len(args) == 3 {
		no = value(args[2])
	}
	s := condition.Series[0]
	if err := e.spend(len(s.Points)); err != nil {
		return condition, err
	}
	var out []Point
	for _, p := range s.Points {
		take := yes
		if p.Value == 0 {
			take = no
		}
		if v, ok := take(p.At); ok {
			out = append(out, Point{p.At, v})
		}
	}
	return single(s.like(out)), nil
}

// like makes a series of a number when any of the others is one.
func (e *Environment) like(v Value, others []Value) (Value, error) {
	for _, o := range others {
		if o.Type == Single && v.Type == Scalar {
			return timeSeries(e, []Value{v})
		}
	}
	return v, nil
}

func searchType(name string, args []Type) (Type, error) {
	if args[0] != Word || args[1] != Word || len(args) == 3 && args[2] != Scalar {
		return 0, wrong("SEARCH takes a search, a statistic and a period")
	}
	return Array, nil
}

func search(e *Environment, args []Value) (Value, error) {
	if e.Search == nil {
		return Value{}, wrong("SEARCH is not supported here")
	}
	seconds := int64(0)
	if len(args) == 3 {
		if seconds = int64(args[2].Number); float64(seconds) != args[2].Number || seconds <= 0 || seconds > 86400*30 {
			return Value{}, wrong("The period of SEARCH is not valid")
		}
	}
	list, err := e.Search(args[0].word, args[1].word, seconds)
	return array(list), err
}
