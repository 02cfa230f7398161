package ecr

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

const (
	forgetJob    = "ecr.forget"
	scanJob      = "ecr.scan"
	lifecycleJob = "ecr.lifecycle"
	// handful is how many rows a transaction touches at most, so that nobody waits long for the writer.
	handful = 500
	// grace is how long a layer may be without an image that has it: it is pushed before its image.
	grace = 24 * time.Hour
)

// forgotten is a repository that was deleted.
type forgotten struct {
	Key store.Key
	ID  string
}

// forget removes what is left of a repository.
func (s *Service) forget(ctx context.Context, f forgotten) error {
	_, err := jobs.Step(ctx, "forget", func(ctx context.Context) (int, error) {
		r := repository{ID: f.ID}.all(f.Key)
		r.Limit = handful
		total := 0
		for _, remove := range []func(*store.Tx, store.Range) (int, error){s.images.DeleteAll, s.tags.DeleteAll, s.layers.DeleteAll, s.previews.DeleteAll} {
			for n := handful; n == handful; total += n {
				if err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
					n, err = remove(tx, r)
					return err
				}); err != nil {
					return total, err
				}
			}
		}
		return total, nil
	})
	return err
}

// Tidy applies lifecycle policies, and removes layers that no image has, and files that no repository has.
func (s *Service) Tidy(ctx context.Context) error {
	var all []listed
	if err := s.image.Read(ctx, func() {
		for k, r := range s.repositories.Rows() {
			all = append(all, listed{k, r})
		}
	}); err != nil {
		return err
	}
	for _, l := range all {
		var none *types.RepositoryNotFoundException
		if l.Lifecycle != "" {
			if _, err := s.expire(ctx, l.key); err != nil && !errors.As(err, &none) {
				return err
			}
		}
		if err := s.prune(ctx, l); err != nil {
			return err
		}
	}
	return s.blobs.Sweep(time.Now().Add(-grace), func(digest string) (used bool, err error) { // files have the system's time
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := s.layers.Find(tx, "digest", digest, store.Range{AllAccounts: true, AllRegions: true, Limit: 1})
			used = len(rows) > 0
			return err
		})
		return used, err
	})
}

// prune removes the layers of a repository that none of its images has.
func (s *Service) prune(ctx context.Context, l listed) error {
	limit := s.Clock.Now().Add(-grace)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		layers, err := s.layers.List(tx, l.all(l.key))
		if err != nil || len(layers) == 0 {
			return err
		}
		list, err := s.listImages(tx, l.key, l.repository)
		if err != nil {
			return err
		}
		used := map[string]bool{}
		for _, p := range list {
			for _, d := range p.Layers {
				used[d] = true
			}
		}
		for _, row := range layers {
			if !used[row.Value.Digest] && row.Value.Pushed.Before(limit) {
				if err := s.layers.Delete(tx, row.Key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
