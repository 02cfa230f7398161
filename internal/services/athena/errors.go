package athena

import (
	"context"
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

func invalid(format string, args ...any) error {
	return &types.InvalidRequestException{AthenaErrorCode: aws.String("INVALID_INPUT"), Message: aws.String(fmt.Sprintf(format, args...))}
}

func notFound(resource, format string, args ...any) error {
	return &types.ResourceNotFoundException{ResourceName: aws.String(resource), Message: aws.String(fmt.Sprintf(format, args...))}
}

// absent turns "not found" into the given error.
func absent(err, instead error) error {
	if errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

// taken turns "exists" into the given error.
func taken(err, instead error) error {
	if errors.Is(err, store.ErrExists) {
		return instead
	}
	return err
}

// pageSize is how much a list answers when nothing is asked for.
const pageSize = 50

// page cuts a list that is sorted by key.
func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := pageSize
	if limit != nil && *limit > 0 {
		size = int(*limit)
	}
	out, next, err := wire.Page(ctx, list, key, size, token)
	if errors.Is(err, wire.ErrPageToken) {
		err = badToken()
	}
	return out, next, err
}

func badToken() error { return invalid("Invalid token: it was not given out by this operation.") }

func values[T any](rows []store.Row[T]) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = r.Value
	}
	return out
}
