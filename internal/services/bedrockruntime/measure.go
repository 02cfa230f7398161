package bedrockruntime

import (
	"context"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/wire"
)

// namespace is where the metrics of models are.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring.html
const namespace = "AWS/Bedrock"

// measure counts a call that was answered.
func (s *Service) measure(ctx context.Context, r record) {
	call := wire.CallOf(ctx)
	of := []metrics.Dimension{{Name: "ModelId", Value: r.model.name}}
	s.Metrics.Record(call.Account(), call.Region, namespace,
		metrics.Datum{Name: "Invocations", Unit: "Count", Value: 1, Dimensions: of},
		metrics.Datum{Name: "InvocationLatency", Unit: "Milliseconds", Value: float64(r.took.Milliseconds()), Dimensions: of},
		metrics.Datum{Name: "InputTokenCount", Unit: "Count", Value: float64(r.usage.Input), Dimensions: of},
		metrics.Datum{Name: "OutputTokenCount", Unit: "Count", Value: float64(r.usage.Output), Dimensions: of})
}

// measureFault counts a call that failed.
func (s *Service) measureFault(ctx context.Context, model string, kind models.Kind) {
	call := wire.CallOf(ctx)
	name := "InvocationServerErrors"
	switch kind {
	case models.Busy:
		name = "InvocationThrottles"
	case models.Invalid, models.Unknown, models.Denied:
		name = "InvocationClientErrors"
	}
	of := []metrics.Dimension{{Name: "ModelId", Value: model}}
	s.Metrics.Record(call.Account(), call.Region, namespace, metrics.Datum{Name: name, Unit: "Count", Value: 1, Dimensions: of})
}
