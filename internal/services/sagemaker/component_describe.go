package sagemaker

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// DescribeInferenceComponent tells of a component.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceComponent.html
func (s *Service) DescribeInferenceComponent(ctx context.Context, in *sagemaker.DescribeInferenceComponentInput) (*sagemaker.DescribeInferenceComponentOutput, error) {
	k := here(ctx, aws.ToString(in.InferenceComponentName))
	var c component
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.components.Get(tx, k)
		return aComponent.found(k, err)
	}); err != nil {
		return nil, err
	}
	out := &sagemaker.DescribeInferenceComponentOutput{InferenceComponentName: &k.ID, InferenceComponentArn: aws.String(aComponent.of(k)),
		EndpointName: &c.Endpoint, EndpointArn: aws.String(anEndpoint.of(here(ctx, c.Endpoint))), VariantName: &c.Variant,
		InferenceComponentStatus: c.Status, CreationTime: &c.Created, LastModifiedTime: &c.Modified, LastDeploymentConfig: c.Policy,
		RuntimeConfig: &types.InferenceComponentRuntimeConfigSummary{CurrentCopyCount: aws.Int32(0)}}
	if c.Failure != "" {
		out.FailureReason = &c.Failure
	}
	now := c.Current
	if now == nil {
		now = c.Next
	} else {
		out.RuntimeConfig.CurrentCopyCount = &c.Current.Copies
	}
	if now == nil {
		return out, nil
	}
	out.RuntimeConfig.DesiredCopyCount = &now.Copies
	if c.Next != nil {
		out.RuntimeConfig.DesiredCopyCount = &c.Next.Copies
	}
	out.Specification = summaryOf(*now)
	return out, nil
}

func summaryOf(p placed) *types.InferenceComponentSpecificationSummary {
	out := &types.InferenceComponentSpecificationSummary{ModelName: p.Spec.ModelName, ComputeResourceRequirements: p.Spec.ComputeResourceRequirements,
		SchedulingConfig: p.Spec.SchedulingConfig, StartupParameters: p.Spec.StartupParameters}
	if d := p.Spec.DataCacheConfig; d != nil {
		out.DataCacheConfig = &types.InferenceComponentDataCacheConfigSummary{EnableCaching: d.EnableCaching}
	}
	if c := p.Spec.Container; c != nil {
		out.Container = &types.InferenceComponentContainerSpecificationSummary{ArtifactUrl: c.ArtifactUrl, Environment: c.Environment}
		if c.Image != nil {
			out.Container.DeployedImage = &types.DeployedImage{SpecifiedImage: c.Image, ResolvedImage: c.Image, ResolutionTime: &p.Model.Created}
		}
	}
	return out
}

func (s *Service) describeComponentTargets(ctx context.Context, in *sagemaker.DescribeInferenceComponentInput) ([]wire.Target, error) {
	return aComponent.on(ctx, in.InferenceComponentName)
}

// ListInferenceComponents lists components, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListInferenceComponents.html
func (s *Service) ListInferenceComponents(ctx context.Context, in *sagemaker.ListInferenceComponentsInput) (*sagemaker.ListInferenceComponentsOutput, error) {
	rows, next, err := list(ctx, s, s.components, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		modifiedAfter: in.LastModifiedTimeAfter, modifiedBefore: in.LastModifiedTimeBefore, status: string(in.StatusEquals),
		byName: in.SortBy == types.InferenceComponentSortKeyName, byStatus: in.SortBy == types.InferenceComponentSortKeyStatus,
		ascending: in.SortOrder == types.OrderKeyAscending, limit: in.MaxResults, token: in.NextToken}, func(r store.Row[component]) entry {
		c := r.Value
		return entry{name: r.Key.ID, status: string(c.Status), created: c.Created, modified: c.Modified,
			other: in.EndpointNameEquals != nil && c.Endpoint != *in.EndpointNameEquals || in.VariantNameEquals != nil && c.Variant != *in.VariantNameEquals}
	})
	out := &sagemaker.ListInferenceComponentsOutput{InferenceComponents: []types.InferenceComponentSummary{}, NextToken: next}
	for _, r := range rows {
		c := r.Value
		out.InferenceComponents = append(out.InferenceComponents, types.InferenceComponentSummary{InferenceComponentName: aws.String(r.Key.ID),
			InferenceComponentArn: aws.String(aComponent.of(r.Key)), InferenceComponentStatus: c.Status, EndpointName: &c.Endpoint,
			EndpointArn: aws.String(anEndpoint.of(here(ctx, c.Endpoint))), VariantName: &c.Variant, CreationTime: &c.Created, LastModifiedTime: &c.Modified})
	}
	return out, err
}
