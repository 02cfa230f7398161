package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// inlineSize is how many characters all inline policies of an entity can have together, white space not counted.
func (k kind) inlineSize() int {
	switch k {
	case user:
		return 2048
	case group:
		return 5120
	}
	return 10240
}

func (s *Service) putInline(ctx context.Context, k kind, owner, name, document *string) error {
	if _, err := authz.ParseIdentity([]byte(aws.ToString(document))); err != nil {
		return malformed(err)
	}
	return s.change(ctx, k, owner, func(_ *store.Tx, e *entity) error {
		if e.inline == nil {
			e.inline = map[string]string{}
		}
		e.inline[aws.ToString(name)] = aws.ToString(document)
		size := 0
		for _, d := range e.inline {
			size += policySize(d)
		}
		if size > k.inlineSize() {
			return overLimit(fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s %s", k.inlineSize(), k, e.name))
		}
		return nil
	})
}

func noInline(k kind, name *string) error {
	return noSuchEntity("The %s policy with name %s cannot be found.", k, aws.ToString(name))
}

func (s *Service) getInline(ctx context.Context, k kind, owner, name *string) (ownerName, document *string, err error) {
	err = s.look(ctx, k, owner, func(_ *store.Tx, e entity) error {
		d, ok := e.inline[aws.ToString(name)]
		if !ok {
			return noInline(k, name)
		}
		ownerName, document = aws.String(e.name), encoded(d)
		return nil
	})
	return ownerName, document, err
}

func (s *Service) deleteInline(ctx context.Context, k kind, owner, name *string) error {
	return s.change(ctx, k, owner, func(_ *store.Tx, e *entity) error {
		if _, ok := e.inline[aws.ToString(name)]; !ok {
			return noInline(k, name)
		}
		delete(e.inline, aws.ToString(name))
		return nil
	})
}

func (s *Service) listInline(ctx context.Context, k kind, owner, marker *string, limit *int32) (list []string, end cut, err error) {
	err = s.look(ctx, k, owner, func(_ *store.Tx, e entity) error {
		list, end, err = page(ctx, slices.AppendSeq([]string{}, maps.Keys(e.inline)), func(n string) string { return n }, marker, limit)
		return err
	})
	return list, end, err
}

// PutUserPolicy writes an inline policy of a user.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
func (s *Service) PutUserPolicy(ctx context.Context, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	return done(&iam.PutUserPolicyOutput{}, s.putInline(ctx, user, in.UserName, in.PolicyName, in.PolicyDocument))
}

// PutGroupPolicy writes an inline policy of a group.
func (s *Service) PutGroupPolicy(ctx context.Context, in *iam.PutGroupPolicyInput) (*iam.PutGroupPolicyOutput, error) {
	return done(&iam.PutGroupPolicyOutput{}, s.putInline(ctx, group, in.GroupName, in.PolicyName, in.PolicyDocument))
}

// PutRolePolicy writes an inline policy of a role.
func (s *Service) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	return done(&iam.PutRolePolicyOutput{}, s.putInline(ctx, role, in.RoleName, in.PolicyName, in.PolicyDocument))
}

// GetUserPolicy reads an inline policy of a user.
func (s *Service) GetUserPolicy(ctx context.Context, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	owner, document, err := s.getInline(ctx, user, in.UserName, in.PolicyName)
	return done(&iam.GetUserPolicyOutput{UserName: owner, PolicyName: in.PolicyName, PolicyDocument: document}, err)
}

// GetGroupPolicy reads an inline policy of a group.
func (s *Service) GetGroupPolicy(ctx context.Context, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
	owner, document, err := s.getInline(ctx, group, in.GroupName, in.PolicyName)
	return done(&iam.GetGroupPolicyOutput{GroupName: owner, PolicyName: in.PolicyName, PolicyDocument: document}, err)
}

// GetRolePolicy reads an inline policy of a role.
func (s *Service) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	owner, document, err := s.getInline(ctx, role, in.RoleName, in.PolicyName)
	return done(&iam.GetRolePolicyOutput{RoleName: owner, PolicyName: in.PolicyName, PolicyDocument: document}, err)
}

// DeleteUserPolicy removes an inline policy of a user.
func (s *Service) DeleteUserPolicy(ctx context.Context, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	return done(&iam.DeleteUserPolicyOutput{}, s.deleteInline(ctx, user, in.UserName, in.PolicyName))
}

// DeleteGroupPolicy removes an inline policy of a group.
func (s *Service) DeleteGroupPolicy(ctx context.Context, in *iam.DeleteGroupPolicyInput) (*iam.DeleteGroupPolicyOutput, error) {
	return done(&iam.DeleteGroupPolicyOutput{}, s.deleteInline(ctx, group, in.GroupName, in.PolicyName))
}

// DeleteRolePolicy removes an inline policy of a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return done(&iam.DeleteRolePolicyOutput{}, s.deleteInline(ctx, role, in.RoleName, in.PolicyName))
}

// ListUserPolicies lists the names of a user's inline policies.
func (s *Service) ListUserPolicies(ctx context.Context, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	list, end, err := s.listInline(ctx, user, in.UserName, in.Marker, in.MaxItems)
	return done(&iam.ListUserPoliciesOutput{PolicyNames: list, Marker: end.marker, IsTruncated: end.truncated}, err)
}

// ListGroupPolicies lists the names of a group's inline policies.
func (s *Service) ListGroupPolicies(ctx context.Context, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
	list, end, err := s.listInline(ctx, group, in.GroupName, in.Marker, in.MaxItems)
	return done(&iam.ListGroupPoliciesOutput{PolicyNames: list, Marker: end.marker, IsTruncated: end.truncated}, err)
}

// ListRolePolicies lists the names of a role's inline policies.
func (s *Service) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	list, end, err := s.listInline(ctx, role, in.RoleName, in.Marker, in.MaxItems)
	return done(&iam.ListRolePoliciesOutput{PolicyNames: list, Marker: end.marker, IsTruncated: end.truncated}, err)
}
