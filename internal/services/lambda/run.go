package lambda

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

// sessionLife is how long the credentials of a process hold.
const sessionLife = 12 * time.Hour

// running is an invocation that may begin: it has its place among those that run until it is left.
type running struct {
	ref         // as it was named
	version     version
	leave       func()
	concurrency int
}

// begin finds what runs for a qualifier, and takes a place. Errors are the caller's to know.
func (s *Service) begin(ctx context.Context, r ref) (*running, error) {
	v, reserved, open, err := s.runnable(ctx, r)
	if err != nil {
		return nil, err
	}
	leave, n, err := s.slots.enter(r.Key, reserved, open)
	if err != nil {
		s.measure(r, "Throttles", "Count", 1)
		return nil, err
	}
	return &running{ref: r, version: v, leave: leave, concurrency: n}, nil
}

// runnable finds what runs for a qualifier, what its function has reserved, and what is open to those that have nothing reserved.
func (s *Service) runnable(ctx context.Context, r ref) (v version, reserved *int32, open int, err error) {
	ok := false
	if err := s.image.Read(ctx, func() {
		var f function
		if f, ok = s.functions.Rows()[r.Key]; ok {
			v, ok = s.versions.Rows()[versionKey(r.Key, f.choose(r.Qualifier))]
		}
		reserved, open = f.Reserved, accountConcurrency-s.reserved[store.Key{Account: r.Account, Region: r.Region}]
	}); err != nil {
		return v, nil, 0, err
	}
	switch {
	case !ok:
		err = missing("Function not found: %s", r.arn())
	case v.State == types.StatePending:
		err = conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending")
	case v.State != types.StateActive:
		err = conflict("The operation cannot be performed at this time. The function is currently in the following state: %s. Reason: %s", v.State,
			aws.ToString(v.StateReason))
	}
	return v, reserved, open, err
}

// choose is the version that runs for a qualifier: that of an alias by its weights.
func (f function) choose(qualifier string) string {
	if qualifier == "" {
		return latest
	}
	a, ok := f.Aliases[qualifier]
	if !ok {
		return qualifier
	}
	at := rand.Float64()
	for number, share := range weights(a) {
		if at -= share; at < 0 {
			return number
		}
	}
	return *a.FunctionVersion
}

// run runs a function, and leaves its place. The caller may go meanwhile; the function runs to its end.
func (s *Service) run(ctx context.Context, g *running, in sandbox.Invocation, sink sandbox.Sink) (sandbox.Result, error) {
	defer g.leave()
	ctx = context.WithoutCancel(ctx)
	dirs, err := s.dirs(ctx, g.version)
	if err != nil {
		return sandbox.Result{}, fault(err)
	}
	in.InvokedARN = g.arn()
	if len(in.Payload) == 0 {
		in.Payload = []byte("{}")
	}
	out, err := s.Sandbox.Invoke(ctx, s.described(g.Key, g.version, dirs), in, sink)
	if err != nil {
		err = fault(err)
	}
	s.measured(g, out, err)
	return out, err
}

// fault is what keeps a function from running, as callers are told.
func fault(err error) error {
	var gone *sandbox.UnavailableError
	switch {
	case errors.Is(err, sandbox.ErrBusy):
		return throttled(types.ThrottleReasonConcurrentInvocationLimitExceeded)
	case errors.As(err, &gone):
		return &types.InvalidRuntimeException{Message: aws.String(err.Error()), Type: user}
	}
	return &types.ServiceException{Message: aws.String("The function could not be run: " + err.Error()), Type: aws.String("Server")}
}

// busy tells whether a function did not run because there was no place for it.
func busy(err error) bool {
	var full *types.TooManyRequestsException
	return errors.As(err, &full)
}

// dirs unpacks what a version needs, and gives code and layers.
func (s *Service) dirs(ctx context.Context, v version) (dirs []string, err error) {
	for _, sum := range append([]string{v.Code}, v.LayerCode...) {
		dir, err := s.shelf.open(ctx, sum)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// described is a version as the sandbox knows it.
func (s *Service) described(k store.Key, v version, dirs []string) sandbox.Function {
	f := sandbox.Function{ARN: functionARN(k), Name: k.ID, Version: *v.Version, Revision: aws.ToString(v.RevisionId), Runtime: string(v.Runtime),
		Handler: aws.ToString(v.Handler), Env: v.Env, Region: k.Region, MemoryMB: int(aws.ToInt32(v.MemorySize)), Timeout: time.Duration(aws.ToInt32(v.Timeout)) * time.Second}
	if len(dirs) > 0 {
		f.CodeDir, f.LayerDirs = dirs[0], dirs[1:]
	}
	if v.EphemeralStorage != nil {
		f.StorageMB = int(aws.ToInt32(v.EphemeralStorage.Size))
	}
	if v.LoggingConfig != nil {
		f.LogGroup, f.JSONLogs = aws.ToString(v.LoggingConfig.LogGroup), v.LoggingConfig.LogFormat == types.LogFormatJson
	}
	role := aws.ToString(v.Role)
	f.Credentials = func(ctx context.Context) (aws.Credentials, error) { return s.credentials(ctx, role, k.ID) }
	as := s.as(k, role)
	f.Log = func(l sandbox.LogLine) {
		s.Logs.Line(loglines.Stream{As: as, Region: k.Region, Group: f.LogGroup, Stream: l.Stream}, l.Time, l.Text)
	}
	return f
}

// as is a function's role, for what is done in its name.
func (s *Service) as(k store.Key, role string) delivery.As {
	return delivery.As{Service: principal, Source: functionARN(k), Account: k.Account, RoleARN: role}
}

func (s *Service) credentials(ctx context.Context, role, session string) (aws.Credentials, error) {
	p, err := s.Directory.ServiceSession(ctx, principal, role, session)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("the role defined for the function cannot be assumed by Lambda: %w", err)
	}
	c, err := s.Directory.Issue(p, sessionLife)
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, CanExpire: true, Expires: c.Expires}, nil
}

// forget ends the processes of a version, or of all of a function.
func (s *Service) forget(k store.Key, number string) { s.Sandbox.Forget(functionARN(k), number) }

// measure records a metric of a function: by its name, and of all functions.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (s *Service) measure(r ref, name, unit string, value float64) {
	s.Metrics.Record(r.Account, r.Region, "AWS/Lambda",
		metrics.Datum{Name: name, Unit: unit, Value: value, Dimensions: []metrics.Dimension{{Name: "FunctionName", Value: r.ID}}},
		metrics.Datum{Name: name, Unit: unit, Value: value})
}

func (s *Service) measured(g *running, out sandbox.Result, err error) {
	if busy(err) {
		s.measure(g.ref, "Throttles", "Count", 1)
		return
	}
	failed := 0.0
	if err != nil || out.FunctionError != "" {
		failed = 1
	}
	dims := [][]metrics.Dimension{{{Name: "FunctionName", Value: g.ID}}, nil}
	if g.Qualifier != "" {
		dims = append(dims, []metrics.Dimension{{Name: "FunctionName", Value: g.ID}, {Name: "Resource", Value: g.ID + ":" + g.Qualifier}})
	}
	data := make([]metrics.Datum, 0, 4*len(dims))
	for _, d := range dims {
		data = append(data, metrics.Datum{Name: "Invocations", Unit: "Count", Value: 1, Dimensions: d},
			metrics.Datum{Name: "Errors", Unit: "Count", Value: failed, Dimensions: d},
			metrics.Datum{Name: "Duration", Unit: "Milliseconds", Value: float64(out.Duration) / float64(time.Millisecond), Dimensions: d},
			metrics.Datum{Name: "ConcurrentExecutions", Unit: "Count", Value: float64(g.concurrency), Dimensions: d})
	}
	if n := s.provisionedFor(g.ref); n > 0 { // what it is scaled by
		data = append(data, metrics.Datum{Name: "ProvisionedConcurrencyUtilization", Unit: "Count", Value: min(float64(g.concurrency)/float64(n), 1),
			Dimensions: dims[len(dims)-1]})
	}
	s.Metrics.Record(g.Account, g.Region, "AWS/Lambda", data...)
}

// provisionedFor is how many processes are held ready for a qualifier.
func (s *Service) provisionedFor(r ref) (n int32) {
	if r.Qualifier == "" {
		return 0
	}
	if err := s.image.Read(s.background, func() { n = s.functions.Rows()[r.Key].Provisioned[r.Qualifier].Requested }); err != nil {
		return 0
	}
	return n
}
