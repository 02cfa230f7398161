package sqs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"
)

// ReceiveMessage takes messages, which nobody else gets until their time is over. It waits for one when asked to.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (s *Service) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	n := int(in.MaxNumberOfMessages)
	if n == 0 {
		n = 1
	}
	if n < 1 || n > maxBatch {
		return nil, invalid("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", n)
	}
	hide, wait := q.duration("VisibilityTimeout"), q.duration("ReceiveMessageWaitTimeSeconds")
	if in.VisibilityTimeout != 0 || wire.Given(ctx, "VisibilityTimeout") {
		hide = time.Duration(in.VisibilityTimeout) * time.Second
	}
	if in.WaitTimeSeconds != 0 || wait > 0 && wire.Given(ctx, "WaitTimeSeconds") {
		wait = time.Duration(in.WaitTimeSeconds) * time.Second
	}
	if hide < 0 || hide > 12*time.Hour {
		return nil, invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", in.VisibilityTimeout)
	}
	if wait < 0 || wait > 20*time.Second {
		return nil, invalid("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", in.WaitTimeSeconds)
	}
	h, err := s.shelf(ctx, k, q)
	if err != nil {
		return nil, err
	}
	list, err := s.receive(ctx, h, q, n, hide, wait)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		s.count(k, "NumberOfMessagesReceived", len(list))
	} else {
		s.count(k, "NumberOfEmptyReceives", 1)
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, r := range list {
		out.Messages = append(out.Messages, r.show(h, q, in))
	}
	return out, nil
}

func (s *Service) receiveTargets(ctx context.Context, in *sqs.ReceiveMessageInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// received is a message with how often it was.
type received struct {
	message
	flight
}

// receive waits for messages for as long as it may. Time that is waited is the machine's own: the injected clock decides what
// is due when somebody looks.
func (s *Service) receive(ctx context.Context, h *shelf, q queue, n int, hide, wait time.Duration) ([]received, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		now := s.now()
		list, again, news := h.take(n, now, now+hide.Milliseconds(), q.duration("MessageRetentionPeriod").Milliseconds())
		out, err := s.fly(ctx, h, q, list, now)
		if err != nil || len(out) > 0 || wait == 0 || h.gone() {
			return out, err
		}
		if len(list) > 0 {
			continue // they went to the dead letters
		}
		var due <-chan time.Time
		if again > 0 {
			t := time.NewTimer(time.Duration(max(again-now, 1)) * time.Millisecond)
			defer t.Stop()
			due = t.C
		}
		select {
		case <-news:
		case <-due:
		case <-end.C:
			return nil, nil
		case <-s.draining:
			return nil, nil
		case <-ctx.Done():
			return nil, nil // nobody is there to take a message
		}
	}
}

// fly writes down that messages were taken, sends on those that came too often, and reads the others.
func (s *Service) fly(ctx context.Context, h *shelf, q queue, list []*entry, now int64) ([]received, error) {
	dead := h.ended(handful)
	if len(list)+len(dead) == 0 {
		return nil, nil
	}
	target, most, redriven := q.deadLetters()
	out := make([]received, 0, len(list))
	var poison []*entry
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		for _, e := range list {
			if redriven && e.received > most {
				poison = append(poison, e)
				continue
			}
			m, err := s.messages.Get(tx, h.row(e.seq))
			if errors.Is(err, store.ErrNotFound) {
				continue // was deleted with an older receipt just now
			}
			if err != nil {
				return err
			}
			f, err := s.flights.Get(tx, h.row(e.seq))
			if errors.Is(err, store.ErrNotFound) {
				f.First, err = now, nil
			}
			if err != nil {
				return err
			}
			f.Received, f.Visible = e.received, e.visible
			out = append(out, received{m, f})
		}
		return nil
	})
	if err == nil {
		err = s.Store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
			for _, r := range out {
				if err := s.flights.Put(tx, h.row(r.Seq), r.flight); err != nil {
					return err
				}
			}
			for _, e := range dead {
				if err := s.drop(tx, h, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil && len(poison) > 0 {
		err = s.bury(context.WithoutCancel(ctx), h, target, poison)
	}
	if err != nil {
		for _, e := range list { // nobody got them
			h.hide(e, now, now)
		}
		return nil, err
	}
	return out, nil
}

// drop deletes a message's rows.
func (s *Service) drop(tx *store.Tx, h *shelf, e *entry) error {
	if err := s.messages.Delete(tx, h.row(e.seq)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := s.flights.Delete(tx, h.row(e.seq)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	tx.OnCommit(func() { h.remove(e) })
	return nil
}

// bury moves messages to the dead-letter queue, in one transaction. Without that queue they stay where they are.
func (s *Service) bury(ctx context.Context, h *shelf, target store.Key, list []*entry) error {
	d, err := s.find(ctx, target)
	if errors.Is(err, errNoQueue) {
		now := s.now()
		for _, e := range list {
			h.hide(e, now, now+time.Minute.Milliseconds())
		}
		return nil
	}
	if err != nil {
		return err
	}
	to, err := s.shelf(ctx, target, d)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.stands(tx, to); err != nil {
			return err
		}
		for _, e := range list {
			if err := s.carry(tx, h, e, to, queueARN(h.key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// carry moves one message. As a dead letter it keeps its id, and of a standard queue its age; a message that is moved back is
// new.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (s *Service) carry(tx *store.Tx, from *shelf, e *entry, to *shelf, source string) error {
	m, err := s.messages.Get(tx, from.row(e.seq))
	if err != nil {
		return err
	}
	if err := s.drop(tx, from, e); err != nil {
		return err
	}
	now := s.now()
	m.Seq, m.Visible, m.From = to.next(now), 0, source
	if source == "" {
		m.ID, m.Sent = uuid.NewString(), now
	}
	if source == "" || to.fifo {
		m.Born = now
	}
	if err := s.messages.Insert(tx, to.row(m.Seq), m); err != nil {
		return err
	}
	tx.OnCommit(func() { to.add(m.entry(), now) })
	return nil
}

// show is the message as it is received.
func (r received) show(h *shelf, q queue, in *sqs.ReceiveMessageInput) types.Message {
	out := types.Message{MessageId: &r.ID, Body: &r.Body, MD5OfBody: digest(r.Body), ReceiptHandle: aws.String(receipt(h.id, r.Seq, r.Received))}
	all := map[string]string{"SenderId": r.Sender, "SentTimestamp": strconv.FormatInt(r.Sent, 10),
		"ApproximateReceiveCount": strconv.Itoa(int(r.Received)), "ApproximateFirstReceiveTimestamp": strconv.FormatInt(r.First, 10)}
	for name, v := range map[string]string{"AWSTraceHeader": r.Trace, "MessageGroupId": r.Group, "MessageDeduplicationId": r.Duplicate,
		"DeadLetterQueueSourceArn": r.From} {
		if v != "" {
			all[name] = v
		}
	}
	if q.fifo() {
		all["SequenceNumber"] = *r.sequence(q)
	}
	ask := map[string]bool{}
	for _, n := range in.AttributeNames { //nolint:staticcheck // clients still send the older name
		ask[string(n)] = true
	}
	for _, n := range in.MessageSystemAttributeNames {
		ask[string(n)] = true
	}
	for name, v := range all {
		if ask["All"] || ask[name] {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = v
		}
	}
	if list := wanted(r.Attributes, in.MessageAttributeNames); len(list) > 0 {
		out.MD5OfMessageAttributes = digestAttributes(list)
		out.MessageAttributes = map[string]types.MessageAttributeValue{}
		for name, a := range list {
			out.MessageAttributes[name] = a.value()
		}
	}
	return out
}

// receipt names one receiving of a message.
func receipt(queue string, seq uint64, received int32) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", queue, seq, received))
}

// readReceipt is the message of a receipt, of the queue with that id.
func readReceipt(handle *string, queue string) (seq uint64, received int32, err error) {
	b, err := base64.StdEncoding.DecodeString(aws.ToString(handle))
	parts := strings.Split(string(b), " ")
	if err != nil || len(parts) != 3 {
		return 0, 0, errHandle
	}
	n, err := strconv.ParseInt(parts[2], 10, 32)
	if err != nil {
		return 0, 0, errHandle
	}
	if seq, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return 0, 0, errHandle
	}
	if parts[0] != queue {
		return 0, 0, nil // of a queue that was purged since: there is no such message any more
	}
	return seq, int32(n), nil
}
