package sagemaker

import (
	"context"
	"maps"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// component is a model with its copies on the instances of an endpoint that has none of its own.
type component struct {
	Endpoint, Variant string
	Status            types.InferenceComponentStatus
	Failure           string `json:",omitempty"`
	Created, Modified time.Time
	Current           *placed                                   `json:",omitempty"` // serves
	Next              *placed                                   `json:",omitempty"` // is being made
	Policy            *types.InferenceComponentDeploymentConfig `json:",omitempty"` // of the last update
}

// placed is a specification as it was when it was given: deleting its model changes nothing.
type placed struct {
	ID      string // of the specification; copies come and go under it
	Spec    types.InferenceComponentSpecification
	Model   model
	Copies  int32
	Granted bool `json:",omitempty"` // there is room for it
}

// granted is what a component takes of the instances; nil when it is nothing.
func (c component) granted() *placed {
	if c.Next != nil && c.Next.Granted && c.Status != types.InferenceComponentStatusFailed {
		return c.Next
	}
	return c.Current
}

// room is what each copy takes of an instance.
func (p placed) room() hosting.Room {
	r := p.Spec.ComputeResourceRequirements
	return hosting.Room{Cores: float64(aws.ToFloat32(r.NumberOfCpuCoresRequired)), MemoryMB: int(aws.ToInt32(r.MinMemoryRequiredInMb))}
}

// CreateInferenceComponent places a model on an endpoint.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceComponent.html
func (s *Service) CreateInferenceComponent(ctx context.Context, in *sagemaker.CreateInferenceComponentInput) (*sagemaker.CreateInferenceComponentOutput, error) {
	k, now := here(ctx, aws.ToString(in.InferenceComponentName)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.Specification == nil || len(in.Specifications) > 0 {
		return nil, wire.Errorf(400, "NotImplemented", "Inference components without a Specification, or with several, are not implemented by Atelier.")
	}
	if in.RuntimeConfig == nil {
		return nil, invalid("RuntimeConfig is required.")
	}
	next := &placed{ID: newID(), Spec: *in.Specification, Copies: aws.ToInt32(in.RuntimeConfig.CopyCount)}
	if err := s.fitModel(ctx, here(ctx, aws.ToString(in.EndpointName)), next); err != nil {
		return nil, err
	}
	return &sagemaker.CreateInferenceComponentOutput{InferenceComponentArn: aws.String(aComponent.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		v, err := s.host(tx, here(ctx, aws.ToString(in.EndpointName)), aws.ToString(in.VariantName))
		if err != nil {
			return err
		}
		c := component{Endpoint: aws.ToString(in.EndpointName), Variant: aws.ToString(v.Of.VariantName), Created: now}
		if err := s.components.Insert(tx, k, c); err != nil {
			return aComponent.found(k, err)
		}
		if err := s.tag(tx, aComponent, k, tags); err != nil {
			return err
		}
		return s.changeComponent(tx, k, c, types.InferenceComponentStatusCreating, next)
	})
}

func (s *Service) createComponentTargets(ctx context.Context, in *sagemaker.CreateInferenceComponentInput) ([]wire.Target, error) {
	targets, err := aComponent.on(ctx, in.InferenceComponentName)
	endpoint, _ := anEndpoint.on(ctx, in.EndpointName)
	return append(targets, endpoint...), err
}

// changeComponent sets a component on its way, in tx.
func (s *Service) changeComponent(tx *store.Tx, k store.Key, c component, status types.InferenceComponentStatus, next *placed) error {
	c.Status, c.Failure, c.Modified, c.Next = status, "", s.Clock.Now(), next
	if err := s.components.Put(tx, k, c); err != nil {
		return err
	}
	_, err := tx.Enqueue(componentJob, componentInput{Key: k, ID: next.ID, Copies: next.Copies})
	return err
}

// host finds the variant of an endpoint that takes components.
func (s *Service) host(tx *store.Tx, k store.Key, name string) (*variant, error) {
	e, err := s.endpoints.Get(tx, k)
	switch {
	case err != nil:
		return nil, anEndpoint.found(k, err)
	case e.Current == nil || e.Status == types.EndpointStatusDeleting:
		return nil, invalid("Cannot create an inference component on endpoint %q with status %q.", anEndpoint.of(k), e.Status)
	case !e.Current.hosts():
		return nil, invalid("Endpoint %q has models of its own: it takes no inference components.", anEndpoint.of(k))
	}
	if name == "" && len(e.Current.Variants) == 1 {
		return &e.Current.Variants[0], nil
	}
	v := e.Current.variant(name)
	if v == nil {
		return nil, invalid("Could not find variant %q of endpoint %q.", name, anEndpoint.of(k))
	}
	return v, nil
}

// hosts tells whether a deployment is of instances alone, for inference components.
func (d *deployment) hosts() bool {
	return len(d.Variants) > 0 && aws.ToString(d.Variants[0].Of.ModelName) == ""
}

// fitModel checks a specification and puts its model together: one that was made, with what the specification gives, or the
// container that it names, in the name of the endpoint's role.
func (s *Service) fitModel(ctx context.Context, endpoint store.Key, p *placed) error {
	spec := p.Spec
	unbuilt := func(what string) error {
		return wire.Errorf(400, "NotImplemented", what+" of inference components are not implemented by Atelier.")
	}
	r := spec.ComputeResourceRequirements
	switch {
	case spec.BaseInferenceComponentName != nil:
		return unbuilt("Adapters")
	case spec.InstanceType != "":
		return unbuilt("Instance types")
	case r == nil:
		return invalid("ComputeResourceRequirements is required.")
	case r.NumberOfAcceleratorDevicesRequired != nil, r.AcceleratorPartitionType != nil:
		return unbuilt("Accelerators")
	case r.MaxMemoryRequiredInMb != nil && *r.MaxMemoryRequiredInMb < aws.ToInt32(r.MinMemoryRequiredInMb):
		return invalid("MaxMemoryRequiredInMb must not be less than MinMemoryRequiredInMb.")
	case spec.ModelName == nil && (spec.Container == nil || spec.Container.Image == nil):
		return invalid("One of ModelName and Container with an Image must be given.")
	}
	k, role := endpoint, ""
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, endpoint)
		if err != nil {
			return anEndpoint.found(endpoint, err)
		}
		if e.Current != nil {
			role = e.Current.Role
		}
		if spec.ModelName == nil {
			return nil
		}
		k.ID = *spec.ModelName
		p.Model, err = s.models.Get(tx, k)
		return aModel.found(k, err)
	}); err != nil {
		return err
	}
	if spec.ModelName == nil {
		c := types.ContainerDefinition{Image: spec.Container.Image, ModelDataUrl: spec.Container.ArtifactUrl, Environment: spec.Container.Environment}
		p.Model = model{In: sagemaker.CreateModelInput{PrimaryContainer: &c, ExecutionRoleArn: &role}, Created: s.Clock.Now()}
		return s.readable(ctx, endpoint, role, c)
	}
	if spec.Container != nil && len(p.Model.containers()) == 1 {
		c := p.Model.containers()[0]
		c.Environment = maps.Clone(c.Environment)
		if c.Environment == nil {
			c.Environment = map[string]string{}
		}
		maps.Copy(c.Environment, spec.Container.Environment)
		p.Model.Unpacked = []types.ContainerDefinition{c}
	}
	return nil
}

// UpdateInferenceComponent changes the model of a component, or how many copies there are. No request is lost by it.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateInferenceComponent.html
func (s *Service) UpdateInferenceComponent(ctx context.Context, in *sagemaker.UpdateInferenceComponentInput) (*sagemaker.UpdateInferenceComponentOutput, error) {
	k := here(ctx, aws.ToString(in.InferenceComponentName))
	if len(in.Specifications) > 0 {
		return nil, wire.Errorf(400, "NotImplemented", "Inference components with several specifications are not implemented by Atelier.")
	}
	var fit *placed
	if in.Specification != nil {
		var c component
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			c, err = s.components.Get(tx, k)
			return aComponent.found(k, err)
		}); err != nil {
			return nil, err
		}
		fit = &placed{ID: newID(), Spec: *in.Specification}
		if fit.Spec.ComputeResourceRequirements == nil && c.Current != nil {
			fit.Spec.ComputeResourceRequirements = c.Current.Spec.ComputeResourceRequirements
		}
		if err := s.fitModel(ctx, here(ctx, c.Endpoint), fit); err != nil {
			return nil, err
		}
	}
	return &sagemaker.UpdateInferenceComponentOutput{InferenceComponentArn: aws.String(aComponent.of(k))}, s.scaleComponent(ctx, k, in.RuntimeConfig,
		func(c *component) *placed { c.Policy = in.DeploymentConfig; return fit })
}

func (s *Service) updateComponentTargets(ctx context.Context, in *sagemaker.UpdateInferenceComponentInput) ([]wire.Target, error) {
	return aComponent.on(ctx, in.InferenceComponentName)
}

// UpdateInferenceComponentRuntimeConfig changes how many copies there are.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateInferenceComponentRuntimeConfig.html
func (s *Service) UpdateInferenceComponentRuntimeConfig(ctx context.Context, in *sagemaker.UpdateInferenceComponentRuntimeConfigInput) (*sagemaker.UpdateInferenceComponentRuntimeConfigOutput, error) {
	k := here(ctx, aws.ToString(in.InferenceComponentName))
	return &sagemaker.UpdateInferenceComponentRuntimeConfigOutput{InferenceComponentArn: aws.String(aComponent.of(k))}, s.scaleComponent(ctx, k,
		in.DesiredRuntimeConfig, func(*component) *placed { return nil })
}

func (s *Service) updateRuntimeConfigTargets(ctx context.Context, in *sagemaker.UpdateInferenceComponentRuntimeConfigInput) ([]wire.Target, error) {
	return aComponent.on(ctx, in.InferenceComponentName)
}

// scaleComponent changes what serves to what fit gives, when it gives something, with as many copies.
func (s *Service) scaleComponent(ctx context.Context, k store.Key, r *types.InferenceComponentRuntimeConfig, fit func(*component) *placed) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.components.Get(tx, k)
		switch {
		case err != nil:
			return aComponent.found(k, err)
		case c.Status != types.InferenceComponentStatusInService || c.Current == nil:
			return invalid("Cannot update inference component %q with status %q.", aComponent.of(k), c.Status)
		}
		next := *c.Current
		next.Granted = false
		if n := fit(&c); n != nil {
			n.Copies = next.Copies
			next = *n
		}
		if r != nil {
			next.Copies = aws.ToInt32(r.CopyCount)
		}
		return s.changeComponent(tx, k, c, types.InferenceComponentStatusUpdating, &next)
	})
}

// DeleteInferenceComponent ends a component. Requests under way are answered.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteInferenceComponent.html
func (s *Service) DeleteInferenceComponent(ctx context.Context, in *sagemaker.DeleteInferenceComponentInput) (*sagemaker.DeleteInferenceComponentOutput, error) {
	k := here(ctx, aws.ToString(in.InferenceComponentName))
	return &sagemaker.DeleteInferenceComponentOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.components.Get(tx, k)
		if err != nil {
			return aComponent.found(k, err)
		}
		if c.Status == types.InferenceComponentStatusDeleting {
			return nil
		}
		c.Status, c.Next, c.Modified = types.InferenceComponentStatusDeleting, nil, s.Clock.Now()
		if err := s.components.Put(tx, k, c); err != nil {
			return err
		}
		_, err = tx.Enqueue(removeComponentJob, k)
		return err
	})
}

func (s *Service) deleteComponentTargets(ctx context.Context, in *sagemaker.DeleteInferenceComponentInput) ([]wire.Target, error) {
	return aComponent.on(ctx, in.InferenceComponentName)
}

// bare refuses to end an endpoint that still has components.
func (s *Service) bare(tx *store.Tx, k store.Key) error {
	rows, err := s.components.List(tx, store.Range{Account: k.Account, Region: k.Region})
	for _, r := range rows {
		if r.Value.Endpoint == k.ID {
			return invalid("Cannot delete endpoint %q: delete its inference components first, such as %s.", anEndpoint.of(k), r.Key.ID)
		}
	}
	return err
}

// capacity is how many instances of which size a variant may have.
func (v *variant) capacity() (each hosting.Room, least, most int) {
	size, _ := container.InstanceType(string(v.Of.InstanceType))
	least, most = int(v.Count), int(v.Count)
	if m := v.Of.ManagedInstanceScaling; m != nil && m.Status == types.ManagedInstanceScalingStatusEnabled {
		least, most = int(aws.ToInt32(m.MinInstanceCount)), int(aws.ToInt32(m.MaxInstanceCount))
	}
	return hosting.Room{Cores: size.Cores, MemoryMB: size.MemoryMB}, least, most
}
