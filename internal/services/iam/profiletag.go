package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// TagInstanceProfile adds tags to a profile.
func (s *Service) TagInstanceProfile(ctx context.Context, in *iam.TagInstanceProfileInput) (*iam.TagInstanceProfileOutput, error) {
	return done(&iam.TagInstanceProfileOutput{}, s.changeProfile(ctx, in.InstanceProfileName,
		func(_ *store.Tx, p *identity.InstanceProfile) error { return addTags(&p.Tags, in.Tags) }))
}

// UntagInstanceProfile takes tags off a profile.
func (s *Service) UntagInstanceProfile(ctx context.Context, in *iam.UntagInstanceProfileInput) (*iam.UntagInstanceProfileOutput, error) {
	return done(&iam.UntagInstanceProfileOutput{}, s.changeProfile(ctx, in.InstanceProfileName,
		func(_ *store.Tx, p *identity.InstanceProfile) error { return removeTags(&p.Tags, in.TagKeys) }))
}

// ListInstanceProfileTags lists a profile's tags in order of key.
func (s *Service) ListInstanceProfileTags(ctx context.Context, in *iam.ListInstanceProfileTagsInput) (*iam.ListInstanceProfileTagsOutput, error) {
	out := &iam.ListInstanceProfileTagsOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, aws.ToString(in.InstanceProfileName))
		if err != nil {
			return err
		}
		list, end, err := tagPage(ctx, p.Tags, in.Marker, in.MaxItems)
		out.Tags, out.Marker, out.IsTruncated = list, end.marker, end.truncated
		return err
	}))
}
