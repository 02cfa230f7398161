package athena

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// jobQuery is the job of a query. Its input is the key of the execution.
const jobQuery = "athena-query"

// errGone tells that a query was cancelled or deleted.
var errGone = errors.New("query is gone")

// interrupt ends a query that runs here.
func (s *Service) interrupt(k store.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.running[k]; cancel != nil {
		cancel()
	}
}

// run takes a query from the queue to its end. It is run again after a crash; a query that had begun then has failed.
func (s *Service) run(job context.Context, k store.Key) error {
	ctx, cancel := context.WithCancel(job)
	defer cancel()
	s.mu.Lock()
	s.running[k] = cancel
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.running, k)
		s.mu.Unlock()
	}()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done(): // cancelled, or the server ends: the query then waits for the next start
		return job.Err()
	}
	e, err := s.begin(job, k)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	var failed error
	if e.Instance != s.instance {
		failed, e.wrote = interrupted(), e.Writes
	} else {
		failed = s.execute(ctx, &e)
	}
	if job.Err() != nil { // the server ends; the next start finds the query interrupted
		return job.Err()
	}
	return s.end(job, &e, failed)
}

// begin moves a query from QUEUED to RUNNING. One that runs already was begun by an earlier run of the server.
func (s *Service) begin(ctx context.Context, k store.Key) (e execution, err error) {
	now := s.Clock.Now().UTC()
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if e, err = s.executions.Get(tx, k); err != nil {
			return absent(err, errGone)
		}
		switch e.state() {
		case types.QueryExecutionStateRunning:
			return nil
		case types.QueryExecutionStateQueued:
		default:
			return errGone
		}
		e.Status.State, e.Instance, e.Begun = types.QueryExecutionStateRunning, s.instance, now
		if err := emit(tx, &e, types.QueryExecutionStateQueued); err != nil {
			return err
		}
		return s.executions.Put(tx, k, e)
	})
	return e, err
}

// writes remembers, before anything is written there, what has to be removed when the query doesn't succeed. Where results
// go is known from the start.
func (s *Service) writes(ctx context.Context, e *execution, places ...string) error {
	e.wrote = append(e.wrote, places...)
	fresh := slices.DeleteFunc(slices.Clone(places), func(p string) bool { return slices.Contains(e.Writes, p) })
	if len(fresh) == 0 {
		return nil
	}
	e.Writes = append(e.Writes, fresh...)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.executions.Get(tx, e.key())
		if err != nil || now.state() != types.QueryExecutionStateRunning {
			return absent(err, errGone)
		}
		now.Writes = e.Writes
		return s.executions.Put(tx, e.key(), now)
	})
}

// end gives a query its last state, unless it was cancelled. What a query wrote that didn't succeed is removed first.
func (s *Service) end(ctx context.Context, e *execution, failed error) error {
	if failed != nil {
		s.remove(ctx, e)
	}
	now := s.Clock.Now().UTC()
	cancelled := false
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		kept, err := s.executions.Get(tx, e.key())
		if errors.Is(err, store.ErrNotFound) || err == nil && kept.ended() {
			cancelled = true
			return nil
		}
		if err != nil {
			return err
		}
		e.Sequence = kept.Sequence
		e.Status.State, e.Status.CompletionDateTime = types.QueryExecutionStateSucceeded, aws.Time(now)
		if failed != nil {
			f := faultOf(failed)
			e.Status.State, e.Status.StateChangeReason, e.Status.AthenaError = types.QueryExecutionStateFailed, f.ErrorMessage, f
		}
		e.measure(now)
		if err := emit(tx, e, types.QueryExecutionStateRunning); err != nil {
			return err
		}
		if err := s.remember(tx, e); err != nil {
			return err
		}
		return s.executions.Put(tx, e.key(), *e)
	})
	if err == nil && cancelled && failed == nil {
		s.remove(ctx, e)
	}
	return err
}

// measure writes down how long the parts of a query took. What its engine and its planning took is there already.
func (e *execution) measure(now time.Time) {
	t := e.Statistics
	begun := e.Begun
	if begun.IsZero() {
		begun = now
	}
	t.QueryQueueTimeInMillis, t.TotalExecutionTimeInMillis = millis(begun.Sub(*e.Status.SubmissionDateTime)), millis(now.Sub(*e.Status.SubmissionDateTime))
	if t.EngineExecutionTimeInMillis == nil {
		t.EngineExecutionTimeInMillis = millis(now.Sub(begun))
	}
	if t.DataScannedInBytes == nil {
		t.DataScannedInBytes = aws.Int64(0)
	}
	t.ServicePreProcessingTimeInMillis = aws.Int64(0)
	t.ServiceProcessingTimeInMillis = aws.Int64(max(0, *t.TotalExecutionTimeInMillis-*t.QueryQueueTimeInMillis-*t.EngineExecutionTimeInMillis))
	t.ResultReuseInformation = &types.ResultReuseInformation{ReusedPreviousResult: t.ResultReuseInformation != nil && t.ResultReuseInformation.ReusedPreviousResult}
}
