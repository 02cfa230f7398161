package iam_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const adminARN = "arn:aws:iam::aws:policy/AdministratorAccess"

func TestPolicyVersions(t *testing.T) {
	f := open(t)
	p := must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("P"), Path: ptr("/x/"), Description: ptr("d"), PolicyDocument: ptr(allowS3)}).Policy
	if *p.Arn != f.arn("policy/x/P") || *p.DefaultVersionId != "v1" || *p.AttachmentCount != 0 || !p.IsAttachable {
		t.Errorf("created %+v", p)
	}
	fails(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)}, "EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed.")
	for name, document := range map[string]string{"no JSON": "{", "a principal": trust, "white space alone": " "} {
		if _, err := f.CreatePolicy(f.root, &iam.CreatePolicyInput{PolicyName: ptr("bad"), PolicyDocument: ptr(document)}); err == nil {
			t.Errorf("%s is taken", name)
		} else {
			f.is(err, "MalformedPolicyDocument", "")
		}
	}
	sized := func(n int) *string {
		return ptr(strings.Replace(allowS3, `"s3:*"`, `"s3:`+strings.Repeat("x", n-len(allowS3)+1)+`"`, 1) + strings.Repeat("\n", 99))
	}
	fails(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("big"), PolicyDocument: sized(6145)}, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
	must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("big"), PolicyDocument: sized(6144)})

	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("ann")})
	must(f, f.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: ptr("ann"), PolicyArn: p.Arn})
	f.clock.Advance(time.Hour)
	add := &iam.CreatePolicyVersionInput{PolicyArn: p.Arn, PolicyDocument: ptr(denyS3)}
	if v := must(f, f.CreatePolicyVersion, add).PolicyVersion; *v.VersionId != "v2" || v.IsDefaultVersion || v.Document != nil {
		t.Errorf("second version %+v", v)
	}
	outcome := func() authz.Outcome {
		d, err := f.d.Authorize(t.Context(), authz.Request{Principal: identity.UserPrincipal(f.user("ann")), Action: "s3:GetObject", Resource: "*"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return d.Outcome
	}
	if got := outcome(); got != authz.Allowed {
		t.Errorf("with v1: %s", got)
	}
	must(f, f.SetDefaultPolicyVersion, &iam.SetDefaultPolicyVersionInput{PolicyArn: p.Arn, VersionId: ptr("v2")})
	if got := outcome(); got != authz.ExplicitDeny {
		t.Errorf("with v2: %s", got)
	}
	add.SetAsDefault, add.PolicyDocument = true, ptr(allowS3)
	must(f, f.CreatePolicyVersion, add)
	if got := outcome(); got != authz.Allowed {
		t.Errorf("with v3: %s", got)
	}
	must(f, f.CreatePolicyVersion, add)
	must(f, f.CreatePolicyVersion, add)
	fails(f, f.CreatePolicyVersion, add, "LimitExceeded", "A managed policy can have up to 5 versions.")
	fails(f, f.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: p.Arn, VersionId: ptr("v5")}, "DeleteConflict", "Cannot delete the default version of a policy.")
	must(f, f.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: p.Arn, VersionId: ptr("v3")})
	if v := must(f, f.CreatePolicyVersion, add).PolicyVersion; *v.VersionId != "v6" {
		t.Errorf("a number was given twice: %s", *v.VersionId)
	}
	var ids []string
	in := &iam.ListPolicyVersionsInput{PolicyArn: p.Arn, MaxItems: ptr(int32(2))}
	for {
		out := must(f, f.ListPolicyVersions, in)
		for _, v := range out.Versions {
			ids = append(ids, *v.VersionId)
		}
		if in.Marker = out.Marker; !out.IsTruncated {
			break
		}
	}
	if !slices.Equal(ids, []string{"v6", "v5", "v4", "v2", "v1"}) {
		t.Errorf("versions %v", ids)
	}
	v := must(f, f.GetPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: ptr("v2")}).PolicyVersion
	if d, err := url.PathUnescape(*v.Document); err != nil || d != denyS3 || v.IsDefaultVersion {
		t.Errorf("v2: %s, %v", d, err)
	}
	fails(f, f.GetPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: ptr("v3")}, "NoSuchEntity", "Policy "+*p.Arn+" version v3 does not exist or is not attachable.")
	if got := must(f, f.GetPolicy, &iam.GetPolicyInput{PolicyArn: p.Arn}).Policy; *got.DefaultVersionId != "v6" || !got.UpdateDate.Equal(start.Add(time.Hour)) || *got.AttachmentCount != 1 || *got.Description != "d" {
		t.Errorf("policy %+v", got)
	}
	del := &iam.DeletePolicyInput{PolicyArn: p.Arn}
	fails(f, f.DeletePolicy, del, "DeleteConflict", "Cannot delete a policy attached to entities.")
	must(f, f.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: ptr("ann"), PolicyArn: p.Arn})
	fails(f, f.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: ptr("ann"), PolicyArn: p.Arn}, "NoSuchEntity", "Policy "+*p.Arn+" was not found.")
	fails(f, f.DeletePolicy, del, "DeleteConflict", "This policy has more than one version.")
	for _, id := range []string{"v1", "v2", "v4", "v5"} {
		must(f, f.DeletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: p.Arn, VersionId: ptr(id)})
	}
	must(f, f.DeletePolicy, del)
	fails(f, f.GetPolicy, &iam.GetPolicyInput{PolicyArn: p.Arn}, "NoSuchEntity", "Policy "+*p.Arn+" was not found.")
}

func TestPoliciesOfAWS(t *testing.T) {
	f := open(t)
	if p := must(f, f.GetPolicy, &iam.GetPolicyInput{PolicyArn: ptr(adminARN)}).Policy; *p.Arn != adminARN {
		t.Errorf("got %+v", p)
	}
	fails(f, f.CreatePolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: ptr(adminARN), PolicyDocument: ptr(allowS3)}, "AccessDenied", "is not authorized to perform")
	fails(f, f.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: ptr(adminARN)}, "AccessDenied", "")
	fails(f, f.TagPolicy, &iam.TagPolicyInput{PolicyArn: ptr(adminARN), Tags: []types.Tag{{Key: ptr("k"), Value: ptr("v")}}}, "AccessDenied", "")
	fails(f, f.GetPolicy, &iam.GetPolicyInput{PolicyArn: ptr("arn:aws:iam::aws:policy/AdministratorAcces")}, "NoSuchEntity", "")
	fails(f, f.GetPolicy, &iam.GetPolicyInput{PolicyArn: ptr("arn:aws:iam::aws:role/AdministratorAccess")}, "InvalidInput", "is not valid.")

	// Nobody sees the policies of another account.
	own := must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("P"), PolicyDocument: ptr(allowS3)}).Policy
	other, err := f.d.CreateAccount(t.Context(), identity.NewAccount{Name: "o", Email: "o@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.GetPolicyVersion(as(identity.RootPrincipal(other.ID)), &iam.GetPolicyVersionInput{PolicyArn: own.Arn, VersionId: ptr("v1")})
	f.is(err, "NoSuchEntity", "")
}

func TestListPolicies(t *testing.T) {
	f := open(t)
	for i, path := range []string{"/", "/team/", "/team/a/"} {
		must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr(fmt.Sprintf("p%d", i)), Path: ptr(path), PolicyDocument: ptr(allowS3)})
	}
	must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("r"), AssumeRolePolicyDocument: ptr(trust), PermissionsBoundary: ptr(f.arn("policy/p0"))})
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("u"), Path: ptr("/q/")})
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("g")})
	must(f, f.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: ptr(adminARN)})
	must(f, f.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: ptr("u"), PolicyArn: ptr(adminARN)})
	must(f, f.AttachGroupPolicy, &iam.AttachGroupPolicyInput{GroupName: ptr("g"), PolicyArn: ptr(adminARN)})
	aws := len(f.d.AWSPolicies())
	for name, c := range map[string]struct {
		in   iam.ListPoliciesInput
		want int
	}{
		"all":        {iam.ListPoliciesInput{}, aws + 3},
		"of AWS":     {iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws}, aws},
		"local":      {iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}, 3},
		"under path": {iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, PathPrefix: ptr("/team/")}, 2},
		"attached":   {iam.ListPoliciesInput{OnlyAttached: true}, 2},
		"boundaries": {iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary}, 1},
		"permitting": {iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsPolicy}, 1},
	} {
		seen := map[string]bool{}
		c.in.MaxItems = ptr(int32(7))
		for {
			out := must(f, f.ListPolicies, &c.in)
			for _, p := range out.Policies {
				seen[*p.Arn] = true
				if *p.Arn == adminARN && (*p.AttachmentCount != 3 || *p.PermissionsBoundaryUsageCount != 0) {
					t.Errorf("%s: counts of %+v", name, p)
				}
			}
			if c.in.Marker = out.Marker; !out.IsTruncated {
				break
			}
		}
		if len(seen) != c.want {
			t.Errorf("%s: %d policies, want %d", name, len(seen), c.want)
		}
	}
	e := must(f, f.ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: ptr(adminARN)})
	if len(e.PolicyGroups) != 1 || len(e.PolicyRoles) != 1 || len(e.PolicyUsers) != 1 || *e.PolicyUsers[0].UserName != "u" {
		t.Errorf("entities %+v", e)
	}
	e = must(f, f.ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: ptr(adminARN), PathPrefix: ptr("/q/"), EntityFilter: types.EntityTypeUser})
	if len(e.PolicyGroups)+len(e.PolicyRoles) != 0 || len(e.PolicyUsers) != 1 {
		t.Errorf("users under /q/: %+v", e)
	}
	e = must(f, f.ListEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: ptr(f.arn("policy/p0")), PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary})
	if len(e.PolicyRoles) != 1 {
		t.Errorf("bounded by p0: %+v", e)
	}
	fails(f, f.DeletePolicy, &iam.DeletePolicyInput{PolicyArn: ptr(f.arn("policy/p0"))}, "DeleteConflict", "")
}

func TestInlineAndAttached(t *testing.T) {
	f := open(t)
	must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("r"), AssumeRolePolicyDocument: ptr(trust)})
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("u")})
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("g")})
	put := &iam.PutRolePolicyInput{RoleName: ptr("r"), PolicyName: ptr("b"), PolicyDocument: ptr(allowS3)}
	must(f, f.PutRolePolicy, put)
	put.PolicyName = ptr("a")
	must(f, f.PutRolePolicy, put)
	if out := must(f, f.ListRolePolicies, &iam.ListRolePoliciesInput{RoleName: ptr("r")}); !slices.Equal(out.PolicyNames, []string{"a", "b"}) {
		t.Errorf("inline %v", out.PolicyNames)
	}
	got := must(f, f.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: ptr("R"), PolicyName: ptr("a")})
	if d, err := url.PathUnescape(*got.PolicyDocument); err != nil || d != allowS3 || *got.RoleName != "r" {
		t.Errorf("inline policy %+v: %s, %v", got, d, err)
	}
	must(f, f.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: ptr("r"), PolicyName: ptr("a")})
	fails(f, f.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: ptr("r"), PolicyName: ptr("a")}, "NoSuchEntity", "The role policy with name a cannot be found.")
	fails(f, f.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: ptr("u"), PolicyName: ptr("a")}, "NoSuchEntity", "The user policy with name a cannot be found.")
	fails(f, f.GetGroupPolicy, &iam.GetGroupPolicyInput{GroupName: ptr("g"), PolicyName: ptr("a")}, "NoSuchEntity", "The group policy with name a cannot be found.")
	fails(f, f.PutGroupPolicy, &iam.PutGroupPolicyInput{GroupName: ptr("g"), PolicyName: ptr("a"), PolicyDocument: ptr(trust)}, "MalformedPolicyDocument", "")
	long := ptr(strings.Replace(allowS3, `"s3:*"`, `"s3:`+strings.Repeat("x", 1500)+`"`, 1))
	must(f, f.PutUserPolicy, &iam.PutUserPolicyInput{UserName: ptr("u"), PolicyName: ptr("1"), PolicyDocument: long})
	fails(f, f.PutUserPolicy, &iam.PutUserPolicyInput{UserName: ptr("u"), PolicyName: ptr("2"), PolicyDocument: long}, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user u")
	if out := must(f, f.ListUserPolicies, &iam.ListUserPoliciesInput{UserName: ptr("u")}); len(out.PolicyNames) != 1 {
		t.Errorf("a refused policy was kept: %v", out.PolicyNames)
	}

	for i := range 10 {
		p := must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr(fmt.Sprintf("p%d", i)), Path: ptr(fmt.Sprintf("/d%d/", i%2)), PolicyDocument: ptr(allowS3)}).Policy
		must(f, f.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: p.Arn})
		must(f, f.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: p.Arn}) // again does nothing
	}
	fails(f, f.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: ptr(adminARN)}, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
	fails(f, f.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: ptr("u"), PolicyArn: ptr(f.arn("policy/none"))}, "NoSuchEntity", "Policy "+f.arn("policy/none")+" does not exist or is not attachable.")
	fails(f, f.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: ptr("u"), PolicyArn: ptr("arn:of:something:else:x")}, "InvalidInput", "is not valid.")
	out := must(f, f.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: ptr("r"), PathPrefix: ptr("/d1/"), MaxItems: ptr(int32(3))})
	if len(out.AttachedPolicies) != 3 || !out.IsTruncated || *out.AttachedPolicies[0].PolicyName != "p1" {
		t.Errorf("attached %+v", out)
	}
	out = must(f, f.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: ptr("r"), PathPrefix: ptr("/d1/"), Marker: out.Marker})
	if len(out.AttachedPolicies) != 2 || out.IsTruncated {
		t.Errorf("attached, the rest %+v", out)
	}

	must(f, f.PutUserPermissionsBoundary, &iam.PutUserPermissionsBoundaryInput{UserName: ptr("u"), PermissionsBoundary: ptr(adminARN)})
	fails(f, f.PutRolePermissionsBoundary, &iam.PutRolePermissionsBoundaryInput{RoleName: ptr("r"), PermissionsBoundary: ptr(f.arn("policy/none"))}, "NoSuchEntity", "")
	if r := must(f, f.GetRole, &iam.GetRoleInput{RoleName: ptr("r")}).Role; r.PermissionsBoundary != nil {
		t.Errorf("a refused boundary was kept: %+v", r.PermissionsBoundary)
	}
	must(f, f.DeleteUserPermissionsBoundary, &iam.DeleteUserPermissionsBoundaryInput{UserName: ptr("u")})
	if u := must(f, f.GetUser, &iam.GetUserInput{UserName: ptr("u")}).User; u.PermissionsBoundary != nil {
		t.Errorf("the boundary stays: %+v", u.PermissionsBoundary)
	}
}
