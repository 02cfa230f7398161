package glue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// quality is the state of Data Quality.
type quality struct {
	tokens          *wire.Tokens
	rulesets        *store.Table[ruleset] // by name
	evaluations     *store.Table[qualityRun]
	recommendations *store.Table[qualityRun]
	results         *store.Table[qualityResult]
	statistics      *store.Table[statistic] // by statisticKey

	mu      sync.Mutex
	running map[store.Key]context.CancelFunc // runs at work here
}

func (s *Service) openQuality() {
	q := &s.quality
	q.tokens, q.running = wire.NewTokens(s.Store, s.Clock), map[store.Key]context.CancelFunc{}
	q.rulesets = store.NewTable[ruleset](s.Store, "glue_dataqualityruleset")
	q.evaluations = store.NewTable[qualityRun](s.Store, "glue_dataqualityevaluation")
	q.recommendations = store.NewTable[qualityRun](s.Store, "glue_dataqualityrecommendation")
	q.results = store.NewTable[qualityResult](s.Store, "glue_dataqualityresult")
	q.statistics = store.NewTable[statistic](s.Store, "glue_dataqualitystatistic", store.Index[statistic]{Name: byProfile,
		Value: func(v statistic) []string { return []string{aws.ToString(v.ProfileId)} }})
	s.tagged["dataQualityRuleset"] = func(tx *store.Tx, k store.Key) error {
		_, err := q.rulesets.Get(tx, k)
		return err
	}
	s.defineQualityJob()
}

// qualityOps lists the operations of Data Quality.
func (s *Service) qualityOps() wire.Ops {
	return wire.Ops{
		wire.Op(s.BatchGetDataQualityResult, wire.On(onRulesets[glue.BatchGetDataQualityResultInput])),
		wire.Op(s.BatchGetDataQualityRulesetEvaluationRun, wire.On(onRulesets[glue.BatchGetDataQualityRulesetEvaluationRunInput])),
		wire.Op(s.BatchPutDataQualityStatisticAnnotation, wire.On(onRulesets[glue.BatchPutDataQualityStatisticAnnotationInput])),
		wire.Op(s.CancelDataQualityRuleRecommendationRun, wire.On(onRulesets[glue.CancelDataQualityRuleRecommendationRunInput])),
		wire.Op(s.CancelDataQualityRulesetEvaluationRun, wire.On(onRulesets[glue.CancelDataQualityRulesetEvaluationRunInput])),
		wire.Op(s.CreateDataQualityRuleset, wire.On(s.createRulesetTargets)),
		wire.Op(s.DeleteDataQualityRuleset, wire.On(s.deleteRulesetTargets)),
		wire.Op(s.GetDataQualityResult, wire.On(onRulesets[glue.GetDataQualityResultInput])),
		wire.Op(s.GetDataQualityRuleRecommendationRun, wire.On(onRulesets[glue.GetDataQualityRuleRecommendationRunInput])),
		wire.Op(s.GetDataQualityRuleset, wire.On(s.getRulesetTargets)),
		wire.Op(s.GetDataQualityRulesetEvaluationRun, wire.On(onRulesets[glue.GetDataQualityRulesetEvaluationRunInput])),
		wire.Op(s.ListDataQualityResults, wire.On(onRulesets[glue.ListDataQualityResultsInput])),
		wire.Op(s.ListDataQualityRuleRecommendationRuns, wire.On(onRulesets[glue.ListDataQualityRuleRecommendationRunsInput])),
		wire.Op(s.ListDataQualityRulesetEvaluationRuns, wire.On(onRulesets[glue.ListDataQualityRulesetEvaluationRunsInput])),
		wire.Op(s.ListDataQualityRulesets, wire.On(onRulesets[glue.ListDataQualityRulesetsInput])),
		wire.Op(s.ListDataQualityStatisticAnnotations, wire.On(onRulesets[glue.ListDataQualityStatisticAnnotationsInput])),
		wire.Op(s.ListDataQualityStatistics, wire.On(onRulesets[glue.ListDataQualityStatisticsInput])),
		wire.Op(s.PutDataQualityProfileAnnotation, wire.On(onRulesets[glue.PutDataQualityProfileAnnotationInput])),
		wire.Op(s.StartDataQualityRuleRecommendationRun, wire.On(s.startRecommendationTargets)),
		wire.Op(s.StartDataQualityRulesetEvaluationRun, wire.On(s.startEvaluationTargets)),
		wire.Op(s.UpdateDataQualityRuleset, wire.On(s.updateRulesetTargets)),
	}
}

func rulesetARN(ctx context.Context, name string) string {
	c := wire.CallOf(ctx)
	return arn.New("glue", c.Region, c.Account(), "dataQualityRuleset/"+name)
}

// onRuleset is what IAM has to allow for the ruleset of a name.
// Source: https://docs.aws.amazon.com/glue/latest/dg/data-quality-authorization.html
func (s *Service) onRuleset(ctx context.Context, name *string) ([]wire.Target, error) {
	return s.onARN(ctx, aws.String(rulesetARN(ctx, *name)))
}

// onRulesets is for operations that name no ruleset: runs, results and lists.
func onRulesets[I any](ctx context.Context, _ *I) ([]wire.Target, error) {
	return []wire.Target{{Resource: rulesetARN(ctx, "*")}}, nil
}

// within is the place of the caller's account and region.
func within(ctx context.Context, id string) store.Key {
	c := wire.CallOf(ctx)
	return store.Key{Account: c.Account(), Region: c.Region, ID: id}
}

// tokenReused gives the client token's error Glue's words.
func tokenReused(err error) error {
	if errors.Is(err, wire.ErrTokenReused) {
		return &types.IdempotentParameterMismatchException{Message: aws.String("The client token was used before with other parameters.")}
	}
	return err
}

// newestFirst makes an id, with which later ones stand before earlier ones.
func (s *Service) newestFirst(prefix string) string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return fmt.Sprintf("%s-%016x%s", prefix, math.MaxInt64-s.Clock.Now().UnixNano(), hex.EncodeToString(random))
}

// pages walks the rows of t in the caller's account and region, and makes a page of what show gives.
func pages[T, O any](ctx context.Context, s *Service, t *store.Table[T], token *string, max *int32, show func(string, T) *O) ([]O, *string, error) {
	return fill(ctx, token, max, func(after string) ([]entry[store.Row[T]], error) {
		k := within(ctx, "")
		var rows []store.Row[T]
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = t.List(tx, store.Range{Account: k.Account, Region: k.Region, After: after, Limit: batch})
			return err
		})
		out := make([]entry[store.Row[T]], len(rows))
		for i, r := range rows {
			out[i] = entry[store.Row[T]]{r.Key.ID, r}
		}
		return out, err
	}, func(r store.Row[T]) (*O, error) { return show(r.Key.ID, r.Value), nil })
}
