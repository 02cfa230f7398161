package sqs

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"
)

// queue is one queue. Its messages are kept under ID, which a purge replaces.
type queue struct {
	ID                string
	Name              string
	Created, Modified time.Time
	Purged            time.Time
	Attributes        map[string]string // as they were set, without defaults
	Tags              map[string]string `json:",omitempty"`
}

func (q queue) fifo() bool { return strings.HasSuffix(q.Name, ".fifo") }

func queueARN(k store.Key) string { return arn.New("sqs", k.Region, k.Account, k.ID) }

// keyOfARN reads the queue out of an ARN.
func keyOfARN(text string) (store.Key, bool) {
	a, err := arn.Parse(text)
	if err != nil || a.Service != "sqs" || !queueName.MatchString(a.Resource) {
		return store.Key{}, false
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}, true
}

// key reads the queue out of its URL: the account and the name that the path ends with.
func key(ctx context.Context, queueURL *string) (store.Key, error) {
	call := wire.CallOf(ctx)
	u, err := url.Parse(aws.ToString(queueURL))
	if err != nil || u.Path == "" {
		return store.Key{}, errNoQueue
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	k := store.Key{Account: call.Account(), Region: call.Region, ID: parts[len(parts)-1]}
	if len(parts) > 1 {
		k.Account = parts[len(parts)-2]
	}
	return k, nil
}

func address(ctx context.Context, k store.Key) *string {
	return aws.String("http://" + wire.CallOf(ctx).Host + "/" + k.Account + "/" + k.ID)
}

// find reads a queue from memory.
func (s *Service) find(ctx context.Context, k store.Key) (q queue, err error) {
	ok := false
	if err = s.image.Read(ctx, func() { q, ok = s.queues.Rows()[k] }); err == nil && !ok {
		err = errNoQueue
	}
	return q, err
}

// at reads the queue that a URL names.
func (s *Service) at(ctx context.Context, queueURL *string) (store.Key, queue, error) {
	k, err := key(ctx, queueURL)
	if err != nil {
		return k, queue{}, err
	}
	q, err := s.find(ctx, k)
	return k, q, err
}

// on names a queue, with its policy, for authorization. That a queue is not there only those are told who may ask.
func (s *Service) on(ctx context.Context, queueURL *string) ([]wire.Target, error) {
	k, err := key(ctx, queueURL)
	if err != nil {
		return nil, err
	}
	return s.target(ctx, k)
}

func (s *Service) target(ctx context.Context, k store.Key) ([]wire.Target, error) {
	t := wire.Target{Resource: queueARN(k), Account: k.Account}
	q, err := s.find(ctx, k)
	if errors.Is(err, errNoQueue) {
		return []wire.Target{t}, nil
	}
	if err != nil {
		return nil, err
	}
	if t.Policy, err = s.policy(k, q); err != nil {
		return nil, err
	}
	for name, value := range q.Tags {
		if t.Context == nil {
			t.Context = authz.Context{}
		}
		t.Context["aws:ResourceTag/"+name] = []string{value}
	}
	return []wire.Target{t}, nil
}

func (s *Service) policy(k store.Key, q queue) (*authz.Policy, error) {
	document := q.Attributes["Policy"]
	if document == "" {
		return nil, nil
	}
	if p, ok := s.policies.Load(k); ok {
		return p.(*authz.Policy), nil
	}
	p, err := authz.ParseResource([]byte(document))
	if err != nil {
		return nil, err
	}
	p.ID = queueARN(k)
	s.policies.Store(k, p)
	return p, nil
}

var queueName = regexp.MustCompile(`^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$`)

// CreateQueue makes a queue. One of the same name and attributes may be made again.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (s *Service) CreateQueue(ctx context.Context, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	call, name := wire.CallOf(ctx), aws.ToString(in.QueueName)
	k := store.Key{Account: call.Account(), Region: call.Region, ID: name}
	if !queueName.MatchString(name) {
		return nil, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	q := queue{ID: uuid.NewString(), Name: name, Created: call.Time, Modified: call.Time, Attributes: map[string]string{}, Tags: in.Tags}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if q.fifo() != (in.Attributes["FifoQueue"] == "true") {
		if q.fifo() {
			return nil, invalid("The name of a FIFO queue can only end with .fifo when FifoQueue is true.")
		}
		return nil, invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	}
	if err := s.set(ctx, k, &q, in.Attributes); err != nil {
		return nil, err
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		before, err := s.queues.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return s.queues.Insert(tx, k, q)
		}
		if err != nil {
			return err
		}
		for name := range in.Attributes {
			if before.attribute(name) != q.attribute(name) {
				return &types.QueueNameExists{Message: aws.String("A queue already exists with the same name and a different value for attribute " + name)}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &sqs.CreateQueueOutput{QueueUrl: address(ctx, k)}, nil
}

func (s *Service) createTargets(ctx context.Context, in *sqs.CreateQueueInput) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	return []wire.Target{{Resource: queueARN(store.Key{Account: call.Account(), Region: call.Region, ID: aws.ToString(in.QueueName)})}}, nil
}

// DeleteQueue removes a queue with its messages.
func (s *Service) DeleteQueue(ctx context.Context, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.queues.DeleteIf(tx, k); err != nil {
			return err
		}
		return s.forget(tx, k, q.ID)
	})
	if err != nil {
		return nil, err
	}
	return &sqs.DeleteQueueOutput{}, nil
}

func (s *Service) deleteTargets(ctx context.Context, in *sqs.DeleteQueueInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// GetQueueUrl finds a queue by its name.
func (s *Service) GetQueueUrl(ctx context.Context, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	k := named(ctx, in)
	if _, err := s.find(ctx, k); err != nil {
		return nil, err
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: address(ctx, k)}, nil
}

func named(ctx context.Context, in *sqs.GetQueueUrlInput) store.Key {
	call := wire.CallOf(ctx)
	k := store.Key{Account: call.Account(), Region: call.Region, ID: aws.ToString(in.QueueName)}
	if in.QueueOwnerAWSAccountId != nil {
		k.Account = *in.QueueOwnerAWSAccountId
	}
	return k
}

func (s *Service) getURLTargets(ctx context.Context, in *sqs.GetQueueUrlInput) ([]wire.Target, error) {
	return s.target(ctx, named(ctx, in))
}

// ListQueues lists the account's queues whose names begin with a prefix.
func (s *Service) ListQueues(ctx context.Context, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	call := wire.CallOf(ctx)
	keys, err := s.keys(ctx, func(k store.Key, _ queue) bool {
		return k.Account == call.Account() && k.Region == call.Region && strings.HasPrefix(k.ID, aws.ToString(in.QueueNamePrefix))
	})
	if err != nil {
		return nil, err
	}
	out := &sqs.ListQueuesOutput{}
	out.QueueUrls, out.NextToken, err = s.page(ctx, keys, in.MaxResults, in.NextToken)
	return out, err
}

// keys lists queues in order of name.
func (s *Service) keys(ctx context.Context, match func(store.Key, queue) bool) (out []store.Key, err error) {
	err = s.image.Read(ctx, func() {
		for k, q := range s.queues.Rows() {
			if match(k, q) {
				out = append(out, k)
			}
		}
	})
	slices.SortFunc(out, func(a, b store.Key) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

func (s *Service) page(ctx context.Context, keys []store.Key, limit *int32, token *string) ([]string, *string, error) {
	size := 1000
	if limit != nil {
		size = int(*limit)
	}
	keys, next, err := wire.Page(ctx, keys, func(k store.Key) string { return k.ID }, size, token)
	if err != nil {
		return nil, nil, invalid("Invalid or expired next token.")
	}
	if limit == nil {
		next = nil // who does not ask for pages gets a thousand and no more
	}
	var out []string
	for _, k := range keys {
		out = append(out, *address(ctx, k))
	}
	return out, next, nil
}

// PurgeQueue removes all messages of a queue.
func (s *Service) PurgeQueue(ctx context.Context, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	k, _, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	err = s.change(ctx, k, func(tx *store.Tx, q *queue) error {
		if !q.Purged.IsZero() && now.Sub(q.Purged) < time.Minute {
			return &types.PurgeQueueInProgress{Message: aws.String("Only one PurgeQueue operation on " + q.Name + " is allowed every 60 seconds.")}
		}
		before := q.ID
		q.ID, q.Purged = uuid.NewString(), now
		return s.forget(tx, k, before)
	})
	if err != nil {
		return nil, err
	}
	return &sqs.PurgeQueueOutput{}, nil
}

func (s *Service) purgeTargets(ctx context.Context, in *sqs.PurgeQueueInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// change reads, changes and writes a queue.
func (s *Service) change(ctx context.Context, k store.Key, f func(tx *store.Tx, q *queue) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		q, err := s.queues.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return errNoQueue
		}
		if err != nil {
			return err
		}
		q.Attributes = maps.Clone(q.Attributes)
		if err := f(tx, &q); err != nil {
			return err
		}
		return s.queues.Put(tx, k, q)
	})
}

// forget drops what is kept under a queue's id: at once for those who receive, on disk by a job.
func (s *Service) forget(tx *store.Tx, k store.Key, id string) error {
	tx.OnCommit(func() {
		s.mu.Lock()
		h := s.shelves[id]
		delete(s.shelves, id)
		s.mu.Unlock()
		if h != nil {
			h.close()
		}
	})
	_, err := tx.Enqueue(discardJob, discarded{Account: k.Account, Region: k.Region, ID: id})
	return err
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
