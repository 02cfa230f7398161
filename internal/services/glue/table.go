package glue

import (
	"context"
	"errors"
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

// table reads a table that the caller may do p with, or the one that a link leads to.
func (s *Service) table(ctx context.Context, r governance.Resource, p governance.Permissions) (catalog.Table, governance.Access, error) {
	return s.tableAt(ctx, r, p, true)
}

// namedTable is table for the link itself, when a link to a table is named.
func (s *Service) namedTable(ctx context.Context, r governance.Resource, p governance.Permissions) (catalog.Table, governance.Access, error) {
	return s.tableAt(ctx, r, p, false)
}

func (s *Service) tableAt(ctx context.Context, r governance.Resource, p governance.Permissions, last bool) (catalog.Table, governance.Access, error) {
	var t catalog.Table
	at, err := s.follow(ctx, r, last)
	if err == nil {
		err = s.throughLinks(ctx, at)
	}
	if err != nil {
		return t, governance.Access{}, err
	}
	r = at.Resource
	region := wire.CallOf(ctx).Region
	a, err := s.access(ctx, r)
	if err != nil {
		return t, a, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.Catalog.Table(tx, region, r)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = s.unknown(ctx, r, p)
	case err == nil && !a.May(p):
		return catalog.Table{}, a, insufficient(p, r)
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
	hideView(ctx, &out, a)
	return &out, nil
}

// CreateTable makes a table, a view, or a link to a table. In a database that is a link it makes the table in the target.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateTable.html
func (s *Service) CreateTable(ctx context.Context, in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	call := wire.CallOf(ctx)
	if in.OpenTableFormatInput != nil {
		return nil, wire.Errorf(400, "NotImplementedException", "OpenTableFormatInput is not implemented by Atelier: create Iceberg tables by metadata_location.")
	}
	if in.TableInput == nil {
		return nil, invalid("TableInput is required.")
	}
	named := databaseOf(ctx, in.CatalogId, in.DatabaseName)
	d, _, err := s.database(ctx, named, governance.CreateTable)
	if err != nil {
		return nil, err
	}
	within := d.Resource()
	r := within
	r.Kind, r.Table = governance.Table, fold(in.TableInput.Name)
	target, err := linkedTable(ctx, in.TableInput.TargetTable)
	if err != nil {
		return nil, err
	}
	if target != nil && within.Key() != named.Key() {
		return nil, invalid("A link to a table cannot be made in a database that is a link.")
	}
	if sd := in.TableInput.StorageDescriptor; sd != nil {
		path, _ := governance.PathOf(aws.ToString(d.LocationUri))
		if err := s.requireLocation(ctx, r.Account(), sd.Location, path); err != nil {
			return nil, err
		}
	}
	defaults, err := tableDefaults(d)
	if err != nil {
		return nil, err
	}
	t := catalog.Table{ID: uuid.NewString(), Table: fromInput(in.TableInput, r)}
	t.TargetTable = target
	t.CreatedBy, t.CreateTime, t.UpdateTime = aws.String(call.Principal.ARN), aws.Time(call.Time), aws.Time(call.Time)
	t.VersionId = aws.String("0")
	if in.TableInput.ViewDefinition != nil {
		if t.ViewDefinition.Definer = aws.String(definer(ctx, in.TableInput.ViewDefinition, nil)); target != nil {
			return nil, invalid("A link to a table has no ViewDefinition.")
		}
		if err := s.checkView(ctx, t.ViewDefinition, within); err != nil {
			return nil, err
		}
		t.TableType, defaults = aws.String(virtualView), nil
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.Catalog.Database(tx, call.Region, r); err != nil { // it may have been dropped since
			return absent(err, missing(within))
		}
		if err := taken(s.Catalog.Tables.Insert(tx, catalog.Key(call.Region, r), t), exists("Table already exists.")); err != nil {
			return err
		}
		for _, i := range in.PartitionIndexes {
			if err := s.addIndex(tx, call.Region, t, i, types.PartitionIndexStatusActive); err != nil {
				return err
			}
		}
		if err := s.Ledger.Created(tx, governance.PrincipalARN(call.Principal), call.Region, r, defaults); err != nil {
			return err
		}
		return s.databaseChanged(ctx, tx, within, r.Table)
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
	out, err := s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, name))
	if in.TableInput != nil {
		out = append(out, onDefiner(ctx, in.TableInput.ViewDefinition, nil)...)
	}
	return out, err
}

// fromInput is the table that an input describes.
func fromInput(in *types.TableInput, r governance.Resource) types.Table {
	return types.Table{Name: aws.String(r.Table), DatabaseName: aws.String(r.Database), CatalogId: aws.String(r.Catalog),
		Description: in.Description, LastAccessTime: in.LastAccessTime, LastAnalyzedTime: in.LastAnalyzedTime, Owner: in.Owner,
		Parameters: in.Parameters, PartitionKeys: in.PartitionKeys, Retention: in.Retention, StorageDescriptor: in.StorageDescriptor,
		TableType: in.TableType, TargetTable: in.TargetTable, ViewExpandedText: in.ViewExpandedText, ViewOriginalText: in.ViewOriginalText,
		FederatedTable: in.FederatedTable, ViewDefinition: view(in.ViewDefinition)}
}

// view is a definition as an answer shows it.
func view(in *types.ViewDefinitionInput) *types.ViewDefinition {
	if in == nil {
		return nil
	}
	out := &types.ViewDefinition{Definer: in.Definer, IsManaged: in.IsManaged, IsProtected: in.IsProtected, LastRefreshType: in.LastRefreshType,
		RefreshSeconds: in.RefreshSeconds, SparkPipelineInfo: in.SparkPipelineInfo, SubObjectVersionIds: in.SubObjectVersionIds, SubObjects: in.SubObjects,
		SubObjectsStatistics: in.SubObjectsStatistics, ViewVersionId: in.ViewVersionId, ViewVersionToken: in.ViewVersionToken}
	for _, r := range in.Representations {
		out.Representations = append(out.Representations, types.ViewRepresentation{Dialect: r.Dialect, DialectVersion: r.DialectVersion,
			ValidationConnection: r.ValidationConnection, ViewExpandedText: r.ViewExpandedText, ViewOriginalText: r.ViewOriginalText})
	}
	return out
}

// GetTable describes a table, with the columns that the caller may see; of a link, its target when the caller may see that.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
func (s *Service) GetTable(ctx context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	named := tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name)
	t, a, err := s.namedTable(ctx, named, governance.Describe)
	if err != nil {
		return nil, err
	}
	show := s.show // through a link to a database no further link is followed
	if t.Resource().Key() == named.Key() {
		show = s.showLinked
	}
	shown, err := show(ctx, t, a)
	return &glue.GetTableOutput{Table: only(shown, in.AttributesToGet)}, err
}

func (s *Service) getTableTargets(ctx context.Context, in *glue.GetTableInput) ([]wire.Target, error) {
	return s.onNamed(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name))
}
