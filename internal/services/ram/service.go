package ram

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Sharing   *sharing.Directory
	Catalog   *catalog.Directory
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is Resource Access Manager.
type Service struct {
	Config
	tokens       *wire.Tokens
	permissions  *store.Table[permission]
	replacements *store.Table[replacement]
}

// New makes the service.
func New(c Config) *Service {
	return &Service{Config: c, tokens: wire.NewTokens(c.Store, c.Clock), permissions: store.NewTable[permission](c.Store, "ram_permission"),
		replacements: store.NewTable[replacement](c.Store, "ram_replacement")}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "ram" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AcceptResourceShareInvitation, wire.On(s.acceptTargets)),
		wire.Op(s.AssociateResourceShare, wire.On(s.associateTargets)),
		wire.Op(s.AssociateResourceSharePermission, wire.On(s.associatePermissionTargets)),
		wire.Op(s.CreatePermission, wire.On(s.createPermissionTargets)),
		wire.Op(s.CreatePermissionVersion, wire.On(s.createVersionTargets)),
		wire.Op(s.CreateResourceShare, wire.On(s.createTargets)),
		wire.Op(s.DeletePermission, wire.On(s.deletePermissionTargets)),
		wire.Op(s.DeletePermissionVersion, wire.On(s.deleteVersionTargets)),
		wire.Op(s.DeleteResourceShare, wire.On(s.deleteTargets)),
		wire.Op(s.DisassociateResourceShare, wire.On(s.disassociateTargets)),
		wire.Op(s.DisassociateResourceSharePermission, wire.On(s.disassociatePermissionTargets)),
		wire.Op(s.EnableSharingWithAwsOrganization),
		wire.Op(s.GetPermission, wire.On(s.getPermissionTargets)),
		wire.Op(s.GetResourcePolicies),
		wire.Op(s.GetResourceShareAssociations),
		wire.Op(s.GetResourceShareInvitations),
		wire.Op(s.GetResourceShares),
		wire.Op(s.ListPendingInvitationResources, wire.On(s.pendingTargets)),
		wire.Op(s.ListPermissionAssociations),
		wire.Op(s.ListPermissionVersions, wire.On(s.listVersionsTargets)),
		wire.Op(s.ListPermissions),
		wire.Op(s.ListPrincipals),
		wire.Op(s.ListReplacePermissionAssociationsWork),
		wire.Op(s.ListResourceSharePermissions, wire.On(s.sharePermissionsTargets)),
		wire.Op(s.ListResourceTypes),
		wire.Op(s.ListResources),
		wire.Op(s.ListSourceAssociations),
		wire.Op(s.RejectResourceShareInvitation, wire.On(s.rejectTargets)),
		wire.Op(s.ReplacePermissionAssociations, wire.On(s.replaceTargets)),
		wire.Op(s.SetDefaultPermissionVersion, wire.On(s.setDefaultTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
		wire.Op(s.UpdatePermission, wire.On(s.updatePermissionTargets)),
		wire.Op(s.UpdateResourceShare, wire.On(s.updateTargets)),
	}
}

// Run forgets shares that have ended and client tokens that are past their life, once an hour, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := s.Sharing.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot forget ended resource shares", "error", err)
		}
		if _, err := s.tokens.Expire(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot forget client tokens", "error", err)
		}
	}
}

// EnableSharingWithAwsOrganization lets the accounts of the organization share with each other without invitations. The management
// account alone may say so.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_EnableSharingWithAwsOrganization.html
func (s *Service) EnableSharingWithAwsOrganization(ctx context.Context, _ *ram.EnableSharingWithAwsOrganizationInput) (*ram.EnableSharingWithAwsOrganizationOutput, error) {
	account := wire.CallOf(ctx).Account()
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		o, err := s.Directory.Organizations.Get(tx, identity.OrganizationKey)
		if errors.Is(err, store.ErrNotFound) || err == nil && o.Management != account {
			return notPermitted("Sharing with the organization can be enabled only by its management account.")
		}
		if err != nil {
			return err
		}
		return s.Sharing.EnableOrganization(tx)
	})
	if err != nil {
		return nil, err
	}
	return &ram.EnableSharingWithAwsOrganizationOutput{ReturnValue: aws.Bool(true)}, nil
}
