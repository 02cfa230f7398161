package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
	queues "github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/wire"
)

const region = "us-east-1"

// stage runs functions that are written in the test: what is tested is what is around them.
type stage struct {
	mu  sync.Mutex
	run func(f sandbox.Function, in sandbox.Invocation) (sandbox.Result, error)
}

func (s *stage) Invoke(_ context.Context, f sandbox.Function, in sandbox.Invocation, sink sandbox.Sink) (sandbox.Result, error) {
	s.mu.Lock()
	run := s.run
	s.mu.Unlock()
	return run(f, in)
}

func (s *stage) Prepare(context.Context, sandbox.Function, int) error { return nil }
func (s *stage) Forget(string, string)                                {}
func (s *stage) Close()                                               {}
func (s *stage) Check(_ context.Context, runtime string) error {
	if runtime != "provided.al2023" {
		return errors.New("it is not there")
	}
	return nil
}

// fixture is Lambda with queues behind the whole chain, called by the SDK, whose signatures need the day's time.
type fixture struct {
	*lambda.Client
	t       testing.TB
	ctx     context.Context
	clock   *clock.Manual
	desk    *delivery.Desk
	service *Service
	stage   *stage
	sqs     *sqs.Client
	account string
	role    string
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Second)), stage: &stage{}}
	dir := t.TempDir()
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	directory, err := identity.New(st, f.clock)
	f.ok(err)
	_, root, err := directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	f.account = root.Principal.Account
	runner := jobs.New(jobs.Config{Store: st, Dir: dir})
	f.desk = delivery.New(delivery.Config{Store: st, Clock: f.clock})
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	var chain *wire.Chain
	as := func(p authz.Principal, region string) aws.Config { return chain.AWSConfig(p, region) }
	clients := &delivery.Clients{Directory: directory, Clock: f.clock, Configure: as}
	f.service = New(Config{Store: st, Directory: directory, Desk: f.desk, Clients: clients, As: as, Jobs: runner, Sandbox: f.stage, Metrics: metrics.Discard{},
		Logs: loglines.New(loglines.Config{Clients: clients, Clock: f.clock, Logger: log}), Clock: f.clock, Logger: log, Dir: dir + "/code",
		Caller: func(r *http.Request, service string, body []byte) (authz.Principal, error) {
			return chain.Caller(r, service, body)
		}})
	chain, err = wire.New(wire.Config{Services: []wire.Service{f.service, iam.New(iam.Config{Directory: directory, Clock: f.clock}),
		queues.New(queues.Config{Store: st, Jobs: runner, Clock: f.clock})},
		Directory: directory, Clock: f.clock, S3: http.NotFoundHandler(), Logger: log, Region: region})
	f.ok(err)
	runner.Start(t.Context())
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { f.desk.Run(ctx) })
	all.Go(func() { f.service.Run(ctx) })
	t.Cleanup(func() {
		stop()
		all.Wait()
		if err := errors.Join(runner.Stop(10*time.Second), st.Close()); err != nil {
			t.Error(err)
		}
	})
	config := chain.AWSConfig(root.Principal, region)
	config.RetryMaxAttempts = 1
	config.Credentials = credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, "")
	f.Client, f.sqs = lambda.NewFromConfig(config), sqs.NewFromConfig(config)
	c := awsiam.NewFromConfig(config)
	made, err := c.CreateRole(f.ctx, &awsiam.CreateRoleInput{RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	f.ok(err)
	_, err = c.PutRolePolicy(f.ctx, &awsiam.PutRolePolicyInput{RoleName: aws.String("function"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
	f.ok(err)
	f.role = *made.Role.Arn
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) soon(what string, is func() bool) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s does not come", what)
		}
	}
}

// plays has functions do this from now on.
func (f *fixture) plays(run func(f sandbox.Function, in sandbox.Invocation) (sandbox.Result, error)) {
	f.stage.mu.Lock()
	defer f.stage.mu.Unlock()
	f.stage.run = run
}

func packed(t testing.TB, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// create makes a function and waits until it is active.
func (f *fixture) create(name string, more ...func(*lambda.CreateFunctionInput)) {
	f.t.Helper()
	in := &lambda.CreateFunctionInput{FunctionName: &name, Role: &f.role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("h"),
		Code: &types.FunctionCode{ZipFile: packed(f.t, "bootstrap", "#!/bin/sh")}}
	for _, m := range more {
		m(in)
	}
	_, err := f.CreateFunction(f.ctx, in)
	f.ok(err)
	f.soon("active", func() bool {
		out, err := f.GetFunctionConfiguration(f.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		f.ok(err)
		return out.State == types.StateActive
	})
}

func (f *fixture) queue(name string, attributes map[string]string) (url, arn string) {
	f.t.Helper()
	out, err := f.sqs.CreateQueue(f.ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	f.ok(err)
	return *out.QueueUrl, "arn:aws:sqs:" + region + ":" + f.account + ":" + name
}
