package sagemaker

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

func TestServed(t *testing.T) {
	f := open(t)
	now := func() *served {
		t.Helper()
		s, err := f.served(f.ctx, f.key)
		f.ok(err)
		return s
	}
	if now() != nil {
		t.Error("something serves before there is an endpoint")
	}
	f.endpoint(nil)
	if s := now(); s == nil || s.role != f.role || s.async != nil || s.capture != nil {
		t.Errorf("got %+v", s)
	}
	f.endpoint(func(d *deployment) {
		later(d)
		d.Async.ClientConfig = &types.AsyncInferenceClientConfig{MaxConcurrentInvocationsPerInstance: aws.Int32(3)}
		d.Variants[0].Count = 2
		d.Capture = &types.DataCaptureConfig{EnableCapture: aws.Bool(false)}
	})
	if s := now(); s == nil || s.async == nil || cap(s.slots) != 6 || s.capture != nil {
		t.Errorf("got %+v", s)
	}
	f.endpoint(func(d *deployment) { later(d); d.Variants[0].Count = 0; d.Capture = &types.DataCaptureConfig{} })
	if s := now(); cap(s.slots) != width || s.capture == nil {
		t.Errorf("got %+v with %d slots", s, cap(s.slots))
	}
	f.ok(f.Store.Update(f.ctx, func(tx *store.Tx) error { return f.endpoints.Delete(tx, f.key) }))
	if now() != nil {
		t.Error("what was deleted serves")
	}
}

func TestWanted(t *testing.T) {
	f := open(t)
	wants := func(want bool) {
		t.Helper()
		if got := f.wanted(f.ctx, f.key); got != want {
			t.Errorf("wanted is %v", got)
		}
	}
	wants(false)
	f.endpoint(nil)
	wants(true)
	f.ok(f.Store.Update(f.ctx, func(tx *store.Tx) error {
		return f.endpoints.Put(tx, f.key, endpoint{Status: types.EndpointStatusDeleting})
	}))
	wants(false)
}
