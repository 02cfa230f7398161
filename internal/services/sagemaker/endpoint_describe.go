package sagemaker

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// DescribeEndpoint tells of an endpoint.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
func (s *Service) DescribeEndpoint(ctx context.Context, in *sagemaker.DescribeEndpointInput) (*sagemaker.DescribeEndpointOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointName))
	var e endpoint
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		e, err = s.endpoints.Get(tx, k)
		return anEndpoint.found(k, err)
	}); err != nil {
		return nil, err
	}
	out := &sagemaker.DescribeEndpointOutput{EndpointName: in.EndpointName, EndpointArn: aws.String(anEndpoint.of(k)), EndpointStatus: e.Status,
		CreationTime: &e.Created, LastModifiedTime: &e.Modified, LastDeploymentConfig: e.Policy}
	if e.Failure != "" {
		out.FailureReason = &e.Failure
	}
	now, next := e.Current, e.Next
	if now == nil {
		now = next
	}
	if now == nil {
		return out, nil
	}
	out.EndpointConfigName, out.AsyncInferenceConfig = &now.Config, now.Async
	if c := now.Capture; c != nil {
		enabled := c.EnableCapture == nil || *c.EnableCapture
		status := types.CaptureStatusStarted
		if !enabled {
			status = types.CaptureStatusStopped
		}
		out.DataCaptureConfig = &types.DataCaptureConfigSummary{EnableCapture: &enabled, CaptureStatus: status,
			CurrentSamplingPercentage: c.InitialSamplingPercentage, DestinationS3Uri: c.DestinationS3Uri, KmsKeyId: c.KmsKeyId}
		if c.KmsKeyId == nil {
			out.DataCaptureConfig.KmsKeyId = aws.String("")
		}
	}
	if e.Current != nil {
		out.ProductionVariants = summaries(anEndpoint.of(k), e.Current.Variants, next)
		out.ShadowProductionVariants = summaries(anEndpoint.of(k), e.Current.Shadows, nil)
	}
	return out, nil
}

// summaries tell what variants have, and what they shall have next.
func summaries(endpoint string, list []variant, next *deployment) (out []types.ProductionVariantSummary) {
	for _, v := range list {
		wanted := v
		if next != nil {
			if n := next.variant(aws.ToString(v.Of.VariantName)); n != nil {
				wanted = *n
			}
		}
		sum := types.ProductionVariantSummary{VariantName: v.Of.VariantName, CurrentWeight: aws.Float32(v.Weight), DesiredWeight: aws.Float32(wanted.Weight),
			RoutingConfig: v.Of.RoutingConfig}
		if v.Of.ServerlessConfig != nil {
			sum.CurrentServerlessConfig, sum.DesiredServerlessConfig = v.Of.ServerlessConfig, wanted.Of.ServerlessConfig
			sum.CurrentInstanceCount, sum.DesiredInstanceCount = aws.Int32(0), aws.Int32(0)
		} else {
			sum.CurrentInstanceCount, sum.DesiredInstanceCount = aws.Int32(v.Count), aws.Int32(wanted.Count)
		}
		for _, c := range v.Model.containers() {
			sum.DeployedImages = append(sum.DeployedImages, types.DeployedImage{SpecifiedImage: c.Image, ResolvedImage: c.Image, ResolutionTime: &v.Model.Created})
		}
		out = append(out, sum)
	}
	return out
}

func (s *Service) describeEndpointTargets(ctx context.Context, in *sagemaker.DescribeEndpointInput) ([]wire.Target, error) {
	return anEndpoint.on(ctx, in.EndpointName)
}

// ListEndpoints lists endpoints, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html
func (s *Service) ListEndpoints(ctx context.Context, in *sagemaker.ListEndpointsInput) (*sagemaker.ListEndpointsOutput, error) {
	rows, next, err := list(ctx, s, s.endpoints, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		modifiedAfter: in.LastModifiedTimeAfter, modifiedBefore: in.LastModifiedTimeBefore, status: string(in.StatusEquals),
		byName: in.SortBy == types.EndpointSortKeyName, byStatus: in.SortBy == types.EndpointSortKeyStatus,
		ascending: in.SortOrder == types.OrderKeyAscending, limit: in.MaxResults, token: in.NextToken}, func(r store.Row[endpoint]) entry {
		return entry{name: r.Key.ID, status: string(r.Value.Status), created: r.Value.Created, modified: r.Value.Modified}
	})
	out := &sagemaker.ListEndpointsOutput{Endpoints: []types.EndpointSummary{}, NextToken: next}
	for _, r := range rows {
		out.Endpoints = append(out.Endpoints, types.EndpointSummary{EndpointName: aws.String(r.Key.ID), EndpointArn: aws.String(anEndpoint.of(r.Key)),
			EndpointStatus: r.Value.Status, CreationTime: &r.Value.Created, LastModifiedTime: &r.Value.Modified})
	}
	return out, err
}
