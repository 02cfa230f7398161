package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func shownGroup(g identity.Group) types.Group {
	return types.Group{Arn: aws.String(g.ARN()), CreateDate: aws.Time(g.Created), Path: aws.String(g.Path),
		GroupId: aws.String(g.ID), GroupName: aws.String(g.Name)}
}

func (s *Service) group(tx *store.Tx, account, name string) (identity.Group, error) {
	g, err := s.d.Groups.Get(tx, identity.NameKey(account, name))
	return g, absent(err, noSuchEntity("The group with name %s cannot be found.", name))
}

func (s *Service) members(tx *store.Tx, account, name string) ([]store.Row[identity.User], error) {
	return s.d.Users.Find(tx, identity.ByGroup, identity.NameIndex(account, name), store.Range{Account: account})
}

// CreateGroup makes an empty group.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html
func (s *Service) CreateGroup(ctx context.Context, in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	out := &iam.CreateGroupOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		g := identity.Group{Account: account, Name: aws.ToString(in.GroupName), Path: orRoot(in.Path),
			ID: identity.NewID(identity.PrefixGroup, account), Created: s.now()}
		shown := shownGroup(g)
		out.Group = &shown
		return taken(s.d.Groups.Insert(tx, identity.NameKey(account, g.Name), g), exists("Group with name %s already exists.", g.Name))
	}))
}

// GetGroup describes a group and lists its users.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html
func (s *Service) GetGroup(ctx context.Context, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	out := &iam.GetGroupOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, aws.ToString(in.GroupName))
		if err != nil {
			return err
		}
		members, err := s.members(tx, account, g.Name)
		if err != nil {
			return err
		}
		list, end, err := page(ctx, values(members), func(u identity.User) string { return lower(u.Name) }, in.Marker, in.MaxItems)
		shown := shownGroup(g)
		out.Group, out.Users, out.Marker, out.IsTruncated = &shown, each(list, listedUser), end.marker, end.truncated
		return err
	}))
}

// ListGroups lists groups in order of name.
func (s *Service) ListGroups(ctx context.Context, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	out := &iam.ListGroupsOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		list, end, err := rows(ctx, tx, s.d.Groups, account, in.Marker, in.MaxItems, under(in.PathPrefix, func(g identity.Group) string { return g.Path }))
		out.Groups, out.Marker, out.IsTruncated = each(list, shownGroup), end.marker, end.truncated
		return err
	}))
}

// UpdateGroup changes name or path. Its members follow.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
func (s *Service) UpdateGroup(ctx context.Context, in *iam.UpdateGroupInput) (*iam.UpdateGroupOutput, error) {
	return done(&iam.UpdateGroupOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, aws.ToString(in.GroupName))
		if err != nil {
			return err
		}
		before := g.Name
		if in.NewPath != nil {
			g.Path = *in.NewPath
		}
		if in.NewGroupName != nil {
			g.Name = *in.NewGroupName
		}
		old, now := identity.NameKey(account, before), identity.NameKey(account, g.Name)
		if old == now {
			return s.d.Groups.Put(tx, now, g)
		}
		if err := s.d.Groups.Insert(tx, now, g); err != nil {
			return taken(err, exists("Group with name %s already exists.", g.Name))
		}
		if err := s.d.Groups.Delete(tx, old); err != nil {
			return err
		}
		members, err := s.members(tx, account, before)
		if err != nil {
			return err
		}
		for _, m := range members {
			m.Value.Groups = renamed(m.Value.Groups, before, g.Name)
			if err := s.d.Users.Put(tx, m.Key, m.Value); err != nil {
				return err
			}
		}
		return nil
	}))
}

// DeleteGroup removes a group without users and policies.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
func (s *Service) DeleteGroup(ctx context.Context, in *iam.DeleteGroupInput) (*iam.DeleteGroupOutput, error) {
	return done(&iam.DeleteGroupOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, aws.ToString(in.GroupName))
		if err != nil {
			return err
		}
		members, err := s.members(tx, account, g.Name)
		if err != nil {
			return err
		}
		if len(members) > 0 {
			return conflict("Cannot delete entity, must remove users from group first.")
		}
		if err := (entity{inline: g.Inline, attached: g.Attached}).deletable(); err != nil {
			return err
		}
		return s.d.Groups.Delete(tx, identity.NameKey(account, g.Name))
	}))
}
