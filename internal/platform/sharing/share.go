package sharing

import (
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// The states of shares, associations and invitations.
const (
	Active        = "ACTIVE"
	Deleted       = "DELETED"
	Associating   = "ASSOCIATING"
	Associated    = "ASSOCIATED"
	Disassociated = "DISASSOCIATED"
	Failed        = "FAILED"
	Pending       = "PENDING"
	Accepted      = "ACCEPTED"
	Rejected      = "REJECTED"
	Expired       = "EXPIRED"
)

const (
	// InvitationLife is how long an invitation may be accepted.
	// Source: https://docs.aws.amazon.com/ram/latest/userguide/working-with-shared-invitations.html
	InvitationLife = 7 * 24 * time.Hour
	// Memory is how long what has ended can still be seen.
	Memory = time.Hour
)

// Share is a resource share.
type Share struct {
	Owner, Region, ID string // account, region, UUID
	Name              string
	Status            string // Active or Deleted
	External          bool   // principals outside the organization may be in it
	Service           string `json:",omitempty"` // name of the service that made it and alone changes it; "" for a user's
	Tags              map[string]string
	Permissions       []Attached
	Created, Updated  time.Time
}

// Attached is a permission of a share: one for each type of resource in it.
type Attached struct {
	ARN, Type string
	Version   int
	Updated   time.Time
}

// ARN is the share's ARN.
func (s Share) ARN() string { return arn.New("ram", s.Region, s.Owner, "resource-share/"+s.ID) }

// Key is where the share is kept.
func (s Share) Key() store.Key { return store.Key{Account: s.Owner, Region: s.Region, ID: s.ID} }

// Kind is what is associated with a share.
type Kind string

// The kinds.
const (
	Resource  Kind = "RESOURCE"
	Principal Kind = "PRINCIPAL"
	Source    Kind = "SOURCE"
)

// Association is a resource or a principal of a share.
type Association struct {
	Share            store.Key
	Kind             Kind
	Entity           string // ARN of a resource, principal as ParsePrincipal takes it
	Status           string
	Message          string `json:",omitempty"`
	External         bool   `json:",omitempty"` // principal outside the owner's organization
	Invitation       string `json:",omitempty"` // id of the last one
	Created, Updated time.Time
}

const separator = "\x1f"

func associationPrefix(share string, kind Kind) string {
	return share + separator + string(kind) + separator
}

// Key is where the association is kept: under the share's account and region.
func (a Association) Key() store.Key {
	return store.Key{Account: a.Share.Account, Region: a.Share.Region, ID: associationPrefix(a.Share.ID, a.Kind) + a.Entity}
}

// At is the association as it is at a time: one that waits for an invitation fails when that ends.
func (a Association) At(now time.Time) Association {
	if a.Status == Associating && !now.Before(a.Created.Add(InvitationLife)) {
		a.Status, a.Message, a.Updated = Failed, "The invitation expired.", a.Created.Add(InvitationLife)
	}
	return a
}

// Invitation asks an account to join a share.
type Invitation struct {
	ID               string // UUID
	Share            store.Key
	ShareName        string
	Receiver         string // account
	ReceiverARN      string `json:",omitempty"` // of the user or role that the share is with
	Principal        string // of the share
	Status           string
	Created, Updated time.Time
}

// ARN is the invitation's ARN. It has the sender's account.
func (i Invitation) ARN() string {
	return arn.New("ram", i.Share.Region, i.Share.Account, "resource-share-invitation/"+i.ID)
}

// Key is where the invitation is kept: with its receiver.
func (i Invitation) Key() store.Key {
	return store.Key{Account: i.Receiver, Region: i.Share.Region, ID: i.ID}
}

// At is the invitation as it is at a time.
func (i Invitation) At(now time.Time) Invitation {
	if i.Status == Pending && !now.Before(i.Created.Add(InvitationLife)) {
		i.Status, i.Updated = Expired, i.Created.Add(InvitationLife)
	}
	return i
}
