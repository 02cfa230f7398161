package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// listedUser is a user as lists have it, without tags and boundary.
func listedUser(u identity.User) types.User {
	return types.User{Arn: aws.String(u.ARN()), CreateDate: aws.Time(u.Created), Path: aws.String(u.Path),
		UserId: aws.String(u.ID), UserName: aws.String(u.Name)}
}

func fullUser(u identity.User) *types.User {
	out := listedUser(u)
	out.PermissionsBoundary, out.Tags = boundaryOf(u.Boundary), tagList(u.Tags)
	return &out
}

func orRoot(path *string) string {
	if path == nil || *path == "" {
		return "/"
	}
	return *path
}

func (s *Service) user(tx *store.Tx, account, name string) (identity.User, error) {
	u, err := s.d.Users.Get(tx, identity.NameKey(account, name))
	return u, absent(err, noSuchEntity("The user with name %s cannot be found.", name))
}

// CreateUser makes a user without credentials and permissions.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
func (s *Service) CreateUser(ctx context.Context, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	out := &iam.CreateUserOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		u := identity.User{Account: account, Name: aws.ToString(in.UserName), Path: orRoot(in.Path),
			ID: identity.NewID(identity.PrefixUser, account), Created: s.now(), Boundary: aws.ToString(in.PermissionsBoundary)}
		if err := addTags(&u.Tags, in.Tags); err != nil {
			return err
		}
		if err := s.checkBoundary(tx, account, in.PermissionsBoundary); err != nil {
			return err
		}
		out.User = fullUser(u)
		return taken(s.d.Users.Insert(tx, identity.NameKey(account, u.Name), u), exists("User with name %s already exists.", u.Name))
	}))
}

// GetUser describes a user; without a name, the caller.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
func (s *Service) GetUser(ctx context.Context, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	out := &iam.GetUserOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		name := aws.ToString(in.UserName)
		if in.UserName == nil {
			own, err := caller(ctx)
			if err != nil {
				return err
			}
			if own == "" {
				a, err := s.d.Accounts.Get(tx, identity.IDKey(account))
				out.User = &types.User{Arn: aws.String(wire.CallOf(ctx).Principal.ARN), UserId: aws.String(account),
					CreateDate: aws.Time(a.Created)}
				return err
			}
			name = own
		}
		u, err := s.user(tx, account, name)
		out.User = fullUser(u)
		return err
	}))
}

// ListUsers lists users in order of name, without tags and boundaries.
func (s *Service) ListUsers(ctx context.Context, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	out := &iam.ListUsersOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		list, end, err := rows(ctx, tx, s.d.Users, account, in.Marker, in.MaxItems, under(in.PathPrefix, func(u identity.User) string { return u.Path }))
		out.Users, out.Marker, out.IsTruncated = each(list, listedUser), end.marker, end.truncated
		return err
	}))
}

// each maps a list; the result is never nil.
func each[T, U any](list []T, f func(T) U) []U {
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// UpdateUser changes name or path. Access keys follow the name.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
func (s *Service) UpdateUser(ctx context.Context, in *iam.UpdateUserInput) (*iam.UpdateUserOutput, error) {
	return done(&iam.UpdateUserOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, aws.ToString(in.UserName))
		if err != nil {
			return err
		}
		before := u.Name
		if in.NewPath != nil {
			u.Path = *in.NewPath
		}
		if in.NewUserName != nil {
			u.Name = *in.NewUserName
		}
		old, now := identity.NameKey(account, before), identity.NameKey(account, u.Name)
		if old == now {
			return s.d.Users.Put(tx, now, u)
		}
		if err := s.d.Users.Insert(tx, now, u); err != nil {
			return taken(err, exists("User with name %s already exists.", u.Name))
		}
		if err := s.d.Users.Delete(tx, old); err != nil {
			return err
		}
		keys, err := s.d.AccessKeys.Find(tx, identity.ByUser, identity.UserIndex(account, before), store.Range{})
		if err != nil {
			return err
		}
		for _, k := range keys {
			k.Value.User = u.Name
			if err := s.d.AccessKeys.Put(tx, k.Key, k.Value); err != nil {
				return err
			}
		}
		return nil
	}))
}

// DeleteUser removes a user that has nothing left: no keys, policies and groups.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
func (s *Service) DeleteUser(ctx context.Context, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	return done(&iam.DeleteUserOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, aws.ToString(in.UserName))
		if err != nil {
			return err
		}
		keys, err := s.d.AccessKeys.Find(tx, identity.ByUser, identity.UserIndex(account, u.Name), store.Range{Limit: 1})
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return conflict("Cannot delete entity, must delete access keys first.")
		}
		if err := (entity{inline: u.Inline, attached: u.Attached}).deletable(); err != nil {
			return err
		}
		if len(u.Groups) > 0 {
			return conflict("Cannot delete entity, must remove users from group first.")
		}
		return s.d.Users.Delete(tx, identity.NameKey(account, u.Name))
	}))
}

// TagUser adds tags to a user.
func (s *Service) TagUser(ctx context.Context, in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	return done(&iam.TagUserOutput{}, s.change(ctx, user, in.UserName, func(_ *store.Tx, e *entity) error { return addTags(&e.tags, in.Tags) }))
}

// UntagUser takes tags off a user.
func (s *Service) UntagUser(ctx context.Context, in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	return done(&iam.UntagUserOutput{}, s.change(ctx, user, in.UserName, func(_ *store.Tx, e *entity) error { return removeTags(&e.tags, in.TagKeys) }))
}

// ListUserTags lists a user's tags in order of key.
func (s *Service) ListUserTags(ctx context.Context, in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	out := &iam.ListUserTagsOutput{}
	return done(out, s.look(ctx, user, in.UserName, func(_ *store.Tx, e entity) error {
		list, end, err := tagPage(ctx, e.tags, in.Marker, in.MaxItems)
		out.Tags, out.Marker, out.IsTruncated = list, end.marker, end.truncated
		return err
	}))
}
