package organizations

import (
	"context"
	"errors"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// CreateOrganization makes the organization, with all features.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html
func (s *Service) CreateOrganization(ctx context.Context, in *organizations.CreateOrganizationInput) (*organizations.CreateOrganizationOutput, error) {
	if in.FeatureSet == types.OrganizationFeatureSetConsolidatedBilling {
		return nil, invalidInput(types.InvalidInputExceptionReasonInvalidEnum, "Organizations here have all features: FeatureSet must be ALL.")
	}
	var out *types.Organization
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.Organizations.Get(tx, identity.OrganizationKey); !errors.Is(err, store.ErrNotFound) {
			if err != nil {
				return err
			}
			return &types.AlreadyInOrganizationException{Message: aws.String("The AWS account is already a member of an organization.")}
		}
		o, err := s.EnsureOrganization(tx)
		if err != nil {
			return err
		}
		out, err = s.describe(tx, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &organizations.CreateOrganizationOutput{Organization: out}, nil
}

// DescribeOrganization describes the organization to any account in it.
func (s *Service) DescribeOrganization(ctx context.Context, _ *organizations.DescribeOrganizationInput) (*organizations.DescribeOrganizationOutput, error) {
	var out *types.Organization
	err := s.store.View(ctx, func(tx *store.Tx) error {
		o, err := s.organization(tx)
		if err == nil {
			out, err = s.describe(tx, o)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &organizations.DescribeOrganizationOutput{Organization: out}, nil
}

func (s *Service) describe(tx *store.Tx, o identity.Organization) (*types.Organization, error) {
	m, err := s.Accounts.Get(tx, identity.IDKey(o.Management))
	if err != nil {
		return nil, err
	}
	return &types.Organization{Id: aws.String(o.ID), Arn: aws.String(o.ARN()), FeatureSet: types.OrganizationFeatureSetAll,
		MasterAccountId: aws.String(m.ID), MasterAccountArn: aws.String(o.AccountARN(m.ID)), MasterAccountEmail: aws.String(m.Email),
		AvailablePolicyTypes: enabled([]string{identity.SCPType})}, nil
}

func enabled(list []string) []types.PolicyTypeSummary {
	out := []types.PolicyTypeSummary{}
	for _, t := range list {
		out = append(out, types.PolicyTypeSummary{Type: types.PolicyType(t), Status: types.PolicyTypeStatusEnabled})
	}
	return out
}

// ListRoots lists the one root.
func (s *Service) ListRoots(ctx context.Context, _ *organizations.ListRootsInput) (*organizations.ListRootsOutput, error) {
	var root *types.Root
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) (err error) {
		root, err = s.root(tx, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &organizations.ListRootsOutput{Roots: []types.Root{*root}}, nil
}

func (s *Service) root(tx *store.Tx, o identity.Organization) (*types.Root, error) {
	u, err := s.Units.Get(tx, identity.IDKey(o.Root))
	if err != nil {
		return nil, err
	}
	return &types.Root{Id: aws.String(u.ID), Arn: aws.String(o.UnitARN(u)), Name: aws.String(u.Name), PolicyTypes: enabled(o.Enabled)}, nil
}

// EnablePolicyType puts service control policies in force, and FullAWSAccess on the root, all units and all accounts.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnablePolicyType.html
func (s *Service) EnablePolicyType(ctx context.Context, in *organizations.EnablePolicyTypeInput) (*organizations.EnablePolicyTypeOutput, error) {
	root, err := s.setEnabled(ctx, aws.ToString(in.RootId), in.PolicyType, true)
	if err != nil {
		return nil, err
	}
	return &organizations.EnablePolicyTypeOutput{Root: root}, nil
}

// DisablePolicyType takes service control policies out of force and detaches them everywhere.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_DisablePolicyType.html
func (s *Service) DisablePolicyType(ctx context.Context, in *organizations.DisablePolicyTypeInput) (*organizations.DisablePolicyTypeOutput, error) {
	root, err := s.setEnabled(ctx, aws.ToString(in.RootId), in.PolicyType, false)
	if err != nil {
		return nil, err
	}
	return &organizations.DisablePolicyTypeOutput{Root: root}, nil
}

func (s *Service) setEnabled(ctx context.Context, id string, t types.PolicyType, on bool) (root *types.Root, err error) {
	err = s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		if id != o.Root {
			return &types.RootNotFoundException{Message: aws.String("You specified a root that doesn't exist.")}
		}
		if err := onlySCP(t); err != nil {
			return err
		}
		switch is := slices.Contains(o.Enabled, identity.SCPType); {
		case is && on:
			return &types.PolicyTypeAlreadyEnabledException{Message: aws.String("The specified policy type is already enabled.")}
		case !is && !on:
			return notEnabled()
		}
		var list []string
		o.Enabled = nil
		if on {
			o.Enabled, list = []string{identity.SCPType}, []string{identity.FullAWSAccess}
		}
		if err := s.Organizations.Put(tx, identity.OrganizationKey, o); err != nil {
			return err
		}
		if err := s.reset(tx, list); err != nil {
			return err
		}
		root, err = s.root(tx, o)
		return err
	})
	return root, err
}

func (s *Service) reset(tx *store.Tx, list []string) error {
	units, err := s.Units.List(tx, store.Range{})
	if err != nil {
		return err
	}
	for _, row := range units {
		row.Value.SCPs = list
		if err := s.Units.Put(tx, row.Key, row.Value); err != nil {
			return err
		}
	}
	accounts, err := s.Accounts.List(tx, store.Range{})
	if err != nil {
		return err
	}
	for _, row := range accounts {
		row.Value.SCPs = list
		if err := s.Accounts.Put(tx, row.Key, row.Value); err != nil {
			return err
		}
	}
	return nil
}

func notEnabled() error {
	return &types.PolicyTypeNotEnabledException{Message: aws.String("The specified policy type isn't enabled.")}
}

func onlySCP(t types.PolicyType) error {
	if t != types.PolicyTypeServiceControlPolicy {
		return &types.PolicyTypeNotAvailableForOrganizationException{Message: aws.String("Only service control policies are available in this organization.")}
	}
	return nil
}

// on names resources by their ids as the targets of an operation. What is not there is "*": the handler says so.
func (s *Service) on(ctx context.Context, ids ...*string) ([]wire.Target, error) {
	list := []wire.Target{}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		o, err := s.organization(tx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			arn, err := s.arnOf(tx, o, aws.ToString(id))
			if err != nil {
				return err
			}
			list = append(list, wire.Target{Resource: arn})
		}
		return nil
	})
	return list, err
}
