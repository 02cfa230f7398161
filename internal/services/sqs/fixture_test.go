package sqs_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// fixture is SQS behind the whole chain, called by the SDK, whose signatures need the day's time.
type fixture struct {
	*sqs.Client
	t         testing.TB
	ctx       context.Context
	st        *store.Store
	clock     *clock.Manual
	directory *identity.Directory
	chain     *wire.Chain
	runner    *jobs.Runner
	root      authz.Principal
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
	f.root = root.Principal
	f.runner = jobs.New(jobs.Config{Store: f.st, Dir: dir})
	f.serve(f.runner)
	f.runner.Start(t.Context())
	t.Cleanup(func() {
		if err := errors.Join(f.runner.Stop(10*time.Second), f.st.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// serve puts a new service on the store, as after a restart.
func (f *fixture) serve(r *jobs.Runner) {
	f.t.Helper()
	var err error
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{service.New(service.Config{Store: f.st, Jobs: r, Clock: f.clock})},
		Directory: f.directory, Clock: f.clock, S3: http.NotFoundHandler(), Logger: slog.New(slog.NewTextHandler(f.t.Output(), nil)), Region: "us-east-1"})
	f.ok(err)
	f.Client = f.as(f.root)
}

// again restarts the service. Jobs go on in the old one.
func (f *fixture) again() { f.serve(jobs.New(jobs.Config{Store: f.st, Dir: f.t.TempDir()})) }

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// as is a client that calls once.
func (f *fixture) as(p authz.Principal) *sqs.Client {
	c := f.chain.AWSConfig(p, "us-east-1")
	c.RetryMaxAttempts = 1
	return sqs.NewFromConfig(c)
}

// fails holds an error to a code.
func (f *fixture) fails(err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("got %v, want %s", err, code)
	}
}

// queue makes a queue and gives its URL.
func (f *fixture) queue(name string, attributes map[string]string) *string {
	f.t.Helper()
	out, err := f.CreateQueue(f.ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	f.ok(err)
	return out.QueueUrl
}

func (f *fixture) send(queue *string, bodies ...string) {
	f.t.Helper()
	for _, b := range bodies {
		_, err := f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &b})
		f.ok(err)
	}
}

// post sends to a group of a FIFO queue.
func (f *fixture) post(queue *string, group string, bodies ...string) {
	f.t.Helper()
	for _, b := range bodies {
		_, err := f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &b, MessageGroupId: &group})
		f.ok(err)
	}
}

// take receives up to n messages.
func (f *fixture) take(queue *string, n int) []types.Message {
	f.t.Helper()
	out, err := f.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: int32(n),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}})
	f.ok(err)
	return out.Messages
}

// gets holds what is received to bodies.
func (f *fixture) gets(queue *string, want ...string) []types.Message {
	f.t.Helper()
	list := f.take(queue, 10)
	var got []string
	for _, m := range list {
		got = append(got, *m.Body)
	}
	if len(got) != len(want) {
		f.t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			f.t.Errorf("got %v, want %v", got, want)
		}
	}
	return list
}

func (f *fixture) delete(queue *string, list ...types.Message) {
	f.t.Helper()
	for _, m := range list {
		_, err := f.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle})
		f.ok(err)
	}
}

// counts holds the numbers of messages that are visible, taken and delayed.
func (f *fixture) counts(queue *string, want ...string) {
	f.t.Helper()
	out, err := f.GetQueueAttributes(f.ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []types.QueueAttributeName{"All"}})
	f.ok(err)
	for i, name := range []string{"", "NotVisible", "Delayed"} {
		if got := out.Attributes["ApproximateNumberOfMessages"+name]; got != want[i] {
			f.t.Errorf("messages %s: got %s, want %s", name, got, want[i])
		}
	}
}

func (f *fixture) arn(queue *string) string {
	f.t.Helper()
	out, err := f.GetQueueAttributes(f.ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
	f.ok(err)
	return out.Attributes["QueueArn"]
}

// soon waits until what a job does is there.
func (f *fixture) soon(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s does not come", what)
		}
	}
}

var str = aws.String
