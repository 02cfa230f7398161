package glue

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// GetDatabases lists the databases of a catalog that the caller may know of and, when asked for, those that others share with it.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabases.html
func (s *Service) GetDatabases(ctx context.Context, in *glue.GetDatabasesInput) (*glue.GetDatabasesOutput, error) {
	at := catalogOf(ctx, in.CatalogId)
	own, foreign := in.ResourceShareType != types.ResourceShareTypeForeign, in.ResourceShareType == types.ResourceShareTypeForeign || in.ResourceShareType == types.ResourceShareTypeAll
	var outside []entry[governance.Resource]
	if foreign {
		var err error
		if outside, err = s.sharedDatabases(ctx); err != nil {
			return nil, err
		}
	}
	list, token, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[catalog.Database], err error) {
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			if own && (after == "" || after[0] == ownFirst[0]) {
				out, err = s.ownDatabases(ctx, tx, at, after)
				if err != nil || len(out) > 0 {
					return err
				}
			}
			for _, e := range outside {
				if e.at <= after {
					continue
				}
				d, err := s.Catalog.Database(tx, wire.CallOf(ctx).Region, e.value)
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				out = append(out, entry[catalog.Database]{e.at, d})
			}
			return nil
		})
		return out, err
	}, func(d catalog.Database) (*types.Database, error) {
		if in.ResourceShareType == types.ResourceShareTypeFederated && d.FederatedDatabase == nil {
			return nil, nil
		}
		if ok, err := s.knows(ctx, d.Resource()); err != nil || !ok {
			return nil, err
		}
		shown, err := s.showDatabase(ctx, d)
		if err != nil || len(in.AttributesToGet) == 0 {
			return shown, err
		}
		cut := &types.Database{CatalogId: shown.CatalogId, Name: shown.Name}
		for _, attribute := range in.AttributesToGet {
			if attribute == types.DatabaseAttributesTargetDatabase {
				cut.TargetDatabase = shown.TargetDatabase
			}
		}
		return cut, nil
	})
	return &glue.GetDatabasesOutput{DatabaseList: list, NextToken: token}, err
}

// Positions of databases of the catalog that is asked for begin with ownFirst, those of others with foreignAfter.
const (
	ownFirst     = "1"
	foreignAfter = "2"
)

func (s *Service) ownDatabases(ctx context.Context, tx *store.Tx, at governance.Resource, after string) (out []entry[catalog.Database], err error) {
	k := catalog.Key(wire.CallOf(ctx).Region, at) // its id ends with the separator before the database's name
	r := store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID, Limit: batch}
	if after != "" {
		r.After = after[1:]
	}
	rows, err := s.Catalog.Databases.List(tx, r)
	for _, row := range rows {
		out = append(out, entry[catalog.Database]{ownFirst + row.Key.ID, row.Value})
	}
	return out, err
}

// sharedDatabases are the databases of other accounts that the caller may see, or see something in, in order.
func (s *Service) sharedDatabases(ctx context.Context) (out []entry[governance.Resource], err error) {
	call := wire.CallOf(ctx)
	list, err := s.Ledger.FromOutside(ctx, call.Account(), call.Region)
	seen := map[string]bool{}
	for _, r := range list {
		if err != nil {
			return nil, err
		}
		in := governance.Resource{Kind: governance.Database, Catalog: r.Catalog, Database: r.Database}
		if seen[in.Key()] {
			continue
		}
		a, err := s.access(ctx, r)
		if err != nil {
			return nil, err
		}
		if a.Any() {
			seen[in.Key()] = true
			out = append(out, entry[governance.Resource]{foreignAfter + in.Key(), in})
		}
	}
	sortEntries(out)
	return out, err
}

func (s *Service) getDatabasesTargets(ctx context.Context, in *glue.GetDatabasesInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}

// only leaves the attributes of a table that were asked for.
func only(t *types.Table, attributes []types.TableAttributes) *types.Table {
	if t == nil || len(attributes) == 0 {
		return t
	}
	out := &types.Table{Name: t.Name, DatabaseName: t.DatabaseName, CatalogId: t.CatalogId}
	for _, a := range attributes {
		switch a {
		case types.TableAttributesDefault, types.TableAttributesLatestIcebergMetadata:
			return t
		case types.TableAttributesTableType:
			out.TableType = t.TableType
			if k, ok := t.Parameters["table_type"]; ok {
				out.Parameters = map[string]string{"table_type": k}
			}
		}
	}
	return out
}
