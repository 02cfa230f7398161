package lakeformation

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// locationPath reads "bucket/prefix" out of an S3 ARN or URL. Paths that a file system could read as another are refused.
func locationPath(location string) (string, error) {
	path, ok := governance.PathOf(location)
	parts := strings.Split(path, "/")
	if !ok || !bucketForm.MatchString(parts[0]) || slices.ContainsFunc(parts, func(s string) bool { return s == "" || s == "." || s == ".." }) {
		return "", invalid("The location %s is not valid.", location)
	}
	return path, nil
}

// parent is the path above a path, "" above a bucket.
func parent(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

func locationARN(location *string) (string, error) {
	if !strings.HasPrefix(aws.ToString(location), "arn:aws:s3:::") {
		return "", invalid("The resource %s is not the ARN of a location in Amazon S3.", aws.ToString(location))
	}
	return locationPath(*location)
}

// passRole asks IAM whether the caller may give the role to Lake Formation.
func passRole(role *string) []wire.Target {
	out := []wire.Target{{Resource: "*"}}
	if role != nil {
		out = append(out, wire.Target{Action: "iam:PassRole", Resource: *role, Context: authz.Context{"iam:PassedToService": {host}}})
	}
	return out
}

func (s *Service) registerTargets(ctx context.Context, in *lakeformation.RegisterResourceInput) ([]wire.Target, error) {
	if !aws.ToBool(in.UseServiceLinkedRole) {
		return passRole(in.RoleArn), nil
	}
	return s.linkedRoleTargets(ctx)
}

func (s *Service) updateTargets(_ context.Context, in *lakeformation.UpdateResourceInput) ([]wire.Target, error) {
	return passRole(in.RoleArn), nil
}

// role checks that a role of the caller's account is there.
func (s *Service) role(ctx context.Context, tx *store.Tx, arn string) error {
	account := wire.CallOf(ctx).Account()
	bad := invalid("The role %s is not valid: it has to be a role of the account.", arn)
	if !strings.HasPrefix(arn, "arn:aws:iam::"+account+":role/") {
		return bad
	}
	return s.identityIs(tx, account, arn, true, bad)
}

// RegisterResource puts a location under governance.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_RegisterResource.html
func (s *Service) RegisterResource(ctx context.Context, in *lakeformation.RegisterResourceInput) (*lakeformation.RegisterResourceOutput, error) {
	path, err := locationARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	account, linked := wire.CallOf(ctx).Account(), aws.ToBool(in.UseServiceLinkedRole)
	if linked == (aws.ToString(in.RoleArn) != "") {
		return nil, invalid("Either a role or the service-linked role has to be given.")
	}
	r := governance.Registered{Path: path, ARN: *in.ResourceArn, Role: aws.ToString(in.RoleArn), ServiceLinked: linked,
		Hybrid: aws.ToBool(in.HybridAccessEnabled), Federation: aws.ToBool(in.WithFederation), Privileged: in.WithPrivilegedAccess, Updated: s.now()}
	if linked {
		r.Role = linkedRoleARN(account)
	}
	return done(&lakeformation.RegisterResourceOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		if !linked {
			if err := s.role(ctx, tx, r.Role); err != nil {
				return err
			}
		}
		err := s.Ledger.Locations.Insert(tx, key(ctx, account, path), r)
		if errors.Is(err, store.ErrExists) {
			return &types.AlreadyExistsException{Message: aws.String("The resource is already registered with the data catalog.")}
		}
		if err != nil {
			return err
		}
		if r.Privileged {
			if err := s.privilege(ctx, tx, r); err != nil {
				return err
			}
		}
		if linked {
			return s.writeLinkedPolicy(tx, account)
		}
		return nil
	}))
}

// privilege grants who registers a location everything on it.
func (s *Service) privilege(ctx context.Context, tx *store.Tx, r governance.Registered) error {
	g := governance.Grant{Grantor: wire.CallOf(ctx).Account(), Region: wire.CallOf(ctx).Region, Principal: name(ctx),
		Resource:    governance.Resource{Kind: governance.Location, Catalog: wire.CallOf(ctx).Account(), Path: r.Path},
		Permissions: governance.DataLocationAccess, Grantable: governance.DataLocationAccess, By: name(ctx), Updated: s.now()}
	return s.Ledger.Grants.Put(tx, g.Key(), g)
}

func (s *Service) location(ctx context.Context, tx *store.Tx, arn *string) (governance.Registered, store.Key, error) {
	path, err := locationARN(arn)
	if err != nil {
		return governance.Registered{}, store.Key{}, err
	}
	k := key(ctx, wire.CallOf(ctx).Account(), path)
	r, err := s.Ledger.Locations.Get(tx, k)
	return r, k, absent(err, notFound("Entity not found: the resource %s is not registered.", aws.ToString(arn)))
}

// UpdateResource gives a registered location another role, or changes whether others than those who opted in are left to
// IAM.
func (s *Service) UpdateResource(ctx context.Context, in *lakeformation.UpdateResourceInput) (*lakeformation.UpdateResourceOutput, error) {
	return done(&lakeformation.UpdateResourceOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, k, err := s.location(ctx, tx, in.ResourceArn)
		if err != nil {
			return err
		}
		if r.ServiceLinked {
			return invalid("A resource that is registered with the service-linked role can't be updated.")
		}
		if err := s.role(ctx, tx, aws.ToString(in.RoleArn)); err != nil {
			return err
		}
		r.Role, r.Updated = *in.RoleArn, s.now()
		if in.HybridAccessEnabled != nil {
			r.Hybrid = *in.HybridAccessEnabled
		}
		if in.WithFederation != nil {
			r.Federation = *in.WithFederation
		}
		return s.Ledger.Locations.Put(tx, k, r)
	}))
}

// DeregisterResource ends the governance of a location.
func (s *Service) DeregisterResource(ctx context.Context, in *lakeformation.DeregisterResourceInput) (*lakeformation.DeregisterResourceOutput, error) {
	return done(&lakeformation.DeregisterResourceOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, k, err := s.location(ctx, tx, in.ResourceArn)
		if err != nil {
			return err
		}
		if err := s.Ledger.Locations.Delete(tx, k); err != nil || !r.ServiceLinked {
			return err
		}
		return s.writeLinkedPolicy(tx, k.Account)
	}))
}

func resourceInfo(r governance.Registered) types.ResourceInfo {
	return types.ResourceInfo{ResourceArn: &r.ARN, RoleArn: &r.Role, LastModified: &r.Updated, HybridAccessEnabled: &r.Hybrid,
		WithFederation: &r.Federation, WithPrivilegedAccess: &r.Privileged}
}

// DescribeResource shows a registered location.
func (s *Service) DescribeResource(ctx context.Context, in *lakeformation.DescribeResourceInput) (*lakeformation.DescribeResourceOutput, error) {
	out := &lakeformation.DescribeResourceOutput{}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, _, err := s.location(ctx, tx, in.ResourceArn)
		info := resourceInfo(r)
		out.ResourceInfo = &info
		return err
	}))
}

// ListResources lists the registered locations of the account for which all conditions hold.
func (s *Service) ListResources(ctx context.Context, in *lakeformation.ListResourcesInput) (*lakeformation.ListResourcesOutput, error) {
	out := &lakeformation.ListResourcesOutput{ResourceInfoList: []types.ResourceInfo{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := s.Ledger.Locations.List(tx, store.Range{Account: wire.CallOf(ctx).Account(), Region: wire.CallOf(ctx).Region})
		if err != nil {
			return err
		}
		var list []governance.Registered
		for _, row := range rows {
			ok, err := meets(row.Value, in.FilterConditionList)
			if err != nil {
				return err
			}
			if ok {
				list = append(list, row.Value)
			}
		}
		list, out.NextToken, err = page(ctx, list, func(r governance.Registered) string { return r.Path }, in.MaxResults, in.NextToken)
		for _, r := range list {
			out.ResourceInfoList = append(out.ResourceInfoList, resourceInfo(r))
		}
		return err
	}))
}
