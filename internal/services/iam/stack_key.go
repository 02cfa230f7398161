package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func createKey(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(r.Text("UserName"))})
	if err != nil {
		return resource.State{}, err
	}
	state := resource.State{ID: *out.AccessKey.AccessKeyId, Attributes: map[string]any{"SecretAccessKey": *out.AccessKey.SecretAccessKey, "Id": *out.AccessKey.AccessKeyId}}
	r.ID, r.Attributes = state.ID, state.Attributes
	if r.Text("Status") != "Inactive" {
		return state, nil
	}
	return updateKey(ctx, r)
}

func updateKey(ctx context.Context, r resource.Request) (resource.State, error) {
	status := types.StatusTypeActive
	if s := r.Text("Status"); s != "" {
		status = types.StatusType(s)
	}
	_, err := client(r).UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String(r.Text("UserName")), AccessKeyId: &r.ID, Status: status})
	return resource.State{ID: r.ID, Attributes: r.Attributes}, err
}

func deleteKey(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String(r.Text("UserName")), AccessKeyId: &r.ID})
	return err
}

// readKey cannot read the secret: it stays what it was.
func readKey(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String(r.Text("UserName"))})
	if err != nil {
		return resource.State{}, err
	}
	for _, k := range out.AccessKeyMetadata {
		if aws.ToString(k.AccessKeyId) == r.ID {
			return resource.State{ID: r.ID, Attributes: r.Attributes, Properties: resource.Tell(k, r.Properties)}, nil
		}
	}
	return resource.State{}, resource.ErrGone
}

func createProfile(ctx context.Context, r resource.Request) (resource.State, error) {
	name := r.Named("InstanceProfileName")
	out, err := resource.Call(ctx, client(r).CreateInstanceProfile, r.Properties, func(in *iam.CreateInstanceProfileInput) { in.InstanceProfileName = &name }, "Roles")
	if err != nil {
		return resource.State{}, err
	}
	return resource.State{ID: name, Attributes: map[string]any{"Arn": *out.InstanceProfile.Arn}}, nil
}

// settleProfile gives a profile its role, when it has another.
func settleProfile(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	c := client(r)
	out, err := c.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &r.ID})
	if err != nil {
		return resource.State{}, false, err
	}
	has := []any{}
	for _, role := range out.InstanceProfile.Roles {
		has = append(has, *role.RoleName)
	}
	added, gone := resource.Differ(has, r.Properties["Roles"])
	for _, role := range gone {
		if _, err := c.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &r.ID, RoleName: &role}); err != nil {
			return resource.State{}, false, err
		}
	}
	for _, role := range added {
		if _, err := c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &r.ID, RoleName: &role}); err != nil {
			return resource.State{}, false, err
		}
	}
	return resource.State{}, true, nil
}

func deleteProfile(ctx context.Context, r resource.Request) error {
	r.Properties = map[string]any{"Roles": []any{}}
	if _, _, err := settleProfile(ctx, r); err != nil {
		return err
	}
	_, err := client(r).DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: &r.ID})
	return err
}

func readProfile(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	p := out.InstanceProfile
	var roles []string
	for _, role := range p.Roles {
		roles = append(roles, *role.RoleName)
	}
	properties := resource.Tell(p, resource.Renamed(r.Properties, "Roles", ""))
	properties["Roles"] = resource.Ordered(roles, r.Properties["Roles"])
	return resource.State{ID: r.ID, Attributes: map[string]any{"Arn": *p.Arn}, Properties: properties}, nil
}
