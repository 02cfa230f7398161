package organizations

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

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
		tags, err := wire.AddTags(t.tags, added)
		if err != nil {
			return tagFault(err)
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
		return t.save(tx, wire.RemoveTags(t.tags, in.TagKeys))
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
		out.Tags = wire.TagList(t.tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
		return err
	})
	return out, err
}
