package cloudwatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/scaling"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/cloudwatch"
	topics "github.com/atelier-studio/atelier/internal/services/sns"
	queues "github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

const region = "us-east-1"

var str = aws.String

// fixture is CloudWatch with topics and queues behind the whole chain, called by the SDK.
type fixture struct {
	*cloudwatch.Client
	sns     *sns.Client
	sqs     *sqs.Client
	t       testing.TB
	ctx     context.Context
	st      *store.Store
	clock   *clock.Manual
	service *service.Service
	keeper  *metrics.Keeper
	chain   *wire.Chain
	key     identity.Credential
	account string

	functions functions

	mu     sync.Mutex
	scaled []scaling.Alarm
	events []bus.Event
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Minute)), functions: functions{make(chan invocation, 10)}}
	dir := t.TempDir()
	var err error
	f.st, err = store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	directory, err := identity.New(f.st, f.clock)
	f.ok(err)
	_, f.key, err = directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	f.account = f.key.Principal.Account
	runner := jobs.New(jobs.Config{Store: f.st, Dir: dir})
	desk := delivery.New(delivery.Config{Store: f.st, Clock: f.clock})
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	clients := &delivery.Clients{Directory: directory, Clock: f.clock,
		Configure: func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }}
	f.keeper = metrics.New(metrics.Config{Store: f.st, Clock: f.clock})
	f.service = service.New(service.Config{Store: f.st, Metrics: f.keeper, Desk: desk, Clients: clients, Clock: f.clock, Logger: log})
	desk.Define(scaling.Kind, delivery.Courier{Deliver: func(_ context.Context, p delivery.Parcel) error {
		var a scaling.Alarm
		if err := json.Unmarshal(p.Data, &a); err != nil {
			return err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.scaled = append(f.scaled, a)
		return nil
	}})
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{f.service, f.functions, queues.New(queues.Config{Store: f.st, Jobs: runner, Clock: f.clock}),
		topics.New(topics.Config{Store: f.st, Directory: directory, Desk: desk, Clients: clients, Outward: delivery.NewOutward(true), Clock: f.clock, Logger: log})},
		Directory: directory, Clock: clock.System{}, S3: http.NotFoundHandler(), Logger: log, Region: region})
	f.ok(err)
	runner.Start(t.Context())
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { desk.Run(ctx) })
	all.Go(func() { f.service.Run(ctx) })
	all.Go(func() {
		f.st.Subscribe(ctx, "test", func(_ context.Context, e bus.Event) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.events = append(f.events, e)
			return nil
		})
	})
	t.Cleanup(func() {
		stop()
		all.Wait()
		if err := errors.Join(runner.Stop(10*time.Second), f.st.Close()); err != nil {
			t.Error(err)
		}
	})
	c := f.chain.AWSConfig(f.key.Principal, region)
	c.RetryMaxAttempts = 1
	c.Credentials = credentials.NewStaticCredentialsProvider(f.key.AccessKeyID, f.key.SecretAccessKey, "")
	f.Client, f.sns, f.sqs = cloudwatch.NewFromConfig(c), sns.NewFromConfig(c), sqs.NewFromConfig(c)
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) fails(err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("got %v, want %s", err, code)
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

// pass lets time pass, and alarms see it.
func (f *fixture) pass(d time.Duration) {
	f.clock.Advance(d)
	f.service.Wake()
}

// put puts a value of N/m now.
func (f *fixture) put(values ...float64) {
	f.t.Helper()
	for _, v := range values {
		_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("N"), MetricData: []types.MetricDatum{{MetricName: str("m"), Value: &v}}})
		f.ok(err)
	}
}

func (f *fixture) state(name string) types.StateValue {
	f.t.Helper()
	out, err := f.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}, AlarmTypes: []types.AlarmType{"MetricAlarm", "CompositeAlarm"}})
	f.ok(err)
	for _, a := range out.MetricAlarms {
		return a.StateValue
	}
	for _, a := range out.CompositeAlarms {
		return a.StateValue
	}
	f.t.Fatalf("no alarm %s", name)
	return ""
}

func (f *fixture) becomes(name string, want types.StateValue) {
	f.t.Helper()
	f.soon(name+" "+string(want), func() bool { return f.state(name) == want })
}

// topic makes a topic with a queue that gets its messages as they are.
func (f *fixture) topic(name string) (topic, queue string) {
	f.t.Helper()
	made, err := f.sns.CreateTopic(f.ctx, &sns.CreateTopicInput{Name: &name})
	f.ok(err)
	at := "arn:aws:sqs:" + region + ":" + f.account + ":" + name
	q, err := f.sqs.CreateQueue(f.ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + at + `"}]}`}})
	f.ok(err)
	_, err = f.sns.Subscribe(f.ctx, &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: str("sqs"), Endpoint: &at})
	f.ok(err)
	return *made.TopicArn, *q.QueueUrl
}

// arrives waits for what a topic told a queue.
func (f *fixture) arrives(url string) (subject string, message map[string]any) {
	f.t.Helper()
	out, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 15})
	f.ok(err)
	if len(out.Messages) != 1 {
		h, err := f.DescribeAlarmHistory(f.ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmTypes: []types.AlarmType{"MetricAlarm", "CompositeAlarm"}})
		f.ok(err)
		for _, x := range h.AlarmHistoryItems {
			f.t.Log(*x.HistorySummary)
		}
		f.t.Fatal("no message came")
	}
	_, err = f.sqs.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
	f.ok(err)
	var envelope struct{ Subject, Message string }
	f.ok(json.Unmarshal([]byte(*out.Messages[0].Body), &envelope))
	f.ok(json.Unmarshal([]byte(envelope.Message), &message))
	return envelope.Subject, message
}
