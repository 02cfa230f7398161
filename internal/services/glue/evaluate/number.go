package evaluate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// constants gives the numbers of a condition. metric is what dynamic rules look up.
func (p *plan) constants(c *dqdl.Condition, metric string) ([]float64, error) {
	out := make([]float64, len(c.Values))
	for i, v := range c.Values {
		if v.Kind != dqdl.Numbers {
			return nil, fmt.Errorf("%s is not a number", v)
		}
		n, err := p.compute(v.Number, metric)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// compute gives an expression's value.
func (p *plan) compute(n dqdl.Number, metric string) (float64, error) {
	switch {
	case n.Func == "":
		return n.Value, nil
	case strings.Contains("+-*/", n.Func):
		a, err := p.compute(n.Args[0], metric)
		if err != nil {
			return 0, err
		}
		b, err := p.compute(n.Args[1], metric)
		switch n.Func {
		case "+":
			return a + b, err
		case "-":
			return a - b, err
		case "*":
			return a * b, err
		}
		if b == 0 && err == nil {
			err = errors.New("division by zero")
		}
		return a / b, err
	case n.Func == "last":
		list, err := p.last(n, metric)
		if err == nil && len(n.Args) > 0 && n.Args[0].Value != 1 {
			err = fmt.Errorf("%s is a list and not a number", n)
		}
		if err != nil {
			return 0, err
		}
		return list[0], nil
	}
	list, err := p.last(n.Args[0], metric)
	if err != nil {
		return 0, err
	}
	second := 0.0
	if len(n.Args) > 1 {
		if second, err = p.compute(n.Args[1], metric); err != nil {
			return 0, err
		}
	}
	return reduce(n.Func, list, second)
}

// last gives what was measured before.
func (p *plan) last(n dqdl.Number, metric string) ([]float64, error) {
	want := 1
	if len(n.Args) > 0 {
		want = int(n.Args[0].Value)
	}
	if p.in.History == nil {
		return nil, errors.New("there are no earlier results")
	}
	list, err := p.in.History(metric, want)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("there are no earlier results of %s", metric)
	}
	return list, err
}

// reduce makes a number of a list.
func reduce(f string, list []float64, second float64) (float64, error) {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	mean := sum / float64(len(list))
	sorted := slices.Sorted(slices.Values(list))
	switch f {
	case "avg":
		return mean, nil
	case "sum":
		return sum, nil
	case "min":
		return sorted[0], nil
	case "max":
		return sorted[len(sorted)-1], nil
	case "std":
		square := 0.0
		for _, v := range list {
			square += (v - mean) * (v - mean)
		}
		return math.Sqrt(square / float64(len(list))), nil
	case "median":
		return percentile(sorted, 50), nil
	case "percentile":
		if second < 0 || second > 100 {
			return 0, fmt.Errorf("a percentile is between 0 and 100")
		}
		return percentile(sorted, second), nil
	case "index":
		if i := int(second); i >= 0 && i < len(list) {
			return list[i], nil
		}
		return 0, fmt.Errorf("there are only %d earlier results", len(list))
	}
	return 0, fmt.Errorf("no function is named %s", f)
}

func percentile(sorted []float64, p float64) float64 {
	at := p / 100 * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// holds tells whether a number meets a condition.
func holds(v float64, c dqdl.Comparison, list []float64) bool {
	switch c {
	case dqdl.Equal:
		return v == list[0]
	case dqdl.Unequal:
		return v != list[0]
	case dqdl.Greater:
		return v > list[0]
	case dqdl.GreaterEqual:
		return v >= list[0]
	case dqdl.Less:
		return v < list[0]
	case dqdl.LessEqual:
		return v <= list[0]
	case dqdl.Between: // bounds don't belong to it
		return v > list[0] && v < list[1]
	case dqdl.NotBetween:
		return v <= list[0] || v >= list[1]
	case dqdl.In:
		return slices.Contains(list, v)
	case dqdl.NotIn:
		return !slices.Contains(list, v)
	}
	return false
}

// decimal writes a number as the service's messages do.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") && !math.IsInf(v, 0) && !math.IsNaN(v) {
		s += ".0"
	}
	return s
}

func unmet(v float64) string {
	return "Value: " + decimal(v) + " does not meet the constraint requirement!"
}
