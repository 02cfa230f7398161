package ram

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

// awsAccount owns the permissions that AWS manages.
const awsAccount = "aws"

// permission is a managed permission: what principals of a share may do with its resources of one type.
type permission struct {
	Account, Region, Name string
	Type                  string
	Deprecated            bool
	Default               int // number of the version that is attached
	Versions              []version
	Tags                  map[string]string
	Created, Updated      time.Time
	first                 bool // what shares of the type begin with
}

type version struct {
	Number  int
	Policy  string
	Created time.Time
}

// ARN is the permission's ARN.
func (p permission) ARN() string { return arn.New("ram", p.Region, p.Account, "permission/"+p.Name) }

func (p permission) key() store.Key {
	return store.Key{Account: p.Account, Region: p.Region, ID: p.Name}
}

func (p permission) kind() types.PermissionType {
	if p.Account == awsAccount {
		return types.PermissionTypeAwsManaged
	}
	return types.PermissionTypeCustomerManaged
}

func (p permission) owner() types.ResourceOwner {
	if p.Account == awsAccount {
		return types.ResourceOwnerOtherAccounts
	}
	return types.ResourceOwnerSelf
}

func (p permission) status() types.PermissionStatus {
	if p.Deprecated {
		return types.PermissionStatusDeprecated
	}
	return types.PermissionStatusAttachable
}

func (p permission) version(number int) (version, bool) {
	i := slices.IndexFunc(p.Versions, func(v version) bool { return v.Number == number })
	if i < 0 {
		return version{}, false
	}
	return p.Versions[i], true
}

func (p permission) attached(now time.Time) sharing.Attached {
	return sharing.Attached{ARN: p.ARN(), Type: p.Type, Version: p.Default, Updated: now.UTC()}
}

func (p permission) summary(v version) *types.ResourceSharePermissionSummary {
	return &types.ResourceSharePermissionSummary{Arn: aws.String(p.ARN()), Name: aws.String(p.Name), ResourceType: aws.String(p.Type),
		Version: aws.String(strconv.Itoa(v.Number)), DefaultVersion: aws.Bool(v.Number == p.Default), IsResourceTypeDefault: aws.Bool(p.first),
		Status: aws.String(string(p.status())), PermissionType: p.kind(), FeatureSet: types.PermissionFeatureSetStandard, ResourceOwner: p.owner(),
		CreationTime: aws.Time(v.Created), LastUpdatedTime: aws.Time(p.Updated), Tags: tagList(p.Tags)}
}

func (p permission) detail(v version) *types.ResourceSharePermissionDetail {
	return &types.ResourceSharePermissionDetail{Arn: aws.String(p.ARN()), Name: aws.String(p.Name), ResourceType: aws.String(p.Type),
		Version: aws.String(strconv.Itoa(v.Number)), DefaultVersion: aws.Bool(v.Number == p.Default), IsResourceTypeDefault: aws.Bool(p.first),
		Status: p.status(), PermissionType: p.kind(), FeatureSet: types.PermissionFeatureSetStandard, ResourceOwner: p.owner(),
		CreationTime: aws.Time(v.Created), LastUpdatedTime: aws.Time(p.Updated), Permission: aws.String(v.Policy), Tags: tagList(p.Tags)}
}

// permission finds one of AWS's or of the caller's.
func (s *Service) permission(ctx context.Context, tx *store.Tx, name string) (permission, error) {
	a, id, ok := read(permissionNoun, name)
	if !ok || strings.ContainsFunc(id, func(r rune) bool { return r < ' ' }) {
		return permission{}, malformedARN("permission", name)
	}
	if p, ok := awsManaged(name); ok {
		return p, nil
	}
	c := wire.CallOf(ctx)
	if a.Account != c.Account() || a.Region != c.Region {
		return permission{}, unknown("Permission", name)
	}
	p, err := s.permissions.Get(tx, store.Key{Account: a.Account, Region: a.Region, ID: id})
	return p, missing(err, unknown("Permission", name))
}

// attachable finds a permission that a share may be given.
func (s *Service) attachable(ctx context.Context, tx *store.Tx, name string) (permission, error) {
	p, err := s.permission(ctx, tx, name)
	if err == nil && p.Deprecated {
		err = invalid("The permission " + name + " is deprecated.")
	}
	return p, err
}

// customer finds a permission that the caller owns.
func (s *Service) customer(ctx context.Context, tx *store.Tx, name string) (permission, error) {
	p, err := s.permission(ctx, tx, name)
	if err == nil && p.Account == awsAccount {
		err = notPermitted("The permission " + name + " is managed by AWS.")
	}
	return p, err
}

func (p permission) at(number *int32) (version, error) {
	n := p.Default
	if number != nil {
		n = int(*number)
	}
	v, ok := p.version(n)
	if !ok {
		return v, unknown("Permission version", p.ARN()+" "+strconv.Itoa(n))
	}
	return v, nil
}

// GetPermission gives what a version of a permission allows.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_GetPermission.html
func (s *Service) GetPermission(ctx context.Context, in *ram.GetPermissionInput) (*ram.GetPermissionOutput, error) {
	if len(in.PermissionTemplateParameters) > 0 {
		return nil, unsupported()
	}
	out := &ram.GetPermissionOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		p, err := s.permission(ctx, tx, *in.PermissionArn)
		if err != nil {
			return err
		}
		v, err := p.at(in.PermissionVersion)
		out.Permission = p.detail(v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListPermissions lists the permissions of AWS and of the caller, each by its default version.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListPermissions.html
func (s *Service) ListPermissions(ctx context.Context, in *ram.ListPermissionsInput) (*ram.ListPermissionsOutput, error) {
	known := func(t sharing.Type) bool { return strings.EqualFold(t.Name, aws.ToString(in.ResourceType)) }
	if in.ResourceType != nil && !slices.ContainsFunc(sharing.Types, known) {
		return nil, invalid("Invalid resource type: " + *in.ResourceType)
	}
	out := &ram.ListPermissionsOutput{Permissions: []types.ResourceSharePermissionSummary{}}
	c := wire.CallOf(ctx)
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.permissions.List(tx, store.Range{Account: c.Account(), Region: c.Region})
		if err != nil {
			return err
		}
		list := awsManagedAll()
		for _, r := range rows {
			list = append(list, r.Value)
		}
		list = slices.DeleteFunc(list, func(p permission) bool {
			return in.ResourceType != nil && !strings.EqualFold(p.Type, *in.ResourceType) || in.PermissionStatus != "" && p.status() != in.PermissionStatus ||
				in.PermissionType != "" && in.PermissionType != types.PermissionTypeFilterAll && string(p.kind()) != string(in.PermissionType) ||
				in.ResourceOwner != "" && p.owner() != in.ResourceOwner
		})
		slices.SortFunc(list, func(a, b permission) int { return strings.Compare(a.ARN(), b.ARN()) })
		list, out.NextToken, err = page(ctx, list, permission.ARN, in.MaxResults, in.NextToken)
		for _, p := range list {
			v, _ := p.version(p.Default)
			out.Permissions = append(out.Permissions, *p.summary(v))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListPermissionVersions lists the versions of a permission.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListPermissionVersions.html
func (s *Service) ListPermissionVersions(ctx context.Context, in *ram.ListPermissionVersionsInput) (*ram.ListPermissionVersionsOutput, error) {
	out := &ram.ListPermissionVersionsOutput{Permissions: []types.ResourceSharePermissionSummary{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		p, err := s.permission(ctx, tx, *in.PermissionArn)
		if err != nil {
			return err
		}
		list, next, err := page(ctx, p.Versions, version.order, in.MaxResults, in.NextToken)
		for _, v := range list {
			out.Permissions = append(out.Permissions, *p.summary(v))
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// order is the version's number as a string that sorts as numbers do.
func (v version) order() string { return fmt.Sprintf("%010d", v.Number) }
