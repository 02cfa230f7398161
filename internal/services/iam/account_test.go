package iam_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestOIDCProviders(t *testing.T) {
	f := open(t)
	made := must(f, f.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: ptr("https://issuer.example.com/pool/"), ClientIDList: []string{"a"}, ThumbprintList: []string{"0123456789abcdef0123456789abcdef01234567"}})
	arn := made.OpenIDConnectProviderArn
	if *arn != f.arn("oidc-provider/issuer.example.com/pool") {
		t.Errorf("made %s", *arn)
	}
	fails(f, f.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: ptr("https://issuer.example.com/pool")}, "EntityAlreadyExists", "Provider with url https://issuer.example.com/pool already exists.")
	for _, bad := range []string{"http://issuer.example.com", "issuer.example.com", "https://", "https://u:p@issuer.example.com", "https://issuer.example.com?x", "ftp://localhost"} {
		fails(f, f.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: ptr(bad)}, "ValidationError", "Invalid Open ID Connect Provider URL")
	}
	must(f, f.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: ptr("http://127.0.0.1:9000")})
	must(f, f.AddClientIDToOpenIDConnectProvider, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: ptr("b")})
	must(f, f.AddClientIDToOpenIDConnectProvider, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: ptr("b")})
	must(f, f.RemoveClientIDFromOpenIDConnectProvider, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: ptr("a")})
	must(f, f.UpdateOpenIDConnectProviderThumbprint, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{"ABCDEF6789abcdef0123456789abcdef01234567"}})
	fails(f, f.UpdateOpenIDConnectProviderThumbprint, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{"not hexadecimal"}}, "InvalidInput", "")
	fails(f, f.UpdateOpenIDConnectProviderThumbprint, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: make([]string, 6)}, "InvalidInput", "")
	must(f, f.TagOpenIDConnectProvider, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: []types.Tag{{Key: ptr("k"), Value: ptr("v")}}})
	got := must(f, f.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	if *got.Url != "issuer.example.com/pool" || fmt.Sprint(got.ClientIDList) != "[b]" || got.ThumbprintList[0][0] != 'A' || len(got.Tags) != 1 {
		t.Errorf("provider %+v", got)
	}
	if list := must(f, f.ListOpenIDConnectProviders, &iam.ListOpenIDConnectProvidersInput{}).OpenIDConnectProviderList; len(list) != 2 {
		t.Errorf("providers %+v", list)
	}
	_, err := f.GetOpenIDConnectProvider(as(identity.RootPrincipal("999999999999")), &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	f.is(err, "NoSuchEntity", "OpenIDConnect Provider not found for arn")
	fails(f, f.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: ptr(f.arn("role/long-enough"))}, "InvalidInput", "Invalid ARN")
	must(f, f.DeleteOpenIDConnectProvider, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	fails(f, f.DeleteOpenIDConnectProvider, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}, "NoSuchEntity", "")
}

func TestAliases(t *testing.T) {
	f := open(t)
	other, err := f.d.CreateAccount(t.Context(), identity.NewAccount{Name: "o", Email: "o@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"a--b", "123456789012"} {
		fails(f, f.CreateAccountAlias, &iam.CreateAccountAliasInput{AccountAlias: ptr(bad)}, "InvalidInput", "")
	}
	must(f, f.CreateAccountAlias, &iam.CreateAccountAliasInput{AccountAlias: ptr("first")})
	must(f, f.CreateAccountAlias, &iam.CreateAccountAliasInput{AccountAlias: ptr("second")})
	_, err = f.CreateAccountAlias(as(identity.RootPrincipal(other.ID)), &iam.CreateAccountAliasInput{AccountAlias: ptr("second")})
	f.is(err, "EntityAlreadyExists", "The account alias second already exists.")
	if list := must(f, f.ListAccountAliases, &iam.ListAccountAliasesInput{}).AccountAliases; len(list) != 1 || list[0] != "second" {
		t.Errorf("aliases %v", list)
	}
	fails(f, f.DeleteAccountAlias, &iam.DeleteAccountAliasInput{AccountAlias: ptr("first")}, "NoSuchEntity", "")
	must(f, f.DeleteAccountAlias, &iam.DeleteAccountAliasInput{AccountAlias: ptr("second")})
	if list := must(f, f.ListAccountAliases, &iam.ListAccountAliasesInput{}).AccountAliases; len(list) != 0 {
		t.Errorf("aliases %v", list)
	}
}

func TestTags(t *testing.T) {
	f := open(t)
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("u")})
	must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("r"), AssumeRolePolicyDocument: ptr(trust)})
	policy := must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)}).Policy.Arn
	must(f, f.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("i")})
	provider := must(f, f.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: ptr("https://issuer.example.com")}).OpenIDConnectProviderArn
	for name, r := range map[string]struct {
		tag   func([]types.Tag) error
		untag func(...string) error
		list  func() []types.Tag
	}{
		"user": {
			func(l []types.Tag) error {
				_, err := f.TagUser(f.root, &iam.TagUserInput{UserName: ptr("u"), Tags: l})
				return err
			},
			func(k ...string) error {
				_, err := f.UntagUser(f.root, &iam.UntagUserInput{UserName: ptr("u"), TagKeys: k})
				return err
			},
			func() []types.Tag { return must(f, f.ListUserTags, &iam.ListUserTagsInput{UserName: ptr("u")}).Tags }},
		"role": {
			func(l []types.Tag) error {
				_, err := f.TagRole(f.root, &iam.TagRoleInput{RoleName: ptr("r"), Tags: l})
				return err
			},
			func(k ...string) error {
				_, err := f.UntagRole(f.root, &iam.UntagRoleInput{RoleName: ptr("r"), TagKeys: k})
				return err
			},
			func() []types.Tag { return must(f, f.ListRoleTags, &iam.ListRoleTagsInput{RoleName: ptr("r")}).Tags }},
		"policy": {
			func(l []types.Tag) error {
				_, err := f.TagPolicy(f.root, &iam.TagPolicyInput{PolicyArn: policy, Tags: l})
				return err
			},
			func(k ...string) error {
				_, err := f.UntagPolicy(f.root, &iam.UntagPolicyInput{PolicyArn: policy, TagKeys: k})
				return err
			},
			func() []types.Tag {
				return must(f, f.ListPolicyTags, &iam.ListPolicyTagsInput{PolicyArn: policy}).Tags
			}},
		"instance profile": {
			func(l []types.Tag) error {
				_, err := f.TagInstanceProfile(f.root, &iam.TagInstanceProfileInput{InstanceProfileName: ptr("i"), Tags: l})
				return err
			},
			func(k ...string) error {
				_, err := f.UntagInstanceProfile(f.root, &iam.UntagInstanceProfileInput{InstanceProfileName: ptr("i"), TagKeys: k})
				return err
			},
			func() []types.Tag {
				return must(f, f.ListInstanceProfileTags, &iam.ListInstanceProfileTagsInput{InstanceProfileName: ptr("i")}).Tags
			}},
		"provider": {
			func(l []types.Tag) error {
				_, err := f.TagOpenIDConnectProvider(f.root, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, Tags: l})
				return err
			},
			func(k ...string) error {
				_, err := f.UntagOpenIDConnectProvider(f.root, &iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider, TagKeys: k})
				return err
			},
			func() []types.Tag {
				return must(f, f.ListOpenIDConnectProviderTags, &iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: provider}).Tags
			}},
	} {
		tag := func(k, v string) types.Tag { return types.Tag{Key: ptr(k), Value: ptr(v)} }
		if got := r.list(); got == nil || len(got) != 0 {
			t.Errorf("%s: tags before there are some: %v", name, got)
		}
		if err := r.tag([]types.Tag{tag("Team", "a"), tag("cost", "1")}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.tag([]types.Tag{tag("team", "b")}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := r.list(); len(got) != 2 || *got[1].Key != "team" || *got[1].Value != "b" {
			t.Errorf("%s: tags %v", name, got)
		}
		f.is(r.tag([]types.Tag{tag("x", "1"), tag("X", "2")}), "InvalidInput", "Duplicate tag keys found.")
		f.is(r.tag([]types.Tag{tag("AWS:x", "1")}), "InvalidInput", "aws:")
		var many []types.Tag
		for i := range 48 {
			many = append(many, tag(fmt.Sprintf("k%d", i), ""))
		}
		if err := r.tag(many); err != nil {
			t.Errorf("%s: 50 tags: %v", name, err)
		}
		f.is(r.tag([]types.Tag{tag("one more", "")}), "LimitExceeded", "The number of tags has reached the maximum limit.")
		if err := r.untag("TEAM", "cost", "never there"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := r.list(); len(got) != 48 {
			t.Errorf("%s: %d tags are left", name, len(got))
		}
	}
}

func TestSummaryAndDetails(t *testing.T) {
	f := open(t)
	for _, name := range []string{"ann", "bob", "cy"} {
		must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr(name)})
	}
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("g")})
	must(f, f.AddUserToGroup, &iam.AddUserToGroupInput{GroupName: ptr("g"), UserName: ptr("ann")})
	must(f, f.PutUserPolicy, &iam.PutUserPolicyInput{UserName: ptr("ann"), PolicyName: ptr("in"), PolicyDocument: ptr(allowS3)})
	policy := must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)}).Policy.Arn
	must(f, f.CreatePolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: policy, PolicyDocument: ptr(denyS3)})
	must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("r"), AssumeRolePolicyDocument: ptr(trust), PermissionsBoundary: policy})
	must(f, f.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: policy})
	must(f, f.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("i")})
	must(f, f.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: ptr("i"), RoleName: ptr("r")})

	m := must(f, f.GetAccountSummary, &iam.GetAccountSummaryInput{}).SummaryMap
	for name, want := range map[string]int32{"Users": 3, "Groups": 1, "Roles": 1, "Policies": 1, "PolicyVersionsInUse": 2, "InstanceProfiles": 1,
		"Providers": 0, "AccountAccessKeysPresent": 1, "UsersQuota": 5000} {
		if m[name] != want {
			t.Errorf("summary: %s is %d, want %d", name, m[name], want)
		}
	}

	local := []types.EntityType{types.EntityTypeUser, types.EntityTypeRole, types.EntityTypeGroup, types.EntityTypeLocalManagedPolicy}
	in := &iam.GetAccountAuthorizationDetailsInput{Filter: local, MaxItems: ptr(int32(2))}
	var all iam.GetAccountAuthorizationDetailsOutput
	for pages := 1; ; pages++ {
		out := must(f, f.GetAccountAuthorizationDetails, in)
		all.UserDetailList = append(all.UserDetailList, out.UserDetailList...)
		all.GroupDetailList = append(all.GroupDetailList, out.GroupDetailList...)
		all.RoleDetailList = append(all.RoleDetailList, out.RoleDetailList...)
		all.Policies = append(all.Policies, out.Policies...)
		if in.Marker = out.Marker; !out.IsTruncated {
			if pages != 3 {
				t.Errorf("%d pages of two for six entries", pages)
			}
			break
		}
	}
	if len(all.UserDetailList) != 3 || len(all.GroupDetailList) != 1 || len(all.RoleDetailList) != 1 || len(all.Policies) != 1 {
		t.Fatalf("details %+v", all)
	}
	ann, r, p := all.UserDetailList[0], all.RoleDetailList[0], all.Policies[0]
	if d, err := url.PathUnescape(*ann.UserPolicyList[0].PolicyDocument); err != nil || d != allowS3 || fmt.Sprint(ann.GroupList) != "[g]" {
		t.Errorf("ann %+v, %v", ann, err)
	}
	if len(r.InstanceProfileList) != 1 || *r.AttachedManagedPolicies[0].PolicyArn != *policy || *r.PermissionsBoundary.PermissionsBoundaryArn != *policy {
		t.Errorf("role %+v", r)
	}
	if len(p.PolicyVersionList) != 2 || *p.PolicyVersionList[0].VersionId != "v2" || !p.PolicyVersionList[1].IsDefaultVersion || *p.AttachmentCount != 1 || *p.PermissionsBoundaryUsageCount != 1 {
		t.Errorf("policy %+v", p)
	}
	only := must(f, f.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeAWSManagedPolicy}, MaxItems: ptr(int32(1000))})
	if len(only.Policies) != len(f.d.AWSPolicies()) || len(only.UserDetailList) != 0 {
		t.Errorf("%d policies of AWS, %d users", len(only.Policies), len(only.UserDetailList))
	}
}
