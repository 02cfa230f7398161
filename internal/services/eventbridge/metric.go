package eventbridge

import (
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

// count records that something happened to the events of a rule.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (s *Service) count(rule, name string) {
	a, err := arn.Parse(rule)
	if err != nil {
		return
	}
	of := strings.TrimPrefix(a.Resource, "rule/")
	bus, of, custom := strings.Cut(of, "/")
	dims := []metrics.Dimension{{Name: "RuleName", Value: bus}}
	if custom {
		dims = []metrics.Dimension{{Name: "EventBusName", Value: bus}, {Name: "RuleName", Value: of}}
	}
	s.Metrics.Record(a.Account, a.Region, "AWS/Events", metrics.Datum{Name: name, Unit: "Count", Value: 1, Dimensions: dims})
}
