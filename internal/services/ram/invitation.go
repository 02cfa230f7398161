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

func invitationOf(i sharing.Invitation) *types.ResourceShareInvitation {
	out := &types.ResourceShareInvitation{ResourceShareInvitationArn: aws.String(i.ARN()), ResourceShareName: aws.String(i.ShareName),
		ResourceShareArn: aws.String(sharing.Share{Owner: i.Share.Account, Region: i.Share.Region, ID: i.Share.ID}.ARN()),
		SenderAccountId:  aws.String(i.Share.Account), ReceiverAccountId: aws.String(i.Receiver),
		InvitationTimestamp: aws.Time(i.Created), Status: types.ResourceShareInvitationStatus(i.Status)}
	if i.ReceiverARN != "" {
		out.ReceiverArn = aws.String(i.ReceiverARN)
	}
	return out
}

func invitationGone(name string) error {
	return &types.ResourceShareInvitationArnNotFoundException{Message: aws.String("ResourceShareInvitation " + name + " could not be found.")}
}

// invitation finds an invitation that the caller's account was sent.
func (s *Service) invitation(ctx context.Context, tx *store.Tx, name string) (sharing.Invitation, error) {
	a, id, ok := read(invitationNoun, name)
	if !ok {
		return sharing.Invitation{}, malformedARN("resource share invitation", name)
	}
	c := wire.CallOf(ctx)
	i, err := s.Sharing.Invitations.Get(tx, store.Key{Account: c.Account(), Region: c.Region, ID: id})
	if err == nil && (i.Share.Account != a.Account || i.Share.Region != a.Region) {
		err = store.ErrNotFound
	}
	return i.At(s.Clock.Now()), missing(err, invitationGone(name))
}

// AcceptResourceShareInvitation lets the share reach the caller's account.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_AcceptResourceShareInvitation.html
func (s *Service) AcceptResourceShareInvitation(ctx context.Context, in *ram.AcceptResourceShareInvitationInput) (*ram.AcceptResourceShareInvitationOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.AcceptResourceShareInvitationOutput, error) {
		i, err := s.answer(ctx, tx, *in.ResourceShareInvitationArn, true)
		return &ram.AcceptResourceShareInvitationOutput{ClientToken: in.ClientToken, ResourceShareInvitation: invitationOf(i)}, err
	})
}

// RejectResourceShareInvitation keeps the share from the caller's account.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_RejectResourceShareInvitation.html
func (s *Service) RejectResourceShareInvitation(ctx context.Context, in *ram.RejectResourceShareInvitationInput) (*ram.RejectResourceShareInvitationOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.RejectResourceShareInvitationOutput, error) {
		i, err := s.answer(ctx, tx, *in.ResourceShareInvitationArn, false)
		return &ram.RejectResourceShareInvitationOutput{ClientToken: in.ClientToken, ResourceShareInvitation: invitationOf(i)}, err
	})
}

func (s *Service) answer(ctx context.Context, tx *store.Tx, name string, accept bool) (sharing.Invitation, error) {
	i, err := s.invitation(ctx, tx, name)
	if err != nil {
		return i, err
	}
	i, err = s.Sharing.Answer(tx, i.Receiver, i.Share.Region, i.ID, accept)
	return i, invitationFault(err, name)
}

func invitationFault(err error, name string) error {
	text := func(what string) *string {
		return aws.String("ResourceShareInvitation " + name + " " + what + ".")
	}
	switch {
	case errors.Is(err, sharing.ErrAccepted):
		return &types.ResourceShareInvitationAlreadyAcceptedException{Message: text("was already accepted")}
	case errors.Is(err, sharing.ErrRejected):
		return &types.ResourceShareInvitationAlreadyRejectedException{Message: text("was already rejected")}
	case errors.Is(err, sharing.ErrExpired):
		return &types.ResourceShareInvitationExpiredException{Message: text("has expired")}
	}
	return missing(err, invitationGone(name))
}

// GetResourceShareInvitations lists the invitations that the caller's account was sent.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_GetResourceShareInvitations.html
func (s *Service) GetResourceShareInvitations(ctx context.Context, in *ram.GetResourceShareInvitationsInput) (*ram.GetResourceShareInvitationsOutput, error) {
	out := &ram.GetResourceShareInvitationsOutput{ResourceShareInvitations: []types.ResourceShareInvitation{}}
	for _, name := range in.ResourceShareArns {
		if _, err := shareKey(name); err != nil {
			return nil, err
		}
	}
	c := wire.CallOf(ctx)
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		for _, name := range in.ResourceShareInvitationArns {
			if _, err := s.invitation(ctx, tx, name); err != nil {
				return err
			}
		}
		rows, err := s.Sharing.Invitations.List(tx, store.Range{Account: c.Account(), Region: c.Region})
		if err != nil {
			return err
		}
		list := []*types.ResourceShareInvitation{}
		for _, r := range rows {
			i := invitationOf(r.Value.At(s.Clock.Now()))
			if len(in.ResourceShareArns) > 0 && !slices.Contains(in.ResourceShareArns, *i.ResourceShareArn) ||
				len(in.ResourceShareInvitationArns) > 0 && !slices.Contains(in.ResourceShareInvitationArns, *i.ResourceShareInvitationArn) {
				continue
			}
			list = append(list, i)
		}
		key := func(i *types.ResourceShareInvitation) string { return *i.ResourceShareInvitationArn }
		slices.SortFunc(list, func(a, b *types.ResourceShareInvitation) int { return strings.Compare(key(a), key(b)) })
		list, out.NextToken, err = page(ctx, list, key, in.MaxResults, in.NextToken)
		for _, i := range list {
			out.ResourceShareInvitations = append(out.ResourceShareInvitations, *i)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListPendingInvitationResources lists what an invitation would bring.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_ListPendingInvitationResources.html
func (s *Service) ListPendingInvitationResources(ctx context.Context, in *ram.ListPendingInvitationResourcesInput) (*ram.ListPendingInvitationResourcesOutput, error) {
	out := &ram.ListPendingInvitationResourcesOutput{Resources: []types.Resource{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		i, err := s.invitation(ctx, tx, *in.ResourceShareInvitationArn)
		if err != nil {
			return err
		}
		switch i.Status {
		case sharing.Rejected:
			return invitationFault(sharing.ErrRejected, i.ARN())
		case sharing.Expired:
			return invitationFault(sharing.ErrExpired, i.ARN())
		}
		share, err := s.Sharing.Shares.Get(tx, i.Share)
		if err != nil {
			return missing(err, invitationGone(i.ARN()))
		}
		has, err := s.Sharing.In(tx, i.Share, sharing.Resource)
		if err != nil {
			return err
		}
		var list []entry
		for _, a := range has {
			if live(a) && scoped(a.Entity, in.ResourceRegionScope) {
				list = append(list, entry{a, share})
			}
		}
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
