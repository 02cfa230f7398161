package wire

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// ErrPageToken is a page token that was not given out by the same operation to the same account. Services answer it in
// their own words.
var ErrPageToken = errors.New("page token is not valid")

const pageTokenVersion = 1

// PageToken makes an opaque token of a position: the key after which the next page begins.
func PageToken(ctx context.Context, position string) *string {
	b := append([]byte{pageTokenVersion}, pageSeal(ctx, position)...)
	s := base64.RawURLEncoding.EncodeToString(append(b, position...))
	return &s
}

// PagePosition reads the position out of a token. It is "" for a caller at the first page, whose token is nil or empty.
func PagePosition(ctx context.Context, token *string) (string, error) {
	if token == nil || *token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(b) < 9 || b[0] != pageTokenVersion {
		return "", ErrPageToken
	}
	position := string(b[9:])
	if string(b[1:9]) != string(pageSeal(ctx, position)) {
		return "", ErrPageToken
	}
	return position, nil
}

// pageSeal binds a token to operation and account, so that a token that was mixed up is an error and not a wrong page. It
// guards no secret: a page shows only what the caller may see anyway.
func pageSeal(ctx context.Context, position string) []byte {
	c := CallOf(ctx)
	sum := sha256.Sum256([]byte(c.Service + "\x00" + c.Operation + "\x00" + c.Account() + "\x00" + position))
	return sum[:8]
}

// Page cuts a list that is sorted by key: at most size elements after the token's position, and the token of the next
// page, nil when there is none. Errors are ErrPageToken.
func Page[T any](ctx context.Context, list []T, key func(T) string, size int, token *string) ([]T, *string, error) {
	after, err := PagePosition(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	if after != "" {
		for len(list) > 0 && key(list[0]) <= after {
			list = list[1:]
		}
	}
	if size <= 0 || len(list) <= size {
		return list, nil, nil
	}
	return list[:size], PageToken(ctx, key(list[size-1])), nil
}
