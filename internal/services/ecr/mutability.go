package ecr

import (
	"context"
	"path"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func excludes(m types.ImageTagMutability) bool {
	return m == types.ImageTagMutabilityImmutableWithExclusion || m == types.ImageTagMutabilityMutableWithExclusion
}

func checkExclusions(m types.ImageTagMutability, filters []types.ImageTagMutabilityExclusionFilter) error {
	if excludes(m) != (len(filters) > 0) {
		return invalid("imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'They go with a mutability WITH_EXCLUSION, which wants some'")
	}
	for _, f := range filters {
		if _, err := path.Match(*f.Filter, ""); err != nil {
			return invalid("filter' failed to satisfy constraint: 'Must be a wildcard pattern'")
		}
	}
	return nil
}

// fixed tells whether a tag may not be moved to another image.
func (r repository) fixed(tag string) bool {
	excluded := false
	for _, f := range r.Exclusions {
		if ok, _ := path.Match(*f.Filter, tag); ok { // it was checked when it was put
			excluded = true
		}
	}
	switch r.Mutability {
	case types.ImageTagMutabilityImmutable:
		return true
	case types.ImageTagMutabilityImmutableWithExclusion:
		return !excluded
	case types.ImageTagMutabilityMutableWithExclusion:
		return excluded
	}
	return false
}

// PutImageTagMutability says whether tags may be moved.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
func (s *Service) PutImageTagMutability(ctx context.Context, input *ecr.PutImageTagMutabilityInput) (*ecr.PutImageTagMutabilityOutput, error) {
	if err := checkExclusions(input.ImageTagMutability, input.ImageTagMutabilityExclusionFilters); err != nil {
		return nil, err
	}
	k := in(ctx, input.RegistryId, input.RepositoryName)
	err := s.change(ctx, k, func(_ *store.Tx, r *repository) error {
		r.Mutability, r.Exclusions = input.ImageTagMutability, input.ImageTagMutabilityExclusionFilters
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ecr.PutImageTagMutabilityOutput{RegistryId: &k.Account, RepositoryName: &k.ID, ImageTagMutability: input.ImageTagMutability,
		ImageTagMutabilityExclusionFilters: input.ImageTagMutabilityExclusionFilters}, nil
}

func (s *Service) putImageTagMutabilityTargets(ctx context.Context, input *ecr.PutImageTagMutabilityInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// tagFixed is the refusal of moving a tag.
func tagFixed(k store.Key, tag string) error {
	return &types.ImageTagAlreadyExistsException{Message: aws.String("The image tag '" + tag + "' already exists in the '" + k.ID +
		"' repository and cannot be overwritten because the tag is immutable.")}
}
