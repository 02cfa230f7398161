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

// versionNumber reads a version's id; -1 is none.
func versionNumber(id *string) int {
	n, err := strconv.Atoi(aws.ToString(id))
	if err != nil || n < 0 || strconv.Itoa(n) != *id {
		return -1
	}
	return n
}

func missingVersion(r governance.Resource, id *string) error {
	return notFound("Version %s of table %s not found.", aws.ToString(id), r.Table)
}

// showVersion is a version as the caller may see it.
func (s *Service) showVersion(ctx context.Context, t types.Table, a governance.Access) (*types.TableVersion, error) {
	shown, err := s.show(ctx, catalog.Table{Table: t}, a)
	return &types.TableVersion{Table: shown, VersionId: t.VersionId}, err
}

// GetTableVersion describes a version of a table, the last one when none is named.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTableVersion.html
func (s *Service) GetTableVersion(ctx context.Context, in *glue.GetTableVersionInput) (*glue.GetTableVersionOutput, error) {
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	found := t.Table
	if n := versionNumber(in.VersionId); in.VersionId != nil && n != t.LastVersion {
		err := s.Store.View(ctx, func(tx *store.Tx) error {
			v, err := s.Catalog.Versions.Get(tx, catalog.VersionKey(catalog.Key(wire.CallOf(ctx).Region, t.Resource()), t.ID, max(n, 0)))
			if n < 0 {
				err = store.ErrNotFound
			}
			found = v.Table
			return absent(err, missingVersion(t.Resource(), in.VersionId))
		})
		if err != nil {
			return nil, err
		}
	}
	v, err := s.showVersion(ctx, found, a)
	return &glue.GetTableVersionOutput{TableVersion: v}, err
}

func (s *Service) getTableVersionTargets(ctx context.Context, in *glue.GetTableVersionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// GetTableVersions lists the versions of a table, the last one first.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTableVersions.html
func (s *Service) GetTableVersions(ctx context.Context, in *glue.GetTableVersionsInput) (*glue.GetTableVersionsOutput, error) {
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	k := catalog.Key(wire.CallOf(ctx).Region, t.Resource())
	list, token, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[types.Table], err error) {
		r := catalog.Of(k, t.ID)
		r.Reverse, r.Limit, r.After = true, batch, after
		if after == "" {
			out = append(out, entry[types.Table]{catalog.VersionKey(k, t.ID, t.LastVersion).ID, t.Table})
		}
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := s.Catalog.Versions.List(tx, r)
			for _, row := range rows {
				out = append(out, entry[types.Table]{row.Key.ID, row.Value.Table})
			}
			return err
		})
		return out, err
	}, func(t types.Table) (*types.TableVersion, error) { return s.showVersion(ctx, t, a) })
	return &glue.GetTableVersionsOutput{TableVersions: list, NextToken: token}, err
}

func (s *Service) getTableVersionsTargets(ctx context.Context, in *glue.GetTableVersionsInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// DeleteTableVersion removes a version that is not the last one.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteTableVersion.html
func (s *Service) DeleteTableVersion(ctx context.Context, in *glue.DeleteTableVersionInput) (*glue.DeleteTableVersionOutput, error) {
	if err := s.deleteVersion(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), in.VersionId); err != nil {
		return nil, err
	}
	return &glue.DeleteTableVersionOutput{}, nil
}

func (s *Service) deleteVersion(ctx context.Context, named governance.Resource, id *string) error {
	t, _, err := s.table(ctx, named, governance.Alter)
	if err != nil {
		return err
	}
	n, r := versionNumber(id), t.Resource()
	if n < 0 {
		return missingVersion(r, id)
	}
	region := wire.CallOf(ctx).Region
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.Catalog.Table(tx, region, r)
		if err != nil {
			return absent(err, missing(r))
		}
		if now.ID == t.ID && n == now.LastVersion {
			return invalid("Version %d is the latest version of table %s and cannot be deleted.", n, r.Table)
		}
		return absent(s.Catalog.Versions.Delete(tx, catalog.VersionKey(catalog.Key(region, r), t.ID, n)), missingVersion(r, id))
	})
}

func (s *Service) deleteTableVersionTargets(ctx context.Context, in *glue.DeleteTableVersionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// BatchDeleteTableVersion removes several versions, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteTableVersion.html
func (s *Service) BatchDeleteTableVersion(ctx context.Context, in *glue.BatchDeleteTableVersionInput) (*glue.BatchDeleteTableVersionOutput, error) {
	out := &glue.BatchDeleteTableVersionOutput{}
	for _, id := range in.VersionIds {
		if err := s.deleteVersion(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), &id); err != nil {
			detail, err := failure(err)
			if err != nil {
				return nil, err
			}
			out.Errors = append(out.Errors, types.TableVersionError{TableName: in.TableName, VersionId: aws.String(id), ErrorDetail: detail})
		}
	}
	return out, nil
}

func (s *Service) batchDeleteTableVersionTargets(ctx context.Context, in *glue.BatchDeleteTableVersionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}
