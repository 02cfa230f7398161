package sts

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	keySourceIdentity = "aws:SourceIdentity"
	keyProvider       = "aws:FederatedProvider"
	keyMFA            = "aws:MultiFactorAuthPresent"
	// keyTransitive carries in a session which of its tags go on to the next. No request can set it.
	keyTransitive = "atelier:TransitiveTagKeys"
)

// role finds a role by its whole ARN. ok is false when there is none.
func (s *Service) role(ctx context.Context, roleARN string) (r identity.Role, ok bool, err error) {
	a, err := arn.Parse(roleARN)
	if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return r, false, invalid(roleARN + " is invalid")
	}
	err = s.store.View(ctx, func(tx *store.Tx) (err error) {
		r, err = s.directory.Roles.Get(tx, identity.NameKey(a.Account, a.Resource[strings.LastIndexByte(a.Resource, '/')+1:]))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil && r.ARN() == roleARN, err
}

// assumeRoleTargets asks the caller's policies and the role's trust policy. Whether the role is there or only not for
// the caller looks the same.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *Service) assumeRoleTargets(ctx context.Context, in *sts.AssumeRoleInput) ([]wire.Target, error) {
	p, roleARN := wire.CallOf(ctx).Principal, aws.ToString(in.RoleArn)
	if p.Kind == authz.Root {
		return nil, accessDenied("Roles may not be assumed by root accounts.")
	}
	r, ok, err := s.role(ctx, roleARN)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notAuthorized(p, "sts:AssumeRole", roleARN)
	}
	trust, err := authz.ParseTrust([]byte(r.Trust))
	if err != nil {
		return nil, err
	}
	trust.ID = r.Name
	c := requestContext(p, in)
	for k, v := range r.Tags {
		c["aws:ResourceTag/"+k], c["iam:ResourceTag/"+k] = []string{v}, []string{v}
	}
	target := wire.Target{Action: "sts:AssumeRole", Resource: roleARN, Account: r.Account, Policy: trust, Context: c}
	list := []wire.Target{target}
	if len(in.Tags) > 0 || len(in.TransitiveTagKeys) > 0 || len(p.Context[keyTransitive]) > 0 {
		target.Action = "sts:TagSession"
		list = append(list, target)
	}
	if in.SourceIdentity != nil || len(p.Context[keySourceIdentity]) > 0 {
		target.Action = "sts:SetSourceIdentity"
		list = append(list, target)
	}
	return list, nil
}

func requestContext(p authz.Principal, in *sts.AssumeRoleInput) authz.Context {
	c := authz.Context{"sts:RoleSessionName": {aws.ToString(in.RoleSessionName)}}
	if in.ExternalId != nil {
		c["sts:ExternalId"] = []string{*in.ExternalId}
	}
	if in.SourceIdentity != nil {
		c["sts:SourceIdentity"] = []string{*in.SourceIdentity}
	} else if v := p.Context[keySourceIdentity]; len(v) > 0 {
		c["sts:SourceIdentity"] = v
	}
	for _, t := range in.Tags {
		k := aws.ToString(t.Key)
		c["aws:RequestTag/"+k] = []string{aws.ToString(t.Value)}
		c["aws:TagKeys"] = append(c["aws:TagKeys"], k)
	}
	for _, k := range p.Context[keyTransitive] {
		c["aws:RequestTag/"+k] = []string{p.Tags[k]}
		c["aws:TagKeys"] = append(c["aws:TagKeys"], k)
	}
	if len(in.TransitiveTagKeys) > 0 {
		c["sts:TransitiveTagKeys"] = in.TransitiveTagKeys
	}
	return c
}

// AssumeRole gives credentials of a role.
func (s *Service) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	caller := wire.CallOf(ctx).Principal
	r, ok, err := s.role(ctx, aws.ToString(in.RoleArn))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notAuthorized(caller, "sts:AssumeRole", aws.ToString(in.RoleArn))
	}
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, errNoMFA
	}
	lifetime, err := duration(in.DurationSeconds, r, caller)
	if err != nil {
		return nil, err
	}
	tags, transitive, err := sessionTags(caller, in.Tags, in.TransitiveTagKeys)
	if err != nil {
		return nil, err
	}
	policies, packed, err := s.sessionPolicies(ctx, r.Account, in.Policy, in.PolicyArns, tags)
	if err != nil {
		return nil, err
	}
	p := identity.RolePrincipal(r, aws.ToString(in.RoleSessionName))
	p.SessionTags = tags
	p.Context = authz.Context{keyMFA: {"false"}}
	if len(transitive) > 0 {
		p.Context[keyTransitive] = transitive
	}
	source := in.SourceIdentity
	if v := caller.Context[keySourceIdentity]; len(v) > 0 {
		if source != nil && *source != v[0] {
			return nil, accessDenied("You cannot change the source identity of a session that has one.")
		}
		source = aws.String(v[0])
	}
	if source != nil {
		p.Context[keySourceIdentity] = []string{*source}
	}
	c, err := s.directory.Issue(p, lifetime, policies...)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 clients still read the older name
	return &sts.AssumeRoleOutput{Credentials: credentials(c), PackedPolicySize: packed, SessionTokenUtilization: packed, SourceIdentity: source,
		AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String(p.ARN), AssumedRoleId: aws.String(p.UserID)}}, nil
}

var errNoMFA = wire.Errorf(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")

const oneHour = 3600

// duration checks how long a session of the role is to last.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
func duration(asked *int32, r identity.Role, caller authz.Principal) (time.Duration, error) {
	limit := r.MaxSession
	if limit == 0 {
		limit = oneHour
	}
	seconds := int32(oneHour)
	if asked != nil {
		seconds = *asked
	}
	switch {
	case seconds < 900:
		return 0, invalid("1 validation error detected: Value '" + itoa(seconds) + "' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")
	case seconds > limit:
		return 0, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	case seconds > oneHour && caller.Kind == authz.AssumedRole:
		return 0, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return time.Duration(seconds) * time.Second, nil
}
