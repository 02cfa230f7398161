package sts

import (
	"context"
	"net/http"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// Config is what the service needs.
type Config struct {
	Directory *identity.Directory
	Clock     clock.Clock
	HTTP      *http.Client // asks OIDC issuers; nil: a client of its own that follows no redirect and gives up after 10 s
}

// Service is STS.
type Service struct {
	directory *identity.Directory
	store     *store.Store
	clock     clock.Clock
	issuers   *issuers
}

// New makes the service.
func New(c Config) *Service {
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Service{directory: c.Directory, store: c.Directory.Store(), clock: c.Clock, issuers: newIssuers(c.HTTP, c.Clock)}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "sts" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AssumeRole, wire.On(s.assumeRoleTargets)),
		wire.Op(s.AssumeRoleWithWebIdentity, wire.Public(), wire.On(nothing[sts.AssumeRoleWithWebIdentityInput])),
		wire.Op(s.GetAccessKeyInfo),
		wire.Op(s.GetCallerIdentity, wire.On(nothing[sts.GetCallerIdentityInput])),
		wire.Op(s.GetFederationToken, wire.On(federationTargets)),
		wire.Op(s.GetSessionToken, wire.On(nothing[sts.GetSessionTokenInput])),
	}
}

// nothing is the target of operations that need no permission.
func nothing[I any](context.Context, *I) ([]wire.Target, error) { return nil, nil }

// GetCallerIdentity tells the caller who it is. It needs no permission and cannot be denied.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (s *Service) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	p := wire.CallOf(ctx).Principal
	return &sts.GetCallerIdentityOutput{Account: aws.String(p.Account), Arn: aws.String(p.ARN), UserId: aws.String(p.UserID)}, nil
}

// GetAccessKeyInfo tells the account of an access key, which stands in the key's id itself.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
func (s *Service) GetAccessKeyInfo(ctx context.Context, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	id := aws.ToString(in.AccessKeyId)
	account, ok := identity.AccountOfKey(id)
	err := s.store.View(ctx, func(tx *store.Tx) error {
		if k, err := s.directory.AccessKeys.Get(tx, identity.IDKey(id)); err == nil {
			account, ok = k.Account, true // a root key from the configuration has no account in its id
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, wire.Errorf(400, "ValidationError", "The access key ID is not valid.")
	}
	return &sts.GetAccessKeyInfoOutput{Account: aws.String(account)}, nil
}

func credentials(c identity.Credential) *types.Credentials {
	return &types.Credentials{AccessKeyId: aws.String(c.AccessKeyID), SecretAccessKey: aws.String(c.SecretAccessKey),
		SessionToken: aws.String(c.SessionToken), Expiration: aws.Time(c.Expires)}
}

func accessDenied(message string) error { return wire.Errorf(403, "AccessDenied", message) }

func notAuthorized(p authz.Principal, action, resource string) error {
	return accessDenied("User: " + p.ARN + " is not authorized to perform: " + action + " on resource: " + resource)
}

func invalid(message string) error { return wire.Errorf(400, "ValidationError", message) }
