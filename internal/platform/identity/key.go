package identity

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// NewAccessKey makes a long-term key for a user, or for the account's root user when user is "". The secret is told
// here and never again by IAM.
func (d *Directory) NewAccessKey(tx *store.Tx, account, user string) (AccessKey, string, error) {
	for {
		k, err := d.accessKey(account, user, NewID(PrefixAccessKey, account), newSecret())
		if err != nil {
			return AccessKey{}, "", err
		}
		if err = d.AccessKeys.Insert(tx, IDKey(k.AccessKey.ID), k.AccessKey); !errors.Is(err, store.ErrExists) {
			return k.AccessKey, k.secret, err
		}
	}
}

// openKey is a key with its secret in clear.
type openKey struct {
	AccessKey
	secret string
}

func (d *Directory) accessKey(account, user, id, secret string) (openKey, error) {
	k := openKey{AccessKey{ID: id, Account: account, User: user, Status: Active, Created: d.clock.Now().UTC()}, secret}
	k.Sealed = d.box.secrets.Seal(nil, nil, []byte(secret), []byte(id))
	return k, nil
}

func (d *Directory) secret(k AccessKey) (string, error) {
	secret, err := d.box.secrets.Open(nil, nil, k.Sealed, []byte(k.ID))
	if err != nil {
		return "", fmt.Errorf("cannot open the secret of access key %s: %w", k.ID, err)
	}
	return string(secret), nil
}

// longTerm finds a long-term key and its owner.
func (d *Directory) longTerm(tx *store.Tx, id string) (Credential, error) {
	k, err := d.AccessKeys.Get(tx, IDKey(id))
	switch {
	case errors.Is(err, store.ErrNotFound) && len(id) == 20 && id[:4] == PrefixTemporaryKey:
		return Credential{}, ErrBadToken
	case errors.Is(err, store.ErrNotFound):
		return Credential{}, ErrUnknownKey
	case err != nil:
		return Credential{}, err
	case k.Status != Active:
		return Credential{}, ErrInactiveKey
	}
	if err := d.active(tx, k.Account); err != nil {
		return Credential{}, err
	}
	c := Credential{AccessKeyID: id, Principal: RootPrincipal(k.Account)}
	if c.SecretAccessKey, err = d.secret(k); err != nil {
		return Credential{}, err
	}
	if k.User != "" {
		u, err := d.Users.Get(tx, NameKey(k.Account, k.User))
		if errors.Is(err, store.ErrNotFound) {
			return Credential{}, ErrUnknownKey
		}
		if err != nil {
			return Credential{}, err
		}
		c.Principal = UserPrincipal(u)
	}
	c.Principal.AccessKeyID = id
	return c, nil
}

// active refuses the keys of accounts that were closed.
func (d *Directory) active(tx *store.Tx, account string) error {
	a, err := d.Accounts.Get(tx, IDKey(account))
	if errors.Is(err, store.ErrNotFound) {
		return ErrUnknownKey
	}
	if err == nil && a.Status != AccountActive {
		return ErrInactiveKey
	}
	return err
}

// RootPrincipal is the root user of an account.
func RootPrincipal(account string) authz.Principal {
	return authz.Principal{Kind: authz.Root, Account: account, ARN: arn.New("iam", "", account, "root"), UserID: account}
}

// UserPrincipal is a user as a principal.
func UserPrincipal(u User) authz.Principal {
	return authz.Principal{Kind: authz.User, Account: u.Account, ARN: u.ARN(), UserID: u.ID, Name: u.Name, Tags: u.Tags}
}

// RolePrincipal is a session of a role as a principal. Its tags are those of the role alone.
func RolePrincipal(r Role, session string) authz.Principal {
	return authz.Principal{Kind: authz.AssumedRole, Account: r.Account,
		ARN:    arn.New("sts", "", r.Account, "assumed-role/"+r.Name+"/"+session),
		UserID: r.ID + ":" + session, RoleARN: r.ARN(), SessionName: session, Tags: r.Tags}
}
