package glue

import (
	"context"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// crawlers is the state of crawlers.
type crawlers struct {
	rows        *store.Table[crawler]    // by name
	classifiers *store.Table[classifier] // by name
	crawls      *store.Table[crawl]      // by crawlKey: the newest of a crawler first
	folders     *store.Table[known]      // what an incremental crawler has seen, by folderKey
	changes     *store.Table[change]     // folders that changed since, by folderKey
	plans       *store.Table[plan]       // of crawls under way, by planKey

	news chan struct{} // a schedule was changed

	mu      sync.Mutex
	running map[store.Key]context.CancelFunc // crawls at work here
}

// Indexes of crawlers.
const (
	byPlan   = "plan"   // those that are scheduled
	byBucket = "bucket" // those that wait for events of a bucket
)

func (s *Service) openCrawlers() {
	c := &s.crawlers
	c.news, c.running = make(chan struct{}, 1), map[store.Key]context.CancelFunc{}
	c.rows = store.NewTable(s.Store, "glue_crawler", store.Index[crawler]{Name: byPlan, Value: crawler.planned},
		store.Index[crawler]{Name: byBucket, Value: crawler.listensTo})
	c.classifiers = store.NewTable[classifier](s.Store, "glue_classifier")
	c.crawls = store.NewTable[crawl](s.Store, "glue_crawl")
	c.folders = store.NewTable[known](s.Store, "glue_crawlfolder")
	c.changes = store.NewTable[change](s.Store, "glue_crawlchange")
	c.plans = store.NewTable[plan](s.Store, "glue_crawlplan")
	s.tagged["crawler"] = func(tx *store.Tx, k store.Key) error {
		_, err := c.rows.Get(tx, k)
		return err
	}
	s.defineCrawlJob()
}

// crawlerOps lists the operations of crawlers.
func (s *Service) crawlerOps() wire.Ops {
	return wire.Ops{
		wire.Op(s.BatchGetCrawlers, wire.On(s.batchGetCrawlersTargets)),
		wire.Op(s.CreateClassifier),
		wire.Op(s.CreateCrawler, wire.On(s.createCrawlerTargets)),
		wire.Op(s.DeleteClassifier),
		wire.Op(s.DeleteCrawler, wire.On(s.deleteCrawlerTargets)),
		wire.Op(s.GetClassifier),
		wire.Op(s.GetClassifiers),
		wire.Op(s.GetCrawler, wire.On(s.getCrawlerTargets)),
		wire.Op(s.GetCrawlerMetrics),
		wire.Op(s.GetCrawlers),
		wire.Op(s.ListCrawlers),
		wire.Op(s.ListCrawls, wire.On(s.listCrawlsTargets)),
		wire.Op(s.StartCrawler, wire.On(s.startCrawlerTargets)),
		wire.Op(s.StartCrawlerSchedule, wire.On(s.startCrawlerScheduleTargets)),
		wire.Op(s.StopCrawler, wire.On(s.stopCrawlerTargets)),
		wire.Op(s.StopCrawlerSchedule, wire.On(s.stopCrawlerScheduleTargets)),
		wire.Op(s.UpdateClassifier),
		wire.Op(s.UpdateCrawler, wire.On(s.updateCrawlerTargets)),
		wire.Op(s.UpdateCrawlerSchedule, wire.On(s.updateCrawlerScheduleTargets)),
	}
}

func crawlerARN(k store.Key) string { return arn.New("glue", k.Region, k.Account, "crawler/"+k.ID) }

// onCrawlers names crawlers.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
func (s *Service) onCrawlers(ctx context.Context, names ...string) (out []wire.Target, err error) {
	for _, n := range names {
		one, err := s.onARN(ctx, aws.String(crawlerARN(within(ctx, n))))
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func (s *Service) batchGetCrawlersTargets(ctx context.Context, in *glue.BatchGetCrawlersInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, in.CrawlerNames...)
}

func (s *Service) createCrawlerTargets(ctx context.Context, in *glue.CreateCrawlerInput) ([]wire.Target, error) {
	out, err := s.onCrawlers(ctx, *in.Name)
	return append(out, onPassedRole(ctx, in.Role)), err
}

func (s *Service) updateCrawlerTargets(ctx context.Context, in *glue.UpdateCrawlerInput) ([]wire.Target, error) {
	out, err := s.onCrawlers(ctx, *in.Name)
	if in.Role != nil {
		out = append(out, onPassedRole(ctx, in.Role))
	}
	return out, err
}

func (s *Service) deleteCrawlerTargets(ctx context.Context, in *glue.DeleteCrawlerInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.Name)
}

func (s *Service) getCrawlerTargets(ctx context.Context, in *glue.GetCrawlerInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.Name)
}

func (s *Service) listCrawlsTargets(ctx context.Context, in *glue.ListCrawlsInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.CrawlerName)
}

func (s *Service) startCrawlerTargets(ctx context.Context, in *glue.StartCrawlerInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.Name)
}

func (s *Service) stopCrawlerTargets(ctx context.Context, in *glue.StopCrawlerInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.Name)
}

func (s *Service) startCrawlerScheduleTargets(ctx context.Context, in *glue.StartCrawlerScheduleInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.CrawlerName)
}

func (s *Service) stopCrawlerScheduleTargets(ctx context.Context, in *glue.StopCrawlerScheduleInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.CrawlerName)
}

func (s *Service) updateCrawlerScheduleTargets(ctx context.Context, in *glue.UpdateCrawlerScheduleInput) ([]wire.Target, error) {
	return s.onCrawlers(ctx, *in.CrawlerName)
}
