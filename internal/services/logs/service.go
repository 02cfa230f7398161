package logs

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// Config is what the service needs.
type Config struct {
	Store   *store.Store
	Jobs    *jobs.Runner
	Desk    *delivery.Desk
	Clients *delivery.Clients
	Metrics metrics.Recorder
	Clock   clock.Clock
	Logger  *slog.Logger
	Dir     string // of the files of events
}

// Service is CloudWatch Logs.
type Service struct {
	Config
	files       *eventfile.Files
	image       *store.Image
	groups      *store.Held[group]   // id: name
	ids         map[string]store.Key // groups by ID; guarded by the image
	policies    *store.Held[policy]  // id: name, or ARN of a group
	parsed      sync.Map             // policies of an account and region, joined, by key without id
	streams     *store.Table[stream]
	queries     *store.Table[query]
	answers     *store.Table[answer] // rows of queries that are complete
	definitions *store.Table[definition]
	exports     *store.Table[export]

	standing sync.RWMutex // held for reading while events are put, so that what is deleted gets no more of them
	names    sync.Map     // ids of streams, by streamName
	known    atomic.Int64 // how many names there are, about
	patterns patterns
	tokens   *wire.Tokens
	running  sync.Map      // ends of queries that run, by id
	slots    chan struct{} // of queries that run
	tails    tails
	draining chan struct{} // closed when nobody may wait any longer
	drain    sync.Once
}

// New makes the service and defines its courier and jobs.
func New(c Config) *Service {
	s := &Service{Config: c, image: store.NewImage(c.Store), streams: store.NewTable[stream](c.Store, "logs_stream"),
		queries: store.NewTable[query](c.Store, "logs_query"), answers: store.NewTable[answer](c.Store, "logs_answer"),
		definitions: store.NewTable[definition](c.Store, "logs_definition"), exports: store.NewTable[export](c.Store, "logs_export"),
		ids: map[string]store.Key{}, tokens: wire.NewTokens(c.Store, c.Clock), slots: make(chan struct{}, atOnce), draining: make(chan struct{})}
	s.groups = store.NewHeld(s.image, "logs_group", s.groupChanged)
	s.policies = store.NewHeld(s.image, "logs_policy", func(k store.Key, _, _ *policy) { s.parsed.Delete(store.Key{Account: k.Account, Region: k.Region}) })
	s.files = eventfile.New(eventfile.Config{Dir: c.Dir, Store: c.Store, Logger: c.Logger, Sealed: s.sealed})
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver})
	jobs.Define(c.Jobs, forgetJob, s.forget)
	jobs.Define(c.Jobs, queryJob, s.runQuery)
	jobs.Define(c.Jobs, exportJob, s.runExport)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "logs" }

// Codec tells the wire layer how the service calls requests that break constraints.
func (*Service) Codec() []codec.Option {
	return []codec.Option{codec.ValidationCode("InvalidParameterException")}
}

// Run enforces retention until ctx ends, then closes the files.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := s.files.Close(); err != nil {
				s.Logger.Error("cannot close log files", "error", err)
			}
			return
		case <-tick.C:
		}
		if err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot remove expired log events", "error", err)
		}
		if err := s.mergeFiles(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot merge log files", "error", err)
		}
		if err := s.forgetQueries(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot remove old queries of logs", "error", err)
		}
	}
}

// Drain ends live tails: the server stops.
func (s *Service) Drain() { s.drain.Do(func() { close(s.draining) }) }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return append(append(wire.Ops{
		wire.Op(s.AssociateKmsKey, wire.On(s.associateKmsKeyTargets)),
		wire.Op(s.CreateLogGroup, wire.On(s.createLogGroupTargets)),
		wire.Op(s.CreateLogStream, wire.On(s.createLogStreamTargets)),
		wire.Op(s.DeleteLogGroup, wire.On(s.deleteLogGroupTargets)),
		wire.Op(s.DeleteLogStream, wire.On(s.deleteLogStreamTargets)),
		wire.Op(s.DeleteResourcePolicy),
		wire.Op(s.DeleteRetentionPolicy, wire.On(s.deleteRetentionPolicyTargets)),
		wire.Op(s.DescribeLogGroups, wire.On(s.describeLogGroupsTargets)),
		wire.Op(s.DescribeLogStreams, wire.On(s.describeLogStreamsTargets)),
		wire.Op(s.DescribeResourcePolicies),
		wire.Op(s.DisassociateKmsKey, wire.On(s.disassociateKmsKeyTargets)),
		wire.Op(s.FilterLogEvents, wire.On(s.filterLogEventsTargets)),
		wire.Op(s.GetLogEvents, wire.On(s.getLogEventsTargets)),
		wire.Op(s.ListLogGroups, wire.On(s.listLogGroupsTargets)),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsForResourceTargets)),
		wire.Op(s.ListTagsLogGroup, wire.On(s.listTagsLogGroupTargets)),
		wire.Op(s.PutLogEvents, wire.On(s.putLogEventsTargets), wire.Data()),
		wire.Op(s.PutLogGroupDeletionProtection, wire.On(s.putLogGroupDeletionProtectionTargets)),
		wire.Op(s.PutResourcePolicy),
		wire.Op(s.PutRetentionPolicy, wire.On(s.putRetentionPolicyTargets)),
		wire.Op(s.TagLogGroup, wire.On(s.tagLogGroupTargets)),
		wire.Op(s.TagResource, wire.On(s.tagResourceTargets)),
		wire.Op(s.UntagLogGroup, wire.On(s.untagLogGroupTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagResourceTargets)),
	}, s.filterOps()...), s.queryOps()...)
}

// filterOps are those that hang filters on groups, and watch or export them.
func (s *Service) filterOps() wire.Ops {
	return wire.Ops{
		wire.Op(s.CancelExportTask),
		wire.Op(s.CreateExportTask, wire.On(s.createExportTaskTargets)),
		wire.Op(s.DeleteMetricFilter, wire.On(s.deleteMetricFilterTargets)),
		wire.Op(s.DeleteSubscriptionFilter, wire.On(s.deleteSubscriptionFilterTargets)),
		wire.Op(s.DescribeExportTasks),
		wire.Op(s.DescribeMetricFilters, wire.On(s.describeMetricFiltersTargets)),
		wire.Op(s.DescribeSubscriptionFilters, wire.On(s.describeSubscriptionFiltersTargets)),
		wire.Op(s.PutMetricFilter, wire.On(s.putMetricFilterTargets)),
		wire.Op(s.PutSubscriptionFilter, wire.On(s.putSubscriptionFilterTargets)),
		wire.StreamOp(s.StartLiveTail, wire.On(s.startLiveTailTargets)),
		wire.Op(s.TestMetricFilter),
	}
}

// queryOps are those of Logs Insights.
func (s *Service) queryOps() wire.Ops {
	return wire.Ops{
		wire.Op(s.DeleteQueryDefinition),
		wire.Op(s.DescribeQueries),
		wire.Op(s.DescribeQueryDefinitions),
		wire.Op(s.GetLogGroupFields, wire.On(s.getLogGroupFieldsTargets)),
		wire.Op(s.GetLogRecord, wire.On(s.getLogRecordTargets)),
		wire.Op(s.GetQueryResults),
		wire.Op(s.PutQueryDefinition),
		wire.Op(s.StartQuery, wire.On(s.startQueryTargets)),
		wire.Op(s.StopQuery),
	}
}
