package ecr

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// scanning is which scans a registry is configured for. It is kept; images are scanned as their repositories say.
type scanning struct {
	types.RegistryScanningConfiguration
}

// PutImageScanningConfiguration says whether images are scanned when they are pushed.
func (s *Service) PutImageScanningConfiguration(ctx context.Context, input *ecr.PutImageScanningConfigurationInput) (*ecr.PutImageScanningConfigurationOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	err := s.change(ctx, k, func(_ *store.Tx, r *repository) error {
		r.ScanOnPush = input.ImageScanningConfiguration.ScanOnPush
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ecr.PutImageScanningConfigurationOutput{RegistryId: &k.Account, RepositoryName: &k.ID, ImageScanningConfiguration: input.ImageScanningConfiguration}, nil
}

func (s *Service) putImageScanningConfigurationTargets(ctx context.Context, input *ecr.PutImageScanningConfigurationInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// BatchGetRepositoryScanningConfiguration tells how repositories are scanned.
func (s *Service) BatchGetRepositoryScanningConfiguration(ctx context.Context, input *ecr.BatchGetRepositoryScanningConfigurationInput) (*ecr.BatchGetRepositoryScanningConfigurationOutput, error) {
	out := &ecr.BatchGetRepositoryScanningConfigurationOutput{ScanningConfigurations: []types.RepositoryScanningConfiguration{}, Failures: []types.RepositoryScanningConfigurationFailure{}}
	for _, name := range input.RepositoryNames {
		k := in(ctx, nil, &name)
		r, err := s.find(ctx, k)
		var none *types.RepositoryNotFoundException
		if errors.As(err, &none) {
			out.Failures = append(out.Failures, types.RepositoryScanningConfigurationFailure{RepositoryName: &name, FailureReason: none.Message,
				FailureCode: types.ScanningConfigurationFailureCodeRepositoryNotFound})
			continue
		}
		if err != nil {
			return nil, err
		}
		often := types.ScanFrequencyManual
		if r.ScanOnPush {
			often = types.ScanFrequencyScanOnPush
		}
		out.ScanningConfigurations = append(out.ScanningConfigurations, types.RepositoryScanningConfiguration{RepositoryName: &name, ScanOnPush: r.ScanOnPush,
			RepositoryArn: aws.String(repositoryARN(k)), ScanFrequency: often, AppliedScanFilters: []types.ScanningRepositoryFilter{}})
	}
	return out, nil
}

func (s *Service) batchGetRepositoryScanningConfigurationTargets(ctx context.Context, input *ecr.BatchGetRepositoryScanningConfigurationInput) (all []wire.Target, err error) {
	for _, name := range input.RepositoryNames {
		list, err := s.on(ctx, nil, &name)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// PutRegistryScanningConfiguration keeps how the registry is scanned. Enhanced scans are refused: there is nothing here to do them with.
func (s *Service) PutRegistryScanningConfiguration(ctx context.Context, input *ecr.PutRegistryScanningConfigurationInput) (*ecr.PutRegistryScanningConfigurationOutput, error) {
	c := types.RegistryScanningConfiguration{ScanType: input.ScanType, Rules: input.Rules}
	if c.ScanType == "" {
		c.ScanType = types.ScanTypeBasic
	}
	if c.ScanType == types.ScanTypeEnhanced {
		return nil, &types.ValidationException{Message: aws.String("Enhanced scanning is not implemented by Atelier.")}
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.scanning.Put(tx, in(ctx, nil, aws.String("registry")), scanning{c}) })
	if err != nil {
		return nil, err
	}
	return &ecr.PutRegistryScanningConfigurationOutput{RegistryScanningConfiguration: &c}, nil
}

// GetRegistryScanningConfiguration shows how the registry is scanned.
func (s *Service) GetRegistryScanningConfiguration(ctx context.Context, _ *ecr.GetRegistryScanningConfigurationInput) (*ecr.GetRegistryScanningConfigurationOutput, error) {
	k := in(ctx, nil, aws.String("registry"))
	c := scanning{types.RegistryScanningConfiguration{ScanType: types.ScanTypeBasic, Rules: []types.RegistryScanningRule{}}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		has, err := s.scanning.Get(tx, k)
		if err == nil {
			c = has
		} else if absent(err) {
			err = nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &ecr.GetRegistryScanningConfigurationOutput{RegistryId: &k.Account, ScanningConfiguration: &c.RegistryScanningConfiguration}, nil
}

// DescribeRegistry tells of the caller's registry. It replicates nothing.
func (s *Service) DescribeRegistry(ctx context.Context, _ *ecr.DescribeRegistryInput) (*ecr.DescribeRegistryOutput, error) {
	return &ecr.DescribeRegistryOutput{RegistryId: aws.String(wire.CallOf(ctx).Account()), ReplicationConfiguration: &types.ReplicationConfiguration{Rules: []types.ReplicationRule{}}}, nil
}
