package glue

import (
	"context"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// batch is how many rows are read at a time to make pages of.
const batch = 200

// entry is something that may be shown, with its place in the order.
type entry[T any] struct {
	at    string
	value T
}

// fill makes a page of what next gives after a position, "" at the beginning, until it gives nothing. What show returns nil for
// isn't shown.
func fill[T, O any](ctx context.Context, token *string, max *int32, next func(after string) ([]entry[T], error), show func(T) (*O, error)) ([]O, *string, error) {
	after, err := wire.PagePosition(ctx, token)
	if err != nil {
		return nil, nil, invalid("NextToken is not valid.")
	}
	size := pageSize(max)
	out := []O{}
	for {
		list, err := next(after)
		if err != nil || len(list) == 0 {
			return out, nil, err
		}
		for _, e := range list {
			if len(out) == size {
				return out, wire.PageToken(ctx, after), nil
			}
			o, err := show(e.value)
			if err != nil {
				return nil, nil, err
			}
			if after = e.at; o != nil {
				out = append(out, *o)
			}
		}
	}
}

// pageSize is 100, when not asked for otherwise, as Glue has it for most lists.
func pageSize(max *int32) int {
	if n := aws.ToInt32(max); n > 0 {
		return int(n)
	}
	return 100
}
