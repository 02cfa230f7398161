package glue

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// SearchTables finds the tables that the caller may know of by what they say of themselves. Links are found as what they are, not
// as their targets. Columns that the caller may not see are not searched.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html
func (s *Service) SearchTables(ctx context.Context, in *glue.SearchTablesInput) (*glue.SearchTablesOutput, error) {
	q, err := readQuery(in)
	if err != nil {
		return nil, err
	}
	found, err := s.search(ctx, in, q)
	if err != nil {
		return nil, err
	}
	text := aws.ToString(in.SearchText)
	tables, token, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[catalog.Table], err error) {
		for err == nil && len(out) == 0 {
			next := q.next(found, after, pageSize(in.MaxResults)+1)
			if len(next) == 0 {
				return nil, nil
			}
			after = next[len(next)-1].at
			out, err = s.readFound(ctx, next)
		}
		return out, err
	}, func(t catalog.Table) (*types.Table, error) {
		a, ok, err := s.sees(ctx, t.Resource(), 0)
		if err != nil || !ok {
			return nil, err
		}
		shown, err := s.show(ctx, t, a)
		if err != nil || a.ByIAM && !isView(t.ViewDefinition) {
			return shown, err
		}
		if ok, _ := catalog.DigestOf("", shown).Says(text); !ok { // what was found is in hidden columns or texts
			return nil, nil
		}
		return shown, nil
	})
	return &glue.SearchTablesOutput{TableList: tables, NextToken: token}, err
}

// readFound reads what was found, in the order of the list.
func (s *Service) readFound(ctx context.Context, list []entry[*catalog.Digest]) ([]entry[catalog.Table], error) {
	digests, at := make([]*catalog.Digest, len(list)), make(map[string]string, len(list))
	for i, e := range list {
		digests[i] = e.value
		at[e.value.Resource.Key()] = e.at
	}
	out, err := s.readTables(ctx, digests, "")
	for i := range out {
		out[i].at = at[out[i].value.Resource().Key()]
	}
	return out, err
}

// search looks through the tables of the catalog, and those of others of which something is shared.
func (s *Service) search(ctx context.Context, in *glue.SearchTablesInput, q query) (out []*catalog.Digest, err error) {
	call := wire.CallOf(ctx)
	if in.ResourceShareType != types.ResourceShareTypeForeign {
		at := catalogOf(ctx, in.CatalogId)
		within := ""
		if in.CatalogId != nil && at.Catalog != at.Account() {
			within = catalog.Key(call.Region, at).ID
		}
		if out, err = s.Catalog.Search(ctx, at.Account(), call.Region, within, q.text, q.match); err != nil {
			return nil, err
		}
	}
	if !q.foreign {
		return out, nil
	}
	shared, err := s.Ledger.FromOutside(ctx, call.Account(), call.Region)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, r := range shared {
		within := catalog.Within(call.Region, r).Prefix
		one := r.Kind == governance.Table && r.Table != governance.EveryTable
		found, err := s.Catalog.Search(ctx, r.Account(), call.Region, within, q.text, func(d *catalog.Digest) bool {
			return (!one || d.Resource.Table == r.Table) && q.match(d)
		})
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if k := d.Resource.Key(); !seen[k] {
				seen[k] = true
				out = append(out, d)
			}
		}
	}
	return out, nil
}

func (s *Service) searchTablesTargets(ctx context.Context, in *glue.SearchTablesInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}

// query is what tables are searched for.
type query struct {
	text    string
	filters []func(*catalog.Digest) bool
	by      string // attribute to sort by, "" for the catalog's order
	down    bool
	foreign bool // with tables of other accounts
}

func (q query) match(d *catalog.Digest) bool {
	for _, f := range q.filters {
		if !f(d) {
			return false
		}
	}
	return true
}

var times = map[string]func(*catalog.Digest) time.Time{
	"createtime":     func(d *catalog.Digest) time.Time { return d.Created },
	"updatetime":     func(d *catalog.Digest) time.Time { return d.Updated },
	"lastaccesstime": func(d *catalog.Digest) time.Time { return d.Accessed },
}

func readQuery(in *glue.SearchTablesInput) (query, error) {
	q := query{text: aws.ToString(in.SearchText), foreign: in.ResourceShareType == types.ResourceShareTypeForeign || in.ResourceShareType == types.ResourceShareTypeAll}
	for _, p := range in.Filters {
		key, value := aws.ToString(p.Key), aws.ToString(p.Value)
		at, timed := times[strings.ToLower(key)]
		if !timed {
			q.filters = append(q.filters, func(d *catalog.Digest) bool { return d.Has(key, value) })
			continue
		}
		when, ok := readTime(value)
		if !ok {
			return q, invalid("Value of the filter on %s is not a time.", key)
		}
		q.filters = append(q.filters, func(d *catalog.Digest) bool { return compare(p.Comparator, at(d).Compare(when)) })
	}
	for _, c := range in.SortCriteria {
		q.by, q.down = strings.ToLower(aws.ToString(c.FieldName)), c.Sort == types.SortDescending
	}
	return q, nil
}

func compare(c types.Comparator, order int) bool {
	switch c {
	case types.ComparatorGreaterThan:
		return order > 0
	case types.ComparatorGreaterThanEquals:
		return order >= 0
	case types.ComparatorLessThan:
		return order < 0
	case types.ComparatorLessThanEquals:
		return order <= 0
	}
	return order == 0
}

// readTime reads a time as RFC 3339, a date, or seconds or milliseconds since 1970.
func readTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999", "2006-01-02 15:04:05.999", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || n < 0 || n > 1e15:
		return time.Time{}, false
	case n > 1e11:
		return time.UnixMilli(int64(n)), true
	}
	return time.Unix(0, int64(n*1e3)*int64(time.Millisecond)), true
}

// position says where a digest is in the order, so that a page goes on there even when others came.
func (q query) position(d *catalog.Digest) string {
	key := ""
	if at, timed := times[q.by]; timed {
		key = strconv.FormatInt(1e18+at(d).UnixMilli(), 10)
	} else if q.by != "" {
		key = d.Get(q.by)
	}
	if q.down {
		key = downward(key)
	}
	return key + "\x01" + d.Resource.Account() + "\x01" + d.ID
}

// next finds the first n after a position.
func (q query) next(found []*catalog.Digest, after string, n int) []entry[*catalog.Digest] {
	if q.by == "" && !q.foreign { // they are in order
		i := sort.Search(len(found), func(i int) bool { return q.position(found[i]) > after })
		out := []entry[*catalog.Digest]{}
		for _, d := range found[i:min(len(found), i+n)] {
			out = append(out, entry[*catalog.Digest]{q.position(d), d})
		}
		return out
	}
	out := make([]entry[*catalog.Digest], 0, 2*n)
	limit := ""
	for _, d := range found {
		at := q.position(d)
		if at <= after || limit != "" && at >= limit {
			continue
		}
		if out = append(out, entry[*catalog.Digest]{at, d}); len(out) == cap(out) {
			sortEntries(out)
			limit = out[n-1].at
			clear(out[n:])
			out = out[:n]
		}
	}
	sortEntries(out)
	return out[:min(n, len(out))]
}

// downward turns the order of texts around.
func downward(s string) string {
	b := make([]byte, len(s)+1)
	for i := range len(s) {
		b[i] = 0xff - s[i]
	}
	b[len(s)] = 0xff // a text comes after those that it begins
	return string(b)
}
