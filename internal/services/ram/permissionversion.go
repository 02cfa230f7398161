package ram

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

// maxVersions is how many versions a permission has.
// Source: https://docs.aws.amazon.com/general/latest/gr/ram.html
const maxVersions = 5

// CreatePermission makes a permission of the caller's, with its first version.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_CreatePermission.html
func (s *Service) CreatePermission(ctx context.Context, in *ram.CreatePermissionInput) (*ram.CreatePermissionOutput, error) {
	if len(in.PermissionTemplateParameters) > 0 {
		return nil, unsupported()
	}
	i := slices.IndexFunc(sharing.Types, func(t sharing.Type) bool { return t.Name == *in.ResourceType })
	if i < 0 {
		return nil, invalid("Invalid resource type: " + *in.ResourceType)
	}
	if strings.HasPrefix(*in.Name, "AWSRAM") {
		return nil, invalid("The names of customer managed permissions do not begin with AWSRAM.")
	}
	policy, err := readTemplate(*in.PolicyTemplate, sharing.Types[i])
	if err != nil {
		return nil, err
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	c := wire.CallOf(ctx)
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.CreatePermissionOutput, error) {
		now := s.Clock.Now().UTC()
		p := permission{Account: c.Account(), Region: c.Region, Name: *in.Name, Type: *in.ResourceType, Default: 1, Tags: tags, Created: now, Updated: now,
			Versions: []version{{1, policy, now}}}
		err := s.permissions.Insert(tx, p.key(), p)
		if errors.Is(err, store.ErrExists) {
			err = &types.PermissionAlreadyExistsException{Message: aws.String("A permission with the name " + p.Name + " already exists.")}
		}
		return &ram.CreatePermissionOutput{ClientToken: in.ClientToken, Permission: p.summary(p.Versions[0])}, err
	})
}

// CreatePermissionVersion makes a version, which becomes the default.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_CreatePermissionVersion.html
func (s *Service) CreatePermissionVersion(ctx context.Context, in *ram.CreatePermissionVersionInput) (*ram.CreatePermissionVersionOutput, error) {
	if len(in.PermissionTemplateParameters) > 0 {
		return nil, unsupported()
	}
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.CreatePermissionVersionOutput, error) {
		p, err := s.customer(ctx, tx, *in.PermissionArn)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(sharing.Types, func(t sharing.Type) bool { return t.Name == p.Type })
		policy, err := readTemplate(*in.PolicyTemplate, sharing.Types[i])
		if err != nil {
			return nil, err
		}
		if len(p.Versions) >= maxVersions {
			return nil, &types.PermissionVersionsLimitExceededException{Message: aws.String("A permission has at most 5 versions.")}
		}
		p.Default = p.Versions[len(p.Versions)-1].Number + 1
		v := version{p.Default, policy, s.Clock.Now().UTC()}
		p.Versions = append(p.Versions, v)
		err = s.put(tx, &p)
		return &ram.CreatePermissionVersionOutput{ClientToken: in.ClientToken, Permission: p.detail(v)}, err
	})
}

func (s *Service) put(tx *store.Tx, p *permission) error {
	p.Updated = s.Clock.Now().UTC()
	return s.permissions.Put(tx, p.key(), *p)
}

// SetDefaultPermissionVersion chooses the version that is attached from now on.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_SetDefaultPermissionVersion.html
func (s *Service) SetDefaultPermissionVersion(ctx context.Context, in *ram.SetDefaultPermissionVersionInput) (*ram.SetDefaultPermissionVersionOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.SetDefaultPermissionVersionOutput, error) {
		p, err := s.customer(ctx, tx, *in.PermissionArn)
		if err != nil {
			return nil, err
		}
		v, err := p.at(in.PermissionVersion)
		if err != nil {
			return nil, err
		}
		p.Default = v.Number
		return &ram.SetDefaultPermissionVersionOutput{ClientToken: in.ClientToken, ReturnValue: aws.Bool(true)}, s.put(tx, &p)
	})
}

// UpdatePermission deprecates a permission, so that no more shares are given it, or restores it.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_UpdatePermission.html
func (s *Service) UpdatePermission(ctx context.Context, in *ram.UpdatePermissionInput) (*ram.UpdatePermissionOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.UpdatePermissionOutput, error) {
		p, err := s.customer(ctx, tx, *in.PermissionArn)
		if err != nil {
			return nil, err
		}
		p.Deprecated = in.Status == types.UpdatePermissionStatusDeprecated
		return &ram.UpdatePermissionOutput{ClientToken: in.ClientToken, PermissionStatus: types.UpdatePermissionStatus(p.status())}, s.put(tx, &p)
	})
}

// used tells whether a share has the permission, in one version or any (0).
func (s *Service) used(ctx context.Context, tx *store.Tx, p permission, number int) (bool, error) {
	list, err := s.shares(ctx, tx, types.ResourceOwnerSelf, nil)
	return slices.ContainsFunc(list, func(x sharing.Share) bool {
		return x.Status == sharing.Active && slices.ContainsFunc(x.Permissions, func(a sharing.Attached) bool {
			return a.ARN == p.ARN() && (number == 0 || a.Version == number)
		})
	}), err
}

// DeletePermission removes a permission that no share has.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_DeletePermission.html
func (s *Service) DeletePermission(ctx context.Context, in *ram.DeletePermissionInput) (*ram.DeletePermissionOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.DeletePermissionOutput, error) {
		p, err := s.customer(ctx, tx, *in.PermissionArn)
		if err != nil {
			return nil, err
		}
		if used, err := s.used(ctx, tx, p, 0); err != nil || used {
			return nil, or(err, notPermitted("The permission "+p.ARN()+" is associated with resource shares."))
		}
		return &ram.DeletePermissionOutput{ClientToken: in.ClientToken, ReturnValue: aws.Bool(true), PermissionStatus: types.PermissionStatusDeleted},
			s.permissions.Delete(tx, p.key())
	})
}

func or(err, instead error) error {
	if err != nil {
		return err
	}
	return instead
}

// DeletePermissionVersion removes a version that is not the default and that no share has.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_DeletePermissionVersion.html
func (s *Service) DeletePermissionVersion(ctx context.Context, in *ram.DeletePermissionVersionInput) (*ram.DeletePermissionVersionOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.DeletePermissionVersionOutput, error) {
		p, err := s.customer(ctx, tx, *in.PermissionArn)
		if err != nil {
			return nil, err
		}
		v, err := p.at(in.PermissionVersion)
		if err != nil {
			return nil, err
		}
		if v.Number == p.Default {
			return nil, notPermitted("The default version of a permission cannot be deleted.")
		}
		if used, err := s.used(ctx, tx, p, v.Number); err != nil || used {
			return nil, or(err, notPermitted("The version of the permission "+p.ARN()+" is associated with resource shares."))
		}
		p.Versions = slices.DeleteFunc(p.Versions, func(x version) bool { return x.Number == v.Number })
		return &ram.DeletePermissionVersionOutput{ClientToken: in.ClientToken, ReturnValue: aws.Bool(true), PermissionStatus: types.PermissionStatusDeleted},
			s.put(tx, &p)
	})
}
