package glue

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// catalogKey is where a catalog within an account is kept.
func catalogKey(region string, r governance.Resource) store.Key {
	_, name, _ := strings.Cut(r.Catalog, ":")
	return store.Key{Account: r.Account(), Region: region, ID: name}
}

// readCatalog reads a catalog. The one that every account begins with is always there.
func (s *Service) readCatalog(tx *store.Tx, region string, r governance.Resource) (types.Catalog, error) {
	if r.Catalog == r.Account() {
		return types.Catalog{CatalogId: aws.String(r.Catalog), Name: aws.String(r.Catalog), ResourceArn: aws.String(r.ARN(region))}, nil
	}
	c, err := s.Catalog.Catalogs.Get(tx, catalogKey(region, r))
	return c.Catalog, err
}

// hasCatalog checks that the catalog is there in which something is to be made.
func (s *Service) hasCatalog(tx *store.Tx, region string, r governance.Resource) error {
	in := above(r)[0]
	_, err := s.readCatalog(tx, region, in)
	return absent(err, missing(in))
}

// native refuses the kinds of catalogs that stand for data elsewhere.
func native(in *types.CatalogInput) error {
	switch {
	case in.FederatedCatalog != nil:
		return invalid("FederatedCatalog is not supported by Atelier: make a catalog without it.")
	case in.TargetRedshiftCatalog != nil:
		return invalid("TargetRedshiftCatalog is not supported by Atelier: make a catalog without it.")
	case in.CatalogProperties != nil && in.CatalogProperties.DataLakeAccessProperties != nil && aws.ToString(in.CatalogProperties.DataLakeAccessProperties.CatalogType) != "":
		return invalid("CatalogType %s is not supported by Atelier: make a catalog without it.", *in.CatalogProperties.DataLakeAccessProperties.CatalogType)
	}
	return nil
}

// describe gives a catalog what an input says.
func describe(c *types.Catalog, in *types.CatalogInput, now time.Time) {
	c.AllowFullTableExternalDataAccess, c.Description, c.Parameters = in.AllowFullTableExternalDataAccess, in.Description, in.Parameters
	c.CreateDatabaseDefaultPermissions, c.CreateTableDefaultPermissions = in.CreateDatabaseDefaultPermissions, in.CreateTableDefaultPermissions
	c.CatalogProperties, c.UpdateTime = nil, aws.Time(now)
	p := in.CatalogProperties
	if p == nil {
		return
	}
	c.CatalogProperties = &types.CatalogPropertiesOutput{CustomProperties: p.CustomProperties}
	if d := p.DataLakeAccessProperties; d != nil {
		c.CatalogProperties.DataLakeAccessProperties = &types.DataLakeAccessPropertiesOutput{DataLakeAccess: d.DataLakeAccess, DataTransferRole: d.DataTransferRole,
			KmsKey: d.KmsKey, CatalogType: d.CatalogType}
	}
	if i := p.IcebergOptimizationProperties; i != nil {
		c.CatalogProperties.IcebergOptimizationProperties = &types.IcebergOptimizationPropertiesOutput{Compaction: i.Compaction,
			OrphanFileDeletion: i.OrphanFileDeletion, Retention: i.Retention, RoleArn: i.RoleArn, LastUpdatedTime: aws.Time(now)}
	}
}

// CreateCatalog makes a catalog within the caller's account.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCatalog.html
func (s *Service) CreateCatalog(ctx context.Context, in *glue.CreateCatalogInput) (*glue.CreateCatalogOutput, error) {
	call := wire.CallOf(ctx)
	name := fold(in.Name)
	if twelveDigits(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune(":/\\.", r) }) {
		return nil, invalid("%s cannot be the name of a catalog.", name)
	}
	if err := native(in.CatalogInput); err != nil {
		return nil, err
	}
	root := catalogOf(ctx, nil)
	if _, err := s.require(ctx, root, governance.CreateCatalog); err != nil {
		return nil, err
	}
	r := catalogOf(ctx, aws.String(root.Catalog+":"+name))
	c := catalog.Catalog{Catalog: types.Catalog{CatalogId: aws.String(r.Catalog), Name: aws.String(name), ResourceArn: aws.String(r.ARN(call.Region)),
		CreateTime: aws.Time(call.Time)}}
	describe(&c.Catalog, in.CatalogInput, call.Time)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := taken(s.Catalog.Catalogs.Insert(tx, catalogKey(call.Region, r), c), exists("Catalog %s already exists.", name)); err != nil {
			return err
		}
		if err := s.tagNew(tx, *c.ResourceArn, in.Tags); err != nil {
			return err
		}
		return s.Ledger.Created(tx, governance.PrincipalARN(call.Principal), call.Region, r, nil)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateCatalogOutput{}, nil
}

func (s *Service) createCatalogTargets(ctx context.Context, in *glue.CreateCatalogInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, nil), catalogOf(ctx, aws.String(wire.CallOf(ctx).Account()+":"+fold(in.Name))))
}

// catalogFor reads a catalog that the caller may do p with.
func (s *Service) catalogFor(ctx context.Context, r governance.Resource, p governance.Permissions) (types.Catalog, error) {
	a, err := s.access(ctx, r)
	if err != nil {
		return types.Catalog{}, err
	}
	var c types.Catalog
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.readCatalog(tx, wire.CallOf(ctx).Region, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return c, missing(r)
	}
	if err == nil && p != 0 && !a.May(p) {
		err = insufficient(p, r)
	}
	return c, err
}

// GetCatalog describes a catalog.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetCatalog.html
func (s *Service) GetCatalog(ctx context.Context, in *glue.GetCatalogInput) (*glue.GetCatalogOutput, error) {
	c, err := s.catalogFor(ctx, catalogOf(ctx, in.CatalogId), 0)
	if err != nil {
		return nil, err
	}
	return &glue.GetCatalogOutput{Catalog: &c}, nil
}

func (s *Service) getCatalogTargets(ctx context.Context, in *glue.GetCatalogInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}

// GetCatalogs lists the catalogs within a catalog that the caller may know of; the account's own with IncludeRoot. Catalogs lie in
// the account's own alone, so that Recursive changes nothing, and every one of them may have databases.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetCatalogs.html
func (s *Service) GetCatalogs(ctx context.Context, in *glue.GetCatalogsInput) (*glue.GetCatalogsOutput, error) {
	parent := catalogOf(ctx, in.ParentCatalogId)
	region := wire.CallOf(ctx).Region
	if in.ParentCatalogId != nil && in.IncludeRoot != nil {
		return nil, invalid("IncludeRoot cannot be set together with ParentCatalogId.")
	}
	if _, err := s.catalogFor(ctx, parent, 0); err != nil {
		return nil, err
	}
	list, token, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[types.Catalog], err error) {
		if parent.Catalog != parent.Account() {
			return nil, nil
		}
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			if after == "" && aws.ToBool(in.IncludeRoot) {
				root, err := s.readCatalog(tx, region, parent)
				out = append(out, entry[types.Catalog]{"\x01", root})
				if err != nil {
					return err
				}
			}
			rows, err := s.Catalog.Catalogs.List(tx, store.Range{Account: parent.Account(), Region: region, After: after, Limit: batch})
			for _, row := range rows {
				out = append(out, entry[types.Catalog]{row.Key.ID, row.Value.Catalog})
			}
			return err
		})
		return out, err
	}, func(c types.Catalog) (*types.Catalog, error) {
		if _, ok, err := s.sees(ctx, catalogOf(ctx, c.CatalogId), 0); err != nil || !ok {
			return nil, err
		}
		return &c, nil
	})
	return &glue.GetCatalogsOutput{CatalogList: list, NextToken: token}, err
}

func (s *Service) getCatalogsTargets(ctx context.Context, in *glue.GetCatalogsInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.ParentCatalogId))
}

// UpdateCatalog changes what a catalog says of itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCatalog.html
func (s *Service) UpdateCatalog(ctx context.Context, in *glue.UpdateCatalogInput) (*glue.UpdateCatalogOutput, error) {
	r := catalogOf(ctx, in.CatalogId)
	if r.Catalog == r.Account() {
		return nil, invalid("The account's own catalog cannot be updated.")
	}
	if _, err := s.catalogFor(ctx, r, governance.Alter); err != nil {
		return nil, err
	}
	if err := native(in.CatalogInput); err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.Catalog.Catalogs.Get(tx, catalogKey(call.Region, r))
		if err != nil {
			return absent(err, missing(r))
		}
		describe(&c.Catalog, in.CatalogInput, call.Time)
		return s.Catalog.Catalogs.Put(tx, catalogKey(call.Region, r), c)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateCatalogOutput{}, nil
}

func (s *Service) updateCatalogTargets(ctx context.Context, in *glue.UpdateCatalogInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}

// DeleteCatalog removes a catalog with all that is in it.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteCatalog.html
func (s *Service) DeleteCatalog(ctx context.Context, in *glue.DeleteCatalogInput) (*glue.DeleteCatalogOutput, error) {
	r := catalogOf(ctx, in.CatalogId)
	if r.Catalog == r.Account() {
		return nil, invalid("The account's own catalog cannot be deleted.")
	}
	if _, err := s.catalogFor(ctx, r, governance.Drop); err != nil {
		return nil, err
	}
	region := wire.CallOf(ctx).Region
	for gone := false; !gone; {
		err := s.Store.Update(ctx, func(tx *store.Tx) error {
			databases, err := s.ownDatabases(ctx, tx, r, "")
			if err != nil {
				return err
			}
			if gone = len(databases) == 0; gone {
				if err := s.untagAll(tx, r.ARN(region)); err != nil {
					return err
				}
				return absent(s.Catalog.Catalogs.Delete(tx, catalogKey(region, r)), missing(r))
			}
			d := databases[0].value.Resource()
			empty, err := s.empty(ctx, tx, d)
			if err != nil || !empty {
				return err
			}
			return s.Ledger.Dropped(ctx, tx, region, d)
		})
		if err != nil {
			return nil, err
		}
	}
	return &glue.DeleteCatalogOutput{}, nil
}

func (s *Service) deleteCatalogTargets(ctx context.Context, in *glue.DeleteCatalogInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}
