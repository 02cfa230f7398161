package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

func (s *Service) creatingPolicy(ctx context.Context, in any) ([]wire.Target, error) {
	name, _ := member(in, "PolicyName")
	return []wire.Target{{Resource: arn.New("iam", "", wire.CallOf(ctx).Account(), "policy"+path(in)+name)}}, nil
}

func (s *Service) onPolicy(ctx context.Context, in any) ([]wire.Target, error) {
	t := wire.Target{}
	t.Resource, _ = member(in, "PolicyArn")
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.d.ManagedPolicy(tx, t.Resource)
		if err == nil && p.Account == account {
			t.Context = tagContext(p.Tags)
		}
		return absent(err, nil)
	})
	return []wire.Target{t}, err
}

// listingPolicies names the resource as IAM does here; it is no ARN, so only "*" allows it.
func (s *Service) listingPolicies(_ context.Context, in any) ([]wire.Target, error) {
	prefix, _ := member(in, "PathPrefix")
	if prefix == "" {
		prefix = "/"
	}
	return []wire.Target{{Resource: "policy path " + prefix}}, nil
}

func (s *Service) creatingProfile(ctx context.Context, in any) ([]wire.Target, error) {
	name, _ := member(in, "InstanceProfileName")
	return []wire.Target{{Resource: arn.New("iam", "", wire.CallOf(ctx).Account(), "instance-profile"+path(in)+name)}}, nil
}

func (s *Service) onProfile(ctx context.Context, in any) ([]wire.Target, error) {
	name, _ := member(in, "InstanceProfileName")
	p := identity.InstanceProfile{Account: wire.CallOf(ctx).Account(), Path: "/", Name: name}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		found, err := s.d.InstanceProfiles.Get(tx, identity.NameKey(account, name))
		if err == nil {
			p = found
		}
		return absent(err, nil)
	})
	return []wire.Target{{Resource: p.ARN(), Context: tagContext(p.Tags)}}, err
}

// onProfilePassing adds that the role is passed on to the machines that get the profile.
func (s *Service) onProfilePassing(ctx context.Context, in any) ([]wire.Target, error) {
	list, err := s.onProfile(ctx, in)
	if err != nil {
		return nil, err
	}
	passed, err := s.onEntity(ctx, role, in, false)
	for _, t := range passed {
		t.Action = "iam:PassRole"
		t.Context["iam:PassedToService"] = []string{"ec2.amazonaws.com"}
		list = append(list, t)
	}
	return list, err
}

func (s *Service) creatingProvider(ctx context.Context, in any) ([]wire.Target, error) {
	url, _ := member(in, "Url")
	return []wire.Target{{Resource: identity.OIDCProvider{Account: wire.CallOf(ctx).Account(), URL: url}.ARN()}}, nil
}

func (s *Service) onProvider(ctx context.Context, in any) ([]wire.Target, error) {
	t := wire.Target{}
	t.Resource, _ = member(in, "OpenIDConnectProviderArn")
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.provider(tx, account, t.Resource)
		if err == nil {
			t.Context = tagContext(p.Tags)
		}
		return nil
	})
	return []wire.Target{t}, err
}

func (s *Service) creatingServiceLinked(ctx context.Context, in any) ([]wire.Target, error) {
	service, _ := member(in, "AWSServiceName")
	suffix, _ := member(in, "CustomSuffix")
	r := identity.Role{Account: wire.CallOf(ctx).Account(), Path: serviceLinkedPath(service), Name: serviceLinkedName(service, suffix)}
	return []wire.Target{{Resource: r.ARN(), Context: authz.Context{"iam:AWSServiceName": {service}}}}, nil
}

func (s *Service) onDeletion(ctx context.Context, in any) ([]wire.Target, error) {
	id, _ := member(in, "DeletionTaskId")
	r := identity.Role{Account: wire.CallOf(ctx).Account(), Path: "/", Name: "*"}
	if service, name, ok := deletionRole(id); ok {
		r.Path, r.Name = serviceLinkedPath(service), name
	}
	return []wire.Target{{Resource: r.ARN()}}, nil
}
