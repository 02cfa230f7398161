package sharing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const region = "us-east-1"

type fixture struct {
	*sharing.Directory
	t          testing.TB
	st         *store.Store
	identities *identity.Directory
	clock      *clock.Manual
	p, m, c    string // accounts of the organization
	org        identity.Organization
}

func open(t testing.TB) *fixture {
	t.Helper()
	ck := clock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: ck})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d, err := identity.New(st, ck)
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := d.Bootstrap(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, st: st, identities: d, clock: ck, p: root.Principal.Account,
		Directory: sharing.New(sharing.Config{Store: st, Directory: d, Clock: ck})}
	for _, to := range []*string{&f.m, &f.c} {
		a, err := d.CreateAccount(t.Context(), identity.NewAccount{Name: "a", Email: fmt.Sprintf("%p@example.com", to)})
		if err != nil {
			t.Fatal(err)
		}
		*to = a.ID
	}
	f.update(func(tx *store.Tx) (err error) {
		f.org, err = d.Organizations.Get(tx, identity.OrganizationKey)
		return err
	})
	return f
}

func (f *fixture) try(change func(tx *store.Tx) error) error {
	return f.st.Update(context.Background(), change)
}

func (f *fixture) update(change func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.try(change); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) offer(owner, to, resource string) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		return f.Offer(tx, sharing.Offer{Owner: owner, Region: region, Principal: to, ResourceARN: resource})
	})
}

func (f *fixture) withdraw(owner, to, resource string) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		return f.Withdraw(tx, sharing.Offer{Owner: owner, Region: region, Principal: to, ResourceARN: resource})
	})
}

func (f *fixture) reach(what, account, resource string, want bool) {
	f.t.Helper()
	if got := f.Reaches(account, region, resource); got != want {
		f.t.Errorf("%s: %s reaches %s: %v, want %v", what, resource, account, got, want)
	}
}

// invitations of an account, the newest last.
func (f *fixture) invitations(account string) (out []sharing.Invitation) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		rows, err := f.Invitations.List(tx, store.Range{Account: account, Region: region})
		for _, r := range rows {
			out = append(out, r.Value.At(f.clock.Now()))
		}
		return err
	})
	return out
}

func (f *fixture) answer(i sharing.Invitation, accept bool) error {
	return f.try(func(tx *store.Tx) error {
		_, err := f.Answer(tx, i.Receiver, region, i.ID, accept)
		return err
	})
}

func (f *fixture) table(name string) string {
	return "arn:aws:glue:" + region + ":" + f.p + ":table/sales/" + name
}

func (f *fixture) shares(owner string) (out []sharing.Share) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		rows, err := f.Shares.List(tx, store.Range{Account: owner, Region: region})
		for _, r := range rows {
			if r.Value.Status == sharing.Active {
				out = append(out, r.Value)
			}
		}
		return err
	})
	return out
}

func TestOffer(t *testing.T) {
	f := open(t)
	f.reach("nothing", f.m, f.table("a"), false)
	f.offer(f.p, f.m, f.table("a"))
	f.reach("invited", f.m, f.table("a"), false)
	list := f.invitations(f.m)
	if len(list) != 1 || list[0].Status != sharing.Pending {
		t.Fatalf("invitations: %+v", list)
	}
	if err := f.answer(list[0], true); err != nil {
		t.Fatal(err)
	}
	if err := f.answer(list[0], false); !errors.Is(err, sharing.ErrAccepted) {
		t.Errorf("accepted twice: %v", err)
	}
	f.reach("accepted", f.m, f.table("a"), true)
	f.reach("accepted", f.m, f.table("b"), false)
	f.reach("accepted", f.c, f.table("a"), false)
	if f.Reaches(f.m, "eu-west-1", f.table("a")) {
		t.Error("a share reaches another region")
	}
	f.offer(f.p, f.m, f.table("a"))
	f.offer(f.p, f.m, "arn:aws:glue:"+region+":"+f.p+":table/other/*")
	if s := f.shares(f.p); len(s) != 1 || len(f.invitations(f.m)) != 1 || len(s[0].Permissions) != 1 {
		t.Errorf("shares: %+v, invitations: %+v", s, f.invitations(f.m))
	}
	f.reach("wildcard", f.m, "arn:aws:glue:"+region+":"+f.p+":table/other/x", true)
	f.reach("wildcard itself", f.m, "arn:aws:glue:"+region+":"+f.p+":table/other/*", true)
	f.reach("wildcard", f.m, "arn:aws:glue:"+region+":"+f.p+":table/others/x", false)
	f.reach("database", f.m, "arn:aws:glue:"+region+":"+f.p+":database/other", false)

	f.offer(f.m, f.c, f.table("a")) // passed on
	if err := f.answer(f.invitations(f.c)[0], true); err != nil {
		t.Fatal(err)
	}
	f.reach("passed on", f.c, f.table("a"), true)

	f.withdraw(f.p, f.m, f.table("a"))
	f.withdraw(f.p, f.m, f.table("a"))
	f.reach("withdrawn", f.m, f.table("a"), false)
	f.reach("the rest", f.m, "arn:aws:glue:"+region+":"+f.p+":table/other/x", true)
	f.withdraw(f.p, f.m, "arn:aws:glue:"+region+":"+f.p+":table/other/*")
	if s := f.shares(f.p); len(s) != 0 {
		t.Errorf("shares after the last was withdrawn: %+v", s)
	}
	f.offer(f.p, f.m, f.table("a"))
	f.reach("offered anew", f.m, f.table("a"), false)
}

func TestInvitationIsRejectedOrExpires(t *testing.T) {
	f := open(t)
	f.offer(f.p, f.m, f.table("a"))
	first := f.invitations(f.m)[0]
	if err := f.answer(first, false); err != nil {
		t.Fatal(err)
	}
	if err := f.answer(first, true); !errors.Is(err, sharing.ErrRejected) {
		t.Errorf("accepted after all: %v", err)
	}
	f.offer(f.p, f.m, f.table("b"))
	f.reach("rejected", f.m, f.table("a"), false)
	f.clock.Advance(sharing.InvitationLife)
	for _, i := range f.invitations(f.m) {
		if i.ID == first.ID {
			continue
		}
		if err := f.answer(i, true); i.Status != sharing.Expired || !errors.Is(err, sharing.ErrExpired) {
			t.Errorf("after its life: %+v, %v", i, err)
		}
	}
	f.offer(f.p, f.m, f.table("b"))
	var open []sharing.Invitation
	for _, i := range f.invitations(f.m) {
		if i.Status == sharing.Pending {
			open = append(open, i)
		}
	}
	if len(open) != 1 || len(f.shares(f.p)) != 1 {
		t.Fatalf("open: %+v, shares %+v", open, f.shares(f.p))
	}
	if err := f.answer(open[0], true); err != nil {
		t.Fatal(err)
	}
	f.reach("what was offered before", f.m, f.table("a"), true)
	f.reach("offered last", f.m, f.table("b"), true)
}

func TestOrganization(t *testing.T) {
	f := open(t)
	err := f.try(func(tx *store.Tx) error {
		return f.Offer(tx, sharing.Offer{Owner: f.p, Region: region, Principal: f.org.ARN(), ResourceARN: f.table("a")})
	})
	if !errors.Is(err, sharing.ErrNotOrganized) {
		t.Errorf("before it is enabled: %v", err)
	}
	f.update(f.EnableOrganization)
	f.offer(f.p, f.m, f.table("a"))
	f.reach("account without an invitation", f.m, f.table("a"), true)
	f.offer(f.p, f.org.ARN(), f.table("b"))
	f.reach("organization", f.c, f.table("b"), true)

	unit := identity.Unit{ID: "ou-aaaa-bbbbbbbb", Name: "u", Parent: f.org.Root}
	f.update(func(tx *store.Tx) error { return f.identities.Units.Insert(tx, identity.IDKey(unit.ID), unit) })
	f.offer(f.p, f.org.UnitARN(unit), f.table("c"))
	f.reach("before it is moved", f.c, f.table("c"), false)
	f.update(func(tx *store.Tx) error {
		a, err := f.identities.Accounts.Get(tx, identity.IDKey(f.c))
		if err != nil {
			return err
		}
		a.Parent = unit.ID
		return f.identities.Accounts.Put(tx, identity.IDKey(f.c), a)
	})
	f.reach("in the unit", f.c, f.table("c"), true)
	f.reach("outside the unit", f.m, f.table("c"), false)
	f.reach("its owner", f.p, f.table("c"), false)

	f.offer(f.p, "999999999999", f.table("a"))
	if list := f.invitations("999999999999"); len(list) != 1 {
		t.Errorf("stranger's invitations: %+v", list)
	}
	f.offer(f.p, "arn:aws:iam::"+f.m+":role/path/reader", f.table("d"))
	f.reach("a role's account", f.m, f.table("d"), true)
	keys, err := f.SharedWith(t.Context(), f.c, region)
	if err != nil || len(keys) != 2 {
		t.Errorf("shared with c: %v, %v", keys, err)
	}
}

func TestPrincipals(t *testing.T) {
	f := open(t)
	g := func(principal string, want error) {
		t.Helper()
		err := f.try(func(tx *store.Tx) error {
			return f.Offer(tx, sharing.Offer{Owner: f.p, Region: region, Principal: principal, ResourceARN: f.table("a")})
		})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", principal, err, want)
		}
	}
	f.update(f.EnableOrganization)
	for _, p := range []string{"", "x", "12345678901", "1234567890123", "arn:aws:iam::1:role/x", "arn:aws:iam::" + f.m + ":role/", "arn:aws:iam::" + f.m + ":group/x",
		"arn:aws:s3:::x", "arn:aws:organizations::" + f.p + ":account/o-x/" + f.m, "arn:aws:iam::" + f.m + ":role/*"} {
		g(p, sharing.ErrMalformedPrincipal)
	}
	g(f.p, sharing.ErrOwner)
	g("arn:aws:organizations::"+f.p+":organization/o-other", sharing.ErrUnknownPrincipal)
	g("arn:aws:organizations::"+f.p+":ou/"+f.org.ID+"/ou-none", sharing.ErrUnknownPrincipal)
}

func TestSweep(t *testing.T) {
	f := open(t)
	f.update(f.EnableOrganization)
	f.offer(f.p, f.m, f.table("a"))
	f.offer(f.p, f.m, f.table("b"))
	f.withdraw(f.p, f.m, f.table("a"))
	f.clock.Advance(sharing.Memory + time.Second)
	if n, err := f.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	f.reach("what is left", f.m, f.table("b"), true)
	f.withdraw(f.p, f.m, f.table("b"))
	if n, err := f.Sweep(t.Context()); err != nil || n != 0 {
		t.Errorf("swept too early: %d, %v", n, err)
	}
	f.clock.Advance(sharing.Memory + time.Second)
	if n, err := f.Sweep(t.Context()); err != nil || n != 3 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func BenchmarkReaches(b *testing.B) {
	f := open(b)
	f.update(f.EnableOrganization)
	f.update(func(tx *store.Tx) error {
		for i := range 10_000 {
			name := f.table(fmt.Sprint(i))
			if i%10 == 0 {
				name += "/*"
			}
			if err := f.Offer(tx, sharing.Offer{Owner: f.p, Region: region, Principal: f.m, ResourceARN: name}); err != nil {
				return err
			}
		}
		return nil
	})
	for name, want := range map[string]bool{"77": true, "70/x": true, "none": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if f.Reaches(f.m, region, f.table(name)) != want {
					b.Fatal("it is told wrong")
				}
			}
		})
	}
}

func TestEvents(t *testing.T) {
	f := open(t)
	var got []string
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	f.offer(f.p, f.m, f.table("a"))
	go func() {
		defer close(done)
		f.st.Subscribe(ctx, "test", func(_ context.Context, e bus.Event) error {
			var d struct{ Event, Status string }
			if err := json.Unmarshal(e.Detail, &d); err != nil {
				t.Error(err)
			}
			who := map[string]string{f.p: "p", f.m: "m"}[e.Account]
			if got = append(got, who+" "+d.Event+" "+d.Status); len(got) == 5 || e.Source != "aws.ram" || e.DetailType != "Resource Sharing State Change" {
				stop()
			}
			return nil
		})
	}()
	<-done
	want := []string{"p Resource Share Invitation pending", "m Resource Share Invitation pending", "p Resource Share Association associating",
		"m Resource Share Association associating", "p Resource Share Association associated"}
	if !slices.Equal(got, want) {
		t.Errorf("events: %q, want %q", got, want)
	}
}

func FuzzResource(f *testing.F) {
	for _, s := range []string{"arn:aws:glue:us-east-1:123456789012:table/a/b", "arn:aws:glue:us-east-1:123456789012:catalog", "arn:aws:organizations::1:ou/a/b", "123456789012", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if kind, ok := sharing.TypeOf(s); ok && kind.Default() == "" {
			t.Fatalf("%q has no permission", s)
		}
		if sharing.CheckPrincipal(s) == nil && (sharing.AccountOf(s) == "") != governance.IsOrganization(s) {
			t.Fatalf("principal %q is of account %q", s, sharing.AccountOf(s))
		}
	})
}
