package iam_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	service "github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// every makes calls one after another, and knows which operations it made.
type every struct {
	t    *testing.T
	made map[string]bool
}

// do makes a call that has to work.
func do[I, O any](e *every, f func(context.Context, *I, ...func(*iam.Options)) (*O, error), in *I) *O {
	e.t.Helper()
	e.made[strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input")] = true
	out, err := f(e.t.Context(), in)
	if err != nil {
		e.t.Fatalf("%T: %v", in, err)
	}
	return out
}

// TestEveryOperation takes each operation over the wire once, for a user who may do everything by a policy and so is
// asked for each target.
func TestEveryOperation(t *testing.T) {
	s := serve(t)
	c := s.user("admin", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	e := &every{t, map[string]bool{}}
	prefix := "arn:aws:iam::" + s.account + ":"
	tags, keys := []types.Tag{{Key: ptr("k"), Value: ptr("v")}}, []string{"k"}
	one := ptr(int32(1))

	u, g, r, i := ptr("u"), ptr("g"), ptr("r"), ptr("i")
	do(e, c.CreateUser, &iam.CreateUserInput{UserName: u, Tags: tags})
	do(e, c.CreateGroup, &iam.CreateGroupInput{GroupName: g})
	do(e, c.CreateRole, &iam.CreateRoleInput{RoleName: r, AssumeRolePolicyDocument: ptr(trust)})
	do(e, c.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: i})
	p := do(e, c.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)}).Policy.Arn
	o := do(e, c.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: ptr("https://issuer.example.com"), ClientIDList: []string{"a"}, Tags: tags}).OpenIDConnectProviderArn

	for _, change := range []string{"u2", "u"} {
		do(e, c.UpdateUser, &iam.UpdateUserInput{UserName: u, NewUserName: ptr(change)})
		u = ptr(change)
	}
	do(e, c.UpdateGroup, &iam.UpdateGroupInput{GroupName: g, NewPath: ptr("/x/")})
	do(e, c.UpdateRole, &iam.UpdateRoleInput{RoleName: r, Description: ptr("d")})
	do(e, c.UpdateRoleDescription, &iam.UpdateRoleDescriptionInput{RoleName: r, Description: ptr("e")})
	do(e, c.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: r, PolicyDocument: ptr(trust)})
	do(e, c.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: g, UserName: u})
	do(e, c.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: i, RoleName: r})
	do(e, c.AddClientIDToOpenIDConnectProvider, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, ClientID: ptr("b")})
	do(e, c.RemoveClientIDFromOpenIDConnectProvider, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, ClientID: ptr("b")})
	do(e, c.UpdateOpenIDConnectProviderThumbprint, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: o, ThumbprintList: []string{strings.Repeat("a", 40)}})

	do(e, c.TagUser, &iam.TagUserInput{UserName: u, Tags: tags})
	do(e, c.TagRole, &iam.TagRoleInput{RoleName: r, Tags: tags})
	do(e, c.TagPolicy, &iam.TagPolicyInput{PolicyArn: p, Tags: tags})
	do(e, c.TagInstanceProfile, &iam.TagInstanceProfileInput{InstanceProfileName: i, Tags: tags})
	do(e, c.TagOpenIDConnectProvider, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, Tags: tags})
	for name, list := range map[string][]types.Tag{
		"user": do(e, c.ListUserTags, &iam.ListUserTagsInput{UserName: u}).Tags, "role": do(e, c.ListRoleTags, &iam.ListRoleTagsInput{RoleName: r}).Tags,
		"policy":   do(e, c.ListPolicyTags, &iam.ListPolicyTagsInput{PolicyArn: p}).Tags,
		"profile":  do(e, c.ListInstanceProfileTags, &iam.ListInstanceProfileTagsInput{InstanceProfileName: i}).Tags,
		"provider": do(e, c.ListOpenIDConnectProviderTags, &iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: o}).Tags,
	} {
		if len(list) != 1 || *list[0].Key != "k" || *list[0].Value != "v" {
			t.Errorf("tags of the %s: %+v", name, list)
		}
	}
	do(e, c.UntagUser, &iam.UntagUserInput{UserName: u, TagKeys: keys})
	do(e, c.UntagRole, &iam.UntagRoleInput{RoleName: r, TagKeys: keys})
	do(e, c.UntagPolicy, &iam.UntagPolicyInput{PolicyArn: p, TagKeys: keys})
	do(e, c.UntagInstanceProfile, &iam.UntagInstanceProfileInput{InstanceProfileName: i, TagKeys: keys})
	do(e, c.UntagOpenIDConnectProvider, &iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: o, TagKeys: keys})

	do(e, c.PutUserPolicy, &iam.PutUserPolicyInput{UserName: u, PolicyName: ptr("in"), PolicyDocument: ptr(allowS3)})
	do(e, c.PutGroupPolicy, &iam.PutGroupPolicyInput{GroupName: g, PolicyName: ptr("in"), PolicyDocument: ptr(allowS3)})
	do(e, c.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: r, PolicyName: ptr("in"), PolicyDocument: ptr(allowS3)})
	for name, document := range map[string]*string{
		"user":  do(e, c.GetUserPolicy, &iam.GetUserPolicyInput{UserName: u, PolicyName: ptr("in")}).PolicyDocument,
		"group": do(e, c.GetGroupPolicy, &iam.GetGroupPolicyInput{GroupName: g, PolicyName: ptr("in")}).PolicyDocument,
		"role":  do(e, c.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: r, PolicyName: ptr("in")}).PolicyDocument,
	} {
		if !strings.HasPrefix(*document, "%7B%22Version%22%3A%222012-10-17%22") {
			t.Errorf("inline policy of the %s: %s", name, *document)
		}
	}
	do(e, c.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: u, PolicyArn: p})
	do(e, c.AttachGroupPolicy, &iam.AttachGroupPolicyInput{GroupName: g, PolicyArn: p})
	do(e, c.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: r, PolicyArn: p})
	do(e, c.PutUserPermissionsBoundary, &iam.PutUserPermissionsBoundaryInput{UserName: u, PermissionsBoundary: p})
	do(e, c.PutRolePermissionsBoundary, &iam.PutRolePermissionsBoundaryInput{RoleName: r, PermissionsBoundary: p})
	do(e, c.CreatePolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: p, PolicyDocument: ptr(denyS3)})
	do(e, c.SetDefaultPolicyVersion, &iam.SetDefaultPolicyVersionInput{PolicyArn: p, VersionId: ptr("v2")})
	do(e, c.GetPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: p, VersionId: ptr("v1")})
	key := do(e, c.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: u}).AccessKey.AccessKeyId
	do(e, c.UpdateAccessKey, &iam.UpdateAccessKeyInput{UserName: u, AccessKeyId: key, Status: types.StatusTypeInactive})
	do(e, c.GetAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key})
	do(e, c.CreateAccountAlias, &iam.CreateAccountAliasInput{AccountAlias: ptr("alias")})

	for name, n := range map[string]int{
		"users":           len(do(e, c.ListUsers, &iam.ListUsersInput{MaxItems: one}).Users),
		"groups":          len(do(e, c.ListGroups, &iam.ListGroupsInput{}).Groups),
		"roles":           len(do(e, c.ListRoles, &iam.ListRolesInput{}).Roles),
		"profiles":        len(do(e, c.ListInstanceProfiles, &iam.ListInstanceProfilesInput{}).InstanceProfiles),
		"role's profiles": len(do(e, c.ListInstanceProfilesForRole, &iam.ListInstanceProfilesForRoleInput{RoleName: r}).InstanceProfiles),
		"profile's roles": len(do(e, c.GetInstanceProfile, &iam.GetInstanceProfileInput{InstanceProfileName: i}).InstanceProfile.Roles),
		"policies":        len(do(e, c.ListPolicies, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}).Policies),
		"older versions":  len(do(e, c.ListPolicyVersions, &iam.ListPolicyVersionsInput{PolicyArn: p}).Versions) - 1,
		"holders":         len(do(e, c.ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: p}).PolicyUsers),
		"members":         len(do(e, c.GetGroup, &iam.GetGroupInput{GroupName: g}).Users),
		"memberships":     len(do(e, c.ListGroupsForUser, &iam.ListGroupsForUserInput{UserName: u}).Groups),
		"user inline":     len(do(e, c.ListUserPolicies, &iam.ListUserPoliciesInput{UserName: u}).PolicyNames),
		"group inline":    len(do(e, c.ListGroupPolicies, &iam.ListGroupPoliciesInput{GroupName: g}).PolicyNames),
		"role inline":     len(do(e, c.ListRolePolicies, &iam.ListRolePoliciesInput{RoleName: r}).PolicyNames),
		"user attached":   len(do(e, c.ListAttachedUserPolicies, &iam.ListAttachedUserPoliciesInput{UserName: u}).AttachedPolicies),
		"group attached":  len(do(e, c.ListAttachedGroupPolicies, &iam.ListAttachedGroupPoliciesInput{GroupName: g}).AttachedPolicies),
		"role attached":   len(do(e, c.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: r}).AttachedPolicies),
		"keys":            len(do(e, c.ListAccessKeys, &iam.ListAccessKeysInput{UserName: u}).AccessKeyMetadata),
		"providers":       len(do(e, c.ListOpenIDConnectProviders, &iam.ListOpenIDConnectProvidersInput{}).OpenIDConnectProviderList),
		"client ids":      len(do(e, c.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: o}).ClientIDList),
		"aliases":         len(do(e, c.ListAccountAliases, &iam.ListAccountAliasesInput{}).AccountAliases),
		"role details":    len(do(e, c.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole}}).RoleDetailList),
		"roles counted":   int(do(e, c.GetAccountSummary, &iam.GetAccountSummaryInput{}).SummaryMap["Roles"]),
		"answers": len(do(e, c.SimulatePrincipalPolicy, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: ptr(prefix + "group/x/g"),
			ActionNames: []string{"s3:GetObject"}}).EvaluationResults),
		"custom answers": len(do(e, c.SimulateCustomPolicy, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{allowS3}, ActionNames: []string{"s3:GetObject"}}).EvaluationResults),
		"custom keys": len(do(e, c.GetContextKeysForCustomPolicy, &iam.GetContextKeysForCustomPolicyInput{
			PolicyInputList: []string{document("Allow", "*", `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`)}}).ContextKeyNames),
		"no keys": len(do(e, c.GetContextKeysForPrincipalPolicy, &iam.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: ptr(prefix + "user/u")}).ContextKeyNames) + 1,
	} {
		if n != 1 {
			t.Errorf("%s: %d, want 1", name, n)
		}
	}
	if got := do(e, c.GetUser, &iam.GetUserInput{UserName: u}).User; *got.PermissionsBoundary.PermissionsBoundaryArn != *p || got.Tags != nil {
		t.Errorf("user %+v", got)
	}
	if got := do(e, c.GetRole, &iam.GetRoleInput{RoleName: r}).Role; *got.Description != "e" || *got.MaxSessionDuration != 3600 {
		t.Errorf("role %+v", got)
	}
	if got := do(e, c.GetPolicy, &iam.GetPolicyInput{PolicyArn: p}).Policy; *got.AttachmentCount != 3 || *got.PermissionsBoundaryUsageCount != 2 || *got.DefaultVersionId != "v2" {
		t.Errorf("policy %+v", got)
	}

	do(e, c.DeleteAccountAlias, &iam.DeleteAccountAliasInput{AccountAlias: ptr("alias")})
	do(e, c.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: u, AccessKeyId: key})
	do(e, c.DeleteUserPermissionsBoundary, &iam.DeleteUserPermissionsBoundaryInput{UserName: u})
	do(e, c.DeleteRolePermissionsBoundary, &iam.DeleteRolePermissionsBoundaryInput{RoleName: r})
	do(e, c.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: u, PolicyArn: p})
	do(e, c.DetachGroupPolicy, &iam.DetachGroupPolicyInput{GroupName: g, PolicyArn: p})
	do(e, c.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: r, PolicyArn: p})
	do(e, c.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: u, PolicyName: ptr("in")})
	do(e, c.DeleteGroupPolicy, &iam.DeleteGroupPolicyInput{GroupName: g, PolicyName: ptr("in")})
	do(e, c.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: r, PolicyName: ptr("in")})
	do(e, c.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: p, VersionId: ptr("v1")})
	do(e, c.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: p})
	do(e, c.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{GroupName: g, UserName: u})
	do(e, c.RemoveRoleFromInstanceProfile, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: i, RoleName: r})
	do(e, c.DeleteUser, &iam.DeleteUserInput{UserName: u})
	do(e, c.DeleteGroup, &iam.DeleteGroupInput{GroupName: g})
	do(e, c.DeleteRole, &iam.DeleteRoleInput{RoleName: r})
	do(e, c.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: i})
	do(e, c.DeleteOpenIDConnectProvider, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: o})
	linked := do(e, c.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: ptr("ram.amazonaws.com")}).Role.RoleName
	task := do(e, c.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: linked}).DeletionTaskId
	do(e, c.GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task})

	for _, op := range (&service.Service{}).Ops() {
		if !e.made[op.Name] {
			t.Errorf("%s is listed and was not called", op.Name)
		}
		delete(e.made, op.Name)
	}
	if len(e.made) > 0 {
		t.Errorf("called and not listed: %v", e.made)
	}
}
