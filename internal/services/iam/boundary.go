package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func boundaryOf(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(arn),
		PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

// checkBoundary holds a boundary that is given to be a policy.
func (s *Service) checkBoundary(tx *store.Tx, account string, arn *string) error {
	if arn == nil {
		return nil
	}
	return s.attachable(tx, account, arn)
}

func (s *Service) putBoundary(ctx context.Context, k kind, name, arn *string) error {
	return s.change(ctx, k, name, func(tx *store.Tx, e *entity) error {
		e.boundary = aws.ToString(arn)
		return s.attachable(tx, e.account, arn)
	})
}

func (s *Service) deleteBoundary(ctx context.Context, k kind, name *string) error {
	return s.change(ctx, k, name, func(_ *store.Tx, e *entity) error {
		e.boundary = ""
		return nil
	})
}

// PutUserPermissionsBoundary bounds a user by a managed policy.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
func (s *Service) PutUserPermissionsBoundary(ctx context.Context, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
	return done(&iam.PutUserPermissionsBoundaryOutput{}, s.putBoundary(ctx, user, in.UserName, in.PermissionsBoundary))
}

// PutRolePermissionsBoundary bounds a role by a managed policy.
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return done(&iam.PutRolePermissionsBoundaryOutput{}, s.putBoundary(ctx, role, in.RoleName, in.PermissionsBoundary))
}

// DeleteUserPermissionsBoundary takes a user's boundary away.
func (s *Service) DeleteUserPermissionsBoundary(ctx context.Context, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	return done(&iam.DeleteUserPermissionsBoundaryOutput{}, s.deleteBoundary(ctx, user, in.UserName))
}

// DeleteRolePermissionsBoundary takes a role's boundary away.
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return done(&iam.DeleteRolePermissionsBoundaryOutput{}, s.deleteBoundary(ctx, role, in.RoleName))
}
