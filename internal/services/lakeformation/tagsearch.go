package lakeformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// searched reads the expression of a search, of tags that the caller may see.
func (s *Service) searched(ctx context.Context, tx *store.Tx, id string, given []types.LFTag) ([]governance.TagValues, error) {
	want, err := expressionOf(given)
	if err != nil {
		return nil, err
	}
	if err := s.hasTags(ctx, tx, id, want); err != nil {
		return nil, err
	}
	for _, t := range want {
		if err := s.require(ctx, tagResource(id, t.Key, t.Values...), governance.Describe); err != nil {
			return nil, err
		}
	}
	return want, nil
}

// visible leaves what the caller may know of.
func (s *Service) visible(ctx context.Context, list []governance.Resource) ([]governance.Resource, error) {
	call := wire.CallOf(ctx)
	access, err := s.Ledger.AccessAll(ctx, call.Principal, call.Region, list)
	var out []governance.Resource
	for i, a := range access {
		if a.Any() {
			out = append(out, list[i])
		}
	}
	slices.SortFunc(out, func(a, b governance.Resource) int { return strings.Compare(a.Key(), b.Key()) })
	return slices.CompactFunc(out, func(a, b governance.Resource) bool { return a.Key() == b.Key() }), err
}

// taggedIn lists what is tagged in a catalog.
func (s *Service) taggedIn(ctx context.Context, tx *store.Tx, id string) (out []governance.Tagged, err error) {
	err = s.eachTagged(ctx, tx, id, func(t *governance.Tagged) (bool, error) {
		if t.Resource.Catalog == id {
			out = append(out, *t)
		}
		return false, nil
	})
	return out, err
}

// SearchDatabasesByLFTags lists the databases whose tags meet all conditions.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_SearchDatabasesByLFTags.html
func (s *Service) SearchDatabasesByLFTags(ctx context.Context, in *lakeformation.SearchDatabasesByLFTagsInput) (*lakeformation.SearchDatabasesByLFTagsOutput, error) {
	out := &lakeformation.SearchDatabasesByLFTagsOutput{DatabaseList: []types.TaggedDatabase{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		id := catalogOf(ctx, in.CatalogId)
		want, err := s.searched(ctx, tx, id, in.Expression)
		if err != nil {
			return err
		}
		tagged, err := s.taggedIn(ctx, tx, id)
		if err != nil {
			return err
		}
		var list []governance.Resource
		for _, t := range tagged {
			if t.Resource.Kind == governance.Database && governance.Match(t.Tags, want) {
				list = append(list, t.Resource)
			}
		}
		if list, err = s.visible(ctx, list); err != nil {
			return err
		}
		list, out.NextToken, err = page(ctx, list, governance.Resource.Key, in.MaxResults, in.NextToken)
		for _, r := range list {
			e, err := s.effective(ctx, tx, r, false)
			if err != nil {
				return err
			}
			out.DatabaseList = append(out.DatabaseList, types.TaggedDatabase{LFTags: pairs(id, e.database),
				Database: &types.DatabaseResource{CatalogId: &id, Name: aws.String(r.Database)}})
		}
		return err
	}))
}

// SearchTablesByLFTags lists the tables whose tags, or those of their columns, meet all conditions.
func (s *Service) SearchTablesByLFTags(ctx context.Context, in *lakeformation.SearchTablesByLFTagsInput) (*lakeformation.SearchTablesByLFTagsOutput, error) {
	out := &lakeformation.SearchTablesByLFTagsOutput{TableList: []types.TaggedTable{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		id := catalogOf(ctx, in.CatalogId)
		want, err := s.searched(ctx, tx, id, in.Expression)
		if err != nil {
			return err
		}
		list, err := s.tablesWith(ctx, tx, id, want)
		if err != nil {
			return err
		}
		if list, err = s.visible(ctx, list); err != nil {
			return err
		}
		list, out.NextToken, err = page(ctx, list, governance.Resource.Key, in.MaxResults, in.NextToken)
		for _, r := range list {
			e, err := s.effective(ctx, tx, r, false)
			if err != nil {
				return err
			}
			out.TableList = append(out.TableList, types.TaggedTable{LFTagOnDatabase: pairs(id, e.database), LFTagsOnTable: pairs(id, e.table),
				LFTagsOnColumns: e.onColumns(id), Table: &types.TableResource{CatalogId: &id, DatabaseName: aws.String(r.Database), Name: aws.String(r.Table)}})
		}
		return err
	}))
}

// tablesWith finds tables by their own tags, by those of their columns, and by what they inherit from their databases.
func (s *Service) tablesWith(ctx context.Context, tx *store.Tx, id string, want []governance.TagValues) (out []governance.Resource, err error) {
	tagged, err := s.taggedIn(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	databases, own := map[string]map[string]string{}, map[string]bool{}
	for _, t := range tagged {
		if t.Resource.Kind == governance.Database {
			databases[t.Resource.Database] = t.Tags
		}
	}
	for _, t := range tagged {
		if t.Resource.Kind != governance.Table {
			continue
		}
		own[t.Resource.Key()] = true
		tags := governance.Over(databases[t.Resource.Database], t.Tags)
		ok := governance.Match(tags, want)
		for _, c := range t.Columns {
			ok = ok || governance.Match(governance.Over(tags, c), want)
		}
		if ok {
			out = append(out, t.Resource)
		}
	}
	for name, tags := range databases {
		if !governance.Match(tags, want) {
			continue
		}
		rows, err := s.Catalog.Tables.List(tx, catalog.Within(wire.CallOf(ctx).Region, governance.Resource{Catalog: id, Database: name}))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if r := row.Value.Resource(); !own[r.Key()] {
				out = append(out, r)
			}
		}
	}
	return out, nil
}
