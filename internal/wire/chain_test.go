package wire_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdkcloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	sdkorganizations "github.com/aws/aws-sdk-go-v2/service/organizations"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudtrail"
	"github.com/atelier-studio/atelier/internal/services/organizations"
	"github.com/atelier-studio/atelier/internal/services/sts"
	"github.com/atelier-studio/atelier/internal/wire"
)

type server struct {
	url   string
	chain *wire.Chain
	dir   *identity.Directory
	root  identity.Credential
	clock *clock.Manual
	trail *cloudtrail.Service
}

func start(t testing.TB) *server {
	t.Helper()
	ctx := context.Background()
	c := clock.At(time.Now().UTC().Truncate(time.Second))
	st, err := store.Open(ctx, store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := identity.New(st, c)
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := dir.Bootstrap(ctx, "", "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	trail := cloudtrail.New(cloudtrail.Config{Store: st, Clock: c, Logger: log})
	chain, err := wire.New(wire.Config{
		Services: []wire.Service{sts.New(sts.Config{Directory: dir, Clock: c}),
			organizations.New(organizations.Config{Directory: dir, Clock: c}), trail},
		S3: http.NotFoundHandler(), Directory: dir, Recorder: trail, Clock: c, Logger: log, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Check(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(chain)
	t.Cleanup(func() { srv.Close(); _ = st.Close() })
	return &server{srv.URL, chain, dir, root, c, trail}
}

func (s *server) config(c identity.Credential) aws.Config {
	return aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(s.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)}
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// user makes a user with one inline policy and a key.
func (s *server) user(t testing.TB, name, policy string) identity.Credential {
	t.Helper()
	account := s.root.Principal.Account
	var out identity.Credential
	err := s.dir.Store().Update(t.Context(), func(tx *store.Tx) error {
		u := identity.User{Account: account, Name: name, Path: "/", ID: identity.NewID(identity.PrefixUser, account), Created: s.clock.Now()}
		if policy != "" {
			u.Inline = map[string]string{"inline": policy}
		}
		if err := s.dir.Users.Insert(tx, identity.NameKey(account, name), u); err != nil {
			return err
		}
		k, secret, err := s.dir.NewAccessKey(tx, account, name)
		out = identity.Credential{AccessKeyID: k.ID, SecretAccessKey: secret}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestClients(t *testing.T) {
	s, ctx := start(t), t.Context()
	cfg := s.config(s.root)
	who, err := sdksts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sdksts.GetCallerIdentityInput{})
	if err != nil || !strings.HasSuffix(*who.Arn, ":root") {
		t.Fatalf("%v %v", who, err)
	}
	org := sdkorganizations.NewFromConfig(cfg)
	if _, err := org.DescribeOrganization(ctx, &sdkorganizations.DescribeOrganizationInput{}); code(err) != "AWSOrganizationsNotInUseException" {
		t.Errorf("got %v", err)
	}
	if _, err := org.CreateOrganization(ctx, &sdkorganizations.CreateOrganizationInput{}); err != nil {
		t.Fatal(err)
	}
	trail := sdkcloudtrail.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: cfg.BaseEndpoint, Credentials: cfg.Credentials})
	found, err := trail.LookupEvents(ctx, &sdkcloudtrail.LookupEventsInput{})
	if err != nil || len(found.Events) != 1 || *found.Events[0].EventName != "CreateOrganization" {
		t.Fatalf("%+v %v", found, err)
	}
	if _, err := org.ListHandshakesForAccount(ctx, &sdkorganizations.ListHandshakesForAccountInput{}); code(err) != "NotImplementedException" ||
		!strings.Contains(err.Error(), "organizations:ListHandshakesForAccount") {
		t.Errorf("got %v", err)
	} else {
		var status interface{ HTTPStatusCode() int }
		if !errors.As(err, &status) || status.HTTPStatusCode() != 501 {
			t.Errorf("got %v", err)
		}
	}
}

func TestAuthorization(t *testing.T) {
	s, ctx := start(t), t.Context()
	if _, err := s.dir.CreateAccount(ctx, identity.NewAccount{Name: "member", Email: "m@example.com"}); err != nil {
		t.Fatal(err)
	}
	none := s.config(s.user(t, "none", ""))
	_, err := sdkorganizations.NewFromConfig(none).ListAccounts(ctx, &sdkorganizations.ListAccountsInput{})
	want := "User: arn:aws:iam::" + s.root.Principal.Account + ":user/none is not authorized to perform: organizations:ListAccounts because no identity-based policy allows the organizations:ListAccounts action"
	if code(err) != "AccessDeniedException" || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	if _, err := sdksts.NewFromConfig(none).GetCallerIdentity(ctx, &sdksts.GetCallerIdentityInput{}); err != nil {
		t.Errorf("GetCallerIdentity needs no permission: %v", err)
	}
	regional := s.config(s.user(t, "regional", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"organizations:*","Resource":"*",
		"Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"},"IpAddress":{"aws:SourceIp":"127.0.0.0/8"},"Bool":{"aws:SecureTransport":"false"}}}}`))
	regional.Region = "us-east-1"
	if _, err := sdkorganizations.NewFromConfig(regional).ListAccounts(ctx, &sdkorganizations.ListAccountsInput{}); err != nil {
		t.Error(err)
	}
}

// form signs a call of the query protocol by hand.
func form(t testing.TB, s *server, c identity.Credential, service string, at time.Time, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cred := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	if err := v4.NewSigner().SignHTTP(t.Context(), cred, r, sha(body), service, "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

const whoami = "Action=GetCallerIdentity&Version=2011-06-15"

func TestRefusals(t *testing.T) {
	s := start(t)
	now := s.clock.Now()
	for name, c := range map[string]struct {
		alter  func(r *http.Request)
		make   func() *http.Request
		code   string
		status int
	}{
		"good":            {status: 200},
		"unsigned":        {alter: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationToken", status: 403},
		"half a header":   {alter: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256") }, code: "IncompleteSignature", status: 400},
		"altered body":    {alter: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(whoami + "&")); r.ContentLength++ }, code: "SignatureDoesNotMatch", status: 403},
		"altered header":  {alter: func(r *http.Request) { r.Header.Set("X-Amz-Date", now.Add(time.Second).Format("20060102T150405Z")) }, code: "SignatureDoesNotMatch", status: 403},
		"stale":           {make: func() *http.Request { return form(t, s, s.root, "sts", now.Add(-16*time.Minute), whoami) }, code: "SignatureDoesNotMatch", status: 403},
		"future":          {make: func() *http.Request { return form(t, s, s.root, "sts", now.Add(16*time.Minute), whoami) }, code: "SignatureDoesNotMatch", status: 403},
		"other service":   {make: func() *http.Request { return form(t, s, s.root, "iam", now, whoami) }, code: "SignatureDoesNotMatch", status: 403},
		"unknown service": {make: func() *http.Request { return form(t, s, s.root, "ec2", now, "Action=RunInstances&Version=2016-11-15") }, code: "NotImplemented", status: 501},
		"unknown action":  {make: func() *http.Request { return form(t, s, s.root, "sts", now, "Action=Nothing&Version=2011-06-15") }, code: "InvalidAction", status: 400},
		"no action":       {make: func() *http.Request { return form(t, s, s.root, "sts", now, "") }, code: "MissingAction", status: 400},
		"unknown key": {make: func() *http.Request {
			return form(t, s, identity.Credential{AccessKeyID: "AKIANOBODY", SecretAccessKey: "x"}, "sts", now, whoami)
		}, code: "InvalidClientTokenId", status: 403},
		"wrong secret": {make: func() *http.Request {
			return form(t, s, identity.Credential{AccessKeyID: s.root.AccessKeyID, SecretAccessKey: "x"}, "sts", now, whoami)
		}, code: "SignatureDoesNotMatch", status: 403},
		"foreign token": {make: func() *http.Request {
			c := s.root
			c.SessionToken = "foreign"
			return form(t, s, c, "sts", now, whoami)
		}, code: "InvalidClientTokenId", status: 403},
		"too large": {make: func() *http.Request { return form(t, s, s.root, "sts", now, whoami+"&x="+strings.Repeat("x", 9<<20)) }, code: "RequestEntityTooLarge", status: 413},
		"too large of all": {make: func() *http.Request {
			r := form(t, s, s.root, "sts", now, strings.Repeat("x", 300<<10))
			r.Header.Del("Authorization")
			return r
		}, code: "RequestEntityTooLarge", status: 413},
		"bad member": {make: func() *http.Request {
			return form(t, s, s.root, "sts", now, "Action=AssumeRole&Version=2011-06-15&RoleArn=x")
		}, code: "ValidationError", status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := form(t, s, s.root, "sts", now, whoami)
			if c.make != nil {
				r = c.make()
			}
			if c.alter != nil {
				c.alter(r)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || c.code != "" && !strings.Contains(string(b), "<Code>"+c.code+"</Code>") {
				t.Errorf("%d %s", resp.StatusCode, b)
			}
			if id := resp.Header.Get("X-Amzn-Requestid"); id == "" || c.code != "" && !strings.Contains(string(b), id) {
				t.Errorf("request id %q", id)
			}
		})
	}
}

func TestPresigned(t *testing.T) {
	s := start(t)
	r, err := http.NewRequest(http.MethodGet, s.url+"/?"+whoami+"&X-Amz-Expires=60", nil)
	if err != nil {
		t.Fatal(err)
	}
	cred := aws.Credentials{AccessKeyID: s.root.AccessKeyID, SecretAccessKey: s.root.SecretAccessKey}
	uri, _, err := v4.NewSigner().PresignHTTP(t.Context(), cred, r, sha(""), "sts", "us-east-1", s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	get := func(uri string) int {
		resp, err := http.Get(uri)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := get(uri); got != 200 {
		t.Errorf("fresh: %d", got)
	}
	if got := get(strings.Replace(uri, "GetCallerIdentity", "GetSessionToken", 1)); got != 403 {
		t.Errorf("for another action: %d", got)
	}
	if got := get(strings.Replace(uri, "Expires=60", "Expires=600", 1)); got != 403 {
		t.Errorf("longer: %d", got)
	}
	s.clock.Advance(61 * time.Second)
	if got := get(uri); got != 403 {
		t.Errorf("expired: %d", got)
	}
}

func TestInProcess(t *testing.T) {
	s := start(t)
	k := s.user(t, "inside", "")
	c, err := s.dir.Credential(t.Context(), k.AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.chain.AWSConfig(c.Principal, "eu-central-1")
	who, err := sdksts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sdksts.GetCallerIdentityInput{})
	if err != nil || *who.Arn != c.Principal.ARN {
		t.Fatalf("%+v %v", who, err)
	}
	if _, err := sdkorganizations.NewFromConfig(cfg).ListRoots(t.Context(), &sdkorganizations.ListRootsInput{}); code(err) != "AccessDeniedException" {
		t.Errorf("got %v", err)
	}
}

func BenchmarkGetCallerIdentity(b *testing.B) {
	s := start(b)
	body := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}.Encode()
	signed := form(b, s, s.root, "sts", s.clock.Now(), body)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Host, r.Header = signed.URL.Host, signed.Header
		w := httptest.NewRecorder()
		s.chain.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body.String())
		}
	}
}
