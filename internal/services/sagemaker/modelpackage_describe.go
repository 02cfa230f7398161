package sagemaker

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

func (s *Service) modelPackage(ctx context.Context, k store.Key) (p modelPackage, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = s.packages.Get(tx, k)
		return noPackage(aPackage, k, err)
	})
	return p, err
}

// DescribeModelPackage tells of a package.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html
func (s *Service) DescribeModelPackage(ctx context.Context, in *sagemaker.DescribeModelPackageInput) (*sagemaker.DescribeModelPackageOutput, error) {
	k := packageKey(ctx, aPackage, in.ModelPackageName)
	p, err := s.modelPackage(ctx, k)
	if err != nil {
		return nil, err
	}
	of := p.In
	out := &sagemaker.DescribeModelPackageOutput{ModelPackageArn: aws.String(aPackage.of(k)), ModelPackageName: p.In.ModelPackageName, CreationTime: &p.Created,
		CreatedBy: &p.By, ModelPackageStatus: types.ModelPackageStatusCompleted, ModelPackageStatusDetails: completed(),
		AdditionalInferenceSpecifications: of.AdditionalInferenceSpecifications, CertifyForMarketplace: aws.Bool(false),
		CustomerMetadataProperties: of.CustomerMetadataProperties, Domain: of.Domain, DriftCheckBaselines: of.DriftCheckBaselines,
		InferenceSpecification: of.InferenceSpecification, MetadataProperties: of.MetadataProperties, ModelApprovalStatus: p.Approval,
		ApprovalDescription: p.Remark, ModelCard: of.ModelCard, ModelLifeCycle: of.ModelLifeCycle, ModelMetrics: of.ModelMetrics,
		ModelPackageDescription: of.ModelPackageDescription, ModelPackageRegistrationType: of.ModelPackageRegistrationType,
		SamplePayloadUrl: of.SamplePayloadUrl, SecurityConfig: of.SecurityConfig, SkipModelValidation: of.SkipModelValidation, SourceUri: of.SourceUri,
		Task: of.Task}
	if p.Group != "" {
		out.ModelPackageGroupName, out.ModelPackageVersion = &p.Group, &p.Version
	}
	if p.Modified != p.Created {
		out.LastModifiedTime, out.LastModifiedBy = &p.Modified, &p.ModifiedBy
	}
	return out, nil
}

func completed() *types.ModelPackageStatusDetails {
	return &types.ModelPackageStatusDetails{ValidationStatuses: []types.ModelPackageStatusItem{}, ImageScanStatuses: []types.ModelPackageStatusItem{}}
}

func (s *Service) describeModelPackageTargets(ctx context.Context, in *sagemaker.DescribeModelPackageInput) ([]wire.Target, error) {
	return onPackage(ctx, aPackage, in.ModelPackageName)
}

// BatchDescribeModelPackage tells of several packages.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BatchDescribeModelPackage.html
func (s *Service) BatchDescribeModelPackage(ctx context.Context, in *sagemaker.BatchDescribeModelPackageInput) (*sagemaker.BatchDescribeModelPackageOutput, error) {
	out := &sagemaker.BatchDescribeModelPackageOutput{ModelPackageSummaries: map[string]types.BatchDescribeModelPackageSummary{},
		BatchDescribeModelPackageErrorMap: map[string]types.BatchDescribeModelPackageError{}}
	for _, name := range in.ModelPackageArnList {
		k := packageKey(ctx, aPackage, &name)
		p, err := s.modelPackage(ctx, k)
		var told *wire.Error
		switch {
		case errors.As(err, &told):
			out.BatchDescribeModelPackageErrorMap[name] = types.BatchDescribeModelPackageError{ErrorCode: &told.Code, ErrorResponse: &told.Message}
			continue
		case err != nil:
			return nil, err
		}
		sum := types.BatchDescribeModelPackageSummary{ModelPackageArn: aws.String(aPackage.of(k)), CreationTime: &p.Created,
			InferenceSpecification: p.In.InferenceSpecification, ModelPackageStatus: types.ModelPackageStatusCompleted, ModelApprovalStatus: p.Approval,
			ModelPackageDescription: p.In.ModelPackageDescription, ModelPackageRegistrationType: p.In.ModelPackageRegistrationType}
		if p.Group != "" {
			sum.ModelPackageGroupName, sum.ModelPackageVersion = &p.Group, &p.Version
		}
		out.ModelPackageSummaries[name] = sum
	}
	return out, nil
}

func (s *Service) batchDescribeModelPackageTargets(ctx context.Context, in *sagemaker.BatchDescribeModelPackageInput) (targets []wire.Target, err error) {
	for _, name := range in.ModelPackageArnList {
		on, _ := onPackage(ctx, aPackage, &name)
		targets = append(targets, on...)
	}
	return targets, nil
}

// ListModelPackages lists packages, the newest first: the versions of a group when one is named, otherwise those by themselves.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListModelPackages.html
func (s *Service) ListModelPackages(ctx context.Context, in *sagemaker.ListModelPackagesInput) (*sagemaker.ListModelPackagesOutput, error) {
	group := packageKey(ctx, aPackageGroup, in.ModelPackageGroupName).ID
	rows, next, err := list(ctx, s, s.packages, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		byName: in.SortBy == types.ModelPackageSortByName, ascending: in.SortOrder == types.SortOrderAscending, limit: in.MaxResults, token: in.NextToken},
		func(r store.Row[modelPackage]) entry {
			p := r.Value
			other := in.ModelApprovalStatus != "" && p.Approval != in.ModelApprovalStatus
			switch {
			case group != "":
				other = other || p.Group != group
			case in.ModelPackageType != types.ModelPackageTypeBoth:
				other = other || (p.Group != "") != (in.ModelPackageType == types.ModelPackageTypeVersioned)
			}
			return entry{name: r.Key.ID, created: p.Created, other: other}
		})
	out := &sagemaker.ListModelPackagesOutput{ModelPackageSummaryList: []types.ModelPackageSummary{}, NextToken: next}
	for _, r := range rows {
		p := r.Value
		sum := types.ModelPackageSummary{ModelPackageArn: aws.String(aPackage.of(r.Key)), CreationTime: &p.Created, ModelPackageDescription: p.In.ModelPackageDescription,
			ModelPackageStatus: types.ModelPackageStatusCompleted, ModelApprovalStatus: p.Approval, ModelLifeCycle: p.In.ModelLifeCycle,
			ModelPackageRegistrationType: p.In.ModelPackageRegistrationType}
		if p.Group != "" {
			sum.ModelPackageGroupName, sum.ModelPackageVersion = &p.Group, &p.Version
		} else {
			sum.ModelPackageName = p.In.ModelPackageName
		}
		out.ModelPackageSummaryList = append(out.ModelPackageSummaryList, sum)
	}
	return out, err
}
