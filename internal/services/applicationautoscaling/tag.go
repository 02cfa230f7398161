package applicationautoscaling

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// checkTags checks tags, and that they fit beside those that are there.
func checkTags(tags, has map[string]string) error {
	type pair struct{ k, v string }
	var list []pair
	for k, v := range tags {
		list = append(list, pair{k, v})
	}
	_, err := wire.TagMap(list, func(p pair) (key, value *string) { return &p.k, &p.v })
	if err == nil {
		_, err = wire.AddTags(has, tags)
	}
	var fault *wire.TagError
	if errors.As(err, &fault) {
		if fault.Fault == wire.TagTooMany {
			return &types.TooManyTagsException{Message: aws.String(fault.Error())}
		}
		return invalid("%v", fault)
	}
	return err
}

// tagged finds a target by its ARN.
func (s *Service) tagged(ctx context.Context, tx *store.Tx, resource string) (store.Row[target], error) {
	a, err := arn.Parse(resource)
	if err == nil && a.Account == wire.CallOf(ctx).Account() {
		rows, err := s.targets.Find(tx, "arn", resource, store.Range{Account: a.Account, Region: a.Region, Limit: 1})
		if err != nil {
			return store.Row[target]{}, err
		}
		if len(rows) > 0 {
			return rows[0], nil
		}
	}
	return store.Row[target]{}, &types.ResourceNotFoundException{Message: aws.String("The specified resource doesn't exist."), ResourceName: &resource}
}

// TagResource adds tags to a target.
func (s *Service) TagResource(ctx context.Context, in *applicationautoscaling.TagResourceInput) (*applicationautoscaling.TagResourceOutput, error) {
	return &applicationautoscaling.TagResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.tagged(ctx, tx, *in.ResourceARN)
		if err != nil {
			return err
		}
		if err := checkTags(in.Tags, r.Value.Tags); err != nil {
			return err
		}
		if r.Value.Tags, err = wire.AddTags(r.Value.Tags, in.Tags); err != nil {
			return err
		}
		return s.targets.Put(tx, r.Key, r.Value)
	})
}

func (s *Service) tagTargets(_ context.Context, in *applicationautoscaling.TagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}

// UntagResource takes tags off.
func (s *Service) UntagResource(ctx context.Context, in *applicationautoscaling.UntagResourceInput) (*applicationautoscaling.UntagResourceOutput, error) {
	return &applicationautoscaling.UntagResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.tagged(ctx, tx, *in.ResourceARN)
		if err != nil {
			return err
		}
		r.Value.Tags = wire.RemoveTags(r.Value.Tags, in.TagKeys)
		return s.targets.Put(tx, r.Key, r.Value)
	})
}

func (s *Service) untagTargets(_ context.Context, in *applicationautoscaling.UntagResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}

// ListTagsForResource lists tags.
func (s *Service) ListTagsForResource(ctx context.Context, in *applicationautoscaling.ListTagsForResourceInput) (*applicationautoscaling.ListTagsForResourceOutput, error) {
	out := &applicationautoscaling.ListTagsForResourceOutput{Tags: map[string]string{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.tagged(ctx, tx, *in.ResourceARN)
		if r.Value.Tags != nil {
			out.Tags = r.Value.Tags
		}
		return err
	})
	return out, err
}

func (s *Service) listTagsTargets(_ context.Context, in *applicationautoscaling.ListTagsForResourceInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.ResourceARN)}}, nil
}
