package iam

import (
	"context"
	"strings"
	"unicode"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// managedSize is the longest managed policy, in characters that are not white space.
const managedSize = 6144

// policySize counts a document's characters without white space, which is what the quotas are for.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func policySize(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func checkManaged(document string) error {
	if _, err := authz.ParseIdentity([]byte(document)); err != nil {
		return malformed(err)
	}
	if policySize(document) > managedSize {
		return overQuota("PolicySize", managedSize)
	}
	return nil
}

// encoded is a document as IAM answers it: percent-encoded but for the unreserved characters of RFC 3986.
func encoded(document string) *string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(document) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return aws.String(b.String())
}

func listedPolicy(p identity.Policy, n use) types.Policy {
	return types.Policy{Arn: aws.String(p.ARN()), AttachmentCount: aws.Int32(n.attached), PermissionsBoundaryUsageCount: aws.Int32(n.boundary),
		CreateDate: aws.Time(p.Created), UpdateDate: aws.Time(p.Updated), DefaultVersionId: aws.String(p.Default), IsAttachable: true,
		Path: aws.String(p.Path), PolicyId: aws.String(p.ID), PolicyName: aws.String(p.Name)}
}

func fullPolicy(p identity.Policy, n use) *types.Policy {
	out := listedPolicy(p, n)
	out.Tags = tagList(p.Tags)
	if p.Description != "" {
		out.Description = aws.String(p.Description)
	}
	return &out
}

// policy finds a managed policy of the account or of AWS.
func (s *Service) policy(tx *store.Tx, account string, arn *string) (identity.Policy, error) {
	name := aws.ToString(arn)
	if !strings.HasPrefix(name, "arn:aws:iam::") || !strings.Contains(name, ":policy/") {
		return identity.Policy{}, invalidInput("ARN %s is not valid.", name)
	}
	none := noSuchEntity("Policy %s was not found.", name)
	p, err := s.d.ManagedPolicy(tx, name)
	if err == nil && p.Account != account && p.Account != "aws" {
		return identity.Policy{}, none
	}
	return p, absent(err, none)
}

// changePolicy runs f on a customer managed policy and saves it. Those of AWS nobody may change.
func (s *Service) changePolicy(ctx context.Context, arn *string, f func(tx *store.Tx, p *identity.Policy) error) error {
	return s.update(ctx, func(tx *store.Tx, account string) error {
		p, err := s.ownPolicy(ctx, tx, account, arn)
		if err != nil {
			return err
		}
		if err := f(tx, &p); err != nil {
			return err
		}
		return s.d.ManagedPolicies.Put(tx, identity.NameKey(account, p.Name), p)
	})
}

func (s *Service) ownPolicy(ctx context.Context, tx *store.Tx, account string, arn *string) (identity.Policy, error) {
	p, err := s.policy(tx, account, arn)
	if err == nil && p.Account != account {
		call := wire.CallOf(ctx)
		return p, wire.Errorf(403, "AccessDenied", "User: "+call.Principal.ARN+" is not authorized to perform: iam:"+call.Operation+
			" on resource: policy "+p.ARN())
	}
	return p, err
}

// CreatePolicy makes a managed policy with its first version.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
func (s *Service) CreatePolicy(ctx context.Context, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	if err := checkManaged(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	out := &iam.CreatePolicyOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		now := s.now()
		p := identity.Policy{Account: account, Name: aws.ToString(in.PolicyName), Path: orRoot(in.Path),
			ID: identity.NewID(identity.PrefixPolicy, account), Description: aws.ToString(in.Description), Created: now, Updated: now,
			Default: "v1", Next: 2, Versions: []identity.PolicyVersion{{ID: "v1", Document: aws.ToString(in.PolicyDocument), Created: now}}}
		if err := addTags(&p.Tags, in.Tags); err != nil {
			return err
		}
		out.Policy = fullPolicy(p, use{})
		return taken(s.d.ManagedPolicies.Insert(tx, identity.NameKey(account, p.Name), p),
			exists("A policy called %s already exists. Duplicate names are not allowed.", p.Name))
	}))
}

// GetPolicy describes a policy, without its document.
func (s *Service) GetPolicy(ctx context.Context, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	out := &iam.GetPolicyOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.policy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		n, err := s.useOf(tx, account, p.ARN())
		out.Policy = fullPolicy(p, n)
		return err
	}))
}

// DeletePolicy removes a policy that is attached to nothing and has one version.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
func (s *Service) DeletePolicy(ctx context.Context, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	return done(&iam.DeletePolicyOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		p, err := s.ownPolicy(ctx, tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		n, err := s.useOf(tx, account, p.ARN())
		if err != nil {
			return err
		}
		if n != (use{}) {
			return conflict("Cannot delete a policy attached to entities.")
		}
		if len(p.Versions) > 1 {
			return conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. " +
				"The default version is deleted with the policy.")
		}
		return s.d.ManagedPolicies.Delete(tx, identity.NameKey(account, p.Name))
	}))
}
