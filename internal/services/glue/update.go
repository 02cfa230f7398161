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
	t, a, err := s.table(ctx, named, governance.Alter)
	if err != nil {
		return nil, err
	}
	if t.TargetTable != nil {
		return nil, invalid("A link to a table cannot be updated through a link to its database.")
	}
	if err := s.allowMove(ctx, t, in.TableInput); err != nil {
		return nil, err
	}
	v, err := s.updatedView(ctx, t, a, in)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error { return s.update(ctx, tx, t, v, in) })
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

// update writes the new version with its view's definition, when the table is still the one that was looked at; of a view, as
// it was looked at.
func (s *Service) update(ctx context.Context, tx *store.Tx, was catalog.Table, v *types.ViewDefinition, in *glue.UpdateTableInput) error {
	call, r, id := wire.CallOf(ctx), was.Resource(), was.ID
	k := catalog.Key(call.Region, r)
	old, err := s.Catalog.Table(tx, call.Region, r)
	if err != nil {
		return absent(err, missing(r))
	}
	if old.ID != id || v != nil && old.LastVersion != was.LastVersion || in.VersionId != nil && *in.VersionId != aws.ToString(old.VersionId) {
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
	if t.ViewDefinition = v; v != nil {
		t.TableType = old.TableType
	}
	if err := s.Catalog.Tables.Put(tx, k, t); err != nil {
		return err
	}
	return s.tableChanged(ctx, tx, r)
}

func (s *Service) updateTableTargets(ctx context.Context, in *glue.UpdateTableInput) ([]wire.Target, error) {
	named := tableOf(ctx, in.CatalogId, in.DatabaseName, updatedName(in))
	out, err := s.on(ctx, named)
	if err != nil || in.TableInput == nil || in.TableInput.ViewDefinition == nil {
		return out, err
	}
	old, err := s.keptView(ctx, named)
	return append(out, onDefiner(ctx, in.TableInput.ViewDefinition, old)...), err
}
