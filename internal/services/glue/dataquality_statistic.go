package glue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/evaluate"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// statistic is a metric of a table as one run measured it. Its key is its id and then the profile's, the newest first.
type statistic struct {
	types.StatisticSummary
}

// MarshalJSON leaves out what is not set.
func (s statistic) MarshalJSON() ([]byte, error) {
	type plain statistic
	return catalog.Compact(json.Marshal(plain(s)))
}

const byProfile = "profile"

// statisticID is equal for a metric of a table in all runs.
func statisticID(r qualityRun, metric string) string {
	table, catalogID := namesOf(r.Source)
	if catalogID == "" {
		catalogID = r.Account
	}
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join([]string{catalogID, table[0], table[1]}, "\x00")) + "\x00" + metric))
	return hex.EncodeToString(sum[:16])
}

func statisticKey(k store.Key, id, profile string) store.Key {
	k.ID = id + "/" + profile
	return k
}

// keepStatistics keeps what a run measured.
func (s *Service) keepStatistics(tx *store.Tx, r qualityRun, result qualityResult) error {
	for _, name := range evaluate.Names(result.Metrics) {
		id := statisticID(r, name)
		level, rest, _ := strings.Cut(name, ".")
		v := statistic{types.StatisticSummary{StatisticId: &id, ProfileId: result.ProfileId, RunIdentifier: &types.RunIdentifier{RunId: aws.String(r.ID)},
			DoubleValue: result.Metrics[name], EvaluationLevel: types.StatisticEvaluationLevel(level), RecordedOn: result.CompletedOn}}
		// The statistic's name is behind the last point; columns may have points in their names.
		at := strings.LastIndexByte(rest, '.')
		v.StatisticName = aws.String(rest[at+1:])
		if columns := rest[:max(at, 0)]; columns != "*" && columns != "" {
			v.ColumnsReferenced = strings.Split(columns, ",")
		}
		k := statisticKey(r.key(), id, *result.ProfileId)
		if err := s.quality.statistics.Put(tx, k, v); err != nil {
			return err
		}
	}
	return nil
}

// measuredBefore gives what was measured before, the newest first, without what was excluded.
func (s *Service) measuredBefore(ctx context.Context, r qualityRun, id string, n int) (out []float64, err error) {
	after := ""
	for len(out) < n {
		var rows []store.Row[statistic]
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = s.quality.statistics.List(tx, store.Range{Account: r.Account, Region: r.Region, Prefix: id + "/", After: after, Limit: n})
			return err
		})
		if err != nil || len(rows) == 0 {
			return out, err
		}
		for _, row := range rows {
			after = row.Key.ID
			if a := row.Value.InclusionAnnotation; a != nil && a.Value == types.InclusionAnnotationValueExclude || len(out) == n {
				continue
			}
			out = append(out, row.Value.DoubleValue)
		}
	}
	return out, nil
}

// statistics walks the statistics of an id, a profile, both or neither, and makes a page of what show gives.
func listStatistics[O any](ctx context.Context, s *Service, id, profile, token *string, max *int32, show func(statistic) *O) ([]O, *string, error) {
	return fill(ctx, token, max, func(after string) ([]entry[statistic], error) {
		k := within(ctx, "")
		r := store.Range{Account: k.Account, Region: k.Region, After: after, Limit: batch}
		if id != nil {
			r.Prefix = *id + "/"
		}
		var rows []store.Row[statistic]
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			if profile != nil {
				rows, err = s.quality.statistics.Find(tx, byProfile, *profile, r)
				return err
			}
			rows, err = s.quality.statistics.List(tx, r)
			return err
		})
		out := make([]entry[statistic], len(rows))
		for i, r := range rows {
			out[i] = entry[statistic]{r.Key.ID, r.Value}
		}
		return out, err
	}, func(v statistic) (*O, error) { return show(v), nil })
}

func (s statistic) recorded(f *types.TimestampFilter) bool {
	return f == nil || between(aws.ToTime(s.RecordedOn), f.RecordedAfter, f.RecordedBefore)
}

// ListDataQualityStatistics lists what was measured: by statistic, and the newest first within one.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListDataQualityStatistics.html
func (s *Service) ListDataQualityStatistics(ctx context.Context, in *glue.ListDataQualityStatisticsInput) (*glue.ListDataQualityStatisticsOutput, error) {
	list, next, err := listStatistics(ctx, s, in.StatisticId, in.ProfileId, in.NextToken, in.MaxResults, func(v statistic) *types.StatisticSummary {
		if !v.recorded(in.TimestampFilter) {
			return nil
		}
		return &v.StatisticSummary
	})
	return &glue.ListDataQualityStatisticsOutput{Statistics: list, NextToken: next}, err
}

// ListDataQualityStatisticAnnotations lists which statistics were included or excluded by hand.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListDataQualityStatisticAnnotations.html
func (s *Service) ListDataQualityStatisticAnnotations(ctx context.Context, in *glue.ListDataQualityStatisticAnnotationsInput) (*glue.ListDataQualityStatisticAnnotationsOutput, error) {
	list, next, err := listStatistics(ctx, s, in.StatisticId, in.ProfileId, in.NextToken, in.MaxResults, func(v statistic) *types.StatisticAnnotation {
		if v.InclusionAnnotation == nil || !v.recorded(in.TimestampFilter) {
			return nil
		}
		return &types.StatisticAnnotation{StatisticId: v.StatisticId, ProfileId: v.ProfileId, StatisticRecordedOn: v.RecordedOn,
			InclusionAnnotation: v.InclusionAnnotation}
	})
	return &glue.ListDataQualityStatisticAnnotationsOutput{Annotations: list, NextToken: next}, err
}

// BatchPutDataQualityStatisticAnnotation includes statistics in what dynamic rules look at, or excludes them.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchPutDataQualityStatisticAnnotation.html
func (s *Service) BatchPutDataQualityStatisticAnnotation(ctx context.Context, in *glue.BatchPutDataQualityStatisticAnnotationInput) (*glue.BatchPutDataQualityStatisticAnnotationOutput, error) {
	out := &glue.BatchPutDataQualityStatisticAnnotationOutput{FailedInclusionAnnotations: []types.AnnotationError{}}
	now := wire.CallOf(ctx).Time
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		out.FailedInclusionAnnotations = out.FailedInclusionAnnotations[:0]
		for _, a := range in.InclusionAnnotations {
			k := statisticKey(within(ctx, ""), aws.ToString(a.StatisticId), aws.ToString(a.ProfileId))
			v, err := s.quality.statistics.Get(tx, k)
			if absent(err, nil) == nil && err != nil {
				out.FailedInclusionAnnotations = append(out.FailedInclusionAnnotations, types.AnnotationError{ProfileId: a.ProfileId,
					StatisticId: a.StatisticId, FailureReason: aws.String("Statistic not found.")})
				continue
			}
			if err == nil {
				err = s.annotate(tx, k, v, a.InclusionAnnotation, now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) annotate(tx *store.Tx, k store.Key, v statistic, value types.InclusionAnnotationValue, now time.Time) error {
	v.InclusionAnnotation = &types.TimestampedInclusionAnnotation{Value: value, LastModifiedOn: aws.Time(now)}
	return s.quality.statistics.Put(tx, k, v)
}

// PutDataQualityProfileAnnotation includes or excludes all that one run measured.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_PutDataQualityProfileAnnotation.html
func (s *Service) PutDataQualityProfileAnnotation(ctx context.Context, in *glue.PutDataQualityProfileAnnotationInput) (*glue.PutDataQualityProfileAnnotationOutput, error) {
	k := within(ctx, "")
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.quality.statistics.Find(tx, byProfile, *in.ProfileId, store.Range{Account: k.Account, Region: k.Region})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return notFound("Data quality profile %s not found.", *in.ProfileId)
		}
		for _, r := range rows {
			if err := s.annotate(tx, r.Key, r.Value, in.InclusionAnnotation, wire.CallOf(ctx).Time); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &glue.PutDataQualityProfileAnnotationOutput{}, nil
}
