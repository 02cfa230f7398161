package sqs

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// DeleteMessage removes a message that was received. A receipt that counts no more removes nothing, and is no error.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
func (s *Service) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	errs, err := s.remove(ctx, k, q, []*string{in.ReceiptHandle})
	if err == nil {
		err = errs[0]
	}
	if err != nil {
		return nil, err
	}
	return &sqs.DeleteMessageOutput{}, nil
}

func (s *Service) deleteMessageTargets(ctx context.Context, in *sqs.DeleteMessageInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// remove deletes messages by their receipts in one transaction. errs has one error for each.
func (s *Service) remove(ctx context.Context, k store.Key, q queue, handles []*string) (errs []error, err error) {
	h, err := s.shelf(ctx, k, q)
	if err != nil {
		return nil, err
	}
	errs = make([]error, len(handles))
	var list []*entry
	for i, handle := range handles {
		seq, n, err := readReceipt(handle, q.ID)
		if errs[i] = err; err != nil {
			continue
		}
		e, held, ok := h.find(seq, n, s.now(), q.duration("MessageRetentionPeriod").Milliseconds())
		if ok && !held && q.fifo() {
			errs[i] = invalid("Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", aws.ToString(handle))
			continue
		}
		if ok {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return errs, nil
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, e := range list {
			if err := s.drop(tx, h, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.count(k, "NumberOfMessagesDeleted", len(list))
	}
	return errs, err
}

// DeleteMessageBatch removes up to ten messages.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := batch(in.Entries, func(e types.DeleteMessageBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	handles := make([]*string, len(in.Entries))
	for i, e := range in.Entries {
		handles[i] = e.ReceiptHandle
	}
	errs, err := s.remove(ctx, k, q, handles)
	if err != nil {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{Successful: []types.DeleteMessageBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{}}
	for i, e := range in.Entries {
		if errs[i] != nil {
			out.Failed = append(out.Failed, failed(e.Id, errs[i]))
			continue
		}
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

func (s *Service) deleteMessageBatchTargets(ctx context.Context, in *sqs.DeleteMessageBatchInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.QueueUrl)
	for i := range list {
		list[i].Action = "sqs:DeleteMessage"
	}
	return list, err
}

// ChangeMessageVisibility changes until when nobody else gets a message.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := s.hide(ctx, k, q, in.ReceiptHandle, in.VisibilityTimeout); err != nil {
		return nil, err
	}
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (s *Service) changeVisibilityTargets(ctx context.Context, in *sqs.ChangeMessageVisibilityInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

func (s *Service) hide(ctx context.Context, k store.Key, q queue, handle *string, seconds int32) error {
	if seconds < 0 || seconds > 43200 {
		return invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", seconds)
	}
	h, err := s.shelf(ctx, k, q)
	if err != nil {
		return err
	}
	seq, n, err := readReceipt(handle, q.ID)
	if err != nil {
		return err
	}
	gone := invalid("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", aws.ToString(handle))
	now := s.now()
	e, _, ok := h.find(seq, n, now, q.duration("MessageRetentionPeriod").Milliseconds())
	if !ok {
		return gone
	}
	visible := now + int64(seconds)*1000
	if !h.hide(e, now, visible) {
		return &types.MessageNotInflight{}
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		f, err := s.flights.Get(tx, h.row(seq))
		if errors.Is(err, store.ErrNotFound) || err == nil && f.Received != n {
			return nil // deleted or received again since
		}
		if err != nil {
			return err
		}
		f.Visible = visible
		return s.flights.Put(tx, h.row(seq), f)
	})
}

// ChangeMessageVisibilityBatch changes up to ten messages.
func (s *Service) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := batch(in.Entries, func(e types.ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{Successful: []types.ChangeMessageVisibilityBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{}}
	for _, e := range in.Entries {
		if err := s.hide(ctx, k, q, e.ReceiptHandle, e.VisibilityTimeout); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

func (s *Service) changeVisibilityBatchTargets(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.QueueUrl)
	for i := range list {
		list[i].Action = "sqs:ChangeMessageVisibility"
	}
	return list, err
}
