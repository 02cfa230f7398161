package ssm

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	return tags, tagFault(err)
}

func tagFault(err error) error {
	var fault *wire.TagError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault) && fault.Fault == wire.TagTooMany:
		return &types.TooManyTagsError{Message: aws.String(err.Error())}
	}
	return invalid("%v", err)
}

// tagged reads a parameter whose tags are asked for.
func (s *Service) tagged(ctx context.Context, tx *store.Tx, kind types.ResourceTypeForTagging, id *string) (store.Key, parameter, error) {
	k := here(ctx, aws.ToString(id))
	if kind != types.ResourceTypeForTaggingParameter {
		return k, parameter{}, &types.InvalidResourceType{Message: aws.String("The resource type " + string(kind) + " is not supported.")}
	}
	p, err := s.parameters.Get(tx, k)
	if absent(err) {
		err = &types.InvalidResourceId{Message: aws.String("The resource ID " + k.ID + " is not valid. Verify that you entered the correct ID and try again.")}
	}
	return k, p, err
}

func (s *Service) retag(ctx context.Context, kind types.ResourceTypeForTagging, id *string, f func(has map[string]string) (map[string]string, error)) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		k, p, err := s.tagged(ctx, tx, kind, id)
		if err != nil {
			return err
		}
		if p.Tags, err = f(p.Tags); err != nil {
			return tagFault(err)
		}
		return s.parameters.Put(tx, k, p)
	})
}

// AddTagsToResource adds tags to a parameter.
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
func (s *Service) AddTagsToResource(ctx context.Context, in *ssm.AddTagsToResourceInput) (*ssm.AddTagsToResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	return &ssm.AddTagsToResourceOutput{}, s.retag(ctx, in.ResourceType, in.ResourceId, func(has map[string]string) (map[string]string, error) {
		return wire.AddTags(has, tags)
	})
}

func (s *Service) addTagsTargets(ctx context.Context, in *ssm.AddTagsToResourceInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.ResourceId))
}

// RemoveTagsFromResource removes tags.
func (s *Service) RemoveTagsFromResource(ctx context.Context, in *ssm.RemoveTagsFromResourceInput) (*ssm.RemoveTagsFromResourceOutput, error) {
	return &ssm.RemoveTagsFromResourceOutput{}, s.retag(ctx, in.ResourceType, in.ResourceId, func(has map[string]string) (map[string]string, error) {
		return wire.RemoveTags(has, in.TagKeys), nil
	})
}

func (s *Service) removeTagsTargets(ctx context.Context, in *ssm.RemoveTagsFromResourceInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.ResourceId))
}

// ListTagsForResource lists the tags.
func (s *Service) ListTagsForResource(ctx context.Context, in *ssm.ListTagsForResourceInput) (*ssm.ListTagsForResourceOutput, error) {
	out := &ssm.ListTagsForResourceOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		_, p, err := s.tagged(ctx, tx, in.ResourceType, in.ResourceId)
		out.TagList = wire.TagList(p.Tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
		return err
	})
}

func (s *Service) listTagsTargets(ctx context.Context, in *ssm.ListTagsForResourceInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.ResourceId))
}
