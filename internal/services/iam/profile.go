package iam

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// shownProfile describes a profile with its role, without tags.
func (s *Service) shownProfile(tx *store.Tx, p identity.InstanceProfile) (types.InstanceProfile, error) {
	out := types.InstanceProfile{Arn: aws.String(p.ARN()), CreateDate: aws.Time(p.Created), InstanceProfileId: aws.String(p.ID),
		InstanceProfileName: aws.String(p.Name), Path: aws.String(p.Path), Roles: []types.Role{}}
	for _, name := range p.Roles {
		r, err := s.role(tx, p.Account, name)
		if err != nil {
			return out, err
		}
		out.Roles = append(out.Roles, listedRole(r))
	}
	return out, nil
}

func (s *Service) shownProfiles(tx *store.Tx, list []identity.InstanceProfile) ([]types.InstanceProfile, error) {
	out := []types.InstanceProfile{}
	for _, p := range list {
		shown, err := s.shownProfile(tx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
	}
	return out, nil
}

func (s *Service) profile(tx *store.Tx, account, name string) (identity.InstanceProfile, error) {
	p, err := s.d.InstanceProfiles.Get(tx, identity.NameKey(account, name))
	return p, absent(err, noSuchEntity("Instance Profile %s cannot be found.", name))
}

func (s *Service) changeProfile(ctx context.Context, name *string, f func(tx *store.Tx, p *identity.InstanceProfile) error) error {
	return s.update(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, aws.ToString(name))
		if err != nil {
			return err
		}
		if err := f(tx, &p); err != nil {
			return err
		}
		return s.d.InstanceProfiles.Put(tx, identity.NameKey(account, p.Name), p)
	})
}

// CreateInstanceProfile makes a profile without a role.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
func (s *Service) CreateInstanceProfile(ctx context.Context, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	out := &iam.CreateInstanceProfileOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		p := identity.InstanceProfile{Account: account, Name: aws.ToString(in.InstanceProfileName), Path: orRoot(in.Path),
			ID: identity.NewID(identity.PrefixInstanceProfile, account), Created: s.now()}
		if err := addTags(&p.Tags, in.Tags); err != nil {
			return err
		}
		shown, err := s.shownProfile(tx, p)
		if err != nil {
			return err
		}
		shown.Tags = tagList(p.Tags)
		out.InstanceProfile = &shown
		return taken(s.d.InstanceProfiles.Insert(tx, identity.NameKey(account, p.Name), p), exists("Instance Profile %s already exists.", p.Name))
	}))
}

// GetInstanceProfile describes a profile.
func (s *Service) GetInstanceProfile(ctx context.Context, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	out := &iam.GetInstanceProfileOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, aws.ToString(in.InstanceProfileName))
		if err != nil {
			return err
		}
		shown, err := s.shownProfile(tx, p)
		shown.Tags = tagList(p.Tags)
		out.InstanceProfile = &shown
		return err
	}))
}

// ListInstanceProfiles lists profiles in order of name, without tags.
func (s *Service) ListInstanceProfiles(ctx context.Context, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	out := &iam.ListInstanceProfilesOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		list, end, err := rows(ctx, tx, s.d.InstanceProfiles, account, in.Marker, in.MaxItems,
			under(in.PathPrefix, func(p identity.InstanceProfile) string { return p.Path }))
		if err != nil {
			return err
		}
		out.Marker, out.IsTruncated = end.marker, end.truncated
		out.InstanceProfiles, err = s.shownProfiles(tx, list)
		return err
	}))
}

// ListInstanceProfilesForRole lists the profiles that a role is in.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	out := &iam.ListInstanceProfilesForRoleOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, aws.ToString(in.RoleName))
		if err != nil {
			return err
		}
		found, err := s.d.InstanceProfiles.Find(tx, identity.ByRole, identity.NameIndex(account, r.Name), store.Range{Account: account})
		if err != nil {
			return err
		}
		list, end, err := page(ctx, values(found), func(p identity.InstanceProfile) string { return lower(p.Name) }, in.Marker, in.MaxItems)
		if err != nil {
			return err
		}
		out.Marker, out.IsTruncated = end.marker, end.truncated
		out.InstanceProfiles, err = s.shownProfiles(tx, list)
		return err
	}))
}

// AddRoleToInstanceProfile puts the one role into a profile.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
func (s *Service) AddRoleToInstanceProfile(ctx context.Context, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	return done(&iam.AddRoleToInstanceProfileOutput{}, s.changeProfile(ctx, in.InstanceProfileName, func(tx *store.Tx, p *identity.InstanceProfile) error {
		r, err := s.role(tx, p.Account, aws.ToString(in.RoleName))
		if err != nil {
			return err
		}
		if err := (entity{kind: role, path: r.Path, name: r.Name}).protected(); err != nil {
			return err
		}
		if len(p.Roles) > 0 {
			return overQuota("InstanceSessionsPerInstanceProfile", 1)
		}
		p.Roles = []string{r.Name}
		return nil
	}))
}

// RemoveRoleFromInstanceProfile takes the role out again.
func (s *Service) RemoveRoleFromInstanceProfile(ctx context.Context, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	return done(&iam.RemoveRoleFromInstanceProfileOutput{}, s.changeProfile(ctx, in.InstanceProfileName, func(_ *store.Tx, p *identity.InstanceProfile) error {
		name := aws.ToString(in.RoleName)
		if !slices.ContainsFunc(p.Roles, is(name)) {
			return noSuchEntity("The role with name %s cannot be found.", name)
		}
		p.Roles = slices.DeleteFunc(p.Roles, is(name))
		return nil
	}))
}

// DeleteInstanceProfile removes a profile without a role.
func (s *Service) DeleteInstanceProfile(ctx context.Context, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	return done(&iam.DeleteInstanceProfileOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, aws.ToString(in.InstanceProfileName))
		if err != nil {
			return err
		}
		if len(p.Roles) > 0 {
			return conflict("Cannot delete entity, must remove roles from instance profile first.")
		}
		return s.d.InstanceProfiles.Delete(tx, identity.NameKey(account, p.Name))
	}))
}
