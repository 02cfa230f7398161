package sts

import (
	"context"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// longTerm refuses callers that hold temporary credentials themselves.
func longTerm(p authz.Principal, operation string) error {
	if p.Kind != authz.User && p.Kind != authz.Root || strings.HasPrefix(p.AccessKeyID, identity.PrefixTemporaryKey) {
		return accessDenied("Cannot call " + operation + " with session credentials")
	}
	return nil
}

// tokenDuration is how long a token of a user or the root user holds: 12 hours unless said otherwise, one hour at most
// for root.
func tokenDuration(asked *int32, p authz.Principal) time.Duration {
	seconds := int32(43200)
	if asked != nil {
		seconds = *asked
	}
	if p.Kind == authz.Root {
		seconds = min(seconds, oneHour)
	}
	return time.Duration(seconds) * time.Second
}

// GetSessionToken gives temporary credentials of the calling user.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
func (s *Service) GetSessionToken(ctx context.Context, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	p := wire.CallOf(ctx).Principal
	if err := longTerm(p, "GetSessionToken"); err != nil {
		return nil, err
	}
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, errNoMFA
	}
	p.Context = authz.Context{keyMFA: {"false"}}
	c, err := s.directory.Issue(p, tokenDuration(in.DurationSeconds, p))
	if err != nil {
		return nil, err
	}
	return &sts.GetSessionTokenOutput{Credentials: credentials(c)}, nil
}

func federatedARN(account, name string) string {
	return arn.New("sts", "", account, "federated-user/"+name)
}

func federationTargets(ctx context.Context, in *sts.GetFederationTokenInput) ([]wire.Target, error) {
	p := wire.CallOf(ctx).Principal
	if err := longTerm(p, "GetFederationToken"); err != nil {
		return nil, err
	}
	c := authz.Context{}
	for _, t := range in.Tags {
		c["aws:RequestTag/"+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
		c["aws:TagKeys"] = append(c["aws:TagKeys"], aws.ToString(t.Key))
	}
	target := wire.Target{Resource: federatedARN(p.Account, aws.ToString(in.Name)), Context: c}
	list := []wire.Target{target}
	if len(in.Tags) > 0 {
		target.Action = "sts:TagSession"
		list = append(list, target)
	}
	return list, nil
}

// GetFederationToken gives credentials of a federated user, that may do what both the calling user and the session's
// policies allow; nothing without policies.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
func (s *Service) GetFederationToken(ctx context.Context, in *sts.GetFederationTokenInput) (*sts.GetFederationTokenOutput, error) {
	caller := wire.CallOf(ctx).Principal
	if err := longTerm(caller, "GetFederationToken"); err != nil {
		return nil, err
	}
	tags, _, err := sessionTags(authz.Principal{}, in.Tags, nil)
	if err != nil {
		return nil, err
	}
	policies, packed, err := s.sessionPolicies(ctx, caller.Account, in.Policy, in.PolicyArns, tags)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.Name)
	p := authz.Principal{Kind: authz.FederatedUser, Account: caller.Account, ARN: federatedARN(caller.Account, name),
		UserID: caller.Account + ":" + name, Name: caller.Name, SessionName: caller.UserID, Tags: tags, SessionTags: tags,
		Context: authz.Context{keyMFA: {"false"}}, HasSession: true}
	c, err := s.directory.Issue(p, tokenDuration(in.DurationSeconds, caller), policies...)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 clients still read the older name
	return &sts.GetFederationTokenOutput{Credentials: credentials(c), PackedPolicySize: packed, SessionTokenUtilization: packed,
		FederatedUser: &types.FederatedUser{Arn: aws.String(p.ARN), FederatedUserId: aws.String(p.UserID)}}, nil
}
