package glue

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func crawlerRunning(name string) error {
	return &types.CrawlerRunningException{Message: aws.String("Crawler with name " + name + " is currently running")}
}

// UpdateCrawler changes what is given. A crawler that runs cannot be changed.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateCrawler.html
func (s *Service) UpdateCrawler(ctx context.Context, in *glue.UpdateCrawlerInput) (*glue.UpdateCrawlerOutput, error) {
	call := wire.CallOf(ctx)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlerNamed(ctx, tx, in.Name)
		if err != nil {
			return err
		}
		if c.State != types.CrawlerStateReady {
			return crawlerRunning(*in.Name)
		}
		before := c
		for _, f := range []struct{ to, from **string }{{&c.CatalogId, &in.CatalogId}, {&c.Configuration, &in.Configuration},
			{&c.CrawlerSecurityConfiguration, &in.CrawlerSecurityConfiguration}, {&c.DatabaseName, &in.DatabaseName},
			{&c.Description, &in.Description}, {&c.TablePrefix, &in.TablePrefix}} {
			if *f.from != nil {
				*f.to = *f.from
			}
		}
		if in.Classifiers != nil {
			c.Classifiers = in.Classifiers
		}
		if in.Role != nil {
			c.RoleARN = roleARN(ctx, in.Role)
		}
		if in.Targets != nil {
			c.Targets = in.Targets
		}
		set(&c.LakeFormationConfiguration, in.LakeFormationConfiguration)
		set(&c.LineageConfiguration, in.LineageConfiguration)
		set(&c.RecrawlPolicy, in.RecrawlPolicy)
		set(&c.SchemaChangePolicy, in.SchemaChangePolicy)
		if in.Schedule != nil {
			if err := c.schedule(in.Schedule, call.Time); err != nil {
				return err
			}
		}
		if err := s.checkCrawler(tx.Context(ctx), &c); err != nil {
			return err
		}
		if err := s.checkClassifiers(ctx, tx, c.Classifiers); err != nil {
			return err
		}
		if in.Targets != nil || before.RecrawlPolicy.RecrawlBehavior != c.RecrawlPolicy.RecrawlBehavior || in.Classifiers != nil {
			c.Full = false // what was seen before was seen otherwise
		}
		c.Version, c.LastUpdated = c.Version+1, aws.Time(call.Time)
		tx.OnCommit(s.rescheduled)
		return s.crawlers.rows.Put(tx, within(ctx, *in.Name), c)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateCrawlerOutput{}, nil
}

func set[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// DeleteCrawler removes a crawler with its history. What it has written stays.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteCrawler.html
func (s *Service) DeleteCrawler(ctx context.Context, in *glue.DeleteCrawlerInput) (*glue.DeleteCrawlerOutput, error) {
	k := within(ctx, *in.Name)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlerNamed(ctx, tx, in.Name)
		if err != nil {
			return err
		}
		if c.State != types.CrawlerStateReady {
			return crawlerRunning(*in.Name)
		}
		r := store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"}
		_, crawls := s.crawlers.crawls.DeleteAll(tx, r)
		_, folders := s.crawlers.folders.DeleteAll(tx, r)
		_, changes := s.crawlers.changes.DeleteAll(tx, r)
		return errors.Join(crawls, folders, changes, s.untagAll(tx, crawlerARN(k)), s.crawlers.rows.Delete(tx, k))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteCrawlerOutput{}, nil
}
