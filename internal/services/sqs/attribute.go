package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// number is an attribute with bounds and a default.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
type number struct{ least, most, standard int }

var numbers = map[string]number{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, 1 << 20, 1 << 20},
	"MessageRetentionPeriod":        {60, 1209600, 345600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, 43200, 30},
	"KmsDataKeyReusePeriodSeconds":  {60, 86400, 300},
}

// attribute is what counts: as it was set, or the default.
func (q queue) attribute(name string) string {
	if v, ok := q.Attributes[name]; ok {
		return v
	}
	if n, ok := numbers[name]; ok {
		return strconv.Itoa(n.standard)
	}
	switch name {
	case "SqsManagedSseEnabled":
		return strconv.FormatBool(q.Attributes["KmsMasterKeyId"] == "")
	case "ContentBasedDeduplication":
		return "false"
	case "DeduplicationScope":
		return "queue"
	case "FifoThroughputLimit":
		return "perQueue"
	}
	return ""
}

func (q queue) duration(name string) time.Duration {
	n, _ := strconv.Atoi(q.attribute(name)) // checked when it was set
	return time.Duration(n) * time.Second
}

func (q queue) size() int {
	n, _ := strconv.Atoi(q.attribute("MaximumMessageSize"))
	return n
}

// redrive is a RedrivePolicy. Numbers come as text too.
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Most   json.Number `json:"maxReceiveCount"`
}

// deadLetters is where messages go that came more than most times; ok is false when they stay.
func (q queue) deadLetters() (target store.Key, most int32, ok bool) {
	var r redrive
	if err := json.Unmarshal([]byte(q.Attributes["RedrivePolicy"]), &r); err != nil {
		return target, 0, false
	}
	n, err := strconv.ParseInt(r.Most.String(), 10, 32)
	target, named := keyOfARN(r.Target)
	return target, int32(n), err == nil && named
}

// redriveAllow is a RedriveAllowPolicy.
type redriveAllow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

// set checks attributes and puts them into q. An empty value takes an attribute away.
func (s *Service) set(ctx context.Context, k store.Key, q *queue, attributes map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v := attributes[name]
		if err := s.check(ctx, k, *q, name, v); err != nil {
			return err
		}
		if v == "" {
			delete(q.Attributes, name)
		} else {
			q.Attributes[name] = v
		}
	}
	return nil
}

func (s *Service) check(ctx context.Context, k store.Key, q queue, name, v string) error {
	if n, ok := numbers[name]; ok {
		if i, err := strconv.Atoi(v); err != nil || i < n.least || i > n.most {
			return badValue(name)
		}
		return nil
	}
	oneOf := func(values ...string) error {
		if !slices.Contains(values, v) {
			return badValue(name)
		}
		return nil
	}
	switch name {
	case "Policy":
		if v == "" {
			return nil
		}
		if _, err := authz.ParseResource([]byte(v)); err != nil {
			return badValue(name)
		}
		return nil
	case "RedrivePolicy":
		if v == "" {
			return nil
		}
		return s.checkRedrive(ctx, k, q, v)
	case "RedriveAllowPolicy":
		var a redriveAllow
		if v == "" {
			return nil
		}
		if err := json.Unmarshal([]byte(v), &a); err != nil || !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, a.Permission) ||
			(a.Permission == "byQueue") != (len(a.Sources) > 0) || len(a.Sources) > 10 {
			return badValue(name)
		}
		return nil
	case "FifoQueue":
		if !q.fifo() || v != "true" {
			return badAttribute(name)
		}
		return nil
	case "ContentBasedDeduplication":
		if !q.fifo() {
			return badAttribute(name)
		}
		return oneOf("true", "false")
	case "DeduplicationScope":
		if !q.fifo() {
			return badAttribute(name)
		}
		return oneOf("messageGroup", "queue")
	case "FifoThroughputLimit":
		if !q.fifo() {
			return badAttribute(name)
		}
		return oneOf("perQueue", "perMessageGroupId")
	case "SqsManagedSseEnabled":
		return oneOf("true", "false")
	case "KmsMasterKeyId":
		return nil
	}
	return badAttribute(name)
}

// checkRedrive wants a dead-letter queue of the same account, region and kind that takes messages from this one.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (s *Service) checkRedrive(ctx context.Context, k store.Key, q queue, v string) error {
	q.Attributes = map[string]string{"RedrivePolicy": v}
	target, most, ok := q.deadLetters()
	if !ok || most < 1 || most > 1000 {
		return badValue("RedrivePolicy")
	}
	d, err := s.find(ctx, target)
	if errors.Is(err, errNoQueue) || err == nil && (target.Account != k.Account || target.Region != k.Region) {
		return invalid("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", v)
	}
	if err != nil {
		return err
	}
	if d.fifo() != q.fifo() {
		return invalid("Value %s for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source.", v)
	}
	var a redriveAllow
	if text := d.Attributes["RedriveAllowPolicy"]; text != "" {
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			return err
		}
		if a.Permission == "denyAll" || a.Permission == "byQueue" && !slices.Contains(a.Sources, queueARN(k)) {
			return invalid("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter queue %s does not allow this source queue.", v, queueARN(target))
		}
	}
	return nil
}

// SetQueueAttributes changes attributes.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func (s *Service) SetQueueAttributes(ctx context.Context, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.Attributes = maps.Clone(q.Attributes)
	if err := s.set(ctx, k, &q, in.Attributes); err != nil { // checked outside of the transaction: other queues are looked at
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, now *queue) error {
		for name := range in.Attributes {
			if v, ok := q.Attributes[name]; ok {
				now.Attributes[name] = v
			} else {
				delete(now.Attributes, name)
			}
		}
		now.Modified = wire.CallOf(ctx).Time
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &sqs.SetQueueAttributesOutput{}, nil
}

func (s *Service) setAttributesTargets(ctx context.Context, in *sqs.SetQueueAttributesInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// GetQueueAttributes tells attributes and counts of messages.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func (s *Service) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	k, q, err := s.at(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := map[string]string{"QueueArn": queueARN(k), "CreatedTimestamp": seconds(q.Created), "LastModifiedTimestamp": seconds(q.Modified)}
	for name := range numbers {
		all[name] = q.attribute(name)
	}
	if q.Attributes["KmsMasterKeyId"] == "" {
		delete(all, "KmsDataKeyReusePeriodSeconds")
	}
	for _, name := range []string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled"} {
		if v := q.attribute(name); v != "" {
			all[name] = v
		}
	}
	if q.fifo() {
		all["FifoQueue"] = "true"
		for _, name := range []string{"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"} {
			all[name] = q.attribute(name)
		}
	}
	counts := []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"}
	wanted := func(name string) bool {
		for _, n := range in.AttributeNames {
			if n == "All" || string(n) == name {
				return true
			}
		}
		return false
	}
	if slices.ContainsFunc(counts, wanted) {
		h, err := s.shelf(ctx, k, q)
		if err != nil {
			return nil, err
		}
		for i, n := range h.counts(s.now(), q.duration("MessageRetentionPeriod").Milliseconds()) {
			all[counts[i]] = strconv.Itoa(n)
		}
	}
	for name := range all {
		if !wanted(name) {
			delete(all, name)
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: all}, nil
}

func (s *Service) getAttributesTargets(ctx context.Context, in *sqs.GetQueueAttributesInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}
