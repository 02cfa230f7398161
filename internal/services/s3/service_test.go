package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// directory holds keys and policies in memory and decides with the real engine.
type directory struct {
	keys     map[string]identity.Credential
	policies map[string][]*authz.Policy // by principal ARN
}

func (d *directory) Credential(_ context.Context, id, token string) (identity.Credential, error) {
	c, ok := d.keys[id]
	switch {
	case !ok:
		return c, identity.ErrUnknownKey
	case c.SessionToken != token:
		return c, identity.ErrBadToken
	}
	return c, nil
}

func (d *directory) Authorize(_ context.Context, r authz.Request, p *authz.Policy) (authz.Decision, error) {
	return authz.Evaluate(r, authz.Policies{Identity: d.policies[r.Principal.ARN], Resource: p}), nil
}

func TestAuthorization(t *testing.T) {
	const a, b = "111122223333", "444455556666"
	all, err := authz.ParseIdentity([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	key := func(account, name string, kind authz.Kind, token string) identity.Credential {
		return identity.Credential{AccessKeyID: "AKIA" + name, SecretAccessKey: "secret" + name, SessionToken: token,
			Principal: authz.Principal{Kind: kind, Account: account, Name: name, ARN: "arn:aws:iam::" + account + ":user/" + name}}
	}
	d := &directory{keys: map[string]identity.Credential{}, policies: map[string][]*authz.Policy{}}
	for _, c := range []identity.Credential{key(a, "ann", authz.User, ""), key(a, "nobody", authz.User, ""),
		key(b, "bob", authz.User, ""), key(a, "temp", authz.User, "token")} {
		d.keys[c.AccessKeyID] = c
		if c.Principal.Name != "nobody" {
			d.policies[c.Principal.ARN] = []*authz.Policy{all}
		}
	}
	ctx := context.Background()
	began := time.Now()
	s, err := New(Config{Dir: filepath.Join(t.TempDir(), "s3"), Directory: d, Region: "us-east-1", Domains: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(began))
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	client := func(name, secret, token string) *sdk.Client {
		return sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, UsePathStyle: true, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("AKIA"+name, secret, token)})
	}
	ann := client("ann", "secretann", "")
	if _, err := ann.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: aws.String("first")}); err != nil {
		t.Fatal(err)
	}
	body := []byte("hello")
	if _, err := ann.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("first"), Key: aws.String("dir/a b"), Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
	get := func(c *sdk.Client) error {
		out, err := c.GetObject(ctx, &sdk.GetObjectInput{Bucket: aws.String("first"), Key: aws.String("dir/a b")})
		if err != nil {
			return err
		}
		got, err := io.ReadAll(out.Body)
		if err == nil && !bytes.Equal(got, body) {
			t.Errorf("got %q", got)
		}
		return err
	}
	code := func(err error) string {
		var e smithy.APIError
		if errors.As(err, &e) {
			return e.ErrorCode()
		}
		if err != nil {
			return err.Error()
		}
		return ""
	}
	f := func(name string, c *sdk.Client, want string) {
		t.Helper()
		if got := code(get(c)); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f("owner", ann, "")
	f("temporary", client("temp", "secrettemp", "token"), "")
	f("foreign token", client("temp", "secrettemp", "other"), "InvalidToken")
	f("missing token", client("temp", "secrettemp", ""), "InvalidToken")
	f("wrong secret", client("ann", "secretbob", ""), "SignatureDoesNotMatch")
	f("unknown key", client("eve", "secreteve", ""), "InvalidAccessKeyId")
	f("no policy", client("nobody", "secretnobody", ""), "AccessDenied")
	bob := client("bob", "secretbob", "")
	f("other account", bob, "AccessDenied")
	unsigned := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, UsePathStyle: true, Credentials: aws.AnonymousCredentials{}})
	f("unsigned", unsigned, "AccessDenied")
	if out, err := bob.ListBuckets(ctx, &sdk.ListBucketsInput{}); err != nil || len(out.Buckets) != 0 {
		t.Errorf("bob lists %v, %v", out, err)
	}
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::first/*"}}`
	if _, err := ann.PutBucketPolicy(ctx, &sdk.PutBucketPolicyInput{Bucket: aws.String("first"), Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	f("other account by bucket policy", bob, "")
	f("unsigned by bucket policy", unsigned, "")
	if _, err := bob.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("first"), Key: aws.String("x"), Body: bytes.NewReader(body)}); code(err) != "AccessDenied" {
		t.Errorf("bob writes: %v", err)
	}
	if out, err := ann.GetBucketNotificationConfiguration(ctx, &sdk.GetBucketNotificationConfigurationInput{Bucket: aws.String("first")}); err != nil || out == nil {
		t.Errorf("notification: %v", err)
	}
}
