package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const groupsPerUser = 10

func is(name string) func(string) bool {
	return func(other string) bool { return strings.EqualFold(name, other) }
}

func renamed(list []string, from, to string) []string {
	return each(list, func(name string) string {
		if strings.EqualFold(name, from) {
			return to
		}
		return name
	})
}

// AddUserToGroup makes a user a member. It does nothing when it is one already.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html
func (s *Service) AddUserToGroup(ctx context.Context, in *iam.AddUserToGroupInput) (*iam.AddUserToGroupOutput, error) {
	return done(&iam.AddUserToGroupOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, aws.ToString(in.GroupName))
		if err != nil {
			return err
		}
		u, err := s.user(tx, account, aws.ToString(in.UserName))
		if err != nil || slices.ContainsFunc(u.Groups, is(g.Name)) {
			return err
		}
		if len(u.Groups) >= groupsPerUser {
			return overQuota("GroupsPerUser", groupsPerUser)
		}
		u.Groups = append(u.Groups, g.Name)
		return s.d.Users.Put(tx, identity.NameKey(account, u.Name), u)
	}))
}

// RemoveUserFromGroup ends a membership.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html
func (s *Service) RemoveUserFromGroup(ctx context.Context, in *iam.RemoveUserFromGroupInput) (*iam.RemoveUserFromGroupOutput, error) {
	return done(&iam.RemoveUserFromGroupOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, aws.ToString(in.GroupName))
		if err != nil {
			return err
		}
		u, err := s.user(tx, account, aws.ToString(in.UserName))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(u.Groups, is(g.Name)) {
			return noSuchEntity("The user with name %s is not in group %s.", u.Name, g.Name)
		}
		u.Groups = slices.DeleteFunc(u.Groups, is(g.Name))
		return s.d.Users.Put(tx, identity.NameKey(account, u.Name), u)
	}))
}

// ListGroupsForUser lists the groups of a user in order of name.
func (s *Service) ListGroupsForUser(ctx context.Context, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	out := &iam.ListGroupsForUserOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, aws.ToString(in.UserName))
		if err != nil {
			return err
		}
		list, end, err := page(ctx, u.Groups, lower, in.Marker, in.MaxItems)
		if err != nil {
			return err
		}
		out.Groups, out.Marker, out.IsTruncated = []types.Group{}, end.marker, end.truncated
		for _, name := range list {
			g, err := s.group(tx, account, name)
			if err != nil {
				return err
			}
			out.Groups = append(out.Groups, shownGroup(g))
		}
		return nil
	}))
}
