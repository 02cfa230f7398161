package logs

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/services/logs/pattern"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// metricFilter makes values of a metric out of the events that match.
type metricFilter struct {
	Name, Pattern   string
	Created         int64
	Transformations []types.MetricTransformation
}

// maxMetricFilters is how many a group has, and maxDimensions how many dimensions a filter gives.
const (
	maxMetricFilters = 100
	maxDimensions    = 3
)

// PutMetricFilter makes or changes a metric filter.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
func (s *Service) PutMetricFilter(ctx context.Context, in *cloudwatchlogs.PutMetricFilterInput) (*cloudwatchlogs.PutMetricFilterOutput, error) {
	if _, err := pattern.Parse(aws.ToString(in.FilterPattern)); err != nil {
		return nil, invalid("Invalid metric filter pattern: %v", err)
	}
	for _, t := range in.MetricTransformations {
		if err := checkTransformation(t); err != nil {
			return nil, err
		}
	}
	f := metricFilter{Name: *in.FilterName, Pattern: *in.FilterPattern, Created: s.now(), Transformations: in.MetricTransformations}
	err := s.change(ctx, here(ctx, *in.LogGroupName), func(g *group) error {
		if err := g.only("PutMetricFilter"); err != nil {
			return err
		}
		g.Metrics = append(slices.DeleteFunc(slices.Clone(g.Metrics), func(has metricFilter) bool { return has.Name == f.Name }), f)
		if len(g.Metrics) > maxMetricFilters {
			return exceeded("Resource limit exceeded.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.PutMetricFilterOutput{}, nil
}

func checkTransformation(t types.MetricTransformation) error {
	value := *t.MetricValue
	if _, err := strconv.ParseFloat(value, 64); err != nil && !strings.HasPrefix(value, "$") {
		return invalid("Invalid metric transformation: metric value %s is neither a number nor a selector.", value)
	}
	if len(t.Dimensions) > maxDimensions {
		return invalid("Invalid metric transformation: there may be %d dimensions.", maxDimensions)
	}
	if len(t.Dimensions) > 0 && t.DefaultValue != nil {
		return invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
	}
	for _, v := range t.Dimensions {
		if !strings.HasPrefix(v, "$") {
			return invalid("Invalid metric transformation: dimension value %s is no selector.", v)
		}
	}
	return nil
}

func (s *Service) putMetricFilterTargets(ctx context.Context, in *cloudwatchlogs.PutMetricFilterInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// DeleteMetricFilter removes a metric filter.
func (s *Service) DeleteMetricFilter(ctx context.Context, in *cloudwatchlogs.DeleteMetricFilterInput) (*cloudwatchlogs.DeleteMetricFilterOutput, error) {
	err := s.change(ctx, here(ctx, *in.LogGroupName), func(g *group) error {
		n := len(g.Metrics)
		g.Metrics = slices.DeleteFunc(slices.Clone(g.Metrics), func(has metricFilter) bool { return has.Name == *in.FilterName })
		if len(g.Metrics) == n {
			return missing("The specified metric filter does not exist.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.DeleteMetricFilterOutput{}, nil
}

func (s *Service) deleteMetricFilterTargets(ctx context.Context, in *cloudwatchlogs.DeleteMetricFilterInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// DescribeMetricFilters lists metric filters of a group, or of all groups.
func (s *Service) DescribeMetricFilters(ctx context.Context, in *cloudwatchlogs.DescribeMetricFiltersInput) (*cloudwatchlogs.DescribeMetricFiltersOutput, error) {
	if in.LogGroupName != nil {
		if _, err := s.find(ctx, here(ctx, *in.LogGroupName)); err != nil {
			return nil, err
		}
	}
	groups, err := s.list(ctx, func(k store.Key, _ group) bool { return in.LogGroupName == nil || k.ID == *in.LogGroupName })
	if err != nil {
		return nil, err
	}
	var all []types.MetricFilter
	for _, n := range groups {
		for _, f := range n.group.Metrics {
			if !strings.HasPrefix(f.Name, aws.ToString(in.FilterNamePrefix)) || !slices.ContainsFunc(f.Transformations, func(t types.MetricTransformation) bool {
				return (in.MetricName == nil || *t.MetricName == *in.MetricName) && (in.MetricNamespace == nil || *t.MetricNamespace == *in.MetricNamespace)
			}) {
				continue
			}
			all = append(all, types.MetricFilter{FilterName: &f.Name, FilterPattern: &f.Pattern, CreationTime: &f.Created, LogGroupName: &n.key.ID,
				MetricTransformations: f.Transformations})
		}
	}
	key := func(f types.MetricFilter) string { return *f.LogGroupName + ":" + *f.FilterName }
	slices.SortFunc(all, func(a, b types.MetricFilter) int { return strings.Compare(key(a), key(b)) })
	out := &cloudwatchlogs.DescribeMetricFiltersOutput{}
	out.MetricFilters, out.NextToken, err = page(ctx, all, key, in.Limit, 50, in.NextToken)
	return out, err
}

func (s *Service) describeMetricFiltersTargets(ctx context.Context, in *cloudwatchlogs.DescribeMetricFiltersInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// TestMetricFilter tells which messages a pattern matches.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
func (s *Service) TestMetricFilter(_ context.Context, in *cloudwatchlogs.TestMetricFilterInput) (*cloudwatchlogs.TestMetricFilterOutput, error) {
	p, err := s.patterns.parse(*in.FilterPattern)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.TestMetricFilterOutput{Matches: []types.MetricFilterMatchRecord{}}
	for i, m := range in.LogEventMessages {
		if p.Match(m) {
			out.Matches = append(out.Matches, types.MetricFilterMatchRecord{EventNumber: int64(i + 1), EventMessage: &m, ExtractedValues: p.Extract(m)})
		}
	}
	return out, nil
}

// measure records what came, and what metric filters make of it.
func (s *Service) measure(k store.Key, g group, _ string, events []eventfile.Event) {
	bytes := int64(0)
	for _, e := range events {
		bytes += e.Size()
	}
	of := []metrics.Dimension{{Name: "LogGroupName", Value: k.ID}}
	s.Metrics.Record(k.Account, k.Region, "AWS/Logs", metrics.Datum{Name: "IncomingLogEvents", Unit: "Count", Value: float64(len(events)), Dimensions: of},
		metrics.Datum{Name: "IncomingBytes", Unit: "Bytes", Value: float64(bytes), Dimensions: of})
	for _, f := range g.Metrics {
		p, err := s.patterns.parse(f.Pattern)
		if err != nil {
			continue // it was checked when it was put
		}
		for _, t := range f.Transformations {
			var data []metrics.Datum
			for _, e := range events {
				if d, ok := transform(p, t, e); ok {
					data = append(data, d)
				}
			}
			if len(data) > 0 {
				s.Metrics.Record(k.Account, k.Region, *t.MetricNamespace, data...)
			}
		}
	}
}

// transform makes a value out of an event; false when there is none.
func transform(p *pattern.Pattern, t types.MetricTransformation, e eventfile.Event) (d metrics.Datum, ok bool) {
	d = metrics.Datum{Name: *t.MetricName, Unit: string(t.Unit), Time: time.UnixMilli(e.Time)}
	if !p.Match(e.Message) {
		if t.DefaultValue == nil {
			return d, false
		}
		d.Value = *t.DefaultValue
		return d, true
	}
	text := *t.MetricValue
	if strings.HasPrefix(text, "$") {
		if text, ok = p.Value(e.Message, text); !ok {
			return d, false
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return d, false
	}
	d.Value = v
	for name, selector := range t.Dimensions {
		if v, ok := p.Value(e.Message, selector); ok {
			d.Dimensions = append(d.Dimensions, metrics.Dimension{Name: name, Value: v})
		}
	}
	return d, len(d.Dimensions) == len(t.Dimensions)
}
