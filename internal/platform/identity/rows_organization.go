package identity

import (
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// The states of an account.
const (
	AccountActive    = "ACTIVE"
	AccountSuspended = "SUSPENDED" // closed: nobody in it is let in
)

// Account is one account.
type Account struct {
	ID, Name, Email string
	Management      bool
	Created         time.Time
	Status          string // ACTIVE, SUSPENDED
	Parent          string // id of the root or organizational unit it is in; "" outside an organization
	Alias           string
	Joined          time.Time // when it became a member of the organization
	SCPs            []string  // ids of attached service control policies
	Tags            map[string]string
}

// Organization is the organization of the server's accounts.
type Organization struct {
	ID         string // o-…
	Management string // account id
	Root       string // r-…, a Unit
	Created    time.Time
	Enabled    []string // policy types that are enabled at the root: SERVICE_CONTROL_POLICY
}

// OrganizationKey is the key of the one organization.
var OrganizationKey = store.Key{ID: "organization"}

// ARN is the organization's ARN.
func (o Organization) ARN() string {
	return arn.New("organizations", "", o.Management, "organization/"+o.ID)
}

// AccountARN is the ARN of a member account.
func (o Organization) AccountARN(id string) string {
	return arn.New("organizations", "", o.Management, "account/"+o.ID+"/"+id)
}

// UnitARN is the ARN of the root or an organizational unit.
func (o Organization) UnitARN(u Unit) string {
	kind := "ou"
	if u.Parent == "" {
		kind = "root"
	}
	return arn.New("organizations", "", o.Management, kind+"/"+o.ID+"/"+u.ID)
}

// SCPARN is the ARN of a service control policy.
func (o Organization) SCPARN(p SCP) string {
	if p.AWS {
		return arn.New("organizations", "", "aws", "policy/service_control_policy/"+p.ID)
	}
	return arn.New("organizations", "", o.Management, "policy/"+o.ID+"/service_control_policy/"+p.ID)
}

// Unit is the root of the organization (Parent is "") or an organizational unit.
type Unit struct {
	ID      string // r-…, ou-…
	Name    string
	Parent  string
	Created time.Time
	SCPs    []string // ids of attached service control policies
	Tags    map[string]string
}

// SCP is a service control policy.
type SCP struct {
	ID                string // p-…
	Name, Description string
	Content           string
	AWS               bool // FullAWSAccess
	Created           time.Time
	Tags              map[string]string
}

// SCPType is the policy type of service control policies.
const SCPType = "SERVICE_CONTROL_POLICY"

// FullAWSAccess is the id of the policy that every root, unit and account begins with.
const FullAWSAccess = "p-FullAWSAccess"
