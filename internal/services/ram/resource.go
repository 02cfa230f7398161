package ram

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

// exists tells whether a resource that can be shared is there. Of a database all tables can be shared, which a star names.
func (s *Service) exists(tx *store.Tx, a arn.ARN) (bool, error) {
	kind, rest, _ := strings.Cut(a.Resource, "/")
	parts := strings.Split(rest, "/")
	r := governance.Resource{Kind: governance.Kind(kind), Catalog: a.Account}
	if r.Kind == governance.Catalog {
		return rest == "", nil
	}
	n := len(parts)
	if r.Kind == governance.Table {
		r.Table = parts[n-1]
		n--
	}
	r.Database = parts[n-1]
	if nested := strings.Join(parts[:n-1], "/"); nested != "" {
		r.Catalog += ":" + nested
	}
	var err error
	if r.Kind == governance.Table && r.Table != governance.EveryTable {
		_, err = s.Catalog.Table(tx, a.Region, r)
	} else {
		_, err = s.Catalog.Database(tx, a.Region, r)
	}
	return err == nil, missing(err, nil)
}

func scopeOf(t sharing.Type) types.ResourceRegionScope {
	if t.Global {
		return types.ResourceRegionScopeGlobal
	}
	return types.ResourceRegionScopeRegional
}

func scoped(resource string, want types.ResourceRegionScopeFilter) bool {
	t, _ := sharing.TypeOf(resource)
	return want == "" || want == types.ResourceRegionScopeFilterAll || string(scopeOf(t)) == string(want)
}

func resourceOf(e entry) types.Resource {
	t, _ := sharing.TypeOf(e.Entity)
	status := types.ResourceStatusAvailable
	if e.Status == sharing.Associating {
		status = types.ResourceStatusPending
	}
	return types.Resource{Arn: aws.String(e.Entity), Type: aws.String(t.Name), ResourceShareArn: aws.String(e.share.ARN()), Status: status,
		ResourceRegionScope: scopeOf(t), CreationTime: aws.Time(e.Created), LastUpdatedTime: aws.Time(e.Updated)}
}

func knownType(name *string) error {
	if name == nil || slices.ContainsFunc(sharing.Types, func(t sharing.Type) bool { return t.Name == *name }) {
		return nil
	}
	return &types.InvalidResourceTypeException{Message: aws.String("Invalid resource type: " + *name)}
}

// ListResources lists the resources that the caller's account shares, or that others share with it.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListResources.html
func (s *Service) ListResources(ctx context.Context, in *ram.ListResourcesInput) (*ram.ListResourcesOutput, error) {
	if err := knownType(in.ResourceType); err != nil {
		return nil, err
	}
	for _, name := range in.ResourceArns {
		if _, err := arn.Parse(name); err != nil {
			return nil, malformedARN("resource", name)
		}
	}
	out := &ram.ListResourcesOutput{Resources: []types.Resource{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.within(ctx, tx, in.ResourceOwner, in.ResourceShareArns, sharing.Resource)
		if err != nil {
			return err
		}
		with, err := s.sharesWith(tx, list, in)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(e entry) bool {
			t, _ := sharing.TypeOf(e.Entity)
			return !live(e.Association) || !with(e) || !scoped(e.Entity, in.ResourceRegionScope) || in.ResourceType != nil && t.Name != *in.ResourceType ||
				len(in.ResourceArns) > 0 && !slices.Contains(in.ResourceArns, e.Entity)
		})
		list, out.NextToken, err = page(ctx, list, entry.key, in.MaxResults, in.NextToken)
		for _, e := range list {
			out.Resources = append(out.Resources, resourceOf(e))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// sharesWith tells of an entry whether its share is with the principal that is asked for. Of shares of others that is their owner.
func (s *Service) sharesWith(tx *store.Tx, list []entry, in *ram.ListResourcesInput) (func(entry) bool, error) {
	if in.Principal == nil {
		return func(entry) bool { return true }, nil
	}
	if in.ResourceOwner == types.ResourceOwnerOtherAccounts {
		return func(e entry) bool { return e.share.Owner == *in.Principal }, nil
	}
	found := map[store.Key]bool{}
	for _, e := range list {
		if _, asked := found[e.Share]; asked {
			continue
		}
		has, err := s.Sharing.In(tx, e.Share, sharing.Principal)
		if err != nil {
			return nil, err
		}
		found[e.Share] = slices.ContainsFunc(has, func(a sharing.Association) bool { return a.Entity == *in.Principal && live(a) })
	}
	return func(e entry) bool { return found[e.Share] }, nil
}

// ListPrincipals lists whom the caller's account shares with, or who shares with it.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListPrincipals.html
func (s *Service) ListPrincipals(ctx context.Context, in *ram.ListPrincipalsInput) (*ram.ListPrincipalsOutput, error) {
	if in.ResourceType != nil && knownType(in.ResourceType) != nil {
		return nil, invalid("Invalid resource type: " + *in.ResourceType)
	}
	if in.ResourceArn != nil {
		if _, err := arn.Parse(*in.ResourceArn); err != nil {
			return nil, malformedARN("resource", *in.ResourceArn)
		}
	}
	out := &ram.ListPrincipalsOutput{Principals: []types.Principal{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		shares, err := s.shares(ctx, tx, in.ResourceOwner, in.ResourceShareArns)
		if err != nil {
			return err
		}
		var list []entry
		for _, share := range shares {
			if has, err := s.has(tx, share, in); err != nil {
				return err
			} else if !has {
				continue
			}
			if in.ResourceOwner == types.ResourceOwnerOtherAccounts {
				list = append(list, entry{sharing.Association{Share: share.Key(), Entity: share.Owner, Created: share.Created, Updated: share.Updated}, share})
				continue
			}
			with, err := s.Sharing.In(tx, share.Key(), sharing.Principal)
			if err != nil {
				return err
			}
			for _, a := range with {
				if live(a) {
					list = append(list, entry{a, share})
				}
			}
		}
		list = slices.DeleteFunc(list, func(e entry) bool { return len(in.Principals) > 0 && !slices.Contains(in.Principals, e.Entity) })
		list, out.NextToken, err = page(ctx, list, entry.key, in.MaxResults, in.NextToken)
		for _, e := range list {
			out.Principals = append(out.Principals, types.Principal{Id: aws.String(e.Entity), ResourceShareArn: aws.String(e.share.ARN()),
				External: aws.Bool(e.External), CreationTime: aws.Time(e.Created), LastUpdatedTime: aws.Time(e.Updated)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// has tells whether the share has the resource, or one of the type, that is asked for.
func (s *Service) has(tx *store.Tx, share sharing.Share, in *ram.ListPrincipalsInput) (bool, error) {
	if share.Status != sharing.Active || in.ResourceArn == nil && in.ResourceType == nil {
		return share.Status == sharing.Active, nil
	}
	list, err := s.Sharing.In(tx, share.Key(), sharing.Resource)
	return slices.ContainsFunc(list, func(a sharing.Association) bool {
		t, _ := sharing.TypeOf(a.Entity)
		return live(a) && (in.ResourceArn == nil || a.Entity == *in.ResourceArn) && (in.ResourceType == nil || t.Name == *in.ResourceType)
	}), err
}

// ListResourceTypes lists what can be shared.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListResourceTypes.html
func (s *Service) ListResourceTypes(ctx context.Context, in *ram.ListResourceTypesInput) (*ram.ListResourceTypesOutput, error) {
	var list []sharing.Type
	for _, t := range sharing.Types {
		if f := in.ResourceRegionScope; f == "" || f == types.ResourceRegionScopeFilterAll || string(f) == string(scopeOf(t)) {
			list = append(list, t)
		}
	}
	list, next, err := page(ctx, list, func(t sharing.Type) string { return t.Name }, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &ram.ListResourceTypesOutput{NextToken: next, ResourceTypes: []types.ServiceNameAndResourceType{}}
	for _, t := range list {
		out.ResourceTypes = append(out.ResourceTypes, types.ServiceNameAndResourceType{ResourceType: aws.String(t.Name), ServiceName: aws.String(t.Service),
			ResourceRegionScope: scopeOf(t)})
	}
	return out, nil
}
