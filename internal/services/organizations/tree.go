package organizations

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// ListParents tells the one parent of an account or unit.
func (s *Service) ListParents(ctx context.Context, in *organizations.ListParentsInput) (*organizations.ListParentsOutput, error) {
	out := &organizations.ListParentsOutput{}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		id := aws.ToString(in.ChildId)
		u, err := s.Units.Get(tx, identity.IDKey(id))
		parent := u.Parent
		if errors.Is(err, store.ErrNotFound) {
			var a identity.Account
			a, err = s.Accounts.Get(tx, identity.IDKey(id))
			parent = a.Parent
		}
		gone := &types.ChildNotFoundException{Message: aws.String("You specified a child that doesn't exist.")}
		if err != nil || parent == "" {
			return missing(errors.Join(err, store.ErrNotFound), gone)
		}
		kind := types.ParentTypeOrganizationalUnit
		if parent == o.Root {
			kind = types.ParentTypeRoot
		}
		out.Parents = []types.Parent{{Id: &parent, Type: kind}}
		return nil
	})
	return out, err
}

// ListChildren lists the ids of the accounts or the units directly in the root or a unit.
func (s *Service) ListChildren(ctx context.Context, in *organizations.ListChildrenInput) (*organizations.ListChildrenOutput, error) {
	out := &organizations.ListChildrenOutput{Children: []types.Child{}}
	err := s.view(ctx, func(tx *store.Tx, _ identity.Organization) error {
		p, err := s.parent(tx, in.ParentId)
		if err != nil {
			return err
		}
		var ids []string
		if in.ChildType == types.ChildTypeAccount {
			rows, err := s.Accounts.Find(tx, identity.ByParent, p.ID, store.Range{})
			if err != nil {
				return err
			}
			for _, row := range rows {
				ids = append(ids, row.Value.ID)
			}
		} else {
			rows, err := s.Units.Find(tx, identity.ByParent, p.ID, store.Range{})
			if err != nil {
				return err
			}
			for _, row := range rows {
				ids = append(ids, row.Value.ID)
			}
		}
		ids, out.NextToken, err = page(ctx, ids, func(id string) string { return id }, in.MaxResults, in.NextToken)
		for _, id := range ids {
			out.Children = append(out.Children, types.Child{Id: &id, Type: in.ChildType})
		}
		return err
	})
	return out, err
}

// MoveAccount moves an account to another parent.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_MoveAccount.html
func (s *Service) MoveAccount(ctx context.Context, in *organizations.MoveAccountInput) (*organizations.MoveAccountOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, _ identity.Organization) error {
		a, err := s.member(tx, in.AccountId)
		if err != nil {
			return err
		}
		if a.Parent != aws.ToString(in.SourceParentId) {
			return &types.SourceParentNotFoundException{Message: aws.String("You specified a source parent that the account isn't in.")}
		}
		to, err := s.Units.Get(tx, identity.IDKey(aws.ToString(in.DestinationParentId)))
		if err != nil {
			return missing(err, &types.DestinationParentNotFoundException{Message: aws.String("You specified a destination parent that doesn't exist.")})
		}
		if to.ID == a.Parent {
			return &types.DuplicateAccountException{Message: aws.String("The account is already in the destination parent.")}
		}
		a.Parent = to.ID
		return s.Accounts.Put(tx, identity.IDKey(a.ID), a)
	})
	if err != nil {
		return nil, err
	}
	return &organizations.MoveAccountOutput{}, nil
}

func (s *Service) moveTargets(ctx context.Context, in *organizations.MoveAccountInput) ([]wire.Target, error) {
	return s.on(ctx, in.AccountId, in.SourceParentId, in.DestinationParentId)
}

// tagged is anything in the organization that has an ARN and tags.
type tagged struct {
	arn  string
	tags map[string]string
	save func(tx *store.Tx, tags map[string]string) error
}

// find looks an account, a unit, the root or a policy up by its id.
func (s *Service) find(tx *store.Tx, o identity.Organization, id string) (tagged, error) {
	k := identity.IDKey(id)
	if a, err := s.Accounts.Get(tx, k); !errors.Is(err, store.ErrNotFound) {
		return tagged{o.AccountARN(id), a.Tags, func(tx *store.Tx, tags map[string]string) error { a.Tags = tags; return s.Accounts.Put(tx, k, a) }}, err
	}
	if u, err := s.Units.Get(tx, k); !errors.Is(err, store.ErrNotFound) {
		return tagged{o.UnitARN(u), u.Tags, func(tx *store.Tx, tags map[string]string) error { u.Tags = tags; return s.Units.Put(tx, k, u) }}, err
	}
	p, err := s.SCPs.Get(tx, k)
	return tagged{o.SCPARN(p), p.Tags, func(tx *store.Tx, tags map[string]string) error {
		if p.AWS {
			return immutable()
		}
		p.Tags = tags
		return s.SCPs.Put(tx, k, p)
	}}, err
}

func (s *Service) arnOf(tx *store.Tx, o identity.Organization, id string) (string, error) {
	t, err := s.find(tx, o, id)
	if errors.Is(err, store.ErrNotFound) {
		return "*", nil
	}
	return t.arn, err
}
