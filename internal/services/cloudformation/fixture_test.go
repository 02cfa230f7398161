package cloudformation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/cloudformation"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

const region = "us-east-1"

// world is where the resources of the tests are: things with a name, and what was done to them.
type world struct {
	mu     sync.Mutex
	things map[string]map[string]any
	log    []string
	fail   map[string]error // by "create X", with X the logical ID
	slow   map[string]bool  // logical IDs that are ready only when they are taken out
	hold   chan struct{}    // when set, creates wait for it
}

func (w *world) do(what string, r resource.Request) error {
	w.mu.Lock()
	hold := w.hold
	w.mu.Unlock()
	if hold != nil && what == "create" {
		<-hold
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, what+" "+r.LogicalID)
	return w.fail[what+" "+r.LogicalID]
}

func (w *world) state(r resource.Request, id string) resource.State {
	return resource.State{ID: id, Attributes: map[string]any{"Arn": "arn:" + id, "QueueName": id, "TopicName": id}}
}

// kind is a type whose resources are in the world.
func (w *world) kind(name, property string, anew bool) resource.Type {
	id := func(r resource.Request) string {
		if n := r.Text(property); n != "" {
			return n
		}
		return r.Name
	}
	t := resource.Type{Name: name, NameProperty: property,
		Create: func(_ context.Context, r resource.Request) (resource.State, error) {
			if err := w.do("create", r); err != nil {
				return resource.State{}, err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.things[id(r)] = maps.Clone(r.Properties)
			return w.state(r, id(r)), nil
		},
		Find: func(_ context.Context, r resource.Request) (resource.State, bool, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			_, ok := w.things[id(r)]
			return w.state(r, id(r)), ok, nil
		},
		Update: func(_ context.Context, r resource.Request) (resource.State, error) {
			if err := w.do("update", r); err != nil {
				return resource.State{}, err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.things[r.ID] = maps.Clone(r.Properties)
			return w.state(r, r.ID), nil
		},
		Delete: func(_ context.Context, r resource.Request) error {
			if err := w.do("delete", r); err != nil {
				return err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			delete(w.things, r.ID)
			return nil
		},
		Ready: func(_ context.Context, r resource.Request) (resource.State, bool, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.state(r, r.ID), !w.slow[r.LogicalID], nil
		},
		Read: func(_ context.Context, r resource.Request) (resource.State, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			p, ok := w.things[r.ID]
			if !ok {
				return resource.State{}, resource.ErrGone
			}
			s := w.state(r, r.ID)
			s.Properties = p
			return s, nil
		}}
	if anew {
		t.Update = nil
	}
	return t
}

func (w *world) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(w.things))))
}

func (w *world) done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.log
	w.log = nil
	return out
}

// fixture is CloudFormation behind the whole chain.
type fixture struct {
	*cloudformation.Client
	*world
	t         testing.TB
	ctx       context.Context
	clock     *clock.Manual
	store     *store.Store
	account   string
	chain     *wire.Chain
	service   *service.Service
	root      identity.Credential
	dir       string
	directory *identity.Directory
}

func open(t testing.TB) *fixture {
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Second)), dir: t.TempDir(),
		world: &world{things: map[string]map[string]any{}, fail: map[string]error{}, slow: map[string]bool{}}}
	f.start()
	return f
}

func (f *fixture) start() {
	st, err := store.Open(f.ctx, store.Config{Dir: f.dir, Clock: f.clock})
	f.ok(err)
	f.store = st
	f.directory, err = identity.New(st, clock.System{})
	f.ok(err)
	_, f.root, err = f.directory.Bootstrap(f.ctx, "AKIAROOTROOTROOTROOT", "secretsecretsecretsecretsecretsecretsecr")
	f.ok(err)
	f.account = f.root.Principal.Account
	runner := jobs.New(jobs.Config{Store: st, Dir: f.dir})
	desk := delivery.New(delivery.Config{Store: st, Clock: f.clock})
	log := slog.New(slog.NewTextHandler(f.t.Output(), nil))
	f.service = service.New(service.Config{Store: st, Directory: f.directory, Jobs: runner, Desk: desk, Clock: f.clock, Logger: log,
		As: func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }})
	f.service.Define([]resource.Type{f.kind("AWS::SQS::Queue", "QueueName", false), f.kind("AWS::SNS::Topic", "TopicName", false), f.kind("AWS::SSM::Parameter", "Name", false),
		f.kind("AWS::IAM::Role", "RoleName", false), f.kind("AWS::Logs::LogGroup", "LogGroupName", true)})
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{f.service}, Directory: f.directory, Clock: clock.System{}, S3: http.NotFoundHandler(), Logger: log, Region: region})
	f.ok(err)
	runner.Start(context.WithoutCancel(f.ctx))
	f.t.Cleanup(func() {
		f.ok(runner.Stop(10 * time.Second))
		f.ok(st.Close())
	})
	c := f.chain.AWSConfig(f.root.Principal, region)
	c.RetryMaxAttempts = 1
	c.Credentials = credentials.NewStaticCredentialsProvider(f.root.AccessKeyID, f.root.SecretAccessKey, "")
	f.Client = cloudformation.NewFromConfig(c)
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// fails checks an error's code and a part of its message.
func (f *fixture) fails(err error, code, part string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), part) {
		f.t.Errorf("got %v, want %s with %q", err, code, part)
	}
}

func (f *fixture) create(name, body string, change func(*cloudformation.CreateStackInput)) error {
	in := &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &body, Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}}
	if change != nil {
		change(in)
	}
	_, err := f.CreateStack(f.ctx, in)
	return err
}

func (f *fixture) update(name, body string, change func(*cloudformation.UpdateStackInput)) error {
	in := &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: &body, Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}}
	if change != nil {
		change(in)
	}
	_, err := f.UpdateStack(f.ctx, in)
	return err
}

// ends waits until nothing is done to a stack any more.
func (f *fixture) ends(name string, want types.StackStatus) types.Stack {
	f.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := f.DescribeStacks(f.ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		f.ok(err)
		s := out.Stacks[0]
		if !strings.HasSuffix(string(s.StackStatus), "IN_PROGRESS") || time.Now().After(end) {
			if s.StackStatus != want {
				f.t.Fatalf("stack %s is %s (%s), not %s\n%s", name, s.StackStatus, aws.ToString(s.StackStatusReason), want, strings.Join(f.history(name), "\n"))
			}
			return s
		}
	}
}

// history are a stack's events, the oldest first.
func (f *fixture) history(name string) (out []string) {
	f.t.Helper()
	for p := cloudformation.NewDescribeStackEventsPaginator(f, &cloudformation.DescribeStackEventsInput{StackName: &name}); p.HasMorePages(); {
		page, err := p.NextPage(f.ctx)
		f.ok(err)
		for _, e := range page.StackEvents {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", *e.LogicalResourceId, e.ResourceStatus, aws.ToString(e.ResourceStatusReason))))
		}
	}
	slices.Reverse(out)
	return out
}

func (f *fixture) says(lines []string, want string) {
	f.t.Helper()
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) }) {
		f.t.Errorf("nothing says %q:\n%s", want, strings.Join(lines, "\n"))
	}
}

func (f *fixture) equal(what string, got, want any) {
	f.t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		f.t.Errorf("%s: got %s, want %s", what, a, b)
	}
}

// proceed goes on with a rollback that failed.
func (f *fixture) proceed(name string) {
	f.t.Helper()
	_, err := f.ContinueUpdateRollback(f.ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &name})
	f.ok(err)
	f.ends(name, types.StackStatusUpdateRollbackComplete)
}
