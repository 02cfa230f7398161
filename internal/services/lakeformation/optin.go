package lakeformation

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// optInOf reads an opt-in, of a data lake administrator: of a user, a role or everybody, for a database or table.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-access-mode.html
func (s *Service) optInOf(ctx context.Context, tx *store.Tx, p *types.DataLakePrincipal, r *types.Resource) (o governance.OptIn, err error) {
	of, err := subjectOf(ctx, nil, r)
	if err != nil {
		return o, err
	}
	if of.columns != nil || of.filter != "" || r.TableWithColumns != nil || of.Kind != governance.Database && of.Kind != governance.Table {
		return o, invalid("Principals opt in to databases and tables.")
	}
	if ok, err := s.administers(ctx, of.Account()); err != nil {
		return o, err
	} else if !ok {
		return o, denied("Only data lake administrators opt principals in.")
	}
	if _, err := s.exists(ctx, tx, of); err != nil {
		return o, err
	}
	who, err := s.principalOf(ctx, tx, p)
	if err != nil {
		return o, err
	}
	if who == governance.AllowedByIAM || governance.AccountOf(who) == who || governance.IsOrganization(who) {
		return o, invalid("Invalid principal, %s", who)
	}
	return governance.OptIn{Principal: who, Resource: of.Resource, By: name(ctx), Updated: s.now()}, nil
}

// CreateLakeFormationOptIn puts a principal under Lake Formation's grants on a resource that is left to IAM for others.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_CreateLakeFormationOptIn.html
func (s *Service) CreateLakeFormationOptIn(ctx context.Context, in *lakeformation.CreateLakeFormationOptInInput) (*lakeformation.CreateLakeFormationOptInOutput, error) {
	if in.Condition != nil {
		return nil, invalid("Conditions are not supported.")
	}
	return done(&lakeformation.CreateLakeFormationOptInOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		o, err := s.optInOf(ctx, tx, in.Principal, in.Resource)
		if err != nil {
			return err
		}
		return s.Ledger.OptIns.Put(tx, o.Key(wire.CallOf(ctx).Region), o)
	}))
}

// DeleteLakeFormationOptIn leaves a principal to IAM again.
func (s *Service) DeleteLakeFormationOptIn(ctx context.Context, in *lakeformation.DeleteLakeFormationOptInInput) (*lakeformation.DeleteLakeFormationOptInOutput, error) {
	return done(&lakeformation.DeleteLakeFormationOptInOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		o, err := s.optInOf(ctx, tx, in.Principal, in.Resource)
		if err != nil {
			return err
		}
		return absent(s.Ledger.OptIns.Delete(tx, o.Key(wire.CallOf(ctx).Region)), notFound("Opt-in not found."))
	}))
}

// ListLakeFormationOptIns lists the opt-ins to the account's resources: of a principal, on a resource.
func (s *Service) ListLakeFormationOptIns(ctx context.Context, in *lakeformation.ListLakeFormationOptInsInput) (*lakeformation.ListLakeFormationOptInsOutput, error) {
	call := wire.CallOf(ctx)
	within := store.Range{Account: call.Account(), Region: call.Region}
	if in.Resource != nil {
		of, err := subjectOf(ctx, nil, in.Resource)
		if err != nil {
			return nil, err
		}
		within.Prefix = of.Key() + governance.Separator
	}
	who := ""
	if in.Principal != nil {
		who = aws.ToString(in.Principal.DataLakePrincipalIdentifier)
	}
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	out := &lakeformation.ListLakeFormationOptInsOutput{LakeFormationOptInsInfoList: []types.LakeFormationOptInsInfo{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := s.Ledger.OptIns.List(tx, within)
		if err != nil {
			return err
		}
		var list []governance.OptIn
		for _, r := range rows {
			p := r.Value.Principal
			if (who == "" || p == who) && (v.all || p == v.name || strings.TrimSuffix(p, everyone) == call.Account()) {
				list = append(list, r.Value)
			}
		}
		list, out.NextToken, err = page(ctx, list, func(o governance.OptIn) string { return o.Key("").ID }, in.MaxResults, in.NextToken)
		for _, o := range list {
			out.LakeFormationOptInsInfoList = append(out.LakeFormationOptInsInfoList, types.LakeFormationOptInsInfo{Principal: principal(o.Principal),
				Resource: resource(o.Resource, nil, ""), LastModified: aws.Time(o.Updated), LastUpdatedBy: aws.String(o.By)})
		}
		return err
	}))
}
