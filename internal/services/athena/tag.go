package athena

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

func tagMap(tags []types.Tag) (map[string]string, error) {
	out, err := wire.TagMap(tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	return out, tagFault(err)
}

// tagFault answers a list of tags that is refused in the words of Athena.
func tagFault(err error) error {
	var e *wire.TagError
	if errors.As(err, &e) {
		return invalid("%s", e.Error())
	}
	return err
}

// tagged runs f on the tags of a workgroup or data catalog, and keeps what f returns when it isn't nil.
func (s *Service) tagged(ctx context.Context, resource string, read func(func(*store.Tx) error) error, f func(map[string]string) (map[string]string, error)) error {
	call := wire.CallOf(ctx)
	kind, name, _ := strings.Cut(strings.TrimPrefix(resource, arn.New("athena", call.Region, call.Account(), "")), "/")
	k := store.Key{Account: call.Account(), Region: call.Region, ID: name}
	missing := notFound(resource, "Resource %s was not found.", resource)
	return read(func(tx *store.Tx) error {
		switch kind {
		case "workgroup":
			w, err := s.workgroup(tx, k.Account, k.Region, name)
			var gone *types.InvalidRequestException
			if errors.As(err, &gone) {
				return missing
			}
			if err != nil {
				return err
			}
			tags, err := f(w.Tags)
			if err != nil || tags == nil {
				return err
			}
			w.Tags = tags
			return s.workgroups.Put(tx, k, w)
		case "datacatalog":
			c, err := s.dataCatalog(tx, k)
			if err != nil {
				return absent(err, missing)
			}
			tags, err := f(c.Tags)
			if err != nil || tags == nil {
				return err
			}
			c.Tags = tags
			return s.catalogs.Put(tx, k, c)
		}
		return missing
	})
}

func (s *Service) update(ctx context.Context) func(func(*store.Tx) error) error {
	return func(f func(*store.Tx) error) error { return s.Store.Update(ctx, f) }
}

// TagResource adds tags to a workgroup or data catalog.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_TagResource.html
func (s *Service) TagResource(ctx context.Context, in *athena.TagResourceInput) (*athena.TagResourceOutput, error) {
	added, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.tagged(ctx, *in.ResourceARN, s.update(ctx), func(has map[string]string) (map[string]string, error) {
		tags, err := wire.AddTags(has, added)
		return tags, tagFault(err)
	})
	if err != nil {
		return nil, err
	}
	return &athena.TagResourceOutput{}, nil
}

func (s *Service) tagTargets(_ context.Context, in *athena.TagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: *in.ResourceARN}}, nil
}

// UntagResource takes tags off.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_UntagResource.html
func (s *Service) UntagResource(ctx context.Context, in *athena.UntagResourceInput) (*athena.UntagResourceOutput, error) {
	err := s.tagged(ctx, *in.ResourceARN, s.update(ctx), func(has map[string]string) (map[string]string, error) {
		if has == nil {
			return nil, nil
		}
		return wire.RemoveTags(has, in.TagKeys), nil
	})
	if err != nil {
		return nil, err
	}
	return &athena.UntagResourceOutput{}, nil
}

func (s *Service) untagTargets(_ context.Context, in *athena.UntagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: *in.ResourceARN}}, nil
}

// ListTagsForResource lists tags in order of key.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListTagsForResource.html
func (s *Service) ListTagsForResource(ctx context.Context, in *athena.ListTagsForResourceInput) (*athena.ListTagsForResourceOutput, error) {
	var list []types.Tag
	read := func(f func(*store.Tx) error) error { return s.Store.View(ctx, f) }
	err := s.tagged(ctx, *in.ResourceARN, read, func(has map[string]string) (map[string]string, error) {
		list = wire.TagList(has, func(k, v string) types.Tag { return types.Tag{Key: aws.String(k), Value: aws.String(v)} })
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(ctx, list, func(t types.Tag) string { return *t.Key }, in.MaxResults, in.NextToken)
	return &athena.ListTagsForResourceOutput{Tags: list, NextToken: next}, err
}

func (s *Service) listTagsTargets(_ context.Context, in *athena.ListTagsForResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: *in.ResourceARN}}, nil
}
