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
	return store.Key{Account: g.Grantor, Region: g.Region, ID: strings.Join([]string{g.Resource.Key(), g.Principal, g.cut()}, Separator)}
}

// cut tells grants on one resource apart that are for different parts of it.
func (g *Grant) cut() string {
	switch {
	case g.Filter != "":
		return "filter:" + g.Filter
	case g.Columns != nil && len(g.Columns.Names) > 0 && g.Grantable != 0:
		return "columns+" // which columns may be passed on is kept apart from which may be read
	case g.Columns != nil && len(g.Columns.Names) > 0:
		return "columns"
	case g.Columns != nil:
		return "excluded:" + strings.ToLower(strings.Join(slices.Sorted(slices.Values(g.Columns.Excluded)), separatorOfValues))
	case g.Resource.Kind == Tag:
		return "values:" + strings.Join(slices.Sorted(slices.Values(g.Resource.TagValues)), separatorOfValues)
	}
	return ""
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
