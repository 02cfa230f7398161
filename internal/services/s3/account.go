package s3

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// accounts answers versitygw who holds an access key.
type accounts struct{ directory Directory }

var errExpiredToken = s3err.APIError{Code: "ExpiredToken", Description: "The provided token has expired.", HTTPStatusCode: 400}

// DeriveSigningKey finds the key that a request has to be signed with. The account it returns passes all of versitygw's
// own checks; ours come after the signature.
func (a *accounts) DeriveSigningKey(access, token, date, region, service string) ([]byte, auth.Account, error) {
	access, token = strings.Clone(access), strings.Clone(token) // they lie in the request's buffer, and what is found by them is kept
	c, err := a.directory.Credential(context.Background(), access, token)
	switch {
	case errors.Is(err, identity.ErrUnknownKey), errors.Is(err, identity.ErrInactiveKey):
		return nil, auth.Account{}, auth.ErrNoSuchUser
	case errors.Is(err, identity.ErrBadToken):
		return nil, auth.Account{}, auth.ErrInvalidSessionToken
	case errors.Is(err, identity.ErrExpiredToken):
		return nil, auth.Account{}, errExpiredToken
	case err != nil:
		return nil, auth.Account{}, err
	}
	key := []byte("AWS4" + c.SecretAccessKey)
	for _, part := range []string{date, region, service, "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	// Buckets belong to accounts, so that is what versitygw sees as the user. RoleArn carries the access key, by which
	// the principal is found again.
	return key, auth.Account{Access: c.Principal.Account, Role: auth.RoleAdmin, RoleArn: access, SessionToken: token,
		Arn: c.Principal.ARN}, nil
}

func (a *accounts) principal(ctx context.Context, who auth.Account) (authz.Principal, error) {
	if who.RoleArn == "" {
		return authz.Principal{Kind: authz.Anonymous}, nil
	}
	c, err := a.directory.Credential(ctx, strings.Clone(who.RoleArn), strings.Clone(who.SessionToken))
	if err != nil {
		return authz.Principal{}, denied()
	}
	return c.Principal, nil
}

func denied() error { return s3err.GetAPIError(s3err.ErrAccessDenied) }

var errNoAccounts = s3err.GetAPIError(s3err.ErrAdminMethodNotSupported)

// Users are managed through IAM alone.
func (a *accounts) CreateAccount(auth.Account) error { return errNoAccounts }

// GetUserAccount knows nobody: keys go through DeriveSigningKey.
func (a *accounts) GetUserAccount(string) (auth.Account, error) {
	return auth.Account{}, auth.ErrNoSuchUser
}

// ResolveAccounts finds every grantee fine, as ACLs grant nothing.
func (a *accounts) ResolveAccounts([]string) ([]string, error) { return nil, nil }

// ResolvePrincipals leaves the check of a policy's principals to our own parser.
func (a *accounts) ResolvePrincipals([]string) ([]string, error) { return nil, nil }

// UpdateUserAccount is not supported.
func (a *accounts) UpdateUserAccount(string, auth.MutableProps) error { return errNoAccounts }

// DeleteUserAccount is not supported.
func (a *accounts) DeleteUserAccount(string) error { return errNoAccounts }

// ListUserAccounts is not supported.
func (a *accounts) ListUserAccounts() ([]auth.Account, error) { return nil, errNoAccounts }

// Shutdown has nothing to close.
func (a *accounts) Shutdown() error { return nil }
