package ram

import (
	"context"
	"strconv"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
)

// The condition keys follow https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourceaccessmanagerram.html

// requested are the condition keys of what a share is to have in it, or not any more.
func requested(resources, principals []string) authz.Context {
	c := authz.Context{}
	if len(resources) > 0 {
		c["ram:ResourceArn"] = resources
		for _, r := range resources {
			if t, ok := sharing.TypeOf(r); ok {
				c["ram:RequestedResourceType"] = append(c["ram:RequestedResourceType"], t.Name)
			}
		}
	}
	if len(principals) > 0 {
		c["ram:Principal"] = principals
	}
	return c
}

// target is a share, an invitation or a permission that the call is about, as the caller's account's: whose it is decides the handler.
func target(ctx context.Context, name string, noun string, keys authz.Context) wire.Target {
	t := wire.Target{Resource: "*", Account: wire.CallOf(ctx).Account(), Context: keys}
	if _, _, ok := read(noun, name); ok {
		t.Resource = name
	}
	return t
}

func (s *Service) onShare(ctx context.Context, name *string, keys authz.Context) ([]wire.Target, error) {
	if keys == nil {
		keys = authz.Context{}
	}
	t := target(ctx, aws.ToString(name), shareNoun, keys)
	k, err := shareKey(aws.ToString(name))
	if err != nil {
		return []wire.Target{t}, nil // the handler says what is wrong with it
	}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		x, err := s.Sharing.Shares.Get(tx, k)
		if err != nil {
			return missing(err, nil)
		}
		keys["ram:ResourceShareName"] = []string{x.Name}
		keys["ram:AllowsExternalPrincipals"] = []string{strconv.FormatBool(x.External)}
		if x.Owner == t.Account {
			tagKeys(keys, x.Tags)
		}
		return nil
	})
	return []wire.Target{t}, err
}

func tagKeys(keys authz.Context, tags map[string]string) {
	for k, v := range tags {
		keys["aws:ResourceTag/"+k] = []string{v}
	}
}

func (s *Service) onPermission(ctx context.Context, name *string) ([]wire.Target, error) {
	keys := authz.Context{"ram:PermissionArn": {aws.ToString(name)}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		p, err := s.permission(ctx, tx, aws.ToString(name))
		if err == nil {
			keys["ram:PermissionResourceType"] = []string{p.Type}
			tagKeys(keys, p.Tags)
		}
		return nil // the handler says what is wrong with it
	})
	return []wire.Target{target(ctx, aws.ToString(name), permissionNoun, keys)}, err
}

func (s *Service) onInvitation(ctx context.Context, name *string) ([]wire.Target, error) {
	keys := authz.Context{}
	var sender []string
	if a, _, ok := read(invitationNoun, aws.ToString(name)); ok {
		sender = []string{a.Account}
		keys["ram:ShareOwnerAccountId"] = sender
	}
	t := target(ctx, aws.ToString(name), invitationNoun, keys)
	t.Concerns = sender
	return []wire.Target{t}, nil
}

func (s *Service) createTargets(ctx context.Context, in *ram.CreateResourceShareInput) ([]wire.Target, error) {
	keys := requested(in.ResourceArns, in.Principals)
	keys["ram:RequestedAllowsExternalPrincipals"] = []string{strconv.FormatBool(in.AllowExternalPrincipals == nil || *in.AllowExternalPrincipals)}
	return []wire.Target{{Resource: "*", Context: keys}}, nil
}

func (s *Service) updateTargets(ctx context.Context, in *ram.UpdateResourceShareInput) ([]wire.Target, error) {
	keys := authz.Context{}
	if in.AllowExternalPrincipals != nil {
		keys["ram:RequestedAllowsExternalPrincipals"] = []string{strconv.FormatBool(*in.AllowExternalPrincipals)}
	}
	return s.onShare(ctx, in.ResourceShareArn, keys)
}

func (s *Service) deleteTargets(ctx context.Context, in *ram.DeleteResourceShareInput) ([]wire.Target, error) {
	return s.onShare(ctx, in.ResourceShareArn, nil)
}

func (s *Service) associateTargets(ctx context.Context, in *ram.AssociateResourceShareInput) ([]wire.Target, error) {
	return s.onShare(ctx, in.ResourceShareArn, requested(in.ResourceArns, in.Principals))
}

func (s *Service) disassociateTargets(ctx context.Context, in *ram.DisassociateResourceShareInput) ([]wire.Target, error) {
	return s.onShare(ctx, in.ResourceShareArn, requested(in.ResourceArns, in.Principals))
}

func (s *Service) associatePermissionTargets(ctx context.Context, in *ram.AssociateResourceSharePermissionInput) ([]wire.Target, error) {
	return s.onBoth(ctx, in.ResourceShareArn, in.PermissionArn)
}

func (s *Service) disassociatePermissionTargets(ctx context.Context, in *ram.DisassociateResourceSharePermissionInput) ([]wire.Target, error) {
	return s.onBoth(ctx, in.ResourceShareArn, in.PermissionArn)
}

func (s *Service) onBoth(ctx context.Context, share, permission *string) ([]wire.Target, error) {
	a, err := s.onShare(ctx, share, nil)
	if err != nil {
		return nil, err
	}
	b, err := s.onPermission(ctx, permission)
	return append(a, b...), err
}

func (s *Service) sharePermissionsTargets(ctx context.Context, in *ram.ListResourceSharePermissionsInput) ([]wire.Target, error) {
	return s.onShare(ctx, in.ResourceShareArn, nil)
}

func (s *Service) acceptTargets(ctx context.Context, in *ram.AcceptResourceShareInvitationInput) ([]wire.Target, error) {
	return s.onInvitation(ctx, in.ResourceShareInvitationArn)
}

func (s *Service) rejectTargets(ctx context.Context, in *ram.RejectResourceShareInvitationInput) ([]wire.Target, error) {
	return s.onInvitation(ctx, in.ResourceShareInvitationArn)
}

func (s *Service) pendingTargets(ctx context.Context, in *ram.ListPendingInvitationResourcesInput) ([]wire.Target, error) {
	return s.onInvitation(ctx, in.ResourceShareInvitationArn)
}

func (s *Service) createPermissionTargets(_ context.Context, in *ram.CreatePermissionInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: "*", Context: authz.Context{"ram:PermissionResourceType": {aws.ToString(in.ResourceType)}}}}, nil
}

func (s *Service) createVersionTargets(ctx context.Context, in *ram.CreatePermissionVersionInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) setDefaultTargets(ctx context.Context, in *ram.SetDefaultPermissionVersionInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) updatePermissionTargets(ctx context.Context, in *ram.UpdatePermissionInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) deletePermissionTargets(ctx context.Context, in *ram.DeletePermissionInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) deleteVersionTargets(ctx context.Context, in *ram.DeletePermissionVersionInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) getPermissionTargets(ctx context.Context, in *ram.GetPermissionInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) listVersionsTargets(ctx context.Context, in *ram.ListPermissionVersionsInput) ([]wire.Target, error) {
	return s.onPermission(ctx, in.PermissionArn)
}

func (s *Service) replaceTargets(ctx context.Context, in *ram.ReplacePermissionAssociationsInput) ([]wire.Target, error) {
	a, err := s.onPermission(ctx, in.FromPermissionArn)
	if err != nil {
		return nil, err
	}
	b, err := s.onPermission(ctx, in.ToPermissionArn)
	return append(a, b...), err
}

func (s *Service) tagTargets(ctx context.Context, in *ram.TagResourceInput) ([]wire.Target, error) {
	return s.onTagged(ctx, in.ResourceShareArn, in.ResourceArn)
}

func (s *Service) untagTargets(ctx context.Context, in *ram.UntagResourceInput) ([]wire.Target, error) {
	return s.onTagged(ctx, in.ResourceShareArn, in.ResourceArn)
}

func (s *Service) onTagged(ctx context.Context, share, resource *string) ([]wire.Target, error) {
	name, isShare, err := tagged(share, resource)
	if err != nil {
		return nil, err
	}
	if isShare {
		return s.onShare(ctx, &name, nil)
	}
	return s.onPermission(ctx, &name)
}
