package ecr

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	m, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, &types.InvalidTagParameterException{Message: aws.String(err.Error())}
	}
	return m, nil
}

// named reads a repository out of its ARN.
func named(text *string) (store.Key, error) {
	a, err := arn.Parse(aws.ToString(text))
	name, ok := strings.CutPrefix(a.Resource, "repository/")
	if err != nil || a.Service != "ecr" || !ok {
		return store.Key{}, invalid("resourceArn' failed to satisfy constraint: 'Invalid ARN'")
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: name}, nil
}

func (s *Service) onARN(ctx context.Context, text *string) ([]wire.Target, error) {
	k, err := named(text)
	if err != nil {
		return nil, err
	}
	t, err := s.target(ctx, k)
	return []wire.Target{t}, err
}

// TagResource adds tags to a repository.
func (s *Service) TagResource(ctx context.Context, input *ecr.TagResourceInput) (*ecr.TagResourceOutput, error) {
	added, err := tagMap(input.Tags)
	if err != nil {
		return nil, err
	}
	k, err := named(input.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, r *repository) (err error) {
		if r.Tags, err = wire.AddTags(r.Tags, added); err != nil {
			return &types.TooManyTagsException{Message: aws.String(err.Error())}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ecr.TagResourceOutput{}, nil
}

func (s *Service) tagResourceTargets(ctx context.Context, input *ecr.TagResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, input.ResourceArn)
}

// UntagResource removes tags from a repository.
func (s *Service) UntagResource(ctx context.Context, input *ecr.UntagResourceInput) (*ecr.UntagResourceOutput, error) {
	k, err := named(input.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, r *repository) error {
		r.Tags = wire.RemoveTags(r.Tags, input.TagKeys)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ecr.UntagResourceOutput{}, nil
}

func (s *Service) untagResourceTargets(ctx context.Context, input *ecr.UntagResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, input.ResourceArn)
}

// ListTagsForResource lists the tags of a repository.
func (s *Service) ListTagsForResource(ctx context.Context, input *ecr.ListTagsForResourceInput) (*ecr.ListTagsForResourceOutput, error) {
	k, err := named(input.ResourceArn)
	if err != nil {
		return nil, err
	}
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	return &ecr.ListTagsForResourceOutput{Tags: wire.TagList(r.Tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })}, nil
}

func (s *Service) listTagsForResourceTargets(ctx context.Context, input *ecr.ListTagsForResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, input.ResourceArn)
}
