package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// policyKey orders policies by name. A policy of AWS may have the name of one of the account's.
func policyKey(p identity.Policy) string { return lower(p.Name) + "\x00" + p.ARN() }

// ListPolicies lists policies of the account and of AWS in order of name, without descriptions and tags.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
func (s *Service) ListPolicies(ctx context.Context, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	out := &iam.ListPoliciesOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		all, err := s.scope(tx, account, in.Scope)
		if err != nil {
			return err
		}
		uses, err := s.uses(tx, account)
		if err != nil {
			return err
		}
		within := under(in.PathPrefix, func(p identity.Policy) string { return p.Path })
		var kept []identity.Policy
		for _, p := range all {
			n := uses[p.ARN()]
			used := n.attached > 0 && in.PolicyUsageFilter != types.PolicyUsageTypePermissionsBoundary ||
				n.boundary > 0 && in.PolicyUsageFilter != types.PolicyUsageTypePermissionsPolicy
			if within(p) && (used || !in.OnlyAttached && in.PolicyUsageFilter == "") {
				kept = append(kept, p)
			}
		}
		list, end, err := page(ctx, kept, policyKey, in.Marker, in.MaxItems)
		out.Policies = each(list, func(p identity.Policy) types.Policy { return listedPolicy(p, uses[p.ARN()]) })
		out.Marker, out.IsTruncated = end.marker, end.truncated
		return err
	}))
}

func (s *Service) scope(tx *store.Tx, account string, scope types.PolicyScopeType) ([]identity.Policy, error) {
	var all []identity.Policy
	if scope != types.PolicyScopeTypeAws {
		own, err := s.d.ManagedPolicies.List(tx, store.Range{Account: account})
		if err != nil {
			return nil, err
		}
		all = values(own)
	}
	if scope != types.PolicyScopeTypeLocal {
		all = append(all, s.d.AWSPolicies()...)
	}
	return all, nil
}

// use counts the entities that a policy is attached to, and those that it bounds.
type use struct{ attached, boundary int32 }

// uses counts for all policies that entities of the account have.
func (s *Service) uses(tx *store.Tx, account string) (map[string]use, error) {
	out := map[string]use{}
	add := func(attached []string, boundary string) {
		for _, arn := range attached {
			n := out[arn]
			n.attached++
			out[arn] = n
		}
		if boundary != "" {
			n := out[boundary]
			n.boundary++
			out[boundary] = n
		}
	}
	all := store.Range{Account: account}
	users, err := s.d.Users.List(tx, all)
	if err != nil {
		return nil, err
	}
	groups, err := s.d.Groups.List(tx, all)
	if err != nil {
		return nil, err
	}
	roles, err := s.d.Roles.List(tx, all)
	for _, r := range users {
		add(r.Value.Attached, r.Value.Boundary)
	}
	for _, r := range groups {
		add(r.Value.Attached, "")
	}
	for _, r := range roles {
		add(r.Value.Attached, r.Value.Boundary)
	}
	return out, err
}

// useOf counts for one policy.
func (s *Service) useOf(tx *store.Tx, account, arn string) (use, error) {
	h, err := s.holders(tx, account, arn, identity.ByAttached)
	if err != nil {
		return use{}, err
	}
	b, err := s.holders(tx, account, arn, identity.ByBoundary)
	return use{attached: int32(len(h)), boundary: int32(len(b))}, err
}

// holder is an entity that has a policy.
type holder struct {
	kind           kind
	name, id, path string
}

// holders finds the entities that index says have the policy.
func (s *Service) holders(tx *store.Tx, account, arn, index string) ([]holder, error) {
	in := store.Range{Account: account}
	users, err := s.d.Users.Find(tx, index, arn, in)
	if err != nil {
		return nil, err
	}
	roles, err := s.d.Roles.Find(tx, index, arn, in)
	if err != nil {
		return nil, err
	}
	var out []holder
	if index == identity.ByAttached {
		groups, err := s.d.Groups.Find(tx, index, arn, in)
		if err != nil {
			return nil, err
		}
		for _, r := range groups {
			out = append(out, holder{group, r.Value.Name, r.Value.ID, r.Value.Path})
		}
	}
	for _, r := range roles {
		out = append(out, holder{role, r.Value.Name, r.Value.ID, r.Value.Path})
	}
	for _, r := range users {
		out = append(out, holder{user, r.Value.Name, r.Value.ID, r.Value.Path})
	}
	return out, nil
}

// ListEntitiesForPolicy lists the groups, roles and users that a policy is attached to or bounds.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
func (s *Service) ListEntitiesForPolicy(ctx context.Context, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	out := &iam.ListEntitiesForPolicyOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.policy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		var found []holder
		for _, index := range []string{identity.ByAttached, identity.ByBoundary} {
			if index == identity.ByAttached && in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary ||
				index == identity.ByBoundary && in.PolicyUsageFilter == types.PolicyUsageTypePermissionsPolicy {
				continue
			}
			list, err := s.holders(tx, account, p.ARN(), index)
			if err != nil {
				return err
			}
			found = append(found, list...)
		}
		within := under(in.PathPrefix, func(h holder) string { return h.path })
		kept, seen := []holder{}, map[holder]bool{}
		for _, h := range found {
			if within(h) && !seen[h] && (in.EntityFilter == "" || string(in.EntityFilter) == h.kind.title()) {
				kept, seen[h] = append(kept, h), true
			}
		}
		list, end, err := page(ctx, kept, func(h holder) string { return string(h.kind) + "/" + lower(h.name) }, in.Marker, in.MaxItems)
		out.Marker, out.IsTruncated = end.marker, end.truncated
		out.PolicyGroups, out.PolicyRoles, out.PolicyUsers = []types.PolicyGroup{}, []types.PolicyRole{}, []types.PolicyUser{}
		for _, h := range list {
			id, name := aws.String(h.id), aws.String(h.name)
			switch h.kind {
			case group:
				out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupId: id, GroupName: name})
			case role:
				out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleId: id, RoleName: name})
			case user:
				out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserId: id, UserName: name})
			}
		}
		return err
	}))
}
