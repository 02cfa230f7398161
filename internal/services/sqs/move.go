package sqs

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"
)

// The states of a move.
const (
	running    = "RUNNING"
	cancelling = "CANCELLING"
	cancelled  = "CANCELLED"
	completed  = "COMPLETED"
	broken     = "FAILED"
)

// move is a message move task. It is kept under the source queue's name and its own id.
type move struct {
	ID          string
	Source      string // ARN
	Destination string // ARN; "": each message goes where it came from
	Rate        int32  // messages per second; 0: as fast as it goes
	Status      string
	Reason      string
	Moved       int64
	ToMove      int64
	Started     int64
}

func (m move) key() store.Key {
	k, _ := keyOfARN(m.Source)
	k.ID += separator + m.ID
	return k
}

func (m move) handle() string {
	return base64.StdEncoding.EncodeToString([]byte(m.ID + " " + m.Source))
}

var errNoResource = &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the SourceArn parameter doesn't exist.")}

// StartMessageMoveTask moves the messages of a dead-letter queue back, or elsewhere.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func (s *Service) StartMessageMoveTask(ctx context.Context, in *sqs.StartMessageMoveTaskInput) (*sqs.StartMessageMoveTaskOutput, error) {
	k, ok := keyOfARN(aws.ToString(in.SourceArn))
	if !ok {
		return nil, invalid("Value %s for parameter SourceArn is invalid.", aws.ToString(in.SourceArn))
	}
	q, err := s.find(ctx, k)
	if errors.Is(err, errNoQueue) {
		return nil, errNoResource
	}
	if err != nil {
		return nil, err
	}
	sources, err := s.sources(ctx, k)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.MaxNumberOfMessagesPerSecond != nil && (*in.MaxNumberOfMessagesPerSecond < 1 || *in.MaxNumberOfMessagesPerSecond > 500) {
		return nil, invalid("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid.", *in.MaxNumberOfMessagesPerSecond)
	}
	if in.DestinationArn != nil {
		to, ok := keyOfARN(*in.DestinationArn)
		if !ok {
			return nil, invalid("Value %s for parameter DestinationArn is invalid.", *in.DestinationArn)
		}
		if d, err := s.find(ctx, to); err != nil || d.fifo() != q.fifo() {
			return nil, &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the DestinationArn parameter doesn't exist.")}
		}
	}
	h, err := s.shelf(ctx, k, q)
	if err != nil {
		return nil, err
	}
	m := move{ID: uuid.NewString(), Source: *in.SourceArn, Destination: aws.ToString(in.DestinationArn), Rate: aws.ToInt32(in.MaxNumberOfMessagesPerSecond),
		Status: running, Started: s.now(), ToMove: int64(h.counts(s.now(), q.duration("MessageRetentionPeriod").Milliseconds())[0])}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.moves.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + separator})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(r store.Row[move]) bool { return r.Value.Status == running || r.Value.Status == cancelling }) {
			return unsupported("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		}
		if err := s.moves.Insert(tx, m.key(), m); err != nil {
			return err
		}
		_, err = tx.Enqueue(moveJob, m.key())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sqs.StartMessageMoveTaskOutput{TaskHandle: aws.String(m.handle())}, nil
}

func (s *Service) onARN(ctx context.Context, text *string) ([]wire.Target, error) {
	k, ok := keyOfARN(aws.ToString(text))
	if !ok {
		return nil, invalid("Value %s for parameter SourceArn is invalid.", aws.ToString(text))
	}
	return s.target(ctx, k)
}

func (s *Service) startMoveTargets(ctx context.Context, in *sqs.StartMessageMoveTaskInput) ([]wire.Target, error) {
	list, err := s.onARN(ctx, in.SourceArn)
	if err != nil || in.DestinationArn == nil {
		return list, err
	}
	to, err := s.onARN(ctx, in.DestinationArn)
	for i := range to {
		to[i].Action = "sqs:SendMessage"
	}
	return append(list, to...), err
}

// CancelMessageMoveTask stops a move. What was moved stays moved.
func (s *Service) CancelMessageMoveTask(ctx context.Context, in *sqs.CancelMessageMoveTaskInput) (*sqs.CancelMessageMoveTaskOutput, error) {
	m, ok := readMove(in.TaskHandle)
	if !ok {
		return nil, invalid("Value %s for parameter TaskHandle is invalid.", aws.ToString(in.TaskHandle))
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.moves.Get(tx, m.key())
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Status != running {
			return &types.ResourceNotFoundException{Message: aws.String("The task does not exist or is not active.")}
		}
		if err != nil {
			return err
		}
		now.Status = cancelling
		m = now
		return s.moves.Put(tx, m.key(), m)
	})
	if err != nil {
		return nil, err
	}
	return &sqs.CancelMessageMoveTaskOutput{ApproximateNumberOfMessagesMoved: m.Moved}, nil
}

func readMove(handle *string) (move, bool) {
	b, err := base64.StdEncoding.DecodeString(aws.ToString(handle))
	if err != nil || len(b) < 37 {
		return move{}, false
	}
	m := move{ID: string(b[:36]), Source: string(b[37:])}
	_, ok := keyOfARN(m.Source)
	return m, ok && uuid.Validate(m.ID) == nil
}

func (s *Service) cancelMoveTargets(ctx context.Context, in *sqs.CancelMessageMoveTaskInput) ([]wire.Target, error) {
	m, ok := readMove(in.TaskHandle)
	if !ok {
		return nil, invalid("Value %s for parameter TaskHandle is invalid.", aws.ToString(in.TaskHandle))
	}
	return s.onARN(ctx, &m.Source)
}

// ListMessageMoveTasks lists the moves of a queue, the latest first.
func (s *Service) ListMessageMoveTasks(ctx context.Context, in *sqs.ListMessageMoveTasksInput) (*sqs.ListMessageMoveTasksOutput, error) {
	k, ok := keyOfARN(aws.ToString(in.SourceArn))
	if !ok {
		return nil, invalid("Value %s for parameter SourceArn is invalid.", aws.ToString(in.SourceArn))
	}
	if _, err := s.find(ctx, k); err != nil {
		return nil, errNoResource
	}
	limit := 1
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	if limit < 1 || limit > 10 {
		return nil, invalid("Value %d for parameter MaxResults is invalid. Must be between 1 and 10.", limit)
	}
	var rows []store.Row[move]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.moves.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + separator})
		return err
	})
	slices.SortFunc(rows, func(a, b store.Row[move]) int { return int(b.Value.Started - a.Value.Started) })
	out := &sqs.ListMessageMoveTasksOutput{Results: []types.ListMessageMoveTasksResultEntry{}}
	for _, r := range rows[:min(limit, len(rows))] {
		m := r.Value
		e := types.ListMessageMoveTasksResultEntry{SourceArn: &m.Source, Status: &m.Status, StartedTimestamp: m.Started,
			ApproximateNumberOfMessagesMoved: m.Moved, ApproximateNumberOfMessagesToMove: &m.ToMove}
		if m.Destination != "" {
			e.DestinationArn = &m.Destination
		}
		if m.Rate > 0 {
			e.MaxNumberOfMessagesPerSecond = &m.Rate
		}
		if m.Reason != "" {
			e.FailureReason = &m.Reason
		}
		if m.Status == running {
			e.TaskHandle = aws.String(m.handle())
		}
		out.Results = append(out.Results, e)
	}
	return out, err
}

func (s *Service) listMovesTargets(ctx context.Context, in *sqs.ListMessageMoveTasksInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.SourceArn)
}

// sources are the queues whose dead letters go to a queue.
func (s *Service) sources(ctx context.Context, k store.Key) ([]store.Key, error) {
	return s.keys(ctx, func(_ store.Key, q queue) bool {
		target, _, ok := q.deadLetters()
		return ok && target == k
	})
}

// ListDeadLetterSourceQueues lists the queues whose dead letters go to a queue.
func (s *Service) ListDeadLetterSourceQueues(ctx context.Context, in *sqs.ListDeadLetterSourceQueuesInput) (*sqs.ListDeadLetterSourceQueuesOutput, error) {
	k, _, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	list, err := s.sources(ctx, k)
	if err != nil {
		return nil, err
	}
	out := &sqs.ListDeadLetterSourceQueuesOutput{QueueUrls: []string{}}
	urls, next, err := s.page(ctx, list, in.MaxResults, in.NextToken)
	out.QueueUrls, out.NextToken = append(out.QueueUrls, urls...), next
	return out, err
}

func (s *Service) listSourcesTargets(ctx context.Context, in *sqs.ListDeadLetterSourceQueuesInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}
