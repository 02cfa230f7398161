package ecr

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// preview is what a lifecycle policy would do. It is computed when it is asked for.
type preview struct {
	Policy  string
	Results []doomed
}

// PutLifecyclePolicy says which images a repository does not keep, and removes those that it means already.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
func (s *Service) PutLifecyclePolicy(ctx context.Context, input *ecr.PutLifecyclePolicyInput) (*ecr.PutLifecyclePolicyOutput, error) {
	if _, err := readRules(*input.LifecyclePolicyText); err != nil {
		return nil, invalid("LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: %v'", err)
	}
	k := in(ctx, input.RegistryId, input.RepositoryName)
	err := s.change(ctx, k, func(tx *store.Tx, r *repository) error {
		r.Lifecycle, r.Evaluated = *input.LifecyclePolicyText, time.Time{}
		_, err := tx.Enqueue(lifecycleJob, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &ecr.PutLifecyclePolicyOutput{RegistryId: &k.Account, RepositoryName: &k.ID, LifecyclePolicyText: input.LifecyclePolicyText}, nil
}

func (s *Service) putLifecyclePolicyTargets(ctx context.Context, input *ecr.PutLifecyclePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

func noLifecycle(k store.Key) error {
	return &types.LifecyclePolicyNotFoundException{Message: aws.String("Lifecycle policy does not exist for the repository with name '" + k.ID +
		"' in the registry with id '" + k.Account + "'")}
}

// GetLifecyclePolicy shows the policy.
func (s *Service) GetLifecyclePolicy(ctx context.Context, input *ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	if r.Lifecycle == "" {
		return nil, noLifecycle(k)
	}
	out := &ecr.GetLifecyclePolicyOutput{RegistryId: &k.Account, RepositoryName: &k.ID, LifecyclePolicyText: &r.Lifecycle}
	if !r.Evaluated.IsZero() {
		out.LastEvaluatedAt = &r.Evaluated
	}
	return out, nil
}

func (s *Service) getLifecyclePolicyTargets(ctx context.Context, input *ecr.GetLifecyclePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// DeleteLifecyclePolicy removes the policy.
func (s *Service) DeleteLifecyclePolicy(ctx context.Context, input *ecr.DeleteLifecyclePolicyInput) (*ecr.DeleteLifecyclePolicyOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	out := &ecr.DeleteLifecyclePolicyOutput{RegistryId: &k.Account, RepositoryName: &k.ID}
	err := s.change(ctx, k, func(_ *store.Tx, r *repository) error {
		if r.Lifecycle == "" {
			return noLifecycle(k)
		}
		out.LifecyclePolicyText = aws.String(r.Lifecycle)
		r.Lifecycle = ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) deleteLifecyclePolicyTargets(ctx context.Context, input *ecr.DeleteLifecyclePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// StartLifecyclePolicyPreview computes what a policy, the repository's own or another, would remove.
func (s *Service) StartLifecyclePolicyPreview(ctx context.Context, input *ecr.StartLifecyclePolicyPreviewInput) (*ecr.StartLifecyclePolicyPreviewOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	text := aws.ToString(input.LifecyclePolicyText)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		if text == "" {
			if text = r.Lifecycle; text == "" {
				return noLifecycle(k)
			}
		}
		rules, err := readRules(text)
		if err != nil {
			return invalid("LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: %v'", err)
		}
		list, err := s.listImages(tx, k, r)
		if err != nil {
			return err
		}
		return s.previews.Put(tx, r.row(k, "preview"), preview{text, apply(rules, list, s.Clock.Now())})
	})
	if err != nil {
		return nil, err
	}
	return &ecr.StartLifecyclePolicyPreviewOutput{RegistryId: &k.Account, RepositoryName: &k.ID, LifecyclePolicyText: &text,
		Status: types.LifecyclePolicyPreviewStatusInProgress}, nil
}

func (s *Service) startLifecyclePolicyPreviewTargets(ctx context.Context, input *ecr.StartLifecyclePolicyPreviewInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// GetLifecyclePolicyPreview shows what the policy would remove.
func (s *Service) GetLifecyclePolicyPreview(ctx context.Context, input *ecr.GetLifecyclePolicyPreviewInput) (*ecr.GetLifecyclePolicyPreviewOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var p preview
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err == nil {
			p, err = s.previews.Get(tx, r.row(k, "preview"))
		}
		return err
	})
	if absent(err) {
		return nil, &types.LifecyclePolicyPreviewNotFoundException{Message: aws.String("Lifecycle policy preview does not exist for the repository with name '" +
			k.ID + "' in the registry with id '" + k.Account + "'")}
	}
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(p.Results, func(d doomed) bool {
		return input.Filter != nil && !wanted(picture{Tags: d.Tags}, input.Filter.TagStatus) || len(input.ImageIds) > 0 &&
			!slices.ContainsFunc(input.ImageIds, func(id types.ImageIdentifier) bool {
				return aws.ToString(id.ImageDigest) == d.Digest || slices.Contains(d.Tags, aws.ToString(id.ImageTag))
			})
	})
	total := len(list)
	list, next, err := page(ctx, list, func(d doomed) string { return d.Digest }, input.MaxResults, input.NextToken)
	if err != nil {
		return nil, err
	}
	out := &ecr.GetLifecyclePolicyPreviewOutput{RegistryId: &k.Account, RepositoryName: &k.ID, LifecyclePolicyText: &p.Policy, NextToken: next,
		Status: types.LifecyclePolicyPreviewStatusComplete, PreviewResults: []types.LifecyclePolicyPreviewResult{},
		Summary: &types.LifecyclePolicyPreviewSummary{ExpiringImageTotalCount: aws.Int32(int32(total))}}
	for _, d := range list {
		out.PreviewResults = append(out.PreviewResults, types.LifecyclePolicyPreviewResult{ImageDigest: &d.Digest, ImageTags: d.Tags, ImagePushedAt: &d.Pushed,
			AppliedRulePriority: &d.Rule, Action: &types.LifecyclePolicyRuleAction{Type: types.ImageActionTypeExpire}})
	}
	return out, nil
}

func (s *Service) getLifecyclePolicyPreviewTargets(ctx context.Context, input *ecr.GetLifecyclePolicyPreviewInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// runLifecycle removes what a repository's policy does not keep.
func (s *Service) runLifecycle(ctx context.Context, k store.Key) error {
	_, err := jobs.Step(ctx, "expire", func(ctx context.Context) (int, error) {
		n, err := s.expire(ctx, k)
		var none *types.RepositoryNotFoundException
		if errors.As(err, &none) {
			err = nil // it was deleted meanwhile
		}
		return n, err
	})
	return err
}

func (s *Service) expire(ctx context.Context, k store.Key) (n int, err error) {
	err = s.change(ctx, k, func(tx *store.Tx, r *repository) error {
		if r.Lifecycle == "" {
			return nil
		}
		rules, err := readRules(r.Lifecycle)
		if err != nil {
			return err
		}
		list, err := s.listImages(tx, k, *r)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		for _, d := range apply(rules, list, now) {
			p, err := s.images.Get(tx, r.row(k, d.Digest))
			if err != nil {
				return err
			}
			if err := s.drop(tx, k, *r, p); err != nil {
				return err
			}
			n++
		}
		r.Evaluated = now
		return nil
	})
	return n, err
}
