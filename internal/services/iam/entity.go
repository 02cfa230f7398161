package iam

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// kind is a kind of entity that policies can be given to.
type kind string

const (
	user  kind = "user"
	group kind = "group"
	role  kind = "role"
)

// title is "User", as members and quotas have it.
func (k kind) title() string { return strings.ToUpper(string(k[:1])) + string(k[1:]) }

// member is the API's name of the entity's name.
func (k kind) member() string { return k.title() + "Name" }

// entity is what users, groups and roles have in common.
type entity struct {
	kind                kind
	account, name, path string
	inline              map[string]string
	attached            []string
	boundary            string
	tags                map[string]string
	save                func(tx *store.Tx, e entity) error
}

func (e entity) arn() string { return arn.New("iam", "", e.account, string(e.kind)+e.path+e.name) }

// protected refuses changes of service-linked roles, which only their service makes.
func (e entity) protected() error {
	if e.kind == role && strings.HasPrefix(e.path, serviceLinkedPrefix) {
		return &types.UnmodifiableEntityException{Message: aws.String("Cannot perform the operation on the protected role '" +
			e.name + "' - this role is only modifiable by AWS")}
	}
	return nil
}

func (s *Service) entity(tx *store.Tx, k kind, account, name string) (entity, error) {
	key := identity.NameKey(account, name)
	none := noSuchEntity("The %s with name %s cannot be found.", k, name)
	switch k {
	case user:
		u, err := s.d.Users.Get(tx, key)
		return entity{k, account, u.Name, u.Path, u.Inline, u.Attached, u.Boundary, u.Tags, func(tx *store.Tx, e entity) error {
			u.Inline, u.Attached, u.Boundary, u.Tags = e.inline, e.attached, e.boundary, e.tags
			return s.d.Users.Put(tx, key, u)
		}}, absent(err, none)
	case group:
		g, err := s.d.Groups.Get(tx, key)
		return entity{k, account, g.Name, g.Path, g.Inline, g.Attached, "", nil, func(tx *store.Tx, e entity) error {
			g.Inline, g.Attached = e.inline, e.attached
			return s.d.Groups.Put(tx, key, g)
		}}, absent(err, none)
	}
	r, err := s.d.Roles.Get(tx, key)
	return entity{k, account, r.Name, r.Path, r.Inline, r.Attached, r.Boundary, r.Tags, func(tx *store.Tx, e entity) error {
		r.Inline, r.Attached, r.Boundary, r.Tags = e.inline, e.attached, e.boundary, e.tags
		return s.d.Roles.Put(tx, key, r)
	}}, absent(err, none)
}

// look runs f on an entity of the caller's account.
func (s *Service) look(ctx context.Context, k kind, name *string, f func(tx *store.Tx, e entity) error) error {
	return s.view(ctx, func(tx *store.Tx, account string) error {
		e, err := s.entity(tx, k, account, aws.ToString(name))
		if err != nil {
			return err
		}
		return f(tx, e)
	})
}

// change runs f on an entity of the caller's account and saves it.
func (s *Service) change(ctx context.Context, k kind, name *string, f func(tx *store.Tx, e *entity) error) error {
	return s.update(ctx, func(tx *store.Tx, account string) error {
		e, err := s.entity(tx, k, account, aws.ToString(name))
		if err != nil {
			return err
		}
		if err := e.protected(); err != nil {
			return err
		}
		if err := f(tx, &e); err != nil {
			return err
		}
		return e.save(tx, e)
	})
}

// deletable tells what is still in the way of deleting an entity.
func (e entity) deletable() error {
	switch {
	case len(e.inline) > 0:
		return conflict("Cannot delete entity, must delete policies first.")
	case len(e.attached) > 0:
		return conflict("Cannot delete entity, must detach all policies first.")
	}
	return nil
}
