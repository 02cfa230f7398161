package iam_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (f *fixture) trusting(principal string) *iam.CreateRoleInput {
	return &iam.CreateRoleInput{RoleName: ptr("trusting"), AssumeRolePolicyDocument: ptr(strings.Replace(trust, `{"Service":"ec2.amazonaws.com"}`, principal, 1))}
}

func TestRoles(t *testing.T) {
	f := open(t)
	created := must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("Work"), Path: ptr("/a/"), AssumeRolePolicyDocument: ptr(trust), Description: ptr("d")}).Role
	if *created.Arn != f.arn("role/a/Work") || *created.MaxSessionDuration != 3600 || created.Tags != nil {
		t.Errorf("created %+v", created)
	}
	got := must(f, f.GetRole, &iam.GetRoleInput{RoleName: ptr("work")}).Role
	if strings.ContainsAny(*got.AssumeRolePolicyDocument, `{}": ,+`) {
		t.Errorf("the document is not encoded: %s", *got.AssumeRolePolicyDocument)
	}
	if plain, err := url.PathUnescape(*got.AssumeRolePolicyDocument); err != nil || plain != trust {
		t.Errorf("the document is %s, %v", plain, err)
	}
	fails(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("WORK"), AssumeRolePolicyDocument: ptr(trust)}, "EntityAlreadyExists", "Role with name WORK already exists.")
	fails(f, f.GetRole, &iam.GetRoleInput{RoleName: ptr("none")}, "NoSuchEntity", "The role with name none cannot be found.")
	must(f, f.UpdateRole, &iam.UpdateRoleInput{RoleName: ptr("Work"), MaxSessionDuration: ptr(int32(7200))})
	if r := must(f, f.UpdateRoleDescription, &iam.UpdateRoleDescriptionInput{RoleName: ptr("Work"), Description: ptr("new")}).Role; *r.Description != "new" || *r.MaxSessionDuration != 7200 {
		t.Errorf("updated %+v", r)
	}
	if list := must(f, f.ListRoles, &iam.ListRolesInput{PathPrefix: ptr("/a/")}).Roles; len(list) != 1 || *list[0].Description != "new" {
		t.Errorf("list %+v", list)
	}
}

func TestTrust(t *testing.T) {
	f := open(t)
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("ann"), Path: ptr("/p/")})
	must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("base"), AssumeRolePolicyDocument: ptr(trust)})
	for principal, ok := range map[string]bool{
		`"*"`:                                   true,
		`{"AWS":"` + f.account + `"}`:           true,
		`{"AWS":"` + f.arn("root") + `"}`:       true,
		`{"AWS":"` + f.arn("user/p/ann") + `"}`: true,
		`{"AWS":["` + f.arn("user/p/ann") + `","` + f.arn("role/base") + `"]}`:         true,
		`{"AWS":"arn:aws:sts::` + f.account + `:assumed-role/base/s"}`:                 true,
		`{"AWS":"` + f.arn("user/ann") + `"}`:                                          false,
		`{"AWS":"` + f.arn("user/nobody") + `"}`:                                       false,
		`{"AWS":["` + f.arn("role/base") + `","` + f.arn("role/none") + `"]}`:          false,
		`{"AWS":"arn:aws:sts::` + f.account + `:assumed-role/none/s"}`:                 false,
		`{"AWS":"arn:aws:iam::999999999999:user/ann"}`:                                 false,
		`{"AWS":"` + f.arn("group/g") + `"}`:                                           false,
		`{"AWS":"AIDAEXAMPLEEXAMPLE00"}`:                                               false,
		`{"Federated":"` + f.arn("oidc-provider/issuer.example.com") + `"}`:            true,
		`{"AWS":"` + f.arn("user/p/ann") + `","Service":"lambda.amazonaws.com"}`:       true,
		`{"AWS":"` + f.arn("user/p/nobody") + `","Service":"sagemaker.amazonaws.com"}`: false,
	} {
		in := f.trusting(principal)
		if strings.Contains(principal, "Federated") {
			in.AssumeRolePolicyDocument = ptr(strings.Replace(*in.AssumeRolePolicyDocument, "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", 1))
		}
		if !ok {
			fails(f, f.CreateRole, in, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"")
			continue
		}
		must(f, f.CreateRole, in)
		must(f, f.DeleteRole, &iam.DeleteRoleInput{RoleName: in.RoleName})
	}
	fails(f, f.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: ptr("base"), PolicyDocument: ptr("{")}, "MalformedPolicyDocument", "")
	fails(f, f.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: ptr("base"), PolicyDocument: ptr(allowS3)}, "MalformedPolicyDocument", "")
	long := strings.Replace(trust, "ec2", strings.Repeat("e", 2048), 1)
	fails(f, f.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: ptr("base"), PolicyDocument: &long}, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
	if got := *must(f, f.GetRole, &iam.GetRoleInput{RoleName: ptr("base")}).Role.AssumeRolePolicyDocument; !strings.Contains(got, "ec2") || len(got) > 500 {
		t.Errorf("a refused document was kept: %s", got)
	}
}

func TestInstanceProfiles(t *testing.T) {
	f := open(t)
	for _, name := range []string{"r1", "r2"} {
		must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr(name), AssumeRolePolicyDocument: ptr(trust)})
	}
	p := must(f, f.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("P"), Tags: []types.Tag{{Key: ptr("k"), Value: ptr("v")}}}).InstanceProfile
	if *p.Arn != f.arn("instance-profile/P") || len(p.Roles) != 0 || len(p.Tags) != 1 {
		t.Errorf("created %+v", p)
	}
	fails(f, f.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("p")}, "EntityAlreadyExists", "Instance Profile p already exists.")
	fails(f, f.GetInstanceProfile, &iam.GetInstanceProfileInput{InstanceProfileName: ptr("q")}, "NoSuchEntity", "Instance Profile q cannot be found.")
	add := func(role string) *iam.AddRoleToInstanceProfileInput {
		return &iam.AddRoleToInstanceProfileInput{InstanceProfileName: ptr("p"), RoleName: ptr(role)}
	}
	fails(f, f.AddRoleToInstanceProfile, add("none"), "NoSuchEntity", "The role with name none cannot be found.")
	must(f, f.AddRoleToInstanceProfile, add("r1"))
	fails(f, f.AddRoleToInstanceProfile, add("r2"), "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	if list := must(f, f.ListInstanceProfilesForRole, &iam.ListInstanceProfilesForRoleInput{RoleName: ptr("R1")}).InstanceProfiles; len(list) != 1 || *list[0].Roles[0].RoleName != "r1" {
		t.Errorf("profiles of r1: %+v", list)
	}
	if list := must(f, f.ListInstanceProfiles, &iam.ListInstanceProfilesInput{}).InstanceProfiles; len(list) != 1 || list[0].Tags != nil {
		t.Errorf("profiles: %+v", list)
	}
	fails(f, f.DeleteRole, &iam.DeleteRoleInput{RoleName: ptr("r1")}, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	fails(f, f.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: ptr("p")}, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	fails(f, f.RemoveRoleFromInstanceProfile, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: ptr("p"), RoleName: ptr("r2")}, "NoSuchEntity", "")
	must(f, f.RemoveRoleFromInstanceProfile, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: ptr("p"), RoleName: ptr("r1")})
	must(f, f.DeleteInstanceProfile, &iam.DeleteInstanceProfileInput{InstanceProfileName: ptr("p")})
	must(f, f.DeleteRole, &iam.DeleteRoleInput{RoleName: ptr("r1")})
}

func TestServiceLinkedRoles(t *testing.T) {
	f := open(t)
	service := ptr("lakeformation.amazonaws.com")
	r := must(f, f.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: service}).Role
	if *r.Arn != f.arn("role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess") {
		t.Errorf("made %s", *r.Arn)
	}
	fails(f, f.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: service}, "InvalidInput", "has been taken in this account, please try a different suffix.")
	if r := must(f, f.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: ptr("my-thing.amazonaws.com"), CustomSuffix: ptr("two")}).Role; *r.RoleName != "AWSServiceRoleForMyThing_two" {
		t.Errorf("made %s", *r.RoleName)
	}
	for _, bad := range []string{"lakeformation", ".amazonaws.com", strings.Repeat("x", 60) + ".amazonaws.com"} {
		fails(f, f.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: &bad}, "InvalidInput", "")
	}
	fails(f, f.DeleteRole, &iam.DeleteRoleInput{RoleName: r.RoleName}, "UnmodifiableEntity", "this role is only modifiable by AWS")
	fails(f, f.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: r.RoleName, PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)}, "UnmodifiableEntity", "")
	fails(f, f.UpdateRole, &iam.UpdateRoleInput{RoleName: r.RoleName, Description: ptr("d")}, "UnmodifiableEntity", "")
	task := must(f, f.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: r.RoleName}).DeletionTaskId
	if s := must(f, f.GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task}).Status; s != types.DeletionTaskStatusTypeSucceeded {
		t.Errorf("deletion %s", s)
	}
	fails(f, f.GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: ptr("task/x")}, "NoSuchEntity", "")
	fails(f, f.GetRole, &iam.GetRoleInput{RoleName: r.RoleName}, "NoSuchEntity", "")
	must(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("plain"), AssumeRolePolicyDocument: ptr(trust)})
	fails(f, f.DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: ptr("plain")}, "InvalidInput", "")
	fails(f, f.CreateRole, &iam.CreateRoleInput{RoleName: ptr("x"), Path: ptr("/aws-service-role/x/"), AssumeRolePolicyDocument: ptr(trust)}, "ValidationError", "")
}
