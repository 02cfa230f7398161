package logs

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/pattern"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// Source of the numbers: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
const (
	beat        = time.Second
	session     = 3 * time.Hour
	maxUpdate   = 500
	maxSessions = 15
	maxTailed   = 10
)

// tails are the sessions that watch groups.
type tails struct {
	mu   sync.Mutex
	open map[*tail]bool
}

// tail is one session. found is what came since the last update, at most maxUpdate events.
type tail struct {
	account string
	groups  map[store.Key]bool
	streams func(stream string) bool
	pattern *pattern.Pattern
	found   []types.LiveTailSessionLogEvent
	sampled bool
}

// tell shows events to who watches their group.
func (t *tails) tell(k store.Key, stream string, events []event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for x := range t.open {
		if !x.groups[k] || x.streams != nil && !x.streams(stream) {
			continue
		}
		for _, e := range events {
			if !x.pattern.Match(e.Message) {
				continue
			}
			if len(x.found) == maxUpdate {
				x.sampled = true
				break
			}
			x.found = append(x.found, types.LiveTailSessionLogEvent{IngestionTime: &e.Ingested, Timestamp: &e.Time, Message: &e.Message,
				LogStreamName: &stream, LogGroupIdentifier: aws.String(k.Account + ":" + k.ID)})
		}
	}
}

// take gives what came.
func (t *tails) take(x *tail) types.LiveTailSessionUpdate {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := types.LiveTailSessionUpdate{SessionResults: append([]types.LiveTailSessionLogEvent{}, x.found...),
		SessionMetadata: &types.LiveTailSessionMetadata{Sampled: x.sampled}}
	x.found, x.sampled = x.found[:0], false
	return u
}

// begin adds a session, unless the account has too many.
func (t *tails) begin(x *tail) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for o := range maps.Keys(t.open) {
		if o.account == x.account {
			n++
		}
	}
	if n >= maxSessions {
		return exceeded("The maximum number of concurrent Live Tail sessions is reached.")
	}
	if t.open == nil {
		t.open = map[*tail]bool{}
	}
	t.open[x] = true
	return nil
}

func (t *tails) end(x *tail) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, x)
}

// StartLiveTail shows events as they come, once a second, for up to three hours.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
func (s *Service) StartLiveTail(ctx context.Context, in *cloudwatchlogs.StartLiveTailInput) (*cloudwatchlogs.StartLiveTailOutput, wire.Events[types.StartLiveTailResponseStream], error) {
	if in.LogStreamNames != nil && in.LogStreamNamePrefixes != nil {
		return nil, nil, invalid("LogStreamNames and LogStreamNamePrefixes are mutually exclusive.")
	}
	if (in.LogStreamNames != nil || in.LogStreamNamePrefixes != nil) && len(in.LogGroupIdentifiers) > 1 {
		return nil, nil, invalid("Log streams can be selected of a single log group only.")
	}
	x := &tail{account: here(ctx, "").Account, groups: map[store.Key]bool{}}
	var err error
	if x.pattern, err = s.patterns.parse(aws.ToString(in.LogEventFilterPattern)); err != nil {
		return nil, nil, err
	}
	for _, id := range in.LogGroupIdentifiers {
		k, err := identified(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		g, err := s.find(ctx, k)
		if err != nil {
			return nil, nil, err
		}
		if err := g.only("Live Tail"); err != nil {
			return nil, nil, err
		}
		x.groups[k] = true
	}
	switch {
	case in.LogStreamNames != nil:
		x.streams = func(name string) bool { return slices.Contains(in.LogStreamNames, name) }
	case in.LogStreamNamePrefixes != nil:
		x.streams = func(name string) bool {
			return slices.ContainsFunc(in.LogStreamNamePrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		}
	}
	if err := s.tails.begin(x); err != nil {
		return nil, nil, err
	}
	start := types.LiveTailSessionStart{RequestId: aws.String(wire.CallOf(ctx).RequestID), SessionId: aws.String(uuid.NewString()),
		LogGroupIdentifiers: in.LogGroupIdentifiers, LogStreamNames: in.LogStreamNames, LogStreamNamePrefixes: in.LogStreamNamePrefixes,
		LogEventFilterPattern: in.LogEventFilterPattern}
	return &cloudwatchlogs.StartLiveTailOutput{}, func(send func(types.StartLiveTailResponseStream) error) error {
		defer s.tails.end(x)
		return s.watch(ctx, x, start, send)
	}, nil
}

// watch sends updates until the caller goes, or the server, or the time is over.
func (s *Service) watch(ctx context.Context, x *tail, start types.LiveTailSessionStart, send func(types.StartLiveTailResponseStream) error) error {
	if err := send(&types.StartLiveTailResponseStreamMemberSessionStart{Value: start}); err != nil {
		return err
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	over := time.After(session)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.draining:
			return nil
		case <-over:
			return &types.SessionTimeoutException{Message: aws.String("The Live Tail session has timed out.")}
		case <-tick.C:
		}
		if err := send(&types.StartLiveTailResponseStreamMemberSessionUpdate{Value: s.tails.take(x)}); err != nil {
			return err
		}
	}
}

func (s *Service) startLiveTailTargets(ctx context.Context, in *cloudwatchlogs.StartLiveTailInput) (all []wire.Target, err error) {
	for _, id := range in.LogGroupIdentifiers {
		list, err := s.onEither(ctx, nil, &id, "")
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}
