package sagemaker

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

func (s *Service) measuredAsync(k store.Key, data ...metrics.Datum) {
	for i := range data {
		data[i].Dimensions = []metrics.Dimension{{Name: "EndpointName", Value: k.ID}}
	}
	s.Metrics.Record(k.Account, k.Region, invocationMetrics, data...)
}

// measureBacklogs records how many invocations wait at each asynchronous endpoint: what autoscaling looks at.
func (s *Service) measureBacklogs(ctx context.Context) {
	type backlog struct {
		n      int
		oldest time.Time
	}
	counts := map[store.Key]int32{}
	_ = s.image.Read(ctx, func() {
		for k, e := range s.endpoints.Rows() {
			if e.Current != nil && e.Current.Async != nil {
				counts[k] = e.Current.Variants[0].Count
			}
		}
	})
	if len(counts) == 0 {
		return
	}
	waiting := map[store.Key]backlog{}
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.invocations.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		for _, r := range list {
			k := store.Key{Account: r.Key.Account, Region: r.Key.Region, ID: r.Value.Endpoint}
			b := waiting[k]
			if b.n++; b.oldest.IsZero() || r.Value.Received.Before(b.oldest) {
				b.oldest = r.Value.Received
			}
			waiting[k] = b
		}
		return err
	}); err != nil {
		if ctx.Err() == nil {
			s.Logger.Error("cannot count asynchronous invocations", "error", err)
		}
		return
	}
	for k, n := range counts {
		b, count := waiting[k], float64(n)
		data := []metrics.Datum{{Name: "ApproximateBacklogSize", Unit: "None", Value: float64(b.n)},
			{Name: "HasBacklogWithoutCapacity", Unit: "None", Value: bit(b.n > 0 && count == 0)}}
		if count > 0 {
			data = append(data, metrics.Datum{Name: "ApproximateBacklogSizePerInstance", Unit: "None", Value: float64(b.n) / count})
		}
		if b.n > 0 {
			data = append(data, metrics.Datum{Name: "ApproximateAgeOfOldestRequest", Unit: "Seconds", Value: s.Clock.Now().Sub(b.oldest).Seconds()})
		}
		s.measuredAsync(k, data...)
	}
}
