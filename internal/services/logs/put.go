package logs

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Source of the limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	maxBatch = 1 << 20 // bytes of messages, each with 26 more
	overhead = 26
	hour     = 60 * 60 * 1000
	tooNew   = 2 * hour
	tooOld   = 14 * day
	// sequenceToken is what AWS gives still, and asks for no more.
	sequenceToken = "49039859621483204170519452313586293447164214236291490194"
)

// PutLogEvents adds events to a stream. They are on disk when it answers.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func (s *Service) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	k, name := here(ctx, *in.LogGroupName), *in.LogStreamName
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	s.standing.RLock()
	defer s.standing.RUnlock()
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	id, err := s.streamID(ctx, k, g, name)
	if err != nil {
		return nil, err
	}
	s.remember(streamName{g.ID, name}, id)
	now := s.now()
	from, to, rejected := g.accept(in.LogEvents, now)
	out := &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: aws.String(sequenceToken), RejectedLogEventsInfo: rejected}
	if from >= to {
		return out, nil
	}
	events := make([]eventfile.Event, to-from)
	for i, e := range in.LogEvents[from:to] {
		events[i] = eventfile.Event{Time: *e.Timestamp, Ingested: now, Message: *e.Message}
	}
	if err := s.files.Append(ctx, g.place(k, id), events); err != nil {
		return nil, err
	}
	return out, s.came(ctx, k, g, name, events)
}

func (s *Service) putLogEventsTargets(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput) ([]wire.Target, error) {
	return s.target(ctx, here(ctx, *in.LogGroupName), *in.LogStreamName)
}

// remember keeps a stream's id while s.standing is held, so that no stream that is deleted stays known.
func (s *Service) remember(n streamName, id string) {
	if _, known := s.names.LoadOrStore(n, id); known {
		return
	}
	if s.known.Add(1) > maxNames {
		s.names.Clear()
		s.known.Store(0)
	}
}

// checkBatch holds a batch to order and limits.
func checkBatch(list []types.InputLogEvent) error {
	size := 0
	for i, e := range list {
		size += len(*e.Message) + overhead
		if i > 0 && *e.Timestamp < *list[i-1].Timestamp {
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if size > maxBatch {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxBatch)
	}
	if *list[len(list)-1].Timestamp-*list[0].Timestamp > day {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// accept tells which events of a batch are taken, and why others are not.
func (g group) accept(list []types.InputLogEvent, now int64) (from, to int, why *types.RejectedLogEventsInfo) {
	old, gone := 0, 0
	for old < len(list) && *list[old].Timestamp < now-tooOld {
		old++
	}
	for before := g.expired(now); gone < len(list) && *list[gone].Timestamp < before; {
		gone++
	}
	for to = len(list); to > 0 && *list[to-1].Timestamp > now+tooNew; {
		to--
	}
	if old > 0 || gone > 0 || to < len(list) {
		why = &types.RejectedLogEventsInfo{}
	}
	if old > 0 {
		why.TooOldLogEventEndIndex = aws.Int32(int32(old))
	}
	if gone > 0 {
		why.ExpiredLogEventEndIndex = aws.Int32(int32(gone))
	}
	if to < len(list) {
		why.TooNewLogEventStartIndex = aws.Int32(int32(to))
	}
	return max(old, gone), to, why
}

// came does what hangs on events: it measures, sends them to who subscribed, and tells who watches.
func (s *Service) came(ctx context.Context, k store.Key, g group, stream string, events []eventfile.Event) error {
	s.measure(k, g, stream, events)
	s.tails.tell(k, stream, events)
	return s.distribute(ctx, k, g, stream, events)
}
