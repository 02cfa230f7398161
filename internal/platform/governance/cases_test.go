package governance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const p, m, c, x = "111111111111", "222222222222", "333333333333", "444444444444"

var accounts = map[string]string{"P": p, "M": m, "C": c, "X": x}

// shares are the resources that reach other accounts.
type shares map[string]bool

func (s shares) Reaches(account, region, resource string) bool { return s[account+" "+resource] }

// fixture is a ledger. Cases are kept apart by their regions.
type fixture struct {
	*governance.Ledger
	t         *testing.T
	st        *store.Store
	d         *identity.Directory
	org, unit string
	shares    shares
}

func open(t *testing.T) *fixture {
	t.Helper()
	clk := clock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: clk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d, err := identity.New(st, clk)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Bootstrap(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, st: st, d: d, shares: shares{}}
	// P and M are in the organization, M in its unit; C and X are outside.
	f.update(func(tx *store.Tx) error {
		o, err := d.EnsureOrganization(tx)
		u := identity.Unit{ID: "ou-1", Name: "lab", Parent: o.Root}
		f.org, f.unit = o.ARN(), o.UnitARN(u)
		if err == nil {
			err = d.Units.Insert(tx, identity.IDKey(u.ID), u)
		}
		for id, parent := range map[string]string{p: o.Root, m: u.ID, c: "", x: ""} {
			if err == nil {
				err = d.Accounts.Insert(tx, identity.IDKey(id), identity.Account{ID: id, Parent: parent, Status: identity.AccountActive})
			}
		}
		return err
	})
	f.Ledger = governance.New(governance.Config{Store: st, Directory: d, Clock: clk, Reach: f.shares})
	return f
}

func (f *fixture) update(change func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.st.Update(f.t.Context(), change); err != nil {
		f.t.Fatal(err)
	}
}

// principal reads "alice" (a user of P), "M/bob", "M/role:r", "M/*" (everybody in M), "M", "org", "unit" and "iam".
func (f *fixture) principal(s string) string {
	switch s {
	case "org":
		return f.org
	case "unit":
		return f.unit
	case "iam":
		return governance.AllowedByIAM
	}
	if a, ok := accounts[s]; ok {
		return a
	}
	account, name, ok := strings.Cut(s, "/")
	if !ok {
		account, name = "P", s
	}
	if name == "*" {
		return accounts[account] + ":IAMPrincipals"
	}
	if role, ok := strings.CutPrefix(name, "role:"); ok {
		return "arn:aws:iam::" + accounts[account] + ":role/" + role
	}
	return "arn:aws:iam::" + accounts[account] + ":user/" + name
}

// caller is the principal as it calls: roles through a session.
func (f *fixture) caller(s string) authz.Principal {
	a := f.principal(s)
	account := strings.Split(a, ":")[4]
	if role, ok := strings.CutPrefix(a, "arn:aws:iam::"+account+":role/"); ok {
		return authz.Principal{Kind: authz.AssumedRole, Account: account, RoleARN: a, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/s"}
	}
	return authz.Principal{Kind: authz.User, Account: account, ARN: a}
}

// resource reads "catalog", "db", "db.t", "db.*", "s3:b/x", "tag:k=v,w", "expr:name", "tags:table:k=v,w&k2=v" and
// "saved:database:name", all of P, or of another account with "M!" before it.
func resource(s string) governance.Resource {
	r := governance.Resource{Catalog: p}
	if account, rest, ok := strings.Cut(s, "!"); ok {
		r.Catalog, s = accounts[account], rest
	}
	what, rest, _ := strings.Cut(s, ":")
	switch what {
	case "catalog":
		r.Kind = governance.Catalog
	case "s3":
		r.Kind, r.Path = governance.Location, rest
	case "tag":
		e := expression(rest)[0]
		r.Kind, r.TagKey, r.TagValues = governance.Tag, e.Key, e.Values
	case "expr":
		r.Kind, r.Name = governance.TagExpression, rest
	case "tags", "saved":
		of, e, _ := strings.Cut(rest, ":")
		r.Kind, r.Of = governance.TagPolicy, governance.Kind(of)
		if what == "saved" {
			r.Name = e
		} else {
			r.Expression = expression(e)
		}
	default:
		r.Kind = governance.Database
		var table bool
		if r.Database, r.Table, table = strings.Cut(s, "."); table {
			r.Kind = governance.Table
		}
	}
	return r
}

func expression(s string) (out []governance.TagValues) {
	for _, t := range strings.Split(s, "&") {
		k, v, _ := strings.Cut(t, "=")
		e := governance.TagValues{Key: k}
		if v != "" {
			e.Values = strings.Split(v, ",")
		}
		out = append(out, e)
	}
	return out
}

// grant reads "[M:] bob SELECT,DESCRIBE+ on db.t [cols a,b] [but c] [filter f]"; + stands before "on" for the grant option.
func (f *fixture) grant(region string, words []string) governance.Grant {
	g := governance.Grant{Grantor: p, Region: region}
	if by, ok := strings.CutSuffix(words[0], ":"); ok {
		g.Grantor, words = accounts[by], words[1:]
	}
	g.Principal = f.principal(words[0])
	for _, name := range strings.Split(words[1], ",") {
		name, pass := strings.CutSuffix(name, "+")
		bit, err := governance.ParsePermissions([]string{name})
		if err != nil {
			f.t.Fatal(words, err)
		}
		if g.Permissions |= bit; pass {
			g.Grantable |= bit
		}
	}
	g.Resource = resource(words[3])
	if len(words) > 4 {
		list := strings.Split(words[5], ",")
		switch words[4] {
		case "cols":
			g.Columns = &governance.Columns{Names: list}
		case "but":
			g.Columns = &governance.Columns{Excluded: list}
		case "filter":
			g.Filter = words[5]
		}
	}
	return g
}

// run does what a case says, one statement after the other.
func (f *fixture) run(region, script string) {
	f.t.Helper()
	for _, line := range strings.Split(script, ";") {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		f.update(func(tx *store.Tx) error { return f.do(tx, region, w) })
	}
}

func (f *fixture) do(tx *store.Tx, region string, w []string) error {
	settings := func(account string) (store.Key, governance.Settings) {
		k := governance.SettingsKey(account, region)
		s, err := f.Settings.Get(tx, k)
		if err != nil {
			s = governance.FirstSettings()
		}
		return k, s
	}
	key := func(id string) store.Key { return store.Key{Account: p, Region: region, ID: id} }
	switch w[0] {
	case "filter": // name table columns rows…
		fl := governance.Filter{Table: resource(w[2]), Region: region, Name: w[1], Rows: strings.Join(w[4:], " ")}
		if names, but := strings.CutPrefix(w[3], "-"); but {
			fl.Columns = &governance.Columns{Excluded: strings.Split(names, ",")}
		} else if w[3] != "*" {
			fl.Columns = &governance.Columns{Names: strings.Split(w[3], ",")}
		}
		return f.Filters.Put(tx, fl.Key(), fl)
	case "unfilter":
		return f.Filters.Delete(tx, governance.Filter{Table: resource(w[2]), Region: region, Name: w[1]}.Key())
	case "label": // resource[/column] k=v
		at, column, _ := strings.Cut(w[1], "/")
		r := resource(at)
		t, _ := f.Tagged.Get(tx, key(r.Key()))
		t.Resource = r
		tags := map[string]string{}
		for _, e := range expression(w[2]) {
			tags[e.Key] = e.Values[0]
		}
		if column == "" {
			t.Tags = tags
		} else {
			if t.Columns == nil {
				t.Columns = map[string]map[string]string{}
			}
			t.Columns[column] = tags
		}
		return f.Tagged.Put(tx, key(r.Key()), t)
	case "save":
		return f.Expressions.Put(tx, key(w[1]), governance.SavedExpression{Name: w[1], Expression: expression(w[2])})
	case "admin", "reader":
		who := f.principal(w[1])
		k, s := settings(governance.AccountOf(who))
		if w[0] == "admin" {
			s.Admins = append(s.Admins, who)
		} else {
			s.ReadOnlyAdmins = append(s.ReadOnlyAdmins, who)
		}
		return f.Settings.Put(tx, k, s)
	case "govern":
		k, s := settings(p)
		s.CreateDatabaseIsNotForIAM = true
		return f.Settings.Put(tx, k, s)
	case "optin":
		o := governance.OptIn{Principal: f.principal(w[1]), Resource: resource(w[2])}
		return f.OptIns.Put(tx, o.Key(region), o)
	case "register":
		return f.Locations.Put(tx, key(w[1]), governance.Registered{Path: w[1]})
	case "share", "unshare":
		f.shares[accounts[w[1]]+" "+resource(w[2]).ARN(region)] = w[0] == "share"
		return nil
	case "make":
		return f.Created(tx, f.principal(w[1]), region, resource(w[2]), nil)
	case "makedefault":
		return f.Created(tx, f.principal(w[1]), region, resource(w[2]), governance.FirstSettings().TableDefaults)
	case "drop":
		return f.Dropped(tx.Context(f.t.Context()), tx, region, resource(w[1]))
	case "revoke":
		return f.Grants.Delete(tx, f.grant(region, w[1:]).Key())
	}
	g := f.grant(region, w)
	return f.Grants.Put(tx, g.Key(), g)
}

var columns = []string{"id", "name", "country", "customer_id"}

// answer says what a may: permissions, "pass" with those that may be granted on, "read" with columns and their rows where SELECT is
// among them and not for all, "see" with the columns that are shown when they aren't those.
func answer(a governance.Access, r governance.Resource) string {
	var out []string
	if a.ByIAM {
		out = append(out, "IAM")
	}
	if a.Admin {
		out = append(out, "ADMIN")
	}
	out = append(out, a.Permissions().Names()...)
	if pass := a.Grantable().Names(); len(pass) > 0 {
		out = append(out, "pass", strings.Join(pass, ","))
	}
	if r.Kind != governance.Table || r.Table == governance.EveryTable || a.ByIAM {
		return strings.Join(out, " ")
	}
	var sees, reads []string
	rows := map[string][]string{}
	for _, col := range columns {
		if a.Sees(col) {
			sees = append(sees, col)
		}
		if a.Reads(col) {
			reads = append(reads, col)
			rows[a.Rows(col)] = append(rows[a.Rows(col)], col)
		}
	}
	if len(reads) > 0 && !a.Whole() {
		var parts []string
		for where, cols := range rows {
			part := strings.Join(cols, ",")
			if where != "" {
				part += " where " + where
			}
			parts = append(parts, part)
		}
		slices.Sort(parts)
		out = append(out, "read "+strings.Join(parts, "; "))
	}
	if len(reads) > 0 && !slices.Equal(sees, reads) {
		out = append(out, "see "+strings.Join(sees, ","))
	}
	return strings.Join(out, " ")
}

func TestAccess(t *testing.T) {
	f := open(t)
	if len(cases) < 120 {
		t.Errorf("%d cases", len(cases))
	}
	for i, c := range cases {
		region := fmt.Sprintf("r-%d", i)
		f.run(region, c.script)
		r := resource(c.resource)
		a, err := f.Access(t.Context(), f.caller(c.who), region, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(a, r); got != c.want {
			t.Errorf("%s\n  %s on %s:\n  %q, want\n  %q", strings.TrimSpace(c.script), c.who, c.resource, got, c.want)
		}
	}
	again := governance.New(governance.Config{Store: f.st, Directory: f.d, Clock: clock.System{}, Reach: f.shares})
	for i, c := range cases {
		r := resource(c.resource)
		list, err := again.AccessAll(t.Context(), f.caller(c.who), fmt.Sprintf("r-%d", i), []governance.Resource{r})
		if err != nil || answer(list[0], r) != c.want {
			t.Errorf("loaded anew: %s, %s on %s: %q, %v", c.script, c.who, c.resource, answer(list[0], r), err)
		}
	}
}
