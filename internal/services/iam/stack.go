package iam

import (
	"context"
	"net/url"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
func (s *Service) Stack() []resource.Type {
	named := func(property string) func(resource.Request) string {
		return func(r resource.Request) string { return r.Named(property) }
	}
	return resource.Types(
		resource.Type{Name: "AWS::IAM::AccessKey", Create: createKey, Update: updateKey, Delete: deleteKey, Read: readKey},
		resource.Type{Name: "AWS::IAM::Group", NameProperty: "GroupName", NameMax: 128, Identify: named("GroupName"), Create: createGroup, Ready: groupOwner.settle,
			Update: updateGroup, Delete: groupOwner.delete, Read: readGroup},
		ownedPolicyType("AWS::IAM::GroupPolicy", "GroupName", groupOwner),
		resource.Type{Name: "AWS::IAM::InstanceProfile", NameProperty: "InstanceProfileName", NameMax: 128, Identify: named("InstanceProfileName"), Create: createProfile,
			Ready: settleProfile, Update: keep, Delete: deleteProfile, Read: readProfile},
		resource.Type{Name: "AWS::IAM::ManagedPolicy", NameProperty: "ManagedPolicyName", NameMax: 128, Identify: managedPolicyARN, Create: createManagedPolicy,
			Ready: attachManagedPolicy, Update: updateManagedPolicy, Delete: deleteManagedPolicy, Read: readManagedPolicy},
		resource.Type{Name: "AWS::IAM::Policy", Create: putPolicy, Update: putPolicy, Delete: deletePolicy, Read: readPolicy},
		resource.Type{Name: "AWS::IAM::Role", NameProperty: "RoleName", NameMax: 64, Identify: named("RoleName"), Create: createRole, Ready: roleOwner.settle,
			Update: updateRole, Delete: roleOwner.delete, Read: readRole},
		ownedPolicyType("AWS::IAM::RolePolicy", "RoleName", roleOwner),
		resource.Type{Name: "AWS::IAM::User", NameProperty: "UserName", NameMax: 64, Identify: named("UserName"), Create: createUser, Ready: settleUser,
			Update: updateUser, Delete: deleteUser, Read: readUser},
		ownedPolicyType("AWS::IAM::UserPolicy", "UserName", userOwner),
	)
}

func client(r resource.Request) *iam.Client { return iam.NewFromConfig(r.Config) }

// keep is an update of which Ready does all.
func keep(_ context.Context, r resource.Request) (resource.State, error) {
	return resource.State{ID: r.ID, Attributes: r.Attributes}, nil
}

// owner is what has inline and managed policies: a role, a user or a group.
type owner struct {
	put    func(ctx context.Context, c *iam.Client, name, policy, document string) error
	get    func(ctx context.Context, c *iam.Client, name, policy string) (document *string, err error)
	remove func(ctx context.Context, c *iam.Client, name, policy string) error
	attach func(ctx context.Context, c *iam.Client, name, policy string) error
	detach func(ctx context.Context, c *iam.Client, name, policy string) error
	// attached lists the managed policies, and boundary the one that bounds.
	attached func(ctx context.Context, c *iam.Client, name string) ([]string, error)
	bound    func(ctx context.Context, c *iam.Client, name, policy string) error
	unbound  func(ctx context.Context, c *iam.Client, name string) error
	gone     func(ctx context.Context, c *iam.Client, name string) error
}

func inline(properties map[string]any) map[string]string {
	out := map[string]string{}
	for _, p := range resource.Objects(properties["Policies"]) {
		out[resource.Text(p["PolicyName"])] = resource.Text(p["PolicyDocument"])
	}
	return out
}

// settle brings the policies and the boundary to what the properties say.
func (o owner) settle(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	c, old, now := client(r), inline(r.Old), inline(r.Properties)
	for policy, document := range now {
		if document == old[policy] {
			continue
		}
		if err := o.put(ctx, c, r.ID, policy, document); err != nil {
			return resource.State{}, false, err
		}
	}
	for policy := range old {
		if _, ok := now[policy]; !ok {
			if err := o.remove(ctx, c, r.ID, policy); err != nil && !resource.Gone(err) {
				return resource.State{}, false, err
			}
		}
	}
	added, gone := resource.Differ(r.Old["ManagedPolicyArns"], r.Properties["ManagedPolicyArns"])
	for _, policy := range gone {
		if err := o.detach(ctx, c, r.ID, policy); err != nil && !resource.Gone(err) {
			return resource.State{}, false, err
		}
	}
	for _, policy := range added {
		if err := o.attach(ctx, c, r.ID, policy); err != nil {
			return resource.State{}, false, err
		}
	}
	if o.bound == nil || r.Old == nil || !r.Changed("PermissionsBoundary") { // a new one is made with it
		return resource.State{}, true, nil
	}
	if policy := r.Text("PermissionsBoundary"); policy != "" {
		return resource.State{}, true, o.bound(ctx, c, r.ID, policy)
	}
	if err := o.unbound(ctx, c, r.ID); err != nil && !resource.Gone(err) {
		return resource.State{}, false, err
	}
	return resource.State{}, true, nil
}

// delete removes what the properties gave, and then the owner: it fails when somebody gave it more.
func (o owner) delete(ctx context.Context, r resource.Request) error {
	c := client(r)
	for policy := range inline(r.Properties) {
		if err := o.remove(ctx, c, r.ID, policy); err != nil && !resource.Gone(err) {
			return err
		}
	}
	for _, policy := range resource.Texts(r.Properties["ManagedPolicyArns"]) {
		if err := o.detach(ctx, c, r.ID, policy); err != nil && !resource.Gone(err) {
			return err
		}
	}
	return o.gone(ctx, c, r.ID)
}

// tell adds the policies to the properties that are read.
func (o owner) tell(ctx context.Context, r resource.Request, to map[string]any) error {
	c := client(r)
	if wanted, ok := r.Properties["ManagedPolicyArns"]; ok {
		has, err := o.attached(ctx, c, r.ID)
		if err != nil {
			return err
		}
		to["ManagedPolicyArns"] = resource.Ordered(has, wanted)
	}
	if wanted, ok := r.Properties["Policies"]; ok {
		list := []any{}
		for _, p := range resource.Objects(wanted) {
			document, err := o.document(ctx, r, r.ID, resource.Text(p["PolicyName"]), p["PolicyDocument"])
			if resource.Gone(err) {
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, map[string]any{"PolicyName": p["PolicyName"], "PolicyDocument": document})
		}
		to["Policies"] = list
	}
	return nil
}

// document reads an inline policy, in the form of wanted.
func (o owner) document(ctx context.Context, r resource.Request, name, policy string, wanted any) (any, error) {
	d, err := o.get(ctx, client(r), name, policy)
	return told(d, wanted), err
}

// told is a document as IAM gives it, in the form of wanted.
func told(document *string, wanted any) any {
	text, err := url.QueryUnescape(aws.ToString(document))
	if err != nil || text == "" {
		return nil
	}
	return resource.Told(text, wanted)
}
