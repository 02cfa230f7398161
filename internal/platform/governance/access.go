package governance

import (
	"slices"
	"strings"
)

// maxClaims bounds what a chain of grants may branch into. More give nothing.
const maxClaims = 512

// claim is what one chain of grants gives.
type claim struct {
	may, pass Permissions // to do, and to grant on
	scope     Scope       // of SELECT
}

// Access is what a principal may do with one resource.
type Access struct {
	ByIAM  bool // the resource is not governed: what IAM allows is allowed
	Admin  bool // the principal is a data lake administrator of the resource's account
	sees   bool // every column's name, as administrators of the account do
	claims []claim
}

// May tells whether p may be done, on some part of the table when it is SELECT.
func (a Access) May(p Permissions) bool { return a.ByIAM || a.Permissions()&p == p }

// Any tells whether the principal may know of the resource at all.
func (a Access) Any() bool { return a.ByIAM || a.Permissions() != 0 }

// Permissions are all that were granted. ByIAM gives none by itself.
func (a Access) Permissions() (p Permissions) {
	for _, c := range a.claims {
		p |= c.may
	}
	return p
}

// Grantable are the permissions that may be granted on, some of them on a part of the table only.
func (a Access) Grantable() (p Permissions) {
	for _, c := range a.claims {
		p |= c.pass
	}
	return p
}

// MayPass tells whether p may be granted on for all that is in s. Of several columns each may be from another grant.
func (a Access) MayPass(p Permissions, s Scope) bool {
	return a.all(p, s, func(c claim) Permissions { return c.pass })
}

// MayGive tells whether p may be done with all that is in s: what the administrator of an account may give to the
// account's own people.
func (a Access) MayGive(p Permissions, s Scope) bool {
	return a.all(p, s, func(c claim) Permissions { return c.may | c.pass })
}

func (a Access) all(p Permissions, s Scope, of func(claim) Permissions) bool {
	for _, c := range a.claims {
		has := of(c)
		p &^= has &^ Select
		if has&Select != 0 && c.scope.covers(s) {
			p &^= Select
		}
	}
	if p != Select || s.Every || len(s.Names) == 0 {
		return p == 0
	}
	for _, name := range s.Names {
		if !slices.ContainsFunc(a.claims, func(c claim) bool {
			return of(c)&Select != 0 && c.scope.rowsWithin(s) && c.scope.Has(name)
		}) {
			return false
		}
	}
	return true
}

// Scopes are the parts of the table that may be selected from; one that is Whole stands alone.
func (a Access) Scopes() []Scope {
	if a.ByIAM {
		return []Scope{whole}
	}
	var out []Scope
	for _, c := range a.claims {
		if c.may&Select == 0 || c.scope.empty() {
			continue
		}
		if c.scope.Whole() {
			return []Scope{whole}
		}
		out = append(out, c.scope)
	}
	return out
}

// Whole tells that SELECT is given on all of the table.
func (a Access) Whole() bool {
	s := a.Scopes()
	return len(s) == 1 && s[0].Whole()
}

// MayDefine tells whether views with the principal's rights may be made on the table: all of it may be selected, and passed on,
// by grants of Lake Formation.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/views-prereqs.html
func (a Access) MayDefine() bool { return !a.ByIAM && a.Whole() && a.MayPass(Select, whole) }

// Sees tells whether the column is shown in the table's description. Whoever may select from some columns sees those;
// whoever may describe or change the table and was not cut to columns sees all, as do administrators.
func (a Access) Sees(column string) bool {
	if a.sees {
		return true
	}
	scopes := a.Scopes()
	for _, s := range scopes {
		if s.Has(column) {
			return true
		}
	}
	return len(scopes) == 0 && a.Permissions() != 0
}

// Reads tells whether values of the column may be selected.
func (a Access) Reads(column string) bool {
	for _, s := range a.Scopes() {
		if s.Has(column) {
			return true
		}
	}
	return false
}

// Rows is the expression for the rows of which the column may be read: "" for all. It means nothing for a column that may
// not be read.
func (a Access) Rows(column string) string {
	var parts []string
	for _, s := range a.Scopes() {
		if !s.Has(column) {
			continue
		}
		if s.Rows == "" {
			return ""
		}
		if !slices.Contains(parts, s.Rows) {
			parts = append(parts, s.Rows)
		}
	}
	return or(parts)
}

// RowFilter is the expression for the rows of which anything may be read: "" for all.
func (a Access) RowFilter() string {
	var parts []string
	for _, s := range a.Scopes() {
		if s.Rows == "" {
			return ""
		}
		if !slices.Contains(parts, s.Rows) {
			parts = append(parts, s.Rows)
		}
	}
	return or(parts)
}

func or(parts []string) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0]
	}
	return "(" + strings.Join(parts, ") OR (") + ")"
}

// bound cuts claims to what limits allow to be passed on.
func bound(claims, limits []claim) []claim {
	var out []claim
	for _, c := range claims {
		for _, l := range limits {
			b := claim{may: c.may & l.pass, pass: c.pass & l.pass, scope: c.scope.and(l.scope)}
			if b.may|b.pass == 0 {
				continue
			}
			i := slices.IndexFunc(out, func(o claim) bool { return o.scope.equal(b.scope) })
			if i >= 0 {
				out[i].may |= b.may
				out[i].pass |= b.pass
			} else if len(out) < maxClaims {
				out = append(out, b)
			}
		}
	}
	return out
}
