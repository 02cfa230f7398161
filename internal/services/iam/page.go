package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// pageSize is the length of a page when the caller does not say.
const pageSize = 100

// cut is how a page ends: whether there is more, and where that begins.
type cut struct {
	marker    *string
	truncated bool
}

func readMarker(ctx context.Context, marker *string) (string, error) {
	after, err := wire.PagePosition(ctx, marker)
	if err != nil {
		return "", invalid("Invalid Marker.")
	}
	return after, nil
}

func cutAt(ctx context.Context, key string) cut {
	return cut{marker: wire.PageToken(ctx, key), truncated: true}
}

func size(limit *int32) int {
	if limit == nil || *limit <= 0 {
		return pageSize
	}
	return int(*limit)
}

// page sorts a list by key and cuts it after the key in marker and at limit.
func page[T any](ctx context.Context, list []T, key func(T) string, marker *string, limit *int32) ([]T, cut, error) {
	after, err := readMarker(ctx, marker)
	if err != nil {
		return nil, cut{}, err
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if after != "" {
		list = slices.DeleteFunc(list, func(v T) bool { return key(v) <= after })
	}
	n := size(limit)
	if len(list) <= n {
		return list, cut{}, nil
	}
	return list[:n], cutAt(ctx, key(list[n-1])), nil
}

// rows pages through a table of the account, over the rows that keep wants, without reading those after the page.
func rows[T any](ctx context.Context, tx *store.Tx, t *identity.Table[T], account string, marker *string, limit *int32, keep func(T) bool) ([]T, cut, error) {
	after, err := readMarker(ctx, marker)
	if err != nil {
		return nil, cut{}, err
	}
	n := size(limit)
	list, last := []T{}, ""
	for {
		part, err := t.List(tx, store.Range{Account: account, After: after, Limit: n + 1})
		if err != nil {
			return nil, cut{}, err
		}
		for _, row := range part {
			if !keep(row.Value) {
				continue
			}
			if len(list) == n {
				return list, cutAt(ctx, last), nil
			}
			list, last = append(list, row.Value), row.Key.ID
		}
		if len(part) <= n {
			return list, cut{}, nil
		}
		after = part[len(part)-1].Key.ID
	}
}

// under keeps what lies under a path.
func under[T any](prefix *string, path func(T) string) func(T) bool {
	return func(v T) bool { return prefix == nil || strings.HasPrefix(path(v), *prefix) }
}

func lower(s string) string { return strings.ToLower(s) }

func values[T any](list []store.Row[T]) []T {
	out := make([]T, len(list))
	for i, r := range list {
		out[i] = r.Value
	}
	return out
}
