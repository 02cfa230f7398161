package glue

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

// table reads a table that the caller may do p with.
func (s *Service) table(ctx context.Context, r governance.Resource, p governance.Permissions) (catalog.Table, governance.Access, error) {
	var t catalog.Table
	region := wire.CallOf(ctx).Region
	a, err := s.access(ctx, r)
	if err != nil {
		return t, a, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.Catalog.Table(tx, region, r)
		return absent(err, missing(r))
	})
	if err == nil && !a.May(p) {
		return catalog.Table{}, a, insufficient(p, r)
	}
	if err != nil && !a.May(p) {
		// Of a table that is not there only those are told who may see what is in the database.
		in := r
		in.Kind, in.Table = governance.Database, ""
		if d, failed := s.access(ctx, in); failed != nil || !d.Any() {
			return t, a, insufficient(p, r)
		}
	}
	return t, a, err
}

// show is a table as the caller may see it. Partition keys are not cut: Lake Formation has no column filters on them.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filters-notes.html
func (s *Service) show(ctx context.Context, t catalog.Table, a governance.Access) (*types.Table, error) {
	out := t.Table
	if out.StorageDescriptor != nil {
		d := *out.StorageDescriptor
		d.Columns = slices.DeleteFunc(slices.Clone(d.Columns), func(c types.Column) bool { return !a.ByIAM && !a.Sees(aws.ToString(c.Name)) })
		out.StorageDescriptor = &d
	}
	if path := t.Location(); path != "" {
		_, ok, err := s.Ledger.LocationOf(ctx, t.Resource().Account(), wire.CallOf(ctx).Region, path)
		if err != nil {
			return nil, err
		}
		out.IsRegisteredWithLakeFormation = ok
	}
	return &out, nil
}

// CreateTable makes a table, a view, or a link to a table.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
func (s *Service) CreateTable(ctx context.Context, in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	call := wire.CallOf(ctx)
	if in.TableInput == nil {
		return nil, invalid("TableInput is required.")
	}
	r := tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableInput.Name)
	d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), governance.CreateTable)
	if err != nil {
		return nil, err
	}
	if sd := in.TableInput.StorageDescriptor; sd != nil {
		within, _ := governance.PathOf(aws.ToString(d.LocationUri))
		if err := s.requireLocation(ctx, r.Account(), sd.Location, within); err != nil {
			return nil, err
		}
	}
	defaults, err := tableDefaults(d)
	if err != nil {
		return nil, err
	}
	t := catalog.Table{ID: uuid.NewString(), Table: fromInput(in.TableInput, r)}
	t.CreatedBy, t.CreateTime, t.UpdateTime = aws.String(call.Principal.ARN), aws.Time(call.Time), aws.Time(call.Time)
	t.VersionId = aws.String("0")
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.Catalog.Database(tx, call.Region, r); err != nil { // it may have been dropped since
			return absent(err, missing(d.Resource()))
		}
		if err := taken(s.Catalog.Tables.Insert(tx, catalog.Key(call.Region, r), t), exists("Table already exists.")); err != nil {
			return err
		}
		return s.Ledger.Created(tx, governance.PrincipalARN(call.Principal), call.Region, r, defaults)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateTableOutput{}, nil
}

func (s *Service) createTableTargets(ctx context.Context, in *glue.CreateTableInput) ([]wire.Target, error) {
	name := in.Name
	if in.TableInput != nil {
		name = in.TableInput.Name
	}
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, name))
}

// fromInput is the table that an input describes.
func fromInput(in *types.TableInput, r governance.Resource) types.Table {
	return types.Table{Name: aws.String(r.Table), DatabaseName: aws.String(r.Database), CatalogId: aws.String(r.Catalog),
		Description: in.Description, LastAccessTime: in.LastAccessTime, LastAnalyzedTime: in.LastAnalyzedTime, Owner: in.Owner,
		Parameters: in.Parameters, PartitionKeys: in.PartitionKeys, Retention: in.Retention, StorageDescriptor: in.StorageDescriptor,
		TableType: in.TableType, TargetTable: in.TargetTable, ViewExpandedText: in.ViewExpandedText, ViewOriginalText: in.ViewOriginalText,
		FederatedTable: in.FederatedTable}
}

// GetTable describes a table, with the columns that the caller may see.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
func (s *Service) GetTable(ctx context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name), governance.Describe)
	if err != nil {
		return nil, err
	}
	shown, err := s.show(ctx, t, a)
	return &glue.GetTableOutput{Table: shown}, err
}

func (s *Service) getTableTargets(ctx context.Context, in *glue.GetTableInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name))
}
