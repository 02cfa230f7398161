package sagemaker

import (
	"context"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// packageGroup is what the versions of a model are in.
type packageGroup struct {
	Description *string `json:",omitempty"`
	Created     time.Time
	Last        int32 // version that was given last: none is given twice
	By          types.UserContext
}

// packageKey is the key of a model package or a group of them that is named or given by its ARN.
func packageKey(ctx context.Context, k kind, nameOrARN *string) store.Key {
	text := aws.ToString(nameOrARN)
	if a, err := arn.Parse(text); err == nil {
		return store.Key{Account: a.Account, Region: a.Region, ID: strings.TrimPrefix(a.Resource, k.arn+"/")}
	}
	return here(ctx, text)
}

func onPackage(ctx context.Context, k kind, nameOrARN *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: k.of(packageKey(ctx, k, nameOrARN))}}, nil
}

// noPackage is the error of model packages and groups that are not there.
func noPackage(k kind, of store.Key, err error) error {
	if err == store.ErrNotFound {
		return invalid("%s %s does not exist.", k.word, k.of(of))
	}
	return err
}

// who is the caller, as SageMaker notes who made something.
func who(ctx context.Context) types.UserContext {
	p := wire.CallOf(ctx).Principal
	return types.UserContext{IamIdentity: &types.IamIdentity{Arn: aws.String(p.ARN), PrincipalId: aws.String(p.UserID)}}
}

// CreateModelPackageGroup makes a group for the versions of a model.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html
func (s *Service) CreateModelPackageGroup(ctx context.Context, in *sagemaker.CreateModelPackageGroupInput) (*sagemaker.CreateModelPackageGroupOutput, error) {
	k := here(ctx, aws.ToString(in.ModelPackageGroupName))
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.ManagedConfiguration != nil {
		return nil, wire.Errorf(400, "NotImplemented", "Managed model package groups are not implemented by Atelier.")
	}
	g := packageGroup{Description: in.ModelPackageGroupDescription, Created: s.Clock.Now(), By: who(ctx)}
	return &sagemaker.CreateModelPackageGroupOutput{ModelPackageGroupArn: aws.String(aPackageGroup.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.packageGroups.Insert(tx, k, g); err != nil {
			if err == store.ErrExists {
				return invalid("Model Package Group already exists: %s", aPackageGroup.of(k))
			}
			return err
		}
		return s.tag(tx, aPackageGroup, k, tags)
	})
}

func (s *Service) createModelPackageGroupTargets(ctx context.Context, in *sagemaker.CreateModelPackageGroupInput) ([]wire.Target, error) {
	return aPackageGroup.on(ctx, in.ModelPackageGroupName)
}

// DescribeModelPackageGroup tells of a group.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackageGroup.html
func (s *Service) DescribeModelPackageGroup(ctx context.Context, in *sagemaker.DescribeModelPackageGroupInput) (*sagemaker.DescribeModelPackageGroupOutput, error) {
	k := packageKey(ctx, aPackageGroup, in.ModelPackageGroupName)
	var g packageGroup
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g, err = s.packageGroups.Get(tx, k)
		return noPackage(aPackageGroup, k, err)
	}); err != nil {
		return nil, err
	}
	return &sagemaker.DescribeModelPackageGroupOutput{ModelPackageGroupName: &k.ID, ModelPackageGroupArn: aws.String(aPackageGroup.of(k)),
		ModelPackageGroupDescription: g.Description, ModelPackageGroupStatus: types.ModelPackageGroupStatusCompleted, CreationTime: &g.Created,
		CreatedBy: &g.By}, nil
}

func (s *Service) describeModelPackageGroupTargets(ctx context.Context, in *sagemaker.DescribeModelPackageGroupInput) ([]wire.Target, error) {
	return onPackage(ctx, aPackageGroup, in.ModelPackageGroupName)
}

// DeleteModelPackageGroup deletes a group that has no versions.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModelPackageGroup.html
func (s *Service) DeleteModelPackageGroup(ctx context.Context, in *sagemaker.DeleteModelPackageGroupInput) (*sagemaker.DeleteModelPackageGroupOutput, error) {
	k := packageKey(ctx, aPackageGroup, in.ModelPackageGroupName)
	return &sagemaker.DeleteModelPackageGroupOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		versions, err := s.packages.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Limit: 1})
		switch {
		case err != nil:
			return err
		case len(versions) > 0:
			return &types.ConflictException{Message: aws.String("Model Package Group cannot be deleted because it still contains Model Packages.")}
		}
		if err := s.packageGroups.Delete(tx, k); err != nil {
			return noPackage(aPackageGroup, k, err)
		}
		return s.untag(tx, aPackageGroup, k)
	})
}

func (s *Service) deleteModelPackageGroupTargets(ctx context.Context, in *sagemaker.DeleteModelPackageGroupInput) ([]wire.Target, error) {
	return onPackage(ctx, aPackageGroup, in.ModelPackageGroupName)
}

// ListModelPackageGroups lists groups, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListModelPackageGroups.html
func (s *Service) ListModelPackageGroups(ctx context.Context, in *sagemaker.ListModelPackageGroupsInput) (*sagemaker.ListModelPackageGroupsOutput, error) {
	rows, next, err := list(ctx, s, s.packageGroups, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		byName: in.SortBy == types.ModelPackageGroupSortByName, ascending: in.SortOrder == types.SortOrderAscending, limit: in.MaxResults, token: in.NextToken},
		func(r store.Row[packageGroup]) entry { return entry{name: r.Key.ID, created: r.Value.Created} })
	out := &sagemaker.ListModelPackageGroupsOutput{ModelPackageGroupSummaryList: []types.ModelPackageGroupSummary{}, NextToken: next}
	for _, r := range rows {
		out.ModelPackageGroupSummaryList = append(out.ModelPackageGroupSummaryList, types.ModelPackageGroupSummary{ModelPackageGroupName: aws.String(r.Key.ID),
			ModelPackageGroupArn: aws.String(aPackageGroup.of(r.Key)), ModelPackageGroupDescription: r.Value.Description, CreationTime: &r.Value.Created,
			ModelPackageGroupStatus: types.ModelPackageGroupStatusCompleted})
	}
	return out, err
}
