package lakeformation

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/smithy-go"
)

// maxTagsOfResource is how many tags a resource has.
const maxTagsOfResource = 50

// taggable reads a resource that can be tagged: a database, a table, or columns.
func (s *Service) taggable(ctx context.Context, tx *store.Tx, catalog *string, r *types.Resource) (subject, error) {
	of, err := subjectOf(ctx, catalog, r)
	if err != nil {
		return of, err
	}
	if of.filter != "" || of.Kind != governance.Database && (of.Kind != governance.Table || of.Table == governance.EveryTable) {
		return of, invalid("Only databases, tables and columns are tagged.")
	}
	link, err := s.exists(ctx, tx, of)
	if link {
		return of, invalid("Resource links are not tagged.")
	}
	return of, err
}

func (s *Service) tagged(tx *store.Tx, region string, r governance.Resource) (governance.Tagged, error) {
	t, err := s.Ledger.Tagged.Get(tx, store.Key{Account: r.Account(), Region: region, ID: r.Key()})
	t.Resource = r
	return t, absent(err, nil)
}

// putTagged keeps tags, or removes the row when there are none.
func (s *Service) putTagged(tx *store.Tx, k store.Key, t governance.Tagged) error {
	for c, tags := range t.Columns {
		if len(tags) == 0 {
			delete(t.Columns, c)
		}
	}
	if len(t.Tags)+len(t.Columns) == 0 {
		return s.Ledger.Tagged.DeleteIf(tx, k)
	}
	return s.Ledger.Tagged.Put(tx, k, t)
}

// mayTag is for callers who own the resource or have all of it with the grant option.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/TBAC-assigning-tags.html
func (s *Service) mayTag(ctx context.Context, r governance.Resource) error {
	need := governance.All.Of(r.Kind)
	if r.Kind == governance.Database && r.Account() != wire.CallOf(ctx).Account() {
		need &^= governance.Drop
	}
	a, err := s.access(ctx, r)
	if err == nil && a.Grantable()&need != need {
		err = insufficient(need, r)
	}
	return err
}

// columns lists the columns of a subject, expanded against the table.
func (s *Service) columns(tx *store.Tx, region string, of subject) ([]string, error) {
	if len(of.columns.Names) > 0 {
		return of.columns.Names, nil
	}
	t, err := s.table(tx, region, of.Resource)
	var out []string
	for _, c := range t.Columns() {
		if n := fold(c.Name); !slices.Contains(of.columns.Excluded, n) {
			out = append(out, n)
		}
	}
	return out, err
}

// onTags changes one set of tags after the other.
func (s *Service) onTags(ctx context.Context, catalog *string, r *types.Resource, given []types.LFTagPair,
	change func(ctx context.Context, tx *store.Tx, of subject, sets []map[string]string, key, value string) error) ([]types.LFTagError, error) {
	failures := []types.LFTagError{}
	err := s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		region := wire.CallOf(ctx).Region
		of, err := s.taggable(ctx, tx, catalog, r)
		if err != nil {
			return err
		}
		if err := s.mayTag(ctx, of.Resource); err != nil {
			return err
		}
		t, err := s.tagged(tx, region, of.Resource)
		if err != nil {
			return err
		}
		var sets []map[string]string
		if of.columns == nil && r.TableWithColumns == nil {
			if t.Tags == nil {
				t.Tags = map[string]string{}
			}
			sets = append(sets, t.Tags)
		} else {
			if of.columns == nil {
				of.columns = &governance.Columns{}
			}
			names, err := s.columns(tx, region, of)
			if err != nil {
				return err
			}
			if t.Columns == nil {
				t.Columns = map[string]map[string]string{}
			}
			for _, n := range names {
				if t.Columns[n] == nil {
					t.Columns[n] = map[string]string{}
				}
				sets = append(sets, t.Columns[n])
			}
		}
		for _, p := range given {
			if len(p.TagValues) > 1 {
				return invalid("A resource has one value of a tag.")
			}
			value := ""
			if len(p.TagValues) == 1 {
				value = fold(&p.TagValues[0])
			}
			err := change(ctx, tx, of, sets, fold(p.TagKey), value)
			var refused smithy.APIError
			if errors.As(err, &refused) {
				failures = append(failures, types.LFTagError{LFTag: &p, Error: fault(refused)})
			} else if err != nil {
				return err
			}
		}
		return s.putTagged(tx, store.Key{Account: of.Account(), Region: region, ID: of.Key()}, t)
	})
	return failures, err
}

// AddLFTagsToResource puts tags on a database, a table, or columns. It tells the tags that it can't.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_AddLFTagsToResource.html
func (s *Service) AddLFTagsToResource(ctx context.Context, in *lakeformation.AddLFTagsToResourceInput) (*lakeformation.AddLFTagsToResourceOutput, error) {
	failures, err := s.onTags(ctx, in.CatalogId, in.Resource, in.LFTags,
		func(ctx context.Context, tx *store.Tx, of subject, sets []map[string]string, k, v string) error {
			if v == "" {
				return invalid("The tag %s needs a value.", k)
			}
			if err := s.hasTags(ctx, tx, of.Catalog, []governance.TagValues{{Key: k, Values: []string{v}}}); err != nil {
				return err
			}
			if err := s.require(ctx, tagResource(of.Catalog, k, v), governance.Associate); err != nil {
				return err
			}
			for _, set := range sets {
				if _, in := set[k]; !in && len(set) >= maxTagsOfResource {
					return invalid("A resource has at most %d tags.", maxTagsOfResource)
				}
				set[k] = v
			}
			return nil
		})
	return done(&lakeformation.AddLFTagsToResourceOutput{Failures: failures}, err)
}

func (s *Service) addTagsTargets(ctx context.Context, in *lakeformation.AddLFTagsToResourceInput) ([]wire.Target, error) {
	return changeTargets(ctx, in.CatalogId, in.Resource, nil)
}

// RemoveLFTagsFromResource takes tags off; a value that is given has to be the one that is there.
func (s *Service) RemoveLFTagsFromResource(ctx context.Context, in *lakeformation.RemoveLFTagsFromResourceInput) (*lakeformation.RemoveLFTagsFromResourceOutput, error) {
	failures, err := s.onTags(ctx, in.CatalogId, in.Resource, in.LFTags,
		func(ctx context.Context, tx *store.Tx, of subject, sets []map[string]string, k, v string) error {
			for _, set := range sets {
				has, ok := set[k]
				if !ok || v != "" && v != has {
					return notFound("The resource does not have the tag %s.", k)
				}
				if err := s.require(ctx, tagResource(of.Catalog, k, has), governance.Associate); err != nil {
					return err
				}
			}
			for _, set := range sets {
				delete(set, k)
			}
			return nil
		})
	return done(&lakeformation.RemoveLFTagsFromResourceOutput{Failures: failures}, err)
}

func (s *Service) removeTagsTargets(ctx context.Context, in *lakeformation.RemoveLFTagsFromResourceInput) ([]wire.Target, error) {
	return changeTargets(ctx, in.CatalogId, in.Resource, nil)
}

// GetResourceLFTags shows the tags that count for a resource, or those alone that were put on it.
func (s *Service) GetResourceLFTags(ctx context.Context, in *lakeformation.GetResourceLFTagsInput) (*lakeformation.GetResourceLFTagsOutput, error) {
	out := &lakeformation.GetResourceLFTagsOutput{}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		of, err := s.taggable(ctx, tx, in.CatalogId, in.Resource)
		if err != nil {
			return err
		}
		if a, err := s.access(ctx, of.Resource); err != nil {
			return err
		} else if !a.Any() {
			return insufficient(governance.Describe, of.Resource)
		}
		e, err := s.effective(ctx, tx, of.Resource, aws.ToBool(in.ShowAssignedLFTags))
		if err != nil {
			return err
		}
		out.LFTagOnDatabase = pairs(of.Catalog, e.database)
		if of.Kind == governance.Database {
			return nil
		}
		out.LFTagsOnTable = pairs(of.Catalog, e.table)
		out.LFTagsOnColumns = e.onColumns(of.Catalog)
		if in.Resource.TableWithColumns == nil || of.columns == nil {
			return nil
		}
		names, err := s.columns(tx, wire.CallOf(ctx).Region, of)
		out.LFTagsOnColumns = slices.DeleteFunc(out.LFTagsOnColumns, func(c types.ColumnLFTag) bool { return !slices.Contains(names, *c.Name) })
		return err
	}))
}

// effectiveTags are the tags that count for a table.
type effectiveTags struct {
	database, table map[string]string
	names           []string // of columns, in order
	columns         map[string]map[string]string
}

// effective collects the tags of a database or table with what is inherited, or only those that were put there.
func (s *Service) effective(ctx context.Context, tx *store.Tx, r governance.Resource, assigned bool) (e effectiveTags, err error) {
	region := wire.CallOf(ctx).Region
	d, err := s.tagged(tx, region, governance.Resource{Kind: governance.Database, Catalog: r.Catalog, Database: r.Database})
	if err != nil || r.Kind == governance.Database {
		return effectiveTags{database: d.Tags}, err
	}
	t, err := s.tagged(tx, region, r)
	if err != nil {
		return e, err
	}
	if assigned {
		return effectiveTags{table: t.Tags, names: slices.Sorted(maps.Keys(t.Columns)), columns: t.Columns}, nil
	}
	e = effectiveTags{database: d.Tags, table: governance.Over(d.Tags, t.Tags), columns: map[string]map[string]string{}}
	whole, err := s.table(tx, region, r)
	for _, c := range whole.Columns() {
		n := fold(c.Name)
		if tags := governance.Over(e.table, t.Columns[n]); len(tags) > 0 {
			e.names = append(e.names, n)
			e.columns[n] = tags
		}
	}
	return e, err
}

func (e effectiveTags) onColumns(catalog string) []types.ColumnLFTag {
	out := []types.ColumnLFTag{}
	for _, n := range e.names {
		out = append(out, types.ColumnLFTag{Name: aws.String(n), LFTags: pairs(catalog, e.columns[n])})
	}
	return out
}
