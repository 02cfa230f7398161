package cloudwatch

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricmath"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const maxPage = 100_800 // data points of an answer

// GetMetricData computes metrics and expressions.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func (s *Service) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	call := wire.CallOf(ctx)
	if !in.StartTime.Before(*in.EndTime) {
		return nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	zone := time.UTC
	if o := in.LabelOptions; o != nil && o.Timezone != nil {
		t, err := time.Parse("-0700", *o.Timezone)
		if err != nil {
			return nil, invalid("The value %s for parameter LabelOptions.Timezone is invalid.", *o.Timezone)
		}
		zone = t.Location()
	}
	p, err := newPlan(in.MetricDataQueries, call.Account())
	if err != nil {
		return nil, err
	}
	skip := 0
	if after, err := wire.PagePosition(ctx, in.NextToken); err != nil {
		return nil, badToken(err)
	} else if after != "" {
		if skip, err = strconv.Atoi(after); err != nil {
			return nil, badToken(wire.ErrPageToken)
		}
	}
	shortest := time.Hour
	for _, q := range p.queries {
		if q.MetricStat != nil {
			shortest = min(shortest, time.Duration(*q.MetricStat.Period)*time.Second)
		}
	}
	c := s.computation(ctx, call.Account(), call.Region, p, rounded(*in.StartTime, s.Clock.Now(), shortest), *in.EndTime)
	c.searchable = true
	var results []types.MetricDataResult
	for _, q := range p.queries {
		list, err := c.results(q, in.ScanBy, zone)
		if err != nil {
			return nil, err
		}
		results = append(results, list...)
	}
	size := maxPage
	if in.MaxDatapoints != nil && *in.MaxDatapoints > 0 {
		size = min(int(*in.MaxDatapoints), maxPage)
	}
	out := &cloudwatch.GetMetricDataOutput{Messages: c.messages}
	var more bool
	out.MetricDataResults, more = cutResults(results, skip, size)
	if more {
		out.NextToken = wire.PageToken(ctx, strconv.Itoa(skip+size))
	}
	return out, nil
}

// results are those of a query, one for each series.
func (c *computation) results(q *query, scan types.ScanBy, zone *time.Location) ([]types.MetricDataResult, error) {
	v, err := c.lookup(*q.Id)
	if err != nil || !q.returned() {
		return nil, err
	}
	if v.Type == metricmath.Scalar {
		return nil, inExpression(*q.Id, errScalar)
	}
	var out []types.MetricDataResult
	for _, s := range v.Series {
		r := types.MetricDataResult{Id: q.Id, Label: aws.String(c.label(q, s, v.Type == metricmath.Array, zone)), StatusCode: types.StatusCodeComplete,
			Timestamps: make([]time.Time, len(s.Points)), Values: make([]float64, len(s.Points))}
		for i, p := range s.Points {
			r.Timestamps[i], r.Values[i] = time.Unix(p.At, 0).UTC(), p.Value
		}
		if scan != types.ScanByTimestampAscending {
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		out = append(out, r)
	}
	return out, nil
}

// cutResults takes the data points of a page.
func cutResults(list []types.MetricDataResult, skip, size int) (out []types.MetricDataResult, more bool) {
	out = []types.MetricDataResult{}
	begun := skip == 0
	for _, r := range list {
		n := len(r.Values)
		if n < skip || n == skip && !begun { // it was on the pages before
			skip -= n
			continue
		}
		if size == 0 && n > 0 {
			return out, true
		}
		from, to := skip, min(n, skip+size)
		skip, size, begun = 0, size-(to-from), true
		if to < n {
			r.StatusCode, more = types.StatusCodePartialData, true
		}
		r.Timestamps, r.Values = r.Timestamps[from:to], r.Values[from:to]
		if out = append(out, r); more {
			return out, true
		}
	}
	return out, false
}
