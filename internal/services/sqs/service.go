package sqs

import (
	"context"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// Config is what the service needs.
type Config struct {
	Store   *store.Store
	Jobs    *jobs.Runner
	Metrics metrics.Recorder
	Clock   clock.Clock
}

// Service is SQS.
type Service struct {
	Config
	image    *store.Image
	queues   *store.Held[queue] // key: account, region and name
	policies sync.Map           // parsed, by key of the queue
	messages *store.Table[message]
	flights  *store.Table[flight]
	seen     *store.Table[duplicate]
	moves    *store.Table[move]

	mu       sync.Mutex
	shelves  map[string]*shelf // by id of the queue
	draining chan struct{}     // closed when nobody may wait any longer
	drain    sync.Once
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	if c.Metrics == nil {
		c.Metrics = metrics.Discard{}
	}
	s := &Service{Config: c, image: store.NewImage(c.Store), shelves: map[string]*shelf{}, draining: make(chan struct{}),
		messages: store.NewTable[message](c.Store, "sqs_message"), flights: store.NewTable[flight](c.Store, "sqs_flight"),
		seen: store.NewTable[duplicate](c.Store, "sqs_duplicate"), moves: store.NewTable[move](c.Store, "sqs_move")}
	s.queues = store.NewHeld(s.image, "sqs_queue", func(k store.Key, _, _ *queue) { s.policies.Delete(k) })
	jobs.Define(c.Jobs, discardJob, s.discard)
	jobs.Define(c.Jobs, moveJob, s.runMove)
	return s
}

// Drain sends home who waits for messages: the server stops.
func (s *Service) Drain() { s.drain.Do(func() { close(s.draining) }) }

// Name is the service's name in the API facts.
func (*Service) Name() string { return "sqs" }

// Codec tells the wire layer what the query protocol called errors.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html
func (*Service) Codec() []codec.Option {
	const prefix = "AWS.SimpleQueueService."
	codes := map[string]string{"QueueDoesNotExist": prefix + "NonExistentQueue", "QueueNameExists": "QueueAlreadyExists"}
	for _, name := range []string{"BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId", "MessageNotInflight",
		"PurgeQueueInProgress", "QueueDeletedRecently", "TooManyEntriesInBatchRequest", "UnsupportedOperation"} {
		codes[name] = prefix + name
	}
	return []codec.Option{codec.QueryCodes(codes)}
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AddPermission, wire.On(s.addPermissionTargets)),
		wire.Op(s.CancelMessageMoveTask, wire.On(s.cancelMoveTargets)),
		wire.Op(s.ChangeMessageVisibility, wire.On(s.changeVisibilityTargets), wire.Data()),
		wire.Op(s.ChangeMessageVisibilityBatch, wire.On(s.changeVisibilityBatchTargets), wire.Data()),
		wire.Op(s.CreateQueue, wire.On(s.createTargets)),
		wire.Op(s.DeleteMessage, wire.On(s.deleteMessageTargets), wire.Data()),
		wire.Op(s.DeleteMessageBatch, wire.On(s.deleteMessageBatchTargets), wire.Data()),
		wire.Op(s.DeleteQueue, wire.On(s.deleteTargets)),
		wire.Op(s.GetQueueAttributes, wire.On(s.getAttributesTargets)),
		wire.Op(s.GetQueueUrl, wire.On(s.getURLTargets)),
		wire.Op(s.ListDeadLetterSourceQueues, wire.On(s.listSourcesTargets)),
		wire.Op(s.ListMessageMoveTasks, wire.On(s.listMovesTargets)),
		wire.Op(s.ListQueueTags, wire.On(s.listTagsTargets)),
		wire.Op(s.ListQueues),
		wire.Op(s.PurgeQueue, wire.On(s.purgeTargets)),
		wire.Op(s.ReceiveMessage, wire.On(s.receiveTargets), wire.Data()),
		wire.Op(s.RemovePermission, wire.On(s.removePermissionTargets)),
		wire.Op(s.SendMessage, wire.On(s.sendTargets), wire.Data()),
		wire.Op(s.SendMessageBatch, wire.On(s.sendBatchTargets), wire.Data()),
		wire.Op(s.SetQueueAttributes, wire.On(s.setAttributesTargets)),
		wire.Op(s.StartMessageMoveTask, wire.On(s.startMoveTargets)),
		wire.Op(s.TagQueue, wire.On(s.tagTargets)),
		wire.Op(s.UntagQueue, wire.On(s.untagTargets)),
	}
}

// now is the time in milliseconds, as messages have it.
func (s *Service) now() int64 { return s.Clock.Now().UnixMilli() }

// shelf is what may be received from a queue, loaded.
func (s *Service) shelf(ctx context.Context, k store.Key, q queue) (*shelf, error) {
	s.mu.Lock()
	h, ok := s.shelves[q.ID]
	if !ok {
		h = newShelf(k, q.ID, q.fifo())
		s.shelves[q.ID] = h
	}
	s.mu.Unlock()
	return h, h.load(ctx, s)
}
