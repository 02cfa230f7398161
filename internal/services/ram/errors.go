package ram

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

func invalid(message string) error {
	return &types.InvalidParameterException{Message: aws.String(message)}
}

func notPermitted(message string) error {
	return &types.OperationNotPermittedException{Message: aws.String(message)}
}

func unknown(what, name string) error {
	return &types.UnknownResourceException{Message: aws.String(what + " " + name + " could not be found.")}
}

func malformedARN(what, name string) error {
	return &types.MalformedArnException{Message: aws.String("The specified " + what + " ARN " + name + " is not valid. Verify the ARN and try again.")}
}

// missing turns "not found" into the given error.
func missing(err, instead error) error {
	if errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

// principalFault answers a principal that is refused.
func principalFault(err error, principal string) error {
	switch {
	case errors.Is(err, sharing.ErrMalformedPrincipal):
		return invalid("Principal ID " + principal + " is malformed. Verify the ID and try again.")
	case errors.Is(err, sharing.ErrOwner):
		return invalid("Principal " + principal + " owns the resource share.")
	case errors.Is(err, sharing.ErrUnknownPrincipal):
		if strings.Contains(principal, ":ou/") {
			return unknown("OrganizationalUnit", principal)
		}
		return unknown("Organization", principal)
	case errors.Is(err, sharing.ErrNotOrganized), errors.Is(err, sharing.ErrExternal):
		return notPermitted("The resource you are attempting to share can only be shared within your AWS Organization. This error may also " +
			"occur if you have not enabled sharing with your AWS organization, or that onboarding process is still in progress.")
	}
	return err
}

// maxToken bounds client tokens. They are UUIDs.
const maxToken = 128

// once runs f in a transaction, and answers a call that is repeated with its client token as before.
func once[O any](ctx context.Context, s *Service, token *string, in any, f func(tx *store.Tx) (*O, error)) (out *O, err error) {
	if t := aws.ToString(token); len(t) > maxToken || strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &types.InvalidClientTokenException{Message: aws.String("The client token is not valid.")}
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		out, err = wire.Once(ctx, s.tokens, tx, token, in, func() (*O, error) { return f(tx) })
		return err
	})
	if errors.Is(err, wire.ErrTokenReused) {
		err = &types.IdempotentParameterMismatchException{
			Message: aws.String("The request has the same client token as a previous request, but the requests are not the same.")}
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// pageSize is how many results come at once when nobody says.
const pageSize = 100

// page cuts a list, which is sorted by key.
func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := pageSize
	if limit != nil {
		size = int(*limit)
	}
	out, next, err := wire.Page(ctx, list, key, size, token)
	if errors.Is(err, wire.ErrPageToken) {
		err = &types.InvalidNextTokenException{Message: aws.String("The specified value for NextToken is not valid.")}
	}
	return out, next, err
}

// tagFault answers a list of tags that is refused.
func tagFault(err error) error {
	var e *wire.TagError
	if !errors.As(err, &e) {
		return err
	}
	if e.Fault == wire.TagTooMany {
		return &types.TagLimitExceededException{Message: aws.String(e.Error())}
	}
	return invalid(e.Error())
}

func tagMap(list []types.Tag) (map[string]string, error) {
	out, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	return out, tagFault(err)
}

func tagList(tags map[string]string) []types.Tag {
	return wire.TagList(tags, func(k, v string) types.Tag { return types.Tag{Key: aws.String(k), Value: aws.String(v)} })
}
