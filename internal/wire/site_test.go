package wire_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/wire"
)

func TestSites(t *testing.T) {
	var got string
	h := wire.Sites(map[string]wire.Site{"execute-api": func(id string, _ http.ResponseWriter, r *http.Request) {
		got = id + " " + r.URL.EscapedPath()
	}}, "/_atelier/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got = "next" }))
	f := func(host, path, want string) {
		t.Helper()
		r := httptest.NewRequest("GET", "http://"+host+path, nil)
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("%s%s: got %q, want %q", host, path, got, want)
		}
	}
	f("abc.execute-api.us-east-1.amazonaws.com", "/prod/a%2Fb", "abc /prod/a%2Fb")
	f("abc.execute-api.localhost:4566", "/", "abc /")
	f("127.0.0.1:4566", "/_atelier/execute-api/abc/prod/a%2Fb", "abc /prod/a%2Fb")
	f("127.0.0.1:4566", "/_atelier/execute-api/abc", "abc /")
	f("127.0.0.1:4566", "/_atelier/execute-api/", "next")
	f("127.0.0.1:4566", "/_atelier/health", "next")
	f("127.0.0.1:4566", "/execute-api/abc", "next")
	f(".execute-api.localhost", "/", "next")
	f("execute-api.localhost", "/", "next")
	f("bucket.execute-api", "/", "next")
}

func TestHosts(t *testing.T) {
	got := ""
	h := wire.Hosts(func(_ context.Context, name string) wire.Site {
		if name != "api.example.com" && name != "127.0.0.1" && name != "localhost" {
			return nil
		}
		return func(id string, _ http.ResponseWriter, r *http.Request) { got = id + " " + r.URL.EscapedPath() }
	}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got = "next" }))
	f := func(want, method, host, path string, header ...string) {
		t.Helper()
		r := httptest.NewRequest(method, "http://"+host+path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("%s %s%s %v: got %q, want %q", method, host, path, header, got, want)
		}
	}
	const credential = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/SERVICE/aws4_request, SignedHeaders=host;x-amz-date, Signature=" +
		"0000000000000000000000000000000000000000000000000000000000000000"
	signed := func(service string) string { return strings.Replace(credential, "SERVICE", service, 1) }
	f("api.example.com /a%2Fb", "GET", "api.example.com:4566", "/a%2Fb")
	f("api.example.com /", "GET", "API.example.com.", "/")
	f("api.example.com /x", "GET", "api.example.com", "/x", "Authorization", "Bearer token")
	f("api.example.com /form", "POST", "api.example.com", "/form", "Content-Type", "application/x-www-form-urlencoded")
	f("api.example.com /", "POST", "api.example.com", "/", "Authorization", signed("execute-api"), "X-Amz-Date", "20260101T000000Z")
	f("next", "GET", "other.example.com", "/")
	f("next", "GET", "127.0.0.1:4566", "/")
	f("next", "GET", "localhost:4566", "/")
	f("next", "GET", "api.example.com", "/", "Authorization", signed("s3"), "X-Amz-Date", "20260101T000000Z")
	f("next", "GET", "api.example.com", "/", "Authorization", "AWS4-HMAC-SHA256 nonsense")
	f("next", "GET", "api.example.com", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0")
	f("next", "POST", "api.example.com", "/", "Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	f("next", "POST", "api.example.com", "/", "X-Amz-Target", "AWSEvents.PutEvents")
	f("next", "GET", "api.example.com", "/?Action=AssumeRoleWithWebIdentity")
}

func TestCaller(t *testing.T) {
	f := start(t)
	key := f.root
	body := []byte(`{"a":1}`)
	sign := func(service string, signed, sent []byte) *http.Request {
		r := httptest.NewRequest("POST", "http://abc.execute-api.localhost/prod/x?b=2&a=1", bytes.NewReader(sent))
		sum := sha256.Sum256(signed)
		if err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}, r,
			hex.EncodeToString(sum[:]), service, "us-east-1", f.clock.Now()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	try := func(r *http.Request, sent []byte, kind authz.Kind, message string) {
		t.Helper()
		p, err := f.chain.Caller(r, "execute-api", sent)
		if message == "" && err != nil || message != "" && (err == nil || !strings.Contains(err.Error(), message)) || p.Kind != kind {
			t.Errorf("got %v, %v", p, err)
		}
	}
	try(sign("execute-api", body, body), body, authz.Root, "")
	try(httptest.NewRequest("GET", "/", nil), nil, authz.Anonymous, "")
	try(sign("lambda", body, body), body, authz.Anonymous, "correct service")
	try(sign("execute-api", body, []byte("other")), []byte("other"), authz.Anonymous, "does not match")
	r := sign("execute-api", body, body)
	r.URL.RawQuery = "b=3"
	try(r, body, authz.Anonymous, "does not match")
	key.AccessKeyID = "AKIAIOSFODNN7EXAMPLE"
	try(sign("execute-api", body, body), body, authz.Anonymous, "invalid")
}
