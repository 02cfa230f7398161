package glue

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// lookAgain is how long the scheduler sleeps at most, so that a clock that was set is noticed.
const lookAgain = time.Minute

// schedule gives a crawler a schedule, or takes it when the text is "".
func (c *crawler) schedule(text *string, now time.Time) error {
	if aws.ToString(text) == "" {
		c.Schedule, c.Due = nil, time.Time{}
		return nil
	}
	if !strings.HasPrefix(*text, "cron(") {
		return invalid("Invalid schedule expression: %s is not of the form cron(…)", *text)
	}
	e, err := schedule.Parse(*text, time.UTC)
	if err != nil {
		return invalid("Invalid schedule expression: %s: %v", *text, err)
	}
	c.Schedule = &types.Schedule{ScheduleExpression: text, State: types.ScheduleStateScheduled}
	c.Due, _ = e.Next(now, now)
	return nil
}

// planned is how the index knows crawlers that are scheduled.
func (c crawler) planned() []string {
	if c.Schedule == nil || c.Schedule.State != types.ScheduleStateScheduled || c.Due.IsZero() {
		return nil
	}
	return []string{"yes"}
}

// rescheduled wakes the scheduler.
func (s *Service) rescheduled() {
	select {
	case s.crawlers.news <- struct{}{}:
	default:
	}
}

// Run starts crawlers when they are due, and listens for changes of what they crawl, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	go s.Store.Subscribe(ctx, "glue-crawlers", s.objectChanged)
	for ctx.Err() == nil {
		next, err := s.StartDue(ctx)
		wait := lookAgain
		switch {
		case err != nil && ctx.Err() == nil:
			s.Logger.Error("cannot start crawlers that are due", "error", err)
		case !next.IsZero():
			wait = min(wait, max(0, next.Sub(s.Clock.Now())))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-s.crawlers.news:
		}
		t.Stop()
	}
}

// StartDue starts the crawlers whose time has come, each once, and tells when the next one's comes. One that still runs is not started
// again: its next time is waited for.
func (s *Service) StartDue(ctx context.Context) (next time.Time, err error) {
	var due []store.Row[crawler]
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = s.crawlers.rows.Find(tx, byPlan, "yes", store.Range{AllAccounts: true, AllRegions: true})
		return err
	})
	now := s.Clock.Now()
	var failed []error
	for _, row := range due {
		if row.Value.Due.After(now) {
			if next.IsZero() || row.Value.Due.Before(next) {
				next = row.Value.Due
			}
			continue
		}
		at, err := s.startDue(ctx, row.Key, now)
		failed = append(failed, err)
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, errors.Join(append(failed, err)...)
}

// startDue moves a crawler to its next time and starts it, in one transaction.
func (s *Service) startDue(ctx context.Context, k store.Key, now time.Time) (next time.Time, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlers.rows.Get(tx, k)
		if err != nil {
			return absent(err, nil)
		}
		if len(c.planned()) == 0 || c.Due.After(now) {
			next = c.Due
			return nil
		}
		e, err := schedule.Parse(*c.Schedule.ScheduleExpression, time.UTC)
		if err != nil {
			return err
		}
		c.Due, _ = e.Next(now, now)
		next = c.Due
		if c.State == types.CrawlerStateReady {
			return s.beginCrawl(tx, k, c, now)
		}
		return s.crawlers.rows.Put(tx, k, c)
	})
	return next, err
}

// StartCrawlerSchedule puts a schedule in force.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawlerSchedule.html
func (s *Service) StartCrawlerSchedule(ctx context.Context, in *glue.StartCrawlerScheduleInput) (*glue.StartCrawlerScheduleOutput, error) {
	err := s.changeSchedule(ctx, in.CrawlerName, func(c *crawler) error {
		switch {
		case c.Schedule == nil:
			return &types.NoScheduleException{Message: aws.String("Crawler with name " + *in.CrawlerName + " has no schedule")}
		case c.Schedule.State == types.ScheduleStateScheduled:
			return &types.SchedulerRunningException{Message: aws.String("The schedule of crawler with name " + *in.CrawlerName + " is already running")}
		}
		return c.schedule(c.Schedule.ScheduleExpression, wire.CallOf(ctx).Time)
	})
	if err != nil {
		return nil, err
	}
	return &glue.StartCrawlerScheduleOutput{}, nil
}

// StopCrawlerSchedule takes a schedule out of force. A crawl under way goes on.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StopCrawlerSchedule.html
func (s *Service) StopCrawlerSchedule(ctx context.Context, in *glue.StopCrawlerScheduleInput) (*glue.StopCrawlerScheduleOutput, error) {
	err := s.changeSchedule(ctx, in.CrawlerName, func(c *crawler) error {
		if c.Schedule == nil || c.Schedule.State != types.ScheduleStateScheduled {
			return &types.SchedulerNotRunningException{Message: aws.String("The schedule of crawler with name " + *in.CrawlerName + " is not running")}
		}
		c.Schedule.State, c.Due = types.ScheduleStateNotScheduled, time.Time{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &glue.StopCrawlerScheduleOutput{}, nil
}

// UpdateCrawlerSchedule gives a crawler another schedule, or takes it.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawlerSchedule.html
func (s *Service) UpdateCrawlerSchedule(ctx context.Context, in *glue.UpdateCrawlerScheduleInput) (*glue.UpdateCrawlerScheduleOutput, error) {
	err := s.changeSchedule(ctx, in.CrawlerName, func(c *crawler) error { return c.schedule(in.Schedule, wire.CallOf(ctx).Time) })
	if err != nil {
		return nil, err
	}
	return &glue.UpdateCrawlerScheduleOutput{}, nil
}

func (s *Service) changeSchedule(ctx context.Context, name *string, f func(*crawler) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlerNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := f(&c); err != nil {
			return err
		}
		c.Version++
		c.LastUpdated = aws.Time(wire.CallOf(ctx).Time)
		tx.OnCommit(s.rescheduled)
		return s.crawlers.rows.Put(tx, within(ctx, *name), c)
	})
}
