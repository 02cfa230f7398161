package sharing

import (
	"errors"
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Errors of principals.
var (
	ErrMalformedPrincipal = errors.New("principal is no account, organization, unit, role or user")
	ErrUnknownPrincipal   = errors.New("organization or unit is not the server's")
	ErrNotOrganized       = errors.New("sharing within the organization is not enabled")
	ErrExternal           = errors.New("principal is outside the organization, and the share is within it")
	ErrOwner              = errors.New("a share is not made with its owner")
)

var accountPattern = regexp.MustCompile(`^\d{12}$`)

// AccountOf finds the account that a principal is or belongs to; "" for organizations and units.
func AccountOf(principal string) string {
	if accountPattern.MatchString(principal) {
		return principal
	}
	if a, err := arn.Parse(principal); err == nil && a.Service == "iam" {
		return a.Account
	}
	return ""
}

// CheckPrincipal tells whether principal has the form of one: an account's 12 digits, or the ARN of an organization, a unit,
// a role or a user. Errors are ErrMalformedPrincipal.
func CheckPrincipal(principal string) error {
	if accountPattern.MatchString(principal) {
		return nil
	}
	a, err := arn.Parse(principal)
	if err != nil || a.Partition != "aws" || a.Region != "" || !accountPattern.MatchString(a.Account) {
		return ErrMalformedPrincipal
	}
	kind, name, ok := strings.Cut(a.Resource, "/")
	if !ok || name == "" || strings.ContainsAny(name, "\x1f\x00*") {
		return ErrMalformedPrincipal
	}
	switch a.Service + " " + kind {
	case "organizations organization", "organizations ou", "iam role", "iam user":
		return nil
	}
	return ErrMalformedPrincipal
}

// EnableOrganization lets the accounts of the organization share with each other without invitations.
func (d *Directory) EnableOrganization(tx *store.Tx) error {
	return d.settings.Put(tx, organizedKey, settings{Organized: true})
}

// Organized tells whether sharing within the organization is enabled.
func (d *Directory) Organized(tx *store.Tx) (bool, error) {
	s, err := d.settings.Get(tx, organizedKey)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return s.Organized, err
}

var organizedKey = store.Key{ID: "organization"}

type settings struct{ Organized bool }

// standing is how a principal stands to the owner of a share.
type standing struct {
	external bool // outside the owner's organization
	invited  bool // has to accept
}

func (d *Directory) standing(tx *store.Tx, s Share, principal string) (standing, error) {
	if err := CheckPrincipal(principal); err != nil {
		return standing{}, err
	}
	organized, err := d.Organized(tx)
	if err != nil {
		return standing{}, err
	}
	if governance.IsOrganization(principal) {
		known, err := d.known(tx, principal)
		switch {
		case err != nil:
			return standing{}, err
		case !known:
			return standing{}, ErrUnknownPrincipal
		case !organized:
			return standing{}, ErrNotOrganized
		}
		return standing{}, nil
	}
	account := AccountOf(principal)
	if account == s.Owner && account == principal {
		return standing{}, ErrOwner
	}
	owner, err := d.identities.MembershipsIn(tx, s.Owner)
	if err != nil {
		return standing{}, err
	}
	other, err := d.identities.MembershipsIn(tx, account)
	if err != nil {
		return standing{}, err
	}
	st := standing{external: account != s.Owner && (len(owner) == 0 || len(other) == 0 || owner[0] != other[0])}
	st.invited = account != s.Owner && (st.external || !organized)
	if st.invited && !s.External {
		return st, ErrExternal
	}
	return st, nil
}

// known tells whether an organization or unit is the server's.
func (d *Directory) known(tx *store.Tx, principal string) (bool, error) {
	o, err := d.identities.Organizations.Get(tx, identity.OrganizationKey)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || principal == o.ARN() {
		return true, err
	}
	u, err := d.identities.Units.Get(tx, identity.IDKey(principal[strings.LastIndexByte(principal, '/')+1:]))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && o.UnitARN(u) == principal, err
}
