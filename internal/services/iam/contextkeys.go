package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// contextKeys lists the keys of all policies, each once.
func contextKeys(list []*authz.Policy) []string {
	out := []string{}
	for _, p := range list {
		for _, key := range p.ContextKeys() {
			if !slices.ContainsFunc(out, func(k string) bool { return strings.EqualFold(k, key) }) {
				out = append(out, key)
			}
		}
	}
	return out
}

// GetContextKeysForCustomPolicy lists the condition keys that policies ask for.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
func (s *Service) GetContextKeysForCustomPolicy(_ context.Context, in *iam.GetContextKeysForCustomPolicyInput) (*iam.GetContextKeysForCustomPolicyOutput, error) {
	m := &simulation{sources: map[string]source{}}
	if err := m.addIdentity(in.PolicyInputList); err != nil {
		return nil, err
	}
	return &iam.GetContextKeysForCustomPolicyOutput{ContextKeyNames: contextKeys(m.policies.Identity)}, nil
}

// GetContextKeysForPrincipalPolicy lists the condition keys that the policies of a user, group or role ask for, its
// boundary's among them.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
func (s *Service) GetContextKeysForPrincipalPolicy(ctx context.Context, in *iam.GetContextKeysForPrincipalPolicyInput) (*iam.GetContextKeysForPrincipalPolicyOutput, error) {
	m, _, err := s.principalSimulation(ctx, aws.ToString(in.PolicySourceArn))
	if err != nil {
		return nil, err
	}
	if err := m.addIdentity(in.PolicyInputList); err != nil {
		return nil, err
	}
	list := m.policies.Identity
	if m.policies.Boundary != nil {
		list = append(list, m.policies.Boundary)
	}
	return &iam.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: contextKeys(list)}, nil
}
