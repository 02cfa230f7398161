package glue

import (
	"context"
	"strconv"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// UpdateTable gives a table another definition. With VersionId it does so only when the table still has that version: of two that
// change the same version one fails with ConcurrentModificationException. The version before is kept unless SkipArchive is set.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
func (s *Service) UpdateTable(ctx context.Context, in *glue.UpdateTableInput) (*glue.UpdateTableOutput, error) {
	if in.UpdateOpenTableFormatInput != nil {
		return nil, wire.Errorf(400, "NotImplementedException", "UpdateOpenTableFormatInput is not implemented by Atelier: commit Iceberg tables by metadata_location.")
	}
	if in.TableInput == nil {
		return nil, invalid("TableInput is required.")
	}
	named := tableOf(ctx, in.CatalogId, in.DatabaseName, updatedName(in))
	t, _, err := s.table(ctx, named, governance.Alter)
	if err != nil {
		return nil, err
	}
	if t.TargetTable != nil {
		return nil, invalid("A link to a table cannot be updated through a link to its database.")
	}
	if err := s.allowMove(ctx, t, in.TableInput); err != nil {
		return nil, err
	}
	r := t.Resource()
	err = s.Store.Update(ctx, func(tx *store.Tx) error { return s.update(ctx, tx, r, t.ID, in) })
	if err != nil {
		return nil, err
	}
	return &glue.UpdateTableOutput{}, nil
}

// updatedName is the name of the table to be updated.
func updatedName(in *glue.UpdateTableInput) *string {
	if in.TableInput != nil {
		return in.TableInput.Name
	}
	return in.Name
}

// allowMove asks for the right to data elsewhere.
func (s *Service) allowMove(ctx context.Context, t catalog.Table, in *types.TableInput) error {
	if in.StorageDescriptor == nil || t.StorageDescriptor != nil && aws.ToString(t.StorageDescriptor.Location) == aws.ToString(in.StorageDescriptor.Location) {
		return nil
	}
	var d catalog.Database
	r := t.Resource()
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.Catalog.Database(tx, wire.CallOf(ctx).Region, r)
		return absent(err, missing(r))
	})
	if err != nil {
		return err
	}
	within, _ := governance.PathOf(aws.ToString(d.LocationUri))
	return s.requireLocation(ctx, r.Account(), in.StorageDescriptor.Location, within)
}

// update writes the new version, when the table is still the one that was looked at.
func (s *Service) update(ctx context.Context, tx *store.Tx, r governance.Resource, id string, in *glue.UpdateTableInput) error {
	call := wire.CallOf(ctx)
	k := catalog.Key(call.Region, r)
	old, err := s.Catalog.Table(tx, call.Region, r)
	if err != nil {
		return absent(err, missing(r))
	}
	if old.ID != id || in.VersionId != nil && *in.VersionId != aws.ToString(old.VersionId) {
		return changedMeanwhile("Update table")
	}
	if !aws.ToBool(in.SkipArchive) {
		if err := s.Catalog.Versions.Put(tx, catalog.VersionKey(k, id, old.LastVersion), catalog.Version{Table: old.Table}); err != nil {
			return err
		}
	}
	t := catalog.Table{ID: id, LastVersion: old.LastVersion + 1, Table: fromInput(in.TableInput, r)}
	t.CreatedBy, t.CreateTime, t.UpdateTime, t.TargetTable = old.CreatedBy, old.CreateTime, aws.Time(call.Time), nil
	t.VersionId = aws.String(strconv.Itoa(t.LastVersion))
	if t.ViewDefinition == nil && in.ViewUpdateAction == "" {
		t.ViewDefinition = old.ViewDefinition
	}
	if err := s.Catalog.Tables.Put(tx, k, t); err != nil {
		return err
	}
	return s.tableChanged(ctx, tx, r)
}

func (s *Service) updateTableTargets(ctx context.Context, in *glue.UpdateTableInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, updatedName(in)))
}
