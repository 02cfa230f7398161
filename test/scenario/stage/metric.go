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
func (s *Stage) Measured(namespace, name, endpoint, variant string, begun time.Time) (m Measured) {
	s.Helper()
	out, err := cloudwatch.NewFromConfig(s.Who.Config()).GetMetricStatistics(s.Context(), &cloudwatch.GetMetricStatisticsInput{Namespace: &namespace, MetricName: &name,
		StartTime: aws.Time(begun.Truncate(time.Minute)), EndTime: aws.Time(time.Now().Add(time.Minute)), Period: aws.Int32(3600),
		Statistics: []types.Statistic{types.StatisticSum, types.StatisticSampleCount, types.StatisticMaximum},
		Dimensions: []types.Dimension{{Name: aws.String("EndpointName"), Value: &endpoint}, {Name: aws.String("VariantName"), Value: &variant}}})
	s.Must("metric "+name, err)
	for _, p := range out.Datapoints {
		m = Measured{m.Sum + *p.Sum, m.Count + *p.SampleCount, max(m.Max, *p.Maximum)}
	}
	return m
}
