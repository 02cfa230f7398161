package governance

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// AllowedByIAM is the principal that stands for "whoever IAM lets in": a resource that grants it All is not governed.
const AllowedByIAM = "IAM_ALLOWED_PRINCIPALS"

// Columns cuts a grant to columns: those named, or all but those excluded.
type Columns struct {
	Names    []string `json:",omitempty"`
	Excluded []string `json:",omitempty"` // counts when Names is empty
}

// Grant is one row of who may do what.
type Grant struct {
	Grantor     string // account that grants
	Region      string
	Principal   string // ARN of a user, role, organization or unit; account; "<account>:IAMPrincipals"; AllowedByIAM
	Resource    Resource
	Columns     *Columns `json:",omitempty"` // of a table's SELECT
	Filter      string   `json:",omitempty"` // name of a data cells filter of the table
	Permissions Permissions
	Grantable   Permissions
	By          string // ARN of who granted
	Updated     time.Time
}

// Key is where the grant is kept: one per grantor, resource, principal and way of cutting.
func (g Grant) Key() store.Key {
	cut := ""
	switch {
	case g.Filter != "":
		cut = "filter:" + g.Filter
	case g.Columns != nil && len(g.Columns.Names) > 0:
		cut = "columns"
	case g.Columns != nil:
		cut = "excluded"
	}
	return store.Key{Account: g.Grantor, Region: g.Region, ID: strings.Join([]string{g.Resource.Key(), g.Principal, cut}, Separator)}
}

// Filter is a data cells filter.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-about.html
type Filter struct {
	Table   Resource
	Region  string
	Name    string
	Columns *Columns // nil: all
	Rows    string   // SQL expression; "": all
	Owner   string   // account that made it: the catalog's, or one that may pass the table on
	Version string
	Updated time.Time
}

// Key is where the filter is kept.
func (f Filter) Key() store.Key {
	return store.Key{Account: f.Table.Account(), Region: f.Region, ID: f.Table.Key() + Separator + f.Name}
}

var (
	accountPattern = regexp.MustCompile(`^\d{12}$`)
	everyone       = ":IAMPrincipals"
)

// AccountOf finds the account that a principal of a grant is or belongs to; "" for AllowedByIAM and organizations.
func AccountOf(principal string) string {
	if accountPattern.MatchString(principal) {
		return principal
	}
	if a, ok := strings.CutSuffix(principal, everyone); ok {
		return a
	}
	if p := strings.SplitN(principal, ":", 6); len(p) == 6 && p[0] == "arn" && (p[2] == "iam" || p[2] == "sts") {
		return p[4]
	}
	return ""
}

// IsOrganization tells the ARN of an organization or a unit.
func IsOrganization(principal string) bool {
	p := strings.SplitN(principal, ":", 6)
	return len(p) == 6 && p[2] == "organizations"
}

// Scope is the part of a table that may be read.
type Scope struct {
	Names    []string // columns; nil with Every: all but Excluded
	Every    bool
	Excluded []string
	Rows     string // SQL expression; "": all
}

// whole is all of a table.
var whole = Scope{Every: true}

// Whole tells that nothing is cut off.
func (s Scope) Whole() bool { return s.Every && len(s.Excluded) == 0 && s.Rows == "" }

// Has tells whether the column is in the scope.
func (s Scope) Has(column string) bool {
	if s.Every {
		return !slices.Contains(s.Excluded, column)
	}
	return slices.Contains(s.Names, column)
}

func scopeOf(c *Columns, rows string) Scope {
	switch {
	case c == nil:
		return Scope{Every: true, Rows: rows}
	case len(c.Names) > 0:
		return Scope{Names: c.Names, Rows: rows}
	}
	return Scope{Every: true, Excluded: c.Excluded, Rows: rows}
}

// and is what lies in both scopes.
func (s Scope) and(o Scope) Scope {
	out := Scope{Every: s.Every && o.Every}
	switch {
	case out.Every:
		out.Excluded = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(s.Excluded), o.Excluded...))))
	case s.Every:
		out.Names = keep(o.Names, s)
	default:
		out.Names = keep(s.Names, o)
	}
	switch {
	case s.Rows == "" || s.Rows == o.Rows:
		out.Rows = o.Rows
	case o.Rows == "":
		out.Rows = s.Rows
	default:
		out.Rows = "(" + s.Rows + ") AND (" + o.Rows + ")"
	}
	return out
}

func keep(names []string, in Scope) []string {
	out := []string{}
	for _, n := range names {
		if in.Has(n) {
			out = append(out, n)
		}
	}
	return out
}
