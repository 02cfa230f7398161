package cloudwatch

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

// statistic computes a number of an aggregate. ok is false when what it needs isn't known.
type statistic func(a *metrics.Aggregate) (v float64, ok bool)

var (
	shortForm = regexp.MustCompile(`^(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)$`)
	rangeForm = regexp.MustCompile(`^(TM|WM|TC|TS|PR)\((-?[0-9.]{1,20}(?:[eE][+-]?\d{1,3})?)?(%?):(-?[0-9.]{1,20}(?:[eE][+-]?\d{1,3})?)?(%?)\)$`)
)

// simple are the statistics with names.
func simple(name string) statistic {
	known := func(f func(a *metrics.Aggregate) float64) statistic {
		return func(a *metrics.Aggregate) (float64, bool) { return f(a), a.Count > 0 }
	}
	switch name {
	case "SampleCount":
		return known(func(a *metrics.Aggregate) float64 { return a.Count })
	case "Average":
		return known(func(a *metrics.Aggregate) float64 { return a.Sum / a.Count })
	case "Sum":
		return known(func(a *metrics.Aggregate) float64 { return a.Sum })
	case "Minimum":
		return known(func(a *metrics.Aggregate) float64 { return a.Min })
	case "Maximum":
		return known(func(a *metrics.Aggregate) float64 { return a.Max })
	}
	return nil
}

// parseStatistic reads the name of any statistic.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
func parseStatistic(name string) (statistic, bool) {
	if f := simple(name); f != nil {
		return f, true
	}
	return parseExtended(name)
}

// parseExtended reads the name of a statistic that looks at the values.
func parseExtended(name string) (statistic, bool) {
	if name == "IQM" {
		return trimmed("TM", share(0.25, 0.75)), true
	}
	if m := shortForm.FindStringSubmatch(name); m != nil {
		p, err := strconv.ParseFloat(m[2], 64)
		if err != nil || p > 100 {
			return nil, false
		}
		if m[1] == "p" {
			return percentile(p / 100), true
		}
		return trimmed(strings.ToUpper(m[1]), share(0, p/100)), true
	}
	m := rangeForm.FindStringSubmatch(name)
	if m == nil || m[2] == "" && m[4] == "" || m[2] == "" && m[3] != "" || m[4] == "" && m[5] != "" {
		return nil, false
	}
	percent := m[3] != "" || m[5] != ""
	if percent && (m[2] != "" && m[3] == "" || m[4] != "" && m[5] == "" || m[1] == "PR") {
		return nil, false
	}
	low, high := math.Inf(-1), math.Inf(1)
	if percent {
		low, high = 0, 100
	}
	for i, to := range map[int]*float64{2: &low, 4: &high} {
		if m[i] == "" {
			continue
		}
		v, err := strconv.ParseFloat(m[i], 64)
		if err != nil || percent && (v < 0 || v > 100) {
			return nil, false
		}
		*to = v
	}
	if low > high {
		return nil, false
	}
	if percent {
		return trimmed(m[1], share(low/100, high/100)), true
	}
	return trimmed(m[1], between(low, high)), true
}

// percentile is the smallest value that a share of all is not above.
func percentile(p float64) statistic {
	return func(a *metrics.Aggregate) (float64, bool) {
		list, ok := a.Known()
		if !ok {
			return 0, false
		}
		return at(list, p*a.Count), true
	}
}

// at is the value of a rank.
func at(list []metrics.Value, rank float64) float64 {
	seen := 0.0
	for _, v := range list {
		if seen += v.Count; seen >= rank {
			return v.Value
		}
	}
	return list[len(list)-1].Value
}

// cut tells how many of a value are within the bounds, below and above them, given how many came before it; and what those
// outside are held to be.
type cut func(list []metrics.Value, total float64) (part func(v metrics.Value, before float64) (in, below, above float64), low, high float64)

// share is bounds by rank.
func share(low, high float64) cut {
	return func(list []metrics.Value, total float64) (func(metrics.Value, float64) (float64, float64, float64), float64, float64) {
		from, to := low*total, high*total
		return func(v metrics.Value, before float64) (float64, float64, float64) {
			below := max(min(before+v.Count, from)-before, 0)
			above := max(before+v.Count-max(before, to), 0)
			return max(v.Count-below-above, 0), below, above
		}, at(list, from), at(list, to)
	}
}

// between is bounds by value: above low, up to high.
func between(low, high float64) cut {
	return func([]metrics.Value, float64) (func(metrics.Value, float64) (float64, float64, float64), float64, float64) {
		return func(v metrics.Value, _ float64) (float64, float64, float64) {
			switch {
			case v.Value <= low:
				return 0, v.Count, 0
			case v.Value > high:
				return 0, 0, v.Count
			}
			return v.Count, 0, 0
		}, low, high
	}
}

// trimmed are the statistics of what is within bounds: their mean (TM), count (TC), sum (TS), percentage of all (PR), and the mean of all
// with those outside at the bounds (WM).
func trimmed(kind string, bounds cut) statistic {
	return func(a *metrics.Aggregate) (float64, bool) {
		list, ok := a.Known()
		if !ok {
			return 0, false
		}
		part, low, high := bounds(list, a.Count)
		count, sum, held, before := 0.0, 0.0, 0.0, 0.0
		for _, v := range list {
			in, below, above := part(v, before)
			before += v.Count
			count += in
			sum += in * v.Value
			if below > 0 {
				held += below * low
			}
			if above > 0 {
				held += above * high
			}
		}
		out := 0.0
		switch kind {
		case "TC":
			out = count
		case "TS":
			out = sum
		case "PR":
			out = 100 * count / a.Count
		case "WM":
			out = (sum + held) / a.Count
		default:
			out = sum / count
		}
		return out, !math.IsNaN(out) && !math.IsInf(out, 0)
	}
}
