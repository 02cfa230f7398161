package glue

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func sortEntries[T any](list []entry[T]) {
	slices.SortFunc(list, func(a, b entry[T]) int { return strings.Compare(a.at, b.at) })
}

// namePattern compiles what names of tables have to be like: a regular expression, in which a star that stands for itself means
// anything, as Hive has it. The whole name has to match, whatever its case.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
func namePattern(expression *string) (*regexp.Regexp, error) {
	if aws.ToString(expression) == "" {
		return nil, nil
	}
	var b strings.Builder
	last := rune('|')
	for _, c := range *expression {
		if c == '*' && strings.ContainsRune("|(*", last) || c == '*' && (last == '_' || last == '-' || last >= '0' && last <= '9' || last >= 'a' && last <= 'z' || last >= 'A' && last <= 'Z') {
			b.WriteByte('.')
		}
		b.WriteRune(c)
		last = c
	}
	p, err := regexp.Compile("(?is)^(?:" + b.String() + ")$")
	if err != nil {
		return nil, invalid("Expression is not a valid regular expression.")
	}
	return p, nil
}

// GetTables lists the tables of a database that the caller may know of. In a database that is a link these are the target's, as
// they are; otherwise links to tables are followed.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
func (s *Service) GetTables(ctx context.Context, in *glue.GetTablesInput) (*glue.GetTablesOutput, error) {
	named := databaseOf(ctx, in.CatalogId, in.DatabaseName)
	at, err := s.follow(ctx, named, true)
	if err == nil {
		err = s.throughLinks(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	pattern, err := namePattern(in.Expression)
	if err != nil {
		return nil, err
	}
	within := at.Resource
	if err := s.lists(ctx, within); err != nil {
		return nil, err
	}
	show := s.showLinked
	if len(at.links) > 0 {
		show = s.show
	}
	next := s.tablesOf(ctx, within)
	if pattern != nil {
		if next, err = s.tablesLike(ctx, within, pattern); err != nil {
			return nil, err
		}
	}
	list, token, err := fill(ctx, in.NextToken, in.MaxResults, next, func(t catalog.Table) (*types.Table, error) {
		a, ok, err := s.sees(ctx, t.Resource(), 0)
		if err != nil || !ok {
			return nil, err
		}
		shown, err := show(ctx, t, a)
		return only(shown, in.AttributesToGet), err
	})
	return &glue.GetTablesOutput{TableList: list, NextToken: token}, err
}

// lists checks that a database is there.
func (s *Service) lists(ctx context.Context, r governance.Resource) error {
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		_, err := s.Catalog.Database(tx, wire.CallOf(ctx).Region, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s.unknown(ctx, r, governance.Describe)
	}
	return err
}

// tablesOf reads the tables of a database.
func (s *Service) tablesOf(ctx context.Context, within governance.Resource) func(after string) ([]entry[catalog.Table], error) {
	return func(after string) (out []entry[catalog.Table], err error) {
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			r := catalog.Within(wire.CallOf(ctx).Region, within)
			r.After, r.Limit = after, batch
			rows, err := s.Catalog.Tables.List(tx, r)
			for _, row := range rows {
				out = append(out, entry[catalog.Table]{row.Key.ID, row.Value})
			}
			return err
		})
		return out, err
	}
}

// tablesLike reads the tables of a database whose names match: the names are in memory.
func (s *Service) tablesLike(ctx context.Context, within governance.Resource, pattern *regexp.Regexp) (func(after string) ([]entry[catalog.Table], error), error) {
	region := wire.CallOf(ctx).Region
	found, err := s.Catalog.Search(ctx, within.Account(), region, catalog.Within(region, within).Prefix, "", func(d *catalog.Digest) bool {
		return pattern.MatchString(d.Resource.Table)
	})
	return func(after string) (out []entry[catalog.Table], err error) {
		for err == nil && len(out) == 0 && len(found) > 0 {
			n := min(len(found), batch)
			if found[n-1].ID > after {
				out, err = s.readTables(ctx, found[:n], after)
			}
			found = found[n:]
		}
		return out, err
	}, err
}

// readTables reads what digests are of after a position, without those that are gone.
func (s *Service) readTables(ctx context.Context, list []*catalog.Digest, after string) (out []entry[catalog.Table], err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		for _, d := range list {
			if d.ID <= after {
				continue
			}
			t, err := s.Catalog.Table(tx, wire.CallOf(ctx).Region, d.Resource)
			if err == nil {
				out = append(out, entry[catalog.Table]{d.ID, t})
			} else if absent(err, nil) != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (s *Service) getTablesTargets(ctx context.Context, in *glue.GetTablesInput) ([]wire.Target, error) {
	return s.on(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName))
}
