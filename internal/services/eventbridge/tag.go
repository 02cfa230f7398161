package eventbridge

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, invalid("%v", err)
	}
	return tags, nil
}

// tagged reads the key of a bus or rule out of its ARN.
func tagged(resource *string) (kind string, k store.Key, err error) {
	a, err := arn.Parse(aws.ToString(resource))
	kind, name, ok := strings.Cut(a.Resource, "/")
	if err != nil || !ok || a.Service != "events" || kind != "event-bus" && kind != "rule" {
		return kind, k, missing("Resource %s does not exist.", aws.ToString(resource))
	}
	if kind == "rule" && !strings.Contains(name, "/") {
		name = defaultBus + "/" + name
	}
	return kind, store.Key{Account: a.Account, Region: a.Region, ID: name}, nil
}

// retag reads and changes the tags of a bus or rule.
func (s *Service) retag(ctx context.Context, resource *string, f func(map[string]string) (map[string]string, error)) error {
	kind, k, err := tagged(resource)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if kind == "event-bus" {
			b, err := s.busIn(tx, k)
			if err != nil {
				return err
			}
			if b.Tags, err = f(b.Tags); err != nil {
				return err
			}
			return s.buses.Put(tx, k, b)
		}
		r, err := s.rules.Get(tx, k)
		if absent(err) {
			return missing("Rule %s does not exist.", k.ID)
		}
		if err != nil {
			return err
		}
		if r.Tags, err = f(r.Tags); err != nil {
			return err
		}
		return s.rules.Put(tx, k, r)
	})
}

// TagResource adds tags to a bus or rule.
func (s *Service) TagResource(ctx context.Context, in *eventbridge.TagResourceInput) (*eventbridge.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.retag(ctx, in.ResourceARN, func(has map[string]string) (map[string]string, error) {
		out, err := wire.AddTags(has, tags)
		if err != nil {
			return nil, invalid("%v", err)
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.TagResourceOutput{}, nil
}

func (s *Service) tagTargets(ctx context.Context, in *eventbridge.TagResourceInput) ([]wire.Target, error) {
	return s.onOne(ctx, "", in.ResourceARN)
}

// UntagResource removes tags.
func (s *Service) UntagResource(ctx context.Context, in *eventbridge.UntagResourceInput) (*eventbridge.UntagResourceOutput, error) {
	err := s.retag(ctx, in.ResourceARN, func(has map[string]string) (map[string]string, error) { return wire.RemoveTags(has, in.TagKeys), nil })
	if err != nil {
		return nil, err
	}
	return &eventbridge.UntagResourceOutput{}, nil
}

func (s *Service) untagTargets(ctx context.Context, in *eventbridge.UntagResourceInput) ([]wire.Target, error) {
	return s.onOne(ctx, "", in.ResourceARN)
}

// ListTagsForResource lists the tags of a bus or rule.
func (s *Service) ListTagsForResource(ctx context.Context, in *eventbridge.ListTagsForResourceInput) (*eventbridge.ListTagsForResourceOutput, error) {
	kind, k, err := tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	ok := false
	err = s.image.Read(ctx, func() {
		if kind == "rule" {
			var r rule
			r, ok = s.rules.Rows()[k]
			tags = r.Tags
			return
		}
		var b bus
		b, ok = s.buses.Rows()[k]
		tags, ok = b.Tags, ok || k.ID == defaultBus
	})
	if err == nil && !ok {
		err = missing("Resource %s does not exist.", *in.ResourceARN)
	}
	return &eventbridge.ListTagsForResourceOutput{Tags: wire.TagList(tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })}, err
}

func (s *Service) listTagsTargets(ctx context.Context, in *eventbridge.ListTagsForResourceInput) ([]wire.Target, error) {
	return s.onOne(ctx, "", in.ResourceARN)
}
