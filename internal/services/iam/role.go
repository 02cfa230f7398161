package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// defaultSession is MaxSessionDuration when none is given, in seconds.
const defaultSession = 3600

// listedRole is a role as lists have it, without tags and boundary.
func listedRole(r identity.Role) types.Role {
	session := r.MaxSession
	if session == 0 {
		session = defaultSession
	}
	out := types.Role{Arn: aws.String(r.ARN()), CreateDate: aws.Time(r.Created), Path: aws.String(r.Path), RoleId: aws.String(r.ID),
		RoleName: aws.String(r.Name), AssumeRolePolicyDocument: encoded(r.Trust), MaxSessionDuration: aws.Int32(session)}
	if r.Description != "" {
		out.Description = aws.String(r.Description)
	}
	return out
}

func fullRole(r identity.Role) *types.Role {
	out := listedRole(r)
	out.PermissionsBoundary, out.Tags = boundaryOf(r.Boundary), tagList(r.Tags)
	return &out
}

func (s *Service) role(tx *store.Tx, account, name string) (identity.Role, error) {
	r, err := s.d.Roles.Get(tx, identity.NameKey(account, name))
	return r, absent(err, noSuchEntity("The role with name %s cannot be found.", name))
}

// changeRole runs f on a role that is not service-linked, and saves it.
func (s *Service) changeRole(ctx context.Context, name *string, f func(tx *store.Tx, r *identity.Role) error) error {
	return s.update(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, aws.ToString(name))
		if err != nil {
			return err
		}
		if err := (entity{kind: role, path: r.Path, name: r.Name}).protected(); err != nil {
			return err
		}
		if err := f(tx, &r); err != nil {
			return err
		}
		return s.d.Roles.Put(tx, identity.NameKey(account, r.Name), r)
	})
}

// CreateRole makes a role.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
func (s *Service) CreateRole(ctx context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	out := &iam.CreateRoleOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		r := identity.Role{Account: account, Name: aws.ToString(in.RoleName), Path: orRoot(in.Path),
			ID: identity.NewID(identity.PrefixRole, account), Created: s.now(), Description: aws.ToString(in.Description),
			Trust: aws.ToString(in.AssumeRolePolicyDocument), MaxSession: defaultSession, Boundary: aws.ToString(in.PermissionsBoundary)}
		if in.MaxSessionDuration != nil {
			r.MaxSession = *in.MaxSessionDuration
		}
		if err := (entity{kind: role, path: r.Path, name: r.Name}).protected(); err != nil {
			return invalid("The path " + r.Path + " is reserved for service-linked roles.")
		}
		if err := addTags(&r.Tags, in.Tags); err != nil {
			return err
		}
		if err := s.checkTrust(tx, r.Trust); err != nil {
			return err
		}
		if err := s.checkBoundary(tx, account, in.PermissionsBoundary); err != nil {
			return err
		}
		out.Role = fullRole(r)
		return taken(s.d.Roles.Insert(tx, identity.NameKey(account, r.Name), r), exists("Role with name %s already exists.", r.Name))
	}))
}

// GetRole describes a role.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
func (s *Service) GetRole(ctx context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	out := &iam.GetRoleOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, aws.ToString(in.RoleName))
		out.Role = fullRole(r)
		out.Role.RoleLastUsed = &types.RoleLastUsed{}
		return err
	}))
}

// ListRoles lists roles in order of name, without tags and boundaries.
func (s *Service) ListRoles(ctx context.Context, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		list, end, err := rows(ctx, tx, s.d.Roles, account, in.Marker, in.MaxItems, under(in.PathPrefix, func(r identity.Role) string { return r.Path }))
		out.Roles, out.Marker, out.IsTruncated = each(list, listedRole), end.marker, end.truncated
		return err
	}))
}

// UpdateRole changes description and longest session.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
func (s *Service) UpdateRole(ctx context.Context, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	return done(&iam.UpdateRoleOutput{}, s.changeRole(ctx, in.RoleName, func(_ *store.Tx, r *identity.Role) error {
		if in.Description != nil {
			r.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = *in.MaxSessionDuration
		}
		return nil
	}))
}

// UpdateRoleDescription changes the description alone.
func (s *Service) UpdateRoleDescription(ctx context.Context, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	out := &iam.UpdateRoleDescriptionOutput{}
	return done(out, s.changeRole(ctx, in.RoleName, func(_ *store.Tx, r *identity.Role) error {
		r.Description = aws.ToString(in.Description)
		out.Role = fullRole(*r)
		return nil
	}))
}

// UpdateAssumeRolePolicy changes the trust policy.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return done(&iam.UpdateAssumeRolePolicyOutput{}, s.changeRole(ctx, in.RoleName, func(tx *store.Tx, r *identity.Role) error {
		r.Trust = aws.ToString(in.PolicyDocument)
		return s.checkTrust(tx, r.Trust)
	}))
}

// DeleteRole removes a role without policies that is in no instance profile.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
func (s *Service) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	return done(&iam.DeleteRoleOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		e, err := s.entity(tx, role, account, aws.ToString(in.RoleName))
		if err != nil {
			return err
		}
		if err := e.protected(); err != nil {
			return err
		}
		profiles, err := s.d.InstanceProfiles.Find(tx, identity.ByRole, identity.NameIndex(account, e.name), store.Range{Account: account, Limit: 1})
		if err != nil {
			return err
		}
		if len(profiles) > 0 {
			return conflict("Cannot delete entity, must remove roles from instance profile first.")
		}
		if err := e.deletable(); err != nil {
			return err
		}
		return s.d.Roles.Delete(tx, identity.NameKey(account, e.name))
	}))
}
