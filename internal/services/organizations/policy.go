package organizations

import (
	"context"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// maxContent is the longest service control policy, in characters.
// Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const maxContent = 5120

func summary(o identity.Organization, p identity.SCP) *types.PolicySummary {
	return &types.PolicySummary{Id: aws.String(p.ID), Arn: aws.String(o.SCPARN(p)), Name: aws.String(p.Name),
		Description: aws.String(p.Description), Type: types.PolicyTypeServiceControlPolicy, AwsManaged: p.AWS}
}

func policy(o identity.Organization, p identity.SCP) *types.Policy {
	return &types.Policy{PolicySummary: summary(o, p), Content: aws.String(p.Content)}
}

func immutable() error {
	return invalidInput(types.InvalidInputExceptionReasonImmutablePolicy, "You specified a policy that is managed by AWS and can't be modified.")
}

func checkContent(content string) error {
	if utf8.RuneCountInString(content) > maxContent {
		return violation(types.ConstraintViolationExceptionReasonPolicyContentLimitExceeded, "You have exceeded the maximum policy size.")
	}
	if _, err := authz.ParseSCP([]byte(content)); err != nil {
		return &types.MalformedPolicyDocumentException{Message: aws.String("The provided policy document does not meet the requirements of the specified policy type. " + err.Error())}
	}
	return nil
}

func (s *Service) policyOf(tx *store.Tx, id *string) (identity.SCP, error) {
	p, err := s.SCPs.Get(tx, identity.IDKey(aws.ToString(id)))
	return p, missing(err, &types.PolicyNotFoundException{Message: aws.String("You specified a policy that doesn't exist.")})
}

func (s *Service) policyTaken(tx *store.Tx, name, self string) error {
	rows, err := s.SCPs.List(tx, store.Range{})
	for _, row := range rows {
		if row.Value.Name == name && row.Value.ID != self {
			return &types.DuplicatePolicyException{Message: aws.String("A policy with the same name already exists.")}
		}
	}
	return err
}

// CreatePolicy makes a service control policy, attached to nothing.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html
func (s *Service) CreatePolicy(ctx context.Context, in *organizations.CreatePolicyInput) (*organizations.CreatePolicyOutput, error) {
	if err := onlySCP(in.Type); err != nil {
		return nil, err
	}
	if err := checkContent(aws.ToString(in.Content)); err != nil {
		return nil, err
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	out := &organizations.CreatePolicyOutput{}
	err = s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		p := identity.SCP{ID: "p-" + identity.RandomID(8), Name: aws.ToString(in.Name), Description: aws.ToString(in.Description),
			Content: aws.ToString(in.Content), Created: s.clock.Now().UTC(), Tags: tags}
		out.Policy = policy(o, p)
		if err := s.policyTaken(tx, p.Name, ""); err != nil {
			return err
		}
		return s.SCPs.Insert(tx, identity.IDKey(p.ID), p)
	})
	return out, err
}

// DescribePolicy describes one policy with its content.
func (s *Service) DescribePolicy(ctx context.Context, in *organizations.DescribePolicyInput) (*organizations.DescribePolicyOutput, error) {
	out := &organizations.DescribePolicyOutput{}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		p, err := s.policyOf(tx, in.PolicyId)
		out.Policy = policy(o, p)
		return err
	})
	return out, err
}

func (s *Service) describePolicyTargets(ctx context.Context, in *organizations.DescribePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.PolicyId)
}

// UpdatePolicy changes name, description or content.
func (s *Service) UpdatePolicy(ctx context.Context, in *organizations.UpdatePolicyInput) (*organizations.UpdatePolicyOutput, error) {
	if in.Content != nil {
		if err := checkContent(*in.Content); err != nil {
			return nil, err
		}
	}
	out := &organizations.UpdatePolicyOutput{}
	err := s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		p, err := s.policyOf(tx, in.PolicyId)
		if err != nil {
			return err
		}
		if p.AWS {
			return immutable()
		}
		for _, change := range []struct{ to, from *string }{{&p.Name, in.Name}, {&p.Description, in.Description}, {&p.Content, in.Content}} {
			if change.from != nil {
				*change.to = *change.from
			}
		}
		if err := s.policyTaken(tx, p.Name, p.ID); err != nil {
			return err
		}
		out.Policy = policy(o, p)
		return s.SCPs.Put(tx, identity.IDKey(p.ID), p)
	})
	return out, err
}

func (s *Service) updatePolicyTargets(ctx context.Context, in *organizations.UpdatePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.PolicyId)
}

// DeletePolicy removes a policy that is attached to nothing.
func (s *Service) DeletePolicy(ctx context.Context, in *organizations.DeletePolicyInput) (*organizations.DeletePolicyOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, _ identity.Organization) error {
		p, err := s.policyOf(tx, in.PolicyId)
		if err != nil {
			return err
		}
		if p.AWS {
			return immutable()
		}
		targets, err := s.targets(tx, identity.Organization{}, p.ID)
		if err != nil {
			return err
		}
		if len(targets) > 0 {
			return &types.PolicyInUseException{Message: aws.String("The policy is attached to one or more entities.")}
		}
		return s.SCPs.Delete(tx, identity.IDKey(p.ID))
	})
	if err != nil {
		return nil, err
	}
	return &organizations.DeletePolicyOutput{}, nil
}

func (s *Service) deletePolicyTargets(ctx context.Context, in *organizations.DeletePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.PolicyId)
}

// ListPolicies lists the service control policies.
func (s *Service) ListPolicies(ctx context.Context, in *organizations.ListPoliciesInput) (*organizations.ListPoliciesOutput, error) {
	out := &organizations.ListPoliciesOutput{Policies: []types.PolicySummary{}}
	if in.Filter != types.PolicyTypeServiceControlPolicy {
		return out, nil
	}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		rows, err := s.SCPs.List(tx, store.Range{})
		if err != nil {
			return err
		}
		var list []identity.SCP
		list, out.NextToken, err = page(ctx, values(rows), func(p identity.SCP) string { return p.ID }, in.MaxResults, in.NextToken)
		for _, p := range list {
			out.Policies = append(out.Policies, *summary(o, p))
		}
		return err
	})
	return out, err
}
