package identity

import (
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// User is an IAM user.
type User struct {
	Account, Name string
	Path          string // "/" or "/…/"
	ID            string // AIDA…
	Created       time.Time
	Tags          map[string]string
	Boundary      string            // ARN of the permissions boundary
	Inline        map[string]string // name: document
	Attached      []string          // ARNs of managed policies, in order of attachment
	Groups        []string          // names as they were written when the user was added
}

// ARN is the user's ARN.
func (u User) ARN() string { return arn.New("iam", "", u.Account, "user"+u.Path+u.Name) }

// Group is an IAM group. Its members are the users whose Groups name it: Users' index ByGroup.
type Group struct {
	Account, Name string
	Path          string
	ID            string // AGPA…
	Created       time.Time
	Inline        map[string]string
	Attached      []string
}

// ARN is the group's ARN.
func (g Group) ARN() string { return arn.New("iam", "", g.Account, "group"+g.Path+g.Name) }

// Role is an IAM role.
type Role struct {
	Account, Name string
	Path          string
	ID            string // AROA…
	Created       time.Time
	Description   string
	Trust         string // the trust policy's document
	MaxSession    int32  // seconds; 0 means 3600
	Tags          map[string]string
	Boundary      string
	Inline        map[string]string
	Attached      []string
}

// ARN is the role's ARN.
func (r Role) ARN() string { return arn.New("iam", "", r.Account, "role"+r.Path+r.Name) }

// Policy is a managed policy. Those of AWS have the account "aws".
type Policy struct {
	Account, Name    string
	Path             string
	ID               string // ANPA…
	Description      string
	Created, Updated time.Time
	Default          string          // id of the version that is in force: "v1"
	Next             int             // number of the version that is made next
	Versions         []PolicyVersion // oldest first, at most 5
	Tags             map[string]string
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	ID       string
	Document string
	Created  time.Time
}

// ARN is the policy's ARN.
func (p Policy) ARN() string { return arn.New("iam", "", p.Account, "policy"+p.Path+p.Name) }

// Document is that of the default version.
func (p Policy) Document() string {
	for _, v := range p.Versions {
		if v.ID == p.Default {
			return v.Document
		}
	}
	return ""
}

// The states of an access key.
const (
	Active   = "Active"
	Inactive = "Inactive"
)

// AccessKey is a long-term access key. Directory.NewAccessKey makes one.
type AccessKey struct {
	ID      string // AKIA…, or as configured for the first root key
	Account string
	User    string // name; "" for the account's root user
	Status  string // Active or Inactive
	Created time.Time
	Sealed  []byte // the secret: SigV4 needs it in clear, so it is encrypted, not hashed
	Fixed   bool   // came from the configuration
}

// UserIndex is the value of AccessKeys' index ByUser.
func UserIndex(account, user string) string { return account + "/" + strings.ToLower(user) }

// InstanceProfile is an IAM instance profile.
type InstanceProfile struct {
	Account, Name string
	Path          string
	ID            string // AIPA…
	Created       time.Time
	Roles         []string // names; AWS allows one
	Tags          map[string]string
}

// ARN is the instance profile's ARN.
func (p InstanceProfile) ARN() string {
	return arn.New("iam", "", p.Account, "instance-profile"+p.Path+p.Name)
}

// OIDCProvider is an OpenID Connect identity provider.
type OIDCProvider struct {
	Account     string
	URL         string // as given to CreateOpenIDConnectProvider, with its scheme
	ClientIDs   []string
	Thumbprints []string
	Created     time.Time
	Tags        map[string]string
}

// Host is the URL without its scheme, as it stands in ARNs and condition keys.
func (p OIDCProvider) Host() string { return Host(p.URL) }

// Host takes the scheme and a trailing slash off an issuer's URL.
func Host(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	return strings.TrimSuffix(url, "/")
}

// ARN is the provider's ARN.
func (p OIDCProvider) ARN() string {
	return arn.New("iam", "", p.Account, "oidc-provider/"+p.Host())
}

// NameKey is the key of what has a name in an account. IAM tells names apart without regard to case.
func NameKey(account, name string) store.Key {
	return store.Key{Account: account, ID: strings.ToLower(name)}
}

// IDKey is the key of what has an id that is unique in the server.
func IDKey(id string) store.Key { return store.Key{ID: id} }
