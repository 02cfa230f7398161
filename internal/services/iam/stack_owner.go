package iam

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func arnsOf(list []types.AttachedPolicy) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = aws.ToString(p.PolicyArn)
	}
	return out
}

var roleOwner = owner{
	put: func(ctx context.Context, c *iam.Client, name, policy, document string) error {
		_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &document})
		return err
	},
	get: func(ctx context.Context, c *iam.Client, name, policy string) (*string, error) {
		out, err := c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	},
	remove: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy})
		return err
	},
	attach: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &policy})
		return err
	},
	detach: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &policy})
		return err
	},
	attached: func(ctx context.Context, c *iam.Client, name string) ([]string, error) {
		out, err := c.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
		if err != nil {
			return nil, err
		}
		return arnsOf(out.AttachedPolicies), nil
	},
	bound: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &name, PermissionsBoundary: &policy})
		return err
	},
	unbound: func(ctx context.Context, c *iam.Client, name string) error {
		_, err := c.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &name})
		return err
	},
	gone: func(ctx context.Context, c *iam.Client, name string) error {
		_, err := c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
		return err
	},
}

var userOwner = owner{
	put: func(ctx context.Context, c *iam.Client, name, policy, document string) error {
		_, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &policy, PolicyDocument: &document})
		return err
	},
	get: func(ctx context.Context, c *iam.Client, name, policy string) (*string, error) {
		out, err := c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &policy})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	},
	remove: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &name, PolicyName: &policy})
		return err
	},
	attach: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: &policy})
		return err
	},
	detach: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &name, PolicyArn: &policy})
		return err
	},
	attached: func(ctx context.Context, c *iam.Client, name string) ([]string, error) {
		out, err := c.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &name})
		if err != nil {
			return nil, err
		}
		return arnsOf(out.AttachedPolicies), nil
	},
	bound: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: &name, PermissionsBoundary: &policy})
		return err
	},
	unbound: func(ctx context.Context, c *iam.Client, name string) error {
		_, err := c.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: &name})
		return err
	},
	gone: func(ctx context.Context, c *iam.Client, name string) error {
		_, err := c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name})
		return err
	},
}

var groupOwner = owner{
	put: func(ctx context.Context, c *iam.Client, name, policy, document string) error {
		_, err := c.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: &name, PolicyName: &policy, PolicyDocument: &document})
		return err
	},
	get: func(ctx context.Context, c *iam.Client, name, policy string) (*string, error) {
		out, err := c.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: &name, PolicyName: &policy})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	},
	remove: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: &name, PolicyName: &policy})
		return err
	},
	attach: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: &name, PolicyArn: &policy})
		return err
	},
	detach: func(ctx context.Context, c *iam.Client, name, policy string) error {
		_, err := c.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: &name, PolicyArn: &policy})
		return err
	},
	attached: func(ctx context.Context, c *iam.Client, name string) ([]string, error) {
		out, err := c.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &name})
		if err != nil {
			return nil, err
		}
		return arnsOf(out.AttachedPolicies), nil
	},
	gone: func(ctx context.Context, c *iam.Client, name string) error {
		_, err := c.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: &name})
		return err
	},
}
