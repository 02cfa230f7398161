package iam

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// pageSize is the length of a page when the caller does not say.
const pageSize = 100

// cut is how a page ends: whether there is more, and where that begins.
type cut struct {
	marker    *string
	truncated bool
}

func readMarker(marker *string) (string, error) {
	if marker == nil {
		return "", nil
	}
	after, err := base64.RawURLEncoding.DecodeString(*marker)
	if err != nil || len(after) == 0 {
		return "", invalid("Invalid Marker.")
	}
	return string(after), nil
}

func cutAt(key string) cut {
	marker := base64.RawURLEncoding.EncodeToString([]byte(key))
	return cut{marker: &marker, truncated: true}
}

func size(limit *int32) int {
	if limit == nil || *limit <= 0 {
		return pageSize
	}
	return int(*limit)
}

// page sorts a list by key and cuts it after the key in marker and at limit.
func page[T any](list []T, key func(T) string, marker *string, limit *int32) ([]T, cut, error) {
	after, err := readMarker(marker)
	if err != nil {
		return nil, cut{}, err
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if marker != nil {
		list = slices.DeleteFunc(list, func(v T) bool { return key(v) <= after })
	}
	n := size(limit)
	if len(list) <= n {
		return list, cut{}, nil
	}
	return list[:n], cutAt(key(list[n-1])), nil
}

// rows pages through a table of the account, over the rows that keep wants, without reading those after the page.
func rows[T any](tx *store.Tx, t *identity.Table[T], account string, marker *string, limit *int32, keep func(T) bool) ([]T, cut, error) {
	after, err := readMarker(marker)
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
				return list, cutAt(last), nil
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
