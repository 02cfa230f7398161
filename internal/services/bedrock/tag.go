package bedrock

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	return tags, tagFault(err)
}

func tagFault(err error) error {
	var e *wire.TagError
	if !errors.As(err, &e) {
		return err
	}
	if e.Fault == wire.TagTooMany {
		return &types.TooManyTagsException{Message: aws.String(e.Error())}
	}
	return invalid("%s", e.Error())
}

// change changes the tags of a row.
func change[T any](tx *store.Tx, t *store.Table[T], k store.Key, tags func(*T) *map[string]string, f func(map[string]string) (map[string]string, error)) error {
	v, err := t.Get(tx, k)
	if err != nil {
		return err
	}
	at := tags(&v)
	made, err := f(*at)
	if err != nil || made == nil {
		return err
	}
	*at = made
	return t.Put(tx, k, v)
}

// retag runs f on the tags of a resource, and keeps what it returns when that isn't nil.
func (s *Service) retag(tx *store.Tx, resource string, f func(map[string]string) (map[string]string, error)) error {
	a, err := arn.Parse(resource)
	if err != nil {
		return invalid("The ARN %s is not valid.", resource)
	}
	kind, id, _ := strings.Cut(a.Resource, "/")
	k := store.Key{Account: a.Account, Region: a.Region, ID: id}
	switch kind {
	case guardrails:
		err = change(tx, s.Shelf.Guardrails, versioned(k, foundation.Draft), func(v *foundation.Guardrail) *map[string]string { return &v.Tags }, f)
	case applicationProfile:
		err = change(tx, s.Shelf.Profiles, k, func(v *foundation.Profile) *map[string]string { return &v.Tags }, f)
	case importedKind:
		err = change(tx, s.Shelf.Imported, k, func(v *foundation.Imported) *map[string]string { return &v.Tags }, f)
	case throughputKind:
		err = change(tx, s.Shelf.Throughputs, k, func(v *foundation.Throughput) *map[string]string { return &v.Tags }, f)
	case foundation.AsyncKind:
		err = change(tx, s.Shelf.Asyncs, k, func(v *foundation.Async) *map[string]string { return &v.Tags }, f)
	case batchKind:
		err = change(tx, s.batches, k, func(v *batch) *map[string]string { return &v.Tags }, f)
	case importKind:
		err = change(tx, s.imports, k, func(v *importJob) *map[string]string { return &v.Tags }, f)
	default:
		err = store.ErrNotFound
	}
	return absent(err, missing("The resource %s does not exist.", resource))
}

// TagResource puts tags on a resource.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_TagResource.html
func (s *Service) TagResource(ctx context.Context, in *bedrock.TagResourceInput) (*bedrock.TagResourceOutput, error) {
	added, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	return &bedrock.TagResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return s.retag(tx, aws.ToString(in.ResourceARN), func(has map[string]string) (map[string]string, error) {
			tags, err := wire.AddTags(has, added)
			return tags, tagFault(err)
		})
	})
}

func (s *Service) tagResourceTargets(_ context.Context, in *bedrock.TagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}

// UntagResource takes tags off.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_UntagResource.html
func (s *Service) UntagResource(ctx context.Context, in *bedrock.UntagResourceInput) (*bedrock.UntagResourceOutput, error) {
	return &bedrock.UntagResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return s.retag(tx, aws.ToString(in.ResourceARN), func(has map[string]string) (map[string]string, error) {
			return wire.RemoveTags(has, in.TagKeys), nil
		})
	})
}

func (s *Service) untagResourceTargets(_ context.Context, in *bedrock.UntagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}

// ListTagsForResource lists the tags of a resource.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListTagsForResource.html
func (s *Service) ListTagsForResource(ctx context.Context, in *bedrock.ListTagsForResourceInput) (*bedrock.ListTagsForResourceOutput, error) {
	out := &bedrock.ListTagsForResourceOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		return s.retag(tx, aws.ToString(in.ResourceARN), func(has map[string]string) (map[string]string, error) {
			out.Tags = wire.TagList(has, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
			return nil, nil
		})
	})
}

func (s *Service) listTagsForResourceTargets(_ context.Context, in *bedrock.ListTagsForResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}
