package glue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
	"github.com/atelier-studio/atelier/internal/services/glue/evaluate"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// qualityJob is the job of a run. After a crash a run measures again what was not measured to the end.
const qualityJob = "glue-data-quality"

type qualityWork struct {
	Key        store.Key
	Recommends bool
}

// errOver tells that a run has ended without its job.
var errOver = errors.New("run is over")

func (q *quality) interrupt(k store.Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if stop := q.running[k]; stop != nil {
		stop()
	}
}

func (q *quality) enter(k store.Key, stop context.CancelFunc) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running[k] = stop
}

func (q *quality) leave(k store.Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, k)
}

func (s *Service) defineQualityJob() {
	jobs.Define(s.Jobs, qualityJob, func(job context.Context, w qualityWork) error {
		t := s.quality.runs(qualityRun{Recommends: w.Recommends})
		ctx, stop := context.WithCancel(job)
		defer stop()
		s.quality.enter(w.Key, stop)
		defer s.quality.leave(w.Key)
		r, err := s.running(job, t, w.Key)
		if errors.Is(err, errOver) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.Status == types.TaskStatusTypeStopping { // it was cancelled before it began here
			return s.endRun(job, t, w.Key, finding{}, nil)
		}
		limit := time.Duration(defaultTimeout) * time.Minute
		if m := aws.ToInt32(r.Timeout); m > 0 {
			limit = time.Duration(m) * time.Minute
		}
		ctx, done := context.WithTimeout(ctx, limit)
		defer done()
		work := s.measure
		if w.Recommends {
			work = s.recommend
		}
		found, err := work(ctx, r)
		if job.Err() != nil { // the server ends; the run goes on at the next start
			return job.Err()
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = ctx.Err()
		}
		return s.endRun(job, t, w.Key, found, err)
	})
}

// running moves a run to RUNNING.
func (s *Service) running(ctx context.Context, t *store.Table[qualityRun], k store.Key) (r qualityRun, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if r, err = t.Get(tx, k); err != nil {
			return absent(err, errOver)
		}
		switch {
		case r.ended():
			return errOver
		case r.Status == types.TaskStatusTypeStarting:
			r.Status, r.Modified = types.TaskStatusTypeRunning, s.Clock.Now().UTC()
		}
		return t.Put(tx, k, r)
	})
	return r, err
}

// finding is what a run found.
type finding struct {
	Results     []qualityResult
	Recommended string
	Rules       int32
}

// openSources opens the tables of a run for its role.
func (s *Service) openSources(ctx context.Context, r qualityRun) (*sources, error) {
	if s.Engine == nil {
		return nil, errors.New("there is no engine for SQL")
	}
	role, err := s.Directory.ServiceSession(ctx, servicePrincipal, r.Role, "GlueDataQuality")
	if err != nil {
		return nil, fmt.Errorf("cannot assume role %s: %w", r.Role, err)
	}
	q := &sources{s: s, role: role, region: r.Region, tables: map[string]*sql.Table{}, columns: map[string][]evaluate.Column{}}
	if err := q.open(ctx, evaluate.Primary, r.Source); err != nil {
		return nil, err
	}
	for alias, d := range r.More {
		if err := q.open(ctx, alias, d); err != nil {
			return nil, fmt.Errorf("data source %s: %w", alias, err)
		}
	}
	return q, nil
}

// measure measures a run's table by its rulesets. It may be done again.
func (s *Service) measure(ctx context.Context, r qualityRun) (out finding, err error) {
	q, err := s.openSources(ctx, r)
	if err != nil {
		return out, err
	}
	for _, name := range r.Rulesets {
		begun := s.Clock.Now().UTC()
		rules, err := s.rulesFor(ctx, r, name)
		if err != nil {
			return out, err
		}
		report, err := evaluate.Run(ctx, evaluate.Input{Rules: rules, Tables: q.columns, Query: q.query, Now: begun,
			ByRow: r.Options != nil && r.Options.CompositeRuleEvaluationMethod == types.DQCompositeRuleEvaluationMethodRow,
			History: func(metric string, n int) ([]float64, error) {
				return s.measuredBefore(ctx, r, statisticID(r, metric), n)
			}})
		if err != nil {
			return out, err
		}
		result := resultOf(r, name, report)
		result.StartedOn, result.CompletedOn = aws.Time(begun), aws.Time(s.Clock.Now().UTC())
		if err := q.publish(ctx, r, result); err != nil {
			return out, err
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// rulesFor reads a ruleset as it is now.
func (s *Service) rulesFor(ctx context.Context, r qualityRun, name string) (dqdl.Ruleset, error) {
	var kept ruleset
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		kept, err = s.quality.rulesets.Get(tx, store.Key{Account: r.Account, Region: r.Region, ID: name})
		return absent(err, noRuleset(name))
	})
	if err != nil {
		return dqdl.Ruleset{}, err
	}
	return dqdl.Parse(kept.Text)
}

// endRun gives a run its last state, with what it found.
func (s *Service) endRun(ctx context.Context, t *store.Table[qualityRun], k store.Key, found finding, failed error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := t.Get(tx, k)
		if err != nil || r.ended() {
			return absent(err, nil)
		}
		now := s.Clock.Now().UTC()
		stopped := r.Status == types.TaskStatusTypeStopping
		r.Modified, r.Completed, r.Status = now, &now, types.TaskStatusTypeSucceeded
		switch {
		case stopped:
			r.Status = types.TaskStatusTypeStopped
		case errors.Is(failed, context.DeadlineExceeded):
			r.Status, r.Error = types.TaskStatusTypeTimeout, aws.String("The run took longer than its timeout allows.")
		case failed != nil:
			r.Status, r.Error = types.TaskStatusTypeFailed, aws.String(said(failed))
		case r.Recommends:
			err = s.keepRecommendation(tx, &r, found)
		default:
			err = s.keepResults(tx, &r, found.Results)
		}
		if err != nil {
			return err
		}
		return t.Put(tx, k, r)
	})
}

// said is an error in words that the account's people may read.
func said(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
