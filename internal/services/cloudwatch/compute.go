package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricmath"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricsearch"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var errString = errors.New("the result is a string")

const (
	// maxComputed is how many points a request may compute.
	maxComputed = 2_000_000
	// maxFound is how many metrics a search finds.
	maxFound = 500
	// maxSearches is how many searches a request may make.
	maxSearches = 10
)

// origin is where the data of a series are from.
type origin struct {
	metrics.Series
	statistic string
	period    int64
}

// computation is a plan on its way.
type computation struct {
	s               *Service
	ctx             context.Context
	account, region string
	plan            *plan
	start, end      time.Time
	searchable      bool

	env      metricmath.Environment
	done     map[string]metricmath.Value
	searches int
	messages []types.MessageData
	samples  map[string][]metrics.Point // of the metrics, by id
}

func (s *Service) computation(ctx context.Context, account, region string, p *plan, start, end time.Time) *computation {
	c := &computation{s: s, ctx: ctx, account: account, region: region, plan: p, start: start, end: end, done: map[string]metricmath.Value{},
		samples: map[string][]metrics.Point{}}
	c.env = metricmath.Environment{Start: start.Unix(), End: end.Unix(), Period: 60, Points: maxComputed, Lookup: c.lookup, Metrics: c.metrics}
	return c
}

// lookup computes what an id stands for, once.
func (c *computation) lookup(id string) (metricmath.Value, error) {
	if v, ok := c.done[id]; ok {
		return v, nil
	}
	q := c.plan.byID[id]
	v, err := c.compute(q)
	if err == nil {
		c.done[id] = v
	}
	return v, err
}

func (c *computation) compute(q *query) (metricmath.Value, error) {
	if m := q.MetricStat; m != nil {
		s, err := c.read(series(*m.Metric.Namespace, *m.Metric.MetricName, m.Metric.Dimensions), *m.Stat, q.statistic, int64(*m.Period), m.Unit, *q.Id)
		return metricmath.Value{Type: metricmath.Single, Series: []*metricmath.Series{s}}, err
	}
	before := c.env.Period
	defer func() { c.env.Period = before }()
	c.env.Period = c.period(q)
	if c.searchable {
		c.env.Search = func(text, stat string, period int64) ([]*metricmath.Series, error) {
			if period == 0 {
				period = c.period(q)
			}
			return c.search(text, stat, period)
		}
	}
	v, err := q.expression.Eval(&c.env)
	var wrong *metricmath.Error
	if errors.As(err, &wrong) {
		err = inExpression(*q.Id, err)
	}
	return v, err
}

// period is that of an expression: as it says, or the longest of the metrics.
func (c *computation) period(q *query) int64 {
	if q.Period != nil {
		return int64(*q.Period)
	}
	out := int64(0)
	for _, o := range c.plan.queries {
		if o.MetricStat != nil {
			out = max(out, int64(*o.MetricStat.Period))
		}
	}
	if out == 0 {
		out = 60
	}
	return out
}

// read computes a statistic of a metric.
func (c *computation) read(of metrics.Series, name string, f statistic, period int64, u types.StandardUnit, id string) (*metricmath.Series, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	points, err := c.s.Metrics.Read(c.ctx, c.account, c.region, of, metrics.Range{Start: c.start, End: c.end, Period: time.Duration(period) * time.Second,
		Unit: unit(u), None: u == types.StandardUnitNone, Mixed: u == ""})
	if err != nil {
		return nil, err
	}
	if c.env.Points -= len(points); c.env.Points < 0 {
		return nil, invalid("The request asks for too much data.")
	}
	if id != "" {
		c.samples[id] = points
	}
	out := &metricmath.Series{ID: id, Label: of.Name, Period: period, Source: &origin{of, name, period}}
	for i := range points {
		if v, ok := f(&points[i].Aggregate); ok {
			out.Points = append(out.Points, metricmath.Point{At: points[i].Time.Unix(), Value: v})
		}
	}
	return out, nil
}

// metrics are those that METRICS() stands for.
func (c *computation) metrics(part string) []*metricmath.Series {
	var out []*metricmath.Series
	for _, q := range c.plan.queries {
		if q.MetricStat == nil || !strings.Contains(*q.Id, part) {
			continue
		}
		if v, err := c.lookup(*q.Id); err == nil { // a failure shows when the request's own metrics are computed
			out = append(out, v.Series...)
		}
	}
	return out
}

// search reads all metrics that a search finds.
func (c *computation) search(text, stat string, period int64) ([]*metricmath.Series, error) {
	x, err := metricsearch.Parse(text)
	if err != nil {
		return nil, invalid("Error in SEARCH: %v", err)
	}
	f, ok := parseStatistic(stat)
	if !ok || !wholePeriod(int32(period)) {
		return nil, invalid("Error in SEARCH: %s is not a valid statistic, or %d not a valid period.", stat, period)
	}
	if c.searches++; c.searches > maxSearches {
		return nil, invalid("A request must not have more than %d SEARCH functions.", maxSearches)
	}
	found, err := c.s.Metrics.Metrics(c.ctx, c.account, c.region, func(m metrics.Metric) bool { return x.Match(m.Series) })
	if err != nil {
		return nil, err
	}
	if len(found) > maxFound {
		found = found[:maxFound]
		c.messages = append(c.messages, types.MessageData{Code: aws.String("MaxMetricsExceeded"),
			Value: aws.String(fmt.Sprintf("The maximum number of metrics, %d, is reached.", maxFound))})
	}
	var out []*metricmath.Series
	for _, m := range found {
		s, err := c.read(m.Series, stat, f, period, "", "")
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	named(out)
	return out, nil
}

// named gives series that were found labels of what tells them apart.
func named(list []*metricmath.Series) {
	if len(list) < 2 {
		return
	}
	parts := make([][]string, len(list))
	for i, s := range list {
		o := s.Source.(*origin)
		for _, d := range o.Dimensions {
			parts[i] = append(parts[i], d.Value)
		}
		parts[i] = append(parts[i], o.Name)
	}
	var keep []int
	for at := range parts[0] {
		if slices.ContainsFunc(parts, func(p []string) bool { return len(p) != len(parts[0]) || p[at] != parts[0][at] }) {
			keep = append(keep, at)
		}
	}
	for i, s := range list {
		if len(parts[i]) != len(parts[0]) {
			s.Label = strings.Join(parts[i], " ")
			continue
		}
		var label []string
		for _, at := range keep {
			label = append(label, parts[i][at])
		}
		if len(label) > 0 {
			s.Label = strings.Join(label, " ")
		}
	}
}
