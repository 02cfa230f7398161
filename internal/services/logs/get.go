package logs

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// maxEvents and maxPage are how many events, and bytes of them, an answer has.
const (
	maxEvents = 10_000
	maxPage   = 1 << 20
)

// pageful counts what goes into an answer.
type pageful struct {
	limit int
	n     int
	bytes int64
}

func newPageful(limit *int32) *pageful {
	p := &pageful{limit: maxEvents}
	if limit != nil {
		p.limit = int(*limit)
	}
	return p
}

// takes tells whether an event fits.
func (p *pageful) takes(e eventfile.Event) bool {
	if p.n == p.limit || p.n > 0 && p.bytes+e.Size() > maxPage {
		return false
	}
	p.n++
	p.bytes += e.Size()
	return true
}

// window is the time that is asked for, of what has not expired.
func (g group) window(now int64, start, end *int64) (from, to int64) {
	from = max(aws.ToInt64(start), g.expired(now))
	if end != nil {
		to = max(*end, 1)
	}
	return from, to
}

// GetLogEvents reads a stream in either direction. A token that leads nowhere yet is given back as it came, so that a reader can ask again.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (s *Service) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	k, err := either(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	id, err := s.streamID(ctx, k, g, *in.LogStreamName)
	if err != nil {
		return nil, err
	}
	q := eventfile.Query{Group: g.place(k, ""), Streams: func(stream string) bool { return stream == id }, Reverse: !aws.ToBool(in.StartFromHead)}
	q.From, q.To = g.window(s.now(), in.StartTime, in.EndTime)
	var at eventfile.Position
	if in.NextToken != nil {
		direction, p, ok := readToken(*in.NextToken)
		if !ok {
			return nil, errToken
		}
		if at = p; direction == forward {
			q.After, q.Reverse = &at, false
		} else {
			q.Before, q.Reverse = &at, true
		}
	}
	var found []eventfile.Event
	full := newPageful(in.Limit)
	if _, err := s.files.Read(ctx, q, func(_ string, e eventfile.Event) bool {
		if !full.takes(e) {
			return false
		}
		found = append(found, e)
		return true
	}); err != nil {
		return nil, err
	}
	if q.Reverse {
		slices.Reverse(found)
	}
	out := &cloudwatchlogs.GetLogEventsOutput{Events: make([]types.OutputLogEvent, len(found)), NextForwardToken: token(forward, at), NextBackwardToken: token(backward, at)}
	for i := range found {
		e := &found[i]
		out.Events[i] = types.OutputLogEvent{Timestamp: &e.Time, IngestionTime: &e.Ingested, Message: &e.Message}
	}
	if n := len(found); n > 0 {
		out.NextBackwardToken = token(backward, eventfile.Position{Time: found[0].Time, Seq: found[0].Seq})
		out.NextForwardToken = token(forward, eventfile.Position{Time: found[n-1].Time, Seq: found[n-1].Seq})
	}
	return out, nil
}

func (s *Service) getLogEventsTargets(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput) ([]wire.Target, error) {
	return s.onEither(ctx, in.LogGroupName, in.LogGroupIdentifier, *in.LogStreamName)
}
