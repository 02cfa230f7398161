package organizations

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// maxDepth is how many units may lie within each other.
// Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const maxDepth = 5

func unit(o identity.Organization, u identity.Unit) *types.OrganizationalUnit {
	return &types.OrganizationalUnit{Id: aws.String(u.ID), Arn: aws.String(o.UnitARN(u)), Name: aws.String(u.Name)}
}

// parent finds the root or a unit.
func (s *Service) parent(tx *store.Tx, id *string) (identity.Unit, error) {
	u, err := s.Units.Get(tx, identity.IDKey(aws.ToString(id)))
	return u, missing(err, &types.ParentNotFoundException{Message: aws.String("You specified parent that doesn't exist.")})
}

// unitOf finds a unit that is not the root.
func (s *Service) unitOf(tx *store.Tx, id *string) (identity.Unit, error) {
	u, err := s.Units.Get(tx, identity.IDKey(aws.ToString(id)))
	gone := &types.OrganizationalUnitNotFoundException{Message: aws.String("You specified an organizational unit that doesn't exist.")}
	if err == nil && u.Parent == "" {
		return u, gone
	}
	return u, missing(err, gone)
}

// taken refuses a name that another unit of the parent has.
func (s *Service) taken(tx *store.Tx, parent, name, self string) error {
	rows, err := s.Units.Find(tx, identity.ByParent, parent, store.Range{})
	for _, row := range rows {
		if row.Value.ID != self && strings.EqualFold(row.Value.Name, name) {
			return &types.DuplicateOrganizationalUnitException{Message: aws.String("An OU with the same name already exists.")}
		}
	}
	return err
}

// CreateOrganizationalUnit makes a unit in the root or another unit.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganizationalUnit.html
func (s *Service) CreateOrganizationalUnit(ctx context.Context, in *organizations.CreateOrganizationalUnitInput) (*organizations.CreateOrganizationalUnitOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	out := &organizations.CreateOrganizationalUnitOutput{}
	err = s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		p, err := s.parent(tx, in.ParentId)
		if err != nil {
			return err
		}
		depth := 1
		for up := p; up.Parent != ""; depth++ {
			if up, err = s.parent(tx, &up.Parent); err != nil {
				return err
			}
		}
		if depth > maxDepth {
			return violation(types.ConstraintViolationExceptionReasonOuDepthLimitExceeded, "You have exceeded the allowed OU depth.")
		}
		if err := s.taken(tx, p.ID, aws.ToString(in.Name), ""); err != nil {
			return err
		}
		u := identity.Unit{ID: "ou-" + strings.TrimPrefix(o.Root, "r-") + "-" + identity.RandomID(8), Name: aws.ToString(in.Name), Parent: p.ID,
			Created: s.clock.Now().UTC(), Tags: tags}
		if len(o.Enabled) > 0 {
			u.SCPs = []string{identity.FullAWSAccess}
		}
		out.OrganizationalUnit = unit(o, u)
		return s.Units.Insert(tx, identity.IDKey(u.ID), u)
	})
	return out, err
}

// DescribeOrganizationalUnit describes one unit.
func (s *Service) DescribeOrganizationalUnit(ctx context.Context, in *organizations.DescribeOrganizationalUnitInput) (*organizations.DescribeOrganizationalUnitOutput, error) {
	out := &organizations.DescribeOrganizationalUnitOutput{}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		u, err := s.unitOf(tx, in.OrganizationalUnitId)
		out.OrganizationalUnit = unit(o, u)
		return err
	})
	return out, err
}

func (s *Service) describeUnitTargets(ctx context.Context, in *organizations.DescribeOrganizationalUnitInput) ([]wire.Target, error) {
	return s.on(ctx, in.OrganizationalUnitId)
}

// UpdateOrganizationalUnit renames a unit.
func (s *Service) UpdateOrganizationalUnit(ctx context.Context, in *organizations.UpdateOrganizationalUnitInput) (*organizations.UpdateOrganizationalUnitOutput, error) {
	out := &organizations.UpdateOrganizationalUnitOutput{}
	err := s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		u, err := s.unitOf(tx, in.OrganizationalUnitId)
		if err != nil {
			return err
		}
		if in.Name != nil {
			if err := s.taken(tx, u.Parent, *in.Name, u.ID); err != nil {
				return err
			}
			u.Name = *in.Name
		}
		out.OrganizationalUnit = unit(o, u)
		return s.Units.Put(tx, identity.IDKey(u.ID), u)
	})
	return out, err
}

func (s *Service) updateUnitTargets(ctx context.Context, in *organizations.UpdateOrganizationalUnitInput) ([]wire.Target, error) {
	return s.on(ctx, in.OrganizationalUnitId)
}

// DeleteOrganizationalUnit removes an empty unit.
func (s *Service) DeleteOrganizationalUnit(ctx context.Context, in *organizations.DeleteOrganizationalUnitInput) (*organizations.DeleteOrganizationalUnitOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, _ identity.Organization) error {
		u, err := s.unitOf(tx, in.OrganizationalUnitId)
		if err != nil {
			return err
		}
		units, err := s.Units.Find(tx, identity.ByParent, u.ID, store.Range{Limit: 1})
		if err != nil {
			return err
		}
		accounts, err := s.Accounts.Find(tx, identity.ByParent, u.ID, store.Range{Limit: 1})
		if err != nil {
			return err
		}
		if len(units)+len(accounts) > 0 {
			return &types.OrganizationalUnitNotEmptyException{Message: aws.String("The specified OU is not empty.")}
		}
		return s.Units.Delete(tx, identity.IDKey(u.ID))
	})
	if err != nil {
		return nil, err
	}
	return &organizations.DeleteOrganizationalUnitOutput{}, nil
}

func (s *Service) deleteUnitTargets(ctx context.Context, in *organizations.DeleteOrganizationalUnitInput) ([]wire.Target, error) {
	return s.on(ctx, in.OrganizationalUnitId)
}

// ListOrganizationalUnitsForParent lists the units directly in the root or a unit.
func (s *Service) ListOrganizationalUnitsForParent(ctx context.Context, in *organizations.ListOrganizationalUnitsForParentInput) (*organizations.ListOrganizationalUnitsForParentOutput, error) {
	out := &organizations.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: []types.OrganizationalUnit{}}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		if _, err := s.parent(tx, in.ParentId); err != nil {
			return err
		}
		rows, err := s.Units.Find(tx, identity.ByParent, aws.ToString(in.ParentId), store.Range{})
		if err != nil {
			return err
		}
		var list []identity.Unit
		list, out.NextToken, err = page(ctx, values(rows), func(u identity.Unit) string { return u.ID }, in.MaxResults, in.NextToken)
		for _, u := range list {
			out.OrganizationalUnits = append(out.OrganizationalUnits, *unit(o, u))
		}
		return err
	})
	return out, err
}
