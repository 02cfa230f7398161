package sagemaker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// modelPackage is a model that was registered: a version in a group, or one by itself.
type modelPackage struct {
	In                sagemaker.CreateModelPackageInput
	Group             string `json:",omitempty"`
	Version           int32  `json:",omitempty"`
	Approval          types.ModelApprovalStatus
	Remark            *string `json:",omitempty"` // of the approval
	Created, Modified time.Time
	By, ModifiedBy    types.UserContext
}

// CreateModelPackage registers a model.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
func (s *Service) CreateModelPackage(ctx context.Context, in *sagemaker.CreateModelPackageInput) (*sagemaker.CreateModelPackageOutput, error) {
	now := s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := checkPackage(in); err != nil {
		return nil, err
	}
	p := modelPackage{In: *in, Created: now, Modified: now, By: who(ctx)}
	p.In.Tags, p.In.ClientToken = nil, nil
	asked := *in
	asked.ClientToken = nil
	var out *sagemaker.CreateModelPackageOutput
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientToken, asked, func() (*sagemaker.CreateModelPackageOutput, error) {
			k := here(ctx, aws.ToString(in.ModelPackageName))
			if in.ModelPackageGroupName != nil {
				if k, err = s.version(ctx, tx, &p); err != nil {
					return nil, err
				}
			}
			if err := s.packages.Insert(tx, k, p); err != nil {
				if errors.Is(err, store.ErrExists) {
					return nil, invalid("Model Package already exists: %s", aPackage.of(k))
				}
				return nil, err
			}
			if err := s.tag(tx, aPackage, k, tags); err != nil {
				return nil, err
			}
			return &sagemaker.CreateModelPackageOutput{ModelPackageArn: aws.String(aPackage.of(k))}, s.packageTold(tx, k, p)
		})
		if errors.Is(err, wire.ErrTokenReused) {
			return &types.ConflictException{Message: aws.String("The ClientToken was used with other parameters.")}
		}
		return err
	})
	return out, err
}

// version makes a package the next version of its group.
func (s *Service) version(ctx context.Context, tx *store.Tx, p *modelPackage) (store.Key, error) {
	k := packageKey(ctx, aPackageGroup, p.In.ModelPackageGroupName)
	g, err := s.packageGroups.Get(tx, k)
	if err != nil {
		return k, noPackage(aPackageGroup, k, err)
	}
	g.Last++
	p.Group, p.Version, p.Approval = k.ID, g.Last, p.In.ModelApprovalStatus
	if p.Approval == "" {
		p.Approval = types.ModelApprovalStatusPendingManualApproval
	}
	if err := s.packageGroups.Put(tx, k, g); err != nil {
		return k, err
	}
	k.ID = fmt.Sprintf("%s/%d", k.ID, g.Last)
	return k, nil
}

func checkPackage(in *sagemaker.CreateModelPackageInput) error {
	switch {
	case (in.ModelPackageGroupName == nil) == (in.ModelPackageName == nil):
		return invalid("Exactly one of ModelPackageName and ModelPackageGroupName must be given.")
	case in.ModelPackageGroupName == nil && in.ModelApprovalStatus != "":
		return invalid("ModelApprovalStatus is only for versions of a model package group.")
	case in.ModelPackageGroupName != nil && len(in.Tags) > 0:
		return invalid("Tags cannot be given to versions of a model package group. Tag the group.")
	case in.ValidationSpecification != nil, aws.ToBool(in.CertifyForMarketplace):
		return wire.Errorf(400, "NotImplemented", "Validation of model packages and the marketplace are not implemented by Atelier.")
	case in.ManagedStorageType != "", in.SourceAlgorithmSpecification != nil:
		return wire.Errorf(400, "NotImplemented", "Model packages of algorithms and with managed storage are not implemented by Atelier.")
	case in.InferenceSpecification == nil && in.SourceUri == nil:
		return invalid("One of InferenceSpecification, SourceAlgorithmSpecification and SourceUri must be given.")
	}
	return nil
}

func (s *Service) createModelPackageTargets(ctx context.Context, in *sagemaker.CreateModelPackageInput) ([]wire.Target, error) {
	if in.ModelPackageGroupName == nil {
		return aPackage.on(ctx, in.ModelPackageName)
	}
	k := packageKey(ctx, aPackageGroup, in.ModelPackageGroupName)
	group := aPackageGroup.of(k)
	k.ID += "/*"
	return []wire.Target{{Resource: aPackage.of(k)}, {Resource: group}}, nil
}

// UpdateModelPackage approves or rejects a version, or changes what is known of a package.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
func (s *Service) UpdateModelPackage(ctx context.Context, in *sagemaker.UpdateModelPackageInput) (*sagemaker.UpdateModelPackageOutput, error) {
	k := packageKey(ctx, aPackage, in.ModelPackageArn)
	return &sagemaker.UpdateModelPackageOutput{ModelPackageArn: in.ModelPackageArn}, s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.packages.Get(tx, k)
		if err != nil {
			return noPackage(aPackage, k, err)
		}
		if in.ModelApprovalStatus != "" && p.Group == "" {
			return invalid("ModelApprovalStatus is only for versions of a model package group.")
		}
		p.change(in)
		if len(p.In.AdditionalInferenceSpecifications) > 15 || len(p.In.CustomerMetadataProperties) > 50 {
			return limited("A model package has at most 15 additional inference specifications and 50 metadata properties.")
		}
		p.Modified, p.ModifiedBy = s.Clock.Now(), who(ctx)
		if err := s.packages.Put(tx, k, p); err != nil {
			return err
		}
		return s.packageTold(tx, k, p)
	})
}

func (p *modelPackage) change(in *sagemaker.UpdateModelPackageInput) {
	if in.ModelApprovalStatus != "" {
		p.Approval = in.ModelApprovalStatus
	}
	if in.ApprovalDescription != nil {
		p.Remark = in.ApprovalDescription
	}
	if in.InferenceSpecification != nil {
		p.In.InferenceSpecification = in.InferenceSpecification
	}
	if in.ModelCard != nil {
		p.In.ModelCard = in.ModelCard
	}
	if in.ModelLifeCycle != nil {
		p.In.ModelLifeCycle = in.ModelLifeCycle
	}
	if in.ModelPackageRegistrationType != "" {
		p.In.ModelPackageRegistrationType = in.ModelPackageRegistrationType
	}
	if in.SourceUri != nil {
		p.In.SourceUri = in.SourceUri
	}
	p.In.AdditionalInferenceSpecifications = append(p.In.AdditionalInferenceSpecifications, in.AdditionalInferenceSpecificationsToAdd...)
	if p.In.CustomerMetadataProperties == nil {
		p.In.CustomerMetadataProperties = map[string]string{}
	}
	for name, value := range in.CustomerMetadataProperties {
		p.In.CustomerMetadataProperties[name] = value
	}
	for _, name := range in.CustomerMetadataPropertiesToRemove {
		delete(p.In.CustomerMetadataProperties, name)
	}
	if len(p.In.CustomerMetadataProperties) == 0 {
		p.In.CustomerMetadataProperties = nil
	}
}

func (s *Service) updateModelPackageTargets(ctx context.Context, in *sagemaker.UpdateModelPackageInput) ([]wire.Target, error) {
	return onPackage(ctx, aPackage, in.ModelPackageArn)
}

// DeleteModelPackage deletes a package. Models that were made of it stay.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModelPackage.html
func (s *Service) DeleteModelPackage(ctx context.Context, in *sagemaker.DeleteModelPackageInput) (*sagemaker.DeleteModelPackageOutput, error) {
	k := packageKey(ctx, aPackage, in.ModelPackageName)
	return &sagemaker.DeleteModelPackageOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.packages.Delete(tx, k); err != nil {
			return noPackage(aPackage, k, err)
		}
		return s.untag(tx, aPackage, k)
	})
}

func (s *Service) deleteModelPackageTargets(ctx context.Context, in *sagemaker.DeleteModelPackageInput) ([]wire.Target, error) {
	return onPackage(ctx, aPackage, in.ModelPackageName)
}

// packageTold emits the event of a package's state.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
func (s *Service) packageTold(tx *store.Tx, k store.Key, p modelPackage) error {
	d := map[string]any{"ModelPackageName": p.In.ModelPackageName, "ModelPackageArn": aPackage.of(k), "CreationTime": p.Created.UTC().Format(time.RFC3339),
		"LastModifiedTime": p.Modified.UTC().Format(time.RFC3339), "InferenceSpecification": p.In.InferenceSpecification,
		"ModelPackageStatus": types.ModelPackageStatusCompleted, "ModelPackageStatusDetails": completed(), "CertifyForMarketplace": false,
		"MetadataProperties": p.In.MetadataProperties, "ModelMetrics": p.In.ModelMetrics, "CustomerMetadataProperties": p.In.CustomerMetadataProperties,
		"ModelPackageDescription": p.In.ModelPackageDescription, "CreatedBy": p.By, "ApprovalDescription": p.Remark}
	if p.Group != "" {
		d["ModelPackageGroupName"], d["ModelPackageVersion"], d["ModelApprovalStatus"] = p.Group, p.Version, p.Approval
	}
	detail, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.sagemaker", DetailType: "SageMaker Model Package State Change", Account: k.Account, Region: k.Region,
		Time: p.Modified, Resources: []string{aPackage.of(k)}, Detail: detail})
}
