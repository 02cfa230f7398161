package iam

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func stackTags(tags map[string]string) []types.Tag {
	return wire.TagList(tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
}

func roleState(role *types.Role) resource.State {
	return resource.State{ID: *role.RoleName, Attributes: map[string]any{"Arn": *role.Arn, "RoleId": *role.RoleId}}
}

func createRole(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreateRole, r.Properties, func(in *iam.CreateRoleInput) { in.RoleName = aws.String(r.Named("RoleName")) },
		"Policies", "ManagedPolicyArns")
	if err != nil {
		return resource.State{}, err
	}
	return roleState(out.Role), nil
}

func updateRole(ctx context.Context, r resource.Request) (resource.State, error) {
	c, state := client(r), resource.State{ID: r.ID, Attributes: r.Attributes}
	if r.Changed("AssumeRolePolicyDocument") {
		if _, err := c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &r.ID, PolicyDocument: aws.String(r.Text("AssumeRolePolicyDocument"))}); err != nil {
			return state, err
		}
	}
	if r.Changed("Description", "MaxSessionDuration") {
		in := &iam.UpdateRoleInput{RoleName: &r.ID, Description: aws.String(r.Text("Description")), MaxSessionDuration: aws.Int32(3600)}
		if err := resource.Fill(in, map[string]any{"MaxSessionDuration": r.Properties["MaxSessionDuration"]}); err != nil {
			return state, err
		}
		if _, err := c.UpdateRole(ctx, in); err != nil {
			return state, err
		}
	}
	return state, r.Retag("Tags", func(tags map[string]string) error {
		_, err := c.TagRole(ctx, &iam.TagRoleInput{RoleName: &r.ID, Tags: stackTags(tags)})
		return err
	}, func(keys []string) error {
		_, err := c.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &r.ID, TagKeys: keys})
		return err
	})
}

func readRole(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetRole(ctx, &iam.GetRoleInput{RoleName: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := roleState(out.Role)
	state.Properties = resource.Tell(out.Role, resource.Renamed(r.Properties, "PermissionsBoundary", ""))
	if wanted, ok := r.Properties["AssumeRolePolicyDocument"]; ok {
		state.Properties["AssumeRolePolicyDocument"] = told(out.Role.AssumeRolePolicyDocument, wanted)
	}
	if b := out.Role.PermissionsBoundary; b != nil {
		state.Properties["PermissionsBoundary"] = *b.PermissionsBoundaryArn
	}
	return state, roleOwner.tell(ctx, r, state.Properties)
}

func userState(u *types.User) resource.State {
	return resource.State{ID: *u.UserName, Attributes: map[string]any{"Arn": *u.Arn}}
}

func createUser(ctx context.Context, r resource.Request) (resource.State, error) {
	if r.Properties["LoginProfile"] != nil {
		return resource.State{}, errors.New("the property LoginProfile is not supported yet")
	}
	out, err := resource.Call(ctx, client(r).CreateUser, r.Properties, func(in *iam.CreateUserInput) { in.UserName = aws.String(r.Named("UserName")) },
		"Policies", "ManagedPolicyArns", "Groups")
	if err != nil {
		return resource.State{}, err
	}
	return userState(out.User), nil
}

func settleUser(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	added, gone := resource.Differ(r.Old["Groups"], r.Properties["Groups"])
	for _, group := range added {
		if _, err := client(r).AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &r.ID, GroupName: &group}); err != nil {
			return resource.State{}, false, err
		}
	}
	if err := leave(ctx, r, gone); err != nil {
		return resource.State{}, false, err
	}
	return userOwner.settle(ctx, r)
}

func leave(ctx context.Context, r resource.Request, groups []string) error {
	for _, group := range groups {
		if _, err := client(r).RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &r.ID, GroupName: &group}); err != nil && !resource.Gone(err) {
			return err
		}
	}
	return nil
}

func updateUser(ctx context.Context, r resource.Request) (resource.State, error) {
	if r.Properties["LoginProfile"] != nil {
		return resource.State{}, errors.New("the property LoginProfile is not supported yet")
	}
	return resource.State{ID: r.ID, Attributes: r.Attributes}, r.Retag("Tags", func(tags map[string]string) error {
		_, err := client(r).TagUser(ctx, &iam.TagUserInput{UserName: &r.ID, Tags: stackTags(tags)})
		return err
	}, func(keys []string) error {
		_, err := client(r).UntagUser(ctx, &iam.UntagUserInput{UserName: &r.ID, TagKeys: keys})
		return err
	})
}

func deleteUser(ctx context.Context, r resource.Request) error {
	if err := leave(ctx, r, resource.Texts(r.Properties["Groups"])); err != nil {
		return err
	}
	return userOwner.delete(ctx, r)
}

func readUser(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetUser(ctx, &iam.GetUserInput{UserName: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := userState(out.User)
	state.Properties = resource.Tell(out.User, resource.Renamed(r.Properties, "PermissionsBoundary", ""))
	if b := out.User.PermissionsBoundary; b != nil {
		state.Properties["PermissionsBoundary"] = *b.PermissionsBoundaryArn
	}
	if wanted, ok := r.Properties["Groups"]; ok {
		has, err := client(r).ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: &r.ID})
		if err != nil {
			return state, err
		}
		var names []string
		for _, g := range has.Groups {
			names = append(names, *g.GroupName)
		}
		state.Properties["Groups"] = resource.Ordered(names, wanted)
	}
	return state, userOwner.tell(ctx, r, state.Properties)
}

func groupState(g *types.Group) resource.State {
	return resource.State{ID: *g.GroupName, Attributes: map[string]any{"Arn": *g.Arn}}
}

func createGroup(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreateGroup, r.Properties, func(in *iam.CreateGroupInput) { in.GroupName = aws.String(r.Named("GroupName")) },
		"Policies", "ManagedPolicyArns")
	if err != nil {
		return resource.State{}, err
	}
	return groupState(out.Group), nil
}

func updateGroup(ctx context.Context, r resource.Request) (resource.State, error) {
	if r.Changed("Path") {
		in := &iam.UpdateGroupInput{GroupName: &r.ID, NewPath: aws.String("/")}
		if path := r.Text("Path"); path != "" {
			in.NewPath = &path
		}
		if _, err := client(r).UpdateGroup(ctx, in); err != nil {
			return resource.State{ID: r.ID, Attributes: r.Attributes}, err
		}
	}
	out, err := client(r).GetGroup(ctx, &iam.GetGroupInput{GroupName: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	return groupState(out.Group), nil
}

func readGroup(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetGroup(ctx, &iam.GetGroupInput{GroupName: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := groupState(out.Group)
	state.Properties = resource.Tell(out.Group, r.Properties)
	return state, groupOwner.tell(ctx, r, state.Properties)
}
