// Package identity is the directory of accounts, principals, credentials and policies. The iam, sts and organizations
// services write it; the wire chain and S3 ask it who calls and which policies apply.
package identity

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Errors of Credential.
var (
	ErrUnknownKey   = errors.New("unknown access key")    // InvalidClientTokenId / InvalidAccessKeyId
	ErrInactiveKey  = errors.New("inactive access key")   // the same to clients
	ErrBadToken     = errors.New("invalid session token") // InvalidClientTokenId / InvalidToken
	ErrExpiredToken = errors.New("expired session token") // ExpiredToken
)

// Directory holds every identity of the server.
type Directory struct{}

// New opens the directory in st. It makes the server's sealing key on first use.
func New(st *store.Store, c clock.Clock) (*Directory, error) { panic("contract") }

// Credential is an access key with who it stands for.
type Credential struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time // zero for long-term keys
	Principal                                  authz.Principal
}

// Credential looks an access key up. Long-term keys are rows; temporary ones (ASIA…) are sealed into their session
// token and checked against the role or user that they came from, which must still exist with the same unique id.
// It is on the path of every request: it is cached and the cache is dropped when identities change.
func (d *Directory) Credential(ctx context.Context, accessKeyID, sessionToken string) (Credential, error) {
	panic("contract")
}

// Issue seals temporary credentials for p.
func (d *Directory) Issue(p authz.Principal, lifetime time.Duration) (Credential, error) {
	panic("contract")
}

// Policies collects the identity, boundary and service control policies that apply to p. Cached as Credential is.
func (d *Directory) Policies(ctx context.Context, p authz.Principal) (authz.Policies, error) {
	panic("contract")
}

// Authorize decides r for its principal, with the resource's own policy when it has one.
func (d *Directory) Authorize(ctx context.Context, r authz.Request, resource *authz.Policy) (authz.Decision, error) {
	panic("contract")
}

// Account is one account.
type Account struct {
	ID, Name, Email string
	Management      bool
	Created         time.Time
	Status          string // ACTIVE, SUSPENDED
	Parent          string // id of the root or organizational unit it is in
}
