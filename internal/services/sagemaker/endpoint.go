package sagemaker

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// endpoint is where models are invoked.
type endpoint struct {
	Status            types.EndpointStatus
	Failure           string `json:",omitempty"`
	Created, Modified time.Time
	Current           *deployment             `json:",omitempty"` // serves
	Next              *deployment             `json:",omitempty"` // is being made
	Policy            *types.DeploymentConfig `json:",omitempty"` // of the last update
}

// deployment is a configuration as it was when it was deployed: deleting the configuration or its models changes nothing.
type deployment struct {
	ID       string // of its own
	Config   string
	Variants []variant
	Shadows  []variant                   `json:",omitempty"`
	Async    *types.AsyncInferenceConfig `json:",omitempty"`
	Capture  *types.DataCaptureConfig    `json:",omitempty"`
	Isolated bool                        `json:",omitempty"`
	Role     string                      `json:",omitempty"` // of the inference components
}

// variant is a production variant with what is wanted of it now.
type variant struct {
	Of     types.ProductionVariant
	Model  model
	Weight float32
	Count  int32
}

func (d *deployment) variant(name string) *variant {
	for i := range d.Variants {
		if aws.ToString(d.Variants[i].Of.VariantName) == name {
			return &d.Variants[i]
		}
	}
	return nil
}

func newDeployment(id string, c endpointConfig, models map[string]model) *deployment {
	variants := func(list []types.ProductionVariant) (out []variant) {
		for _, v := range list {
			out = append(out, variant{v, models[aws.ToString(v.ModelName)], aws.ToFloat32(v.InitialVariantWeight), aws.ToInt32(v.InitialInstanceCount)})
		}
		return out
	}
	return &deployment{ID: id, Config: aws.ToString(c.In.EndpointConfigName), Variants: variants(c.In.ProductionVariants),
		Shadows: variants(c.In.ShadowProductionVariants), Async: c.In.AsyncInferenceConfig, Capture: c.In.DataCaptureConfig,
		Isolated: aws.ToBool(c.In.EnableNetworkIsolation), Role: aws.ToString(c.In.ExecutionRoleArn)}
}

// change sets a deployment on its way, in tx.
func (s *Service) change(tx *store.Tx, k store.Key, e endpoint, status types.EndpointStatus, next *deployment) error {
	e.Status, e.Failure, e.Modified, e.Next = status, "", s.Clock.Now(), next
	if err := s.endpoints.Put(tx, k, e); err != nil {
		return err
	}
	if err := s.told(tx, k, e); err != nil {
		return err
	}
	_, err := tx.Enqueue(deployJob, deployInput{Key: k, Deployment: next.ID})
	return err
}

// CreateEndpoint deploys a configuration.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
func (s *Service) CreateEndpoint(ctx context.Context, in *sagemaker.CreateEndpointInput) (*sagemaker.CreateEndpointOutput, error) {
	k, now := here(ctx, aws.ToString(in.EndpointName)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	return &sagemaker.CreateEndpointOutput{EndpointArn: aws.String(anEndpoint.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		config := k
		config.ID = aws.ToString(in.EndpointConfigName)
		c, models, err := s.deployable(tx, config)
		if err != nil {
			return err
		}
		e := endpoint{Created: now, Policy: in.DeploymentConfig}
		if err := s.endpoints.Insert(tx, k, e); err != nil {
			return anEndpoint.found(k, err)
		}
		if err := s.tag(tx, anEndpoint, k, tags); err != nil {
			return err
		}
		return s.change(tx, k, e, types.EndpointStatusCreating, newDeployment(newID(), c, models))
	})
}

func (s *Service) createEndpointTargets(ctx context.Context, in *sagemaker.CreateEndpointInput) ([]wire.Target, error) {
	targets, err := anEndpoint.on(ctx, in.EndpointName)
	config, _ := aConfig.on(ctx, in.EndpointConfigName)
	return append(targets, config...), err
}

// still refuses changes of an endpoint that is changing.
func still(k store.Key, e endpoint) error {
	switch {
	case e.Next != nil && e.Status != types.EndpointStatusFailed:
		return invalid("Cannot update in-progress endpoint %q.", anEndpoint.of(k))
	case e.Status == types.EndpointStatusDeleting:
		return invalid("Cannot update endpoint %q: it is being deleted.", anEndpoint.of(k))
	case e.Current == nil:
		return invalid("Cannot update endpoint %q with status %q.", anEndpoint.of(k), e.Status)
	}
	return nil
}

// UpdateEndpoint deploys another configuration in place of the one that serves. No request is lost by it.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
func (s *Service) UpdateEndpoint(ctx context.Context, in *sagemaker.UpdateEndpointInput) (*sagemaker.UpdateEndpointOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointName))
	return &sagemaker.UpdateEndpointOutput{EndpointArn: aws.String(anEndpoint.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, k)
		if err != nil {
			return anEndpoint.found(k, err)
		}
		if err := still(k, e); err != nil {
			return err
		}
		config := k
		config.ID = aws.ToString(in.EndpointConfigName)
		c, models, err := s.deployable(tx, config)
		if err != nil {
			return err
		}
		next := newDeployment(newID(), c, models)
		if next.hosts() != e.Current.hosts() {
			return invalid("Cannot update endpoint %q: one with models cannot become one for inference components, nor the other way round.", anEndpoint.of(k))
		}
		if aws.ToBool(in.RetainAllVariantProperties) {
			retain(next, e.Current, in.ExcludeRetainedVariantProperties)
		}
		if !aws.ToBool(in.RetainDeploymentConfig) {
			e.Policy = in.DeploymentConfig
		}
		return s.change(tx, k, e, types.EndpointStatusUpdating, next)
	})
}

// retain gives the variants of next what those of now have.
func retain(next, now *deployment, but []types.VariantProperty) {
	kept := map[types.VariantPropertyType]bool{types.VariantPropertyTypeDesiredInstanceCount: true, types.VariantPropertyTypeDesiredWeight: true,
		types.VariantPropertyTypeDataCaptureConfig: true}
	for _, p := range but {
		kept[p.VariantPropertyType] = false
	}
	for i := range next.Variants {
		v := &next.Variants[i]
		was := now.variant(aws.ToString(v.Of.VariantName))
		if was == nil {
			continue
		}
		if kept[types.VariantPropertyTypeDesiredInstanceCount] {
			v.Count = was.Count
		}
		if kept[types.VariantPropertyTypeDesiredWeight] {
			v.Weight = was.Weight
		}
	}
	if kept[types.VariantPropertyTypeDataCaptureConfig] {
		next.Capture = now.Capture
	}
}

func (s *Service) updateEndpointTargets(ctx context.Context, in *sagemaker.UpdateEndpointInput) ([]wire.Target, error) {
	targets, err := anEndpoint.on(ctx, in.EndpointName)
	config, _ := aConfig.on(ctx, in.EndpointConfigName)
	return append(targets, config...), err
}

// UpdateEndpointWeightsAndCapacities changes how many instances variants have and which part of the traffic.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html
func (s *Service) UpdateEndpointWeightsAndCapacities(ctx context.Context, in *sagemaker.UpdateEndpointWeightsAndCapacitiesInput) (*sagemaker.UpdateEndpointWeightsAndCapacitiesOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointName))
	return &sagemaker.UpdateEndpointWeightsAndCapacitiesOutput{EndpointArn: aws.String(anEndpoint.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, k)
		if err != nil {
			return anEndpoint.found(k, err)
		}
		if err := still(k, e); err != nil {
			return err
		}
		next := *e.Current
		next.Variants = append([]variant(nil), e.Current.Variants...)
		for _, d := range in.DesiredWeightsAndCapacities {
			v := next.variant(aws.ToString(d.VariantName))
			if v == nil {
				return invalid("Could not find variant %q of endpoint %q.", aws.ToString(d.VariantName), anEndpoint.of(k))
			}
			if d.DesiredWeight != nil {
				v.Weight = *d.DesiredWeight
			}
			switch {
			case v.Of.ServerlessConfig != nil && d.DesiredInstanceCount != nil:
				return invalid("DesiredInstanceCount means nothing for the serverless variant %q.", *d.VariantName)
			case v.Of.ServerlessConfig == nil && d.ServerlessUpdateConfig != nil:
				return invalid("ServerlessUpdateConfig means nothing for variant %q, which has instances.", *d.VariantName)
			case d.DesiredInstanceCount != nil && *d.DesiredInstanceCount == 0 && e.Current.Async == nil:
				return invalid("Only variants of asynchronous endpoints can have no instances.")
			case d.DesiredInstanceCount != nil:
				v.Count = *d.DesiredInstanceCount
			case d.ServerlessUpdateConfig != nil:
				c := *v.Of.ServerlessConfig
				if n := d.ServerlessUpdateConfig.MaxConcurrency; n != nil {
					c.MaxConcurrency = n
				}
				if n := d.ServerlessUpdateConfig.ProvisionedConcurrency; n != nil {
					c.ProvisionedConcurrency = n
				}
				v.Of.ServerlessConfig = &c
			}
		}
		return s.change(tx, k, e, types.EndpointStatusUpdating, &next)
	})
}

func (s *Service) updateWeightsTargets(ctx context.Context, in *sagemaker.UpdateEndpointWeightsAndCapacitiesInput) ([]wire.Target, error) {
	return anEndpoint.on(ctx, in.EndpointName)
}

// DeleteEndpoint ends an endpoint. Requests under way are answered.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html
func (s *Service) DeleteEndpoint(ctx context.Context, in *sagemaker.DeleteEndpointInput) (*sagemaker.DeleteEndpointOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointName))
	return &sagemaker.DeleteEndpointOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, k)
		if err != nil {
			return anEndpoint.found(k, err)
		}
		if e.Status == types.EndpointStatusDeleting {
			return nil
		}
		if err := s.bare(tx, k); err != nil {
			return err
		}
		e.Status, e.Next, e.Modified = types.EndpointStatusDeleting, nil, s.Clock.Now()
		if err := s.endpoints.Put(tx, k, e); err != nil {
			return err
		}
		if err := s.told(tx, k, e); err != nil {
			return err
		}
		_, err = tx.Enqueue(removeJob, k)
		return err
	})
}

func (s *Service) deleteEndpointTargets(ctx context.Context, in *sagemaker.DeleteEndpointInput) ([]wire.Target, error) {
	return anEndpoint.on(ctx, in.EndpointName)
}
