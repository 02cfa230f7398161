package iam

import (
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// trustSize is the longest trust policy, in characters that are not white space.
const trustSize = 2048

// checkTrust holds a trust policy to the grammar, and the users and roles that it names to exist.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html
func (s *Service) checkTrust(tx *store.Tx, document string) error {
	p, err := authz.ParseTrust([]byte(document))
	if err != nil {
		return malformed(err)
	}
	if policySize(document) > trustSize {
		return overQuota("ACLSizePerRole", trustSize)
	}
	for _, ref := range p.Principals() {
		if ref.Type != "AWS" {
			continue
		}
		ok, err := s.known(tx, ref.Value)
		if err != nil {
			return err
		}
		if !ok {
			return malformed(errors.New(`Invalid principal in policy: "AWS":"` + ref.Value + `"`))
		}
	}
	return nil
}

// known tells whether a principal of a trust policy exists. Accounts as a whole are taken as they are, as most of the
// world's are not here.
func (s *Service) known(tx *store.Tx, principal string) (bool, error) {
	if !strings.HasPrefix(principal, "arn:") {
		return principal == "*" || len(principal) == 12, nil
	}
	a, err := arn.Parse(principal)
	if err != nil {
		return false, nil
	}
	what, rest, _ := strings.Cut(a.Resource, "/")
	is := func(found string, err error) (bool, error) {
		return err == nil && found == principal, absent(err, nil)
	}
	switch {
	case a.Resource == "root" && a.Service == "iam":
		return true, nil
	case what == "user" && a.Service == "iam":
		u, err := s.d.Users.Get(tx, identity.NameKey(a.Account, lastPart(rest)))
		return is(u.ARN(), err)
	case what == "role" && a.Service == "iam":
		r, err := s.d.Roles.Get(tx, identity.NameKey(a.Account, lastPart(rest)))
		return is(r.ARN(), err)
	case what == "assumed-role" && a.Service == "sts":
		name, session, _ := strings.Cut(rest, "/")
		_, err := s.d.Roles.Get(tx, identity.NameKey(a.Account, name))
		return err == nil && session != "", absent(err, nil)
	}
	return what == "federated-user" && a.Service == "sts" && rest != "", nil
}
