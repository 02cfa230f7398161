package sagemaker

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// endpointConfig is what an endpoint is made of.
type endpointConfig struct {
	In      sagemaker.CreateEndpointConfigInput
	Created time.Time
}

// CreateEndpointConfig names the variants that an endpoint shall have.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
func (s *Service) CreateEndpointConfig(ctx context.Context, in *sagemaker.CreateEndpointConfigInput) (*sagemaker.CreateEndpointConfigOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointConfigName))
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	c := endpointConfig{In: *in, Created: s.Clock.Now()}
	c.In.Tags = nil
	if err := checkConfig(&c.In); err != nil {
		return nil, err
	}
	if in.ExecutionRoleArn != nil {
		if err := s.trusted(ctx, *in.ExecutionRoleArn); err != nil {
			return nil, err
		}
	}
	return &sagemaker.CreateEndpointConfigOutput{EndpointConfigArn: aws.String(aConfig.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, v := range append(c.In.ProductionVariants[:len(c.In.ProductionVariants):len(c.In.ProductionVariants)], c.In.ShadowProductionVariants...) {
			of := k
			of.ID = aws.ToString(v.ModelName)
			if of.ID == "" {
				continue
			}
			if _, err := s.models.Get(tx, of); err != nil {
				return aModel.found(of, err)
			}
		}
		if err := s.configs.Insert(tx, k, c); err != nil {
			return aConfig.found(k, err)
		}
		return s.tag(tx, aConfig, k, tags)
	})
}

func (s *Service) createConfigTargets(ctx context.Context, in *sagemaker.CreateEndpointConfigInput) ([]wire.Target, error) {
	targets, err := aConfig.on(ctx, in.EndpointConfigName)
	if in.ExecutionRoleArn != nil {
		targets = append(targets, passRole(in.ExecutionRoleArn))
	}
	return targets, err
}

// checkConfig fills what a configuration leaves open, and checks it.
func checkConfig(in *sagemaker.CreateEndpointConfigInput) error {
	if in.ExplainerConfig != nil {
		return wire.Errorf(400, "NotImplemented", "Explainers of endpoints are not implemented by Atelier.")
	}
	shadows := len(in.ShadowProductionVariants)
	switch {
	case shadows > 1 || shadows == 1 && len(in.ProductionVariants) != 1:
		return invalid("One shadow variant beside one production variant is allowed.")
	case shadows == 1 && in.AsyncInferenceConfig != nil:
		return invalid("Shadow variants are not supported for asynchronous endpoints.")
	}
	names, hosts := map[string]bool{}, 0
	for _, list := range [][]types.ProductionVariant{in.ProductionVariants, in.ShadowProductionVariants} {
		for i := range list {
			v := &list[i]
			if name := aws.ToString(v.VariantName); names[name] {
				return invalid("Variant names must be unique: %q is given twice.", name)
			}
			names[aws.ToString(v.VariantName)] = true
			if aws.ToString(v.ModelName) == "" {
				hosts++
			}
			if err := checkVariant(v, in.AsyncInferenceConfig != nil); err != nil {
				return err
			}
		}
	}
	if hosts > 0 {
		if err := checkHosts(in, hosts == len(names)); err != nil {
			return err
		}
	}
	if a := in.AsyncInferenceConfig; a != nil {
		if len(in.ProductionVariants) > 1 {
			return invalid("Asynchronous endpoints have one production variant.")
		}
		for _, uri := range []*string{a.OutputConfig.S3OutputPath, a.OutputConfig.S3FailurePath} {
			if _, _, ok := bucketAndKey(aws.ToString(uri)); uri != nil && !ok {
				return invalid("Invalid S3 URI %q.", *uri)
			}
		}
	}
	return nil
}

// checkHosts checks a configuration whose variants have no models: they take inference components.
func checkHosts(in *sagemaker.CreateEndpointConfigInput, all bool) error {
	switch {
	case !all:
		return invalid("Variants with models and variants for inference components cannot be in one endpoint configuration.")
	case in.ExecutionRoleArn == nil:
		return invalid("ExecutionRoleArn is required: variants without ModelName take inference components, which run in its name.")
	case in.AsyncInferenceConfig != nil, len(in.ShadowProductionVariants) > 0:
		return invalid("Inference components are supported neither by asynchronous endpoints nor by shadow variants.")
	}
	return nil
}

func checkVariant(v *types.ProductionVariant, async bool) error {
	name := aws.ToString(v.VariantName)
	if v.InitialVariantWeight == nil {
		v.InitialVariantWeight = aws.Float32(1)
	}
	switch {
	case len(v.InstancePools) > 0, len(v.AcceleratorPartitionLayouts) > 0:
		return wire.Errorf(400, "NotImplemented", "Instance pools and accelerator partitions are not implemented by Atelier.")
	case v.ServerlessConfig != nil && aws.ToString(v.ModelName) == "":
		return invalid("ModelName is required for the serverless variant %q.", name)
	case v.ServerlessConfig != nil && v.InstanceType != "":
		return invalid("ServerlessConfig and InstanceType cannot both be given for variant %q.", name)
	case v.ServerlessConfig == nil && v.InstanceType == "":
		return invalid("Either ServerlessConfig or InstanceType must be given for variant %q.", name)
	case v.ServerlessConfig != nil && async:
		return invalid("Asynchronous inference is not supported for serverless variants.")
	}
	if c := v.ServerlessConfig; c != nil {
		if m := aws.ToInt32(c.MemorySizeInMB); m%1024 != 0 {
			return invalid("Invalid MemorySizeInMB %d: it must be 1024, 2048, 3072, 4096, 5120 or 6144.", m)
		}
		if c.ProvisionedConcurrency != nil && *c.ProvisionedConcurrency > aws.ToInt32(c.MaxConcurrency) {
			return invalid("ProvisionedConcurrency must be less than or equal to MaxConcurrency.")
		}
		return nil
	}
	if m := v.ManagedInstanceScaling; m != nil && m.Status == types.ManagedInstanceScalingStatusEnabled {
		if m.MinInstanceCount == nil || m.MaxInstanceCount == nil || *m.MinInstanceCount > *m.MaxInstanceCount {
			return invalid("ManagedInstanceScaling of variant %q needs a MinInstanceCount and a MaxInstanceCount that is no less.", name)
		}
		if v.InitialInstanceCount == nil {
			v.InitialInstanceCount = m.MinInstanceCount
		}
	}
	if v.InitialInstanceCount == nil {
		v.InitialInstanceCount = aws.Int32(1)
	}
	if _, known := container.InstanceType(string(v.InstanceType)); !known {
		return wire.Errorf(400, "NotImplemented", "Instances of type "+string(v.InstanceType)+" are not implemented by Atelier.")
	}
	return nil
}

// DescribeEndpointConfig tells of a configuration.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpointConfig.html
func (s *Service) DescribeEndpointConfig(ctx context.Context, in *sagemaker.DescribeEndpointConfigInput) (*sagemaker.DescribeEndpointConfigOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointConfigName))
	var c endpointConfig
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.configs.Get(tx, k)
		return aConfig.found(k, err)
	}); err != nil {
		return nil, err
	}
	isolated := aws.ToBool(c.In.EnableNetworkIsolation)
	return &sagemaker.DescribeEndpointConfigOutput{EndpointConfigName: c.In.EndpointConfigName, EndpointConfigArn: aws.String(aConfig.of(k)),
		CreationTime: &c.Created, ProductionVariants: c.In.ProductionVariants, ShadowProductionVariants: c.In.ShadowProductionVariants,
		AsyncInferenceConfig: c.In.AsyncInferenceConfig, DataCaptureConfig: c.In.DataCaptureConfig, KmsKeyId: c.In.KmsKeyId,
		ExecutionRoleArn: c.In.ExecutionRoleArn, VpcConfig: c.In.VpcConfig, EnableNetworkIsolation: &isolated, MetricsConfig: c.In.MetricsConfig}, nil
}

func (s *Service) describeConfigTargets(ctx context.Context, in *sagemaker.DescribeEndpointConfigInput) ([]wire.Target, error) {
	return aConfig.on(ctx, in.EndpointConfigName)
}

// DeleteEndpointConfig forgets a configuration. What was deployed of it stays.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html
func (s *Service) DeleteEndpointConfig(ctx context.Context, in *sagemaker.DeleteEndpointConfigInput) (*sagemaker.DeleteEndpointConfigOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointConfigName))
	return &sagemaker.DeleteEndpointConfigOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.configs.Delete(tx, k); err != nil {
			return aConfig.found(k, err)
		}
		return s.untag(tx, aConfig, k)
	})
}

func (s *Service) deleteConfigTargets(ctx context.Context, in *sagemaker.DeleteEndpointConfigInput) ([]wire.Target, error) {
	return aConfig.on(ctx, in.EndpointConfigName)
}

// ListEndpointConfigs lists configurations, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpointConfigs.html
func (s *Service) ListEndpointConfigs(ctx context.Context, in *sagemaker.ListEndpointConfigsInput) (*sagemaker.ListEndpointConfigsOutput, error) {
	rows, next, err := list(ctx, s, s.configs, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		byName: in.SortBy == types.EndpointConfigSortKeyName, ascending: in.SortOrder == types.OrderKeyAscending, limit: in.MaxResults,
		token: in.NextToken}, func(r store.Row[endpointConfig]) entry { return entry{name: r.Key.ID, created: r.Value.Created} })
	out := &sagemaker.ListEndpointConfigsOutput{EndpointConfigs: []types.EndpointConfigSummary{}, NextToken: next}
	for _, r := range rows {
		out.EndpointConfigs = append(out.EndpointConfigs, types.EndpointConfigSummary{EndpointConfigName: aws.String(r.Key.ID),
			EndpointConfigArn: aws.String(aConfig.of(r.Key)), CreationTime: &r.Value.Created})
	}
	return out, err
}

// deployable reads a configuration with the models of its variants.
func (s *Service) deployable(tx *store.Tx, k store.Key) (c endpointConfig, models map[string]model, err error) {
	if c, err = s.configs.Get(tx, k); err != nil {
		return c, nil, aConfig.found(k, err)
	}
	models = map[string]model{}
	for _, list := range [][]types.ProductionVariant{c.In.ProductionVariants, c.In.ShadowProductionVariants} {
		for _, v := range list {
			of := k
			if of.ID = aws.ToString(v.ModelName); of.ID == "" {
				continue
			}
			m, err := s.models.Get(tx, of)
			if errors.Is(err, store.ErrNotFound) {
				return c, nil, aModel.missing(of)
			}
			if err != nil {
				return c, nil, err
			}
			models[of.ID] = m
		}
	}
	return c, models, nil
}
