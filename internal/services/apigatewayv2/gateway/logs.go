package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// logEvery is how long lines wait for others, maxBatch and maxBatchBytes how many go at once, and maxWaiting how many wait at most:
	// access logs are made with best effort, and never hold up a request.
	// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
	logEvery      = time.Second
	maxBatch      = 1000
	maxBatchBytes = 512 << 10
	maxWaiting    = 16384
	logPrincipal  = "delivery.logs.amazonaws.com"
)

// logs carries lines to CloudWatch Logs.
type logs struct {
	Config
	mu      sync.Mutex
	waiting map[place][]types.InputLogEvent
	count   int
	wake    chan struct{}
}

// place is a log stream, and the stage that writes to it.
type place struct {
	as                    delivery.As
	region, group, stream string
}

func newLogs(c Config) *logs {
	return &logs{Config: c, waiting: map[place][]types.InputLogEvent{}, wake: make(chan struct{}, 1)}
}

// add has a line written. It never waits.
func (l *logs) add(s *stage, at time.Time, line string) {
	a := s.api
	p := place{delivery.As{Service: logPrincipal, Account: a.account, Source: "arn:aws:apigateway:" + a.region + "::/apis/" + a.id + "/stages/" + s.name},
		s.log.region, s.log.group, s.log.stream}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= maxWaiting {
		return
	}
	l.count++
	l.waiting[p] = append(l.waiting[p], types.InputLogEvent{Message: &line, Timestamp: aws.Int64(at.UnixMilli())})
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes what waits until ctx ends, and then the rest.
func (l *logs) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			l.flush(rest)
			cancel()
			return
		case <-l.wake:
		}
		select {
		case <-ctx.Done():
		case <-time.After(logEvery):
		}
		l.flush(ctx)
	}
}

func (l *logs) flush(ctx context.Context) {
	l.mu.Lock()
	all := l.waiting
	l.waiting, l.count = map[place][]types.InputLogEvent{}, 0
	l.mu.Unlock()
	for p, events := range all {
		for len(events) > 0 && ctx.Err() == nil {
			n, size := 0, 0
			for n < len(events) && n < maxBatch && (n == 0 || size+len(*events[n].Message) < maxBatchBytes) {
				size += len(*events[n].Message) + 26
				n++
			}
			if err := l.put(ctx, p, events[:n]); err != nil && ctx.Err() == nil {
				l.Logger.Debug("cannot write access log", "group", p.group, "error", err)
				break
			}
			events = events[n:]
		}
	}
}

// put writes lines, into a stream that is made when it is not there.
func (l *logs) put(ctx context.Context, p place, events []types.InputLogEvent) error {
	config, err := l.Clients.Config(ctx, p.as, p.region)
	if err != nil {
		return err
	}
	c := cloudwatchlogs.NewFromConfig(config)
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &p.group, LogStreamName: &p.stream, LogEvents: events}
	_, err = c.PutLogEvents(ctx, in)
	var gone *types.ResourceNotFoundException
	if !errors.As(err, &gone) {
		return err
	}
	var exists *types.ResourceAlreadyExistsException
	if _, err := c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &p.group, LogStreamName: &p.stream}); err != nil && !errors.As(err, &exists) {
		return err
	}
	_, err = c.PutLogEvents(ctx, in)
	return err
}
