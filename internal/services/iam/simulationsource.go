package iam

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// principalSimulation collects the policies of a user, group or role of the caller's account.
func (s *Service) principalSimulation(ctx context.Context, sourceARN string) (*simulation, kind, error) {
	a, err := arn.Parse(sourceARN)
	what, _, _ := strings.Cut(a.Resource, "/")
	k := kind(what)
	if err != nil || a.Service != "iam" || k != user && k != group && k != role {
		return nil, k, invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", sourceARN)
	}
	m := &simulation{sources: map[string]source{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		none := noSuchEntity("The %s with ARN %s cannot be found.", k, sourceARN)
		e, err := s.entity(tx, k, account, lastPart(a.Resource))
		var missing notFound
		if errors.As(err, &missing) || err == nil && e.arn() != sourceARN {
			return none
		}
		if err != nil {
			return err
		}
		clear(m.sources)
		if err := s.documents(tx, e, m.sources); err != nil {
			return err
		}
		switch k {
		case user:
			u, err := s.user(tx, account, e.name)
			if err != nil {
				return err
			}
			m.principal = identity.UserPrincipal(u)
			for _, name := range u.Groups {
				g, err := s.entity(tx, group, account, name)
				if err != nil {
					return err
				}
				if err := s.documents(tx, g, m.sources); err != nil {
					return err
				}
			}
			return nil
		case role:
			r, err := s.role(tx, account, e.name)
			m.principal = identity.RolePrincipal(r, "simulation")
			return err
		}
		// A group is nobody: it is asked for a member of it that nothing more is known of.
		m.principal = authz.Principal{Kind: authz.User, Account: account}
		return s.groupPolicies(tx, e, m)
	})
	if err != nil {
		return nil, k, err
	}
	if k != group {
		m.policies, err = s.d.Policies(ctx, m.principal)
		m.policies.Identity = slices.Clone(m.policies.Identity) // the directory's own list is shared
	}
	return m, k, err
}

// documents notes the documents of an entity's policies under the ids that the directory gives them.
func (s *Service) documents(tx *store.Tx, e entity, out map[string]source) error {
	for name, document := range e.inline {
		out[e.name+"/"+name] = source{string(e.kind) + "_" + e.name + "_" + name, document}
	}
	attached := e.attached
	if e.boundary != "" {
		attached = append(slices.Clone(attached), e.boundary)
	}
	for _, arn := range attached {
		p, err := s.d.ManagedPolicy(tx, arn)
		if err != nil {
			return absent(err, nil)
		}
		out[arn] = source{p.Name, p.Document()}
	}
	return nil
}

func (s *Service) groupPolicies(tx *store.Tx, e entity, m *simulation) (err error) {
	m.policies = authz.Policies{}
	for id, src := range m.sources {
		p, err := authz.Parse([]byte(src.document))
		if err != nil {
			return err
		}
		p.ID = id
		m.policies.Identity = append(m.policies.Identity, p)
	}
	slices.SortFunc(m.policies.Identity, func(a, b *authz.Policy) int { return strings.Compare(a.ID, b.ID) })
	m.policies.SCPs, err = s.d.SCPsOf(tx, e.account)
	return err
}

// callerOf is the user that a simulation is to be called by. What is known of it is told only of the own account's.
func (s *Service) callerOf(ctx context.Context, callerARN string) (authz.Principal, error) {
	a, err := arn.Parse(callerARN)
	if err != nil || a.Service != "iam" || len(a.Account) != 12 || !strings.HasPrefix(a.Resource, "user/") || strings.HasSuffix(a.Resource, "/") {
		return authz.Principal{}, invalidInput("Invalid Caller Arn: %s", callerARN)
	}
	p := authz.Principal{Kind: authz.User, Account: a.Account, ARN: callerARN, Name: lastPart(a.Resource)}
	if a.Account != wire.CallOf(ctx).Account() {
		return p, nil
	}
	return p, s.view(ctx, func(tx *store.Tx, account string) error {
		u, err := s.d.Users.Get(tx, identity.NameKey(account, p.Name))
		if err == nil && u.ARN() == callerARN {
			p = identity.UserPrincipal(u)
		}
		return absent(err, nil)
	})
}

// exclude leaves policies of the principal out.
func (m *simulation) exclude(list []types.PolicyIdentifier) error {
	for _, x := range list {
		switch x := x.(type) {
		case *types.PolicyIdentifierMemberPolicyArn:
			m.drop(func(id string) bool { return id == x.Value })
			if b := m.policies.Boundary; b != nil && b.ID == x.Value {
				m.policies.Boundary = nil
			}
		case *types.PolicyIdentifierMemberInlinePolicyIdentifier:
			name := strings.ToLower(string(x.Value.AttachmentType)) + "_" + aws.ToString(x.Value.AttachmentName) + "_" + aws.ToString(x.Value.PolicyName)
			m.drop(func(id string) bool { return m.sources[id].name == name })
		case *types.PolicyIdentifierMemberPolicyType:
			switch x.Value {
			case types.PolicyIdentifierPolicyTypeInline:
				m.drop(func(id string) bool { return !strings.HasPrefix(id, "arn:") })
			case types.PolicyIdentifierPolicyTypeAwsManaged:
				m.drop(func(id string) bool { return strings.HasPrefix(id, "arn:aws:iam::aws:") })
			case types.PolicyIdentifierPolicyTypeUserManaged:
				m.drop(func(id string) bool {
					return strings.HasPrefix(id, "arn:") && !strings.HasPrefix(id, "arn:aws:iam::aws:")
				})
			case types.PolicyIdentifierPolicyTypePermissionBoundary:
				m.policies.Boundary = nil
			case types.PolicyIdentifierPolicyTypeScp:
				m.policies.SCPs = nil
			case types.PolicyIdentifierPolicyTypeRcp:
			}
		default:
			return invalidInput("A policy to leave out is not named.")
		}
	}
	return nil
}

func (m *simulation) drop(unwanted func(id string) bool) {
	m.policies.Identity = slices.DeleteFunc(m.policies.Identity, func(p *authz.Policy) bool { return unwanted(p.ID) })
}
