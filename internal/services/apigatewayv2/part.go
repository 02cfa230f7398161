package apigatewayv2

import (
	"context"
	"crypto/sha256"
	"maps"
	"math/big"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/wire"
)

// newID is an identifier of n characters: for a call that has a token always the same one, so that what it makes is made once.
func newID(ctx context.Context, n int) string {
	call := wire.CallOf(ctx)
	if call.Token == "" {
		return identity.RandomID(n)
	}
	sum := sha256.Sum256([]byte(call.Account() + "/" + call.Region + "/" + call.Operation + "/" + call.Token))
	text := new(big.Int).SetBytes(sum[:]).Text(36)
	return text[len(text)-n:]
}

// sorted gives parts in order of their id or name.
func sorted[T any](parts map[string]T) []T {
	out := make([]T, 0, len(parts))
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, parts[id])
	}
	return out
}
