package identity

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// ErrEmailExists is returned by CreateAccount when another account has the email address.
var ErrEmailExists = errors.New("email address is taken by another account")

// NewAccount describes an account to make.
type NewAccount struct {
	Name, Email string
	RoleName    string // of the role that lets the management account in; "" means OrganizationAccountAccessRole
	Tags        map[string]string
}

// Management finds the management account, or returns store.ErrNotFound before Bootstrap.
func (d *Directory) Management(tx *store.Tx) (Account, error) {
	rows, err := d.Accounts.List(tx, store.Range{})
	if err != nil {
		return Account{}, err
	}
	for _, row := range rows {
		if row.Value.Management {
			return row.Value, nil
		}
	}
	return Account{}, store.ErrNotFound
}

// CreateAccount makes a member account, and the organization before it when there is none. In the new account is a role
// that may do everything and that the management account may assume.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
func (d *Directory) CreateAccount(ctx context.Context, n NewAccount) (a Account, err error) {
	err = d.store.Update(ctx, func(tx *store.Tx) error {
		a, err = d.CreateAccountIn(tx, n)
		return err
	})
	return a, err
}

// CreateAccountIn is CreateAccount in a transaction.
func (d *Directory) CreateAccountIn(tx *store.Tx, n NewAccount) (Account, error) {
	o, err := d.EnsureOrganization(tx)
	if err != nil {
		return Account{}, err
	}
	a, err := d.insertAccount(tx, Account{Name: n.Name, Email: n.Email, Parent: o.Root, SCPs: []string{FullAWSAccess}, Tags: n.Tags,
		Joined: d.clock.Now().UTC()})
	if err != nil {
		return Account{}, err
	}
	name := n.RoleName
	if name == "" {
		name = "OrganizationAccountAccessRole"
	}
	trust, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow",
		"Principal": map[string]string{"AWS": arn.New("iam", "", o.Management, "root")}, "Action": "sts:AssumeRole"}}})
	if err != nil {
		return Account{}, err
	}
	return a, d.Roles.Insert(tx, NameKey(a.ID, name), Role{Account: a.ID, Name: name, Path: "/", ID: NewID(PrefixRole, a.ID),
		Created: a.Created, Trust: string(trust), MaxSession: 3600, Inline: map[string]string{"AdministratorAccess": allowAll}})
}

func (d *Directory) insertAccount(tx *store.Tx, a Account) (Account, error) {
	same, err := d.Accounts.Find(tx, ByEmail, strings.ToLower(a.Email), store.Range{})
	if err != nil {
		return Account{}, err
	}
	if a.Email != "" && len(same) > 0 {
		return Account{}, ErrEmailExists
	}
	a.Created, a.Status = d.clock.Now().UTC(), AccountActive
	for {
		a.ID = newAccountID()
		if err := d.Accounts.Insert(tx, IDKey(a.ID), a); !errors.Is(err, store.ErrExists) {
			return a, err
		}
	}
}

// EnsureOrganization finds the organization or makes it: its root, the policy FullAWSAccess, and the management account
// in it. Service control policies are enabled, as the organization has all features.
func (d *Directory) EnsureOrganization(tx *store.Tx) (Organization, error) {
	o, err := d.Organizations.Get(tx, OrganizationKey)
	if !errors.Is(err, store.ErrNotFound) {
		return o, err
	}
	m, err := d.Management(tx)
	if err != nil {
		return o, err
	}
	now := d.clock.Now().UTC()
	o = Organization{ID: "o-" + RandomID(10), Management: m.ID, Root: "r-" + RandomID(4), Created: now, Enabled: []string{SCPType}}
	if err := d.Organizations.Insert(tx, OrganizationKey, o); err != nil {
		return o, err
	}
	if err := d.Units.Insert(tx, IDKey(o.Root), Unit{ID: o.Root, Name: "Root", Created: now, SCPs: []string{FullAWSAccess}}); err != nil {
		return o, err
	}
	if err := d.SCPs.Put(tx, IDKey(FullAWSAccess), SCP{ID: FullAWSAccess, Name: "FullAWSAccess",
		Description: "Allows access to every operation", Content: allowAll, AWS: true, Created: now}); err != nil {
		return o, err
	}
	m.Parent, m.Joined, m.SCPs = o.Root, now, []string{FullAWSAccess}
	return o, d.Accounts.Put(tx, IDKey(m.ID), m)
}
