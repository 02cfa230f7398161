package sagemaker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// listing is what all lists of SageMaker can be asked for.
type listing struct {
	contains                                     *string
	after, before, modifiedAfter, modifiedBefore *time.Time
	byName, byStatus, ascending                  bool
	status                                       string
	limit                                        *int32
	token                                        *string
}

// entry is what lists look at of something.
type entry struct {
	name, status      string
	created, modified time.Time
	other             bool // not what is asked for, by something that this list alone can be asked for
}

// list reads the caller's rows that l asks for, a page of them in its order.
func list[T any](ctx context.Context, s *Service, table interface {
	List(*store.Tx, store.Range) ([]store.Row[T], error)
}, l listing, look func(store.Row[T]) entry) ([]store.Row[T], *string, error) {
	of := here(ctx, "")
	var rows []store.Row[T]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = table.List(tx, store.Range{Account: of.Account, Region: of.Region})
		return err
	}); err != nil {
		return nil, nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[T]) bool { return !l.has(look(r)) })
	order := func(r store.Row[T]) string {
		e := look(r)
		switch {
		case l.byName:
			return e.name
		case l.byStatus:
			return e.status + "\x00" + e.name
		}
		return e.created.UTC().Format("20060102150405.000000000") + "\x00" + e.name
	}
	compare := func(a, b string) int {
		if l.ascending {
			return strings.Compare(a, b)
		}
		return strings.Compare(b, a)
	}
	slices.SortFunc(rows, func(a, b store.Row[T]) int { return compare(order(a), order(b)) })
	position, err := wire.PagePosition(ctx, l.token)
	if err != nil {
		return nil, nil, invalid("Invalid NextToken.")
	}
	if position != "" {
		rows = slices.DeleteFunc(rows, func(r store.Row[T]) bool { return compare(order(r), position) <= 0 })
	}
	size := 10
	if l.limit != nil {
		size = int(*l.limit)
	}
	if len(rows) <= size {
		return rows, nil, nil
	}
	return rows[:size], wire.PageToken(ctx, order(rows[size-1])), nil
}

func (l listing) has(e entry) bool {
	within := func(t time.Time, after, before *time.Time) bool {
		return (after == nil || t.After(*after)) && (before == nil || t.Before(*before))
	}
	return !e.other && strings.Contains(strings.ToLower(e.name), strings.ToLower(aws.ToString(l.contains))) && within(e.created, l.after, l.before) &&
		within(e.modified, l.modifiedAfter, l.modifiedBefore) && (l.status == "" || l.status == e.status)
}
