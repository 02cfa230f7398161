package cloudwatch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	listed = 500 // metrics of a page
	recent = 3 * time.Hour
)

// ListMetrics lists the metrics that had data in the last two weeks, or three hours.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
func (s *Service) ListMetrics(ctx context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	call := wire.CallOf(ctx)
	if o := aws.ToString(in.OwningAccount); o != "" && o != call.Account() {
		return nil, unsupported("OwningAccount of another account")
	}
	since := time.Time{}
	if in.RecentlyActive != "" {
		since = s.Clock.Now().Add(-recent)
	}
	list, err := s.Metrics.Metrics(ctx, call.Account(), call.Region, func(m metrics.Metric) bool {
		return (in.Namespace == nil || m.Namespace == *in.Namespace) && (in.MetricName == nil || m.Name == *in.MetricName) &&
			m.Last.After(since) && filtered(m.Dimensions, in.Dimensions)
	})
	if err != nil {
		return nil, err
	}
	page, next, err := wire.Page(ctx, list, func(m metrics.Metric) string { return position(m.Series) }, listed, in.NextToken)
	if err != nil {
		return nil, badToken(err)
	}
	out := &cloudwatch.ListMetricsOutput{Metrics: make([]types.Metric, len(page)), NextToken: next}
	for i, m := range page {
		out.Metrics[i] = types.Metric{Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: dimensions(m.Dimensions)}
		if aws.ToBool(in.IncludeLinkedAccounts) {
			out.OwningAccounts = append(out.OwningAccounts, call.Account())
		}
	}
	return out, nil
}

// filtered tells whether every filter finds its dimension.
func filtered(list []metrics.Dimension, filters []types.DimensionFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(list, func(d metrics.Dimension) bool {
			return d.Name == *f.Name && (f.Value == nil || d.Value == *f.Value)
		}) {
			return false
		}
	}
	return true
}

// position orders metrics as metrics.Compare does: what parts the names is below what is in them.
func position(m metrics.Series) string {
	parts := []string{m.Namespace, m.Name}
	for _, d := range m.Dimensions {
		parts = append(parts, d.Name, d.Value)
	}
	return strings.Join(parts, "\x00")
}
