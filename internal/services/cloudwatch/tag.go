package cloudwatch

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, badValue("%v", err)
	}
	return tags, nil
}

// retag reads and changes the tags of an alarm or dashboard of the caller's.
func (s *Service) retag(ctx context.Context, tx *store.Tx, resource string, f func(map[string]string) (map[string]string, error)) error {
	a, err := arn.Parse(resource)
	missing := &types.ResourceNotFoundException{ResourceType: aws.String("cloudwatch"), ResourceId: aws.String(resource)}
	if err != nil || a.Service != "cloudwatch" || a.Account != wire.CallOf(ctx).Account() {
		return missing
	}
	k := store.Key{Account: a.Account, Region: a.Region}
	if name, ok := strings.CutPrefix(a.Resource, "alarm:"); ok {
		k.ID = name
		x, err := s.alarms.Get(tx, k)
		if absent(err) {
			return missing
		}
		if err != nil {
			return err
		}
		if x.Tags, err = f(x.Tags); err != nil || x.Tags == nil {
			return err
		}
		return s.alarms.Put(tx, k, x)
	}
	name, ok := strings.CutPrefix(a.Resource, "dashboard/")
	if k.ID = name; !ok {
		return missing
	}
	x, err := s.dashboards.Get(tx, k)
	if absent(err) {
		return missing
	}
	if err != nil {
		return err
	}
	if x.Tags, err = f(x.Tags); err != nil || x.Tags == nil {
		return err
	}
	return s.dashboards.Put(tx, k, x)
}

// TagResource adds tags to an alarm or dashboard.
func (s *Service) TagResource(ctx context.Context, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	return &cloudwatch.TagResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return s.retag(ctx, tx, *in.ResourceARN, func(has map[string]string) (map[string]string, error) {
			out, err := wire.AddTags(has, tags)
			if err != nil {
				return nil, badValue("%v", err)
			}
			return out, nil
		})
	})
}

func (s *Service) tagTargets(_ context.Context, in *cloudwatch.TagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}

// UntagResource takes tags off.
func (s *Service) UntagResource(ctx context.Context, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	return &cloudwatch.UntagResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return s.retag(ctx, tx, *in.ResourceARN, func(has map[string]string) (map[string]string, error) {
			return wire.RemoveTags(has, in.TagKeys), nil
		})
	})
}

func (s *Service) untagTargets(_ context.Context, in *cloudwatch.UntagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}

// ListTagsForResource lists tags.
func (s *Service) ListTagsForResource(ctx context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	out := &cloudwatch.ListTagsForResourceOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		return s.retag(ctx, tx, *in.ResourceARN, func(has map[string]string) (map[string]string, error) {
			out.Tags = wire.TagList(has, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
			return nil, nil
		})
	})
	return out, err
}

func (s *Service) listTagsTargets(_ context.Context, in *cloudwatch.ListTagsForResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}
