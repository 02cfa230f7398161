package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// The jobs of inference components.
const (
	componentJob       = "sagemaker-inference-component"
	removeComponentJob = "sagemaker-remove-inference-component"
)

type componentInput struct {
	Key    store.Key
	ID     string
	Copies int32
}

// is tells whether what a job was started for is still wanted.
func (in componentInput) is(c component) bool {
	return c.Next != nil && c.Next.ID == in.ID && c.Next.Copies == in.Copies && c.Status != types.InferenceComponentStatusDeleting
}

// componentFleet names a component to the fleet.
func componentFleet(k store.Key) string { return fleetKey(k) + "#component" }

// noRoom is why copies could not be placed.
type noRoom struct{ reason string }

func (n *noRoom) Error() string { return n.reason }

// placeComponent makes of a component what it shall be. It is run again from the start when the server was killed.
func (s *Service) placeComponent(ctx context.Context, in componentInput) error {
	var c component
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.components.Get(tx, in.Key)
		return err
	}); err != nil || !in.is(c) {
		return gone(err)
	}
	err := s.grant(ctx, in)
	if err == nil {
		err = s.rollComponent(ctx, in.Key, c)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.unlessWanted(ctx, in.Key, componentFleet(in.Key), s.componentWanted)
	return s.placedComponent(ctx, in, err)
}

// rollComponent brings the fleet to what is next.
func (s *Service) rollComponent(ctx context.Context, k store.Key, c component) error {
	spec := s.componentSpec(k, c, *c.Next)
	if c.Current != nil && c.Current.ID == c.Next.ID {
		err := s.Fleet.Scale(ctx, componentFleet(k), spec)
		if !errors.Is(err, hosting.ErrGone) {
			return err
		}
	}
	r, err := s.Fleet.Prepare(ctx, componentFleet(k), spec)
	if err == nil {
		r.Finish()
	}
	return err
}

// componentSpec says to the fleet what a component is. Lines of its containers go to the component's log group.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
func (s *Service) componentSpec(k store.Key, c component, p placed) hosting.Spec {
	endpoint := k
	endpoint.ID = c.Endpoint
	r := p.Spec.ComputeResourceRequirements
	v := hosting.Variant{Name: c.Variant, Weight: 1, Count: int(p.Copies), CPU: float64(aws.ToFloat32(r.NumberOfCpuCoresRequired)),
		MemoryMB: int(max(aws.ToInt32(r.MaxMemoryRequiredInMb), aws.ToInt32(r.MinMemoryRequiredInMb))),
		Model:    s.modelSpec(endpoint, p.Model, false, "/aws/sagemaker/InferenceComponents/"+k.ID)}
	if t := p.Spec.StartupParameters; t != nil {
		v.Startup, v.Download = seconds(t.ContainerStartupHealthCheckTimeoutInSeconds), seconds(t.ModelDataDownloadTimeoutInSeconds)
	}
	return hosting.Spec{Name: k.ID, Variants: []hosting.Variant{v}}
}

// grant finds room for what a component shall be next. The error is *noRoom when there is none.
func (s *Service) grant(ctx context.Context, in componentInput) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.components.Get(tx, in.Key)
		if err != nil || !in.is(c) {
			return gone(err)
		}
		next := *c.Next
		next.Granted, c.Next = true, &next
		if err := s.components.Put(tx, in.Key, c); err != nil {
			return err
		}
		ok, v, err := s.allot(tx, in.Key, c)
		if err != nil || ok {
			return err
		}
		if v == nil {
			return &noRoom{"The endpoint has no variant " + c.Variant + " any more."}
		}
		each, _, most := v.capacity()
		return &noRoom{fmt.Sprintf("Not enough hardware resources on the instances of the variant %s to place %d copies of the inference component: "+
			"each instance of type %s has %g vCPUs and %d MB, and there may be %d.", c.Variant, next.Copies, v.Of.InstanceType, each.Cores, each.MemoryMB, most)}
	})
}

// allot gives a component's variant as many instances as its components have been granted. ok is false when there may not be as many.
func (s *Service) allot(tx *store.Tx, k store.Key, c component) (ok bool, v *variant, err error) {
	endpoint := k
	endpoint.ID = c.Endpoint
	e, err := s.endpoints.Get(tx, endpoint)
	if err != nil || e.Current == nil {
		return false, nil, gone(err)
	}
	d := *e.Current
	d.Variants = append([]variant(nil), d.Variants...)
	if v = d.variant(c.Variant); v == nil {
		return false, nil, nil
	}
	rows, err := s.components.List(tx, store.Range{Account: k.Account, Region: k.Region})
	if err != nil {
		return false, nil, err
	}
	var copies []hosting.Room
	for _, r := range rows {
		if p := r.Value.granted(); p != nil && r.Value.Endpoint == c.Endpoint && r.Value.Variant == c.Variant {
			for range p.Copies {
				copies = append(copies, p.room())
			}
		}
	}
	each, least, most := v.capacity()
	n, ok := hosting.Place(each, copies)
	if !ok || n > most {
		return false, v, nil
	}
	if m := v.Of.ManagedInstanceScaling; m == nil || m.Status != types.ManagedInstanceScalingStatusEnabled || v.Count == int32(max(n, least)) {
		return true, v, nil
	}
	v.Count, e.Current = int32(max(n, least)), &d
	return true, v, s.endpoints.Put(tx, endpoint, e)
}

// placedComponent writes down how it went. An update that failed leaves what served before.
func (s *Service) placedComponent(ctx context.Context, in componentInput, failure error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.components.Get(tx, in.Key)
		if err != nil || !in.is(c) {
			return gone(err)
		}
		c.Status, c.Modified = types.InferenceComponentStatusInService, s.Clock.Now()
		switch {
		case failure == nil:
			c.Current, c.Next = c.Next, nil
		case c.Current == nil: // Next stays, to tell of
			c.Status, c.Failure = types.InferenceComponentStatusFailed, componentReason(failure)
		default:
			c.Failure, c.Next = componentReason(failure), nil
		}
		if err := s.components.Put(tx, in.Key, c); err != nil {
			return err
		}
		_, _, err = s.allot(tx, in.Key, c)
		return err
	})
}

func componentReason(err error) string {
	var room *noRoom
	if errors.As(err, &room) {
		return room.reason
	}
	return strings.ReplaceAll(reason(err), "for this endpoint", "for this inference component")
}

// removeComponent ends a component.
func (s *Service) removeComponent(ctx context.Context, k store.Key) error {
	s.Fleet.Remove(componentFleet(k))
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.components.Get(tx, k)
		if err != nil || c.Status != types.InferenceComponentStatusDeleting {
			return gone(err)
		}
		if err := s.components.Delete(tx, k); err != nil {
			return err
		}
		if err := s.untag(tx, aComponent, k); err != nil {
			return err
		}
		_, _, err = s.allot(tx, k, c)
		return err
	})
}

// componentWanted tells whether an inference component shall serve.
func (s *Service) componentWanted(ctx context.Context, k store.Key) (is bool) {
	err := s.image.Read(ctx, func() {
		c, there := s.components.Rows()[k]
		is = there && c.Status != types.InferenceComponentStatusDeleting
	})
	return is || err != nil
}
