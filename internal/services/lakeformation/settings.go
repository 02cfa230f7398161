package lakeformation

import (
	"context"
	"maps"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// maxAdmins is how many data lake administrators an account has.
// Source: https://docs.aws.amazon.com/general/latest/gr/lake-formation.html
const maxAdmins = 30

// GetDataLakePrincipal tells who the caller is to Lake Formation: of a session its role.
func (s *Service) GetDataLakePrincipal(ctx context.Context, _ *lakeformation.GetDataLakePrincipalInput) (*lakeformation.GetDataLakePrincipalOutput, error) {
	return &lakeformation.GetDataLakePrincipalOutput{Identity: aws.String(name(ctx))}, nil
}

// own is the caller's account, which a request may name and no other.
func own(ctx context.Context, catalog *string) (string, error) {
	account := wire.CallOf(ctx).Account()
	if c := aws.ToString(catalog); c != "" && c != account {
		return "", denied("Cross-account access to the data lake settings of %s is not allowed.", c)
	}
	return account, nil
}

// GetDataLakeSettings shows the account's settings in the region.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GetDataLakeSettings.html
func (s *Service) GetDataLakeSettings(ctx context.Context, in *lakeformation.GetDataLakeSettingsInput) (*lakeformation.GetDataLakeSettingsOutput, error) {
	account, err := own(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	g, err := s.Ledger.SettingsOf(ctx, account, wire.CallOf(ctx).Region)
	if err != nil {
		return nil, err
	}
	return &lakeformation.GetDataLakeSettingsOutput{DataLakeSettings: &types.DataLakeSettings{
		DataLakeAdmins: principals(g.Admins), ReadOnlyAdmins: principals(g.ReadOnlyAdmins),
		CreateDatabaseDefaultPermissions: defaults(g.DatabaseDefaults), CreateTableDefaultPermissions: defaults(g.TableDefaults),
		Parameters: g.Parameters, TrustedResourceOwners: list(g.TrustedOwners), AllowExternalDataFiltering: &g.ExternalFiltering,
		AllowFullTableExternalDataAccess: &g.FullTableAccess, ExternalDataFilteringAllowList: principals(g.ExternalFilteringAllowList),
		AuthorizedSessionTagValueList: list(g.AuthorizedSessionTagValues)}}, nil
}

// list is never nil: the answer has empty lists where nothing is set.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func principals(arns []string) []types.DataLakePrincipal {
	out := []types.DataLakePrincipal{}
	for _, a := range arns {
		out = append(out, *principal(a))
	}
	return out
}

func defaults(from []governance.Default) []types.PrincipalPermissions {
	out := []types.PrincipalPermissions{}
	for _, d := range from {
		out = append(out, types.PrincipalPermissions{Principal: principal(d.Principal), Permissions: permissions(d.Permissions)})
	}
	return out
}

func permissions(p governance.Permissions) []types.Permission {
	out := []types.Permission{}
	for _, n := range p.Names() {
		out = append(out, types.Permission(n))
	}
	return out
}

// PutDataLakeSettings replaces the settings: what is not given is empty from then on.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_PutDataLakeSettings.html
func (s *Service) PutDataLakeSettings(ctx context.Context, in *lakeformation.PutDataLakeSettingsInput) (*lakeformation.PutDataLakeSettingsOutput, error) {
	account, err := own(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	n := in.DataLakeSettings
	return done(&lakeformation.PutDataLakeSettingsOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		before, err := s.settings(ctx, tx, account)
		if err != nil {
			return err
		}
		g := governance.Settings{Parameters: maps.Clone(before.Parameters), TrustedOwners: n.TrustedResourceOwners,
			ExternalFiltering: aws.ToBool(n.AllowExternalDataFiltering), FullTableAccess: aws.ToBool(n.AllowFullTableExternalDataAccess),
			AuthorizedSessionTagValues: n.AuthorizedSessionTagValueList, CreateDatabaseIsNotForIAM: before.CreateDatabaseIsNotForIAM}
		if g.Admins, err = s.administrators(tx, account, n.DataLakeAdmins); err != nil {
			return err
		}
		if g.ReadOnlyAdmins, err = s.administrators(tx, account, n.ReadOnlyAdmins); err != nil {
			return err
		}
		if g.DatabaseDefaults, err = s.defaultsOf(ctx, tx, governance.Database, n.CreateDatabaseDefaultPermissions); err != nil {
			return err
		}
		if g.TableDefaults, err = s.defaultsOf(ctx, tx, governance.Table, n.CreateTableDefaultPermissions); err != nil {
			return err
		}
		for _, p := range n.ExternalDataFilteringAllowList {
			id := aws.ToString(p.DataLakePrincipalIdentifier)
			if governance.AccountOf(id) != id {
				return invalid("Invalid principal, %s", id)
			}
			g.ExternalFilteringAllowList = append(g.ExternalFilteringAllowList, id)
		}
		for k, v := range n.Parameters {
			if k == "CROSS_ACCOUNT_VERSION" && (len(v) != 1 || v < "1" || v > "5") {
				return invalid("The value %s of CROSS_ACCOUNT_VERSION is not valid.", v)
			}
			g.Parameters[k] = v
		}
		return s.Ledger.Settings.Put(tx, governance.SettingsKey(account, wire.CallOf(ctx).Region), g)
	}))
}

// settings reads an account's settings in the transaction.
func (s *Service) settings(ctx context.Context, tx *store.Tx, account string) (governance.Settings, error) {
	g, err := s.Ledger.Settings.Get(tx, governance.SettingsKey(account, wire.CallOf(ctx).Region))
	if absent(err, nil) == nil && err != nil {
		return governance.FirstSettings(), nil
	}
	return g, err
}

// administrators are users and roles of the account.
func (s *Service) administrators(tx *store.Tx, account string, given []types.DataLakePrincipal) (out []string, err error) {
	if len(given) > maxAdmins {
		return nil, invalid("There are more than %d data lake administrators.", maxAdmins)
	}
	for _, p := range given {
		id := aws.ToString(p.DataLakePrincipalIdentifier)
		bad := invalid("Invalid principal, %s", id)
		if governance.AccountOf(id) != account || id == account || id == account+everyone {
			return nil, bad
		}
		if err := s.identityIs(tx, account, id, true, bad); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

func (s *Service) defaultsOf(ctx context.Context, tx *store.Tx, k governance.Kind, given []types.PrincipalPermissions) ([]governance.Default, error) {
	var out []governance.Default
	for _, d := range given {
		who, err := s.principalOf(ctx, tx, d.Principal)
		if err != nil {
			return nil, err
		}
		p, err := governance.ParsePermissions(d.Permissions)
		if err != nil || p&^k.Grantable() != 0 {
			return nil, invalid("Permissions modification is invalid.")
		}
		out = append(out, governance.Default{Principal: who, Permissions: p})
	}
	return out, nil
}
