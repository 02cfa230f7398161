package wire

import (
	"context"
	"reflect"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// Events writes the events of a streamed answer. Each is a member of the stream's union, *types.<Union>Member<Event>.
// What send returns says that the caller is gone. An error that Events returns ends the stream and is told in it.
type Events[E any] func(send func(E) error) error

type sender func(send func(any) error) error

// StreamOp lists a handler whose answer is a stream of events of the union E. The handler's error is an ordinary one, as
// long as no event was sent.
func StreamOp[I, O, E any](f func(context.Context, *I) (*O, Events[E], error), opts ...Option) Operation {
	o := Operation{
		Name: strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input"),
		In:   reflect.TypeFor[I](), Out: reflect.TypeFor[O](), Event: reflect.TypeFor[E](),
		handle: func(ctx context.Context, in any) (any, sender, error) {
			out, events, err := f(ctx, in.(*I))
			if err != nil {
				return nil, nil, err
			}
			return out, func(send func(any) error) error { return events(func(e E) error { return send(e) }) }, nil
		},
	}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

type incomingKey struct{}

// IncomingOf gives the events of a streamed request, nil when the request has none.
func IncomingOf(ctx context.Context) *codec.EventReader {
	r, _ := ctx.Value(incomingKey{}).(*codec.EventReader)
	return r
}
