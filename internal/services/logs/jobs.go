package logs

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
)

const (
	forgetJob = "logs.forget"
	queryJob  = "logs.query"
	exportJob = "logs.export"
	// handful is how many rows a transaction removes at most, so that nobody waits long for the writer.
	handful = 500
)

// forget removes what is left of a stream or group that was deleted.
func (s *Service) forget(ctx context.Context, p eventfile.Place) error {
	_, err := jobs.Step(ctx, "forget", func(ctx context.Context) (int, error) {
		if err := s.files.Forget(ctx, p); err != nil || p.Stream != "" {
			return 0, err
		}
		total := 0
		for {
			n := 0
			err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
				n, err = s.streams.DeleteAll(tx, store.Range{Account: p.Account, Region: p.Region, Prefix: p.Group + ":", Limit: handful})
				return err
			})
			if total += n; err != nil || n < handful {
				return total, err
			}
		}
	})
	return err
}

// absent tells whether a row is not there.
func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }
