package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// maxAttached is how many managed policies an entity can have.
const maxAttached = 10

// attachable finds a policy that can be given to entities of the account.
func (s *Service) attachable(tx *store.Tx, account string, arn *string) error {
	p, err := s.policy(tx, account, arn)
	if _, none := err.(notFound); none {
		return noSuchEntity("Policy %s does not exist or is not attachable.", aws.ToString(arn))
	}
	if err == nil && p.Account == "aws" && strings.HasPrefix(p.Path, serviceLinkedPrefix) {
		return &types.PolicyNotAttachableException{Message: aws.String("Cannot attach a Service Role Policy to a Customer Role.")}
	}
	return err
}

func (s *Service) attach(ctx context.Context, k kind, name, arn *string) error {
	return s.change(ctx, k, name, func(tx *store.Tx, e *entity) error {
		if err := s.attachable(tx, e.account, arn); err != nil {
			return err
		}
		if slices.Contains(e.attached, *arn) {
			return nil
		}
		if len(e.attached) >= maxAttached {
			return overQuota("PoliciesPer"+k.title(), maxAttached)
		}
		e.attached = append(e.attached, *arn)
		return nil
	})
}

func (s *Service) detach(ctx context.Context, k kind, name, arn *string) error {
	return s.change(ctx, k, name, func(_ *store.Tx, e *entity) error {
		i := slices.Index(e.attached, aws.ToString(arn))
		if i < 0 {
			return noSuchEntity("Policy %s was not found.", aws.ToString(arn))
		}
		e.attached = slices.Delete(e.attached, i, i+1)
		return nil
	})
}

// attachedPolicies describes policies by their ARNs, in order of name.
func attachedPolicies(arns []string) []types.AttachedPolicy {
	out := each(arns, func(arn string) types.AttachedPolicy {
		return types.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(lastPart(arn))}
	})
	slices.SortStableFunc(out, func(a, b types.AttachedPolicy) int { return strings.Compare(attachedKey(a), attachedKey(b)) })
	return out
}

func attachedKey(p types.AttachedPolicy) string { return lower(*p.PolicyName) + "\x00" + *p.PolicyArn }

func (s *Service) listAttached(ctx context.Context, k kind, name, prefix, marker *string, limit *int32) (list []types.AttachedPolicy, end cut, err error) {
	within := under(prefix, func(arn string) string {
		_, path, _ := strings.Cut(arn, ":policy")
		return path[:strings.LastIndexByte(path, '/')+1]
	})
	err = s.look(ctx, k, name, func(_ *store.Tx, e entity) error {
		kept := slices.DeleteFunc(e.attached, func(arn string) bool { return !within(arn) })
		list, end, err = page(ctx, attachedPolicies(kept), attachedKey, marker, limit)
		return err
	})
	return list, end, err
}

// AttachUserPolicy attaches a managed policy to a user. It does nothing when it is attached already.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html
func (s *Service) AttachUserPolicy(ctx context.Context, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
	return done(&iam.AttachUserPolicyOutput{}, s.attach(ctx, user, in.UserName, in.PolicyArn))
}

// AttachGroupPolicy attaches a managed policy to a group.
func (s *Service) AttachGroupPolicy(ctx context.Context, in *iam.AttachGroupPolicyInput) (*iam.AttachGroupPolicyOutput, error) {
	return done(&iam.AttachGroupPolicyOutput{}, s.attach(ctx, group, in.GroupName, in.PolicyArn))
}

// AttachRolePolicy attaches a managed policy to a role.
func (s *Service) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	return done(&iam.AttachRolePolicyOutput{}, s.attach(ctx, role, in.RoleName, in.PolicyArn))
}

// DetachUserPolicy takes a managed policy off a user.
func (s *Service) DetachUserPolicy(ctx context.Context, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
	return done(&iam.DetachUserPolicyOutput{}, s.detach(ctx, user, in.UserName, in.PolicyArn))
}

// DetachGroupPolicy takes a managed policy off a group.
func (s *Service) DetachGroupPolicy(ctx context.Context, in *iam.DetachGroupPolicyInput) (*iam.DetachGroupPolicyOutput, error) {
	return done(&iam.DetachGroupPolicyOutput{}, s.detach(ctx, group, in.GroupName, in.PolicyArn))
}

// DetachRolePolicy takes a managed policy off a role.
func (s *Service) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	return done(&iam.DetachRolePolicyOutput{}, s.detach(ctx, role, in.RoleName, in.PolicyArn))
}

// ListAttachedUserPolicies lists the managed policies of a user in order of name.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
	list, end, err := s.listAttached(ctx, user, in.UserName, in.PathPrefix, in.Marker, in.MaxItems)
	return done(&iam.ListAttachedUserPoliciesOutput{AttachedPolicies: list, Marker: end.marker, IsTruncated: end.truncated}, err)
}

// ListAttachedGroupPolicies lists the managed policies of a group in order of name.
func (s *Service) ListAttachedGroupPolicies(ctx context.Context, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
	list, end, err := s.listAttached(ctx, group, in.GroupName, in.PathPrefix, in.Marker, in.MaxItems)
	return done(&iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: list, Marker: end.marker, IsTruncated: end.truncated}, err)
}

// ListAttachedRolePolicies lists the managed policies of a role in order of name.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	list, end, err := s.listAttached(ctx, role, in.RoleName, in.PathPrefix, in.Marker, in.MaxItems)
	return done(&iam.ListAttachedRolePoliciesOutput{AttachedPolicies: list, Marker: end.marker, IsTruncated: end.truncated}, err)
}
