package lambda

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

const (
	// growth is how long a mapping waits before it gets one more poller.
	growth = 200 * time.Millisecond
	// maxPause is how long a poller waits after calls that fail.
	maxPause = 30 * time.Second
	// deleted is how many messages a call deletes, and received how many it takes.
	deleted, received = 10, 10
)

// pollers is how many batches of a mapping run at a time when it says nothing of it: they share this machine.
var pollers = 8 * runtime.NumCPU()

// poll takes messages from a mapping's queue. It has more pollers the more there is.
type poll struct {
	s       *Service
	key     store.Key
	m       mapping
	queue   arn.ARN
	filters []*pattern.Pattern
	most    int
	cancel  context.CancelFunc

	mu     sync.Mutex
	all    int // pollers
	busy   int // of them with messages
	grown  time.Time
	result string
}

// attend has every mapping that is enabled polled, as it is now.
func (s *Service) attend(ctx context.Context) error {
	rows := map[store.Key]mapping{}
	s.polling.Lock()
	defer s.polling.Unlock()
	if err := s.image.Read(ctx, func() {
		for k, m := range s.mappings.Rows() {
			if m.Enabled {
				rows[k] = m
			}
		}
	}); err != nil {
		return err
	}
	for k, p := range s.polls {
		if m, ok := rows[k]; !ok || m.Revision != p.m.Revision {
			p.cancel()
			delete(s.polls, k)
		}
	}
	for k, m := range rows {
		if s.polls[k] != nil || s.background.Err() != nil {
			continue
		}
		p := &poll{s: s, key: k, m: m, most: pollers}
		var err error
		if p.queue, err = arn.Parse(*m.EventSourceArn); err != nil {
			return err
		}
		if p.filters, err = readFilters(m.FilterCriteria); err != nil {
			return err
		}
		if c := m.ScalingConfig; c != nil && c.MaximumConcurrency != nil {
			p.most = int(*c.MaximumConcurrency)
		}
		if p.queue.Resource != "" {
			s.polls[k] = p
			var at context.Context
			at, p.cancel = context.WithCancel(s.background)
			p.grow(at)
		}
	}
	return nil
}

// lastResult tells how the last batch of a mapping went.
func (s *Service) lastResult(k store.Key) *string {
	s.polling.Lock()
	p := s.polls[k]
	s.polling.Unlock()
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.result == "" {
		return aws.String("No records processed")
	}
	return aws.String(p.result)
}

func (p *poll) say(result string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result = result
}

// grow adds a poller, when there is not one waiting and there may be more.
func (p *poll) grow(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= p.most || p.all > p.busy || p.all > 0 && time.Since(p.grown) < growth {
		return
	}
	p.all, p.grown = p.all+1, time.Now()
	p.s.workers.Go(func() { p.run(ctx) })
}

// count tells that a poller has messages, or has none any more.
func (p *poll) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy += n
}

// surplus ends a poller that finds nothing, but for the last.
func (p *poll) surplus() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == 1 {
		return false
	}
	p.all--
	return true
}

// run takes messages and has the function run with them, until ctx ends or there is too little to do.
func (p *poll) run(ctx context.Context) {
	pause := time.Second / 2
	for ctx.Err() == nil {
		if !p.open(ctx) {
			continue
		}
		list, err := p.receive(ctx)
		if err != nil && len(list) == 0 {
			if ctx.Err() != nil {
				return
			}
			p.say("PROBLEM: " + err.Error())
			pause = min(2*pause, maxPause)
			rest(ctx, pause)
			continue
		}
		pause = time.Second / 2
		if len(list) == 0 {
			if p.surplus() {
				return
			}
			continue
		}
		p.count(1)
		p.grow(ctx)
		if !p.work(ctx, list) {
			rest(ctx, time.Second) // a function that fails is not asked as fast as it can fail
		}
		p.count(-1)
	}
}

// open waits while the function could not run anyway: it has no place, or is being made. What is not received need not come again.
func (p *poll) open(ctx context.Context) bool {
	r := p.m.of(p.key)
	_, reserved, open, err := p.s.runnable(ctx, r)
	if err == nil && p.s.slots.free(r.Key, reserved, open) {
		return true
	}
	if err != nil {
		p.say("PROBLEM: " + err.Error())
	}
	p.s.slots.wait(ctx, time.Second)
	return false
}

func (p *poll) client(ctx context.Context) (*sqs.Client, error) {
	r := p.m.of(p.key)
	v, _, _, err := p.s.runnable(ctx, r)
	if err != nil {
		return nil, err
	}
	config, err := p.s.Clients.Config(ctx, p.s.as(r.Key, *v.Role), p.queue.Region)
	if err != nil {
		return nil, err
	}
	return sqs.NewFromConfig(config), nil
}

// receive takes a batch: what there is, or, when the mapping has a window, what comes until the batch is full or the window over.
func (p *poll) receive(ctx context.Context) (list []sqsRecord, err error) {
	client, err := p.client(ctx)
	if err != nil {
		return nil, err
	}
	size, window := int(*p.m.BatchSize), time.Duration(*p.m.MaximumBatchingWindowInSeconds)*time.Second
	var end time.Time
	wait := longest
	for len(list) < size {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(queueURL(p.queue)), WaitTimeSeconds: int32(wait / time.Second),
			MaxNumberOfMessages: int32(min(received, size-len(list))), MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll}})
		if err != nil {
			return list, err
		}
		for _, m := range out.Messages {
			list = append(list, newRecord(m, *p.m.EventSourceArn, p.queue.Region))
		}
		if len(list) == 0 {
			return nil, nil
		}
		if end.IsZero() {
			end = time.Now().Add(window)
		}
		left := time.Until(end)
		if left <= 0 {
			break
		}
		wait = min(longest, (left + time.Second - 1).Truncate(time.Second))
	}
	return list, nil
}

// work has the function run with messages, and deletes those that it has done. It tells whether all were.
func (p *poll) work(ctx context.Context, list []sqsRecord) bool {
	ctx = context.WithoutCancel(ctx) // what was taken is brought to its end
	var run, done []sqsRecord
	for _, r := range list {
		if wanted(p.filters, r) {
			run = append(run, r)
		} else {
			done = append(done, r)
		}
	}
	ok := true
	for _, batch := range batches(run) {
		did, all := p.invoke(ctx, batch)
		done, ok = append(done, did...), ok && all
		if !all && len(did) == 0 && len(p.queue.Resource) > 5 && p.queue.Resource[len(p.queue.Resource)-5:] == ".fifo" {
			break // what comes after in a group has to wait
		}
	}
	if err := p.remove(ctx, done); err != nil {
		p.say("PROBLEM: " + err.Error())
		return false
	}
	return ok
}

// invoke runs the function with a batch, and gives the messages that it has done.
func (p *poll) invoke(ctx context.Context, batch []sqsRecord) (done []sqsRecord, all bool) {
	payload, err := encode(map[string]any{"Records": batch})
	if err != nil {
		return nil, false
	}
	out, err := p.call(ctx, payload)
	if err != nil || out.FunctionError != "" {
		p.say("PROBLEM: Function call failed")
		return nil, false
	}
	p.say("OK")
	if len(p.m.FunctionResponseTypes) == 0 {
		return batch, true
	}
	not, none := failed(out.Payload, batch)
	if none {
		p.say("PROBLEM: Function call failed")
		return nil, false
	}
	for _, r := range batch {
		if !not[r.MessageID] {
			done = append(done, r)
		}
	}
	return done, len(not) == 0
}

// call runs the function, and waits for a place for it for a while.
func (p *poll) call(ctx context.Context, payload []byte) (out sandbox.Result, err error) {
	id := uuid.NewString()
	for end := time.Now().Add(longest); ; {
		var g *running
		if g, err = p.s.begin(ctx, p.m.of(p.key)); err == nil {
			out, err = p.s.run(ctx, g, sandbox.Invocation{RequestID: id, Payload: payload}, nil)
		}
		if !busy(err) || time.Now().After(end) || p.s.background.Err() != nil {
			return out, err
		}
		p.s.slots.wait(p.s.background, time.Second)
	}
}

// remove deletes messages. One whose time is over meanwhile comes again.
func (p *poll) remove(ctx context.Context, list []sqsRecord) error {
	if len(list) == 0 {
		return nil
	}
	client, err := p.client(ctx)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		n := min(deleted, len(list))
		in := &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(queueURL(p.queue))}
		for _, r := range list[:n] {
			in.Entries = append(in.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(r.MessageID), ReceiptHandle: aws.String(r.Receipt)})
		}
		list = list[n:]
		if _, err := client.DeleteMessageBatch(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// forbidden tells whether a call was not allowed.
func forbidden(err error) bool {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden {
		return true
	}
	var api interface{ ErrorCode() string }
	return errors.As(err, &api) && (api.ErrorCode() == "AccessDenied" || api.ErrorCode() == "AccessDeniedException")
}
