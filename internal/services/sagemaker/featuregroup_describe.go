package sagemaker

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// maxDefinitions is how many definitions are told of at a time.
const maxDefinitions = 2500

func (s *Service) group(ctx context.Context, k store.Key) (g featureGroup, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g, err = s.groups.Get(tx, k)
		return noResource(aFeatureGroup, k, err)
	})
	return g, err
}

// DescribeFeatureGroup tells of a group.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeFeatureGroup.html
func (s *Service) DescribeFeatureGroup(ctx context.Context, in *sagemaker.DescribeFeatureGroupInput) (*sagemaker.DescribeFeatureGroupOutput, error) {
	k := groupKey(ctx, in.FeatureGroupName)
	g, err := s.group(ctx, k)
	if err != nil {
		return nil, err
	}
	out := &sagemaker.DescribeFeatureGroupOutput{FeatureGroupName: &k.ID, FeatureGroupArn: aws.String(aFeatureGroup.of(k)), CreationTime: &g.Created,
		LastModifiedTime: &g.Modified, Description: g.In.Description, EventTimeFeatureName: g.In.EventTimeFeatureName,
		RecordIdentifierFeatureName: g.In.RecordIdentifierFeatureName, RoleArn: g.In.RoleArn, FeatureGroupStatus: g.Status,
		OnlineStoreConfig: g.In.OnlineStoreConfig, OfflineStoreConfig: g.In.OfflineStoreConfig, OfflineStoreStatus: g.offlineStatus()}
	if g.Failure != "" {
		out.FailureReason = &g.Failure
	}
	if g.Update != "" {
		out.LastUpdateStatus = &types.LastUpdateStatus{Status: g.Update}
	}
	out.ThroughputConfig = &types.ThroughputConfigDescription{ThroughputMode: types.ThroughputModeOnDemand}
	if t := g.In.ThroughputConfig; t != nil {
		out.ThroughputConfig = &types.ThroughputConfigDescription{ThroughputMode: t.ThroughputMode,
			ProvisionedReadCapacityUnits: t.ProvisionedReadCapacityUnits, ProvisionedWriteCapacityUnits: t.ProvisionedWriteCapacityUnits}
	}
	position, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, invalid("Invalid NextToken.")
	}
	from, _ := strconv.Atoi(position)
	rest := g.Features[min(from, len(g.Features)):]
	if len(rest) > maxDefinitions {
		rest, out.NextToken = rest[:maxDefinitions], wire.PageToken(ctx, strconv.Itoa(from+maxDefinitions))
	}
	for _, f := range rest {
		d := types.FeatureDefinition{FeatureName: aws.String(f.Name), FeatureType: types.FeatureType(f.Kind), CollectionType: types.CollectionType(f.As)}
		if f.Size > 0 {
			d.CollectionConfig = &types.CollectionConfigMemberVectorConfig{Value: types.VectorConfig{Dimension: aws.Int32(f.Size)}}
		}
		out.FeatureDefinitions = append(out.FeatureDefinitions, d)
	}
	return out, nil
}

func (g *featureGroup) offlineStatus() *types.OfflineStoreStatus {
	switch {
	case g.In.OfflineStoreConfig == nil:
		return nil
	case g.Blocked != "":
		return &types.OfflineStoreStatus{Status: types.OfflineStoreStatusValueBlocked, BlockedReason: &g.Blocked}
	}
	return &types.OfflineStoreStatus{Status: types.OfflineStoreStatusValueActive}
}

func (s *Service) describeFeatureGroupTargets(ctx context.Context, in *sagemaker.DescribeFeatureGroupInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}

// DescribeFeatureMetadata tells of a feature.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeFeatureMetadata.html
func (s *Service) DescribeFeatureMetadata(ctx context.Context, in *sagemaker.DescribeFeatureMetadataInput) (*sagemaker.DescribeFeatureMetadataOutput, error) {
	k := groupKey(ctx, in.FeatureGroupName)
	g, err := s.group(ctx, k)
	if err != nil {
		return nil, err
	}
	f := g.feature(aws.ToString(in.FeatureName))
	if f == nil {
		return nil, &types.ResourceNotFound{Message: aws.String("Resource Not Found: the feature group " + k.ID + " has no feature " + aws.ToString(in.FeatureName) + ".")}
	}
	out := &sagemaker.DescribeFeatureMetadataOutput{FeatureGroupArn: aws.String(aFeatureGroup.of(k)), FeatureGroupName: &k.ID, FeatureName: &f.Name,
		FeatureType: types.FeatureType(f.Kind), CreationTime: &f.Created, LastModifiedTime: &f.Modified}
	if f.Description != "" {
		out.Description = &f.Description
	}
	for _, name := range slices.Sorted(maps.Keys(f.Parameters)) {
		out.Parameters = append(out.Parameters, types.FeatureParameter{Key: aws.String(name), Value: aws.String(f.Parameters[name])})
	}
	return out, nil
}

func (s *Service) describeFeatureMetadataTargets(ctx context.Context, in *sagemaker.DescribeFeatureMetadataInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}

// ListFeatureGroups lists groups, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListFeatureGroups.html
func (s *Service) ListFeatureGroups(ctx context.Context, in *sagemaker.ListFeatureGroupsInput) (*sagemaker.ListFeatureGroupsOutput, error) {
	rows, next, err := list(ctx, s, s.groups, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		status: string(in.FeatureGroupStatusEquals), byName: in.SortBy == types.FeatureGroupSortByName,
		byStatus:  in.SortBy == types.FeatureGroupSortByFeatureGroupStatus || in.SortBy == types.FeatureGroupSortByOfflineStoreStatus,
		ascending: in.SortOrder == types.FeatureGroupSortOrderAscending, limit: in.MaxResults, token: in.NextToken}, func(r store.Row[featureGroup]) entry {
		offline := r.Value.offlineStatus()
		return entry{name: r.Key.ID, status: string(r.Value.Status), created: r.Value.Created, modified: r.Value.Modified,
			other: in.OfflineStoreStatusEquals != "" && (offline == nil || offline.Status != in.OfflineStoreStatusEquals)}
	})
	out := &sagemaker.ListFeatureGroupsOutput{FeatureGroupSummaries: []types.FeatureGroupSummary{}, NextToken: next}
	for _, r := range rows {
		out.FeatureGroupSummaries = append(out.FeatureGroupSummaries, types.FeatureGroupSummary{FeatureGroupName: aws.String(r.Key.ID),
			FeatureGroupArn: aws.String(aFeatureGroup.of(r.Key)), CreationTime: &r.Value.Created, FeatureGroupStatus: r.Value.Status,
			OfflineStoreStatus: r.Value.offlineStatus()})
	}
	return out, err
}
