package logs

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
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

// tagged tells whether tags pass filters, in whose values * and ! have a meaning.
func tagged(tags map[string]string, filters []types.TagFilter) bool {
	for _, f := range filters {
		v, ok := tags[aws.ToString(f.Key)]
		if !ok || len(f.Values) > 0 && !slices.ContainsFunc(f.Values, func(want string) bool { return tagLike(v, want) }) {
			return false
		}
	}
	return true
}

func tagLike(v, want string) bool {
	if w, not := strings.CutPrefix(want, "!"); not {
		return !tagLike(v, w)
	}
	first, last, wild := strings.Cut(want, "*")
	if !wild {
		return v == want
	}
	v, first, last = strings.ToLower(v), strings.ToLower(first), strings.ToLower(last)
	return len(v) >= len(first)+len(last) && strings.HasPrefix(v, first) && strings.HasSuffix(v, last)
}

func (s *Service) addTags(ctx context.Context, k store.Key, tags map[string]string) error {
	if err := checkTags(tags); err != nil {
		return err
	}
	return s.change(ctx, k, func(g *group) (err error) {
		if g.Tags, err = wire.AddTags(g.Tags, tags); err != nil {
			return &types.TooManyTagsException{Message: aws.String(err.Error()), ResourceName: &k.ID}
		}
		return nil
	})
}

func (s *Service) removeTags(ctx context.Context, k store.Key, keys []string) error {
	return s.change(ctx, k, func(g *group) error {
		g.Tags = wire.RemoveTags(g.Tags, keys)
		return nil
	})
}

// TagResource adds tags to a group, by its ARN.
func (s *Service) TagResource(ctx context.Context, in *cloudwatchlogs.TagResourceInput) (*cloudwatchlogs.TagResourceOutput, error) {
	k, err := identified(ctx, *in.ResourceArn)
	if err == nil {
		err = s.addTags(ctx, k, in.Tags)
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.TagResourceOutput{}, nil
}

// onARN names a group by its ARN, without streams.
func (s *Service) onARN(ctx context.Context, text *string) ([]wire.Target, error) {
	k, err := identified(ctx, aws.ToString(text))
	if err != nil {
		return nil, err
	}
	return s.itself(ctx, k)
}

func (s *Service) tagResourceTargets(ctx context.Context, in *cloudwatchlogs.TagResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.ResourceArn)
}

// UntagResource removes tags from a group.
func (s *Service) UntagResource(ctx context.Context, in *cloudwatchlogs.UntagResourceInput) (*cloudwatchlogs.UntagResourceOutput, error) {
	k, err := identified(ctx, *in.ResourceArn)
	if err == nil {
		err = s.removeTags(ctx, k, in.TagKeys)
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.UntagResourceOutput{}, nil
}

func (s *Service) untagResourceTargets(ctx context.Context, in *cloudwatchlogs.UntagResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.ResourceArn)
}

// ListTagsForResource lists the tags of a group.
func (s *Service) ListTagsForResource(ctx context.Context, in *cloudwatchlogs.ListTagsForResourceInput) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	k, err := identified(ctx, *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: shown(g.Tags)}, nil
}

func shown(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

func (s *Service) listTagsForResourceTargets(ctx context.Context, in *cloudwatchlogs.ListTagsForResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.ResourceArn)
}

// TagLogGroup adds tags to a group, by its name.
func (s *Service) TagLogGroup(ctx context.Context, in *cloudwatchlogs.TagLogGroupInput) (*cloudwatchlogs.TagLogGroupOutput, error) {
	if err := s.addTags(ctx, here(ctx, *in.LogGroupName), in.Tags); err != nil {
		return nil, err
	}
	return &cloudwatchlogs.TagLogGroupOutput{}, nil
}

func (s *Service) tagLogGroupTargets(ctx context.Context, in *cloudwatchlogs.TagLogGroupInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// UntagLogGroup removes tags from a group.
func (s *Service) UntagLogGroup(ctx context.Context, in *cloudwatchlogs.UntagLogGroupInput) (*cloudwatchlogs.UntagLogGroupOutput, error) {
	if err := s.removeTags(ctx, here(ctx, *in.LogGroupName), in.Tags); err != nil {
		return nil, err
	}
	return &cloudwatchlogs.UntagLogGroupOutput{}, nil
}

func (s *Service) untagLogGroupTargets(ctx context.Context, in *cloudwatchlogs.UntagLogGroupInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// ListTagsLogGroup lists the tags of a group.
func (s *Service) ListTagsLogGroup(ctx context.Context, in *cloudwatchlogs.ListTagsLogGroupInput) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
	g, err := s.find(ctx, here(ctx, *in.LogGroupName))
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsLogGroupOutput{Tags: shown(g.Tags)}, nil
}

func (s *Service) listTagsLogGroupTargets(ctx context.Context, in *cloudwatchlogs.ListTagsLogGroupInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}
