package identity_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type fixture struct {
	*identity.Directory
	t     testing.TB
	clock *clock.Manual
	root  identity.Credential
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.At(start)}
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if f.Directory, err = identity.New(st, f.clock); err != nil {
		t.Fatal(err)
	}
	if _, f.root, err = f.Bootstrap(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) update(g func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.Store().Update(context.Background(), g); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) user(name string, change func(*identity.User)) (u identity.User, key, secret string) {
	f.t.Helper()
	account := f.root.Principal.Account
	f.update(func(tx *store.Tx) error {
		u = identity.User{Account: account, Name: name, Path: "/", ID: identity.NewID(identity.PrefixUser, account), Created: start}
		if change != nil {
			change(&u)
		}
		if err := f.Users.Insert(tx, identity.NameKey(account, name), u); err != nil {
			return err
		}
		k, s, err := f.NewAccessKey(tx, account, name)
		key, secret = k.ID, s
		return err
	})
	return u, key, secret
}

func (f *fixture) outcome(p authz.Principal, action string) authz.Outcome {
	f.t.Helper()
	d, err := f.Authorize(context.Background(), authz.Request{Principal: p, Action: action, Resource: "arn:aws:s3:::b/k"}, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return d.Outcome
}

const allowS3 = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`

func TestBootstrap(t *testing.T) {
	f := open(t)
	if f.root.Principal.Kind != authz.Root || len(f.root.Principal.Account) != 12 || len(f.root.SecretAccessKey) != 40 {
		t.Fatalf("root credential %+v", f.root)
	}
	got, err := f.Credential(t.Context(), f.root.AccessKeyID, "")
	if err != nil || got.SecretAccessKey != f.root.SecretAccessKey || got.Principal.ARN != "arn:aws:iam::"+f.root.Principal.Account+":root" {
		t.Fatalf("Credential = %+v, %v", got, err)
	}
	created, again, err := f.Bootstrap(t.Context(), "", "")
	if err != nil || created || again.AccessKeyID != f.root.AccessKeyID || again.SecretAccessKey != f.root.SecretAccessKey {
		t.Fatalf("second Bootstrap = %v, %+v, %v", created, again, err)
	}
	for _, key := range []string{"test-key-one", "test-key-two"} {
		if _, c, err := f.Bootstrap(t.Context(), key, "secret of "+key); err != nil || c.AccessKeyID != key {
			t.Fatalf("Bootstrap(%s) = %+v, %v", key, c, err)
		}
		if c, err := f.Credential(t.Context(), key, ""); err != nil || c.SecretAccessKey != "secret of "+key {
			t.Fatalf("Credential(%s) = %+v, %v", key, c, err)
		}
	}
	if _, err := f.Credential(t.Context(), "test-key-one", ""); !errors.Is(err, identity.ErrUnknownKey) {
		t.Fatalf("the key fixed before: %v", err)
	}
	for _, bad := range [][2]string{{"only", ""}, {"", "only"}, {"ASIAXXXXXXXXXXXXXXXX", "s"}} {
		if _, _, err := f.Bootstrap(t.Context(), bad[0], bad[1]); err == nil {
			t.Errorf("Bootstrap(%q) works", bad)
		}
	}
}

func TestSealingKey(t *testing.T) {
	dir, keys := t.TempDir(), t.TempDir()
	file := filepath.Join(keys, "seal")
	run := func(options ...identity.Option) (identity.Credential, error) {
		st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: clock.At(start)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = st.Close() }()
		d, err := identity.New(st, clock.At(start), options...)
		if err != nil {
			return identity.Credential{}, err
		}
		_, c, err := d.Bootstrap(t.Context(), "", "")
		return c, err
	}
	first, err := run(identity.KeyFile(file))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info, err)
	}
	if again, err := run(identity.KeyFile(file)); err != nil || again.SecretAccessKey != first.SecretAccessKey {
		t.Fatalf("after a restart: %+v, %v", again, err)
	}
	if _, err := run(identity.KeyFile(filepath.Join(keys, "gone"))); err == nil {
		t.Error("opened without the key")
	}
	if err := os.WriteFile(file, make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(identity.KeyFile(file)); err == nil {
		t.Error("opened with another key")
	}
}

func TestIDs(t *testing.T) {
	for _, account := range []string{"000000000001", "123456789012", "999999999999"} {
		id := identity.NewID(identity.PrefixAccessKey, account)
		if got, ok := identity.AccountOfKey(id); !ok || got != account || len(id) != 20 {
			t.Errorf("AccountOfKey(%s) = %s, %v; want %s", id, got, ok, account)
		}
	}
	// The example of https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html is of the form
	// that has no account in it.
	for _, id := range []string{"AKIAIOSFODNN7EXAMPLE", "short", "AKIA????????????????", "AKIA7777777777777777"} {
		if got, ok := identity.AccountOfKey(id); ok {
			t.Errorf("AccountOfKey(%s) = %s", id, got)
		}
	}
}

func TestChangesAreSeenAtOnce(t *testing.T) {
	f := open(t)
	u, key, secret := f.user("Ann", nil)
	c, err := f.Credential(t.Context(), key, "")
	if err != nil || c.SecretAccessKey != secret || c.Principal.ARN != u.ARN() {
		t.Fatalf("Credential = %+v, %v", c, err)
	}
	if got := f.outcome(c.Principal, "s3:GetObject"); got != authz.ImplicitDeny {
		t.Fatalf("without policies: %s", got)
	}
	u.Inline = map[string]string{"p": allowS3}
	f.update(func(tx *store.Tx) error { return f.Users.Put(tx, identity.NameKey(u.Account, "ann"), u) })
	if got := f.outcome(c.Principal, "s3:GetObject"); got != authz.Allowed {
		t.Fatalf("with a policy: %s", got)
	}
	u.Boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	f.update(func(tx *store.Tx) error { return f.Users.Put(tx, identity.NameKey(u.Account, "ann"), u) })
	if get, put := f.outcome(c.Principal, "s3:GetObject"), f.outcome(c.Principal, "s3:PutObject"); get != authz.Allowed || put != authz.ImplicitDeny {
		t.Fatalf("within a boundary: get %s, put %s", get, put)
	}
	f.update(func(tx *store.Tx) error {
		k, err := f.AccessKeys.Get(tx, identity.IDKey(key))
		k.Status = identity.Inactive
		return errors.Join(err, f.AccessKeys.Put(tx, identity.IDKey(key), k))
	})
	if _, err := f.Credential(t.Context(), key, ""); !errors.Is(err, identity.ErrInactiveKey) {
		t.Fatalf("inactive key: %v", err)
	}
	f.update(func(tx *store.Tx) error { return f.AccessKeys.Delete(tx, identity.IDKey(key)) })
	if _, err := f.Credential(t.Context(), key, ""); !errors.Is(err, identity.ErrUnknownKey) {
		t.Fatalf("deleted key: %v", err)
	}
}

func TestGroupsAndVersions(t *testing.T) {
	f := open(t)
	account := f.root.Principal.Account
	p := identity.Policy{Account: account, Name: "P", Path: "/team/", ID: identity.NewID(identity.PrefixPolicy, account), Default: "v2",
		Versions: []identity.PolicyVersion{{ID: "v1", Document: allowS3}, {ID: "v2", Document: `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`}}}
	f.update(func(tx *store.Tx) error {
		return errors.Join(f.ManagedPolicies.Insert(tx, identity.NameKey(account, "P"), p),
			f.Groups.Insert(tx, identity.NameKey(account, "G"), identity.Group{Account: account, Name: "G", Path: "/", Attached: []string{p.ARN()}}))
	})
	_, key, _ := f.user("bob", func(u *identity.User) { u.Groups = []string{"g"} })
	c, err := f.Credential(t.Context(), key, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.outcome(c.Principal, "s3:GetObject"); got != authz.ExplicitDeny {
		t.Fatalf("v2 in force: %s", got)
	}
	p.Default = "v1"
	f.update(func(tx *store.Tx) error { return f.ManagedPolicies.Put(tx, identity.NameKey(account, "P"), p) })
	if got := f.outcome(c.Principal, "s3:GetObject"); got != authz.Allowed {
		t.Fatalf("v1 in force: %s", got)
	}
	f.update(func(tx *store.Tx) error {
		rows, err := f.Groups.Find(tx, identity.ByAttached, p.ARN(), store.Range{Account: account})
		if len(rows) != 1 {
			t.Errorf("found %d groups by policy", len(rows))
		}
		return err
	})
}

func TestSessions(t *testing.T) {
	f := open(t)
	account := f.root.Principal.Account
	role := identity.Role{Account: account, Name: "R", Path: "/p/", ID: identity.NewID(identity.PrefixRole, account), Inline: map[string]string{"p": allowS3},
		Tags: map[string]string{"Team": "role", "cost": "1"}}
	put := func(r identity.Role) {
		f.update(func(tx *store.Tx) error { return f.Roles.Put(tx, identity.NameKey(account, "R"), r) })
	}
	put(role)
	p := identity.RolePrincipal(role, "s")
	p.SessionTags = map[string]string{"team": "session"}
	c, err := f.Issue(p, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Credential(t.Context(), c.AccessKeyID, c.SessionToken)
	if err != nil || got.SecretAccessKey != c.SecretAccessKey {
		t.Fatalf("Credential = %+v, %v", got, err)
	}
	if tags := fmt.Sprint(got.Principal.Tags); tags != "map[cost:1 team:session]" {
		t.Errorf("tags %s", tags)
	}
	if o := f.outcome(got.Principal, "s3:GetObject"); o != authz.Allowed {
		t.Errorf("a session of the role: %s", o)
	}
	narrow, err := f.Issue(p, time.Hour, identity.SessionPolicy{ID: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := f.Credential(t.Context(), narrow.AccessKeyID, narrow.SessionToken)
	if err != nil || f.outcome(n.Principal, "s3:GetObject") != authz.Allowed || f.outcome(n.Principal, "s3:PutObject") != authz.ImplicitDeny {
		t.Errorf("a session policy does not narrow: %+v, %v", n, err)
	}

	flipped := []byte(c.SessionToken)
	flipped[len(flipped)/2] ^= 1
	other := open(t)
	foreign, err := other.Issue(p, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][2]string{"none": {c.AccessKeyID, ""}, "another's": {c.AccessKeyID, narrow.SessionToken},
		"changed": {c.AccessKeyID, string(flipped)}, "another server's": {foreign.AccessKeyID, foreign.SessionToken},
		"with a long-term key": {f.root.AccessKeyID, c.SessionToken}, "not base64": {c.AccessKeyID, "***"}} {
		if _, err := f.Credential(t.Context(), bad[0], bad[1]); !errors.Is(err, identity.ErrBadToken) {
			t.Errorf("token %s: %v", name, err)
		}
	}

	role.ID = identity.NewID(identity.PrefixRole, account) // deleted and made again
	put(role)
	if _, err := f.Credential(t.Context(), c.AccessKeyID, c.SessionToken); !errors.Is(err, identity.ErrBadToken) {
		t.Errorf("a token of the role that was there before: %v", err)
	}
	p = identity.RolePrincipal(role, "s")
	if c, err = f.Issue(p, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Credential(t.Context(), c.AccessKeyID, c.SessionToken); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(time.Hour)
	for _, d := range []string{"cached", "again"} {
		if _, err := f.Credential(t.Context(), c.AccessKeyID, c.SessionToken); !errors.Is(err, identity.ErrExpiredToken) {
			t.Errorf("%s token after an hour: %v", d, err)
		}
	}
}

func TestTokensOfUsersReachLess(t *testing.T) {
	f := open(t)
	u, _, _ := f.user("ann", func(u *identity.User) { u.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"} })
	c, err := f.Issue(identity.UserPrincipal(u), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c, err = f.Credential(t.Context(), c.AccessKeyID, c.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]authz.Outcome{"s3:GetObject": authz.Allowed, "iam:CreateUser": authz.ImplicitDeny,
		"sts:AssumeRole": authz.Allowed, "sts:GetFederationToken": authz.ImplicitDeny, "sts:GetCallerIdentity": authz.Allowed} {
		if got := f.outcome(c.Principal, action); got != want {
			t.Errorf("%s: %s, want %s", action, got, want)
		}
	}
}

func TestServiceControlPolicies(t *testing.T) {
	f := open(t)
	a, err := f.CreateAccount(t.Context(), identity.NewAccount{Name: "lab", Email: "lab@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.CreateAccount(t.Context(), identity.NewAccount{Name: "lab2", Email: "LAB@example.com"}); !errors.Is(err, identity.ErrEmailExists) {
		t.Errorf("the same address again: %v", err)
	}
	root := identity.RootPrincipal(a.ID)
	if got := f.outcome(root, "s3:GetObject"); got != authz.Allowed {
		t.Fatalf("root of a new account: %s", got)
	}
	deny := identity.SCP{ID: "p-deny", Name: "deny", Content: `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`}
	var o identity.Organization
	f.update(func(tx *store.Tx) (err error) {
		if o, err = f.EnsureOrganization(tx); err != nil {
			return err
		}
		u, err := f.Units.Get(tx, identity.IDKey(o.Root))
		u.SCPs = append(u.SCPs, deny.ID)
		return errors.Join(err, f.SCPs.Insert(tx, identity.IDKey(deny.ID), deny), f.Units.Put(tx, identity.IDKey(o.Root), u))
	})
	if got := f.outcome(root, "s3:GetObject"); got != authz.ExplicitDeny {
		t.Errorf("root of a member account: %s", got)
	}
	if got := f.outcome(f.root.Principal, "s3:GetObject"); got != authz.Allowed {
		t.Errorf("the management account: %s", got)
	}
	o.Enabled = nil
	f.update(func(tx *store.Tx) error { return f.Organizations.Put(tx, identity.OrganizationKey, o) })
	if got := f.outcome(root, "s3:GetObject"); got != authz.Allowed {
		t.Errorf("with the policy type disabled: %s", got)
	}
	f.update(func(tx *store.Tx) error {
		a.Status = identity.AccountSuspended
		return f.Accounts.Put(tx, identity.IDKey(a.ID), a)
	})
	var key identity.AccessKey
	f.update(func(tx *store.Tx) (err error) {
		key, _, err = f.NewAccessKey(tx, a.ID, "")
		return err
	})
	if _, err := f.Credential(t.Context(), key.ID, ""); !errors.Is(err, identity.ErrInactiveKey) {
		t.Errorf("a key of a closed account: %v", err)
	}
}

// A key that was deleted must not come back out of the cache, whatever else goes on.
func TestCacheUnderChange(t *testing.T) {
	f := open(t)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	ids := make(chan string, 256)
	for range 8 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case id := <-ids:
					for range 20 {
						_, _ = f.Credential(context.Background(), id, "")
					}
				}
			}
		})
	}
	for range 60 {
		var key identity.AccessKey
		f.update(func(tx *store.Tx) (err error) {
			key, _, err = f.NewAccessKey(tx, f.root.Principal.Account, "")
			return err
		})
		for range 8 {
			ids <- key.ID
		}
		f.update(func(tx *store.Tx) error { return f.AccessKeys.Delete(tx, identity.IDKey(key.ID)) })
		if _, err := f.Credential(t.Context(), key.ID, ""); !errors.Is(err, identity.ErrUnknownKey) {
			t.Fatalf("deleted key: %v", err)
		}
	}
	close(stop)
	readers.Wait()
}

func TestAWSPolicies(t *testing.T) {
	f := open(t)
	list := f.AWSPolicies()
	if len(list) < 200 {
		t.Fatalf("%d policies", len(list))
	}
	for _, p := range list {
		parsed, err := authz.ParseIdentity([]byte(p.Document()))
		if err != nil || parsed.Statements() == 0 {
			t.Errorf("%s: %v", p.ARN(), err)
		}
	}
}

func BenchmarkCredential(b *testing.B) {
	f := open(b)
	for b.Loop() {
		if _, err := f.Credential(context.Background(), f.root.AccessKeyID, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	f := open(b)
	u, _, _ := f.user("ann", func(u *identity.User) { u.Inline = map[string]string{"p": allowS3} })
	p := identity.UserPrincipal(u)
	for b.Loop() {
		if f.outcome(p, "s3:GetObject") != authz.Allowed {
			b.Fatal("denied")
		}
	}
}
