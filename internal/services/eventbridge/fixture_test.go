package eventbridge_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/eventbridge"
	"github.com/atelier-studio/atelier/internal/services/iam"
	queues "github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const region = "us-east-1"

// fixture is EventBridge with queues behind the whole chain, called by the SDK, whose signatures need the day's time.
type fixture struct {
	*eventbridge.Client
	sqs       *sqs.Client
	t         testing.TB
	ctx       context.Context
	st        *store.Store
	clock     *clock.Manual
	directory *identity.Directory
	desk      *delivery.Desk
	service   *service.Service
	chain     *wire.Chain
	root      authz.Principal
	key       identity.Credential
	account   string
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Second))}
	dir := t.TempDir()
	var err error
	f.st, err = store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	f.directory, err = identity.New(f.st, f.clock)
	f.ok(err)
	_, root, err := f.directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	f.key, f.root, f.account = root, root.Principal, root.Principal.Account
	runner := jobs.New(jobs.Config{Store: f.st, Dir: dir})
	f.desk = delivery.New(delivery.Config{Store: f.st, Clock: f.clock})
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	clients := &delivery.Clients{Directory: f.directory, Clock: f.clock,
		Configure: func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }}
	f.service = service.New(service.Config{Store: f.st, Directory: f.directory, Desk: f.desk, Clients: clients, Outward: delivery.NewOutward(true),
		Jobs: runner, Clock: f.clock, Logger: log})
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{f.service, iam.New(iam.Config{Directory: f.directory, Clock: f.clock}),
		queues.New(queues.Config{Store: f.st, Jobs: runner, Clock: f.clock})},
		Directory: f.directory, Clock: f.clock, S3: http.NotFoundHandler(), Logger: log, Region: region})
	f.ok(err)
	runner.Start(t.Context())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { f.desk.Run(ctx); done <- struct{}{} }()
	go func() { f.service.Run(ctx); done <- struct{}{} }()
	t.Cleanup(func() {
		stop()
		<-done
		<-done
		if err := errors.Join(runner.Stop(10*time.Second), f.st.Close()); err != nil {
			t.Error(err)
		}
	})
	f.Client = eventbridge.NewFromConfig(f.as(f.root))
	f.sqs = sqs.NewFromConfig(f.as(f.root))
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) as(p authz.Principal) aws.Config {
	c := f.chain.AWSConfig(p, region)
	c.RetryMaxAttempts = 1
	if p.Kind == authz.Root { // its temporary credentials may not ask IAM
		c.Credentials = credentials.NewStaticCredentialsProvider(f.key.AccessKeyID, f.key.SecretAccessKey, "")
	}
	return c
}

func (f *fixture) fails(err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("got %v, want %s", err, code)
	}
}

// queue makes a queue that lets EventBridge in, unless it is closed.
func (f *fixture) queue(name string, closed bool) (url, arn string) {
	f.t.Helper()
	arn = "arn:aws:sqs:" + region + ":" + f.account + ":" + name
	in := &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{}}
	if !closed {
		in.Attributes["Policy"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},
			"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`
	}
	out, err := f.sqs.CreateQueue(f.ctx, in)
	f.ok(err)
	return *out.QueueUrl, arn
}

// rule makes a rule with targets.
func (f *fixture) rule(bus, name, pattern string, targets ...types.Target) {
	f.t.Helper()
	_, err := f.PutRule(f.ctx, &eventbridge.PutRuleInput{EventBusName: &bus, Name: &name, EventPattern: &pattern})
	f.ok(err)
	_, err = f.PutTargets(f.ctx, &eventbridge.PutTargetsInput{EventBusName: &bus, Rule: &name, Targets: targets})
	f.ok(err)
}

func (f *fixture) put(entries ...types.PutEventsRequestEntry) *eventbridge.PutEventsOutput {
	f.t.Helper()
	out, err := f.PutEvents(f.ctx, &eventbridge.PutEventsInput{Entries: entries})
	f.ok(err)
	return out
}

func entry(bus, source, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{EventBusName: &bus, Source: &source, DetailType: aws.String("t"), Detail: &detail}
}

// arrives waits for a message and takes it off the queue.
func (f *fixture) arrives(url string) sqstypes.Message {
	f.t.Helper()
	out, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 15, MessageAttributeNames: []string{"All"}})
	f.ok(err)
	if len(out.Messages) != 1 {
		f.t.Fatal("no message came")
	}
	_, err = f.sqs.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
	f.ok(err)
	return out.Messages[0]
}

// all waits for n messages, and gives their bodies sorted.
func (f *fixture) all(url string, n int) (out []string) {
	f.t.Helper()
	for range n {
		out = append(out, *f.arrives(url).Body)
	}
	slices.Sort(out)
	return out
}

// empty makes sure that nothing more comes: everything has been delivered.
func (f *fixture) empty(urls ...string) {
	f.t.Helper()
	f.soon("the end of deliveries", func() bool { n, err := f.desk.Waiting(f.ctx); return err == nil && n == 0 })
	for _, url := range urls {
		out, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
		f.ok(err)
		if len(out.Messages) != 0 {
			f.t.Errorf("unexpected message %s", *out.Messages[0].Body)
		}
	}
}

func (f *fixture) soon(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s does not come", what)
		}
	}
}

// role makes a role that EventBridge may assume.
func (f *fixture) role(name, policy string) string {
	f.t.Helper()
	c := awsiam.NewFromConfig(f.as(f.root))
	out, err := c.CreateRole(f.ctx, &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	f.ok(err)
	_, err = c.PutRolePolicy(f.ctx, &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	f.ok(err)
	return *out.Role.Arn
}

var str = aws.String
