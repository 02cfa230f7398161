package xgboost

import (
	"math"

	"gonum.org/v1/gonum/blas/gonum"
)

// outcome is what an objective makes of sums: margin turns base_score, which is of the scale of predictions, into where sums begin;
// transform turns sums into predictions in place, and gives those that count.
type outcome struct {
	margin    func([]float32)
	transform func([]float32) []float32
	vote      bool // predictions are classes
}

var (
	plain       = outcome{margin: func([]float32) {}, transform: func(s []float32) []float32 { return s }}
	logistic    = outcome{margin: each(logit), transform: all(sigmoid)}
	logarithmic = outcome{margin: each(func(f float32) float32 { return float32(math.Log(float64(f))) }), transform: all(exp)}
)

// outcomes are those of the objectives that are supported.
// https://xgboost.readthedocs.io/en/stable/parameter.html#learning-task-parameters
var outcomes = map[string]outcome{
	"reg:squarederror":     plain,
	"reg:linear":           plain,
	"reg:squaredlogerror":  plain,
	"reg:absoluteerror":    plain,
	"reg:pseudohubererror": plain,
	"reg:quantileerror":    plain,
	"rank:pairwise":        plain,
	"rank:ndcg":            plain,
	"rank:map":             plain,
	"reg:logistic":         logistic,
	"binary:logistic":      logistic,
	"binary:logitraw":      plain,
	"binary:hinge":         {margin: plain.margin, transform: all(step), vote: true},
	"count:poisson":        logarithmic,
	"reg:gamma":            logarithmic,
	"reg:tweedie":          logarithmic,
	"survival:cox":         logarithmic,
	"survival:aft":         logarithmic,
	"multi:softprob":       {margin: plain.margin, transform: softmax},
	"multi:softmax":        {margin: plain.margin, transform: best, vote: true},
	"reg:expectileerror":   {margin: unstack, transform: stack},
}

func each(f func(float32) float32) func([]float32) {
	return func(s []float32) {
		for i, v := range s {
			s[i] = f(v)
		}
	}
}

func all(f func(float32) float32) func([]float32) []float32 {
	return func(s []float32) []float32 {
		each(f)(s)
		return s
	}
}

func exp(f float32) float32 { return float32(math.Exp(float64(f))) }

func sigmoid(f float32) float32 { return 1 / (exp(min(-f, 88.7)) + 1) }

// logit keeps clear of 0 and 1, as XGBoost does.
func logit(f float32) float32 {
	f = min(max(f, 1e-6), 1-1e-6)
	return float32(-math.Log(1/float64(f) - 1))
}

func step(f float32) float32 {
	if f > 0 {
		return 1
	}
	return 0
}

func softmax(s []float32) []float32 {
	most, sum := s[0], 0.0
	for _, v := range s[1:] {
		most = max(most, v)
	}
	for i, v := range s {
		s[i] = exp(v - most)
		sum += float64(s[i])
	}
	gonum.Implementation{}.Sscal(len(s), 1/float32(sum), s, 1)
	return s
}

func best(s []float32) []float32 {
	at := 0
	for i, v := range s {
		if v > s[at] {
			at = i
		}
	}
	s[0] = float32(at)
	return s[:1]
}

// stack adds to each expectile what the next is above it; unstack takes base scores apart.
func stack(s []float32) []float32 {
	for i := 1; i < len(s); i++ {
		x := float64(s[i])
		s[i] = s[i-1] + 1e-6 + float32(max(x, 0)+math.Log1p(math.Exp(-math.Abs(x))))
	}
	return s
}

func unstack(s []float32) {
	for i := len(s) - 1; i > 0; i-- {
		x := max(float64(s[i]-s[i-1]-1e-6), 1e-6)
		s[i] = float32(x + math.Log(-math.Expm1(-x)))
	}
}
