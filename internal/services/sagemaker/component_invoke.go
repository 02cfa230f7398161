package sagemaker

import (
	"context"
	"net/http"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// componentServes finds the copies of an inference component of an endpoint, which set is; nil when the endpoint does not serve.
func (s *Runtime) componentServes(ctx context.Context, k store.Key, set *served, name string) (*hosting.Endpoint, error) {
	switch {
	case set == nil:
		return nil, s.unserved(ctx, k)
	case !set.hosts:
		return nil, refused("Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference components.")
	case name == "":
		return nil, refused("Inference Component Name header is required for endpoints to which you plan to deploy inference components. " +
			"Please include Inference Component Name header or consider using SageMaker models.")
	}
	of := k
	of.ID = name
	var c component
	var there bool
	if err := s.image.Read(ctx, func() { c, there = s.components.Rows()[of] }); err != nil {
		return nil, err
	}
	switch {
	case !there || c.Endpoint != k.ID:
		return nil, refused("Inference Component %s of endpoint %s not found.", name, k.ID)
	case c.Current == nil:
		return nil, refused("Inference Component %s is not in service: its status is %s.", name, c.Status)
	case c.Current.Copies == 0:
		return nil, refused("Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress (if configured) or try to " +
			"increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API.")
	}
	e := s.Fleet.Endpoint(componentFleet(of))
	if e == nil { // the server was started a moment ago
		return nil, wire.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable", "The inference component "+name+" is starting. Try again.")
	}
	return e, nil
}

// measuredComponent records an invocation of an inference component.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-inference-component
func (s *Runtime) measuredComponent(k store.Key, name *string, a hosting.Answer, took float64) {
	if aws.ToString(name) == "" {
		return
	}
	dims := []metrics.Dimension{{Name: "InferenceComponentName", Value: *name}}
	data := []metrics.Datum{
		{Name: "Invocations", Unit: "None", Value: 1, Dimensions: dims},
		{Name: "Invocation4XXErrors", Unit: "None", Value: bit(a.Status >= 400 && a.Status < 500), Dimensions: dims},
		{Name: "Invocation5XXErrors", Unit: "None", Value: bit(a.Status == 0 || a.Status >= 500), Dimensions: dims},
		{Name: "ModelLatency", Unit: "Microseconds", Value: took, Dimensions: dims},
	}
	if a.Count > 0 {
		data = append(data, metrics.Datum{Name: "InvocationsPerCopy", Unit: "None", Value: 1 / float64(a.Count), Dimensions: dims})
	}
	s.Metrics.Record(k.Account, k.Region, invocationMetrics, data...)
}
