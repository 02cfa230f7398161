package sagemaker

import (
	"cmp"
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// served is what invocations need of an endpoint that serves.
type served struct {
	role    string                      // of its first model
	capture *types.DataCaptureConfig    // nil: nothing is captured
	hosts   bool                        // it takes inference components
	async   *types.AsyncInferenceConfig // nil: it answers at once
	slots   chan struct{}               // of an asynchronous one: as many as invocations may be made at a time
}

// endpointChanged keeps what serves. The image is locked.
func (s *Service) endpointChanged(k store.Key, old, now *endpoint) {
	switch {
	case now == nil || now.Current == nil:
		s.serving.Delete(fleetKey(k))
	case old == nil || old.Current == nil || old.Current.ID != now.Current.ID || old.Current.Variants[0].Count != now.Current.Variants[0].Count:
		s.serving.Store(fleetKey(k), newServed(now.Current))
	}
}

func newServed(d *deployment) *served {
	v := d.Variants[0]
	out := &served{role: cmp.Or(aws.ToString(v.Model.In.ExecutionRoleArn), d.Role), async: d.Async, hosts: d.hosts()}
	if c := d.Capture; c != nil && (c.EnableCapture == nil || *c.EnableCapture) {
		out.capture = c
	}
	if d.Async != nil {
		n := width
		if c := d.Async.ClientConfig; c != nil && c.MaxConcurrentInvocationsPerInstance != nil {
			n = int(*c.MaxConcurrentInvocationsPerInstance)
		}
		out.slots = make(chan struct{}, n*int(max(v.Count, 1)))
	}
	return out
}

// served gives what serves under a key; nil when nothing does.
func (s *Service) served(ctx context.Context, k store.Key) (*served, error) {
	err := s.image.Read(ctx, func() {})
	v, _ := s.serving.Load(fleetKey(k))
	out, _ := v.(*served)
	return out, err
}
