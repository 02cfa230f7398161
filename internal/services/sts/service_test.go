package sts_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/sts"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const admin = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

type fixture struct {
	t       *testing.T
	d       *identity.Directory
	s       *service.Service
	clock   *clock.Manual
	account string // the management account
	other   string // a member account
	ann     identity.Credential
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.At(start)}
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if f.d, err = identity.New(st, f.clock); err != nil {
		t.Fatal(err)
	}
	_, root, err := f.d.Bootstrap(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.d.CreateAccount(t.Context(), identity.NewAccount{Name: "o", Email: "o@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	f.account, f.other = root.Principal.Account, other.ID
	f.s = service.New(service.Config{Directory: f.d, Clock: f.clock})
	f.update(func(tx *store.Tx) error {
		u := identity.User{Account: f.account, Name: "ann", Path: "/", ID: identity.NewID(identity.PrefixUser, f.account),
			Inline: map[string]string{"p": admin}, Tags: map[string]string{"team": "a"}}
		if err := f.d.Users.Insert(tx, identity.NameKey(f.account, "ann"), u); err != nil {
			return err
		}
		k, _, err := f.d.NewAccessKey(tx, f.account, "ann")
		f.ann.AccessKeyID = k.ID
		return err
	})
	f.ann = f.credential(f.ann.AccessKeyID, "")
	return f
}

func (f *fixture) update(g func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.d.Store().Update(context.Background(), g); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) credential(id, token string) identity.Credential {
	f.t.Helper()
	c, err := f.d.Credential(context.Background(), id, token)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// of is who holds the credentials that STS gave.
func (f *fixture) of(c *types.Credentials) authz.Principal {
	f.t.Helper()
	return f.credential(*c.AccessKeyId, *c.SessionToken).Principal
}

func (f *fixture) role(account, name, trust string, change func(*identity.Role)) string {
	f.t.Helper()
	r := identity.Role{Account: account, Name: name, Path: "/", ID: identity.NewID(identity.PrefixRole, account), Trust: trust}
	if change != nil {
		change(&r)
	}
	f.update(func(tx *store.Tx) error { return f.d.Roles.Insert(tx, identity.NameKey(account, name), r) })
	return r.ARN()
}

func (f *fixture) ctx(p authz.Principal) context.Context {
	return wire.WithCall(context.Background(), &wire.Call{Service: "sts", Principal: p, Time: f.clock.Now(), Region: "us-east-1"})
}

// assume does what the chain does: it asks for every target, then calls.
func (f *fixture) assume(p authz.Principal, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	f.t.Helper()
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("session")
	}
	ctx := f.ctx(p)
	targets, err := service.AssumeRoleTargets(f.s, ctx, in)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		d, err := f.d.Authorize(ctx, authz.Request{Principal: p, Action: t.Action, Resource: t.Resource, ResourceAccount: t.Account, Context: t.Context}, t.Policy)
		if err != nil {
			f.t.Fatal(err)
		}
		if d.Outcome != authz.Allowed {
			return nil, wire.Errorf(403, "AccessDenied", t.Action)
		}
	}
	return f.s.AssumeRole(ctx, in)
}

// code is the error's code, and text something that its message has to contain.
func (f *fixture) fails(what string, err error, code, text string) {
	f.t.Helper()
	got, message := "", ""
	var api smithy.APIError
	var own *wire.Error
	switch {
	case errors.As(err, &own):
		got, message = own.Code, own.Message
	case errors.As(err, &api):
		got, message = api.ErrorCode(), api.ErrorMessage()
	}
	if got != code || !strings.Contains(message, text) {
		f.t.Errorf("%s: %v, want %s with %q", what, err, code, text)
	}
}

func trustAccount(account, condition string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},
		"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]` + condition + `}}`
}

func TestAssumeRole(t *testing.T) {
	f := open(t)
	orgRole := "arn:aws:iam::" + f.other + ":role/OrganizationAccountAccessRole"
	out, err := f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &orgRole})
	if err != nil {
		t.Fatal(err)
	}
	p := f.of(out.Credentials)
	if p.ARN != "arn:aws:sts::"+f.other+":assumed-role/OrganizationAccountAccessRole/session" || *out.AssumedRoleUser.Arn != p.ARN ||
		*out.AssumedRoleUser.AssumedRoleId != p.UserID || !out.Credentials.Expiration.Equal(start.Add(time.Hour)) {
		t.Errorf("session %+v, answer %+v", p, out)
	}
	who, err := f.s.GetCallerIdentity(f.ctx(p), nil)
	if err != nil || *who.Account != f.other || *who.Arn != p.ARN || *who.UserId != p.UserID {
		t.Errorf("GetCallerIdentity = %+v, %v", who, err)
	}

	id := f.role(f.other, "Ext", trustAccount(f.account, `,"Condition":{"StringEquals":{"sts:ExternalId":"e"}}`), func(r *identity.Role) { r.MaxSession = 7200 })
	_, err = f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &id})
	f.fails("without external id", err, "AccessDenied", "")
	_, err = f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &id, ExternalId: aws.String("x")})
	f.fails("wrong external id", err, "AccessDenied", "")
	out, err = f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &id, ExternalId: aws.String("e"), DurationSeconds: aws.Int32(7200)})
	if err != nil || !out.Credentials.Expiration.Equal(start.Add(2*time.Hour)) {
		t.Fatalf("with external id: %+v, %v", out, err)
	}

	_, err = f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: aws.String(orgRole + "X")})
	f.fails("no such role", err, "AccessDenied", "sts:AssumeRole on resource")
	_, err = f.assume(identity.RootPrincipal(f.account), &sts.AssumeRoleInput{RoleArn: &orgRole})
	f.fails("root", err, "AccessDenied", "root accounts")
	_, err = f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: aws.String("nonsense-that-is-long")})
	f.fails("not an ARN", err, "ValidationError", "invalid")
	for seconds, text := range map[int32]string{899: "900", 3601: "MaxSessionDuration"} {
		_, err = f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &orgRole, DurationSeconds: &seconds})
		f.fails("duration", err, "ValidationError", text)
	}
}

func TestServiceAssumesRole(t *testing.T) {
	f := open(t)
	id := f.role(f.other, "Fn", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`, nil)
	for name, want := range map[string]bool{"lambda.amazonaws.com": true, "glue.amazonaws.com": false} {
		c, err := f.d.Issue(authz.Principal{Kind: authz.Service, Name: name}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.assume(f.credential(c.AccessKeyID, c.SessionToken).Principal, &sts.AssumeRoleInput{RoleArn: &id})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSessionPolicies(t *testing.T) {
	f := open(t)
	id := f.role(f.account, "R", trustAccount(f.account, ""), func(r *identity.Role) { r.Inline = map[string]string{"p": admin} })
	out, err := f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &id,
		Policy:     aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}`),
		PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")}}})
	if err != nil || out.SessionTokenUtilization == nil || *out.SessionTokenUtilization < 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	p := f.of(out.Credentials)
	for action, want := range map[string]authz.Outcome{"s3:GetObject": authz.Allowed, "s3:PutObject": authz.ImplicitDeny,
		"sqs:SendMessage": authz.Allowed, "sns:Publish": authz.ImplicitDeny} {
		d, err := f.d.Authorize(t.Context(), authz.Request{Principal: p, Action: action, Resource: "*"}, nil)
		if err != nil || d.Outcome != want {
			t.Errorf("%s: %s, %v; want %s", action, d.Outcome, err, want)
		}
	}
	for what, c := range map[string]struct {
		in         sts.AssumeRoleInput
		code, text string
	}{
		"malformed":   {sts.AssumeRoleInput{Policy: aws.String("{")}, "MalformedPolicyDocument", ""},
		"long":        {sts.AssumeRoleInput{Policy: aws.String(strings.Repeat(" ", 2049))}, "PackedPolicyTooLarge", ""},
		"missing":     {sts.AssumeRoleInput{PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/Nope")}}}, "ValidationError", "does not exist"},
		"same tag":    {sts.AssumeRoleInput{Tags: []types.Tag{tag("a", "1"), tag("A", "2")}}, "InvalidParameterValue", "Duplicate"},
		"reserved":    {sts.AssumeRoleInput{Tags: []types.Tag{tag("aws:x", "1")}}, "InvalidParameterValue", "reserved"},
		"transitive":  {sts.AssumeRoleInput{TransitiveTagKeys: []string{"a"}}, "InvalidParameterValue", "must be included"},
		"multifactor": {sts.AssumeRoleInput{SerialNumber: aws.String("arn:aws:iam::1:mfa/x"), TokenCode: aws.String("123456")}, "AccessDenied", "MultiFactor"},
	} {
		c.in.RoleArn = &id
		_, err := f.assume(f.ann.Principal, &c.in)
		f.fails(what, err, c.code, c.text)
	}
}

func tag(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }

func TestChaining(t *testing.T) {
	f := open(t)
	allow := func(r *identity.Role) {
		r.Inline, r.MaxSession, r.Tags = map[string]string{"p": admin}, 43200, map[string]string{"team": "role", "x": "y"}
	}
	first, second := f.role(f.account, "A", trustAccount(f.account, ""), allow), f.role(f.other, "B", trustAccount(f.account, ""), allow)
	out, err := f.assume(f.ann.Principal, &sts.AssumeRoleInput{RoleArn: &first, SourceIdentity: aws.String("annie"),
		Tags: []types.Tag{tag("Team", "t"), tag("own", "o")}, TransitiveTagKeys: []string{"Team"}})
	if err != nil || aws.ToString(out.SourceIdentity) != "annie" {
		t.Fatal(out, err)
	}
	a := f.of(out.Credentials)
	if a.Tags["Team"] != "t" || a.Tags["own"] != "o" || a.Tags["x"] != "y" || a.Tags["team"] != "" {
		t.Errorf("tags of the first session %v", a.Tags)
	}
	_, err = f.assume(a, &sts.AssumeRoleInput{RoleArn: &second, DurationSeconds: aws.Int32(3601)})
	f.fails("a long chained session", err, "ValidationError", "1 hour")
	_, err = f.assume(a, &sts.AssumeRoleInput{RoleArn: &second, Tags: []types.Tag{tag("team", "z")}})
	f.fails("a transitive tag set again", err, "InvalidParameterValue", "conflicts")
	_, err = f.assume(a, &sts.AssumeRoleInput{RoleArn: &second, SourceIdentity: aws.String("bob")})
	f.fails("another source identity", err, "AccessDenied", "source identity")
	if out, err = f.assume(a, &sts.AssumeRoleInput{RoleArn: &second}); err != nil {
		t.Fatal(err)
	}
	b := f.of(out.Credentials)
	if b.Tags["Team"] != "t" || b.Tags["own"] != "" || b.Context["aws:SourceIdentity"][0] != "annie" {
		t.Errorf("second session: tags %v, context %v", b.Tags, b.Context)
	}
}

func TestTokens(t *testing.T) {
	f := open(t)
	out, err := f.s.GetSessionToken(f.ctx(f.ann.Principal), &sts.GetSessionTokenInput{})
	if err != nil || !out.Credentials.Expiration.Equal(start.Add(12*time.Hour)) {
		t.Fatal(out, err)
	}
	p := f.of(out.Credentials)
	if p.Kind != authz.User || p.ARN != f.ann.Principal.ARN || p.Tags["team"] != "a" {
		t.Errorf("principal %+v", p)
	}
	_, err = f.s.GetSessionToken(f.ctx(p), &sts.GetSessionTokenInput{})
	f.fails("with a session", err, "AccessDenied", "session credentials")
	root := identity.RootPrincipal(f.account)
	if out, err = f.s.GetSessionToken(f.ctx(root), &sts.GetSessionTokenInput{}); err != nil || !out.Credentials.Expiration.Equal(start.Add(time.Hour)) {
		t.Errorf("root's token: %+v, %v", out, err)
	}

	for what, c := range map[string]struct {
		caller authz.Principal
		policy *string
		want   authz.Outcome
	}{
		"ann's, allowed":  {f.ann.Principal, aws.String(admin), authz.Allowed},
		"ann's, nothing":  {f.ann.Principal, nil, authz.ImplicitDeny},
		"root's, allowed": {root, aws.String(admin), authz.Allowed},
	} {
		fed, err := f.s.GetFederationToken(f.ctx(c.caller), &sts.GetFederationTokenInput{Name: aws.String("fred"), Policy: c.policy})
		if err != nil {
			t.Fatal(err)
		}
		p := f.of(fed.Credentials)
		if p.ARN != "arn:aws:sts::"+f.account+":federated-user/fred" || *fed.FederatedUser.FederatedUserId != f.account+":fred" {
			t.Errorf("%s: %+v", what, p)
		}
		d, err := f.d.Authorize(t.Context(), authz.Request{Principal: p, Action: "s3:GetObject", Resource: "*"}, nil)
		if err != nil || d.Outcome != c.want {
			t.Errorf("%s: %s, %v; want %s", what, d.Outcome, err, c.want)
		}
	}

	info, err := f.s.GetAccessKeyInfo(f.ctx(p), &sts.GetAccessKeyInfoInput{AccessKeyId: out.Credentials.AccessKeyId})
	if err != nil || *info.Account != f.account {
		t.Errorf("GetAccessKeyInfo = %+v, %v", info, err)
	}
	_, err = f.s.GetAccessKeyInfo(f.ctx(p), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("not-a-key-id-at-all")})
	f.fails("no key", err, "ValidationError", "")
}
