package glue

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// crawler is a crawler as it is kept.
type crawler struct {
	types.Crawler
	RoleARN string
	Due     time.Time  // when the schedule starts it next
	Crawl   string     // id of the crawl under way
	Started *time.Time // when that began
	Full    bool       // all of its targets were crawled once
}

// MarshalJSON leaves out what is not set.
func (c crawler) MarshalJSON() ([]byte, error) {
	type plain crawler
	return catalog.Compact(json.Marshal(plain(c)))
}

func noCrawler(name string) error { return notFound("Crawler entry with name %s does not exist", name) }

// crawlerNamed reads a crawler of the caller's.
func (s *Service) crawlerNamed(ctx context.Context, tx *store.Tx, name *string) (crawler, error) {
	c, err := s.crawlers.rows.Get(tx, within(ctx, aws.ToString(name)))
	return c, absent(err, noCrawler(aws.ToString(name)))
}

// display is a crawler as answers show it.
func (c crawler) display(now time.Time) *types.Crawler {
	out := c.Crawler
	if c.Started != nil {
		out.CrawlElapsedTime = now.Sub(*c.Started).Milliseconds()
	}
	return &out
}

// assumable refuses a role that Glue may not assume.
func (s *Service) assumable(ctx context.Context, role string) error {
	_, err := s.Directory.ServiceSession(ctx, servicePrincipal, role, crawlerSession)
	if errors.Is(err, identity.ErrNotTrusted) {
		return invalid("Service is unable to assume provided role. Please verify role's TrustPolicy")
	}
	return err
}

// CreateCrawler makes a crawler.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html
func (s *Service) CreateCrawler(ctx context.Context, in *glue.CreateCrawlerInput) (*glue.CreateCrawlerOutput, error) {
	call := wire.CallOf(ctx)
	c := crawler{RoleARN: roleARN(ctx, in.Role), Crawler: types.Crawler{Name: in.Name, CatalogId: in.CatalogId, Classifiers: in.Classifiers,
		Configuration: in.Configuration, CrawlerSecurityConfiguration: in.CrawlerSecurityConfiguration, CreationTime: aws.Time(call.Time),
		LastUpdated: aws.Time(call.Time), DatabaseName: in.DatabaseName, Description: in.Description, Targets: in.Targets,
		LakeFormationConfiguration: in.LakeFormationConfiguration, LineageConfiguration: in.LineageConfiguration, RecrawlPolicy: in.RecrawlPolicy,
		Role: in.Role, SchemaChangePolicy: in.SchemaChangePolicy, State: types.CrawlerStateReady, TablePrefix: in.TablePrefix, Version: 1}}
	if err := c.schedule(in.Schedule, call.Time); err != nil {
		return nil, err
	}
	if err := s.checkCrawler(ctx, &c); err != nil {
		return nil, err
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.checkClassifiers(ctx, tx, c.Classifiers); err != nil {
			return err
		}
		if err := taken(s.crawlers.rows.Insert(tx, within(ctx, *in.Name), c), exists("Crawler with name %s already exists", *in.Name)); err != nil {
			return err
		}
		tx.OnCommit(s.rescheduled)
		return s.tagNew(tx, crawlerARN(within(ctx, *in.Name)), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateCrawlerOutput{}, nil
}

// checkCrawler fills in what was left out and refuses what cannot be.
func (s *Service) checkCrawler(ctx context.Context, c *crawler) error {
	c.Role = aws.String(strings.TrimPrefix(c.RoleARN[strings.LastIndexByte(c.RoleARN, ':')+1:], "role/")) // as Glue shows it
	if c.SchemaChangePolicy == nil {
		c.SchemaChangePolicy = &types.SchemaChangePolicy{}
	}
	p := *c.SchemaChangePolicy
	if p.UpdateBehavior == "" {
		p.UpdateBehavior = types.UpdateBehaviorUpdateInDatabase
	}
	if p.DeleteBehavior == "" {
		p.DeleteBehavior = types.DeleteBehaviorDeprecateInDatabase
	}
	c.SchemaChangePolicy = &p
	if c.RecrawlPolicy == nil || c.RecrawlPolicy.RecrawlBehavior == "" {
		c.RecrawlPolicy = &types.RecrawlPolicy{RecrawlBehavior: types.RecrawlBehaviorCrawlEverything}
	}
	if c.LineageConfiguration == nil {
		c.LineageConfiguration = &types.LineageConfiguration{CrawlerLineageSettings: types.CrawlerLineageSettingsDisable}
	}
	if c.LakeFormationConfiguration == nil {
		c.LakeFormationConfiguration = &types.LakeFormationConfiguration{UseLakeFormationCredentials: aws.Bool(false), AccountId: aws.String("")}
	}
	if err := checkTargets(c); err != nil {
		return err
	}
	if _, err := readConfiguration(c.Configuration); err != nil {
		return err
	}
	return s.assumable(ctx, c.RoleARN)
}

// GetCrawler describes a crawler.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawler.html
func (s *Service) GetCrawler(ctx context.Context, in *glue.GetCrawlerInput) (*glue.GetCrawlerOutput, error) {
	out := &glue.GetCrawlerOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		c, err := s.crawlerNamed(ctx, tx, in.Name)
		out.Crawler = c.display(wire.CallOf(ctx).Time)
		return err
	})
	return out, err
}

// GetCrawlers describes all crawlers.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawlers.html
func (s *Service) GetCrawlers(ctx context.Context, in *glue.GetCrawlersInput) (*glue.GetCrawlersOutput, error) {
	list, token, err := pages(ctx, s, s.crawlers.rows, in.NextToken, in.MaxResults,
		func(_ string, c crawler) *types.Crawler { return c.display(wire.CallOf(ctx).Time) })
	return &glue.GetCrawlersOutput{Crawlers: list, NextToken: token}, err
}

// BatchGetCrawlers describes the crawlers that are named, and tells which are not there.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetCrawlers.html
func (s *Service) BatchGetCrawlers(ctx context.Context, in *glue.BatchGetCrawlersInput) (*glue.BatchGetCrawlersOutput, error) {
	out := &glue.BatchGetCrawlersOutput{Crawlers: []types.Crawler{}, CrawlersNotFound: []string{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		for _, name := range in.CrawlerNames {
			switch c, err := s.crawlers.rows.Get(tx, within(ctx, name)); {
			case errors.Is(err, store.ErrNotFound):
				out.CrawlersNotFound = append(out.CrawlersNotFound, name)
			case err != nil:
				return err
			default:
				out.Crawlers = append(out.Crawlers, *c.display(wire.CallOf(ctx).Time))
			}
		}
		return nil
	})
	return out, err
}

// ListCrawlers lists the names of crawlers, of those that have all the tags when some are given.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListCrawlers.html
func (s *Service) ListCrawlers(ctx context.Context, in *glue.ListCrawlersInput) (*glue.ListCrawlersOutput, error) {
	var failed error
	list, token, err := pages(ctx, s, s.crawlers.rows, in.NextToken, in.MaxResults, func(name string, _ crawler) *string {
		tags, err := s.tagsOf(ctx, crawlerARN(within(ctx, name)))
		if err != nil {
			failed = err
		}
		for k, v := range in.Tags {
			if has, ok := tags["aws:ResourceTag/"+k]; !ok || has[0] != v {
				return nil
			}
		}
		return &name
	})
	return &glue.ListCrawlersOutput{CrawlerNames: list, NextToken: token}, errors.Join(failed, err)
}
