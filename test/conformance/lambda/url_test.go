package lambda_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// get makes a request, signed for Lambda when somebody is given.
func (f *fixture) get(method, url, body string, as *harness.Caller, headers ...string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.ctx, method, url, strings.NewReader(body))
	f.ok(err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if as != nil {
		sum := sha256.Sum256([]byte(body))
		f.ok(v4.NewSigner().SignHTTP(f.ctx, aws.Credentials{AccessKeyID: as.Key, SecretAccessKey: as.Secret}, r, hex.EncodeToString(sum[:]), "lambda", harness.Region, time.Now()))
	}
	out, err := http.DefaultClient.Do(r)
	f.ok(err)
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	f.ok(err)
	return out, string(b)
}

// TestURL visits a function by its URL.
func TestURL(t *testing.T) {
	f := open(t)
	name := aws.String("web")
	f.create("web", program("web"))
	made, err := f.CreateFunctionUrlConfig(f.ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: types.FunctionUrlAuthTypeNone,
		Cors: &types.Cors{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"x-a"}, MaxAge: aws.Int32(60)}})
	f.ok(err)
	_, err = f.CreateFunctionUrlConfig(f.ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: types.FunctionUrlAuthTypeNone})
	f.fails(err, "ResourceConflictException", "FunctionUrlConfig exists")
	url := *made.FunctionUrl
	if r, body := f.get("GET", url, "", nil); r.StatusCode != 403 || !strings.Contains(body, "Forbidden") {
		t.Errorf("without a permission: %d %s", r.StatusCode, body)
	}
	_, err = f.AddPermission(f.ctx, &lambda.AddPermissionInput{FunctionName: name, StatementId: aws.String("url"), Action: aws.String("lambda:InvokeFunctionUrl"),
		Principal: aws.String("*"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone})
	f.ok(err)
	r, body := f.get("POST", url+"a%20b/c?x=1&x=2&y=ä", `{"k":1}`, nil, "Content-Type", "application/json", "Cookie", "k=v; l=w", "X-A", "z", "Origin", "https://app.example")
	var e events.LambdaFunctionURLRequest
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%d %s: %v", r.StatusCode, body, err)
	}
	if r.StatusCode != 201 || r.Header.Get("X-Own") != "1" || r.Header.Get("Content-Type") != "application/x-asked" || len(r.Header.Values("Set-Cookie")) != 2 ||
		r.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Errorf("answer %d %v", r.StatusCode, r.Header)
	}
	if e.Version != "2.0" || e.RawPath != "/a%20b/c" || !strings.HasPrefix(e.RawQueryString, "x=1&x=2") || e.QueryStringParameters["x"] != "1,2" || e.Body != `{"k":1}` ||
		e.IsBase64Encoded || len(e.Cookies) != 2 || e.Headers["x-a"] != "z" || e.RequestContext.HTTP.Method != "POST" || e.RequestContext.HTTP.SourceIP != "127.0.0.1" ||
		e.RequestContext.AccountID != "anonymous" || e.RequestContext.RequestID == "" || e.RequestContext.HTTP.Path != "/a b/c" {
		t.Errorf("event %s", body)
	}
	_, body = f.get("PUT", url, "\xff\x00", nil, "Content-Type", "application/octet-stream")
	if err := json.Unmarshal([]byte(body), &e); err != nil || !e.IsBase64Encoded || e.Body != base64.StdEncoding.EncodeToString([]byte("\xff\x00")) {
		t.Errorf("binary: %s", body)
	}
	if r, body := f.get("GET", url+"plain", "", nil); r.StatusCode != 200 || body != `{"plain":"yes"}` || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("plain: %d %s", r.StatusCode, body)
	}
	if r, body := f.get("GET", url+"fail", "", nil); r.StatusCode != 502 || strings.Contains(body, "purpose") {
		t.Errorf("failure: %d %s", r.StatusCode, body)
	}
	if r, _ := f.get("POST", url, strings.Repeat("x", 6291457), nil); r.StatusCode != 413 {
		t.Errorf("too large: %d", r.StatusCode)
	}
	r, body = f.get("OPTIONS", url, "", nil, "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
	if r.StatusCode != 200 || body != "" || r.Header.Get("Access-Control-Allow-Methods") != "GET" || r.Header.Get("Access-Control-Max-Age") != "60" {
		t.Errorf("preflight: %d %s %v", r.StatusCode, body, r.Header)
	}
	if r, _ := f.get("OPTIONS", url, "", nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "GET"); r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another origin: %v", r.Header)
	}

	_, err = f.UpdateFunctionUrlConfig(f.ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: name, AuthType: types.FunctionUrlAuthTypeAwsIam})
	f.ok(err)
	if r, _ := f.get("GET", url, "", nil); r.StatusCode != 403 {
		t.Errorf("unsigned: %d", r.StatusCode)
	}
	guest, err := f.server.User(f.ctx, f.admin, "guest", "")
	f.ok(err)
	if r, _ := f.get("GET", url, "", &guest); r.StatusCode != 403 {
		t.Errorf("a guest: %d", r.StatusCode)
	}
	r, body = f.get("POST", url+"x?b=2&a=1", "signed", &f.admin)
	if err := json.Unmarshal([]byte(body), &e); err != nil || r.StatusCode != 201 || e.RequestContext.Authorizer == nil || e.RequestContext.Authorizer.IAM.UserARN != f.admin.ARN ||
		e.RequestContext.AccountID != f.admin.Account {
		t.Errorf("signed: %d %s", r.StatusCode, body)
	}
	// The same by a host of its own.
	id := strings.Split(strings.TrimSuffix(url, "/"), "/")
	in, err := http.NewRequestWithContext(f.ctx, "GET", f.server.URL+"/host", nil)
	f.ok(err)
	in.Host = id[len(id)-1] + ".lambda-url.us-east-1.on.aws"
	sum := sha256.Sum256(nil)
	f.ok(v4.NewSigner().SignHTTP(f.ctx, aws.Credentials{AccessKeyID: f.admin.Key, SecretAccessKey: f.admin.Secret}, in, hex.EncodeToString(sum[:]), "lambda", harness.Region, time.Now()))
	out, err := http.DefaultClient.Do(in)
	f.ok(err)
	out.Body.Close()
	if out.StatusCode != 201 {
		t.Errorf("by host: %d", out.StatusCode)
	}
	_, err = f.DeleteFunctionUrlConfig(f.ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: name})
	f.ok(err)
	if r, _ := f.get("GET", url, "", &f.admin); r.StatusCode != 403 {
		t.Errorf("a URL that is gone: %d", r.StatusCode)
	}
}

// TestStream reads an answer while it is made.
func TestStream(t *testing.T) {
	f := open(t)
	f.create("stream", program("web"), func(in *lambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"STREAM": "yes"}}
	})
	made, err := f.CreateFunctionUrlConfig(f.ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("stream"), AuthType: types.FunctionUrlAuthTypeNone,
		InvokeMode: types.InvokeModeResponseStream})
	f.ok(err)
	_, err = f.AddPermission(f.ctx, &lambda.AddPermissionInput{FunctionName: aws.String("stream"), StatementId: aws.String("url"), Action: aws.String("lambda:InvokeFunctionUrl"),
		Principal: aws.String("*"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone})
	f.ok(err)
	f.get("GET", *made.FunctionUrl, "", nil) // warm
	r, err := http.Get(*made.FunctionUrl)
	f.ok(err)
	defer r.Body.Close()
	if r.StatusCode != 202 || r.Header.Get("X-Own") != "2" || r.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("answer %d %v", r.StatusCode, r.Header)
	}
	b := make([]byte, 100)
	n, err := r.Body.Read(b)
	f.ok(err)
	first := time.Now()
	if string(b[:n]) != "first\n" {
		t.Errorf("first %q", b[:n])
	}
	rest, err := io.ReadAll(r.Body)
	f.ok(err)
	if string(rest) != "last\n" || time.Since(first) < 300*time.Millisecond {
		t.Errorf("rest %q after %v", rest, time.Since(first))
	}

	out, err := f.InvokeWithResponseStream(f.ctx, &lambda.InvokeWithResponseStreamInput{FunctionName: aws.String("stream"), Payload: []byte(`{"rawPath":"/"}`), LogType: types.LogTypeTail})
	f.ok(err)
	stream := out.GetStream()
	defer stream.Close()
	var whole bytes.Buffer
	chunks, ended := 0, false
	for e := range stream.Events() {
		switch e := e.(type) {
		case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
			whole.Write(e.Value.Payload)
			chunks++
		case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
			ended = e.Value.ErrorCode == nil && e.Value.LogResult != nil
		}
	}
	if !strings.HasSuffix(whole.String(), "first\nlast\n") || chunks < 2 || !ended || *out.ExecutedVersion != "$LATEST" {
		t.Errorf("stream %q in %d chunks, ended %v", whole.String(), chunks, ended)
	}
}
