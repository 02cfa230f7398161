package cloudwatch

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxDatapoints is how many data points GetMetricStatistics gives.
const maxDatapoints = 1440

// wholePeriod tells whether a period is one that CloudWatch has.
func wholePeriod(seconds int32) bool {
	switch seconds {
	case 1, 5, 10, 20, 30:
		return true
	}
	return seconds > 0 && seconds%60 == 0
}

// rounded is from when data count: data that are older than minutes are kept lie at five minutes or hours.
func rounded(start, now time.Time, period time.Duration) time.Time {
	switch age := now.Sub(start); {
	case age > 63*24*time.Hour:
		return start.Truncate(time.Hour)
	case age > 15*24*time.Hour:
		return start.Truncate(5 * time.Minute)
	case period < time.Minute:
		return start.Truncate(period)
	}
	return start.Truncate(time.Minute)
}

// GetMetricStatistics gives statistics of one metric.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (s *Service) GetMetricStatistics(ctx context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	period := time.Duration(*in.Period) * time.Second
	switch {
	case len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0:
		return nil, required("Must specify either Statistics or ExtendedStatistics")
	case len(in.Statistics) > 0 && len(in.ExtendedStatistics) > 0:
		return nil, badCombination("Must specify either Statistics or ExtendedStatistics, but not both")
	case !in.StartTime.Before(*in.EndTime):
		return nil, badValue("The parameter StartTime must be less than the parameter EndTime.")
	case !wholePeriod(*in.Period):
		return nil, badValue("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
	}
	if n := int64(in.EndTime.Sub(*in.StartTime) / period); n > maxDatapoints {
		return nil, badCombination("You have requested up to %d datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by "+
			"increasing Period, or decreasing the time range.", n)
	}
	extended := map[string]statistic{}
	for _, name := range in.ExtendedStatistics {
		f, ok := parseExtended(name)
		if !ok {
			return nil, badValue("The value %s for parameter ExtendedStatistics is not supported.", name)
		}
		extended[name] = f
	}
	call := wire.CallOf(ctx)
	points, err := s.Metrics.Read(ctx, call.Account(), call.Region, series(*in.Namespace, *in.MetricName, in.Dimensions), metrics.Range{
		Start: rounded(*in.StartTime, s.Clock.Now(), period), End: *in.EndTime, Period: period, Unit: unit(in.Unit), None: in.Unit == types.StandardUnitNone})
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: make([]types.Datapoint, 0, len(points))}
	for i := range points {
		p := &points[i]
		d := types.Datapoint{Timestamp: &p.Time, Unit: shownUnit(p.Unit)}
		for _, name := range in.Statistics {
			v, _ := simple(string(name))(&p.Aggregate)
			*map[types.Statistic]**float64{types.StatisticAverage: &d.Average, types.StatisticSum: &d.Sum, types.StatisticMinimum: &d.Minimum,
				types.StatisticMaximum: &d.Maximum, types.StatisticSampleCount: &d.SampleCount}[name] = aws.Float64(v)
		}
		for name, f := range extended {
			if v, ok := f(&p.Aggregate); ok {
				if d.ExtendedStatistics == nil {
					d.ExtendedStatistics = map[string]float64{}
				}
				d.ExtendedStatistics[name] = v
			}
		}
		if len(in.Statistics) > 0 || d.ExtendedStatistics != nil {
			out.Datapoints = append(out.Datapoints, d)
		}
	}
	return out, nil
}
