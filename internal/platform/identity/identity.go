// Package identity is the directory of accounts, principals, credentials and policies. The iam, sts and organizations
// services write it; the wire chain and S3 ask it who calls and which policies apply.
package identity

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
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

// Directory holds every identity of the server. Its tables are open to the services that own them; whatever they change
// or delete there is seen by the next Credential and Policies.
//
// Keys: users, groups, roles, policies and instance profiles are found under NameKey, as IAM holds their names apart
// without regard to case. Access keys, accounts, units and service control policies are found under IDKey.
type Directory struct {
	Users            *Table[User]            // indexes: ByAttached, ByBoundary, ByGroup
	Groups           *Table[Group]           // index: ByAttached
	Roles            *Table[Role]            // indexes: ByAttached, ByBoundary
	ManagedPolicies  *Table[Policy]          // customer managed; Directory.ManagedPolicy finds those of AWS too
	AccessKeys       *Table[AccessKey]       // index: ByUser, with UserIndex as the value
	InstanceProfiles *Table[InstanceProfile] // index: ByRole
	OIDCProviders    *Table[OIDCProvider]    // key: NameKey(account, url without its scheme)
	Accounts         *Table[Account]         // indexes: ByAlias, ByEmail, ByParent, BySCP
	Organizations    *Table[Organization]    // at most one row, OrganizationKey
	Units            *Table[Unit]            // the root and the organizational units; indexes: ByParent, BySCP
	SCPs             *Table[SCP]

	seals  *Table[seal]
	store  *store.Store
	clock  clock.Clock
	aws    map[string]Policy // by ARN
	awsAll []Policy
	box    *box
	cache  atomic.Pointer[cache]
	parsed parsed
}

// Option changes what New opens.
type Option func(*settings)

type settings struct{ keyFile string }

// KeyFile keeps the sealing key in a file of mode 0600 instead of in the database, so that a copy of the database alone
// gives no secret away. It is the right choice wherever the server has a directory of its own. Without it the key is a
// row: a database is then complete in itself.
func KeyFile(path string) Option { return func(s *settings) { s.keyFile = path } }

// New opens the directory in st. It makes the server's sealing key on first use. It fails when the key is not the one
// that the database was sealed with.
func New(st *store.Store, c clock.Clock, options ...Option) (*Directory, error) {
	var s settings
	for _, o := range options {
		o(&s)
	}
	d := &Directory{store: st, clock: c}
	d.tables()
	d.cache.Store(&cache{})
	var err error
	if err = d.loadAWS(); err != nil {
		return nil, fmt.Errorf("cannot open identities: %w", err)
	}
	if d.box, err = d.unseal(s.keyFile); err != nil {
		return nil, fmt.Errorf("cannot open identities: %w", err)
	}
	return d, nil
}

// Store is the database that the tables lie in.
func (d *Directory) Store() *store.Store { return d.store }

// Credential is an access key with who it stands for. Maps and slices of Principal are shared: nobody may change them.
type Credential struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time // zero for long-term keys
	Principal                                  authz.Principal
}

// Credential looks an access key up. Long-term keys are rows; temporary ones (ASIA…) are sealed into their session
// token and checked against the role or user that they came from, which must still exist with the same unique id.
// It is on the path of every request: it is cached and the cache is dropped when identities change.
func (d *Directory) Credential(ctx context.Context, accessKeyID, sessionToken string) (Credential, error) {
	drawer := d.cache.Load()
	key := credentialKey{accessKeyID, sessionToken}
	if c, ok := drawer.credential(key); ok {
		return c, d.alive(c)
	}
	var c Credential
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		if sessionToken != "" {
			c, err = d.open(tx, accessKeyID, sessionToken)
		} else {
			c, err = d.longTerm(tx, accessKeyID)
		}
		return err
	})
	if err != nil {
		return Credential{}, err
	}
	drawer.keepCredential(key, c)
	return c, nil
}

func (d *Directory) alive(c Credential) error {
	if !c.Expires.IsZero() && !d.clock.Now().Before(c.Expires) {
		return ErrExpiredToken
	}
	return nil
}
