package apigatewayv2

import (
	"maps"
	"slices"
)

// sorted gives parts in order of their id or name.
func sorted[T any](parts map[string]T) []T {
	out := make([]T, 0, len(parts))
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, parts[id])
	}
	return out
}
