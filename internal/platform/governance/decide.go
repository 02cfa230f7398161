package governance

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// maxChain is how many accounts a grant may be passed through.
const maxChain = 8

// maxSteps is how many grants one question looks at in other accounts' chains. What lies beyond gives nothing.
const maxSteps = 10_000

// decision is one question, or several of one caller, on its way.
type decision struct {
	l       *Ledger
	region  string
	groups  map[string][]string // organizations and units of accounts
	unknown []string            // accounts whose groups have to be found first
	steps   int
}

// decide runs f with everything held still. Who belongs to which organization is looked up in between, without the lock.
func (l *Ledger) decide(ctx context.Context, region string, f func(d *decision)) error {
	d := decision{l: l, region: region}
	for {
		d.unknown, d.steps = nil, 0
		if err := l.read(ctx, func() { f(&d) }); err != nil {
			return err
		}
		if len(d.unknown) == 0 {
			return nil
		}
		if d.groups == nil {
			d.groups = map[string][]string{}
		}
		for _, account := range d.unknown {
			groups, err := l.directory.Memberships(ctx, account)
			if err != nil {
				return err
			}
			d.groups[account] = groups
		}
	}
}

// memberships are the ARNs of the organization and the units that an account is in.
func (d *decision) memberships(account string) []string {
	if d.l.grants.organized == 0 || d.l.directory == nil {
		return nil
	}
	d.known(account)
	return d.groups[account]
}

// known tells whether it was looked up what an account is in.
func (d *decision) known(account string) bool {
	_, ok := d.groups[account]
	if !ok {
		d.unknown = append(d.unknown, account)
	}
	return ok
}

// PrincipalARN is the name that grants know a caller by: of a role's session the role.
func PrincipalARN(p authz.Principal) string {
	if p.RoleARN != "" {
		return p.RoleARN
	}
	return p.ARN
}

// Access tells what p may do with a resource. Whether IAM allows the call is asked elsewhere.
func (l *Ledger) Access(ctx context.Context, p authz.Principal, region string, r Resource) (a Access, err error) {
	err = l.decide(ctx, region, func(d *decision) { a = d.access(p, r) })
	return a, err
}

// AccessAll answers for many resources at once, in their order.
func (l *Ledger) AccessAll(ctx context.Context, p authz.Principal, region string, list []Resource) (out []Access, err error) {
	err = l.decide(ctx, region, func(d *decision) {
		out = make([]Access, len(list))
		for i, r := range list {
			d.steps = 0
			out[i] = d.access(p, r)
		}
	})
	return out, err
}

// AccountAccess tells what an account as a whole may do with a resource of another, and pass on.
func (l *Ledger) AccountAccess(ctx context.Context, account, region string, r Resource) (a Access, err error) {
	err = l.decide(ctx, region, func(d *decision) { a = Access{claims: d.account(account, r, nil)} })
	return a, err
}

// LeftToIAM tells whether the resource is not governed, for callers of other accounts that a resource policy let in.
func (l *Ledger) LeftToIAM(ctx context.Context, region string, r Resource) (ok bool, err error) {
	err = l.decide(ctx, region, func(d *decision) { ok = d.byIAM(r, "") })
	return ok, err
}

// Administers tells whether p is a data lake administrator of the account.
func (l *Ledger) Administers(ctx context.Context, p authz.Principal, account, region string) (ok bool, err error) {
	err = l.read(ctx, func() {
		ok = p.Account == account && slices.Contains(l.settingsOf(account, region).Admins, PrincipalARN(p))
	})
	return ok, err
}

func (d *decision) access(p authz.Principal, r Resource) Access {
	name, owner := PrincipalARN(p), r.Account()
	everybody := p.Account + everyone
	var a Access
	s, changed := d.l.Settings.Rows()[settingsKey(p.Account, d.region)]
	admin := changed && slices.Contains(s.Admins, name)
	switch {
	case p.Account == owner:
		a.ByIAM = d.byIAM(r, name)
		if admin {
			a.Admin, a.sees = true, true
			a.claims = append(a.claims, administers(r))
		} else if changed && slices.Contains(s.ReadOnlyAdmins, name) {
			a.sees = true
			a.claims = append(a.claims, claim{may: Describe, scope: whole})
		}
	case admin:
		a.claims = d.account(p.Account, r, nil)
	}
	var limits map[string][]claim
	for g := range d.on(r) {
		if g.Principal != name && g.Principal != everybody {
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
			if limits == nil {
				limits = map[string][]claim{}
			}
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
	if r.Kind == Database && !a.Any() && d.knowsTable(p, r) {
		a.claims = append(a.claims, claim{may: Describe, scope: whole})
	}
	return a
}

// administers is what a data lake administrator may with what is of the own account.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/implicit-permissions.html
func administers(r Resource) claim {
	k := r.governs()
	c := claim{may: Describe, pass: meaning[k] | All | SuperUser, scope: whole}
	if k == Catalog || k == Location || k == Tag || k == TagExpression {
		c.may = meaning[k]
	}
	return c
}

// knowsTable tells whether something was granted on a table of the database, so that the database itself may be seen.
func (d *decision) knowsTable(p authz.Principal, r Resource) bool {
	h, _ := r.place(d.region)
	name, everybody := PrincipalARN(p), p.Account+everyone
	for table, list := range d.l.grants.homes[h] {
		if table == "" {
			continue
		}
		for _, g := range list {
			of := g.Principal == name || g.Principal == everybody || p.Account != h.account() && (g.Principal == p.Account || IsOrganization(g.Principal))
			if of && d.access(p, g.Resource).Any() {
				return true
			}
		}
	}
	return false
}

// account is what an account as a whole may do: everything with its own, and with what is of others what it was granted.
func (d *decision) account(account string, r Resource, through []string) []claim {
	if account == r.Account() {
		every := meaning[r.governs()] | All | SuperUser
		return []claim{{may: every, pass: every, scope: whole}}
	}
	if len(through) >= maxChain || slices.Contains(through, account) {
		return nil
	}
	through = append(slices.Clone(through), account)
	var out []claim
	for g := range d.on(r) {
		if d.steps++; d.steps > maxSteps {
			break
		}
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

// reaches asks for the share. The answer may need to know what the account is in, which is looked up before.
func (d *decision) reaches(account string, r Resource) bool {
	return d.l.reach == nil || (d.l.directory == nil || d.known(account)) && d.l.reach.Reaches(account, d.region, r.ARN(d.region))
}

// claim is what a grant says, before it is bound.
func (d *decision) claim(g *Grant, r Resource) claim {
	k := r.governs()
	c := claim{may: g.Permissions.expand(k), pass: g.Grantable.expand(k), scope: ScopeOf(g.Columns, "")}
	if g.Filter != "" {
		f, ok := d.l.Filters.Rows()[Filter{Table: g.Resource, Region: d.region, Name: g.Filter}.Key()]
		if !ok {
			return claim{}
		}
		c.scope = ScopeOf(f.Columns, f.Rows)
	}
	switch {
	case g.Filter != "" || g.Columns != nil: // to drop a filter is not to drop its table
		c.may, c.pass = c.may&(Select|Describe), c.pass&(Select|Describe)
	case g.Resource.Kind == TagPolicy && r.Kind == Table:
		if c.scope = d.tagged(r, d.expression(g.Resource)); !c.scope.Every {
			c.may, c.pass = c.may&(Select|Describe), c.pass&(Select|Describe) // tags of columns say nothing of the table
		}
	case r.Kind == Tag:
		for _, v := range r.TagValues {
			if !slices.Contains(g.Resource.TagValues, v) && !slices.Contains(g.Resource.TagValues, "*") {
				c.may, c.pass = c.may&(Alter|Drop), c.pass&(Alter|Drop) // these are of the key
			}
		}
	}
	return c
}

// on walks the grants that touch a resource: on itself, on every table of its database, on the locations above a location,
// and on tag expressions that it matches.
func (d *decision) on(r Resource) func(yield func(*Grant) bool) {
	return func(yield func(*Grant) bool) {
		h, name := r.place(d.region)
		in := d.l.grants.homes[h]
		for _, g := range in[name] {
			if (r.Kind != TagPolicy || g.Resource.Key() == r.Key()) && !yield(g) {
				return
			}
		}
		switch r.Kind {
		case Table:
			if name != EveryTable {
				for _, g := range in[EveryTable] {
					if !yield(g) {
						return
					}
				}
			}
		case Location:
			for path := parent(r.Path); path != ""; path = parent(path) {
				above := r
				above.Path = path
				for _, g := range d.l.grants.at(d.region, above) {
					if !yield(g) {
						return
					}
				}
			}
			return
		case Database:
		default:
			return
		}
		for _, g := range d.l.grants.homes[home{d.region, r.Catalog, ""}][string(TagPolicy)] {
			if g.Resource.Of == r.Kind && d.matches(r, d.expression(g.Resource)) && !yield(g) {
				return
			}
		}
	}
}

// byIAM tells whether the resource is left to IAM. A catalog begins so for the making of databases, and a location is so
// until it is registered.
func (d *decision) byIAM(r Resource, name string) bool {
	switch r.Kind {
	case Catalog:
		return !d.l.settingsOf(r.Account(), d.region).CreateDatabaseIsNotForIAM
	case Location:
		_, registered := d.l.locationOf(r.Account(), d.region, r.Path)
		return !registered
	case Database, Table:
	default:
		return false
	}
	if name != "" && d.optedIn(r, name) {
		return false
	}
	for g := range d.on(r) {
		if g.Principal == AllowedByIAM && g.Grantor == r.Account() && g.Permissions&All != 0 {
			return true
		}
	}
	return false
}

// optedIn tells whether a principal is governed where others are left to IAM.
func (d *decision) optedIn(r Resource, name string) bool {
	optIns := d.l.OptIns.Rows()
	if len(optIns) == 0 {
		return false
	}
	places := []Resource{r}
	if r.Kind == Table {
		every := r
		every.Table = EveryTable
		places = append(places, every)
	}
	for _, at := range places {
		for _, who := range []string{name, AccountOf(name) + everyone} {
			if _, in := optIns[OptIn{Principal: who, Resource: at}.Key(d.region)]; in {
				return true
			}
		}
	}
	return false
}
