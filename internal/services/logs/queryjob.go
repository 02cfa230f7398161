package logs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/services/logs/insights"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// maxQueryTime is when a query is ended.
	maxQueryTime = 60 * time.Minute
	// partSize is how much of a result goes into a row of the store, in bytes.
	partSize = 1 << 20
	// atOnce is how many queries are run at a time.
	atOnce = 4
)

// runQuery runs a query and writes its result down.
func (s *Service) runQuery(ctx context.Context, row store.Key) error {
	_, err := jobs.Step(ctx, "query", func(job context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(job, maxQueryTime)
		defer cancel()
		s.running.Store(row.ID, cancel)
		defer s.running.Delete(row.ID)
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-ctx.Done():
			return "", job.Err() // nil: the query was stopped
		}
		q, live, err := s.changeQuery(ctx, row, func(q *query) { q.Status = types.QueryStatusRunning }, nil)
		if err != nil || !live {
			return "", err
		}
		rows, stats, err := s.compute(ctx, q)
		status, reason := types.QueryStatusComplete, ""
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			status, reason = types.QueryStatusTimeout, err.Error()
		case ctx.Err() != nil:
			return "", job.Err()
		case err != nil:
			status, reason = types.QueryStatusFailed, err.Error()
		}
		_, _, err = s.changeQuery(context.WithoutCancel(ctx), row, func(q *query) {
			q.Status, q.Reason, q.Result, q.Duration = status, reason, stats, s.now()-q.Created
		}, rows)
		return string(status), err
	})
	return err
}

// changeQuery changes a query that has not ended, and writes its result.
func (s *Service) changeQuery(ctx context.Context, row store.Key, f func(q *query), rows [][]insights.Field) (q query, live bool, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if q, err = s.queries.Get(tx, row); absent(err) {
			return nil
		}
		if err != nil || q.over() {
			return err
		}
		live = true
		f(&q)
		part, size := answer{}, 0
		put := func() error {
			k := row
			k.ID = fmt.Sprintf("%s/%06d", row.ID, q.Parts)
			q.Parts++
			err := s.answers.Put(tx, k, part)
			part, size = answer{}, 0
			return err
		}
		for _, r := range rows {
			part.Rows = append(part.Rows, r)
			for _, x := range r {
				size += len(x.Name) + len(x.Value)
			}
			if size >= partSize {
				if err := put(); err != nil {
					return err
				}
			}
		}
		if len(part.Rows) > 0 {
			if err := put(); err != nil {
				return err
			}
		}
		return s.queries.Put(tx, row, q)
	})
	return q, live, err
}

// compute runs a query over its groups.
func (s *Service) compute(ctx context.Context, q query) (rows [][]insights.Field, stats types.QueryStatistics, err error) {
	parsed, err := insights.Parse(q.Text, q.Created)
	if err != nil {
		return nil, stats, err
	}
	run := parsed.Start(q.Limit)
	var sources []source
	for _, k := range q.Groups {
		g, err := s.find(ctx, k)
		if err != nil {
			return nil, stats, fmt.Errorf("log group %s is gone", k.ID)
		}
		fq := eventfile.Query{Group: g.place(k, ""), Reverse: !parsed.Oldest()}
		fq.From, fq.To = g.window(s.now(), &q.From, &q.To)
		sources = append(sources, source{k, fq})
	}
	err = s.merge(ctx, sources, !parsed.Oldest(), run.Push)
	if err == nil {
		rows, err = run.Finish()
	}
	return rows, types.QueryStatistics{RecordsScanned: float64(run.Scanned), RecordsMatched: float64(run.Matched), BytesScanned: float64(run.Bytes),
		LogGroupsScanned: float64(len(q.Groups)), ResultCount: float64(len(rows))}, err
}

// source is a group that is read.
type source struct {
	key   store.Key
	query eventfile.Query
}

// records reads a group as records.
func (s *Service) records(ctx context.Context, from source, failed *error) iter.Seq[insights.Record] {
	return func(yield func(insights.Record) bool) {
		_, err := s.files.Read(ctx, from.query, func(stream string, e eventfile.Event) bool {
			name := eventfile.Name(stream)
			return yield(insights.Record{Time: e.Time, Ingested: e.Ingested, Message: e.Message, Stream: name, Log: from.key.Account + ":" + from.key.ID,
				Pointer: func() string { return pointer(from.key, e) }})
		})
		if err != nil {
			*failed = err
		}
	}
}

// pointer leads to an event: GetLogRecord reads it.
func pointer(k store.Key, e eventfile.Event) string {
	return base64.RawURLEncoding.EncodeToString([]byte(k.Account + ":" + k.ID + ":" + eventID(e.Time, e.Seq)))
}

// merge gives the records of groups in order of time.
func (s *Service) merge(ctx context.Context, from []source, reverse bool, push func(insights.Record) bool) (failed error) {
	if len(from) == 1 {
		for r := range s.records(ctx, from[0], &failed) {
			if !push(r) {
				break
			}
		}
		return failed
	}
	type open struct {
		next func() (insights.Record, bool)
		at   insights.Record
	}
	var list []*open
	for _, f := range from {
		next, stop := iter.Pull(s.records(ctx, f, &failed))
		defer stop()
		if r, ok := next(); ok {
			list = append(list, &open{next, r})
		}
	}
	for len(list) > 0 && failed == nil {
		best := 0
		for i, o := range list {
			if reverse && o.at.Time > list[best].at.Time || !reverse && o.at.Time < list[best].at.Time {
				best = i
			}
		}
		o := list[best]
		if !push(o.at) {
			return nil
		}
		ok := false
		if o.at, ok = o.next(); !ok {
			list = append(list[:best], list[best+1:]...)
		}
	}
	return failed
}

// forgetQueries removes queries with their results when their time is over.
func (s *Service) forgetQueries(ctx context.Context) error {
	limit := s.now() - keptFor
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.queries.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Value.Created >= limit {
				continue
			}
			if _, err := s.answers.DeleteAll(tx, store.Range{Account: r.Key.Account, Region: r.Key.Region, Prefix: r.Key.ID + "/"}); err != nil {
				return err
			}
			if err := s.queries.Delete(tx, r.Key); err != nil {
				return err
			}
		}
		return nil
	})
}
