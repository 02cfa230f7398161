package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const keysPerUser = 2

// keyOwner is the user whose keys are meant: the named one, else the caller; "" is the root user.
func (s *Service) keyOwner(ctx context.Context, tx *store.Tx, account string, name *string) (string, error) {
	if name == nil {
		own, err := caller(ctx)
		if err != nil || own == "" {
			return "", err
		}
		name = &own
	}
	u, err := s.user(tx, account, *name)
	return u.Name, err
}

// orNone leaves the name of the root user out.
func orNone(name string) *string {
	if name == "" {
		return nil
	}
	return &name
}

// CreateAccessKey makes a key of a user; without a name, of the caller. The secret is told only now.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
func (s *Service) CreateAccessKey(ctx context.Context, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	out := &iam.CreateAccessKeyOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		owner, err := s.keyOwner(ctx, tx, account, in.UserName)
		if err != nil {
			return err
		}
		keys, err := s.d.AccessKeys.Find(tx, identity.ByUser, identity.UserIndex(account, owner), store.Range{})
		if err != nil {
			return err
		}
		if len(keys) >= keysPerUser {
			return overQuota("AccessKeysPerUser", keysPerUser)
		}
		k, secret, err := s.d.NewAccessKey(tx, account, owner)
		out.AccessKey = &types.AccessKey{AccessKeyId: aws.String(k.ID), SecretAccessKey: aws.String(secret), Status: types.StatusType(k.Status),
			UserName: orNone(owner), CreateDate: aws.Time(k.Created)}
		return err
	}))
}

// ListAccessKeys lists the keys of a user, without their secrets.
func (s *Service) ListAccessKeys(ctx context.Context, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	out := &iam.ListAccessKeysOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		owner, err := s.keyOwner(ctx, tx, account, in.UserName)
		if err != nil {
			return err
		}
		keys, err := s.d.AccessKeys.Find(tx, identity.ByUser, identity.UserIndex(account, owner), store.Range{})
		if err != nil {
			return err
		}
		list, end, err := page(ctx, values(keys), func(k identity.AccessKey) string { return k.ID }, in.Marker, in.MaxItems)
		out.AccessKeyMetadata = each(list, func(k identity.AccessKey) types.AccessKeyMetadata {
			return types.AccessKeyMetadata{AccessKeyId: aws.String(k.ID), CreateDate: aws.Time(k.Created), Status: types.StatusType(k.Status),
				UserName: orNone(owner)}
		})
		out.Marker, out.IsTruncated = end.marker, end.truncated
		return err
	}))
}

// key finds a key of a user.
func (s *Service) key(ctx context.Context, tx *store.Tx, account string, name, id *string) (identity.AccessKey, error) {
	owner, err := s.keyOwner(ctx, tx, account, name)
	if err != nil {
		return identity.AccessKey{}, err
	}
	none := noSuchEntity("The Access Key with id %s cannot be found.", aws.ToString(id))
	k, err := s.d.AccessKeys.Get(tx, identity.IDKey(aws.ToString(id)))
	if err == nil && identity.UserIndex(k.Account, k.User) != identity.UserIndex(account, owner) {
		return identity.AccessKey{}, none
	}
	return k, absent(err, none)
}

// UpdateAccessKey makes a key active or inactive.
func (s *Service) UpdateAccessKey(ctx context.Context, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	if in.Status != types.StatusTypeActive && in.Status != types.StatusTypeInactive {
		return nil, invalidInput("Status %s is not valid for an access key.", in.Status)
	}
	return done(&iam.UpdateAccessKeyOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		k, err := s.key(ctx, tx, account, in.UserName, in.AccessKeyId)
		if err != nil {
			return err
		}
		k.Status = string(in.Status)
		return s.d.AccessKeys.Put(tx, identity.IDKey(k.ID), k)
	}))
}

// DeleteAccessKey removes a key.
func (s *Service) DeleteAccessKey(ctx context.Context, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	return done(&iam.DeleteAccessKeyOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		k, err := s.key(ctx, tx, account, in.UserName, in.AccessKeyId)
		if err != nil {
			return err
		}
		return s.d.AccessKeys.Delete(tx, identity.IDKey(k.ID))
	}))
}

// GetAccessKeyLastUsed tells whose a key is. When it was used is not kept, so that it answers as for a key never used.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	out := &iam.GetAccessKeyLastUsedOutput{AccessKeyLastUsed: &types.AccessKeyLastUsed{Region: aws.String("N/A"), ServiceName: aws.String("N/A")}}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		none := noSuchEntity("The Access Key with id %s cannot be found.", aws.ToString(in.AccessKeyId))
		k, err := s.d.AccessKeys.Get(tx, identity.IDKey(aws.ToString(in.AccessKeyId)))
		if err == nil && k.Account != account {
			return none
		}
		out.UserName = orNone(k.User)
		return absent(err, none)
	}))
}
