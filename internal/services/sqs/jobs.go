package sqs

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	discardJob = "sqs.discard"
	moveJob    = "sqs.move"
	// handful is how many messages a job's transaction touches at most, so that nobody waits long for the writer.
	handful = 200
)

// discarded is the id of a queue that is gone, under which rows are left.
type discarded struct{ Account, Region, ID string }

// discard deletes what is left of a queue that was deleted or purged.
func (s *Service) discard(ctx context.Context, d discarded) error {
	_, err := jobs.Step(ctx, "discard", func(ctx context.Context) (int, error) {
		r := store.Range{Account: d.Account, Region: d.Region, Prefix: d.ID + separator, Limit: handful}
		total := 0
		for _, remove := range []func(*store.Tx, store.Range) (int, error){s.messages.DeleteAll, s.flights.DeleteAll, s.seen.DeleteAll} {
			for {
				n := 0
				if err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
					n, err = remove(tx, r)
					return err
				}); err != nil {
					return total, err
				}
				if total += n; n < handful {
					break
				}
			}
		}
		return total, nil
	})
	return err
}

// runMove moves messages until none is left or the task is cancelled. Each message is moved in one transaction with the
// task's count, so that a crash neither loses nor doubles one.
func (s *Service) runMove(ctx context.Context, k store.Key) error {
	_, err := jobs.Step(ctx, "move", func(ctx context.Context) (string, error) {
		for {
			status, wait, err := s.moveSome(ctx, k)
			if err != nil || status != running {
				return status, err
			}
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(wait):
			}
		}
	})
	return err
}

// moveSome moves a second's messages, or a handful.
func (s *Service) moveSome(ctx context.Context, k store.Key) (status string, wait time.Duration, err error) {
	var m move
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		m, err = s.moves.Get(tx, k)
		return err
	}); err != nil {
		return "", 0, err
	}
	n := handful
	if m.Rate > 0 {
		n, wait = min(n, int(m.Rate)), time.Duration(min(n, int(m.Rate)))*time.Second/time.Duration(m.Rate)
	}
	source, _ := keyOfARN(m.Source)
	q, err := s.find(ctx, source)
	if errors.Is(err, errNoQueue) {
		return s.endMove(ctx, k, broken, "AWS.SimpleQueueService.NonExistentQueue")
	}
	if err != nil {
		return "", 0, err
	}
	if m.Status == cancelling {
		return s.endMove(ctx, k, cancelled, "")
	}
	from, err := s.shelf(ctx, source, q)
	if err != nil {
		return "", 0, err
	}
	now := s.now()
	list, _, _ := from.take(n, now, now+time.Minute.Milliseconds(), q.duration("MessageRetentionPeriod").Milliseconds())
	if len(list) == 0 {
		return s.endMove(ctx, k, completed, "")
	}
	for i, e := range list {
		if err := s.moveOne(ctx, k, from, e, m.Destination); err != nil {
			for _, left := range list[i:] {
				from.hide(left, now, now)
			}
			if errors.Is(err, errNoQueue) {
				return s.endMove(ctx, k, broken, "AWS.SimpleQueueService.NonExistentQueue")
			}
			return "", 0, err
		}
	}
	return running, wait, nil
}

func (s *Service) moveOne(ctx context.Context, task store.Key, from *shelf, e *entry, destination string) error {
	if destination == "" {
		if err := s.Store.View(ctx, func(tx *store.Tx) error {
			m, err := s.messages.Get(tx, from.row(e.seq))
			destination = m.From
			return err
		}); err != nil {
			return err
		}
	}
	to, ok := keyOfARN(destination)
	if !ok {
		return errNoQueue // it did not come from another queue
	}
	q, err := s.find(ctx, to)
	if err != nil {
		return err
	}
	h, err := s.shelf(ctx, to, q)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		m, err := s.moves.Get(tx, task)
		if err != nil {
			return err
		}
		if err := s.stands(tx, h); err != nil {
			return err
		}
		m.Moved++
		if err := s.moves.Put(tx, task, m); err != nil {
			return err
		}
		return s.carry(tx, from, e, h, "")
	})
}

func (s *Service) endMove(ctx context.Context, k store.Key, status, reason string) (string, time.Duration, error) {
	return status, 0, s.Store.Update(ctx, func(tx *store.Tx) error {
		m, err := s.moves.Get(tx, k)
		if err != nil {
			return err
		}
		m.Status, m.Reason = status, reason
		return s.moves.Put(tx, k, m)
	})
}
