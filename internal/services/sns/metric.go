package sns

import (
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// countPublished records messages that were published, with their sizes.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
func (s *Service) countPublished(k store.Key, list []*message) {
	dims := []metrics.Dimension{{Name: "TopicName", Value: k.ID}}
	for _, m := range list {
		s.Metrics.Record(k.Account, k.Region, "AWS/SNS", metrics.Datum{Name: "NumberOfMessagesPublished", Unit: "Count", Value: 1, Dimensions: dims},
			metrics.Datum{Name: "PublishSize", Unit: "Bytes", Value: float64(len(m.Body)), Dimensions: dims})
	}
}

// count records that something happened to a message of a topic.
func (s *Service) count(k store.Key, name string) {
	s.Metrics.Record(k.Account, k.Region, "AWS/SNS", metrics.Datum{Name: name, Unit: "Count", Value: 1,
		Dimensions: []metrics.Dimension{{Name: "TopicName", Value: k.ID}}})
}
