package glue

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// database reads a database that the caller may do p with, or the one that a link leads to. Whether one is there that the caller
// may not see is not told.
func (s *Service) database(ctx context.Context, r governance.Resource, p governance.Permissions) (catalog.Database, governance.Access, error) {
	at, err := s.follow(ctx, r, true)
	if err == nil {
		err = s.throughLinks(ctx, at)
	}
	if err != nil {
		return catalog.Database{}, governance.Access{}, err
	}
	return s.namedDatabase(ctx, at.Resource, p)
}

// namedDatabase is database for the link itself, when a link is named.
func (s *Service) namedDatabase(ctx context.Context, r governance.Resource, p governance.Permissions) (catalog.Database, governance.Access, error) {
	var d catalog.Database
	a, err := s.access(ctx, r)
	if err != nil {
		return d, a, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.Catalog.Database(tx, wire.CallOf(ctx).Region, r)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = s.unknown(ctx, r, p)
	case err == nil && !a.May(p):
		return catalog.Database{}, a, insufficient(p, r)
	}
	return d, a, err
}

// unknown is what is said of a resource that is not there: who may see what it would lie in is told so, others only that they
// may not do p.
func (s *Service) unknown(ctx context.Context, r governance.Resource, p governance.Permissions) error {
	gone, in := r, above(r)
	in = in[:len(in)-1]
	if r.Kind == governance.Table {
		err := s.Store.View(ctx, func(tx *store.Tx) error {
			_, err := s.Catalog.Database(tx, wire.CallOf(ctx).Region, r)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			gone, in, err = in[1], in[:1], nil
		}
		if err != nil {
			return err
		}
	}
	a, err := s.access(ctx, in[len(in)-1])
	if err != nil {
		return err
	}
	if a.Any() {
		return missing(gone)
	}
	return insufficient(p, r)
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
	target, err := linkedDatabase(ctx, in.DatabaseInput.TargetDatabase)
	if err != nil {
		return nil, err
	}
	settings, err := s.Ledger.SettingsOf(ctx, r.Account(), call.Region)
	if err != nil {
		return nil, err
	}
	d := catalog.Database{Creator: governance.PrincipalARN(call.Principal), Database: types.Database{Name: aws.String(r.Database),
		CatalogId: aws.String(r.Catalog), CreateTime: aws.Time(call.Time), CreateTableDefaultPermissions: in.DatabaseInput.CreateTableDefaultPermissions,
		Description: in.DatabaseInput.Description, FederatedDatabase: in.DatabaseInput.FederatedDatabase, LocationUri: in.DatabaseInput.LocationUri,
		Parameters: in.DatabaseInput.Parameters, TargetDatabase: target}}
	if d.CreateTableDefaultPermissions == nil {
		d.CreateTableDefaultPermissions = defaultPermissions(settings.TableDefaults)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.hasCatalog(tx, call.Region, r); err != nil {
			return err
		}
		if err := taken(s.Catalog.Databases.Insert(tx, catalog.Key(call.Region, r), d), exists("Database already exists.")); err != nil {
			return err
		}
		if err := s.Ledger.Created(tx, d.Creator, call.Region, r, settings.DatabaseDefaults); err != nil {
			return err
		}
		if err := s.tagNew(tx, r.ARN(call.Region), in.Tags); err != nil {
			return err
		}
		return s.databaseChanged(ctx, tx, r)
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

// GetDatabase describes a database; of a link, its target when the caller may see that.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabase.html
func (s *Service) GetDatabase(ctx context.Context, in *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	d, _, err := s.namedDatabase(ctx, databaseOf(ctx, in.CatalogId, in.Name), governance.Describe)
	if err != nil {
		return nil, err
	}
	shown, err := s.showDatabase(ctx, d)
	return &glue.GetDatabaseOutput{Database: shown}, err
}

func (s *Service) getDatabaseTargets(ctx context.Context, in *glue.GetDatabaseInput) ([]wire.Target, error) {
	return s.onNamed(ctx, databaseOf(ctx, in.CatalogId, in.Name))
}

// UpdateDatabase changes what a database says of itself; of a link, what the target says.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateDatabase.html
func (s *Service) UpdateDatabase(ctx context.Context, in *glue.UpdateDatabaseInput) (*glue.UpdateDatabaseOutput, error) {
	named := databaseOf(ctx, in.CatalogId, in.Name)
	d, _, err := s.database(ctx, named, governance.Alter)
	if err != nil {
		return nil, err
	}
	if name := fold(in.DatabaseInput.Name); name != named.Database && name != *d.Name {
		return nil, invalid("A database cannot be renamed: DatabaseInput names %s.", name)
	}
	r := d.Resource()
	if location := in.DatabaseInput.LocationUri; aws.ToString(location) != aws.ToString(d.LocationUri) {
		if err := s.requireLocation(ctx, r.Account(), location, ""); err != nil {
			return nil, err
		}
	}
	region := wire.CallOf(ctx).Region
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.Catalog.Database(tx, region, r)
		if err != nil {
			return absent(err, missing(r))
		}
		d.Description, d.LocationUri, d.Parameters = in.DatabaseInput.Description, in.DatabaseInput.LocationUri, in.DatabaseInput.Parameters
		if in.DatabaseInput.CreateTableDefaultPermissions != nil {
			d.CreateTableDefaultPermissions = in.DatabaseInput.CreateTableDefaultPermissions
			if _, err := tableDefaults(d); err != nil {
				return err
			}
		}
		if err := s.Catalog.Databases.Put(tx, catalog.Key(region, r), d); err != nil {
			return err
		}
		return s.databaseChanged(ctx, tx, r)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateDatabaseOutput{}, nil
}

func (s *Service) updateDatabaseTargets(ctx context.Context, in *glue.UpdateDatabaseInput) ([]wire.Target, error) {
	return s.on(ctx, databaseOf(ctx, in.CatalogId, in.Name))
}

// DeleteDatabase removes a database with all that is in it, or a link without its target. A database of many tables is emptied
// over several transactions before it goes.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteDatabase.html
func (s *Service) DeleteDatabase(ctx context.Context, in *glue.DeleteDatabaseInput) (*glue.DeleteDatabaseOutput, error) {
	r := databaseOf(ctx, in.CatalogId, in.Name)
	if _, _, err := s.namedDatabase(ctx, r, governance.Drop); err != nil {
		return nil, err
	}
	for gone := false; !gone; {
		err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
			gone, err = s.empty(ctx, tx, r)
			if err != nil || !gone {
				return err
			}
			if err := s.Ledger.Dropped(ctx, tx, wire.CallOf(ctx).Region, r); err != nil {
				return err
			}
			return s.databaseChanged(ctx, tx, r)
		})
		if err != nil {
			return nil, err
		}
	}
	return &glue.DeleteDatabaseOutput{}, nil
}

// empty removes the next tables of a database, and the database itself when these were the last.
func (s *Service) empty(ctx context.Context, tx *store.Tx, r governance.Resource) (gone bool, err error) {
	region := wire.CallOf(ctx).Region
	if _, err := s.Catalog.Database(tx, region, r); err != nil {
		return false, absent(err, missing(r))
	}
	within := catalog.Within(region, r)
	within.Limit = removed
	tables, err := s.Catalog.Tables.List(tx, within)
	if err != nil {
		return false, err
	}
	for _, t := range tables {
		if err := s.drop(ctx, tx, t.Value); err != nil {
			return false, err
		}
	}
	if len(tables) == removed {
		return false, nil
	}
	if err := s.untagAll(tx, r.ARN(region)); err != nil {
		return false, err
	}
	if _, err := s.Catalog.Functions.DeleteAll(tx, catalog.FunctionsOf(region, r)); err != nil {
		return false, err
	}
	return true, s.Catalog.Databases.Delete(tx, catalog.Key(region, r))
}

func (s *Service) deleteDatabaseTargets(ctx context.Context, in *glue.DeleteDatabaseInput) ([]wire.Target, error) {
	return s.onNamed(ctx, databaseOf(ctx, in.CatalogId, in.Name))
}
