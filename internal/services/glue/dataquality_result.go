package glue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/evaluate"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// qualityResult is what came out of a ruleset.
type qualityResult struct {
	types.DataQualityResult
	Metrics map[string]float64 // all that was measured
}

// MarshalJSON leaves out what is not set.
func (r qualityResult) MarshalJSON() ([]byte, error) {
	type plain qualityResult
	return catalog.Compact(json.Marshal(plain(r)))
}

// after makes an id of a run and a name, that stands in order as the run's does and is the same when the run is done again.
func after(prefix, run, name string) string {
	sum := sha256.Sum256([]byte(run + "\x00" + name))
	_, hexes, _ := strings.Cut(run, "-")
	return prefix + "-" + hexes[:min(16, len(hexes))] + hex.EncodeToString(sum[:12])
}

// resultOf is a report as the API has it.
func resultOf(r qualityRun, ruleset string, report evaluate.Report) qualityResult {
	out := qualityResult{Metrics: report.Metrics, DataQualityResult: types.DataQualityResult{ResultId: aws.String(after("dqresult", r.ID, ruleset)),
		ProfileId: aws.String(after("dqprofile", r.ID, ruleset)), DataSource: &r.Source, RulesetName: aws.String(ruleset),
		RulesetEvaluationRunId: aws.String(r.ID), Score: aws.Float64(report.Score)}}
	passed := 0.0
	for i, o := range report.Rules {
		rule := types.DataQualityRuleResult{Name: aws.String(fmt.Sprintf("Rule_%d", i+1)), Description: aws.String(o.Rule),
			EvaluatedRule: aws.String(o.Rule), Result: types.DataQualityRuleResultStatus(o.Result), EvaluatedMetrics: o.Metrics, Labels: o.Labels}
		if o.Message != "" {
			rule.EvaluationMessage = aws.String(o.Message)
		}
		if o.Result == evaluate.Pass {
			passed++
		}
		out.RuleResults = append(out.RuleResults, rule)
	}
	for i, o := range report.Analyzers {
		a := types.DataQualityAnalyzerResult{Name: aws.String(fmt.Sprintf("Analyzer_%d", i+1)), Description: aws.String(o.Rule), EvaluatedMetrics: o.Metrics}
		if o.Message != "" {
			a.EvaluationMessage = aws.String(o.Message)
		}
		out.AnalyzerResults = append(out.AnalyzerResults, a)
	}
	all := float64(len(report.Rules))
	out.AggregatedMetrics = &types.DataQualityAggregatedMetrics{TotalRulesProcessed: aws.Float64(all), TotalRulesPassed: aws.Float64(passed),
		TotalRulesFailed: aws.Float64(all - passed)}
	if rows := report.Rows; rows != nil {
		out.AggregatedMetrics.TotalRowsProcessed, out.AggregatedMetrics.TotalRowsPassed = &rows.Processed, &rows.Passed
		out.AggregatedMetrics.TotalRowsFailed = aws.Float64(rows.Processed - rows.Passed)
	}
	return out
}

// publish writes a result to where the run asks for it.
func (q *sources) publish(ctx context.Context, r qualityRun, result qualityResult) error {
	if r.Options == nil || aws.ToString(r.Options.ResultsS3Prefix) == "" {
		return nil
	}
	at, ok := governance.PathOf(*r.Options.ResultsS3Prefix)
	if !ok {
		return invalid("ResultsS3Prefix is not a location in S3: %s", *r.Options.ResultsS3Prefix)
	}
	bucket, prefix, _ := strings.Cut(at, "/")
	if prefix != "" {
		prefix += "/"
	}
	body, err := catalog.Compact(json.Marshal(result.DataQualityResult))
	if err != nil {
		return err
	}
	key := prefix + *result.ResultId + ".json"
	_, err = lake.Client(q.s.Clients(q.role, q.region)).PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body),
		ContentType: aws.String("application/json")})
	if err != nil {
		return fmt.Errorf("cannot write the result to s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// keepResults keeps what a run found, and tells of it.
func (s *Service) keepResults(tx *store.Tx, r *qualityRun, list []qualityResult) error {
	r.Results = []string{}
	for _, result := range list {
		r.Results = append(r.Results, *result.ResultId)
		k := store.Key{Account: r.Account, Region: r.Region, ID: *result.ResultId}
		if err := s.quality.results.Put(tx, k, result); err != nil {
			return err
		}
		if err := s.keepStatistics(tx, *r, result); err != nil {
			return err
		}
		if err := s.resultAvailable(tx, *r, result); err != nil {
			return err
		}
	}
	return nil
}

// resultEvent is the detail of the event that tells of a result.
// Source: https://docs.aws.amazon.com/glue/latest/dg/data-quality-alerts.html
type resultEvent struct {
	Context struct {
		ContextType  string `json:"contextType"`
		RunID        string `json:"runId"`
		DatabaseName string `json:"databaseName"`
		TableName    string `json:"tableName"`
		CatalogID    string `json:"catalogId"`
	} `json:"context"`
	ResultID       string   `json:"resultID"`
	RulesetNames   []string `json:"rulesetNames"`
	State          string   `json:"state"`
	Score          float64  `json:"score"`
	RulesSucceeded int      `json:"rulesSucceeded"`
	RulesFailed    int      `json:"rulesFailed"`
	RulesSkipped   int      `json:"rulesSkipped"`
}

func (s *Service) resultAvailable(tx *store.Tx, r qualityRun, result qualityResult) error {
	e := resultEvent{ResultID: *result.ResultId, RulesetNames: []string{*result.RulesetName}, State: "SUCCEEDED", Score: math.Round(*result.Score*100) / 100}
	table, catalogID := namesOf(r.Source)
	e.Context.ContextType, e.Context.RunID = "GLUE_DATA_CATALOG", r.ID
	e.Context.DatabaseName, e.Context.TableName, e.Context.CatalogID = table[0], table[1], catalogID
	if catalogID == "" {
		e.Context.CatalogID = r.Account
	}
	for _, rule := range result.RuleResults {
		if rule.Result == types.DataQualityRuleResultStatusPass {
			e.RulesSucceeded++
		} else {
			e.RulesFailed++
			e.State = "FAILED"
		}
	}
	detail, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.glue-dataquality", DetailType: "Data Quality Evaluation Results Available", Account: r.Account,
		Region: r.Region, Resources: []string{}, Detail: detail})
}

// namesOf are the database and table of a data source, and its catalog when it names one.
func namesOf(d types.DataSource) (table [2]string, catalogID string) {
	if g := d.GlueTable; g != nil {
		return [2]string{aws.ToString(g.DatabaseName), aws.ToString(g.TableName)}, aws.ToString(g.CatalogId)
	}
	if g := d.DataQualityGlueTable; g != nil {
		return [2]string{aws.ToString(g.DatabaseName), aws.ToString(g.TableName)}, aws.ToString(g.CatalogId)
	}
	return table, ""
}

func (s *Service) resultNamed(ctx context.Context, id string) (r qualityResult, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		r, err = s.quality.results.Get(tx, within(ctx, id))
		return absent(err, notFound("Data quality result %s not found.", id))
	})
	return r, err
}

// GetDataQualityResult describes a result.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataQualityResult.html
func (s *Service) GetDataQualityResult(ctx context.Context, in *glue.GetDataQualityResultInput) (*glue.GetDataQualityResultOutput, error) {
	r, err := s.resultNamed(ctx, *in.ResultId)
	if err != nil {
		return nil, err
	}
	return &glue.GetDataQualityResultOutput{ResultId: r.ResultId, ProfileId: r.ProfileId, DataSource: r.DataSource, RulesetName: r.RulesetName,
		RulesetEvaluationRunId: r.RulesetEvaluationRunId, Score: r.Score, StartedOn: r.StartedOn, CompletedOn: r.CompletedOn,
		RuleResults: r.RuleResults, AnalyzerResults: r.AnalyzerResults, AggregatedMetrics: r.AggregatedMetrics}, nil
}

// BatchGetDataQualityResult describes results.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetDataQualityResult.html
func (s *Service) BatchGetDataQualityResult(ctx context.Context, in *glue.BatchGetDataQualityResultInput) (*glue.BatchGetDataQualityResultOutput, error) {
	out := &glue.BatchGetDataQualityResultOutput{Results: []types.DataQualityResult{}}
	for _, id := range in.ResultIds {
		r, err := s.resultNamed(ctx, id)
		var missing *types.EntityNotFoundException
		switch {
		case errors.As(err, &missing):
			out.ResultsNotFound = append(out.ResultsNotFound, id)
		case err != nil:
			return nil, err
		default:
			out.Results = append(out.Results, r.DataQualityResult)
		}
	}
	return out, nil
}

// ListDataQualityResults lists results, the newest first. All are of the catalog: there are no jobs that could have some.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListDataQualityResults.html
func (s *Service) ListDataQualityResults(ctx context.Context, in *glue.ListDataQualityResultsInput) (*glue.ListDataQualityResultsOutput, error) {
	list, next, err := pages(ctx, s, s.quality.results, in.NextToken, in.MaxResults, func(_ string, r qualityResult) *types.DataQualityResultDescription {
		if f := in.Filter; f != nil && (f.JobName != nil || f.JobRunId != nil || !sameSource(ctx, f.DataSource, r.DataSource) ||
			!between(*r.StartedOn, f.StartedAfter, f.StartedBefore)) {
			return nil
		}
		return &types.DataQualityResultDescription{ResultId: r.ResultId, DataSource: r.DataSource, StartedOn: r.StartedOn}
	})
	return &glue.ListDataQualityResultsOutput{Results: list, NextToken: next}, err
}
