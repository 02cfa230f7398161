package sqs

import (
	"context"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func checkTags(tags map[string]string) error {
	_, err := wire.TagMap(slices.Collect(maps.Keys(tags)), func(k string) (key, value *string) {
		v := tags[k]
		return &k, &v
	})
	if err != nil {
		return invalid("%v", err)
	}
	return nil
}

// TagQueue adds tags.
func (s *Service) TagQueue(ctx context.Context, in *sqs.TagQueueInput) (*sqs.TagQueueOutput, error) {
	k, err := key(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, q *queue) (err error) {
		if q.Tags, err = wire.AddTags(q.Tags, in.Tags); err != nil {
			return invalid("%v", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &sqs.TagQueueOutput{}, nil
}

func (s *Service) tagTargets(ctx context.Context, in *sqs.TagQueueInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// UntagQueue removes tags.
func (s *Service) UntagQueue(ctx context.Context, in *sqs.UntagQueueInput) (*sqs.UntagQueueOutput, error) {
	k, err := key(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, q *queue) error {
		q.Tags = wire.RemoveTags(q.Tags, in.TagKeys)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &sqs.UntagQueueOutput{}, nil
}

func (s *Service) untagTargets(ctx context.Context, in *sqs.UntagQueueInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// ListQueueTags lists the tags.
func (s *Service) ListQueueTags(ctx context.Context, in *sqs.ListQueueTagsInput) (*sqs.ListQueueTagsOutput, error) {
	_, q, err := s.at(ctx, in.QueueUrl)
	return &sqs.ListQueueTagsOutput{Tags: q.Tags}, err
}

func (s *Service) listTagsTargets(ctx context.Context, in *sqs.ListQueueTagsInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}
