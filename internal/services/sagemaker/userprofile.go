package sagemaker

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// userProfile is somebody within a domain.
type userProfile struct {
	Domain, Name      string
	Settings          *types.UserSettings `json:",omitempty"`
	Status            types.UserProfileStatus
	Failure           string `json:",omitempty"`
	UID               int32  // owner of the home
	Created, Modified time.Time
}

// firstUID is the user id of the first profile of a domain.
const firstUID = 200001

// profileKey is the key of a profile. Names are the same whichever case their letters have.
func profileKey(ctx context.Context, domain, name *string) store.Key {
	return here(ctx, aws.ToString(domain)+"/"+strings.ToLower(aws.ToString(name)))
}

func onProfile(ctx context.Context, domain, name *string) []wire.Target {
	return []wire.Target{{Resource: aProfile.of(profileKey(ctx, domain, name))}}
}

func noProfile(of store.Key, err error) error { return noResource(aProfile, of, err) }

// CreateUserProfile lets somebody into a domain. It is InService when there is a home.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateUserProfile.html
func (s *Service) CreateUserProfile(ctx context.Context, in *sagemaker.CreateUserProfileInput) (*sagemaker.CreateUserProfileOutput, error) {
	k, of, now := profileKey(ctx, in.DomainId, in.UserProfileName), here(ctx, aws.ToString(in.DomainId)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.SingleSignOnUserIdentifier != nil || in.SingleSignOnUserValue != nil {
		return nil, invalid("SingleSignOnUserIdentifier and SingleSignOnUserValue are for domains with AuthMode SSO.")
	}
	if err := s.checkSettings(ctx, in.UserSettings, nil); err != nil {
		return nil, err
	}
	return &sagemaker.CreateUserProfileOutput{UserProfileArn: aws.String(aProfile.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.domains.Get(tx, of)
		if err != nil {
			return noDomain(of, err)
		}
		if d.Status != types.DomainStatusInService {
			return &types.ResourceInUse{Message: aws.String("The domain " + of.ID + " takes no profiles: its status is " + string(d.Status) + ".")}
		}
		d.Users++
		if err := s.domains.Put(tx, of, d); err != nil {
			return err
		}
		p := userProfile{Domain: of.ID, Name: aws.ToString(in.UserProfileName), Settings: in.UserSettings, Status: types.UserProfileStatusPending,
			UID: firstUID + d.Users - 1, Created: now, Modified: now}
		if err := s.profiles.Insert(tx, k, p); err != nil {
			if errors.Is(err, store.ErrExists) {
				return &types.ResourceInUse{Message: aws.String("UserProfile " + aws.ToString(in.UserProfileName) + " already exists.")}
			}
			return err
		}
		if err := s.tag(tx, aProfile, k, tags); err != nil {
			return err
		}
		_, err = tx.Enqueue(profileJob, k)
		return err
	})
}

func (s *Service) createUserProfileTargets(ctx context.Context, in *sagemaker.CreateUserProfileInput) ([]wire.Target, error) {
	return append(onProfile(ctx, in.DomainId, in.UserProfileName), settingsRoles(in.UserSettings, nil)...), nil
}

// DescribeUserProfile tells of a profile.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeUserProfile.html
func (s *Service) DescribeUserProfile(ctx context.Context, in *sagemaker.DescribeUserProfileInput) (*sagemaker.DescribeUserProfileOutput, error) {
	k := profileKey(ctx, in.DomainId, in.UserProfileName)
	var p userProfile
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = s.profiles.Get(tx, k)
		return noProfile(k, err)
	}); err != nil {
		return nil, err
	}
	out := &sagemaker.DescribeUserProfileOutput{DomainId: &p.Domain, UserProfileName: &p.Name, UserProfileArn: aws.String(aProfile.of(k)), Status: p.Status,
		CreationTime: &p.Created, LastModifiedTime: &p.Modified, UserSettings: p.Settings, HomeEfsFileSystemUid: aws.String(strconv.Itoa(int(p.UID)))}
	if p.Failure != "" {
		out.FailureReason = &p.Failure
	}
	return out, nil
}

func (s *Service) describeUserProfileTargets(ctx context.Context, in *sagemaker.DescribeUserProfileInput) ([]wire.Target, error) {
	return onProfile(ctx, in.DomainId, in.UserProfileName), nil
}

// UpdateUserProfile changes the settings of a profile that are given.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateUserProfile.html
func (s *Service) UpdateUserProfile(ctx context.Context, in *sagemaker.UpdateUserProfileInput) (*sagemaker.UpdateUserProfileOutput, error) {
	k := profileKey(ctx, in.DomainId, in.UserProfileName)
	if err := s.checkSettings(ctx, in.UserSettings, nil); err != nil {
		return nil, err
	}
	return &sagemaker.UpdateUserProfileOutput{UserProfileArn: aws.String(aProfile.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.profiles.Get(tx, k)
		if err != nil {
			return noProfile(k, err)
		}
		if p.Status != types.UserProfileStatusInService {
			return &types.ResourceInUse{Message: aws.String("The profile " + p.Name + " cannot be changed: its status is " + string(p.Status) + ".")}
		}
		p.Settings, p.Modified = overlay(p.Settings, in.UserSettings), s.Clock.Now()
		return s.profiles.Put(tx, k, p)
	})
}

func (s *Service) updateUserProfileTargets(ctx context.Context, in *sagemaker.UpdateUserProfileInput) ([]wire.Target, error) {
	return append(onProfile(ctx, in.DomainId, in.UserProfileName), settingsRoles(in.UserSettings, nil)...), nil
}

// DeleteUserProfile ends a profile. Its home stays in the domain's directory.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteUserProfile.html
func (s *Service) DeleteUserProfile(ctx context.Context, in *sagemaker.DeleteUserProfileInput) (*sagemaker.DeleteUserProfileOutput, error) {
	k := profileKey(ctx, in.DomainId, in.UserProfileName)
	return &sagemaker.DeleteUserProfileOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.profiles.Get(tx, k)
		if err != nil {
			return noProfile(k, err)
		}
		if p.Status == types.UserProfileStatusDeleting {
			return nil
		}
		p.Status, p.Modified = types.UserProfileStatusDeleting, s.Clock.Now()
		if err := s.profiles.Put(tx, k, p); err != nil {
			return err
		}
		_, err = tx.Enqueue(profileJob, k)
		return err
	})
}

func (s *Service) deleteUserProfileTargets(ctx context.Context, in *sagemaker.DeleteUserProfileInput) ([]wire.Target, error) {
	return onProfile(ctx, in.DomainId, in.UserProfileName), nil
}

// ListUserProfiles lists profiles, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListUserProfiles.html
func (s *Service) ListUserProfiles(ctx context.Context, in *sagemaker.ListUserProfilesInput) (*sagemaker.ListUserProfilesOutput, error) {
	rows, next, err := list(ctx, s, s.profiles, listing{contains: in.UserProfileNameContains, ascending: in.SortOrder == types.SortOrderAscending,
		limit: in.MaxResults, token: in.NextToken}, func(r store.Row[userProfile]) entry {
		at := r.Value.Created
		if in.SortBy == types.UserProfileSortKeyLastModifiedTime {
			at = r.Value.Modified
		}
		return entry{name: r.Value.Name, created: at, other: aws.ToString(in.DomainIdEquals) != "" && r.Value.Domain != *in.DomainIdEquals}
	})
	out := &sagemaker.ListUserProfilesOutput{UserProfiles: []types.UserProfileDetails{}, NextToken: next}
	for _, r := range rows {
		p := r.Value
		out.UserProfiles = append(out.UserProfiles, types.UserProfileDetails{DomainId: &p.Domain, UserProfileName: &p.Name, Status: p.Status,
			CreationTime: &p.Created, LastModifiedTime: &p.Modified})
	}
	return out, err
}
