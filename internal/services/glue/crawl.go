package glue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

const (
	crawlJob       = "glue-crawl"
	crawlerSession = "AWS-Crawler"

	// tablesAtOnce is how many tables one step writes.
	tablesAtOnce = 50
	// maxMessages is how many messages a crawl keeps.
	maxMessages = 200
)

// crawlWork is the job of a crawl. It reads the files' beginnings, part by part, finds the tables, compares them with the catalog, and
// writes what differs; each of these is kept when it is done, so that a crawl that was interrupted goes on with the next.
type crawlWork struct {
	Key     store.Key // of the crawler
	ID      string
	Started time.Time
}

// fault is why a crawl ends early.
type fault struct{ text string }

func (f fault) Error() string { return f.text }

// crawling is a crawl at work.
type crawling struct {
	s   *Service
	w   crawlWork
	c   crawler
	cfg aws.Config // of the crawler's role
	o   configuration
}

func (s *Service) defineCrawlJob() {
	jobs.Define(s.Jobs, crawlJob, func(job context.Context, w crawlWork) error {
		ctx, stop := context.WithCancel(job)
		defer stop()
		s.crawlers.mu.Lock()
		s.crawlers.running[w.Key] = stop
		s.crawlers.mu.Unlock()
		defer func() {
			s.crawlers.mu.Lock()
			delete(s.crawlers.running, w.Key)
			s.crawlers.mu.Unlock()
		}()
		var c crawler
		err := s.Store.View(job, func(tx *store.Tx) (err error) {
			c, err = s.crawlers.rows.Get(tx, w.Key)
			return err
		})
		if errors.Is(err, store.ErrNotFound) || err == nil && c.Crawl != w.ID {
			return nil // it is over
		}
		if err != nil {
			return err
		}
		if c.State == types.CrawlerStateStopping {
			stop()
		}
		x := &crawling{s: s, w: w, c: c}
		out, err := x.run(ctx)
		if job.Err() != nil { // the server ends; the crawl goes on at the next start
			return job.Err()
		}
		return x.end(job, out, err)
	})
}

// outcome is what a crawl has done.
type outcome struct {
	Tables, Parts map[string]changed
	Messages      []string
	Failed        string
}

func newOutcome() outcome {
	return outcome{Tables: map[string]changed{}, Parts: map[string]changed{}}
}

func (o *outcome) add(p outcome) {
	for _, m := range []struct{ to, from map[string]changed }{{o.Tables, p.Tables}, {o.Parts, p.Parts}} {
		for word, c := range m.from {
			count(m.to, word, c.Names...)
			t := m.to[word]
			t.Count += c.Count - len(c.Names)
			m.to[word] = t
		}
	}
	o.Messages = append(o.Messages, p.Messages[:min(len(p.Messages), maxMessages-len(o.Messages))]...)
	if o.Failed == "" {
		o.Failed = p.Failed
	}
}

// step runs a part of the crawl once. What is stopped by the caller is no step.
func step[T any](ctx context.Context, name string, f func(ctx context.Context) (T, error)) (T, error) {
	type answer struct {
		Value T
		Fault string
	}
	a, err := jobs.Step(ctx, name, func(context.Context) (answer, error) {
		v, err := f(ctx)
		var known fault
		if errors.As(err, &known) && ctx.Err() == nil {
			return answer{Fault: known.text}, nil
		}
		return answer{Value: v}, err
	})
	if err == nil && a.Fault != "" {
		err = fault{a.Fault}
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return a.Value, err
}

func (x *crawling) run(ctx context.Context) (out outcome, err error) {
	out = newOutcome()
	role, err := x.s.Directory.ServiceSession(ctx, servicePrincipal, x.c.RoleARN, crawlerSession)
	if errors.Is(err, identity.ErrNotTrusted) {
		return out, fault{"Service is unable to assume role " + x.c.RoleARN + ". Please verify role's TrustPolicy."}
	}
	if err != nil {
		return out, err
	}
	x.cfg = x.s.Clients(role, x.w.Key.Region)
	if x.o, err = readConfiguration(x.c.Configuration); err != nil {
		return out, fault{said(err)}
	}
	targets, err := step(ctx, "targets", x.targets)
	if err != nil {
		return out, err
	}
	read, err := x.read(ctx, targets)
	if err != nil {
		return out, err
	}
	out.Messages = read.Messages
	plans, err := step(ctx, "group", func(ctx context.Context) (planned, error) { return x.group(ctx, targets, read.Unread) })
	if err != nil {
		return out, err
	}
	out.add(outcome{Messages: plans.Messages})
	for from := 0; from < plans.Tables; from += tablesAtOnce {
		to := min(from+tablesAtOnce, plans.Tables)
		found, err := step(ctx, fmt.Sprint("compare ", from), func(ctx context.Context) (outcome, error) { return x.compare(ctx, from, to, read.Unread) })
		if err != nil {
			return out, err
		}
		wrote, err := step(ctx, fmt.Sprint("write ", from), func(ctx context.Context) (outcome, error) { return x.write(ctx, from, to, found) })
		if err != nil {
			return out, err
		}
		out.add(wrote)
	}
	gone, err := step(ctx, "remove", func(ctx context.Context) (outcome, error) { return x.remove(ctx, plans.Gone) })
	if err != nil {
		return out, err
	}
	out.add(gone)
	if x.incremental() {
		if _, err := step(ctx, "remember", func(ctx context.Context) (bool, error) { return true, x.remember(ctx, targets) }); err != nil {
			return out, err
		}
	}
	if out.Failed != "" {
		return out, fault{out.Failed}
	}
	return out, nil
}

func (x *crawling) incremental() bool {
	b := x.c.RecrawlPolicy.RecrawlBehavior
	return b == types.RecrawlBehaviorCrawlNewFoldersOnly || b == types.RecrawlBehaviorCrawlEventMode
}

// progress tells how far the crawl is.
func (x *crawling) progress(ctx context.Context, f func(*crawl)) error {
	k := crawlKey(x.w.Key, x.w.Started, x.w.ID)
	return x.s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := x.s.crawlers.crawls.Get(tx, k)
		if err != nil {
			return absent(err, nil)
		}
		f(&r)
		return x.s.crawlers.crawls.Put(tx, k, r)
	})
}

// maxError is how long an error message of the API may be.
const maxError = 2048

// end gives the crawl and its crawler their last state, and tells of it.
func (x *crawling) end(ctx context.Context, out outcome, failed error) error {
	s, k := x.s, x.w.Key
	if err := x.forget(ctx); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.crawlers.rows.Get(tx, k)
		if err != nil || c.Crawl != x.w.ID {
			return absent(err, nil)
		}
		at := crawlKey(k, x.w.Started, x.w.ID)
		r, err := s.crawlers.crawls.Get(tx, at)
		if err != nil {
			return err
		}
		now := s.Clock.Now().UTC()
		r.Ended, r.Tables, r.Parts, r.Messages = &now, out.Tables, out.Parts, out.Messages
		last, told := types.LastCrawlStatusSucceeded, "Succeeded"
		switch {
		case c.State == types.CrawlerStateStopping && failed != nil:
			r.State, last, told = types.CrawlerHistoryStateStopped, types.LastCrawlStatusCancelled, ""
		case failed != nil:
			r.State, last, told, r.Error = types.CrawlerHistoryStateFailed, types.LastCrawlStatusFailed, "Failed", said(failed)
		default:
			r.State, c.Full = types.CrawlerHistoryStateCompleted, true
		}
		c.State, c.Crawl, c.Started = types.CrawlerStateReady, "", nil
		c.LastCrawl = &types.LastCrawlInfo{Status: last, StartTime: &r.Started, LogGroup: aws.String(crawlerLogs), LogStream: aws.String(k.ID),
			MessagePrefix: aws.String(r.ID), ErrorMessage: r.message()}
		if told != "" {
			err = s.crawlerTold(tx, k, r, told)
		}
		return errors.Join(err, s.crawlers.crawls.Put(tx, at, r), s.crawlers.rows.Put(tx, k, c))
	})
}

const crawlerLogs = "/aws-glue/crawlers"

// message is what went wrong, nil when nothing did.
func (r crawl) message() *string {
	text := r.Error
	if text == "" {
		text = strings.Join(r.Messages, "\n")
	}
	if text == "" {
		return nil
	}
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError-3], "") + "..."
	}
	return &text
}
