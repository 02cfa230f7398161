package iam_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestUsers(t *testing.T) {
	f := open(t)
	created := must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("Ann"), Path: ptr("/team/"), Tags: []types.Tag{{Key: ptr("b"), Value: ptr("2")}, {Key: ptr("a"), Value: ptr("1")}},
		PermissionsBoundary: ptr("arn:aws:iam::aws:policy/AdministratorAccess")}).User
	if *created.Arn != f.arn("user/team/Ann") || !created.CreateDate.Equal(start) || len(*created.UserId) != 20 || len(created.Tags) != 2 || *created.Tags[0].Key != "a" ||
		*created.PermissionsBoundary.PermissionsBoundaryArn != "arn:aws:iam::aws:policy/AdministratorAccess" {
		t.Errorf("created %+v", created)
	}
	fails(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("ANN")}, "EntityAlreadyExists", "User with name ANN already exists.")
	fails(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("x"), PermissionsBoundary: ptr(f.arn("policy/none"))}, "NoSuchEntity", "does not exist or is not attachable.")
	fails(f, f.GetUser, &iam.GetUserInput{UserName: ptr("x")}, "NoSuchEntity", "The user with name x cannot be found.")
	if got := must(f, f.GetUser, &iam.GetUserInput{UserName: ptr("ann")}).User; *got.UserName != "Ann" || len(got.Tags) != 2 {
		t.Errorf("got %+v", got)
	}
	if root := must(f, f.GetUser, &iam.GetUserInput{}).User; *root.Arn != f.arn("root") || *root.UserId != f.account {
		t.Errorf("root is %+v", root)
	}
	ann := identity.UserPrincipal(f.user("Ann"))
	if out, err := f.GetUser(as(ann), &iam.GetUserInput{}); err != nil || *out.User.UserName != "Ann" {
		t.Errorf("Ann sees %+v, %v", out, err)
	}
	_, err := f.GetUser(as(authz.Principal{Kind: authz.AssumedRole, Account: f.account}), &iam.GetUserInput{})
	f.is(err, "ValidationError", "Must specify userName when calling with non-User credentials")

	for _, name := range []string{"e", "d", "c", "b"} {
		must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr(name)})
	}
	var names []string
	in := &iam.ListUsersInput{MaxItems: ptr(int32(2))}
	for {
		out := must(f, f.ListUsers, in)
		for _, u := range out.Users {
			names = append(names, *u.UserName)
			if u.Tags != nil || u.PermissionsBoundary != nil {
				t.Errorf("a list tells tags or boundary: %+v", u)
			}
		}
		if out.IsTruncated != (out.Marker != nil) {
			t.Fatalf("truncated %v with marker %v", out.IsTruncated, out.Marker)
		}
		if in.Marker = out.Marker; in.Marker == nil {
			break
		}
	}
	if !slices.Equal(names, []string{"Ann", "b", "c", "d", "e"}) {
		t.Errorf("pages give %v", names)
	}
	if out := must(f, f.ListUsers, &iam.ListUsersInput{PathPrefix: ptr("/team")}); len(out.Users) != 1 || out.IsTruncated {
		t.Errorf("under /team: %+v", out)
	}
	if out := must(f, f.ListUsers, &iam.ListUsersInput{PathPrefix: ptr("/"), MaxItems: ptr(int32(5))}); len(out.Users) != 5 || out.IsTruncated {
		t.Errorf("a full last page: %d, truncated %v", len(out.Users), out.IsTruncated)
	}
	fails(f, f.ListUsers, &iam.ListUsersInput{Marker: ptr("?")}, "ValidationError", "Marker")
}

func (f *fixture) user(name string) (u identity.User) {
	f.t.Helper()
	f.update(func(tx *store.Tx) (err error) {
		u, err = f.d.Users.Get(tx, identity.NameKey(f.account, name))
		return err
	})
	return u
}

func TestRenames(t *testing.T) {
	f := open(t)
	for _, name := range []string{"ann", "bob"} {
		must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr(name)})
	}
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("devs")})
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("ops")})
	must(f, f.PutGroupPolicy, &iam.PutGroupPolicyInput{GroupName: ptr("devs"), PolicyName: ptr("s3"), PolicyDocument: ptr(allowS3)})
	must(f, f.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: ptr("DEVS"), UserName: ptr("ANN")})
	key := must(f, f.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: ptr("ann")}).AccessKey

	fails(f, f.UpdateUser, &iam.UpdateUserInput{UserName: ptr("ann"), NewUserName: ptr("Bob")}, "EntityAlreadyExists", "User with name Bob already exists.")
	must(f, f.UpdateUser, &iam.UpdateUserInput{UserName: ptr("ann"), NewUserName: ptr("anna"), NewPath: ptr("/x/")})
	fails(f, f.GetUser, &iam.GetUserInput{UserName: ptr("ann")}, "NoSuchEntity", "")
	fails(f, f.UpdateGroup, &iam.UpdateGroupInput{GroupName: ptr("devs"), NewGroupName: ptr("OPS")}, "EntityAlreadyExists", "Group with name OPS already exists.")
	must(f, f.UpdateGroup, &iam.UpdateGroupInput{GroupName: ptr("devs"), NewGroupName: ptr("makers")})
	must(f, f.UpdateUser, &iam.UpdateUserInput{UserName: ptr("anna"), NewUserName: ptr("Anna")}) // the case alone

	c, err := f.d.Credential(t.Context(), *key.AccessKeyId, "")
	if err != nil || c.Principal.ARN != f.arn("user/x/Anna") || c.SecretAccessKey != *key.SecretAccessKey {
		t.Fatalf("the key of a renamed user: %+v, %v", c.Principal, err)
	}
	d, err := f.d.Authorize(t.Context(), authz.Request{Principal: c.Principal, Action: "s3:GetObject", Resource: "*"}, nil)
	if err != nil || d.Outcome != authz.Allowed {
		t.Errorf("by the renamed group: %+v, %v", d, err)
	}
	if out := must(f, f.ListGroupsForUser, &iam.ListGroupsForUserInput{UserName: ptr("anna")}); len(out.Groups) != 1 || *out.Groups[0].GroupName != "makers" {
		t.Errorf("groups %+v", out.Groups)
	}
	if out := must(f, f.GetGroup, &iam.GetGroupInput{GroupName: ptr("makers")}); len(out.Users) != 1 || *out.Users[0].Arn != f.arn("user/x/Anna") {
		t.Errorf("members %+v", out.Users)
	}
	if out := must(f, f.ListAccessKeys, &iam.ListAccessKeysInput{UserName: ptr("ANNA")}); len(out.AccessKeyMetadata) != 1 || *out.AccessKeyMetadata[0].UserName != "Anna" {
		t.Errorf("keys %+v", out.AccessKeyMetadata)
	}
}

func TestDeleteUserAndGroup(t *testing.T) {
	f := open(t)
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("ann")})
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("g")})
	must(f, f.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: ptr("g"), UserName: ptr("ann")})
	must(f, f.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: ptr("g"), UserName: ptr("ann")})
	key := must(f, f.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: ptr("ann")}).AccessKey
	admin := ptr("arn:aws:iam::aws:policy/AdministratorAccess")
	must(f, f.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: ptr("ann"), PolicyArn: admin})
	must(f, f.PutUserPolicy, &iam.PutUserPolicyInput{UserName: ptr("ann"), PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)})
	must(f, f.AttachGroupPolicy, &iam.AttachGroupPolicyInput{GroupName: ptr("g"), PolicyArn: admin})

	del, delGroup := &iam.DeleteUserInput{UserName: ptr("ann")}, &iam.DeleteGroupInput{GroupName: ptr("g")}
	fails(f, f.DeleteGroup, delGroup, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	fails(f, f.DeleteUser, del, "DeleteConflict", "Cannot delete entity, must delete access keys first.")
	must(f, f.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: ptr("ann"), AccessKeyId: key.AccessKeyId})
	fails(f, f.DeleteUser, del, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	must(f, f.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: ptr("ann"), PolicyName: ptr("p")})
	fails(f, f.DeleteUser, del, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	must(f, f.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: ptr("ann"), PolicyArn: admin})
	fails(f, f.DeleteUser, del, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	must(f, f.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{GroupName: ptr("g"), UserName: ptr("ann")})
	fails(f, f.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{GroupName: ptr("g"), UserName: ptr("ann")}, "NoSuchEntity", "")
	must(f, f.DeleteUser, del)
	fails(f, f.DeleteUser, del, "NoSuchEntity", "The user with name ann cannot be found.")
	fails(f, f.DeleteGroup, delGroup, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	must(f, f.DetachGroupPolicy, &iam.DetachGroupPolicyInput{GroupName: ptr("g"), PolicyArn: admin})
	must(f, f.DeleteGroup, delGroup)
	fails(f, f.GetGroup, &iam.GetGroupInput{GroupName: ptr("g")}, "NoSuchEntity", "The group with name g cannot be found.")
}

func TestAccessKeys(t *testing.T) {
	f := open(t)
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("ann")})
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("bob")})
	ann := as(identity.UserPrincipal(f.user("ann")))
	first, err := f.CreateAccessKey(ann, &iam.CreateAccessKeyInput{})
	if err != nil || *first.AccessKey.UserName != "ann" || len(*first.AccessKey.SecretAccessKey) != 40 {
		t.Fatalf("own key: %+v, %v", first, err)
	}
	must(f, f.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: ptr("ann")})
	fails(f, f.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: ptr("ann")}, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	fails(f, f.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: ptr("nobody")}, "NoSuchEntity", "The user with name nobody cannot be found.")
	id := first.AccessKey.AccessKeyId
	fails(f, f.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: ptr("bob"), AccessKeyId: id}, "NoSuchEntity", "The Access Key with id "+*id+" cannot be found.")
	must(f, f.UpdateAccessKey, &iam.UpdateAccessKeyInput{UserName: ptr("ann"), AccessKeyId: id, Status: types.StatusTypeInactive})
	if _, err := f.d.Credential(t.Context(), *id, ""); !errors.Is(err, identity.ErrInactiveKey) {
		t.Errorf("an inactive key: %v", err)
	}
	fails(f, f.UpdateAccessKey, &iam.UpdateAccessKeyInput{UserName: ptr("ann"), AccessKeyId: id, Status: types.StatusTypeExpired}, "InvalidInput", "")
	if used := must(f, f.GetAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{AccessKeyId: id}); *used.UserName != "ann" || *used.AccessKeyLastUsed.Region != "N/A" {
		t.Errorf("last used %+v", used)
	}
	other := as(identity.RootPrincipal("999999999999"))
	_, err = f.GetAccessKeyLastUsed(other, &iam.GetAccessKeyLastUsedInput{AccessKeyId: id})
	f.is(err, "NoSuchEntity", "")
	list, err := f.ListAccessKeys(ann, &iam.ListAccessKeysInput{MaxItems: ptr(int32(1))})
	if err != nil || len(list.AccessKeyMetadata) != 1 || !list.IsTruncated {
		t.Errorf("keys %+v, %v", list, err)
	}
	// The root user has keys too, without a name.
	if own := must(f, f.ListAccessKeys, &iam.ListAccessKeysInput{}); len(own.AccessKeyMetadata) != 1 || own.AccessKeyMetadata[0].UserName != nil {
		t.Errorf("keys of root %+v", own)
	}
}
