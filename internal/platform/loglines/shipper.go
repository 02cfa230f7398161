// Package loglines ships what users' code writes, and what is logged of their requests, to CloudWatch Logs: in batches, in the name
// of a role, and never in the way of whoever writes. Lines wait in memory, of which there is a limit: those that don't fit are
// dropped, as are those of a role that may not write them or of a service that is not there.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
package loglines

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

// Config is what a shipper needs.
type Config struct {
	Clients *delivery.Clients
	Clock   clock.Clock
	Logger  *slog.Logger
	Pause   time.Duration // how long lines are collected before they are sent; 0: pause
}

// Stream is where lines go, and in whose name.
type Stream struct {
	As                    delivery.As
	Region, Group, Stream string
}

const (
	// pause is how long lines are collected.
	pause = 300 * time.Millisecond
	// linger is for how long it is known that a stream is there, when there are more than few.
	linger, few = time.Minute, 64
	// maxHeld is how many bytes wait as a whole, and maxStream of one stream.
	maxHeld   = 64 << 20
	maxStream = 4 << 20
	// maxBatch, maxEvents and maxEvent are limits of PutLogEvents. Each event counts overhead bytes more than it has.
	maxBatch  = 1 << 20
	maxEvents = 10_000
	maxEvent  = 256 << 10
	overhead  = 26
	// senders is how many calls are made at a time.
	senders = 8
	// attempts is how often a batch is tried.
	attempts = 3
)

// Shipper sends lines.
type Shipper struct {
	Config
	mu      sync.Mutex
	streams map[Stream]*held
	bytes   int
	busy    sync.WaitGroup // streams that have a sender
	slots   chan struct{}
	drained chan struct{}
	drain   sync.Once
}

// held are the lines of a stream that wait.
type held struct {
	lines   []types.InputLogEvent
	bytes   int
	sending bool
	idle    chan struct{} // closed when sending ends
	made    bool          // the stream is known to be there
	used    time.Time     // when lines were sent last
}

// New makes a shipper. It does nothing until lines come.
func New(c Config) *Shipper {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Pause == 0 {
		c.Pause = pause
	}
	return &Shipper{Config: c, streams: map[Stream]*held{}, slots: make(chan struct{}, senders), drained: make(chan struct{})}
}

// Line takes a line. It does not wait, and does not fail.
func (s *Shipper) Line(to Stream, at time.Time, text string) {
	if text == "" {
		return // there are no empty events
	}
	if len(text) > maxEvent-overhead {
		text = text[:maxEvent-overhead]
	}
	size := len(text) + overhead
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.streams[to]
	if !ok {
		s.forget()
		h = &held{}
		s.streams[to] = h
	}
	if h.bytes+size > maxStream || s.bytes+size > maxHeld {
		return
	}
	h.lines = append(h.lines, types.InputLogEvent{Message: &text, Timestamp: aws.Int64(at.UnixMilli())})
	h.bytes += size
	s.bytes += size
	if !h.sending {
		h.sending, h.idle = true, make(chan struct{})
		s.busy.Add(1)
		go s.send(to, h)
	}
}

// Drain sends what waits, and returns when it is sent or ctx ends. Lines that come after go at once.
func (s *Shipper) Drain(ctx context.Context) {
	s.drain.Do(func() { close(s.drained) })
	done := make(chan struct{})
	go func() { s.busy.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Flush waits until the lines of a stream that were taken are sent, or ctx ends.
func (s *Shipper) Flush(ctx context.Context, to Stream) {
	s.mu.Lock()
	h, ok := s.streams[to]
	if !ok || !h.sending {
		s.mu.Unlock()
		return
	}
	idle := h.idle
	s.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// send sends the lines of a stream, until there are none. Nothing runs for a stream that is silent.
func (s *Shipper) send(to Stream, h *held) {
	defer s.busy.Done()
	for {
		s.rest()
		batch := s.take(h)
		if len(batch) == 0 {
			return
		}
		s.slots <- struct{}{}
		err := s.put(to, h, batch)
		<-s.slots
		if err != nil {
			s.Logger.Debug("cannot ship log lines", "group", to.Group, "lines", len(batch), "error", err)
		}
	}
}

// rest waits while lines are collected.
func (s *Shipper) rest() {
	t := time.NewTimer(s.Pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.drained:
	}
}

// forget drops streams that have been silent for a while.
func (s *Shipper) forget() {
	if len(s.streams) < few {
		return
	}
	for to, h := range s.streams {
		if !h.sending && time.Since(h.used) > linger {
			delete(s.streams, to)
		}
	}
}

// take gives the next lines, in order of time, as many as a call may have. When there are none the stream's sender ends.
func (s *Shipper) take(h *held) []types.InputLogEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(h.lines) == 0 {
		h.sending, h.used = false, time.Now()
		close(h.idle)
		return nil
	}
	n, size := 0, 0
	for n < len(h.lines) && n < maxEvents {
		more := len(*h.lines[n].Message) + overhead
		if size+more > maxBatch {
			break
		}
		n, size = n+1, size+more
	}
	batch := h.lines[:n:n]
	if h.lines = h.lines[n:]; len(h.lines) == 0 {
		h.lines = nil
	}
	h.bytes -= size
	s.bytes -= size
	slices.SortStableFunc(batch, func(a, b types.InputLogEvent) int { return int(*a.Timestamp - *b.Timestamp) })
	return batch
}

// put sends a batch, and makes group and stream when they are not there.
func (s *Shipper) put(to Stream, h *held, batch []types.InputLogEvent) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for i := range attempts {
		if i > 0 {
			time.Sleep(time.Duration(i) * s.Pause)
		}
		var config aws.Config
		if config, err = s.Clients.Config(ctx, to.As, to.Region); err != nil {
			return err
		}
		client := cloudwatchlogs.NewFromConfig(config)
		if !h.made {
			if err := s.make(ctx, client, to); err != nil {
				return err
			}
			h.made = true
		}
		_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &to.Group, LogStreamName: &to.Stream, LogEvents: batch})
		var gone *types.ResourceNotFoundException
		if err == nil {
			return nil
		}
		if errors.As(err, &gone) {
			h.made = false
			continue
		}
		if delivery.Final(err) {
			return err
		}
	}
	return err
}

// make makes the stream, and the group when that is missing too.
func (s *Shipper) make(ctx context.Context, client *cloudwatchlogs.Client, to Stream) error {
	stream := func() error {
		_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &to.Group, LogStreamName: &to.Stream})
		return had(err)
	}
	err := stream()
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) {
		return err
	}
	if _, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &to.Group}); had(err) != nil {
		return err
	}
	return stream()
}

// had is nil for what is there already.
func had(err error) error {
	var already *types.ResourceAlreadyExistsException
	if errors.As(err, &already) {
		return nil
	}
	return err
}
