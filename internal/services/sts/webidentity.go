package sts

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/coreos/go-oidc/v3/oidc"
)

const actionWebIdentity = "sts:AssumeRoleWithWebIdentity"

// claims are what we read of a token.
type claims struct {
	Party string   `json:"azp"`
	AMR   []string `json:"amr"`
	Tags  struct {
		Principal  map[string][]string `json:"principal_tags"`
		Transitive []string            `json:"transitive_tag_keys"`
	} `json:"https://aws.amazon.com/tags"`
	SourceIdentity string `json:"https://aws.amazon.com/source_identity"`
}

// AssumeRoleWithWebIdentity gives credentials of a role to the holder of a token of an OpenID Connect issuer that the
// role's account has a provider of. Nobody has signed the request: the token says who calls.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	r, ok, err := s.role(ctx, aws.ToString(in.RoleArn))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errWebIdentity
	}
	provider, err := s.provider(ctx, r.Account, aws.ToString(in.WebIdentityToken))
	if err != nil {
		return nil, err
	}
	token, err := s.issuers.verify(ctx, provider, aws.ToString(in.WebIdentityToken))
	if err != nil {
		return nil, err
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return nil, invalidToken("The claims of the web identity token cannot be read")
	}
	audience := ""
	for _, id := range append([]string{c.Party}, token.Audience...) {
		if id != "" && slices.Contains(provider.ClientIDs, id) {
			audience = id
			break
		}
	}
	if audience == "" {
		return nil, invalidToken("Incorrect token audience")
	}
	if token.Subject == "" {
		return nil, invalidToken("The web identity token has no subject")
	}
	var list []types.Tag
	for k, v := range c.Tags.Principal {
		if len(v) != 1 {
			return nil, invalidToken("A session tag of the web identity token does not have exactly one value")
		}
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(v[0])})
	}
	tags, transitive, err := sessionTags(authz.Principal{}, list, c.Tags.Transitive)
	if err != nil {
		return nil, err
	}
	held := authz.Context{keyProvider: {provider.ARN()}, provider.Host() + ":aud": {audience}, provider.Host() + ":sub": {token.Subject}}
	if len(c.AMR) > 0 {
		held[provider.Host()+":amr"] = c.AMR
	}
	if err := s.trusts(r, held, in, list, c); err != nil {
		return nil, err
	}
	lifetime, err := duration(in.DurationSeconds, r, authz.Principal{})
	if err != nil {
		return nil, err
	}
	policies, packed, err := s.sessionPolicies(ctx, r.Account, in.Policy, in.PolicyArns, tags)
	if err != nil {
		return nil, err
	}
	p := identity.RolePrincipal(r, aws.ToString(in.RoleSessionName))
	p.SessionTags, p.Context = tags, held
	held[keyMFA] = []string{"false"}
	if len(transitive) > 0 {
		held[keyTransitive] = transitive
	}
	//lint:ignore SA1019 clients still read the older name
	out := &sts.AssumeRoleWithWebIdentityOutput{Audience: aws.String(audience), Provider: aws.String(provider.ARN()), PackedPolicySize: packed,
		SessionTokenUtilization:     packed,
		SubjectFromWebIdentityToken: aws.String(token.Subject),
		AssumedRoleUser:             &types.AssumedRoleUser{Arn: aws.String(p.ARN), AssumedRoleId: aws.String(p.UserID)}}
	if c.SourceIdentity != "" {
		held[keySourceIdentity], out.SourceIdentity = []string{c.SourceIdentity}, aws.String(c.SourceIdentity)
	}
	cred, err := s.directory.Issue(p, lifetime, policies...)
	if err != nil {
		return nil, err
	}
	out.Credentials = credentials(cred)
	return out, nil
}

var errWebIdentity = accessDenied("Not authorized to perform " + actionWebIdentity)

// trusts asks the role's trust policy about the holder of a token.
func (s *Service) trusts(r identity.Role, held authz.Context, in *sts.AssumeRoleWithWebIdentityInput, tags []types.Tag, c claims) error {
	trust, err := authz.ParseTrust([]byte(r.Trust))
	if err != nil {
		return err
	}
	asked := authz.Context{"sts:RoleSessionName": {aws.ToString(in.RoleSessionName)}}
	asked.SetTime(s.clock.Now())
	for _, t := range tags {
		asked["aws:RequestTag/"+*t.Key] = []string{*t.Value}
		asked["aws:TagKeys"] = append(asked["aws:TagKeys"], *t.Key)
	}
	if len(c.Tags.Transitive) > 0 {
		asked["sts:TransitiveTagKeys"] = c.Tags.Transitive
	}
	actions := []string{actionWebIdentity}
	if len(tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if c.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
		asked["sts:SourceIdentity"] = []string{c.SourceIdentity}
	}
	for _, action := range actions {
		d := authz.Evaluate(authz.Request{Principal: authz.Principal{Kind: authz.Anonymous, Context: held}, Action: action, Resource: r.ARN(),
			ResourceAccount: r.Account, Context: asked}, authz.Policies{Resource: trust})
		if d.Outcome != authz.Allowed {
			return errWebIdentity
		}
	}
	return nil
}

// provider finds the provider of the token's issuer in the role's account. Nothing in the token is believed yet.
func (s *Service) provider(ctx context.Context, account, token string) (p identity.OIDCProvider, err error) {
	parts := strings.Split(token, ".")
	var c struct {
		Issuer string `json:"iss"`
	}
	body, e := []byte(nil), errors.New("not a token")
	if len(parts) == 3 {
		body, e = base64.RawURLEncoding.DecodeString(parts[1])
	}
	if e != nil || json.Unmarshal(body, &c) != nil || c.Issuer == "" {
		return p, invalidToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	err = s.store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = s.directory.OIDCProviders.Get(tx, identity.NameKey(account, identity.Host(c.Issuer)))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return p, invalidToken("No OpenIDConnect provider found in your account for " + c.Issuer)
	}
	return p, err
}

func invalidToken(message string) error {
	return &types.InvalidIdentityTokenException{Message: aws.String(message)}
}

// refuse turns what the verifier says into STS's errors.
func refuse(err error) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return &types.ExpiredTokenException{Message: aws.String("Token expired: current date/time must be before the expiration date/time")}
	}
	return invalidToken("The web identity token could not be verified")
}
