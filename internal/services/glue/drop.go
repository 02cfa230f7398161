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
	"github.com/aws/smithy-go"
)

// DeleteTable removes a table, or a link without its target; in a database that is a link, a table of the target. Its
// versions and partitions are removed after it.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteTable.html
func (s *Service) DeleteTable(ctx context.Context, in *glue.DeleteTableInput) (*glue.DeleteTableOutput, error) {
	if err := s.deleteTable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name)); err != nil {
		return nil, err
	}
	return &glue.DeleteTableOutput{}, nil
}

func (s *Service) deleteTable(ctx context.Context, named governance.Resource) error {
	t, _, err := s.namedTable(ctx, named, governance.Drop)
	if err != nil {
		return err
	}
	r := t.Resource()
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.Catalog.Table(tx, wire.CallOf(ctx).Region, r)
		if err != nil {
			return absent(err, missing(r))
		}
		if now.ID != t.ID {
			return changedMeanwhile("Delete table")
		}
		if err := s.drop(ctx, tx, now); err != nil {
			return err
		}
		within := r
		within.Kind, within.Table = governance.Database, ""
		return s.databaseChanged(ctx, tx, within, r.Table)
	})
}

// drop removes a table with its grants.
func (s *Service) drop(ctx context.Context, tx *store.Tx, t catalog.Table) error {
	region := wire.CallOf(ctx).Region
	k := catalog.Key(region, t.Resource())
	if err := s.Catalog.Tables.Delete(tx, k); err != nil {
		return err
	}
	if t.TargetTable == nil {
		if err := s.removeLater(tx, k, t.ID); err != nil {
			return err
		}
	}
	return s.Ledger.Dropped(ctx, tx, region, t.Resource())
}

func (s *Service) deleteTableTargets(ctx context.Context, in *glue.DeleteTableInput) ([]wire.Target, error) {
	return s.onNamed(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name))
}

// BatchDeleteTable removes several tables of a database, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteTable.html
func (s *Service) BatchDeleteTable(ctx context.Context, in *glue.BatchDeleteTableInput) (*glue.BatchDeleteTableOutput, error) {
	out := &glue.BatchDeleteTableOutput{}
	for _, name := range in.TablesToDelete {
		if err := s.deleteTable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, &name)); err != nil {
			detail, err := failure(err)
			if err != nil {
				return nil, err
			}
			out.Errors = append(out.Errors, types.TableError{TableName: aws.String(name), ErrorDetail: detail})
		}
	}
	return out, nil
}

func (s *Service) batchDeleteTableTargets(ctx context.Context, in *glue.BatchDeleteTableInput) ([]wire.Target, error) {
	list := []governance.Resource{databaseOf(ctx, in.CatalogId, in.DatabaseName)}
	for _, name := range in.TablesToDelete {
		list = append(list, tableOf(ctx, in.CatalogId, in.DatabaseName, &name))
	}
	return s.onNamed(ctx, list...)
}

// failure is how a batch tells what one of its items failed of. What isn't the caller's to know fails the batch.
func failure(err error) (*types.ErrorDetail, error) {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return nil, err
	}
	return &types.ErrorDetail{ErrorCode: aws.String(e.ErrorCode()), ErrorMessage: aws.String(e.ErrorMessage())}, nil
}
