package organizations

import (
	"context"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

const maxTags = 50

func (s *Service) resource(tx *store.Tx, o identity.Organization, id *string) (tagged, error) {
	t, err := s.find(tx, o, aws.ToString(id))
	return t, missing(err, &types.TargetNotFoundException{Message: aws.String("You specified a target that doesn't exist.")})
}

// TagResource adds tags to an account, unit, root or policy.
func (s *Service) TagResource(ctx context.Context, in *organizations.TagResourceInput) (*organizations.TagResourceOutput, error) {
	added, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		t, err := s.resource(tx, o, in.ResourceId)
		if err != nil {
			return err
		}
		tags := maps.Clone(t.tags)
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, added)
		if len(tags) > maxTags {
			return violation("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags of a resource.")
		}
		return t.save(tx, tags)
	})
	if err != nil {
		return nil, err
	}
	return &organizations.TagResourceOutput{}, nil
}

// UntagResource takes tags off.
func (s *Service) UntagResource(ctx context.Context, in *organizations.UntagResourceInput) (*organizations.UntagResourceOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, o identity.Organization) error {
		t, err := s.resource(tx, o, in.ResourceId)
		if err != nil {
			return err
		}
		tags := maps.Clone(t.tags)
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return t.save(tx, tags)
	})
	if err != nil {
		return nil, err
	}
	return &organizations.UntagResourceOutput{}, nil
}

// ListTagsForResource lists tags in order of key.
func (s *Service) ListTagsForResource(ctx context.Context, in *organizations.ListTagsForResourceInput) (*organizations.ListTagsForResourceOutput, error) {
	out := &organizations.ListTagsForResourceOutput{Tags: []types.Tag{}}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		t, err := s.resource(tx, o, in.ResourceId)
		for _, k := range slices.Sorted(maps.Keys(t.tags)) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(t.tags[k])})
		}
		return err
	})
	return out, err
}
