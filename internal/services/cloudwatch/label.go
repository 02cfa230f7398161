package cloudwatch

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricmath"
	"github.com/aws/aws-sdk-go-v2/aws"
)

var errScalar = errors.New("the result is a scalar; it must be a time series")

var dynamic = regexp.MustCompile(`\$\{(?:PROP\('([^'{}]{1,300})'\)|([A-Z_]{1,40}))\}`)

// label is the name of a result, with its dynamic parts filled in.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
func (c *computation) label(q *query, s *metricmath.Series, many bool, zone *time.Location) string {
	base := s.Label
	if q.MetricStat == nil && (!many || base == "") {
		base = *q.Id
	}
	text := aws.ToString(q.Label)
	if text == "" {
		return base
	}
	if !strings.Contains(text, "${") {
		if many {
			return text + " " + base
		}
		return text
	}
	return dynamic.ReplaceAllStringFunc(text, func(part string) string {
		m := dynamic.FindStringSubmatch(part)
		if m[1] != "" {
			return c.property(m[1], s)
		}
		if m[2] == "LABEL" {
			return base
		}
		return measured(m[2], s, zone, c.s.Clock.Now())
	})
}

func (c *computation) property(name string, s *metricmath.Series) string {
	switch name {
	case "AccountId":
		return c.account
	case "Region":
		return c.region
	}
	o, ok := s.Source.(*origin)
	if !ok {
		return ""
	}
	switch name {
	case "Namespace":
		return o.Namespace
	case "MetricName":
		return o.Name
	case "Stat":
		return o.statistic
	case "Period":
		return strconv.FormatInt(o.period, 10)
	}
	if dim, ok := strings.CutPrefix(name, "Dim."); ok {
		for _, d := range o.Dimensions {
			if d.Name == dim {
				return d.Value
			}
		}
	}
	return ""
}

// measured is a dynamic part that is computed: a value, or when it was.
func measured(name string, s *metricmath.Series, zone *time.Location, now time.Time) string {
	if name == "DATAPOINT_COUNT" {
		return strconv.Itoa(len(s.Points))
	}
	if len(s.Points) == 0 {
		return "--"
	}
	lowest, highest, sum := s.Points[0], s.Points[0], 0.0
	for _, p := range s.Points {
		if p.Value < lowest.Value {
			lowest = p
		}
		if p.Value > highest.Value {
			highest = p
		}
		sum += p.Value
	}
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	switch name {
	case "AVG":
		return short(sum / float64(len(s.Points)))
	case "SUM":
		return short(sum)
	}
	stem, what, _ := strings.Cut(name, "_")
	p, ok := map[string]metricmath.Point{"MIN": lowest, "MAX": highest, "FIRST": s.Points[0], "LAST": s.Points[len(s.Points)-1]}[stem]
	if !ok {
		return "${" + name + "}"
	}
	at := time.Unix(p.At, 0)
	switch what {
	case "":
		return short(p.Value)
	case "TIME":
		return at.In(zone).Format("2006-01-02 15:04:05 MST")
	case "TIME_RELATIVE":
		return now.Sub(at).Truncate(time.Minute).String() + " ago"
	}
	return "${" + name + "}"
}
