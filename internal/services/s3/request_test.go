package s3

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestRequests(t *testing.T) {
	const account = "111122223333"
	some, err := authz.ParseIdentity([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::first/secret/*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	who := authz.Principal{Kind: authz.User, Account: account, Name: "ann", ARN: "arn:aws:iam::" + account + ":user/ann"}
	d := &directory{policies: map[string][]*authz.Policy{who.ARN: {some}}, keys: map[string]identity.Credential{
		"AKIAann": {AccessKeyID: "AKIAann", SecretAccessKey: "secret", Principal: who}}}
	var records recorder
	s, err := New(Config{Dir: filepath.Join(t.TempDir(), "s3"), Directory: d, Domains: []string{"localhost"},
		Recorder: &records})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx := context.Background()
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	endpoint := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	// Every name of the domain is this machine.
	here := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}}}
	client := func(pathStyle bool) *sdk.Client {
		return sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &endpoint, UsePathStyle: pathStyle, RetryMaxAttempts: 1, HTTPClient: here,
			Credentials: credentials.NewStaticCredentialsProvider("AKIAann", "secret", "")})
	}
	bucket, path := aws.String("first"), client(true)
	if _, err := path.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	put := func(c *sdk.Client, key string) error {
		_, err := c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader([]byte("x"))})
		return err
	}
	for _, key := range []string{"plain", "a b/ü+%41", strings.Repeat("k", 200)} {
		if err := put(path, key); err != nil {
			t.Errorf("put %q: %v", key, err)
		}
	}
	for _, key := range []string{"secret/a", "secret//a", "open/../secret/a", "../x", "../../x", "a\x00b"} {
		if put(path, key) == nil {
			t.Errorf("put %q was taken", key)
		}
	}
	virtual := client(false)
	if err := put(virtual, "by host/ü"); err != nil {
		t.Errorf("virtual host: %v", err)
	}
	out, err := path.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("plain")}, {Key: aws.String("secret/a")}}}})
	if err != nil || len(out.Deleted) != 1 || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("delete objects: %+v, %v", out, err)
	}
	if _, err := path.CopyObject(ctx, &sdk.CopyObjectInput{Bucket: bucket, Key: aws.String("stolen"),
		CopySource: aws.String("first/secret/a")}); err == nil {
		t.Error("copied what may not be read")
	}
	signed, err := sdk.NewPresignClient(path).PresignGetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("by host/ü")},
		sdk.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	f := func(url string, want int) {
		t.Helper()
		r, err := here.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: got %d, want %d", url, r.StatusCode, want)
		}
	}
	f(signed.URL, 200)
	f(strings.Replace(signed.URL, "X-Amz-Expires=60", "X-Amz-Expires=61", 1), 403)
	f(strings.Replace(signed.URL, "/first/", "/first/x", 1), 403)
	if len(records) != 1 || records[0].Operation != "CreateBucket" || records[0].Service != "s3" || records[0].ErrorCode != "" ||
		records[0].Resources[0].ARN != "arn:aws:s3:::first" {
		t.Errorf("recorded %+v", records)
	}
	if _, err := path.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: bucket}); err == nil {
		t.Error("made a bucket twice")
	}
	if len(records) != 2 || records[1].ErrorCode == "" || records[1].ErrorMessage == "" {
		t.Errorf("recorded %+v", records)
	}
}

// recorder keeps records for a test to look at.
type recorder []audit.Record

func (r *recorder) Record(_ context.Context, a audit.Record) error { *r = append(*r, a); return nil }
