package sns

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, invalid("Tags Reason: %v", err)
	}
	return tags, nil
}

// TagResource adds tags to a topic.
func (s *Service) TagResource(ctx context.Context, in *sns.TagResourceInput) (*sns.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, in.ResourceArn, func(_ store.Key, t *topic) (err error) {
		if t.Tags, err = wire.AddTags(t.Tags, tags); err != nil {
			return &types.TagLimitExceededException{Message: aws.String(err.Error())}
		}
		return nil
	})
	if err != nil {
		return nil, tagged(err)
	}
	return &sns.TagResourceOutput{}, nil
}

// tagged is a fault in the words of the operations on tags.
func tagged(err error) error {
	if err == error(errNoTopic) {
		return &types.ResourceNotFoundException{Message: aws.String("Resource does not exist")}
	}
	return err
}

func (s *Service) tagTargets(ctx context.Context, in *sns.TagResourceInput) ([]wire.Target, error) {
	return s.on(ctx, in.ResourceArn)
}

// UntagResource removes tags.
func (s *Service) UntagResource(ctx context.Context, in *sns.UntagResourceInput) (*sns.UntagResourceOutput, error) {
	err := s.change(ctx, in.ResourceArn, func(_ store.Key, t *topic) error {
		t.Tags = wire.RemoveTags(t.Tags, in.TagKeys)
		return nil
	})
	if err != nil {
		return nil, tagged(err)
	}
	return &sns.UntagResourceOutput{}, nil
}

func (s *Service) untagTargets(ctx context.Context, in *sns.UntagResourceInput) ([]wire.Target, error) {
	return s.on(ctx, in.ResourceArn)
}

// ListTagsForResource lists the tags of a topic.
func (s *Service) ListTagsForResource(ctx context.Context, in *sns.ListTagsForResourceInput) (*sns.ListTagsForResourceOutput, error) {
	k, err := topicKey(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t, err := s.find(ctx, k)
	if err != nil {
		return nil, tagged(err)
	}
	return &sns.ListTagsForResourceOutput{Tags: wire.TagList(t.Tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })}, nil
}

func (s *Service) listTagsTargets(ctx context.Context, in *sns.ListTagsForResourceInput) ([]wire.Target, error) {
	return s.on(ctx, in.ResourceArn)
}
