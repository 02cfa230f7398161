package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// TagOpenIDConnectProvider adds tags to a provider.
func (s *Service) TagOpenIDConnectProvider(ctx context.Context, in *iam.TagOpenIDConnectProviderInput) (*iam.TagOpenIDConnectProviderOutput, error) {
	return done(&iam.TagOpenIDConnectProviderOutput{}, s.changeProvider(ctx, in.OpenIDConnectProviderArn,
		func(_ *store.Tx, p *identity.OIDCProvider) error { return addTags(&p.Tags, in.Tags) }))
}

// UntagOpenIDConnectProvider takes tags off a provider.
func (s *Service) UntagOpenIDConnectProvider(ctx context.Context, in *iam.UntagOpenIDConnectProviderInput) (*iam.UntagOpenIDConnectProviderOutput, error) {
	return done(&iam.UntagOpenIDConnectProviderOutput{}, s.changeProvider(ctx, in.OpenIDConnectProviderArn,
		func(_ *store.Tx, p *identity.OIDCProvider) error { return removeTags(&p.Tags, in.TagKeys) }))
}

// ListOpenIDConnectProviderTags lists a provider's tags in order of key.
func (s *Service) ListOpenIDConnectProviderTags(ctx context.Context, in *iam.ListOpenIDConnectProviderTagsInput) (*iam.ListOpenIDConnectProviderTagsOutput, error) {
	out := &iam.ListOpenIDConnectProviderTagsOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.provider(tx, account, aws.ToString(in.OpenIDConnectProviderArn))
		if err != nil {
			return err
		}
		list, end, err := tagPage(ctx, p.Tags, in.Marker, in.MaxItems)
		out.Tags, out.Marker, out.IsTruncated = list, end.marker, end.truncated
		return err
	}))
}
