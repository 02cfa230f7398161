package stage

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Measured is what was measured of a variant since a time.
type Measured struct{ Sum, Count, Max float64 }

// Measured gives a metric of a variant from begun on, to the minute.
func (s *Stage) Measured(namespace, name, endpoint, variant string, begun time.Time) Measured {
	s.Helper()
	return s.MeasuredOf(namespace, name, begun, "EndpointName", endpoint, "VariantName", variant)
}

// MeasuredOf gives a metric of dimensions, which are names and values in turn.
func (s *Stage) MeasuredOf(namespace, name string, begun time.Time, dimensions ...string) (m Measured) {
	s.Helper()
	var list []types.Dimension
	for i := 0; i < len(dimensions); i += 2 {
		list = append(list, types.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	out, err := cloudwatch.NewFromConfig(s.Who.Config()).GetMetricStatistics(s.Context(), &cloudwatch.GetMetricStatisticsInput{Namespace: &namespace, MetricName: &name,
		StartTime: aws.Time(begun.Truncate(time.Minute)), EndTime: aws.Time(time.Now().Add(time.Minute)), Period: aws.Int32(3600),
		Statistics: []types.Statistic{types.StatisticSum, types.StatisticSampleCount, types.StatisticMaximum},
		Dimensions: list})
	s.Must("metric "+name, err)
	for _, p := range out.Datapoints {
		m = Measured{m.Sum + *p.Sum, m.Count + *p.SampleCount, max(m.Max, *p.Maximum)}
	}
	return m
}
