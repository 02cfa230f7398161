package glue

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// database reads a database that the caller may do p with. Whether one is there that the caller may not see is not told.
func (s *Service) database(ctx context.Context, r governance.Resource, p governance.Permissions) (catalog.Database, governance.Access, error) {
	var d catalog.Database
	a, err := s.require(ctx, r, p)
	if err != nil {
		return d, a, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.Catalog.Database(tx, wire.CallOf(ctx).Region, r)
		return absent(err, missing(r))
	})
	return d, a, err
}

// CreateDatabase makes a database, or a link to one.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateDatabase.html
func (s *Service) CreateDatabase(ctx context.Context, in *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error) {
	call := wire.CallOf(ctx)
	r := databaseOf(ctx, in.CatalogId, in.DatabaseInput.Name)
	if _, err := s.require(ctx, catalogOf(ctx, in.CatalogId), governance.CreateDatabase); err != nil {
		return nil, err
	}
	if err := s.requireLocation(ctx, r.Account(), in.DatabaseInput.LocationUri, ""); err != nil {
		return nil, err
	}
	settings, err := s.Ledger.SettingsOf(ctx, r.Account(), call.Region)
	if err != nil {
		return nil, err
	}
	d := catalog.Database{Creator: governance.PrincipalARN(call.Principal), Database: types.Database{Name: aws.String(r.Database),
		CatalogId: aws.String(r.Catalog), CreateTime: aws.Time(call.Time), CreateTableDefaultPermissions: in.DatabaseInput.CreateTableDefaultPermissions,
		Description: in.DatabaseInput.Description, FederatedDatabase: in.DatabaseInput.FederatedDatabase, LocationUri: in.DatabaseInput.LocationUri,
		Parameters: in.DatabaseInput.Parameters, TargetDatabase: in.DatabaseInput.TargetDatabase}}
	if d.CreateTableDefaultPermissions == nil {
		d.CreateTableDefaultPermissions = defaultPermissions(settings.TableDefaults)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := taken(s.Catalog.Databases.Insert(tx, catalog.Key(call.Region, r), d), exists("Database already exists.")); err != nil {
			return err
		}
		return s.Ledger.Created(tx, d.Creator, call.Region, r, settings.DatabaseDefaults)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateDatabaseOutput{}, nil
}

func (s *Service) createDatabaseTargets(ctx context.Context, in *glue.CreateDatabaseInput) ([]wire.Target, error) {
	return s.on(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseInput.Name))
}

func defaultPermissions(list []governance.Default) []types.PrincipalPermissions {
	out := []types.PrincipalPermissions{}
	for _, d := range list {
		p := types.PrincipalPermissions{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(d.Principal)}}
		for _, name := range d.Permissions.Names() {
			p.Permissions = append(p.Permissions, types.Permission(name))
		}
		out = append(out, p)
	}
	return out
}

// tableDefaults are the grants that a new table of the database begins with.
func tableDefaults(d catalog.Database) ([]governance.Default, error) {
	var out []governance.Default
	for _, p := range d.CreateTableDefaultPermissions {
		permissions, err := governance.ParsePermissions(p.Permissions)
		if err != nil {
			return nil, invalid("%v", err)
		}
		if p.Principal != nil && permissions != 0 {
			out = append(out, governance.Default{Principal: aws.ToString(p.Principal.DataLakePrincipalIdentifier), Permissions: permissions})
		}
	}
	return out, nil
}

// GetDatabase describes a database.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabase.html
func (s *Service) GetDatabase(ctx context.Context, in *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.Name), governance.Describe)
	if err != nil {
		return nil, err
	}
	return &glue.GetDatabaseOutput{Database: &d.Database}, nil
}

func (s *Service) getDatabaseTargets(ctx context.Context, in *glue.GetDatabaseInput) ([]wire.Target, error) {
	return s.on(ctx, databaseOf(ctx, in.CatalogId, in.Name))
}

// DeleteDatabase removes a database with all that is in it.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteDatabase.html
func (s *Service) DeleteDatabase(ctx context.Context, in *glue.DeleteDatabaseInput) (*glue.DeleteDatabaseOutput, error) {
	region := wire.CallOf(ctx).Region
	r := databaseOf(ctx, in.CatalogId, in.Name)
	if _, err := s.require(ctx, r, governance.Drop); err != nil {
		return nil, err
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := absent(s.Catalog.Databases.Delete(tx, catalog.Key(region, r)), missing(r)); err != nil {
			return err
		}
		tables, err := s.Catalog.Tables.List(tx, catalog.Within(region, r))
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := s.Catalog.Tables.Delete(tx, t.Key); err != nil {
				return err
			}
		}
		return s.Ledger.Dropped(ctx, tx, region, r)
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteDatabaseOutput{}, nil
}

func (s *Service) deleteDatabaseTargets(ctx context.Context, in *glue.DeleteDatabaseInput) ([]wire.Target, error) {
	return s.on(ctx, databaseOf(ctx, in.CatalogId, in.Name))
}
