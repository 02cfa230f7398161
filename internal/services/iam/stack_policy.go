package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// owners are the lists of those that have a policy, by property.
var owners = []struct {
	property string
	owner    owner
}{{"Groups", groupOwner}, {"Roles", roleOwner}, {"Users", userOwner}}

// putPolicy gives roles, users and groups an inline policy; those that an update took from the lists lose it.
func putPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	out := resource.State{ID: r.ID}
	if out.ID == "" {
		out.ID = r.Name
	}
	out.Attributes = map[string]any{"Id": out.ID}
	renamed := r.Old != nil && r.Changed("PolicyName")
	for _, o := range owners {
		for _, name := range resource.Texts(r.Properties[o.property]) {
			if err := o.owner.put(ctx, client(r), name, r.Text("PolicyName"), r.Text("PolicyDocument")); err != nil {
				return out, err
			}
		}
		_, gone := resource.Differ(r.Old[o.property], r.Properties[o.property])
		if renamed {
			gone = resource.Texts(r.Old[o.property])
		}
		for _, name := range gone {
			if err := o.owner.remove(ctx, client(r), name, resource.Text(r.Old["PolicyName"])); err != nil && !resource.Gone(err) {
				return out, err
			}
		}
	}
	return out, nil
}

func deletePolicy(ctx context.Context, r resource.Request) error {
	for _, o := range owners {
		for _, name := range resource.Texts(r.Properties[o.property]) {
			if err := o.owner.remove(ctx, client(r), name, r.Text("PolicyName")); err != nil && !resource.Gone(err) {
				return err
			}
		}
	}
	return nil
}

func readPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	out := resource.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID}, Properties: map[string]any{"PolicyName": r.Properties["PolicyName"]}}
	for _, o := range owners {
		for _, name := range resource.Texts(r.Properties[o.property]) {
			d, err := o.owner.document(ctx, r, name, r.Text("PolicyName"), r.Properties["PolicyDocument"])
			if err != nil {
				return out, err
			}
			out.Properties["PolicyDocument"], out.Properties[o.property] = d, r.Properties[o.property]
		}
	}
	return out, nil
}

// ownedPolicyType is the type of one inline policy of one owner.
func ownedPolicyType(typ, property string, o owner) resource.Type {
	put := func(ctx context.Context, r resource.Request) (resource.State, error) {
		name, policy := r.Text(property), r.Text("PolicyName")
		return resource.State{ID: policy + "|" + name}, o.put(ctx, client(r), name, policy, r.Text("PolicyDocument"))
	}
	parts := func(r resource.Request) (policy, name string) {
		policy, name, _ = strings.Cut(r.ID, "|")
		return policy, name
	}
	return resource.Type{Name: typ, Create: put, Update: put,
		Delete: func(ctx context.Context, r resource.Request) error {
			policy, name := parts(r)
			return o.remove(ctx, client(r), name, policy)
		},
		Read: func(ctx context.Context, r resource.Request) (resource.State, error) {
			policy, name := parts(r)
			d, err := o.document(ctx, r, name, policy, r.Properties["PolicyDocument"])
			return resource.State{ID: r.ID, Properties: map[string]any{"PolicyName": policy, property: name, "PolicyDocument": d}}, err
		}}
}

func managedPolicyARN(r resource.Request) string {
	path := r.Text("Path")
	if path == "" {
		path = "/"
	}
	return "arn:" + r.Partition + ":iam::" + r.Account + ":policy" + path + r.Named("ManagedPolicyName")
}

func managedPolicyState(p *types.Policy) resource.State {
	when := func(t *time.Time) string { return aws.ToTime(t).UTC().Format(time.RFC3339) }
	return resource.State{ID: *p.Arn, Attributes: map[string]any{"PolicyArn": *p.Arn, "PolicyId": *p.PolicyId, "AttachmentCount": aws.ToInt32(p.AttachmentCount),
		"CreateDate": when(p.CreateDate), "DefaultVersionId": aws.ToString(p.DefaultVersionId), "IsAttachable": p.IsAttachable,
		"PermissionsBoundaryUsageCount": aws.ToInt32(p.PermissionsBoundaryUsageCount), "UpdateDate": when(p.UpdateDate)}}
}

func createManagedPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreatePolicy, resource.Renamed(r.Properties, "ManagedPolicyName", ""),
		func(in *iam.CreatePolicyInput) { in.PolicyName = aws.String(r.Named("ManagedPolicyName")) }, "Groups", "Roles", "Users")
	if err != nil {
		return resource.State{}, err
	}
	return managedPolicyState(out.Policy), nil
}

// attachManagedPolicy brings who has the policy to what the properties say.
func attachManagedPolicy(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	for _, o := range owners {
		added, gone := resource.Differ(r.Old[o.property], r.Properties[o.property])
		for _, name := range added {
			if err := o.owner.attach(ctx, client(r), name, r.ID); err != nil {
				return resource.State{}, false, err
			}
		}
		for _, name := range gone {
			if err := o.owner.detach(ctx, client(r), name, r.ID); err != nil && !resource.Gone(err) {
				return resource.State{}, false, err
			}
		}
	}
	out, err := client(r).GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &r.ID})
	if err != nil {
		return resource.State{}, false, err
	}
	return managedPolicyState(out.Policy), true, nil
}

// updateManagedPolicy makes a new version the default one, in place of the oldest when there are five.
func updateManagedPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	c, state := client(r), resource.State{ID: r.ID, Attributes: r.Attributes}
	if r.Changed("PolicyDocument") {
		versions, err := c.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &r.ID})
		if err != nil {
			return state, err
		}
		if len(versions.Versions) >= 5 {
			list := slices.DeleteFunc(versions.Versions, func(v types.PolicyVersion) bool { return v.IsDefaultVersion })
			oldest := slices.MinFunc(list, func(a, b types.PolicyVersion) int { return a.CreateDate.Compare(*b.CreateDate) })
			if _, err := c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &r.ID, VersionId: oldest.VersionId}); err != nil {
				return state, err
			}
		}
		if _, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &r.ID, PolicyDocument: aws.String(r.Text("PolicyDocument")), SetAsDefault: true}); err != nil {
			return state, err
		}
	}
	return state, r.Retag("Tags", func(tags map[string]string) error {
		_, err := c.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: &r.ID, Tags: stackTags(tags)})
		return err
	}, func(keys []string) error {
		_, err := c.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: &r.ID, TagKeys: keys})
		return err
	})
}

func deleteManagedPolicy(ctx context.Context, r resource.Request) error {
	c := client(r)
	for _, o := range owners {
		for _, name := range resource.Texts(r.Properties[o.property]) {
			if err := o.owner.detach(ctx, c, name, r.ID); err != nil && !resource.Gone(err) {
				return err
			}
		}
	}
	versions, err := c.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &r.ID})
	if err != nil {
		return err
	}
	for _, v := range versions.Versions {
		if v.IsDefaultVersion {
			continue
		}
		if _, err := c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &r.ID, VersionId: v.VersionId}); err != nil && !resource.Gone(err) {
			return err
		}
	}
	_, err = c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &r.ID})
	return err
}

func readManagedPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	c := client(r)
	out, err := c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := managedPolicyState(out.Policy)
	state.Properties = resource.Tell(out.Policy, r.Properties)
	state.Properties["ManagedPolicyName"] = *out.Policy.PolicyName
	version, err := c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &r.ID, VersionId: out.Policy.DefaultVersionId})
	if err != nil {
		return state, err
	}
	state.Properties["PolicyDocument"] = told(version.PolicyVersion.Document, r.Properties["PolicyDocument"])
	var groups, roles, users []string
	pages := iam.NewListEntitiesForPolicyPaginator(c, &iam.ListEntitiesForPolicyInput{PolicyArn: &r.ID, PolicyUsageFilter: types.PolicyUsageTypePermissionsPolicy})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return state, err
		}
		for _, g := range page.PolicyGroups {
			groups = append(groups, *g.GroupName)
		}
		for _, g := range page.PolicyRoles {
			roles = append(roles, *g.RoleName)
		}
		for _, g := range page.PolicyUsers {
			users = append(users, *g.UserName)
		}
	}
	for property, has := range map[string][]string{"Groups": groups, "Roles": roles, "Users": users} {
		state.Properties[property] = resource.Ordered(has, r.Properties[property])
	}
	return state, nil
}
