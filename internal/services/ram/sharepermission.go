package ram

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/google/uuid"
)

// AssociateResourceSharePermission gives a share the permission for a type of resource.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_AssociateResourceSharePermission.html
func (s *Service) AssociateResourceSharePermission(ctx context.Context, in *ram.AssociateResourceSharePermissionInput) (*ram.AssociateResourceSharePermissionOutput, error) {
	if len(in.PermissionTemplateParameters) > 0 {
		return nil, unsupported()
	}
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.AssociateResourceSharePermissionOutput, error) {
		share, err := s.change(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return nil, err
		}
		p, err := s.attachable(ctx, tx, *in.PermissionArn)
		if err != nil {
			return nil, err
		}
		if in.PermissionVersion != nil && int(*in.PermissionVersion) != p.Default {
			return nil, invalid("The version " + strconv.Itoa(int(*in.PermissionVersion)) + " is not the default version of the permission " + p.ARN() + ".")
		}
		i := slices.IndexFunc(share.Permissions, func(a sharing.Attached) bool { return a.Type == p.Type })
		switch {
		case i < 0:
			share.Permissions = append(share.Permissions, p.attached(s.Clock.Now()))
		case !aws.ToBool(in.Replace):
			return nil, invalid("The resource share has a permission for the resource type " + p.Type + ". Set replace to true to replace it.")
		default:
			share.Permissions = slices.Clone(share.Permissions)
			share.Permissions[i] = p.attached(s.Clock.Now())
		}
		return &ram.AssociateResourceSharePermissionOutput{ClientToken: in.ClientToken, ReturnValue: aws.Bool(true)}, s.touch(tx, &share)
	})
}

// DisassociateResourceSharePermission takes a permission off a share that has no resource of its type.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_DisassociateResourceSharePermission.html
func (s *Service) DisassociateResourceSharePermission(ctx context.Context, in *ram.DisassociateResourceSharePermissionInput) (*ram.DisassociateResourceSharePermissionOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.DisassociateResourceSharePermissionOutput, error) {
		share, err := s.change(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return nil, err
		}
		if _, _, ok := read(permissionNoun, *in.PermissionArn); !ok {
			return nil, malformedARN("permission", *in.PermissionArn)
		}
		i := slices.IndexFunc(share.Permissions, func(a sharing.Attached) bool { return a.ARN == *in.PermissionArn })
		if i < 0 {
			return nil, unknown("Permission", *in.PermissionArn)
		}
		has, err := s.Sharing.In(tx, share.Key(), sharing.Resource)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(has, func(a sharing.Association) bool {
			t, _ := sharing.TypeOf(a.Entity)
			return live(a) && t.Name == share.Permissions[i].Type
		}) {
			return nil, &types.InvalidStateTransitionException{
				Message: aws.String("The resource share has resources of the type " + share.Permissions[i].Type + ".")}
		}
		share.Permissions = slices.Delete(slices.Clone(share.Permissions), i, i+1)
		return &ram.DisassociateResourceSharePermissionOutput{ClientToken: in.ClientToken, ReturnValue: aws.Bool(true)}, s.touch(tx, &share)
	})
}

// ListResourceSharePermissions lists the permissions of a share.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListResourceSharePermissions.html
func (s *Service) ListResourceSharePermissions(ctx context.Context, in *ram.ListResourceSharePermissionsInput) (*ram.ListResourceSharePermissionsOutput, error) {
	out := &ram.ListResourceSharePermissionsOutput{Permissions: []types.ResourceSharePermissionSummary{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		share, err := s.share(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return err
		}
		list := slices.Clone(share.Permissions)
		slices.SortFunc(list, func(a, b sharing.Attached) int { return strings.Compare(a.ARN, b.ARN) })
		list, out.NextToken, err = page(ctx, list, func(a sharing.Attached) string { return a.ARN }, in.MaxResults, in.NextToken)
		for _, a := range list {
			p, err := s.attachedTo(tx, a)
			if err != nil {
				return err
			}
			v, _ := p.version(a.Version)
			v.Number = a.Version
			x := p.summary(v)
			x.Status, x.LastUpdatedTime = aws.String(sharing.Associated), aws.Time(a.Updated)
			out.Permissions = append(out.Permissions, *x)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// attachedTo finds a permission of a share, whoever owns it.
func (s *Service) attachedTo(tx *store.Tx, a sharing.Attached) (permission, error) {
	if p, ok := awsManaged(a.ARN); ok {
		return p, nil
	}
	at, id, _ := read(permissionNoun, a.ARN)
	return s.permissions.Get(tx, store.Key{Account: at.Account, Region: at.Region, ID: id})
}

// ListPermissionAssociations lists which shares have which permissions.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListPermissionAssociations.html
func (s *Service) ListPermissionAssociations(ctx context.Context, in *ram.ListPermissionAssociationsInput) (*ram.ListPermissionAssociationsOutput, error) {
	if in.PermissionArn != nil {
		if _, _, ok := read(permissionNoun, *in.PermissionArn); !ok {
			return nil, malformedARN("permission", *in.PermissionArn)
		}
	}
	if in.ResourceShareArn != nil {
		if _, err := shareKey(*in.ResourceShareArn); err != nil {
			return nil, err
		}
	}
	out := &ram.ListPermissionAssociationsOutput{Permissions: []types.AssociatedPermission{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		shares, err := s.shares(ctx, tx, in.ResourceOwner, nil)
		if err != nil {
			return err
		}
		var list []types.AssociatedPermission
		for _, share := range shares {
			if share.Status != sharing.Active || in.ResourceShareArn != nil && share.ARN() != *in.ResourceShareArn {
				continue
			}
			for _, a := range share.Permissions {
				p, err := s.attachedTo(tx, a)
				if err != nil {
					return err
				}
				x := types.AssociatedPermission{Arn: aws.String(a.ARN), PermissionVersion: aws.String(strconv.Itoa(a.Version)),
					DefaultVersion: aws.Bool(a.Version == p.Default), ResourceType: aws.String(a.Type), Status: aws.String(sharing.Associated),
					FeatureSet: types.PermissionFeatureSetStandard, LastUpdatedTime: aws.Time(a.Updated), ResourceShareArn: aws.String(share.ARN())}
				if attachedWanted(x, a, in) {
					list = append(list, x)
				}
			}
		}
		key := func(x types.AssociatedPermission) string { return *x.ResourceShareArn + "\x1f" + *x.ResourceType }
		slices.SortFunc(list, func(a, b types.AssociatedPermission) int { return strings.Compare(key(a), key(b)) })
		list, out.NextToken, err = page(ctx, list, key, in.MaxResults, in.NextToken)
		out.Permissions = append(out.Permissions, list...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func attachedWanted(x types.AssociatedPermission, a sharing.Attached, in *ram.ListPermissionAssociationsInput) bool {
	return (in.PermissionArn == nil || a.ARN == *in.PermissionArn) &&
		(in.PermissionVersion == nil || a.Version == int(*in.PermissionVersion)) &&
		(in.AssociationStatus == "" || string(in.AssociationStatus) == sharing.Associated) &&
		(in.ResourceType == nil || a.Type == *in.ResourceType) &&
		(in.FeatureSet == "" || in.FeatureSet == types.PermissionFeatureSetStandard) &&
		(!aws.ToBool(in.DefaultVersion) || *x.DefaultVersion)
}

// replacement is the row of a ReplacePermissionAssociations, which is done at once.
type replacement struct {
	ID, From, To           string
	FromVersion, ToVersion int
	Time                   time.Time
}

func (r replacement) work() *types.ReplacePermissionAssociationsWork {
	return &types.ReplacePermissionAssociationsWork{Id: aws.String(r.ID), FromPermissionArn: aws.String(r.From), ToPermissionArn: aws.String(r.To),
		FromPermissionVersion: aws.String(strconv.Itoa(r.FromVersion)), ToPermissionVersion: aws.String(strconv.Itoa(r.ToVersion)),
		Status: types.ReplacePermissionAssociationsWorkStatusCompleted, CreationTime: aws.Time(r.Time), LastUpdatedTime: aws.Time(r.Time)}
}

// keepReplacements is how long what became of a replacement can be asked for.
const keepReplacements = 24 * time.Hour

// ReplacePermissionAssociations gives the caller's shares that have one permission another in its place.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ReplacePermissionAssociations.html
func (s *Service) ReplacePermissionAssociations(ctx context.Context, in *ram.ReplacePermissionAssociationsInput) (*ram.ReplacePermissionAssociationsOutput, error) {
	if len(in.PermissionTemplateParameters) > 0 {
		return nil, unsupported()
	}
	c := wire.CallOf(ctx)
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.ReplacePermissionAssociationsOutput, error) {
		from, err := s.permission(ctx, tx, *in.FromPermissionArn)
		if err != nil {
			return nil, err
		}
		to, err := s.attachable(ctx, tx, *in.ToPermissionArn)
		if err != nil {
			return nil, err
		}
		if from.Type != to.Type {
			return nil, invalid("The permissions are for different resource types.")
		}
		r := replacement{ID: uuid.NewString(), From: from.ARN(), To: to.ARN(), FromVersion: from.Default, ToVersion: to.Default, Time: s.Clock.Now().UTC()}
		if in.FromPermissionVersion != nil {
			r.FromVersion = int(*in.FromPermissionVersion)
		}
		shares, err := s.shares(ctx, tx, types.ResourceOwnerSelf, nil)
		if err != nil {
			return nil, err
		}
		for _, share := range shares {
			i := slices.IndexFunc(share.Permissions, func(a sharing.Attached) bool {
				return a.ARN == r.From && (in.FromPermissionVersion == nil || a.Version == r.FromVersion)
			})
			if i < 0 || share.Status != sharing.Active || share.Service != "" {
				continue
			}
			share.Permissions = slices.Clone(share.Permissions)
			share.Permissions[i] = to.attached(r.Time)
			if err := s.touch(tx, &share); err != nil {
				return nil, err
			}
		}
		if err := s.forgetReplacements(tx, c); err != nil {
			return nil, err
		}
		return &ram.ReplacePermissionAssociationsOutput{ClientToken: in.ClientToken, ReplacePermissionAssociationsWork: r.work()},
			s.replacements.Insert(tx, store.Key{Account: c.Account(), Region: c.Region, ID: r.ID}, r)
	})
}

func (s *Service) forgetReplacements(tx *store.Tx, c *wire.Call) error {
	rows, err := s.replacements.List(tx, store.Range{Account: c.Account(), Region: c.Region})
	for _, r := range rows {
		if s.Clock.Now().Sub(r.Value.Time) > keepReplacements {
			if err := s.replacements.Delete(tx, r.Key); err != nil {
				return err
			}
		}
	}
	return err
}

// ListReplacePermissionAssociationsWork lists what became of replacements.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListReplacePermissionAssociationsWork.html
func (s *Service) ListReplacePermissionAssociationsWork(ctx context.Context, in *ram.ListReplacePermissionAssociationsWorkInput) (*ram.ListReplacePermissionAssociationsWorkOutput, error) {
	out := &ram.ListReplacePermissionAssociationsWorkOutput{ReplacePermissionAssociationsWorks: []types.ReplacePermissionAssociationsWork{}}
	c := wire.CallOf(ctx)
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.replacements.List(tx, store.Range{Account: c.Account(), Region: c.Region})
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r store.Row[replacement]) bool {
			return len(in.WorkIds) > 0 && !slices.Contains(in.WorkIds, r.Key.ID) || in.Status != "" && in.Status != types.ReplacePermissionAssociationsWorkStatusCompleted
		})
		rows, out.NextToken, err = page(ctx, rows, func(r store.Row[replacement]) string { return r.Key.ID }, in.MaxResults, in.NextToken)
		for _, r := range rows {
			out.ReplacePermissionAssociationsWorks = append(out.ReplacePermissionAssociationsWorks, *r.Value.work())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
