package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// duplicates is how long a deduplication id makes two messages the same.
const duplicates = 5 * time.Minute

// SendMessage puts a message into a queue. It is on disk when the call returns.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func (s *Service) SendMessage(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m, _, err := s.prepare(ctx, q, types.SendMessageBatchRequestEntry{MessageBody: in.MessageBody, DelaySeconds: in.DelaySeconds,
		MessageAttributes: in.MessageAttributes, MessageSystemAttributes: in.MessageSystemAttributes,
		MessageDeduplicationId: in.MessageDeduplicationId, MessageGroupId: in.MessageGroupId})
	if err != nil {
		return nil, err
	}
	if err := s.send(ctx, k, q, []*message{m}); err != nil {
		return nil, err
	}
	return &sqs.SendMessageOutput{MessageId: &m.ID, MD5OfMessageBody: digest(m.Body), MD5OfMessageAttributes: digestAttributes(m.Attributes),
		MD5OfMessageSystemAttributes: digestAttributes(m.system()), SequenceNumber: m.sequence(q)}, nil
}

func (s *Service) sendTargets(ctx context.Context, in *sqs.SendMessageInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

func (m *message) system() map[string]attribute {
	if m.Trace == "" {
		return nil
	}
	return map[string]attribute{"AWSTraceHeader": {Type: "String", Text: m.Trace}}
}

func (m *message) sequence(q queue) *string {
	if !q.fifo() {
		return nil
	}
	return aws.String(fmt.Sprintf("%020d", m.Seq))
}

// prepare checks a message and gives it with its size. path is where it is in the request.
func (s *Service) prepare(ctx context.Context, q queue, in types.SendMessageBatchRequestEntry, path ...string) (*message, int, error) {
	body := aws.ToString(in.MessageBody)
	if body == "" {
		return nil, 0, required("MessageBody")
	}
	if !characters(body) {
		return nil, 0, &types.InvalidMessageContents{Message: aws.String("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.")}
	}
	attributes, size, err := readAttributes(in.MessageAttributes)
	if err != nil {
		return nil, 0, err
	}
	size += len(body)
	if size > q.size() {
		return nil, 0, invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.size())
	}
	now := s.now()
	p := wire.CallOf(ctx).Principal
	m := &message{ID: uuid.NewString(), Body: body, Attributes: attributes, Sender: p.UserID, Sent: now, Born: now}
	if m.Sender == "" {
		m.Sender = p.Name
	}
	for name, v := range in.MessageSystemAttributes {
		if name != "AWSTraceHeader" || aws.ToString(v.DataType) != "String" {
			return nil, 0, invalid("Message system attribute %q is not valid.", name)
		}
		m.Trace = aws.ToString(v.StringValue)
	}
	delay := q.duration("DelaySeconds")
	if delay > 0 && in.DelaySeconds == 0 && wire.Given(ctx, append(path, "DelaySeconds")...) && !q.fifo() {
		delay = 0
	}
	if in.DelaySeconds != 0 {
		if in.DelaySeconds < 0 || in.DelaySeconds > 900 {
			return nil, 0, invalid("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", in.DelaySeconds)
		}
		if q.fifo() {
			return nil, 0, invalid("Value %d for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.", in.DelaySeconds)
		}
		delay = time.Duration(in.DelaySeconds) * time.Second
	}
	if delay > 0 {
		m.Visible = now + delay.Milliseconds()
	}
	return m, size, m.order(q, in)
}

// order checks what a FIFO queue asks for.
func (m *message) order(q queue, in types.SendMessageBatchRequestEntry) error {
	m.Group = aws.ToString(in.MessageGroupId)
	if !q.fifo() {
		if in.MessageDeduplicationId != nil {
			return invalid("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", *in.MessageDeduplicationId)
		}
		return nil
	}
	if m.Group == "" {
		return required("MessageGroupId")
	}
	m.Duplicate = aws.ToString(in.MessageDeduplicationId)
	if m.Duplicate == "" {
		if q.attribute("ContentBasedDeduplication") != "true" {
			return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		sum := sha256.Sum256([]byte(m.Body))
		m.Duplicate = hex.EncodeToString(sum[:])
	}
	for name, v := range map[string]string{"MessageGroupId": m.Group, "MessageDeduplicationId": m.Duplicate} {
		if len(v) > 128 || strings.ContainsFunc(v, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return invalid("Value %s for parameter %s is invalid. Reason: %s can only include alphanumeric and punctuation characters. 1 to 128 in length.", v, name, name)
		}
	}
	return nil
}

// send writes messages in one transaction, and then lets them be received. Of a FIFO queue's duplicates the first counts:
// the message takes its id.
func (s *Service) send(ctx context.Context, k store.Key, q queue, list []*message) error {
	if len(list) == 0 {
		return nil
	}
	for {
		h, err := s.shelf(ctx, k, q)
		if err != nil {
			return err
		}
		err = s.Store.Update(ctx, func(tx *store.Tx) error {
			if err := s.stands(tx, h); err != nil {
				return err
			}
			return s.write(tx, h, q, list)
		})
		if err == nil {
			s.countSent(k, list)
		}
		if !errors.Is(err, errPurged) {
			return err
		}
		if q, err = s.find(ctx, k); err != nil {
			return err
		}
	}
}

// errPurged is a queue that was emptied since it was looked up.
var errPurged = errors.New("queue was purged")

// stands makes sure that what is written to a queue is not left behind by a deletion or purge of the queue.
func (s *Service) stands(tx *store.Tx, h *shelf) error {
	q, err := s.queues.Get(tx, h.key)
	if errors.Is(err, store.ErrNotFound) {
		return errNoQueue
	}
	if err == nil && q.ID != h.id {
		return errPurged
	}
	return err
}

// tidied is how many rows that are past their time a sender clears away.
const tidied = 4

func (s *Service) write(tx *store.Tx, h *shelf, q queue, list []*message) error {
	for _, e := range h.ended(tidied) {
		if err := s.drop(tx, h, e); err != nil {
			return err
		}
	}
	now := s.now()
	for _, m := range list {
		m.Seq = h.next(now)
		if q.fifo() {
			again, err := s.duplicate(tx, h, q, m, now)
			if err != nil {
				return err
			}
			if again {
				continue
			}
		}
		if err := s.messages.Insert(tx, h.row(m.Seq), *m); err != nil {
			return err
		}
		e := m.entry()
		tx.OnCommit(func() { h.add(e, now) })
	}
	return nil
}

// duplicate tells whether a message was sent before, and remembers it.
func (s *Service) duplicate(tx *store.Tx, h *shelf, q queue, m *message, now int64) (bool, error) {
	id := h.id + separator
	if q.attribute("DeduplicationScope") == "messageGroup" {
		id += m.Group + separator
	}
	k := store.Key{Account: h.key.Account, Region: h.key.Region, ID: id + m.Duplicate}
	before, err := s.seen.Get(tx, k)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if err == nil && before.Expires > now {
		m.ID, m.Seq = before.ID, before.Seq
		return true, nil
	}
	for _, old := range h.outlived(tidied, now) {
		d, err := s.seen.Get(tx, old)
		if err == nil && d.Expires <= now && old != k {
			err = s.seen.Delete(tx, old)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
	}
	end := now + duplicates.Milliseconds()
	tx.OnCommit(func() { h.remember(k, end) })
	return false, s.seen.Put(tx, k, duplicate{ID: m.ID, Seq: m.Seq, Expires: end})
}

// maxBatch is how many entries a batch may have.
const maxBatch = 10

var errEmptyBatch = &types.EmptyBatchRequest{Message: aws.String("There should be at least one entry in the request.")}

// batch checks the ids of a batch's entries.
func batch[T any](list []T, id func(T) *string) error {
	if len(list) == 0 {
		return errEmptyBatch
	}
	if len(list) > maxBatch {
		return &types.TooManyEntriesInBatchRequest{Message: aws.String(fmt.Sprintf("Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(list)))}
	}
	had := map[string]bool{}
	for _, e := range list {
		name := aws.ToString(id(e))
		if name == "" || len(name) > 80 || strings.ContainsFunc(name, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
		}) {
			return &types.InvalidBatchEntryId{Message: aws.String("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")}
		}
		if had[name] {
			return &types.BatchEntryIdsNotDistinct{Message: aws.String("Id " + name + " repeated.")}
		}
		had[name] = true
	}
	return nil
}

// failed is a batch's entry that was refused.
func failed(id *string, err error) types.BatchResultErrorEntry {
	out := types.BatchResultErrorEntry{Id: id, Code: aws.String("InternalError"), Message: aws.String("The request failed.")}
	var e interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &e) {
		out.SenderFault, out.Code, out.Message = true, aws.String(e.ErrorCode()), aws.String(e.ErrorMessage())
	}
	return out
}

// SendMessageBatch puts up to ten messages into a queue.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
func (s *Service) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := batch(in.Entries, func(e types.SendMessageBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.SendMessageBatchOutput{Successful: []types.SendMessageBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{}}
	var list []*message
	var ids []*string
	total := 0
	for i, e := range in.Entries {
		m, size, err := s.prepare(ctx, q, e, "Entries", strconv.Itoa(i))
		if err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		total += size
		list, ids = append(list, m), append(ids, e.Id)
	}
	if total > numbers["MaximumMessageSize"].most {
		return nil, &types.BatchRequestTooLong{Message: aws.String(fmt.Sprintf("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", numbers["MaximumMessageSize"].most, total))}
	}
	if err := s.send(ctx, k, q, list); err != nil {
		return nil, err
	}
	for i, m := range list {
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: ids[i], MessageId: &m.ID, MD5OfMessageBody: digest(m.Body),
			MD5OfMessageAttributes: digestAttributes(m.Attributes), MD5OfMessageSystemAttributes: digestAttributes(m.system()),
			SequenceNumber: m.sequence(q)})
	}
	return out, nil
}

func (s *Service) sendBatchTargets(ctx context.Context, in *sqs.SendMessageBatchInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.QueueUrl)
	for i := range list {
		list[i].Action = "sqs:SendMessage"
	}
	return list, err
}
