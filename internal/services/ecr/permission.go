package ecr

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// policy is a repository's policy. Its statements name no resource: each means the repository.
func (s *Service) policy(k store.Key, r repository) (*authz.Policy, error) {
	if r.Policy == "" {
		return nil, nil
	}
	if p, ok := s.policies.Load(k); ok {
		return p.(*authz.Policy), nil
	}
	p, err := parsePolicy(k, r.Policy)
	if err == nil {
		s.policies.Store(k, p)
	}
	return p, err
}

func parsePolicy(k store.Key, document string) (*authz.Policy, error) {
	p, err := authz.ParseResource([]byte(document))
	if err == nil {
		p.ID = repositoryARN(k)
	}
	return p, err
}

// SetRepositoryPolicy lets others work with a repository.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
func (s *Service) SetRepositoryPolicy(ctx context.Context, input *ecr.SetRepositoryPolicyInput) (*ecr.SetRepositoryPolicyOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	if _, err := parsePolicy(k, *input.PolicyText); err != nil {
		return nil, invalid("PolicyText' failed to satisfy constraint: 'Invalid repository policy provided: %v'", err)
	}
	err := s.change(ctx, k, func(_ *store.Tx, r *repository) error {
		r.Policy = *input.PolicyText
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ecr.SetRepositoryPolicyOutput{RegistryId: &k.Account, RepositoryName: &k.ID, PolicyText: input.PolicyText}, nil
}

func (s *Service) setRepositoryPolicyTargets(ctx context.Context, input *ecr.SetRepositoryPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

func noPolicy(k store.Key) error {
	return &types.RepositoryPolicyNotFoundException{Message: aws.String("Repository policy does not exist for the repository with name '" + k.ID +
		"' in the registry with id '" + k.Account + "'")}
}

// GetRepositoryPolicy shows the policy.
func (s *Service) GetRepositoryPolicy(ctx context.Context, input *ecr.GetRepositoryPolicyInput) (*ecr.GetRepositoryPolicyOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	if r.Policy == "" {
		return nil, noPolicy(k)
	}
	return &ecr.GetRepositoryPolicyOutput{RegistryId: &k.Account, RepositoryName: &k.ID, PolicyText: &r.Policy}, nil
}

func (s *Service) getRepositoryPolicyTargets(ctx context.Context, input *ecr.GetRepositoryPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// DeleteRepositoryPolicy removes the policy.
func (s *Service) DeleteRepositoryPolicy(ctx context.Context, input *ecr.DeleteRepositoryPolicyInput) (*ecr.DeleteRepositoryPolicyOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	before := ""
	err := s.change(ctx, k, func(_ *store.Tx, r *repository) error {
		if before = r.Policy; before == "" {
			return noPolicy(k)
		}
		r.Policy = ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ecr.DeleteRepositoryPolicyOutput{RegistryId: &k.Account, RepositoryName: &k.ID, PolicyText: &before}, nil
}

func (s *Service) deleteRepositoryPolicyTargets(ctx context.Context, input *ecr.DeleteRepositoryPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}
