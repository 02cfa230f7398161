package lakeformation

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

const everyone = ":IAMPrincipals"

func principal(id string) *types.DataLakePrincipal {
	return &types.DataLakePrincipal{DataLakePrincipalIdentifier: &id}
}

// principalOf reads who is granted something: a user or role, an account, everybody in an account, the organization or a
// unit of it, or AllowedByIAM. It has to be there; of users and roles in other accounts it is not told whether they are.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_DataLakePrincipal.html
func (s *Service) principalOf(ctx context.Context, tx *store.Tx, p *types.DataLakePrincipal) (string, error) {
	id := ""
	if p != nil {
		id = aws.ToString(p.DataLakePrincipalIdentifier)
	}
	bad := invalid("Invalid principal, %s", id)
	if id == governance.AllowedByIAM {
		return id, nil
	}
	if governance.IsOrganization(id) {
		return id, s.inOrganization(tx, wire.CallOf(ctx).Account(), id, bad)
	}
	account := governance.AccountOf(id)
	if account == "" {
		return "", bad
	}
	if _, err := s.Directory.Accounts.Get(tx, identity.IDKey(account)); err != nil {
		return "", absent(err, bad)
	}
	if account == id || account+everyone == id {
		return id, nil
	}
	return id, s.identityIs(tx, account, id, account == wire.CallOf(ctx).Account(), bad)
}

// identityIs checks the ARN of a user or role.
func (s *Service) identityIs(tx *store.Tx, account, arn string, ours bool, bad error) error {
	_, resource, ok := strings.Cut(arn, "arn:aws:iam::"+account+":")
	kind, _, _ := strings.Cut(resource, "/")
	last := resource[strings.LastIndexByte(resource, '/')+1:]
	if !ok || last == "" || kind != "user" && kind != "role" && kind != "group" || strings.ContainsAny(arn, "*?") {
		return bad
	}
	if !ours {
		return nil
	}
	found := ""
	var err error
	switch kind {
	case "user":
		var u identity.User
		u, err = s.Directory.Users.Get(tx, identity.NameKey(account, last))
		found = u.ARN()
	case "role":
		var r identity.Role
		r, err = s.Directory.Roles.Get(tx, identity.NameKey(account, last))
		found = r.ARN()
	default:
		return bad // groups of IAM are not principals of Lake Formation
	}
	if errors.Is(err, store.ErrNotFound) || err == nil && found != arn {
		return bad
	}
	return err
}

// inOrganization checks that an organization or unit is one that the account is in, or a unit elsewhere in its organization.
func (s *Service) inOrganization(tx *store.Tx, account, id string, bad error) error {
	member, err := s.Directory.MembershipsIn(tx, account)
	if err != nil {
		return err
	}
	if len(member) == 0 {
		return bad
	}
	o, err := s.Directory.Organizations.Get(tx, identity.OrganizationKey)
	if err != nil {
		return err
	}
	if id == o.ARN() {
		return nil
	}
	u, err := s.Directory.Units.Get(tx, identity.IDKey(id[strings.LastIndexByte(id, '/')+1:]))
	if errors.Is(err, store.ErrNotFound) || err == nil && o.UnitARN(u) != id {
		return bad
	}
	return err
}
