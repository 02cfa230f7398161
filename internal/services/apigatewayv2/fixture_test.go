package apigatewayv2_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/apigatewayv2"
	"github.com/atelier-studio/atelier/internal/services/iam"
	queues "github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// fixture is HTTP APIs behind the whole chain. Functions and CloudWatch Logs are played by the fixture, at the transport of the
// clients that the service calls them with.
type fixture struct {
	*apigatewayv2.Client
	t       testing.TB
	ctx     context.Context
	url     string
	root    identity.Credential
	config  aws.Config
	sqs     *sqs.Client
	iam     *awsiam.Client
	lines   *loglines.Shipper
	service *service.Service
	dir     string
	close   func()

	mu       sync.Mutex
	function func(name string, event []byte) (answer string, failure bool)
	calls    []call
	logged   []string
	measured []metrics.Datum
}

// call is one call of a function.
type call struct {
	name  string
	event map[string]any
	as    authz.Principal
}

// Record takes measurements.
func (f *fixture) Record(_, _, _ string, data ...metrics.Datum) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.measured) < 1000 {
		f.measured = append(f.measured, data...)
	}
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func must[T any](v T, err error) func(*fixture) T {
	return func(f *fixture) T {
		f.t.Helper()
		f.ok(err)
		return v
	}
}

func open(t *testing.T) *fixture { return openIn(t, t.TempDir()) }

func openIn(t testing.TB, dir string) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), dir: dir}
	c := clock.System{}
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: c})
	f.ok(err)
	directory, err := identity.New(st, c)
	f.ok(err)
	_, f.root, err = directory.Bootstrap(t.Context(), "AKIAIOSFODNN7EXAMPLE", "a secret of the test, long enough")
	f.ok(err)
	var chain *wire.Chain
	clients := &delivery.Clients{Directory: directory, Clock: c, Configure: func(p authz.Principal, region string) aws.Config {
		config := chain.AWSConfig(p, region)
		config.HTTPClient = &http.Client{Transport: stage{f, p, config.HTTPClient}}
		return config
	}}
	log := slog.New(strict{slog.NewTextHandler(t.Output(), nil), t})
	f.lines = loglines.New(loglines.Config{Clients: clients, Clock: c, Logger: log, Pause: time.Millisecond})
	server := httptest.NewUnstartedServer(nil)
	f.url = "http://" + server.Listener.Addr().String()
	f.service = service.New(service.Config{Store: st, Directory: directory, Clients: clients, Logs: f.lines, Metrics: f, Loopback: true, URL: f.url, Clock: c, Logger: log,
		Caller: func(r *http.Request, service string, body []byte) (authz.Principal, error) {
			return chain.Caller(r, service, body)
		}})
	chain, err = wire.New(wire.Config{Services: []wire.Service{iam.New(iam.Config{Directory: directory, Clock: c}), f.service,
		queues.New(queues.Config{Store: st, Jobs: jobs.New(jobs.Config{Store: st, Dir: dir}), Clock: c})},
		Directory: directory, Clock: c, S3: http.NotFoundHandler(), Logger: log, Region: "us-east-1"})
	f.ok(err)
	f.ok(chain.Check())
	server.Config.Handler = wire.Sites(f.service.Sites(), "/_atelier/", wire.Hosts(f.service.Host, chain))
	server.Start()
	var once sync.Once
	f.close = func() {
		once.Do(func() {
			server.Close()
			f.lines.Drain(context.Background())
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(f.close)
	f.config = aws.Config{Region: "us-east-1", BaseEndpoint: &f.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(f.root.AccessKeyID, f.root.SecretAccessKey, "")}
	f.Client, f.sqs, f.iam = apigatewayv2.NewFromConfig(f.config), sqs.NewFromConfig(f.config), awsiam.NewFromConfig(f.config)
	return f
}

// strict is a log that takes errors for those of the test.
type strict struct {
	slog.Handler
	t testing.TB
}

// Handle writes a record.
func (s strict) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		s.t.Errorf("logged an error: %s", r.Message)
	}
	return s.Handler.Handle(ctx, r)
}

// stage plays Lambda and CloudWatch Logs, and lets other calls through.
type stage struct {
	f    *fixture
	as   authz.Principal
	next aws.HTTPClient
}

// RoundTrip answers a call.
func (s stage) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(status int, header http.Header, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328.PutLogEvents") {
		var in struct {
			LogGroupName, LogStreamName string
			LogEvents                   []struct{ Message string }
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		s.f.mu.Lock()
		defer s.f.mu.Unlock()
		for _, e := range in.LogEvents {
			s.f.logged = append(s.f.logged, in.LogGroupName+" "+in.LogStreamName+" "+s.as.Name+" "+e.Message)
		}
	}
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328.") {
		return answer(200, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, "{}")
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	if !ok {
		return s.next.Do(r)
	}
	event, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(rest, "/")
	name = name[strings.LastIndexByte(name, ':')+1:]
	c := call{name: name, as: s.as}
	_ = json.Unmarshal(event, &c.event)
	s.f.mu.Lock()
	if len(s.f.calls) < 1000 {
		s.f.calls = append(s.f.calls, c)
	}
	function := s.f.function
	s.f.mu.Unlock()
	out, failure := function(name, event)
	header := http.Header{"X-Amzn-Requestid": {"lambda-request"}}
	switch {
	case out == "~":
		<-r.Context().Done()
		return nil, r.Context().Err()
	case strings.HasPrefix(out, "!"): // an error of Lambda's own
		status, code, _ := strings.Cut(out[1:], " ")
		header.Set("X-Amzn-Errortype", code)
		return answer(map[string]int{"403": 403, "404": 404, "429": 429}[status], header, `{"Message":"refused"}`)
	case failure:
		header.Set("X-Amz-Function-Error", "Unhandled")
	}
	return answer(200, header, out)
}

func (f *fixture) fails(err error, code, message string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		f.t.Errorf("got %v, want %s with %q", err, code, message)
	}
}

func (f *fixture) arn(function string) string {
	return "arn:aws:lambda:us-east-1:" + f.root.Principal.Account + ":function:" + function
}

// api makes an API with a $default stage that deploys by itself.
func (f *fixture) api() string {
	f.t.Helper()
	a := must(f.CreateApi(f.ctx, &apigatewayv2.CreateApiInput{Name: aws.String("api"), ProtocolType: types.ProtocolTypeHttp}))(f)
	must(f.CreateStage(f.ctx, &apigatewayv2.CreateStageInput{ApiId: a.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)}))(f)
	return *a.ApiId
}

// calls makes an integration with a function.
func (f *fixture) calling(api, function, version string) string {
	f.t.Helper()
	return "integrations/" + *must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationUri: aws.String(f.arn(function)), PayloadFormatVersion: &version}))(f).IntegrationId
}

func (f *fixture) route(api, key, target string, change ...func(*apigatewayv2.CreateRouteInput)) string {
	f.t.Helper()
	in := &apigatewayv2.CreateRouteInput{ApiId: &api, RouteKey: &key}
	if target != "" {
		in.Target = &target
	}
	for _, c := range change {
		c(in)
	}
	return *must(f.CreateRoute(f.ctx, in))(f).RouteId
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// get makes a request to an API in the path style. Headers are name, value, ….
func (f *fixture) get(method, api, path, body string, headers ...string) answer {
	f.t.Helper()
	return f.send(f.request(method, f.url+"/_atelier/execute-api/"+api+path, body, headers...))
}

func (f *fixture) request(method, at, body string, headers ...string) *http.Request {
	f.t.Helper()
	r := must(http.NewRequestWithContext(f.ctx, method, at, bytes.NewReader([]byte(body))))(f)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func (f *fixture) send(r *http.Request) answer {
	f.t.Helper()
	a := must(http.DefaultTransport.RoundTrip(r))(f)
	defer a.Body.Close()
	return answer{a.StatusCode, a.Header, string(must(io.ReadAll(a.Body))(f))}
}

// want compares an answer's status and body.
func (f *fixture) want(a answer, status int, body string) {
	f.t.Helper()
	if a.status != status || a.body != body {
		f.t.Errorf("got %d %s, want %d %s", a.status, a.body, status, body)
	}
}

func (f *fixture) answers(g func(name string, event []byte) (string, bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.function, f.calls = g, nil
}

func (f *fixture) called() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// soon waits until something is so.
func (f *fixture) soon(what string, so func() bool) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s: never", what)
		}
	}
}

// backend is an HTTP server that tells what it was asked.
func (f *fixture) backend() *url.URL {
	f.t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "https://backend.example")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		if s := r.Header.Get("X-Status"); s != "" {
			w.WriteHeader(map[string]int{"404": 404, "500": 500}[s])
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header, "body": string(body)})
	}))
	f.t.Cleanup(s.Close)
	return must(url.Parse(s.URL))(f)
}

// openSame opens what is in f's directory after f has been closed.
func openSame(f *fixture) *fixture {
	f.t.Helper()
	f.close()
	return openIn(f.t, f.dir)
}
