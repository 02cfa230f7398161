package logs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/logs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
)

// fixture is CloudWatch Logs behind the whole chain, called by the SDK, whose signatures need the day's time.
type fixture struct {
	*cloudwatchlogs.Client
	t         testing.TB
	ctx       context.Context
	clock     *clock.Manual
	service   *service.Service
	directory *identity.Directory
	chain     *wire.Chain
	root      authz.Principal
	measured  measured
	dir       string
}

// measured is what was recorded, as namespace/name=value.
type measured struct {
	mu   sync.Mutex
	list []string
}

func (m *measured) Record(_, _, namespace string, data ...metrics.Datum) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range data {
		text := fmt.Sprintf("%s/%s=%v", namespace, d.Name, d.Value)
		for _, x := range d.Dimensions {
			text += " " + x.Name + "=" + x.Value
		}
		m.list = append(m.list, text)
	}
}

func (m *measured) has(namespace string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, x := range m.list {
		if strings.HasPrefix(x, namespace+"/") {
			out = append(out, strings.TrimPrefix(x, namespace+"/"))
		}
	}
	return strings.Join(out, ", ")
}

func open(t testing.TB, more ...wire.Service) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Second))}
	dir := t.TempDir()
	f.dir = dir
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	f.directory, err = identity.New(st, f.clock)
	f.ok(err)
	_, root, err := f.directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	f.root = root.Principal
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	runner := jobs.New(jobs.Config{Store: st, Dir: dir})
	desk := delivery.New(delivery.Config{Store: st, Clock: f.clock, Logger: log})
	clients := &delivery.Clients{Directory: f.directory, Clock: f.clock, Configure: func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }}
	f.service = service.New(service.Config{Store: st, Jobs: runner, Desk: desk, Clients: clients, Metrics: &f.measured, Clock: f.clock, Logger: log,
		Dir: filepath.Join(dir, "logs")})
	f.chain, err = wire.New(wire.Config{Services: append(more, f.service), Directory: f.directory, Clock: f.clock, S3: http.NotFoundHandler(),
		Logger: log, Region: "us-east-1"})
	f.ok(err)
	f.Client = f.as(f.root)
	runner.Start(t.Context())
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { f.service.Run(ctx) })
	all.Go(func() { desk.Run(ctx) })
	t.Cleanup(func() {
		stop()
		all.Wait()
		if err := errors.Join(runner.Stop(10*time.Second), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// as is a client that calls once.
func (f *fixture) as(p authz.Principal) *cloudwatchlogs.Client {
	c := f.chain.AWSConfig(p, "us-east-1")
	c.RetryMaxAttempts = 1
	return cloudwatchlogs.NewFromConfig(c)
}

// fails holds an error to a code.
func (f *fixture) fails(err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("got %v, want %s", err, code)
	}
}

// group makes a group with streams.
func (f *fixture) group(name string, streams ...string) {
	f.t.Helper()
	_, err := f.CreateLogGroup(f.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
	f.ok(err)
	for _, s := range streams {
		_, err := f.CreateLogStream(f.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: &s})
		f.ok(err)
	}
}

// event is one that happened some milliseconds ago.
func (f *fixture) event(ago int64, message string) types.InputLogEvent {
	return types.InputLogEvent{Timestamp: aws.Int64(f.clock.Now().UnixMilli() - ago), Message: &message}
}

// put puts events, each a second after the one before; the last is now.
func (f *fixture) put(group, stream string, messages ...string) *cloudwatchlogs.PutLogEventsOutput {
	f.t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for i, m := range messages {
		in.LogEvents = append(in.LogEvents, f.event(int64(len(messages)-1-i)*1000, m))
	}
	out, err := f.PutLogEvents(f.ctx, in)
	f.ok(err)
	return out
}

// find filters, over all pages of a size.
func (f *fixture) find(in *cloudwatchlogs.FilterLogEventsInput, size int32) string {
	f.t.Helper()
	in.Limit = &size
	var out []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(f, in)
	for pages.HasMorePages() {
		p, err := pages.NextPage(f.ctx)
		f.ok(err)
		for _, e := range p.Events {
			out = append(out, *e.LogStreamName+":"+*e.Message)
		}
	}
	return strings.Join(out, " ")
}

func (f *fixture) same(got, want string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// glob lists files of events.
func (f *fixture) glob(pattern string) []string {
	f.t.Helper()
	names, err := filepath.Glob(filepath.Join(f.dir, "logs", pattern))
	f.ok(err)
	return names
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
