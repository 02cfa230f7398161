package glue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

// crawl is a run of a crawler.
type crawl struct {
	ID       string
	Started  time.Time
	Ended    *time.Time
	State    types.CrawlerHistoryState
	Error    string   // why it failed
	Messages []string // what it could not read and what it left out
	Tables   map[string]changed
	Parts    map[string]changed // partitions

	// How far it is.
	Files         int
	Planned, Done int // tables; Planned is 0 while files are read
}

// MarshalJSON leaves out what is not set.
func (c crawl) MarshalJSON() ([]byte, error) {
	type plain crawl
	return catalog.Compact(json.Marshal(plain(c)))
}

// changed is what a crawl added, updated or removed.
type changed struct {
	Names []string // the first maxNames
	Count int
}

const maxNames = 100

// Words for changes.
const (
	added   = "ADD"
	updated = "UPDATE"
	deleted = "DELETE"
)

func count(in map[string]changed, word string, names ...string) {
	if len(names) == 0 {
		return
	}
	c := in[word]
	c.Count += len(names)
	c.Names = append(c.Names, names[:min(len(names), maxNames-len(c.Names))]...)
	in[word] = c
}

// crawlKey is where a crawl is kept: the newest first.
func crawlKey(k store.Key, started time.Time, id string) store.Key {
	k.ID = fmt.Sprintf("%s/%016x-%s", k.ID, uint64(1)<<62-uint64(started.UnixMilli()), id)
	return k
}

// keptCrawls is how long crawls are told of.
const keptCrawls = 365 * 24 * time.Hour

// beginCrawl starts a crawl of a crawler that is ready.
func (s *Service) beginCrawl(tx *store.Tx, k store.Key, c crawler, now time.Time) error {
	r := crawl{ID: uuid.NewString(), Started: now, State: types.CrawlerHistoryStateRunning}
	c.State, c.Crawl, c.Started = types.CrawlerStateRunning, r.ID, &r.Started
	if err := s.crawlers.rows.Put(tx, k, c); err != nil {
		return err
	}
	if err := s.crawlers.crawls.Insert(tx, crawlKey(k, now, r.ID), r); err != nil {
		return err
	}
	old := crawlKey(k, now.Add(-keptCrawls), "")
	forgotten, err := s.crawlers.crawls.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", After: old.ID, Limit: batch})
	for _, row := range forgotten {
		if err == nil {
			err = s.crawlers.crawls.Delete(tx, row.Key)
		}
	}
	if err != nil {
		return err
	}
	if err := s.crawlerTold(tx, k, r, "Started"); err != nil {
		return err
	}
	_, err = tx.Enqueue(crawlJob, crawlWork{k, r.ID, now})
	return err
}

// StartCrawler begins a crawl.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartCrawler.html
func (s *Service) StartCrawler(ctx context.Context, in *glue.StartCrawlerInput) (*glue.StartCrawlerOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlerNamed(ctx, tx, in.Name)
		if err != nil {
			return err
		}
		if c.State != types.CrawlerStateReady {
			return &types.CrawlerRunningException{Message: aws.String("Crawler with name " + *in.Name + " has already started")}
		}
		return s.beginCrawl(tx, within(ctx, *in.Name), c, wire.CallOf(ctx).Time)
	})
	if err != nil {
		return nil, err
	}
	return &glue.StartCrawlerOutput{}, nil
}

// StopCrawler ends a crawl. What it has written stays.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StopCrawler.html
func (s *Service) StopCrawler(ctx context.Context, in *glue.StopCrawlerInput) (*glue.StopCrawlerOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlerNamed(ctx, tx, in.Name)
		if err != nil {
			return err
		}
		switch c.State {
		case types.CrawlerStateReady:
			return &types.CrawlerNotRunningException{Message: aws.String("Crawler with name " + *in.Name + " isn't running")}
		case types.CrawlerStateStopping:
			return &types.CrawlerStoppingException{Message: aws.String("Crawler with name " + *in.Name + " is stopping")}
		}
		c.State = types.CrawlerStateStopping
		tx.OnCommit(func() { s.interruptCrawl(within(ctx, *in.Name)) })
		return s.crawlers.rows.Put(tx, within(ctx, *in.Name), c)
	})
	if err != nil {
		return nil, err
	}
	return &glue.StopCrawlerOutput{}, nil
}

func (s *Service) interruptCrawl(k store.Key) {
	s.crawlers.mu.Lock()
	defer s.crawlers.mu.Unlock()
	if stop := s.crawlers.running[k]; stop != nil {
		stop()
	}
}

// crawlerTold tells of a crawler's new state.
// Source: https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
func (s *Service) crawlerTold(tx *store.Tx, k store.Key, r crawl, state string) error {
	detail := map[string]string{"accountId": k.Account, "crawlerName": k.ID, "state": state, "warningMessage": "N/A", "errorMessage": "N/A",
		"message": "Crawler " + state}
	if state == "Started" {
		detail["startTime"] = r.Started.UTC().Format(time.RFC3339)
	}
	if r.Ended != nil {
		detail["completionDate"] = r.Ended.UTC().Format(time.RFC3339)
		detail["runningTime (sec)"] = fmt.Sprint(int(r.Ended.Sub(r.Started).Seconds()))
		for word, name := range map[string]string{added: "Created", updated: "Updated", deleted: "Deleted"} {
			detail["tables"+name], detail["partitions"+name] = fmt.Sprint(r.Tables[word].Count), fmt.Sprint(r.Parts[word].Count)
		}
	}
	if r.Error != "" {
		detail["errorMessage"] = r.Error
	}
	if len(r.Messages) > 0 {
		detail["warningMessage"] = r.Messages[0]
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.glue", DetailType: "Glue Crawler State Change", Account: k.Account, Region: k.Region, Resources: []string{}, Detail: b})
}
