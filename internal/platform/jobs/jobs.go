// Package jobs runs what takes longer than a request. A job is a function whose steps are recorded as they finish: a
// step that finished is never run again, and after a crash the job goes on with the next one.
//
// A service starts a job with store.Tx.Enqueue, in the transaction of the change that asks for it. A relay hands the
// job to DBOS under the id of its row, so that it starts exactly once however often the relay is interrupted.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// ErrUnknown is returned for an id that no job has, or whose job has not been handed on yet.
var ErrUnknown = errors.New("unknown job")

// Config says where jobs are kept.
type Config struct {
	Store    *store.Store // whose outbox starts jobs
	Dir      string       // SQLite lies in Dir/jobs.db when Database is empty
	Database string       // "" or postgres://…
	Logger   *slog.Logger
}

// Runner runs jobs. Define all jobs before Start.
type Runner struct {
	cfg      Config
	handlers map[string]func(ctx context.Context, input json.RawMessage) error
	cancel   context.CancelFunc
	done     chan struct{}
	started  chan struct{} // closed when engine is set
	mu       sync.Mutex
	engine   dbos.Context
}

// New makes a runner that has no jobs yet.
func New(cfg Config) *Runner {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{cfg: cfg, handlers: map[string]func(context.Context, json.RawMessage) error{},
		done: make(chan struct{}), started: make(chan struct{})}
}

// Define names the function that runs jobs of one kind. Between its steps the function must do the same thing every
// time: after a crash it is run from the beginning, and the steps that finished give the results that they gave.
func Define[I any](r *Runner, name string, f func(ctx context.Context, in I) error) {
	if _, taken := r.handlers[name]; taken {
		panic("job " + name + " is defined twice")
	}
	r.handlers[name] = func(ctx context.Context, input json.RawMessage) error {
		var in I
		if err := json.Unmarshal(input, &in); err != nil {
			return fmt.Errorf("cannot decode input of job %s: %w", name, err)
		}
		return f(ctx, in)
	}
}

// Start begins to hand jobs on, and goes on with those that a crash interrupted. It returns at once.
func (r *Runner) Start(ctx context.Context) {
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go r.relay(ctx)
}

// Stop interrupts the jobs that run, which go on at the next start, and waits for them for at most timeout.
func (r *Runner) Stop(timeout time.Duration) error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.engine == nil {
		return nil
	}
	if err := dbos.Shutdown(r.engine, timeout); err != nil {
		return fmt.Errorf("cannot stop jobs: %w", err)
	}
	return nil
}

// envelope is what DBOS keeps of a job.
type envelope struct {
	Job   string
	Input json.RawMessage
}

func (r *Runner) run(ctx dbos.Context, e envelope) (string, error) {
	handler := r.handlers[e.Job]
	if handler == nil {
		return "", fmt.Errorf("no job is named %s", e.Job)
	}
	err := handler(context.WithValue(ctx, jobKey{}, ctx), e.Input)
	if err != nil && ctx.Err() == nil {
		id, _ := dbos.GetWorkflowID(ctx)
		r.cfg.Logger.Error("job failed", "job", e.Job, "id", id, "error", err)
	}
	return "", err
}

// State is how far a job is.
type State string

// The states.
const (
	Running   State = "RUNNING"
	Succeeded State = "SUCCEEDED"
	Failed    State = "FAILED"
	Cancelled State = "CANCELLED"
)

// Status is a job's state, with the error of a failed one.
type Status struct {
	State State
	Error string
}

// Status tells how far a job is. It waits for the runner to be ready, or for ctx.
func (r *Runner) Status(ctx context.Context, id string) (Status, error) {
	engine, err := r.ready(ctx)
	if err != nil {
		return Status{}, err
	}
	found, err := dbos.ListWorkflows(engine, dbos.WithFilterWorkflowIDs(id))
	if err != nil {
		return Status{}, fmt.Errorf("cannot read job %s: %w", id, err)
	}
	if len(found) == 0 {
		return Status{}, ErrUnknown
	}
	s := Status{State: Running}
	switch found[0].Status {
	case dbos.WorkflowStatusSuccess:
		s.State = Succeeded
	case dbos.WorkflowStatusError, dbos.WorkflowStatusMaxRecoveryAttemptsExceeded:
		s.State, s.Error = Failed, "it was interrupted too often"
		if found[0].Error != nil {
			s.Error = found[0].Error.Error()
		}
	case dbos.WorkflowStatusCancelled:
		s.State = Cancelled
	}
	return s, nil
}

// Cancel ends a job: its context is cancelled, and no further step begins.
func (r *Runner) Cancel(ctx context.Context, id string) error {
	engine, err := r.ready(ctx)
	if err != nil {
		return err
	}
	if err := dbos.CancelWorkflow(engine, id); err != nil {
		return fmt.Errorf("cannot cancel job %s: %w", id, err)
	}
	return nil
}

func (r *Runner) ready(ctx context.Context) (dbos.Context, error) {
	select {
	case <-r.started:
		return r.engine, nil
	case <-r.done:
		return nil, ErrUnknown
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
