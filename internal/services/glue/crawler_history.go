package glue

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// dpus is how many data processing units a crawl is said to use. Source: https://aws.amazon.com/glue/pricing/
const dpus = 2

// hours are the hours of data processing that a crawl would be billed.
func (c crawl) hours(now time.Time) float64 {
	if c.Ended != nil {
		now = *c.Ended
	}
	return math.Round(dpus*now.Sub(c.Started).Hours()*1000) / 1000
}

// summary tells what a crawl changed, nil when that is nothing: a document within a document, as Glue writes it.
func (c crawl) summary() (*string, error) {
	if len(c.Tables)+len(c.Parts) == 0 {
		return nil, nil
	}
	type details struct {
		Details struct {
			Names []string `json:"names"`
		}
		Count int
	}
	out := map[string]map[string]string{"TABLE": {}, "PARTITION": {}}
	for kind, words := range map[string]map[string]changed{"TABLE": c.Tables, "PARTITION": c.Parts} {
		for word, n := range words {
			d := details{Count: n.Count}
			d.Details.Names = append([]string{}, n.Names...)
			b, err := json.Marshal(d)
			if err != nil {
				return nil, err
			}
			out[kind][word] = string(b)
		}
	}
	b, err := json.Marshal(out)
	return aws.String(string(b)), err
}

// ListCrawls lists the crawls of a crawler, the latest first, for a year.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawls.html
func (s *Service) ListCrawls(ctx context.Context, in *glue.ListCrawlsInput) (*glue.ListCrawlsOutput, error) {
	if in.MaxResults == nil {
		in.MaxResults = aws.Int32(20)
	}
	wanted, err := crawlsWanted(in.Filters)
	if err != nil {
		return nil, err
	}
	now := wire.CallOf(ctx).Time
	list, token, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[crawl], err error) {
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			if _, err := s.crawlerNamed(ctx, tx, in.CrawlerName); err != nil {
				return err
			}
			k := within(ctx, *in.CrawlerName)
			rows, err := s.crawlers.crawls.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", After: after, Limit: batch})
			for _, row := range rows {
				out = append(out, entry[crawl]{row.Key.ID, row.Value})
			}
			return err
		})
		return out, err
	}, func(c crawl) (*types.CrawlerHistory, error) {
		if !wanted(c, now) {
			return nil, nil
		}
		text, err := c.summary()
		return &types.CrawlerHistory{CrawlId: &c.ID, DPUHour: c.hours(now), EndTime: c.Ended, ErrorMessage: c.message(), LogGroup: aws.String(crawlerLogs),
			LogStream: in.CrawlerName, MessagePrefix: &c.ID, StartTime: &c.Started, State: c.State, Summary: text}, err
	})
	return &glue.ListCrawlsOutput{Crawls: list, NextToken: token}, err
}

// crawlsWanted reads filters: all have to fit.
func crawlsWanted(filters []types.CrawlsFilter) (func(crawl, time.Time) bool, error) {
	numbers := make([]float64, len(filters))
	for i, f := range filters {
		if f.FieldValue == nil || f.FieldName == "" || f.FilterOperator == "" {
			return nil, invalid("A filter has FieldName, FilterOperator and FieldValue.")
		}
		switch f.FieldName {
		case types.FieldNameCrawlId, types.FieldNameState:
			if f.FilterOperator != types.FilterOperatorEq && f.FilterOperator != types.FilterOperatorNe {
				return nil, invalid("%s can be compared by EQ and NE only.", f.FieldName)
			}
		default:
			n, err := strconv.ParseFloat(*f.FieldValue, 64)
			if err != nil || math.IsNaN(n) {
				return nil, invalid("%s has to be compared with a number.", f.FieldName)
			}
			numbers[i] = n
		}
	}
	return func(c crawl, now time.Time) bool {
		for i, f := range filters {
			if !fits(c, f, numbers[i], now) {
				return false
			}
		}
		return true
	}, nil
}

func fits(c crawl, f types.CrawlsFilter, n float64, now time.Time) bool {
	var has float64
	switch f.FieldName {
	case types.FieldNameCrawlId:
		return (c.ID == *f.FieldValue) == (f.FilterOperator == types.FilterOperatorEq)
	case types.FieldNameState:
		return (string(c.State) == *f.FieldValue) == (f.FilterOperator == types.FilterOperatorEq)
	case types.FieldNameStartTime:
		has = float64(c.Started.UnixMilli())
	case types.FieldNameEndTime:
		if c.Ended == nil {
			return false
		}
		has = float64(c.Ended.UnixMilli())
	default:
		has = c.hours(now)
	}
	switch f.FilterOperator {
	case types.FilterOperatorGt:
		return has > n
	case types.FilterOperatorGe:
		return has >= n
	case types.FilterOperatorLt:
		return has < n
	case types.FilterOperatorLe:
		return has <= n
	case types.FilterOperatorNe:
		return has != n
	}
	return has == n
}

// GetCrawlerMetrics tells how crawlers do: all, or those that are named.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawlerMetrics.html
func (s *Service) GetCrawlerMetrics(ctx context.Context, in *glue.GetCrawlerMetricsInput) (*glue.GetCrawlerMetricsOutput, error) {
	var failed error
	list, token, err := pages(ctx, s, s.crawlers.rows, in.NextToken, in.MaxResults, func(name string, _ crawler) *types.CrawlerMetrics {
		if failed != nil || len(in.CrawlerNameList) > 0 && !slices.Contains(in.CrawlerNameList, name) {
			return nil
		}
		var m *types.CrawlerMetrics
		m, failed = s.metrics(ctx, name)
		return m
	})
	if failed != nil {
		return nil, failed
	}
	return &glue.GetCrawlerMetricsOutput{CrawlerMetricsList: list, NextToken: token}, err
}

func (s *Service) metrics(ctx context.Context, name string) (*types.CrawlerMetrics, error) {
	k := within(ctx, name)
	var rows []store.Row[crawl]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.crawlers.crawls.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: name + "/"})
		return err
	})
	m := &types.CrawlerMetrics{CrawlerName: &name}
	var took []float64
	for _, row := range rows {
		c := row.Value
		if c.Ended == nil {
			m.StillEstimating = c.Planned == 0
			if c.Done > 0 {
				m.TimeLeftSeconds = wire.CallOf(ctx).Time.Sub(c.Started).Seconds() * float64(c.Planned-c.Done) / float64(c.Done)
			}
			continue
		}
		took = append(took, c.Ended.Sub(c.Started).Seconds())
		m.TablesCreated += int32(c.Tables[added].Count)
		m.TablesUpdated += int32(c.Tables[updated].Count)
		m.TablesDeleted += int32(c.Tables[deleted].Count)
	}
	if len(took) > 0 {
		m.LastRuntimeSeconds = took[0]
		slices.Sort(took)
		m.MedianRuntimeSeconds = took[len(took)/2]
		if len(took)%2 == 0 {
			m.MedianRuntimeSeconds = (took[len(took)/2-1] + took[len(took)/2]) / 2
		}
	}
	return m, err
}
