package logs

import (
	"context"
	"sync"

	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/services/logs/pattern"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// patterns keeps parsed filter patterns by their text.
type patterns struct {
	mu    sync.RWMutex
	known map[string]*pattern.Pattern
}

// maxPatterns is how many are kept.
const maxPatterns = 1000

func (c *patterns) parse(text string) (*pattern.Pattern, error) {
	c.mu.RLock()
	p, ok := c.known[text]
	c.mu.RUnlock()
	if ok {
		return p, nil
	}
	p, err := pattern.Parse(text)
	if err != nil {
		return nil, invalid("Invalid filter pattern: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) == maxPatterns {
		c.known = map[string]*pattern.Pattern{}
	}
	c.known[text] = p
	return p, nil
}

// budget is how many bytes a call looks at before it answers with what it found: its caller goes on with the token.
const budget = 128 << 20

// FilterLogEvents finds events of many streams, in order of time.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (s *Service) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	k, err := either(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNames != nil && in.LogStreamNamePrefix != nil {
		return nil, invalid("LogStreamNames and LogStreamNamePrefix are mutually exclusive.")
	}
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	for _, name := range in.LogStreamNames {
		if _, err := s.streamID(ctx, k, g, name); err != nil {
			return nil, err
		}
	}
	p, err := s.patterns.parse(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	q := eventfile.Query{Group: g.place(k, ""), Streams: selected(in.LogStreamNames, in.LogStreamNamePrefix), Budget: budget,
		Reverse: in.StartFromHead != nil && !*in.StartFromHead}
	if !p.All() {
		q.Match = p.Match
	}
	q.From, q.To = g.window(s.now(), in.StartTime, in.EndTime)
	position, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, errToken
	}
	if position != "" {
		at, ok := readEventID(position)
		if !ok {
			return nil, errToken
		}
		if q.Reverse {
			q.Before = &at
		} else {
			q.After = &at
		}
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	full, more := newPageful(in.Limit), false
	progress, err := s.files.Read(ctx, q, func(stream string, e eventfile.Event) bool {
		if !full.takes(e) {
			more = true
			return false
		}
		out.Events = append(out.Events, types.FilteredLogEvent{EventId: aws.String(eventID(e.Time, e.Seq)), Timestamp: &e.Time, IngestionTime: &e.Ingested,
			Message: &e.Message, LogStreamName: aws.String(eventfile.Name(stream))})
		return true
	})
	switch {
	case err != nil:
		return nil, err
	case more:
		out.NextToken = wire.PageToken(ctx, *out.Events[len(out.Events)-1].EventId)
	case progress.Next != nil:
		out.NextToken = wire.PageToken(ctx, eventID(progress.Next.Time, progress.Next.Seq))
	}
	return out, nil
}

func (s *Service) filterLogEventsTargets(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) ([]wire.Target, error) {
	return s.onEither(ctx, in.LogGroupName, in.LogGroupIdentifier, "")
}
