package ram

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

func live(a sharing.Association) bool {
	return a.Status == sharing.Associated || a.Status == sharing.Associating
}

func associationOf(a sharing.Association, s sharing.Share) types.ResourceShareAssociation {
	out := types.ResourceShareAssociation{ResourceShareArn: aws.String(s.ARN()), ResourceShareName: aws.String(s.Name), AssociatedEntity: aws.String(a.Entity),
		AssociationType: types.ResourceShareAssociationType(a.Kind), Status: types.ResourceShareAssociationStatus(a.Status),
		External: aws.Bool(a.External), CreationTime: aws.Time(a.Created), LastUpdatedTime: aws.Time(a.Updated)}
	if a.Message != "" {
		out.StatusMessage = aws.String(a.Message)
	}
	return out
}

// AssociateResourceShare puts resources and principals into a share.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_AssociateResourceShare.html
func (s *Service) AssociateResourceShare(ctx context.Context, in *ram.AssociateResourceShareInput) (*ram.AssociateResourceShareOutput, error) {
	if len(in.Sources) > 0 {
		return nil, unsupported()
	}
	if len(in.ResourceArns)+len(in.Principals) == 0 {
		return nil, nothing()
	}
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.AssociateResourceShareOutput, error) {
		share, err := s.change(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return nil, err
		}
		list, err := s.associate(ctx, tx, &share, in.ResourceArns, in.Principals)
		return &ram.AssociateResourceShareOutput{ClientToken: in.ClientToken, ResourceShareAssociations: list}, err
	})
}

func nothing() error { return invalid("Specify at least one resource or principal.") }

func (s *Service) associate(ctx context.Context, tx *store.Tx, share *sharing.Share, resources, principals []string) ([]types.ResourceShareAssociation, error) {
	out := []types.ResourceShareAssociation{}
	had := len(share.Permissions)
	for _, name := range resources {
		t, err := s.shareable(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(share.Permissions, func(a sharing.Attached) bool { return a.Type == t.Name }) {
			p, _ := awsManaged(t.Default())
			share.Permissions = append(share.Permissions, p.attached(s.Clock.Now()))
		}
		a, err := s.Sharing.AddResource(tx, *share, name)
		if err != nil {
			return nil, err
		}
		out = append(out, associationOf(a, *share))
	}
	if len(share.Permissions) > had {
		if err := s.touch(tx, share); err != nil {
			return nil, err
		}
	}
	for _, p := range principals {
		a, err := s.Sharing.AddPrincipal(tx, *share, p)
		if err != nil {
			return nil, principalFault(err, p)
		}
		out = append(out, associationOf(a, *share))
	}
	return out, nil
}

// shareable tells whether the caller may share a resource: one of a type that can be shared, that exists in the call's region and that the
// caller's account owns.
func (s *Service) shareable(ctx context.Context, tx *store.Tx, name string) (sharing.Type, error) {
	a, err := arn.Parse(name)
	if err != nil || a.Partition != "aws" || len(name) > 2048 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return sharing.Type{}, malformedARN("resource", name)
	}
	t, ok := sharing.TypeOf(name)
	if !ok {
		return t, &types.MalformedArnException{Message: aws.String("You cannot share the selected resource type.")}
	}
	c := wire.CallOf(ctx)
	if a.Account != c.Account() {
		return t, notPermitted("You cannot share the resource " + name + ", which another account owns.")
	}
	if a.Region != c.Region {
		return t, unknown("Resource", name)
	}
	there, err := s.exists(tx, a)
	if err == nil && !there {
		err = unknown("Resource", name)
	}
	return t, err
}

// DisassociateResourceShare takes resources and principals out of a share. A principal's account may so leave a share of another.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_DisassociateResourceShare.html
func (s *Service) DisassociateResourceShare(ctx context.Context, in *ram.DisassociateResourceShareInput) (*ram.DisassociateResourceShareOutput, error) {
	if len(in.Sources) > 0 {
		return nil, unsupported()
	}
	if len(in.ResourceArns)+len(in.Principals) == 0 {
		return nil, nothing()
	}
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.DisassociateResourceShareOutput, error) {
		share, err := s.share(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return nil, err
		}
		if err := managed(share); err != nil {
			return nil, err
		}
		account := wire.CallOf(ctx).Account()
		if share.Owner != account && (len(in.ResourceArns) > 0 || slices.ContainsFunc(in.Principals, func(p string) bool { return sharing.AccountOf(p) != account })) {
			return nil, notPermitted("The resource share " + share.ARN() + " is owned by another account, which you can only leave.")
		}
		out := &ram.DisassociateResourceShareOutput{ClientToken: in.ClientToken, ResourceShareAssociations: []types.ResourceShareAssociation{}}
		for _, of := range []struct {
			kind  sharing.Kind
			names []string
		}{{sharing.Resource, in.ResourceArns}, {sharing.Principal, in.Principals}} {
			for _, name := range of.names {
				a, err := s.remove(tx, share, of.kind, name)
				if err != nil {
					return nil, err
				}
				out.ResourceShareAssociations = append(out.ResourceShareAssociations, associationOf(a, share))
			}
		}
		return out, nil
	})
}

func (s *Service) remove(tx *store.Tx, share sharing.Share, kind sharing.Kind, name string) (sharing.Association, error) {
	gone := unknown("Resource", name)
	if kind == sharing.Principal {
		gone = unknown("Principal", name)
		if err := sharing.CheckPrincipal(name); err != nil {
			return sharing.Association{}, principalFault(err, name)
		}
	} else if _, err := arn.Parse(name); err != nil || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return sharing.Association{}, malformedARN("resource", name)
	}
	a, err := s.Sharing.Remove(tx, share, kind, name)
	return a, missing(err, gone)
}

// GetResourceShareAssociations lists what is in the caller's shares.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_GetResourceShareAssociations.html
func (s *Service) GetResourceShareAssociations(ctx context.Context, in *ram.GetResourceShareAssociationsInput) (*ram.GetResourceShareAssociationsOutput, error) {
	if in.AssociationType == types.ResourceShareAssociationTypePrincipal && in.ResourceArn != nil {
		return nil, invalid("You cannot specify a resource ARN when the association type is PRINCIPAL.")
	}
	if in.AssociationType == types.ResourceShareAssociationTypeResource && in.Principal != nil {
		return nil, invalid("You cannot specify a principal when the association type is RESOURCE.")
	}
	if in.ResourceArn != nil {
		if _, err := arn.Parse(*in.ResourceArn); err != nil {
			return nil, malformedARN("resource", *in.ResourceArn)
		}
	}
	out := &ram.GetResourceShareAssociationsOutput{ResourceShareAssociations: []types.ResourceShareAssociation{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.within(ctx, tx, types.ResourceOwnerSelf, in.ResourceShareArns, sharing.Kind(in.AssociationType))
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(e entry) bool {
			return in.AssociationStatus != "" && e.Status != string(in.AssociationStatus) || in.ResourceArn != nil && e.Entity != *in.ResourceArn ||
				in.Principal != nil && e.Entity != *in.Principal
		})
		list, out.NextToken, err = page(ctx, list, entry.key, in.MaxResults, in.NextToken)
		for _, e := range list {
			out.ResourceShareAssociations = append(out.ResourceShareAssociations, associationOf(e.Association, e.share))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// entry is an association with its share.
type entry struct {
	sharing.Association
	share sharing.Share
}

func (e entry) key() string { return e.share.ARN() + "\x1f" + string(e.Kind) + "\x1f" + e.Entity }

// within lists what is associated with shares, in order.
func (s *Service) within(ctx context.Context, tx *store.Tx, owner types.ResourceOwner, names []string, kind sharing.Kind) ([]entry, error) {
	shares, err := s.shares(ctx, tx, owner, names)
	if err != nil {
		return nil, err
	}
	var out []entry
	for _, share := range shares {
		list, err := s.Sharing.In(tx, share.Key(), kind)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			out = append(out, entry{a, share})
		}
	}
	return out, nil
}

// ListSourceAssociations lists nothing: no source can be associated.
func (s *Service) ListSourceAssociations(ctx context.Context, in *ram.ListSourceAssociationsInput) (*ram.ListSourceAssociationsOutput, error) {
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		_, err := s.shares(ctx, tx, types.ResourceOwnerSelf, in.ResourceShareArns)
		return err
	})
	if err == nil {
		_, _, err = page(ctx, []string{}, func(x string) string { return x }, in.MaxResults, in.NextToken)
	}
	if err != nil {
		return nil, err
	}
	return &ram.ListSourceAssociationsOutput{SourceAssociations: []types.AssociatedSource{}}, nil
}
