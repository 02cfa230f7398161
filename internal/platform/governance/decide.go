package governance

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// maxChain is how many accounts a grant may be passed through.
const maxChain = 8

// decision is one question on its way.
type decision struct {
	l      *Ledger
	ctx    context.Context
	region string
}

// PrincipalARN is the name that grants know a caller by: of a role's session the role.
func PrincipalARN(p authz.Principal) string {
	if p.RoleARN != "" {
		return p.RoleARN
	}
	return p.ARN
}

// Access tells what p may do with a catalog, database, table or location. Whether IAM allows the call is asked elsewhere.
func (l *Ledger) Access(ctx context.Context, p authz.Principal, region string, r Resource) (a Access, err error) {
	d := decision{l: l, ctx: ctx, region: region}
	err = l.read(ctx, func() { a = d.access(p, r) })
	return a, err
}

// AccountAccess tells what an account as a whole may do with a resource of another, and pass on.
func (l *Ledger) AccountAccess(ctx context.Context, account, region string, r Resource) (a Access, err error) {
	d := decision{l: l, ctx: ctx, region: region}
	err = l.read(ctx, func() { a.claims = d.account(account, r, nil) })
	return a, err
}

// Administers tells whether p is a data lake administrator of the account.
func (l *Ledger) Administers(ctx context.Context, p authz.Principal, account, region string) (ok bool, err error) {
	err = l.read(ctx, func() {
		ok = p.Account == account && slices.Contains(l.settings(account, region).Admins, PrincipalARN(p))
	})
	return ok, err
}

func (d *decision) access(p authz.Principal, r Resource) Access {
	name, owner := PrincipalARN(p), r.Account()
	s := d.l.settings(p.Account, d.region)
	admin := slices.Contains(s.Admins, name)
	var a Access
	if p.Account == owner {
		a.ByIAM = d.byIAM(r, name)
		if admin {
			a.Admin = true
			a.claims = append(a.claims, claim{may: Describe, pass: meaning[r.Kind] | All, scope: whole})
			if r.Kind == Catalog || r.Kind == Location {
				a.claims[0].may = meaning[r.Kind]
			}
			if r.Kind == Database {
				a.claims[0].may |= CreateTable
			}
		} else if slices.Contains(s.ReadOnlyAdmins, name) {
			a.claims = append(a.claims, claim{may: Describe, scope: whole})
		}
	} else if admin {
		a.claims = d.account(p.Account, r, nil)
	}
	limits := map[string][]claim{}
	for g := range d.on(r) {
		if g.Principal != name && g.Principal != p.Account+everyone {
			continue
		}
		c := d.claim(g, r)
		if g.Grantor == owner && p.Account == owner {
			a.claims = append(a.claims, c)
			continue
		}
		if g.Grantor != p.Account && !d.reaches(p.Account, g.Resource) {
			continue
		}
		limit, ok := limits[g.Grantor]
		if !ok {
			limit = d.account(g.Grantor, r, nil)
			limits[g.Grantor] = limit
		}
		if g.Grantor == p.Account { // an account's own people get what the account has, not only what it may pass on to others
			limit = slices.Clone(limit)
			for i := range limit {
				limit[i].pass |= limit[i].may
			}
		}
		a.claims = append(a.claims, bound([]claim{c}, limit)...)
	}
	return a
}

// account is what an account as a whole may do: everything with its own, and with what is of others what it was granted.
func (d *decision) account(account string, r Resource, through []string) []claim {
	if account == r.Account() {
		every := meaning[r.Kind] | All | SuperUser
		return []claim{{may: every, pass: every, scope: whole}}
	}
	if len(through) >= maxChain || slices.Contains(through, account) {
		return nil
	}
	through = append(slices.Clone(through), account)
	var out []claim
	for g := range d.on(r) {
		if g.Grantor == account || g.Principal != account && !(IsOrganization(g.Principal) && slices.Contains(d.memberships(account), g.Principal)) {
			continue
		}
		if !d.reaches(account, g.Resource) {
			continue
		}
		out = append(out, bound([]claim{d.claim(g, r)}, d.account(g.Grantor, r, through))...)
	}
	return out
}

func (d *decision) reaches(account string, r Resource) bool {
	return d.l.reach == nil || d.l.reach.Reaches(account, d.region, r.ARN(d.region))
}

// claim is what a grant says, before it is bound.
func (d *decision) claim(g *Grant, r Resource) claim {
	c := claim{may: g.Permissions.expand(r.Kind), pass: g.Grantable.expand(r.Kind), scope: scopeOf(g.Columns, "")}
	if g.Filter != "" {
		f, ok := d.l.Filters.Rows()[Filter{Table: r, Region: d.region, Name: g.Filter}.Key()]
		if !ok {
			return claim{}
		}
		c.scope = scopeOf(f.Columns, f.Rows)
	}
	if g.Resource.Kind == TagPolicy && r.Kind == Table {
		c.scope = d.tagged(r, d.expression(g.Resource))
	}
	return c
}

// on walks the grants that touch a resource: on itself, on every table of its database, on the locations above a location, and on tag expressions
// that it matches.
func (d *decision) on(r Resource) func(yield func(*Grant) bool) {
	return func(yield func(*Grant) bool) {
		each := func(r Resource) bool {
			for _, g := range d.l.byResource[d.region+r.Key()] {
				if !yield(g) {
					return false
				}
			}
			return true
		}
		if !each(r) {
			return
		}
		switch r.Kind {
		case Table:
			every := r
			if every.Table = EveryTable; r.Table != EveryTable && !each(every) {
				return
			}
		case Location:
			for path := parent(r.Path); path != ""; path = parent(path) {
				r.Path = path
				if !each(r) {
					return
				}
			}
			return
		case Database:
		default:
			return
		}
		for _, g := range d.l.policies[d.region+r.Catalog] {
			if g.Resource.Of == r.Kind && d.matches(r, d.expression(g.Resource)) && !yield(g) {
				return
			}
		}
	}
}

func parent(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return ""
}

// byIAM tells whether the resource, or all tables of its database, are left to IAM. A catalog begins so for the making of databases.
func (d *decision) byIAM(r Resource, name string) bool {
	if r.Kind == Catalog {
		return !d.l.settings(r.Account(), d.region).CreateDatabaseIsNotForIAM
	}
	if _, in := d.l.OptIns.Rows()[OptIn{Principal: name, Resource: r}.Key(d.region)]; in {
		return false
	}
	for g := range d.on(r) {
		if g.Principal == AllowedByIAM && g.Grantor == r.Account() && g.Permissions&All != 0 {
			return true
		}
	}
	return false
}

// expression is what a grant on tags asks for.
func (d *decision) expression(r Resource) []TagValues {
	if r.Name == "" {
		return r.Expression
	}
	return d.l.Expressions.Rows()[store.Key{Account: r.Account(), Region: d.region, ID: r.Name}].Expression
}

func (d *decision) tags(r Resource) Tagged {
	return d.l.Tagged.Rows()[store.Key{Account: r.Account(), Region: d.region, ID: r.Key()}]
}

// inherited are the tags of a database, or of a table with those of its database below.
func (d *decision) inherited(r Resource) map[string]string {
	own := d.tags(r).Tags
	if r.Kind != Table {
		return own
	}
	out := map[string]string{}
	for k, v := range d.tags(Resource{Kind: Database, Catalog: r.Catalog, Database: r.Database}).Tags {
		out[k] = v
	}
	for k, v := range own {
		out[k] = v
	}
	return out
}

func match(tags map[string]string, want []TagValues) bool {
	for _, t := range want {
		if v, ok := tags[t.Key]; !ok || !slices.Contains(t.Values, v) && !slices.Contains(t.Values, "*") {
			return false
		}
	}
	return len(want) > 0
}

func (d *decision) matches(r Resource, want []TagValues) bool {
	if match(d.inherited(r), want) {
		return true
	}
	return r.Kind == Table && len(d.tagged(r, want).Names) > 0
}

// tagged is the part of a table that an expression matches: columns with tags of their own count by these.
func (d *decision) tagged(r Resource, want []TagValues) Scope {
	all := d.inherited(r)
	table := match(all, want)
	s := Scope{Every: table}
	for column, own := range d.tags(r).Columns {
		tags := map[string]string{}
		for k, v := range all {
			tags[k] = v
		}
		for k, v := range own {
			tags[k] = v
		}
		if m := match(tags, want); m && !table {
			s.Names = append(s.Names, column)
		} else if !m && table {
			s.Excluded = append(s.Excluded, column)
		}
	}
	slices.Sort(s.Names)
	slices.Sort(s.Excluded)
	return s
}

// memberships are the ARNs of the organization and the units that an account is in. Who isn't known to be in is out.
func (d *decision) memberships(account string) []string {
	if d.l.organized == 0 || d.l.directory == nil {
		return nil
	}
	out, err := d.l.directory.Memberships(d.ctx, account)
	if err != nil {
		return nil
	}
	return out
}
