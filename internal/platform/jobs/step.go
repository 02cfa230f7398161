package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

type jobKey struct{}

var errNoJob = errors.New("steps belong in jobs")

func engineOf(ctx context.Context) (dbos.Context, error) {
	c, ok := ctx.Value(jobKey{}).(dbos.Context)
	if !ok {
		return nil, errNoJob
	}
	return dbos.From(c, ctx), nil
}

// ID is the id of the job that ctx belongs to, as Enqueue returned it; "" outside a job.
func ID(ctx context.Context) string {
	c, err := engineOf(ctx)
	if err != nil {
		return ""
	}
	id, _ := dbos.GetWorkflowID(c)
	return id
}

// Step runs f and records its result, JSON-encoded. After a crash a recorded step gives its result without running;
// one that was interrupted runs again, so f must bear to be repeated. f's error is recorded too.
func Step[T any](ctx context.Context, name string, f func(ctx context.Context) (T, error)) (T, error) {
	return retried(ctx, name, f)
}

// Retry is Step, but tries f up to attempts times with a growing wait between, from first on.
func Retry[T any](ctx context.Context, name string, attempts int, first time.Duration, f func(ctx context.Context) (T, error)) (T, error) {
	return retried(ctx, name, f, dbos.WithStepMaxRetries(attempts-1), dbos.WithStepBaseInterval(first))
}

func retried[T any](ctx context.Context, name string, f func(ctx context.Context) (T, error), opts ...dbos.StepOption) (T, error) {
	c, err := engineOf(ctx)
	if err != nil {
		var none T
		return none, fmt.Errorf("cannot run step %s: %w", name, err)
	}
	return dbos.RunAsStep(c, f, append(opts, dbos.WithStepName(name))...)
}

// Sleep waits for d. A restart does not begin the wait anew.
func Sleep(ctx context.Context, d time.Duration) error {
	c, err := engineOf(ctx)
	if err != nil {
		return fmt.Errorf("cannot sleep: %w", err)
	}
	_, err = dbos.Sleep(c, d)
	return err
}
