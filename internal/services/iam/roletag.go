package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// TagRole adds tags to a role.
func (s *Service) TagRole(ctx context.Context, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return done(&iam.TagRoleOutput{}, s.change(ctx, role, in.RoleName, func(_ *store.Tx, e *entity) error { return addTags(&e.tags, in.Tags) }))
}

// UntagRole takes tags off a role.
func (s *Service) UntagRole(ctx context.Context, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return done(&iam.UntagRoleOutput{}, s.change(ctx, role, in.RoleName, func(_ *store.Tx, e *entity) error { return removeTags(&e.tags, in.TagKeys) }))
}

// ListRoleTags lists a role's tags in order of key.
func (s *Service) ListRoleTags(ctx context.Context, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	out := &iam.ListRoleTagsOutput{}
	return done(out, s.look(ctx, role, in.RoleName, func(_ *store.Tx, e entity) error {
		list, end, err := tagPage(ctx, e.tags, in.Marker, in.MaxItems)
		out.Tags, out.Marker, out.IsTruncated = list, end.marker, end.truncated
		return err
	}))
}
