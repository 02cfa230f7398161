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
	s.Metrics.Record(k.Account, k.Region, "AWS/SageMaker", data...)
}

// measureBacklogs records how many invocations wait at each asynchronous endpoint: what autoscaling looks at.
func (s *Service) measureBacklogs(ctx context.Context) {
	type backlog struct {
		n      int
		oldest time.Time
	}
	waiting := map[string]backlog{}
	var rows []store.Row[endpoint]
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.invocations.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		if err != nil {
			return err
		}
		for _, r := range list {
			key := fleetKey(store.Key{Account: r.Key.Account, Region: r.Key.Region, ID: r.Value.Endpoint})
			b := waiting[key]
			if b.n++; b.oldest.IsZero() || r.Value.Received.Before(b.oldest) {
				b.oldest = r.Value.Received
			}
			waiting[key] = b
		}
		rows, err = s.endpoints.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		return err
	}); err != nil {
		if ctx.Err() == nil {
			s.Logger.Error("cannot count asynchronous invocations", "error", err)
		}
		return
	}
	for _, r := range rows {
		if r.Value.Current == nil || r.Value.Current.Async == nil {
			continue
		}
		b, count := waiting[fleetKey(r.Key)], float64(r.Value.Current.Variants[0].Count)
		data := []metrics.Datum{{Name: "ApproximateBacklogSize", Unit: "None", Value: float64(b.n)},
			{Name: "HasBacklogWithoutCapacity", Unit: "None", Value: map[bool]float64{true: 1}[b.n > 0 && count == 0]}}
		if count > 0 {
			data = append(data, metrics.Datum{Name: "ApproximateBacklogSizePerInstance", Unit: "None", Value: float64(b.n) / count})
		}
		if b.n > 0 {
			data = append(data, metrics.Datum{Name: "ApproximateAgeOfOldestRequest", Unit: "Seconds", Value: s.Clock.Now().Sub(b.oldest).Seconds()})
		}
		s.measuredAsync(r.Key, data...)
	}
}
