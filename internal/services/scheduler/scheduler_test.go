package scheduler_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/iam"
	service "github.com/atelier-studio/atelier/internal/services/scheduler"
	queues "github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// fixture is the scheduler with queues behind the whole chain.
type fixture struct {
	*scheduler.Client
	sqs          *sqs.Client
	t            *testing.T
	ctx          context.Context
	clock        *clock.Manual
	service      *service.Service
	desk         *delivery.Desk
	role, target string
	queue        *string
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Minute))}
	dir := t.TempDir()
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	day := clock.System{} // signatures and their keys need the day's time; the schedules' time runs ahead
	directory, err := identity.New(st, day)
	f.ok(err)
	_, root, err := directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	runner := jobs.New(jobs.Config{Store: st, Dir: dir})
	f.desk = delivery.New(delivery.Config{Store: st, Clock: f.clock})
	var chain *wire.Chain
	clients := &delivery.Clients{Directory: directory, Clock: f.clock, Configure: func(p authz.Principal, region string) aws.Config { return chain.AWSConfig(p, region) }}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	f.service = service.New(service.Config{Store: st, Directory: directory, Desk: f.desk, Clients: clients, Clock: f.clock, Logger: log})
	chain, err = wire.New(wire.Config{Services: []wire.Service{iam.New(iam.Config{Directory: directory, Clock: day}), f.service,
		queues.New(queues.Config{Store: st, Jobs: runner, Clock: day})},
		Directory: directory, Clock: day, S3: http.NotFoundHandler(), Logger: log, Region: "us-east-1"})
	f.ok(err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { f.desk.Run(ctx); done <- struct{}{} }()
	go func() { f.service.Run(ctx); done <- struct{}{} }()
	t.Cleanup(func() {
		stop()
		<-done
		<-done
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := chain.AWSConfig(root.Principal, "us-east-1")
	cfg.RetryMaxAttempts = 1
	cfg.Credentials = credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, "")
	f.Client, f.sqs = scheduler.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	q, err := f.sqs.CreateQueue(f.ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")})
	f.ok(err)
	f.queue, f.target = q.QueueUrl, "arn:aws:sqs:us-east-1:"+root.Principal.Account+":q"
	i := awsiam.NewFromConfig(cfg)
	made, err := i.CreateRole(f.ctx, &awsiam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	f.ok(err)
	_, err = i.PutRolePolicy(f.ctx, &awsiam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}`)})
	f.ok(err)
	f.role = *made.Role.Arn
	return f
}

func (f *fixture) schedule(name, expression string, change func(*scheduler.CreateScheduleInput)) error {
	in := &scheduler.CreateScheduleInput{Name: &name, ScheduleExpression: &expression, FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: "OFF"},
		Target: &types.Target{Arn: &f.target, RoleArn: &f.role, Input: aws.String(name + " <aws.scheduler.scheduled-time>")}}
	if change != nil {
		change(in)
	}
	_, err := f.CreateSchedule(f.ctx, in)
	return err
}

// passes moves the clock and gives what came.
func (f *fixture) passes(d time.Duration) (out []string) {
	f.t.Helper()
	f.clock.Advance(d)
	f.service.Wake()
	time.Sleep(100 * time.Millisecond) // what is due rings
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if n, err := f.desk.Waiting(f.ctx); err == nil && n == 0 {
			break
		}
		if time.Now().After(end) {
			f.t.Fatal("deliveries do not end")
		}
	}
	got, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: f.queue, MaxNumberOfMessages: 10})
	f.ok(err)
	for _, m := range got.Messages {
		out = append(out, *m.Body)
		_, err := f.sqs.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: f.queue, ReceiptHandle: m.ReceiptHandle})
		f.ok(err)
	}
	return out
}

func (f *fixture) fails(err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("got %v, want %s", err, code)
	}
}

func TestSchedules(t *testing.T) {
	f := open(t)
	begun := f.clock.Now()
	at := func(d time.Duration) string { return begun.Add(d).Format("2006-01-02T15:04:05Z") }
	same := func(got []string, want ...string) {
		t.Helper()
		if strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	f.ok(f.schedule("rate", "rate(10 minutes)", nil))
	f.ok(f.schedule("once", "at("+begun.Add(3*time.Hour+5*time.Minute).In(must(time.LoadLocation("Asia/Tokyo"))).Format("2006-01-02T15:04:05")+")", func(in *scheduler.CreateScheduleInput) {
		in.ScheduleExpressionTimezone = aws.String("Asia/Tokyo")
		in.ActionAfterCompletion = types.ActionAfterCompletionDelete
	}))
	f.fails(f.schedule("rate", "rate(10 minutes)", nil), "ConflictException")
	same(f.passes(9 * time.Minute))
	same(f.passes(time.Minute), "rate "+at(10*time.Minute))
	same(f.passes(35*time.Minute), "rate "+at(20*time.Minute)) // those that were missed are one
	_, err := f.DeleteSchedule(f.ctx, &scheduler.DeleteScheduleInput{Name: aws.String("rate")})
	f.ok(err)
	same(f.passes(3*time.Hour), "once "+at(3*time.Hour+5*time.Minute))
	_, err = f.GetSchedule(f.ctx, &scheduler.GetScheduleInput{Name: aws.String("once")})
	f.fails(err, "ResourceNotFoundException")

	f.ok(f.schedule("flexible", "rate(1 hour)", func(in *scheduler.CreateScheduleInput) {
		in.FlexibleTimeWindow = &types.FlexibleTimeWindow{Mode: "FLEXIBLE", MaximumWindowInMinutes: aws.Int32(15)}
	}))
	same(f.passes(59 * time.Minute))
	if got := f.passes(16 * time.Minute); len(got) != 1 {
		t.Errorf("within the window came %v", got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestGroups(t *testing.T) {
	f := open(t)
	_, err := f.CreateScheduleGroup(f.ctx, &scheduler.CreateScheduleGroupInput{Name: aws.String("g"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	f.ok(err)
	in := func(g string) func(*scheduler.CreateScheduleInput) {
		return func(in *scheduler.CreateScheduleInput) { in.GroupName = &g }
	}
	f.fails(f.schedule("s", "rate(1 hour)", in("nowhere")), "ResourceNotFoundException")
	f.ok(f.schedule("s", "rate(1 hour)", in("g")))
	f.fails(f.schedule("bad", "cron(* * * * *)", nil), "ValidationException")
	f.fails(f.schedule("bad", "rate(1 hour)", func(in *scheduler.CreateScheduleInput) { in.ScheduleExpressionTimezone = aws.String("Mars/Olympus") }), "ValidationException")
	f.fails(f.schedule("bad", "rate(1 hour)", func(in *scheduler.CreateScheduleInput) {
		in.Target.RoleArn = aws.String(strings.Replace(f.role, "role/r", "role/other", 1))
	}), "ValidationException")
	groups, err := f.ListScheduleGroups(f.ctx, &scheduler.ListScheduleGroupsInput{})
	f.ok(err)
	list, err := f.ListSchedules(f.ctx, &scheduler.ListSchedulesInput{GroupName: aws.String("g")})
	f.ok(err)
	if len(groups.ScheduleGroups) != 2 || len(list.Schedules) != 1 {
		t.Errorf("got %d groups, %d schedules", len(groups.ScheduleGroups), len(list.Schedules))
	}
	_, err = f.DeleteScheduleGroup(f.ctx, &scheduler.DeleteScheduleGroupInput{Name: aws.String("g")})
	f.ok(err)
	_, err = f.GetSchedule(f.ctx, &scheduler.GetScheduleInput{Name: aws.String("s"), GroupName: aws.String("g")})
	f.fails(err, "ResourceNotFoundException")
}
