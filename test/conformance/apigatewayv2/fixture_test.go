// Package apigatewayv2_test drives HTTP APIs with the Go SDK and boto3, with functions that really run behind them.
package apigatewayv2_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// fixture is a server with a function and an API that has a $default stage.
type fixture struct {
	*apigatewayv2.Client
	t        *testing.T
	ctx      context.Context
	server   *harness.Server
	admin    harness.Caller
	lambda   *lambda.Client
	function string // ARN
	api      string
	url      string // of the API
}

func must[T any](v T, err error) func(*fixture) T {
	return func(f *fixture) T {
		f.t.Helper()
		f.ok(err)
		return v
	}
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%v\n%s", err, f.server.Log())
	}
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), server: harness.StartWith(t, harness.Options{Args: []string{"--deliver-to-loopback", "true"}})}
	f.admin = harness.Must(f.server.Admin(f.ctx))(t)
	f.Client, f.lambda = apigatewayv2.NewFromConfig(f.admin.Config()), lambda.NewFromConfig(f.admin.Config())
	role := must(f.admin.IAM().CreateRole(f.ctx, &iam.CreateRoleInput{RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}))(f)
	f.function = *must(f.lambda.CreateFunction(f.ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("web"), Role: role.Role.Arn,
		Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Timeout: aws.Int32(10), Code: &lambdatypes.FunctionCode{ZipFile: built(t)}}))(f).FunctionArn
	f.ok(lambda.NewFunctionActiveV2Waiter(f.lambda, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	}).
		Wait(f.ctx, &lambda.GetFunctionInput{FunctionName: &f.function}, time.Minute))
	a := must(f.CreateApi(f.ctx, &apigatewayv2.CreateApiInput{Name: aws.String("api"), ProtocolType: types.ProtocolTypeHttp,
		CorsConfiguration: &types.Cors{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}}}))(f)
	f.api, f.url = *a.ApiId, *a.ApiEndpoint
	must(f.CreateStage(f.ctx, &apigatewayv2.CreateStageInput{ApiId: &f.api, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)}))(f)
	return f
}

// built is the function's archive.
func built(t *testing.T) []byte {
	t.Helper()
	at := filepath.Join(t.TempDir(), "bootstrap")
	c := exec.Command("go", "build", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", at, "./functions/web")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(at)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, failed := z.CreateHeader(h)
	if err = errors.Join(err, failed); err == nil {
		_, err = w.Write(b)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// permit lets the API call the function.
func (f *fixture) permit(id, below string) {
	f.t.Helper()
	must(f.lambda.AddPermission(f.ctx, &lambda.AddPermissionInput{FunctionName: &f.function, StatementId: &id, Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("apigateway.amazonaws.com"), SourceArn: aws.String("arn:aws:execute-api:" + harness.Region + ":" + f.admin.Account + ":" + f.api + below)}))(f)
}

func (f *fixture) integrate(version string) string {
	f.t.Helper()
	return "integrations/" + *must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &f.api, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationUri: &f.function, PayloadFormatVersion: &version}))(f).IntegrationId
}

func (f *fixture) route(key, target string, change ...func(*apigatewayv2.CreateRouteInput)) {
	f.t.Helper()
	in := &apigatewayv2.CreateRouteInput{ApiId: &f.api, RouteKey: &key, Target: &target}
	for _, c := range change {
		c(in)
	}
	must(f.CreateRoute(f.ctx, in))(f)
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (f *fixture) request(method, path, body string, headers ...string) *http.Request {
	f.t.Helper()
	r := must(http.NewRequestWithContext(f.ctx, method, f.url+path, strings.NewReader(body)))(f)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func (f *fixture) send(r *http.Request) answer {
	f.t.Helper()
	a := must(http.DefaultClient.Do(r))(f)
	defer a.Body.Close()
	return answer{a.StatusCode, a.Header, string(must(io.ReadAll(a.Body))(f))}
}

func (f *fixture) get(method, path, body string, headers ...string) answer {
	f.t.Helper()
	return f.send(f.request(method, path, body, headers...))
}

// want compares an answer's status, and part of its body.
func (f *fixture) want(a answer, status int, part string) answer {
	f.t.Helper()
	if a.status != status || !strings.Contains(a.body, part) {
		f.t.Errorf("got %d %s, want %d with %s\n%s", a.status, a.body, status, part, f.server.Log())
	}
	return a
}

// told is what the function tells in format 2.0.
type told struct {
	Route             string
	Parameters, Query map[string]string
	Cookies           []string
	Body              string
	Encoded           bool
	Authorizer        struct {
		JWT    *struct{ Claims map[string]string }
		Lambda map[string]any
		IAM    *struct{ UserARN string }
	}
}

func (f *fixture) read(a answer) (out told) {
	f.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != 200 {
		f.t.Fatalf("got %d %s: %v\n%s", a.status, a.body, err, f.server.Log())
	}
	return out
}

// soon waits until something is so.
func (f *fixture) soon(what string, so func() bool) {
	f.t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s: never\n%s", what, f.server.Log())
		}
	}
}
