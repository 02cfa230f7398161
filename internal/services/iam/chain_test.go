package iam_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudtrail"
	service "github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
)

type server struct {
	t       *testing.T
	url     string
	account string
	root    *iam.Client
}

func serve(t *testing.T) *server {
	t.Helper()
	c := clock.At(time.Now().UTC().Truncate(time.Second))
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	d, err := identity.New(st, c)
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := d.Bootstrap(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	trail := cloudtrail.New(cloudtrail.Config{Store: st, Clock: c, Logger: log})
	chain, err := wire.New(wire.Config{Services: []wire.Service{service.New(service.Config{Directory: d, Clock: c})}, S3: http.NotFoundHandler(),
		Directory: d, Recorder: trail, Clock: c, Logger: log, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Check(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(chain)
	t.Cleanup(func() { srv.Close(); _ = st.Close() })
	s := &server{t: t, url: srv.URL, account: root.Principal.Account}
	s.root = s.client(root.AccessKeyID, root.SecretAccessKey)
	return s
}

func (s *server) client(id, secret string) *iam.Client {
	return iam.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")})
}

// user makes a user with a policy and a client of its own.
func (s *server) user(name, document string) *iam.Client {
	s.t.Helper()
	ctx := s.t.Context()
	_, err := s.root.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Tags: []types.Tag{{Key: ptr("team"), Value: ptr("blue")}}})
	if err == nil && document != "" {
		_, err = s.root.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: ptr("p"), PolicyDocument: &document})
	}
	key, keyErr := s.root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err = errors.Join(err, keyErr); err != nil {
		s.t.Fatal(err)
	}
	return s.client(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey)
}

// TestClient takes the SDK's own client through the whole chain.
func TestClient(t *testing.T) {
	s, ctx := serve(t), t.Context()
	if _, err := s.root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: ptr("r"), Path: ptr("/a/"), AssumeRolePolicyDocument: ptr(trust), Tags: []types.Tag{{Key: ptr("k"), Value: ptr("v")}}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.root.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("r")})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := url.QueryUnescape(*got.Role.AssumeRolePolicyDocument); err != nil || d != trust || len(got.Role.Tags) != 1 || !strings.HasPrefix(*got.Role.RoleId, "AROA") {
		t.Errorf("got %+v: %s, %v", got.Role, d, err)
	}
	_, err = s.root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: ptr("R"), AssumeRolePolicyDocument: ptr(trust)})
	var taken *types.EntityAlreadyExistsException
	var status interface{ HTTPStatusCode() int }
	if !errors.As(err, &taken) || *taken.Message != "Role with name R already exists." || !errors.As(err, &status) || status.HTTPStatusCode() != 409 {
		t.Errorf("made again: %v", err)
	}
	_, err = s.root.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("none")})
	var none *types.NoSuchEntityException
	if !errors.As(err, &none) || !errors.As(err, &status) || status.HTTPStatusCode() != 404 {
		t.Errorf("none: %v", err)
	}
	_, err = s.root.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: ptr("r"), MaxSessionDuration: ptr(int32(60))})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "ValidationError" {
		t.Errorf("a session too short: %v", err)
	}
	sim, err := s.root.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: got.Role.Arn, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::b/k"},
		PolicyInputList: []string{allowS3}})
	if err != nil || sim.EvaluationResults[0].EvalDecision != "allowed" || sim.EvaluationResults[0].MatchedStatements[0].StartPosition.Column != 38 {
		t.Errorf("simulated %+v, %v", sim, err)
	}
	pages, n := iam.NewListPoliciesPaginator(s.root, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws, MaxItems: ptr(int32(50))}), 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Policies)
	}
	if n < 5 {
		t.Errorf("%d policies of AWS", n)
	}
}

func statement(effect, action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"` + condition + `}`
}

// TestEnforcement makes calls that policies on resources and condition keys of IAM decide.
func TestEnforcement(t *testing.T) {
	s, ctx := serve(t), t.Context()
	prefix := "arn:aws:iam::" + s.account + ":"
	setup := []error{}
	try := func(_ any, err error) { setup = append(setup, err) }
	try(s.root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: ptr("r"), Path: ptr("/a/"), AssumeRolePolicyDocument: ptr(trust), Tags: []types.Tag{{Key: ptr("team"), Value: ptr("blue")}}}))
	try(s.root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: ptr("other"), AssumeRolePolicyDocument: ptr(trust)}))
	try(s.root.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: ptr("p"), PolicyDocument: ptr(allowS3)}))
	try(s.root.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("i")}))
	try(s.root.CreateUser(ctx, &iam.CreateUserInput{UserName: ptr("target")}))
	try(s.root.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: ptr("target"), PermissionsBoundary: ptr(prefix + "policy/p")}))
	if err := errors.Join(setup...); err != nil {
		t.Fatal(err)
	}
	policy := ptr(prefix + "policy/p")
	bounded := `{"StringEquals":{"iam:PermissionsBoundary":"` + *policy + `"}}`
	for i, c := range []struct {
		name       string
		statements string
		call       func(*iam.Client) error
		ok         bool
	}{
		{"nothing", "", func(c *iam.Client) error { return second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("r")})) }, false},
		{"path in the ARN", statement("Allow", "iam:GetRole", prefix+"role/a/*", ""), func(c *iam.Client) error { return second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("r")})) }, true},
		{"without its path", statement("Allow", "iam:GetRole", prefix+"role/r", ""), func(c *iam.Client) error { return second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("r")})) }, false},
		{"resource tag", statement("Allow", "iam:GetRole", "*", `{"StringEquals":{"iam:ResourceTag/team":"${aws:PrincipalTag/team}","aws:ResourceTag/team":"blue"}}`), func(c *iam.Client) error { return second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("r")})) }, true},
		{"no resource tag", statement("Allow", "iam:GetRole", "*", `{"StringEquals":{"iam:ResourceTag/team":"blue"}}`), func(c *iam.Client) error { return second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: ptr("other")})) }, false},
		{"own user", statement("Allow", "iam:GetUser", prefix+"user/${aws:username}", ""), func(c *iam.Client) error { return second(c.GetUser(ctx, &iam.GetUserInput{})) }, true},
		{"another user", statement("Allow", "iam:GetUser", prefix+"user/${aws:username}", ""), func(c *iam.Client) error { return second(c.GetUser(ctx, &iam.GetUserInput{UserName: ptr("target")})) }, false},
		{"own keys", statement("Allow", "iam:*AccessKey*", prefix+"user/${aws:username}", ""), func(c *iam.Client) error { return second(c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{})) }, true},
		{"lists under a path", statement("Allow", "iam:ListRoles", prefix+"role/a/*", ""), func(c *iam.Client) error {
			return second(c.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: ptr("/a/")}))
		}, true},
		{"lists all", statement("Allow", "iam:ListRoles", prefix+"role/a/*", ""), func(c *iam.Client) error { return second(c.ListRoles(ctx, &iam.ListRolesInput{})) }, false},
		{"one policy may be attached", statement("Allow", "iam:AttachRolePolicy", "*", `{"ArnEquals":{"iam:PolicyARN":"`+*policy+`"}}`), func(c *iam.Client) error {
			return second(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: policy}))
		}, true},
		{"another policy", statement("Allow", "iam:AttachRolePolicy", "*", `{"ArnEquals":{"iam:PolicyARN":"`+*policy+`"}}`), func(c *iam.Client) error {
			return second(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: ptr("r"), PolicyArn: ptr(adminARN)}))
		}, false},
		{"users within a boundary", statement("Allow", "iam:CreateUser", "*", bounded), func(c *iam.Client) error {
			return second(c.CreateUser(ctx, &iam.CreateUserInput{UserName: ptr("new"), PermissionsBoundary: policy}))
		}, true},
		{"users without it", statement("Allow", "iam:CreateUser", "*", bounded), func(c *iam.Client) error {
			return second(c.CreateUser(ctx, &iam.CreateUserInput{UserName: ptr("newer")}))
		}, false},
		{"policies of who has the boundary", statement("Allow", "iam:PutUserPolicy", "*", bounded), func(c *iam.Client) error {
			return second(c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: ptr("target"), PolicyName: ptr("x"), PolicyDocument: ptr(allowS3)}))
		}, true},
		{"another boundary", statement("Allow", "iam:PutUserPermissionsBoundary", "*", bounded), func(c *iam.Client) error {
			return second(c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: ptr("target"), PermissionsBoundary: ptr(adminARN)}))
		}, false},
		{"a boundary taken away", statement("Allow", "iam:*", "*", "") + "," + statement("Deny", "iam:DeleteUserPermissionsBoundary", "*", bounded), func(c *iam.Client) error {
			return second(c.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: ptr("target")}))
		}, false},
		{"request tags", statement("Allow", "iam:CreateUser", "*", `{"StringEquals":{"aws:RequestTag/team":"blue"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`), func(c *iam.Client) error {
			return second(c.CreateUser(ctx, &iam.CreateUserInput{UserName: ptr("tagged"), Tags: []types.Tag{{Key: ptr("team"), Value: ptr("blue")}}}))
		}, true},
		{"profile without passing", statement("Allow", "iam:AddRoleToInstanceProfile", "*", ""), func(c *iam.Client) error {
			return second(c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: ptr("i"), RoleName: ptr("r")}))
		}, false},
		{"profile with passing", statement("Allow", "iam:AddRoleToInstanceProfile", prefix+"instance-profile/i", "") + "," + statement("Allow", "iam:PassRole", prefix+"role/a/r", `{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`), func(c *iam.Client) error {
			return second(c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: ptr("i"), RoleName: ptr("r")}))
		}, true},
		{"a rename needs both", statement("Allow", "iam:UpdateUser", prefix+"user/target", ""), func(c *iam.Client) error {
			return second(c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: ptr("target"), NewUserName: ptr("renamed")}))
		}, false},
		{"a rename with both", statement("Allow", "iam:UpdateUser", prefix+"user/target", "") + "," + statement("Allow", "iam:UpdateUser", prefix+"user/renamed", ""), func(c *iam.Client) error {
			return second(c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: ptr("target"), NewUserName: ptr("renamed")}))
		}, true},
		{"a service's role", statement("Allow", "iam:CreateServiceLinkedRole", prefix+"role/aws-service-role/ram.amazonaws.com/*", `{"StringEquals":{"iam:AWSServiceName":"ram.amazonaws.com"}}`), func(c *iam.Client) error {
			return second(c.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: ptr("ram.amazonaws.com")}))
		}, true},
		{"policies of another account", statement("Allow", "iam:*", "*", ""), func(c *iam.Client) error {
			return second(c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: ptr("arn:aws:iam::999999999999:policy/p")}))
		}, false},
		{"policies of AWS", statement("Allow", "iam:GetPolicy", "arn:aws:iam::aws:policy/*", ""), func(c *iam.Client) error {
			return second(c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: ptr(adminARN)}))
		}, true},
	} {
		document := ""
		if c.statements != "" {
			document = `{"Version":"2012-10-17","Statement":[` + c.statements + `]}`
		}
		err := c.call(s.user("caller"+string(rune('a'+i)), document))
		var api smithy.APIError
		denied := errors.As(err, &api) && api.ErrorCode() == "AccessDenied"
		if denied == c.ok || c.ok && err != nil {
			t.Errorf("%s: %v, want allowed: %v", c.name, err, c.ok)
		}
	}
}

func second(_ any, err error) error { return err }
