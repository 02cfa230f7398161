package glue

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// qualityRun is a run, of an evaluation or of a recommendation.
type qualityRun struct {
	ID, Account, Region string
	Role                string // ARN
	Asked               string // role as the request names it
	Source              types.DataSource
	Status              types.TaskStatusType
	Started, Modified   time.Time
	Completed           *time.Time
	Workers, Timeout    *int32 // timeout in minutes
	Error               *string

	// of evaluations
	Rulesets []string
	More     map[string]types.DataSource
	Options  *types.DataQualityEvaluationRunAdditionalRunOptions
	Results  []string

	// of recommendations
	Recommends  bool
	Created     *string // ruleset to be made
	Security    *string
	Recommended *string
	Mode        types.RecommendationMode
}

// MarshalJSON leaves out what is not set.
func (r qualityRun) MarshalJSON() ([]byte, error) {
	type plain qualityRun
	return catalog.Compact(json.Marshal(plain(r)))
}

func (r qualityRun) key() store.Key {
	return store.Key{Account: r.Account, Region: r.Region, ID: r.ID}
}

func (r qualityRun) ended() bool {
	switch r.Status {
	case types.TaskStatusTypeStopped, types.TaskStatusTypeSucceeded, types.TaskStatusTypeFailed, types.TaskStatusTypeTimeout:
		return true
	}
	return false
}

// seconds is how long the run has taken.
func (r qualityRun) seconds(now time.Time) int32 {
	if r.Completed != nil {
		now = *r.Completed
	}
	return int32(now.Sub(r.Started) / time.Second)
}

func roleARN(ctx context.Context, role *string) string {
	if name := aws.ToString(role); !strings.HasPrefix(name, "arn:") {
		return arn.New("iam", "", wire.CallOf(ctx).Account(), "role/"+name)
	}
	return *role
}

// onPassing is what IAM has to allow for a run with a role.
func onPassing(ctx context.Context, role *string) []wire.Target {
	return []wire.Target{{Resource: rulesetARN(ctx, "*")}, onPassedRole(ctx, role)}
}

// onPassedRole is what IAM has to allow to hand Glue a role.
func onPassedRole(ctx context.Context, role *string) wire.Target {
	return wire.Target{Action: "iam:PassRole", Resource: roleARN(ctx, role), Context: authz.Context{"iam:PassedToService": {servicePrincipal}}}
}

// servicePrincipal is Glue, to the roles that it assumes.
const servicePrincipal = "glue.amazonaws.com"

// defaultTimeout is how long a run may take, in minutes, when nothing else is said.
const defaultTimeout = 2880

// newRun makes a run that begins, with a role that Glue may assume.
func (s *Service) newRun(ctx context.Context, role *string, source *types.DataSource) (qualityRun, error) {
	c := wire.CallOf(ctx)
	r := qualityRun{ID: s.newestFirst("dqrun"), Account: c.Account(), Region: c.Region, Role: roleARN(ctx, role), Asked: *role, Source: *source,
		Status: types.TaskStatusTypeStarting, Started: c.Time, Modified: c.Time}
	if _, _, _, err := tableOfSource(ctx, *source); err != nil {
		return r, err
	}
	_, err := s.Directory.ServiceSession(ctx, servicePrincipal, r.Role, r.ID)
	if errors.Is(err, identity.ErrNotTrusted) {
		err = invalid("Glue cannot assume the role %s: its trust policy has to allow %s.", r.Role, servicePrincipal)
	}
	return r, err
}

// begin keeps a run and starts its job.
func (s *Service) beginRun(tx *store.Tx, r qualityRun) error {
	if err := s.quality.runs(r).Insert(tx, r.key(), r); err != nil {
		return err
	}
	_, err := tx.Enqueue(qualityJob, qualityWork{Key: r.key(), Recommends: r.Recommends})
	return err
}

// runs is where runs of a kind are kept.
func (q *quality) runs(r qualityRun) *store.Table[qualityRun] {
	if r.Recommends {
		return q.recommendations
	}
	return q.evaluations
}

// StartDataQualityRulesetEvaluationRun begins to measure a table by rulesets.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartDataQualityRulesetEvaluationRun.html
func (s *Service) StartDataQualityRulesetEvaluationRun(ctx context.Context, in *glue.StartDataQualityRulesetEvaluationRunInput) (*glue.StartDataQualityRulesetEvaluationRunOutput, error) {
	r, err := s.newRun(ctx, in.Role, in.DataSource)
	if err != nil {
		return nil, err
	}
	for _, d := range in.AdditionalDataSources {
		if _, _, _, err := tableOfSource(ctx, d); err != nil {
			return nil, err
		}
	}
	r.Rulesets, r.More, r.Options, r.Workers, r.Timeout = in.RulesetNames, in.AdditionalDataSources, in.AdditionalRunOptions, in.NumberOfWorkers, in.Timeout
	var out *glue.StartDataQualityRulesetEvaluationRunOutput
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.quality.tokens, tx, in.ClientToken, in, func() (*glue.StartDataQualityRulesetEvaluationRunOutput, error) {
			for _, name := range in.RulesetNames {
				if _, err := s.rulesetNamed(ctx, tx, name); err != nil {
					return nil, err
				}
			}
			return &glue.StartDataQualityRulesetEvaluationRunOutput{RunId: &r.ID}, s.beginRun(tx, r)
		})
		return tokenReused(err)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) startEvaluationTargets(ctx context.Context, in *glue.StartDataQualityRulesetEvaluationRunInput) ([]wire.Target, error) {
	return onPassing(ctx, in.Role), nil
}

// runNamed reads a run of the caller's account.
func (s *Service) runNamed(ctx context.Context, t *store.Table[qualityRun], id *string) (r qualityRun, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		r, err = t.Get(tx, within(ctx, *id))
		return absent(err, notFound("Data quality run %s not found.", *id))
	})
	return r, err
}

// GetDataQualityRulesetEvaluationRun describes a run.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataQualityRulesetEvaluationRun.html
func (s *Service) GetDataQualityRulesetEvaluationRun(ctx context.Context, in *glue.GetDataQualityRulesetEvaluationRunInput) (*glue.GetDataQualityRulesetEvaluationRunOutput, error) {
	r, err := s.runNamed(ctx, s.quality.evaluations, in.RunId)
	if err != nil {
		return nil, err
	}
	return &glue.GetDataQualityRulesetEvaluationRunOutput{RunId: &r.ID, DataSource: &r.Source, AdditionalDataSources: r.More,
		AdditionalRunOptions: r.Options, Role: &r.Asked, NumberOfWorkers: r.Workers, Timeout: r.Timeout, RulesetNames: r.Rulesets, ResultIds: r.Results,
		Status: r.Status, ErrorString: r.Error, StartedOn: &r.Started, LastModifiedOn: &r.Modified, CompletedOn: r.Completed,
		ExecutionTime: r.seconds(wire.CallOf(ctx).Time)}, nil
}

// BatchGetDataQualityRulesetEvaluationRun describes runs.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetDataQualityRulesetEvaluationRun.html
func (s *Service) BatchGetDataQualityRulesetEvaluationRun(ctx context.Context, in *glue.BatchGetDataQualityRulesetEvaluationRunInput) (*glue.BatchGetDataQualityRulesetEvaluationRunOutput, error) {
	out := &glue.BatchGetDataQualityRulesetEvaluationRunOutput{Runs: []types.DataQualityRulesetEvaluationRun{}}
	for _, id := range in.RunIds {
		r, err := s.runNamed(ctx, s.quality.evaluations, &id)
		var missing *types.EntityNotFoundException
		if errors.As(err, &missing) {
			out.RunsNotFound = append(out.RunsNotFound, id)
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Runs = append(out.Runs, types.DataQualityRulesetEvaluationRun{RunId: &r.ID, DataSource: &r.Source, AdditionalDataSources: r.More,
			AdditionalRunOptions: r.Options, Role: &r.Asked, NumberOfWorkers: r.Workers, Timeout: r.Timeout, RulesetNames: r.Rulesets, ResultIds: r.Results,
			Status: r.Status, ErrorString: r.Error, StartedOn: &r.Started, LastModifiedOn: &r.Modified, CompletedOn: r.Completed,
			ExecutionTime: r.seconds(wire.CallOf(ctx).Time)})
	}
	return out, nil
}

// ListDataQualityRulesetEvaluationRuns lists runs, the newest first.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListDataQualityRulesetEvaluationRuns.html
func (s *Service) ListDataQualityRulesetEvaluationRuns(ctx context.Context, in *glue.ListDataQualityRulesetEvaluationRunsInput) (*glue.ListDataQualityRulesetEvaluationRunsOutput, error) {
	list, next, err := pages(ctx, s, s.quality.evaluations, in.NextToken, in.MaxResults, func(_ string, r qualityRun) *types.DataQualityRulesetEvaluationRunDescription {
		if f := in.Filter; f != nil && !(sameSource(ctx, f.DataSource, &r.Source) && between(r.Started, f.StartedAfter, f.StartedBefore)) {
			return nil
		}
		return &types.DataQualityRulesetEvaluationRunDescription{RunId: &r.ID, DataSource: &r.Source, Status: r.Status, StartedOn: &r.Started}
	})
	return &glue.ListDataQualityRulesetEvaluationRunsOutput{Runs: list, NextToken: next}, err
}

// sameSource tells whether a data source is the table that a filter names, when it names one.
func sameSource(ctx context.Context, want, has *types.DataSource) bool {
	if want == nil {
		return true
	}
	if has == nil {
		return false
	}
	a, _, _, err := tableOfSource(ctx, *want)
	b, _, _, failed := tableOfSource(ctx, *has)
	return err == nil && failed == nil && a.Key() == b.Key()
}

// CancelDataQualityRulesetEvaluationRun ends a run.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CancelDataQualityRulesetEvaluationRun.html
func (s *Service) CancelDataQualityRulesetEvaluationRun(ctx context.Context, in *glue.CancelDataQualityRulesetEvaluationRunInput) (*glue.CancelDataQualityRulesetEvaluationRunOutput, error) {
	if err := s.cancelRun(ctx, s.quality.evaluations, in.RunId); err != nil {
		return nil, err
	}
	return &glue.CancelDataQualityRulesetEvaluationRunOutput{}, nil
}

// cancelRun has a run end: what it asks is interrupted, and it ends as STOPPED.
func (s *Service) cancelRun(ctx context.Context, t *store.Table[qualityRun], id *string) error {
	var r qualityRun
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = t.Get(tx, within(ctx, *id)); err != nil {
			return absent(err, notFound("Data quality run %s not found.", *id))
		}
		if r.ended() {
			return invalid("Data quality run %s has ended already: %s.", *id, r.Status)
		}
		r.Status, r.Modified = types.TaskStatusTypeStopping, wire.CallOf(ctx).Time
		return t.Put(tx, r.key(), r)
	})
	if err == nil {
		s.quality.interrupt(r.key())
	}
	return err
}
