package identity

import (
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// The indexes of the tables, for Find.
const (
	ByAttached = "attached" // ARN of a managed policy
	ByBoundary = "boundary" // ARN of a managed policy
	ByGroup    = "group"    // NameIndex of a group
	ByRole     = "role"     // NameIndex of a role
	ByUser     = "user"     // UserIndex
	ByAlias    = "alias"
	ByEmail    = "email" // lower case
	ByParent   = "parent"
	BySCP      = "scp" // id of a service control policy
)

// NameIndex is the value of an index by name.
func NameIndex(account, name string) string { return account + "/" + strings.ToLower(name) }

// Table is a store.Table whose changes drop the directory's cache when they are committed. A new row alone cannot make
// anything wrong that is cached, as only what was found is kept; so Insert leaves the cache alone.
type Table[T any] struct {
	*store.Table[T]
	d *Directory
}

// Put writes a row, new or not.
func (t *Table[T]) Put(tx *store.Tx, k store.Key, v T) error {
	tx.OnCommit(t.d.drop)
	return t.Table.Put(tx, k, v)
}

// Delete removes a row or returns ErrNotFound.
func (t *Table[T]) Delete(tx *store.Tx, k store.Key) error {
	tx.OnCommit(t.d.drop)
	return t.Table.Delete(tx, k)
}

func newTable[T any](d *Directory, name string, indexes ...store.Index[T]) *Table[T] {
	return &Table[T]{Table: store.NewTable(d.store, name, indexes...), d: d}
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func (d *Directory) tables() {
	d.Users = newTable(d, "iam_user",
		store.Index[User]{Name: ByAttached, Value: func(u User) []string { return u.Attached }},
		store.Index[User]{Name: ByBoundary, Value: func(u User) []string { return some(u.Boundary) }},
		store.Index[User]{Name: ByGroup, Value: func(u User) []string { return names(u.Account, u.Groups) }})
	d.Groups = newTable(d, "iam_group",
		store.Index[Group]{Name: ByAttached, Value: func(g Group) []string { return g.Attached }})
	d.Roles = newTable(d, "iam_role",
		store.Index[Role]{Name: ByAttached, Value: func(r Role) []string { return r.Attached }},
		store.Index[Role]{Name: ByBoundary, Value: func(r Role) []string { return some(r.Boundary) }})
	d.ManagedPolicies = newTable[Policy](d, "iam_policy")
	d.AccessKeys = newTable(d, "iam_access_key",
		store.Index[AccessKey]{Name: ByUser, Value: func(k AccessKey) []string { return []string{UserIndex(k.Account, k.User)} }})
	d.InstanceProfiles = newTable(d, "iam_instance_profile",
		store.Index[InstanceProfile]{Name: ByRole, Value: func(p InstanceProfile) []string { return names(p.Account, p.Roles) }})
	d.OIDCProviders = newTable[OIDCProvider](d, "iam_oidc_provider")
	d.Accounts = newTable(d, "organizations_account",
		store.Index[Account]{Name: ByAlias, Value: func(a Account) []string { return some(a.Alias) }},
		store.Index[Account]{Name: ByEmail, Value: func(a Account) []string { return some(strings.ToLower(a.Email)) }},
		store.Index[Account]{Name: ByParent, Value: func(a Account) []string { return some(a.Parent) }},
		store.Index[Account]{Name: BySCP, Value: func(a Account) []string { return a.SCPs }})
	d.Organizations = newTable[Organization](d, "organizations_organization")
	d.Units = newTable(d, "organizations_unit",
		store.Index[Unit]{Name: ByParent, Value: func(u Unit) []string { return some(u.Parent) }},
		store.Index[Unit]{Name: BySCP, Value: func(u Unit) []string { return u.SCPs }})
	d.SCPs = newTable[SCP](d, "organizations_scp")
	d.seals = newTable[seal](d, "identity_seal")
}

func names(account string, list []string) []string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = NameIndex(account, name)
	}
	return out
}
