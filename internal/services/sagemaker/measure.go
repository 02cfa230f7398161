package sagemaker

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/wire"
)

// The namespaces of what endpoints measure: of invocations, and of instances.
const (
	invocationMetrics = "AWS/SageMaker"
	instanceMetrics   = "/aws/sagemaker/Endpoints"
)

// measured records an invocation under SageMaker's names. Status 0 is one without an answer. What one of so many instances had is what
// endpoints are scaled by.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
func (s *Runtime) measured(ctx context.Context, k store.Key, component *string, a hosting.Answer, begun time.Time) {
	if a.Variant == "" { // nobody was asked
		return
	}
	took := time.Since(begun) - a.Waited
	overhead := max(s.Clock.Now().Sub(wire.CallOf(ctx).Time)-took, 0)
	dims := variantDimensions(k, a.Variant)
	data := [6]metrics.Datum{
		{Name: "Invocations", Unit: "None", Value: 1, Dimensions: dims},
		{Name: "Invocation4XXErrors", Unit: "None", Value: bit(a.Status >= 400 && a.Status < 500), Dimensions: dims},
		{Name: "Invocation5XXErrors", Unit: "None", Value: bit(a.Status == 0 || a.Status >= 500), Dimensions: dims},
		{Name: "ModelLatency", Unit: "Microseconds", Value: float64(took.Microseconds()), Dimensions: dims},
		{Name: "OverheadLatency", Unit: "Microseconds", Value: float64(overhead.Microseconds()), Dimensions: dims},
	}
	n := 5
	if a.Count > 0 && component == nil {
		data[n] = metrics.Datum{Name: "InvocationsPerInstance", Unit: "None", Value: 1 / float64(a.Count), Dimensions: dims}
		n++
	}
	s.Metrics.Record(k.Account, k.Region, invocationMetrics, data[:n]...)
	s.measuredComponent(k, component, a, float64(took.Microseconds()))
}

// measure records what the models of a variant tell of themselves.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
func (s *Service) measure(k store.Key) func(variant, name string, value float64) {
	return func(variant, name string, value float64) {
		d, namespace := metrics.Datum{Name: name, Unit: "Microseconds", Value: value, Dimensions: variantDimensions(k, variant)}, invocationMetrics
		switch name {
		case "ModelCacheHit":
			d.Unit = "None"
		case "LoadedModelCount":
			d.Unit, namespace = "None", instanceMetrics
		}
		s.Metrics.Record(k.Account, k.Region, namespace, d)
	}
}

func variantDimensions(k store.Key, variant string) []metrics.Dimension {
	return []metrics.Dimension{{Name: "EndpointName", Value: k.ID}, {Name: "VariantName", Value: variant}}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
