package iam

import (
	"context"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// detail is one entry of the authorization details, not yet described.
type detail struct {
	key string
	add func(tx *store.Tx, out *iam.GetAccountAuthorizationDetailsOutput) error
}

// details adds the rows of a table as entries under a prefix, which keeps the kinds apart and in order.
func details[T any](tx *store.Tx, list []detail, prefix string, t *identity.Table[T], account string,
	add func(*store.Tx, T, *iam.GetAccountAuthorizationDetailsOutput) error) ([]detail, error) {
	found, err := t.List(tx, store.Range{Account: account})
	for _, r := range found {
		list = append(list, detail{prefix + r.Key.ID, func(tx *store.Tx, out *iam.GetAccountAuthorizationDetailsOutput) error {
			return add(tx, r.Value, out)
		}})
	}
	return list, err
}

// GetAccountAuthorizationDetails lists users, groups, roles and policies with all that says what they may do.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
func (s *Service) GetAccountAuthorizationDetails(ctx context.Context, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	var out *iam.GetAccountAuthorizationDetailsOutput
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		out = &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{},
			RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{}}
		all, err := s.entries(tx, account, in.Filter)
		if err != nil {
			return err
		}
		list, end, err := page(ctx, all, func(d detail) string { return d.key }, in.Marker, in.MaxItems)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := d.add(tx, out); err != nil {
				return err
			}
		}
		out.Marker, out.IsTruncated = end.marker, end.truncated
		return nil
	})
	return done(out, err)
}

func (s *Service) entries(tx *store.Tx, account string, filter []types.EntityType) (all []detail, err error) {
	wanted := func(t types.EntityType) bool { return len(filter) == 0 || slices.Contains(filter, t) }
	if wanted(types.EntityTypeUser) {
		if all, err = details(tx, all, "1/", s.d.Users, account, addUserDetail); err != nil {
			return nil, err
		}
	}
	if wanted(types.EntityTypeGroup) {
		if all, err = details(tx, all, "2/", s.d.Groups, account, addGroupDetail); err != nil {
			return nil, err
		}
	}
	if wanted(types.EntityTypeRole) {
		if all, err = details(tx, all, "3/", s.d.Roles, account, s.addRoleDetail); err != nil {
			return nil, err
		}
	}
	var policies []identity.Policy
	if wanted(types.EntityTypeLocalManagedPolicy) {
		if policies, err = s.scope(tx, account, types.PolicyScopeTypeLocal); err != nil {
			return nil, err
		}
	}
	if wanted(types.EntityTypeAWSManagedPolicy) {
		policies = append(policies, s.d.AWSPolicies()...)
	}
	if len(policies) == 0 {
		return all, nil
	}
	uses, err := s.uses(tx, account)
	for _, p := range policies {
		all = append(all, detail{"4/" + policyKey(p), func(_ *store.Tx, out *iam.GetAccountAuthorizationDetailsOutput) error {
			out.Policies = append(out.Policies, policyDetail(p, uses[p.ARN()]))
			return nil
		}})
	}
	return all, err
}

func inlineDetails(inline map[string]string) []types.PolicyDetail {
	return each(slices.Sorted(maps.Keys(inline)), func(name string) types.PolicyDetail {
		return types.PolicyDetail{PolicyName: aws.String(name), PolicyDocument: encoded(inline[name])}
	})
}

func addUserDetail(_ *store.Tx, u identity.User, out *iam.GetAccountAuthorizationDetailsOutput) error {
	groups := each(u.Groups, func(n string) string { return n })
	slices.Sort(groups)
	out.UserDetailList = append(out.UserDetailList, types.UserDetail{Arn: aws.String(u.ARN()), CreateDate: aws.Time(u.Created),
		Path: aws.String(u.Path), UserId: aws.String(u.ID), UserName: aws.String(u.Name), GroupList: groups, Tags: tagList(u.Tags),
		PermissionsBoundary: boundaryOf(u.Boundary), AttachedManagedPolicies: attachedPolicies(u.Attached), UserPolicyList: inlineDetails(u.Inline)})
	return nil
}

func addGroupDetail(_ *store.Tx, g identity.Group, out *iam.GetAccountAuthorizationDetailsOutput) error {
	out.GroupDetailList = append(out.GroupDetailList, types.GroupDetail{Arn: aws.String(g.ARN()), CreateDate: aws.Time(g.Created),
		Path: aws.String(g.Path), GroupId: aws.String(g.ID), GroupName: aws.String(g.Name),
		AttachedManagedPolicies: attachedPolicies(g.Attached), GroupPolicyList: inlineDetails(g.Inline)})
	return nil
}

func (s *Service) addRoleDetail(tx *store.Tx, r identity.Role, out *iam.GetAccountAuthorizationDetailsOutput) error {
	found, err := s.d.InstanceProfiles.Find(tx, identity.ByRole, identity.NameIndex(r.Account, r.Name), store.Range{Account: r.Account})
	if err != nil {
		return err
	}
	profiles, err := s.shownProfiles(tx, values(found))
	out.RoleDetailList = append(out.RoleDetailList, types.RoleDetail{Arn: aws.String(r.ARN()), CreateDate: aws.Time(r.Created),
		Path: aws.String(r.Path), RoleId: aws.String(r.ID), RoleName: aws.String(r.Name), Tags: tagList(r.Tags),
		AssumeRolePolicyDocument: encoded(r.Trust), PermissionsBoundary: boundaryOf(r.Boundary), RoleLastUsed: &types.RoleLastUsed{},
		AttachedManagedPolicies: attachedPolicies(r.Attached), RolePolicyList: inlineDetails(r.Inline), InstanceProfileList: profiles})
	return err
}

func policyDetail(p identity.Policy, n use) types.ManagedPolicyDetail {
	out := types.ManagedPolicyDetail{Arn: aws.String(p.ARN()), AttachmentCount: aws.Int32(n.attached), PermissionsBoundaryUsageCount: aws.Int32(n.boundary),
		CreateDate: aws.Time(p.Created), UpdateDate: aws.Time(p.Updated), DefaultVersionId: aws.String(p.Default), IsAttachable: true,
		Path: aws.String(p.Path), PolicyId: aws.String(p.ID), PolicyName: aws.String(p.Name)}
	if p.Description != "" {
		out.Description = aws.String(p.Description)
	}
	for _, v := range slices.Backward(p.Versions) {
		shown := shownVersion(p, v)
		shown.Document = encoded(v.Document)
		out.PolicyVersionList = append(out.PolicyVersionList, shown)
	}
	return out
}
