package glue

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/evaluate"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// StartDataQualityRuleRecommendationRun begins to look at a table for rules that it keeps.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartDataQualityRuleRecommendationRun.html
func (s *Service) StartDataQualityRuleRecommendationRun(ctx context.Context, in *glue.StartDataQualityRuleRecommendationRunInput) (*glue.StartDataQualityRuleRecommendationRunOutput, error) {
	r, err := s.newRun(ctx, in.Role, in.DataSource)
	if err != nil {
		return nil, err
	}
	r.Recommends, r.Created, r.Security, r.Mode = true, in.CreatedRulesetName, in.DataQualitySecurityConfiguration, in.RecommendationMode
	r.Workers, r.Timeout = in.NumberOfWorkers, in.Timeout
	var out *glue.StartDataQualityRuleRecommendationRunOutput
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.quality.tokens, tx, in.ClientToken, in, func() (*glue.StartDataQualityRuleRecommendationRunOutput, error) {
			if name := aws.ToString(in.CreatedRulesetName); name != "" {
				if _, err := s.quality.rulesets.Get(tx, within(ctx, name)); err == nil {
					return nil, invalid("Data quality ruleset %s already exists.", name)
				} else if absent(err, nil) != nil {
					return nil, err
				}
			}
			return &glue.StartDataQualityRuleRecommendationRunOutput{RunId: &r.ID}, s.beginRun(tx, r)
		})
		return tokenReused(err)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) startRecommendationTargets(ctx context.Context, in *glue.StartDataQualityRuleRecommendationRunInput) ([]wire.Target, error) {
	return onPassing(ctx, in.Role), nil
}

// GetDataQualityRuleRecommendationRun describes a run, with the rules that it found.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataQualityRuleRecommendationRun.html
func (s *Service) GetDataQualityRuleRecommendationRun(ctx context.Context, in *glue.GetDataQualityRuleRecommendationRunInput) (*glue.GetDataQualityRuleRecommendationRunOutput, error) {
	r, err := s.runNamed(ctx, s.quality.recommendations, in.RunId)
	if err != nil {
		return nil, err
	}
	return &glue.GetDataQualityRuleRecommendationRunOutput{RunId: &r.ID, DataSource: &r.Source, Role: &r.Asked, NumberOfWorkers: r.Workers,
		Timeout: r.Timeout, Status: r.Status, ErrorString: r.Error, StartedOn: &r.Started, LastModifiedOn: &r.Modified, CompletedOn: r.Completed,
		ExecutionTime: r.seconds(wire.CallOf(ctx).Time), RecommendedRuleset: r.Recommended, CreatedRulesetName: r.Created, RecommendationMode: r.Mode,
		DataQualitySecurityConfiguration: r.Security}, nil
}

// ListDataQualityRuleRecommendationRuns lists runs, the newest first.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListDataQualityRuleRecommendationRuns.html
func (s *Service) ListDataQualityRuleRecommendationRuns(ctx context.Context, in *glue.ListDataQualityRuleRecommendationRunsInput) (*glue.ListDataQualityRuleRecommendationRunsOutput, error) {
	list, next, err := pages(ctx, s, s.quality.recommendations, in.NextToken, in.MaxResults, func(_ string, r qualityRun) *types.DataQualityRuleRecommendationRunDescription {
		if f := in.Filter; f != nil && !(sameSource(ctx, f.DataSource, &r.Source) && between(r.Started, f.StartedAfter, f.StartedBefore)) {
			return nil
		}
		return &types.DataQualityRuleRecommendationRunDescription{RunId: &r.ID, DataSource: &r.Source, Status: r.Status, StartedOn: &r.Started,
			CreatedRulesetName: r.Created, RecommendationMode: r.Mode}
	})
	return &glue.ListDataQualityRuleRecommendationRunsOutput{Runs: list, NextToken: next}, err
}

// CancelDataQualityRuleRecommendationRun ends a run.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CancelDataQualityRuleRecommendationRun.html
func (s *Service) CancelDataQualityRuleRecommendationRun(ctx context.Context, in *glue.CancelDataQualityRuleRecommendationRunInput) (*glue.CancelDataQualityRuleRecommendationRunOutput, error) {
	if err := s.cancelRun(ctx, s.quality.recommendations, in.RunId); err != nil {
		return nil, err
	}
	return &glue.CancelDataQualityRuleRecommendationRunOutput{}, nil
}

// recommend looks at a run's table and finds rules for it.
func (s *Service) recommend(ctx context.Context, r qualityRun) (out finding, err error) {
	q, err := s.openSources(ctx, r)
	if err != nil {
		return out, err
	}
	rules, err := evaluate.Recommend(ctx, evaluate.Input{Tables: q.columns, Query: q.query})
	if err != nil {
		return out, fmt.Errorf("cannot look at the table: %w", err)
	}
	out.Recommended, out.Rules = evaluate.Written(rules), int32(len(rules))
	return out, nil
}

// keepRecommendation keeps the rules that a run found, and makes the ruleset that it was asked for.
func (s *Service) keepRecommendation(tx *store.Tx, r *qualityRun, found finding) error {
	r.Recommended = &found.Recommended
	if aws.ToString(r.Created) == "" {
		return nil
	}
	table, catalogID := namesOf(r.Source)
	made := ruleset{Name: *r.Created, Text: found.Recommended, Rules: found.Rules, Created: r.Modified, Modified: r.Modified, RecommendationRun: &r.ID,
		Target: &types.DataQualityTargetTable{DatabaseName: &table[0], TableName: &table[1]}, Security: r.Security}
	if catalogID != "" {
		made.Target.CatalogId = &catalogID
	}
	err := s.quality.rulesets.Insert(tx, store.Key{Account: r.Account, Region: r.Region, ID: made.Name}, made)
	if taken(err, nil) == nil && err != nil { // somebody made one meanwhile
		r.Created = nil
		return nil
	}
	return err
}
