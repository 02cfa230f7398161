package sagemaker

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// tagMap reads the tags of a request.
func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, invalid("%v", err)
	}
	return tags, nil
}

// tagKey is where the tags of a resource are.
func tagKey(resource string) (store.Key, error) {
	a, err := arn.Parse(resource)
	if err != nil || a.Service != "sagemaker" || !strings.Contains(a.Resource, "/") {
		return store.Key{}, invalid("Invalid ARN %q.", resource)
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}, nil
}

// tag gives something that is made its tags.
func (s *Service) tag(tx *store.Tx, k kind, of store.Key, tags map[string]string) error {
	of.ID = k.arn + "/" + of.ID
	return s.tags.Put(tx, of, tags)
}

// untag forgets the tags of something that is deleted.
func (s *Service) untag(tx *store.Tx, k kind, of store.Key) error {
	of.ID = k.arn + "/" + of.ID
	if err := s.tags.Delete(tx, of); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// retag changes the tags of a resource and gives the new ones.
func (s *Service) retag(ctx context.Context, resource *string, f func(map[string]string) (map[string]string, error)) (tags map[string]string, err error) {
	k, err := tagKey(aws.ToString(resource))
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		has, err := s.tags.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return &types.ResourceNotFound{Message: aws.String("Resource " + *resource + " does not exist.")}
		}
		if err != nil {
			return err
		}
		if tags, err = f(has); err != nil {
			return err
		}
		return s.tags.Put(tx, k, tags)
	})
	return tags, err
}

func tagList(tags map[string]string) []types.Tag {
	return wire.TagList(tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
}

func onARN(resource *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(resource)}}, nil
}

// AddTags adds tags to a resource.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
func (s *Service) AddTags(ctx context.Context, in *sagemaker.AddTagsInput) (*sagemaker.AddTagsOutput, error) {
	added, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	tags, err := s.retag(ctx, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		out, err := wire.AddTags(has, added)
		if err != nil {
			return nil, invalid("%v", err)
		}
		return out, nil
	})
	return &sagemaker.AddTagsOutput{Tags: tagList(tags)}, err
}

func (s *Service) addTagsTargets(_ context.Context, in *sagemaker.AddTagsInput) ([]wire.Target, error) {
	return onARN(in.ResourceArn)
}

// DeleteTags takes tags off a resource.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteTags.html
func (s *Service) DeleteTags(ctx context.Context, in *sagemaker.DeleteTagsInput) (*sagemaker.DeleteTagsOutput, error) {
	_, err := s.retag(ctx, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		return wire.RemoveTags(has, in.TagKeys), nil
	})
	return &sagemaker.DeleteTagsOutput{}, err
}

func (s *Service) deleteTagsTargets(_ context.Context, in *sagemaker.DeleteTagsInput) ([]wire.Target, error) {
	return onARN(in.ResourceArn)
}

// ListTags lists the tags of a resource.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTags.html
func (s *Service) ListTags(ctx context.Context, in *sagemaker.ListTagsInput) (*sagemaker.ListTagsOutput, error) {
	k, err := tagKey(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		tags, err = s.tags.Get(tx, k)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) { // what is not there has no tags, here as in AWS
		return nil, err
	}
	list, size := tagList(tags), 50
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	page, next, err := wire.Page(ctx, list, func(t types.Tag) string { return *t.Key }, size, in.NextToken)
	if err != nil {
		return nil, invalid("Invalid NextToken.")
	}
	return &sagemaker.ListTagsOutput{Tags: page, NextToken: next}, nil
}

func (s *Service) listTagsTargets(_ context.Context, in *sagemaker.ListTagsInput) ([]wire.Target, error) {
	return onARN(in.ResourceArn)
}
