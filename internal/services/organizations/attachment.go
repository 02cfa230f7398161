package organizations

import (
	"context"
	"errors"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// maxAttached is how many service control policies the root, a unit or an account has at most; one it keeps always.
// Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const maxAttached = 5

// target is what a policy is attached to.
type target struct {
	types.PolicyTargetSummary
	scps []string
	save func(tx *store.Tx, scps []string) error
}

func (s *Service) accountTarget(o identity.Organization, a identity.Account) target {
	return target{types.PolicyTargetSummary{TargetId: aws.String(a.ID), Arn: aws.String(o.AccountARN(a.ID)), Name: aws.String(a.Name), Type: types.TargetTypeAccount},
		a.SCPs, func(tx *store.Tx, scps []string) error {
			a.SCPs = scps
			return s.Accounts.Put(tx, identity.IDKey(a.ID), a)
		}}
}

func (s *Service) unitTarget(o identity.Organization, u identity.Unit) target {
	kind := types.TargetTypeOrganizationalUnit
	if u.Parent == "" {
		kind = types.TargetTypeRoot
	}
	return target{types.PolicyTargetSummary{TargetId: aws.String(u.ID), Arn: aws.String(o.UnitARN(u)), Name: aws.String(u.Name), Type: kind},
		u.SCPs, func(tx *store.Tx, scps []string) error {
			u.SCPs = scps
			return s.Units.Put(tx, identity.IDKey(u.ID), u)
		}}
}

func (s *Service) target(tx *store.Tx, o identity.Organization, id *string) (target, error) {
	k := identity.IDKey(aws.ToString(id))
	if a, err := s.Accounts.Get(tx, k); !errors.Is(err, store.ErrNotFound) {
		return s.accountTarget(o, a), err
	}
	u, err := s.Units.Get(tx, k)
	return s.unitTarget(o, u), missing(err, &types.TargetNotFoundException{Message: aws.String("You specified a target that doesn't exist.")})
}

// targets lists what a policy is attached to, in order of id.
func (s *Service) targets(tx *store.Tx, o identity.Organization, id string) ([]target, error) {
	accounts, err := s.Accounts.Find(tx, identity.BySCP, id, store.Range{})
	if err != nil {
		return nil, err
	}
	units, err := s.Units.Find(tx, identity.BySCP, id, store.Range{})
	if err != nil {
		return nil, err
	}
	list := make([]target, 0, len(accounts)+len(units))
	for _, row := range accounts {
		list = append(list, s.accountTarget(o, row.Value))
	}
	for _, row := range units {
		list = append(list, s.unitTarget(o, row.Value))
	}
	return list, nil // digits before "ou-" and "r-"
}

// AttachPolicy attaches a policy to the root, a unit or an account.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html
func (s *Service) AttachPolicy(ctx context.Context, in *organizations.AttachPolicyInput) (*organizations.AttachPolicyOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		p, err := s.policyOf(tx, in.PolicyId)
		if err != nil {
			return err
		}
		t, err := s.target(tx, o, in.TargetId)
		switch {
		case err != nil:
			return err
		case !slices.Contains(o.Enabled, identity.SCPType):
			return notEnabled()
		case slices.Contains(t.scps, p.ID):
			return &types.DuplicatePolicyAttachmentException{Message: aws.String("The selected policy is already attached to the specified target.")}
		case len(t.scps) >= maxAttached:
			return violation(types.ConstraintViolationExceptionReasonMaxPolicyTypeAttachmentLimitExceeded,
				"You have attached the maximum number of policies to the specified target.")
		}
		return t.save(tx, append(slices.Clone(t.scps), p.ID))
	})
	if err != nil {
		return nil, err
	}
	return &organizations.AttachPolicyOutput{}, nil
}

func (s *Service) attachTargets(ctx context.Context, in *organizations.AttachPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.PolicyId, in.TargetId)
}

// DetachPolicy detaches a policy. The last one stays: without any, nothing would be allowed.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html
func (s *Service) DetachPolicy(ctx context.Context, in *organizations.DetachPolicyInput) (*organizations.DetachPolicyOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		p, err := s.policyOf(tx, in.PolicyId)
		if err != nil {
			return err
		}
		t, err := s.target(tx, o, in.TargetId)
		switch {
		case err != nil:
			return err
		case !slices.Contains(t.scps, p.ID):
			return &types.PolicyNotAttachedException{Message: aws.String("The policy isn't attached to the specified target in the specified root.")}
		case len(t.scps) == 1:
			return violation(types.ConstraintViolationExceptionReasonMinPolicyTypeAttachmentLimitExceeded,
				"You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.")
		}
		return t.save(tx, slices.DeleteFunc(slices.Clone(t.scps), func(id string) bool { return id == p.ID }))
	})
	if err != nil {
		return nil, err
	}
	return &organizations.DetachPolicyOutput{}, nil
}

func (s *Service) detachTargets(ctx context.Context, in *organizations.DetachPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.PolicyId, in.TargetId)
}

// ListPoliciesForTarget lists the policies attached directly to the root, a unit or an account.
func (s *Service) ListPoliciesForTarget(ctx context.Context, in *organizations.ListPoliciesForTargetInput) (*organizations.ListPoliciesForTargetOutput, error) {
	out := &organizations.ListPoliciesForTargetOutput{Policies: []types.PolicySummary{}}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		t, err := s.target(tx, o, in.TargetId)
		if err != nil || in.Filter != types.PolicyTypeServiceControlPolicy {
			return err
		}
		ids, next, err := page(ctx, slices.Sorted(slices.Values(t.scps)), func(id string) string { return id }, in.MaxResults, in.NextToken)
		out.NextToken = next
		for _, id := range ids {
			p, err := s.policyOf(tx, &id)
			if err != nil {
				return err
			}
			out.Policies = append(out.Policies, *summary(o, p))
		}
		return err
	})
	return out, err
}

// ListTargetsForPolicy lists what a policy is attached to.
func (s *Service) ListTargetsForPolicy(ctx context.Context, in *organizations.ListTargetsForPolicyInput) (*organizations.ListTargetsForPolicyOutput, error) {
	out := &organizations.ListTargetsForPolicyOutput{Targets: []types.PolicyTargetSummary{}}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		if _, err := s.policyOf(tx, in.PolicyId); err != nil {
			return err
		}
		list, err := s.targets(tx, o, aws.ToString(in.PolicyId))
		if err != nil {
			return err
		}
		list, out.NextToken, err = page(ctx, list, func(t target) string { return *t.TargetId }, in.MaxResults, in.NextToken)
		for _, t := range list {
			out.Targets = append(out.Targets, t.PolicyTargetSummary)
		}
		return err
	})
	return out, err
}
