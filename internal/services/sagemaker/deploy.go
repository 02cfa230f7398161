package sagemaker

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/uuid"
)

// The jobs of endpoints.
const (
	deployJob = "sagemaker-deploy"
	removeJob = "sagemaker-remove-endpoint"
)

type deployInput struct {
	Key        store.Key
	Deployment string
}

func newID() string { return uuid.NewString() }

// fleetKey names an endpoint to the fleet.
func fleetKey(k store.Key) string { return k.Account + "/" + k.Region + "/" + k.ID }

// Run starts what served when the server was stopped.
func (s *Service) Run(ctx context.Context) {
	_ = s.image.Await(ctx, func(err error) { s.Logger.Error("cannot read endpoints", "error", err) }) // its error is ctx's
	_ = s.image.Read(ctx, func() {
		for k, e := range s.endpoints.Rows() {
			if e.Current != nil && !e.Current.hosts() && e.Status != types.EndpointStatusDeleting {
				go s.resume(ctx, k, fleetKey(k), s.spec(k, *e.Current), s.wanted)
			}
		}
		for k, c := range s.components.Rows() {
			if c.Current != nil && c.Status != types.InferenceComponentStatusDeleting {
				go s.resume(ctx, k, componentFleet(k), s.componentSpec(k, c, *c.Current), s.componentWanted)
			}
		}
	})
	tick := time.NewTicker(captureEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.writeCaptures(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			s.writeCaptures(ctx)
			s.measureBacklogs(ctx)
		}
	}
}

// resume serves again what served. A model that cannot be started any more is tried until it can, or is no longer wanted.
func (s *Service) resume(ctx context.Context, k store.Key, fleet string, spec hosting.Spec, wanted func(context.Context, store.Key) bool) {
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
		if s.Fleet.Serves(fleet) || !wanted(ctx, k) { // an update was faster, or the end
			return
		}
		r, err := s.Fleet.Prepare(ctx, fleet, spec)
		if err == nil {
			r.First()
			s.unlessWanted(ctx, k, fleet, wanted)
			return
		}
		s.Logger.Error("model cannot be served again", "of", fleet, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// unlessWanted takes from the fleet what was deleted while it was on its way there.
func (s *Service) unlessWanted(ctx context.Context, k store.Key, fleet string, wanted func(context.Context, store.Key) bool) {
	if !wanted(ctx, k) {
		s.Fleet.Remove(fleet)
	}
}

// wanted tells whether an endpoint shall serve.
func (s *Service) wanted(ctx context.Context, k store.Key) (is bool) {
	err := s.image.Read(ctx, func() {
		e, there := s.endpoints.Rows()[k]
		is = there && e.Status != types.EndpointStatusDeleting
	})
	return is || err != nil
}

// deploy makes of an endpoint what it shall be. It is run again from the start when the server was killed.
func (s *Service) deploy(ctx context.Context, in deployInput) error {
	var e endpoint
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		e, err = s.endpoints.Get(tx, in.Key)
		return err
	}); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	if e.Next == nil || e.Next.ID != in.Deployment || e.Status == types.EndpointStatusDeleting {
		return nil
	}
	return s.bring(ctx, in, e)
}

// bring deploys what an endpoint, as it was read, shall be next. It may have been deleted since.
func (s *Service) bring(ctx context.Context, in deployInput, e endpoint) error {
	err := s.roll(ctx, in.Key, e)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.unlessWanted(ctx, in.Key, fleetKey(in.Key), s.wanted)
	return s.deployed(ctx, in.Key, in.Deployment, err)
}

// roll brings the fleet to what is next.
func (s *Service) roll(ctx context.Context, k store.Key, e endpoint) error {
	if e.Next.hosts() { // what runs is its components'
		return nil
	}
	spec := s.spec(k, *e.Next)
	if e.Current != nil && e.Current.ID == e.Next.ID { // of the same deployment other numbers
		err := s.Fleet.Scale(ctx, fleetKey(k), spec)
		if !errors.Is(err, hosting.ErrGone) {
			return err
		}
	}
	r, err := s.Fleet.Prepare(ctx, fleetKey(k), spec)
	if err != nil {
		return err
	}
	if err := s.shift(ctx, k, e, r); err != nil {
		r.Abort()
		return err
	}
	r.Finish()
	return nil
}

// deployed writes down how it went. An update that failed leaves what served before.
func (s *Service) deployed(ctx context.Context, k store.Key, id string, failure error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) || err == nil && (e.Next == nil || e.Next.ID != id || e.Status == types.EndpointStatusDeleting) {
			return nil
		}
		if err != nil {
			return err
		}
		created := e.Current == nil
		e.Status, e.Modified = types.EndpointStatusInService, s.Clock.Now()
		switch {
		case failure == nil:
			e.Current, e.Next = e.Next, nil
		case e.Current == nil: // Next stays, to tell of
			e.Status, e.Failure = types.EndpointStatusFailed, reason(failure)
		default:
			e.Failure, e.Next = reason(failure), nil
		}
		if err := s.endpoints.Put(tx, k, e); err != nil {
			return err
		}
		if created && failure == nil {
			if err := s.introduce(tx, k, e); err != nil {
				return err
			}
		}
		return s.told(tx, k, e)
	})
}

// reason is what the user is told of an error.
func reason(err error) string {
	var start *hosting.StartError
	var rolled *rolledBack
	switch {
	case errors.As(err, &start):
		return start.Reason
	case errors.As(err, &rolled):
		return rolled.Error()
	}
	return "Request to service failed. If failure persists after retry, contact customer support."
}

// remove ends an endpoint.
func (s *Service) remove(ctx context.Context, k store.Key) error {
	s.Fleet.Remove(fleetKey(k))
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) || err == nil && e.Status != types.EndpointStatusDeleting {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.endpoints.Delete(tx, k); err != nil {
			return err
		}
		return s.untag(tx, anEndpoint, k)
	})
}

// told emits the event of an endpoint's state.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
func (s *Service) told(tx *store.Tx, k store.Key, e endpoint) error {
	d := e.Current
	if d == nil {
		d = e.Next
	}
	config := ""
	if d != nil {
		config = d.Config
	}
	names := map[types.EndpointStatus]string{types.EndpointStatusCreating: "CREATING", types.EndpointStatusUpdating: "UPDATING",
		types.EndpointStatusInService: "IN_SERVICE", types.EndpointStatusFailed: "FAILED", types.EndpointStatusDeleting: "DELETING"}
	detail, err := json.Marshal(map[string]any{"EndpointName": k.ID, "EndpointArn": anEndpoint.of(k), "EndpointConfigName": config,
		"EndpointStatus": names[e.Status], "FailureReason": e.Failure, "CreationTime": e.Created.UnixMilli(), "LastModifiedTime": e.Modified.UnixMilli()})
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.sagemaker", DetailType: "SageMaker Endpoint State Change", Account: k.Account, Region: k.Region, Time: e.Modified,
		Resources: []string{anEndpoint.of(k)}, Detail: detail})
}

// spec says to the fleet what a deployment is.
func (s *Service) spec(k store.Key, d deployment) hosting.Spec {
	out := hosting.Spec{Name: k.ID}
	for _, v := range d.Variants {
		out.Variants = append(out.Variants, s.variantSpec(k, d, v))
	}
	for _, v := range d.Shadows {
		out.Shadows = append(out.Shadows, s.variantSpec(k, d, v))
	}
	return out
}

func (s *Service) variantSpec(k store.Key, d deployment, v variant) hosting.Variant {
	out := hosting.Variant{Name: aws.ToString(v.Of.VariantName), Weight: float64(v.Weight), Count: int(v.Count), Model: s.modelSpec(k, v.Model, d.Isolated,
		"/aws/sagemaker/Endpoints/"+k.ID)}
	size, _ := container.InstanceType(string(v.Of.InstanceType))
	if c := v.Of.ServerlessConfig; c != nil {
		size = container.ServerlessSize(int(aws.ToInt32(c.MemorySizeInMB)))
		out.Serverless, out.Count = &hosting.Serverless{Max: int(aws.ToInt32(c.MaxConcurrency))}, int(aws.ToInt32(c.ProvisionedConcurrency))
	}
	out.MemoryMB, out.CPU = size.MemoryMB, size.Cores
	out.Model.Measure = s.measure(k)
	out.Startup = time.Duration(aws.ToInt32(v.Of.ContainerStartupHealthCheckTimeoutInSeconds)) * time.Second
	out.Download = time.Duration(aws.ToInt32(v.Of.ModelDataDownloadTimeoutInSeconds)) * time.Second
	return out
}

// modelSpec says what a model is, with its surroundings. Lines of its containers go to group.
func (s *Service) modelSpec(k store.Key, m model, isolated bool, group string) hosting.Model {
	out := hosting.Model{Direct: direct(m), Isolated: isolated || aws.ToBool(m.In.EnableNetworkIsolation)}
	for _, c := range m.containers() {
		h := hosting.Container{Host: aws.ToString(c.ContainerHostname), Image: aws.ToString(c.Image), Env: c.Environment, Data: aws.ToString(c.ModelDataUrl),
			Multi: c.Mode == types.ContainerModeMultiModel}
		h.Cold = c.MultiModelConfig != nil && c.MultiModelConfig.ModelCacheSetting == types.ModelCacheSettingDisabled
		if h.Multi && h.Data != "" && !strings.HasSuffix(h.Data, "/") {
			h.Data += "/"
		}
		if d := c.ModelDataSource; d != nil && d.S3DataSource != nil {
			h.Data, h.Plain = aws.ToString(d.S3DataSource.S3Uri), d.S3DataSource.CompressionType != types.ModelCompressionTypeGzip
		}
		out.Containers = append(out.Containers, h)
	}
	out.Env = s.environment(k, aws.ToString(m.In.ExecutionRoleArn), group)
	return out
}
