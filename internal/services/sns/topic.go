package sns

import (
	"context"
	"encoding/json"
	"maps"
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
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/uuid"
)

var topicName = regexp.MustCompile(`^([A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo)$`)

// topic is one topic.
type topic struct {
	ID         string
	Name       string
	Created    time.Time
	Attributes map[string]string // as they were set
	Tags       map[string]string `json:",omitempty"`
	Deleted    int               `json:",omitempty"` // subscriptions
}

func (t topic) fifo() bool { return strings.HasSuffix(t.Name, ".fifo") }

func topicARN(k store.Key) string { return arn.New("sns", k.Region, k.Account, k.ID) }

// find reads a topic from memory.
func (s *Service) find(ctx context.Context, k store.Key) (t topic, err error) {
	ok := false
	if err = s.image.Read(ctx, func() { t, ok = s.topics.Rows()[k] }); err == nil && !ok {
		err = errNoTopic
	}
	return t, err
}

// on names a topic, with its policy.
func (s *Service) on(ctx context.Context, text *string) ([]wire.Target, error) {
	k, err := topicKey(text)
	if err != nil {
		return nil, err
	}
	return s.target(ctx, k)
}

func (s *Service) target(ctx context.Context, k store.Key) ([]wire.Target, error) {
	t := wire.Target{Resource: topicARN(k), Account: k.Account}
	var has topic
	if err := s.image.Read(ctx, func() { has = s.topics.Rows()[k] }); err != nil {
		return nil, err
	}
	for name, v := range has.Tags {
		if t.Context == nil {
			t.Context = authz.Context{}
		}
		t.Context["aws:ResourceTag/"+name] = []string{v}
	}
	var err error
	t.Policy, err = s.policy(k, has)
	return []wire.Target{t}, err
}

// firstPolicy is what a topic has until it is given another: it lets in what works for the owner, such as the alarms of the account.
func firstPolicy(k store.Key) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",` +
		`"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission",` +
		`"SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + topicARN(k) +
		`","Condition":{"StringEquals":{"AWS:SourceOwner":"` + k.Account + `"}}}]}`
}

func (s *Service) policy(k store.Key, t topic) (*authz.Policy, error) {
	text := t.Attributes["Policy"]
	if text == "" {
		text = firstPolicy(k)
	}
	if p, ok := s.policies.Load(k); ok {
		return p.(*authz.Policy), nil
	}
	p, err := authz.ParseResource([]byte(text))
	if err != nil {
		return nil, err
	}
	p.ID = topicARN(k)
	s.policies.Store(k, p)
	return p, nil
}

// set checks and sets an attribute.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
func (t *topic) set(name, v string) error {
	truth := v == "true" || v == "false"
	switch name {
	case "DisplayName":
		if len(v) > 100 {
			return invalid("DisplayName Reason: it is too long")
		}
	case "Policy":
		if _, err := authz.ParseResource([]byte(v)); v != "" && err != nil {
			return invalid("Policy Error: %v", err)
		}
	case "DeliveryPolicy":
		if v != "" && !json.Valid([]byte(v)) {
			return invalid("DeliveryPolicy: it is no JSON")
		}
	case "SignatureVersion":
		if v != "1" && v != "2" {
			return invalid("SignatureVersion")
		}
	case "TracingConfig":
		if v != "PassThrough" && v != "Active" {
			return invalid("TracingConfig")
		}
	case "FifoTopic":
		if v != strconv.FormatBool(t.fifo()) {
			return invalid("FifoTopic Reason: names of FIFO topics end with .fifo, and no others")
		}
	case "ContentBasedDeduplication":
		if !truth || !t.fifo() {
			return invalid("ContentBasedDeduplication")
		}
	case "FifoThroughputScope":
		if v != "Topic" && v != "MessageGroup" || !t.fifo() {
			return invalid("FifoThroughputScope")
		}
	case "KmsMasterKeyId":
	default:
		if !strings.HasSuffix(name, "FeedbackRoleArn") && !strings.HasSuffix(name, "SuccessFeedbackSampleRate") {
			return invalid("AttributeName")
		}
	}
	if v == "" {
		delete(t.Attributes, name)
	} else {
		t.Attributes[name] = v
	}
	return nil
}

// CreateTopic makes a topic. One of the same name and attributes may be made again.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
func (s *Service) CreateTopic(ctx context.Context, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	call, name := wire.CallOf(ctx), aws.ToString(in.Name)
	if !topicName.MatchString(name) {
		return nil, invalid("Topic Name")
	}
	if in.DataProtectionPolicy != nil {
		return nil, invalid("DataProtectionPolicy Reason: it is not implemented by Atelier")
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	k := store.Key{Account: call.Account(), Region: call.Region, ID: name}
	t := topic{ID: uuid.NewString(), Name: name, Created: call.Time, Attributes: map[string]string{}, Tags: tags}
	if t.fifo() && in.Attributes["FifoTopic"] != "true" {
		return nil, invalid("Topic Name")
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := t.set(name, in.Attributes[name]); err != nil {
			return nil, err
		}
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		has, err := s.topics.Get(tx, k)
		if absent(err) {
			return s.topics.Insert(tx, k, t)
		}
		if err != nil {
			return err
		}
		for name := range in.Attributes {
			if has.Attributes[name] != t.Attributes[name] {
				return invalid("Attributes Reason: Topic already exists with different attributes")
			}
		}
		if len(tags) > 0 && !maps.Equal(tags, has.Tags) {
			return invalid("Tags Reason: Topic already exists with different tags")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &sns.CreateTopicOutput{TopicArn: aws.String(topicARN(k))}, nil
}

func (s *Service) createTargets(ctx context.Context, in *sns.CreateTopicInput) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	return []wire.Target{{Resource: arn.New("sns", call.Region, call.Account(), aws.ToString(in.Name))}}, nil
}

// DeleteTopic removes a topic with its subscriptions. One that is not there is no error. What was published is still delivered.
func (s *Service) DeleteTopic(ctx context.Context, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	k, err := topicKey(in.TopicArn)
	if err != nil {
		return nil, err
	}
	return &sns.DeleteTopicOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.subscriptions.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := s.subscriptions.Delete(tx, r.Key); err != nil {
				return err
			}
		}
		return s.topics.DeleteIf(tx, k)
	})
}

func (s *Service) deleteTargets(ctx context.Context, in *sns.DeleteTopicInput) ([]wire.Target, error) {
	return s.on(ctx, in.TopicArn)
}

// change reads, changes and writes a topic.
func (s *Service) change(ctx context.Context, text *string, f func(k store.Key, t *topic) error) error {
	k, err := topicKey(text)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.topics.Get(tx, k)
		if absent(err) {
			return errNoTopic
		}
		if err != nil {
			return err
		}
		t.Attributes = maps.Clone(t.Attributes)
		if err := f(k, &t); err != nil {
			return err
		}
		return s.topics.Put(tx, k, t)
	})
}

// SetTopicAttributes sets one attribute.
func (s *Service) SetTopicAttributes(ctx context.Context, in *sns.SetTopicAttributesInput) (*sns.SetTopicAttributesOutput, error) {
	err := s.change(ctx, in.TopicArn, func(_ store.Key, t *topic) error {
		if aws.ToString(in.AttributeName) == "FifoTopic" {
			return invalid("AttributeName")
		}
		return t.set(aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue))
	})
	if err != nil {
		return nil, err
	}
	return &sns.SetTopicAttributesOutput{}, nil
}

func (s *Service) setTopicTargets(ctx context.Context, in *sns.SetTopicAttributesInput) ([]wire.Target, error) {
	return s.on(ctx, in.TopicArn)
}

const deliveryPolicy = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,` +
	`"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,` +
	`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

// GetTopicAttributes tells of a topic.
func (s *Service) GetTopicAttributes(ctx context.Context, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	k, err := topicKey(in.TopicArn)
	if err != nil {
		return nil, err
	}
	t, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	if err := s.image.Read(ctx, func() {
		for b, r := range s.routes[k] {
			if s.subscriptions.Rows()[b].Confirmed && r != nil {
				confirmed++
			} else {
				pending++
			}
		}
	}); err != nil {
		return nil, err
	}
	out := maps.Clone(t.Attributes)
	if out["Policy"] == "" {
		out["Policy"] = firstPolicy(k)
	}
	out["EffectiveDeliveryPolicy"] = deliveryPolicy
	if p := out["DeliveryPolicy"]; p != "" {
		out["EffectiveDeliveryPolicy"] = p
	}
	out["TopicArn"], out["Owner"], out["DisplayName"] = topicARN(k), k.Account, t.Attributes["DisplayName"]
	out["SubscriptionsConfirmed"], out["SubscriptionsPending"], out["SubscriptionsDeleted"] = strconv.Itoa(confirmed), strconv.Itoa(pending), strconv.Itoa(t.Deleted)
	if t.fifo() && out["ContentBasedDeduplication"] == "" {
		out["ContentBasedDeduplication"] = "false"
	}
	return &sns.GetTopicAttributesOutput{Attributes: out}, nil
}

func (s *Service) getTopicTargets(ctx context.Context, in *sns.GetTopicAttributesInput) ([]wire.Target, error) {
	return s.on(ctx, in.TopicArn)
}

// pageSize is how many topics or subscriptions a list gives at once.
const pageSize = 100

// ListTopics lists the account's topics.
func (s *Service) ListTopics(ctx context.Context, in *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	call := wire.CallOf(ctx)
	var keys []store.Key
	if err := s.image.Read(ctx, func() {
		for k := range s.topics.Rows() {
			if k.Account == call.Account() && k.Region == call.Region {
				keys = append(keys, k)
			}
		}
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(keys, func(a, b store.Key) int { return strings.Compare(a.ID, b.ID) })
	keys, next, err := wire.Page(ctx, keys, func(k store.Key) string { return k.ID }, pageSize, in.NextToken)
	if err != nil {
		return nil, invalid("NextToken")
	}
	out := &sns.ListTopicsOutput{Topics: []types.Topic{}, NextToken: next}
	for _, k := range keys {
		out.Topics = append(out.Topics, types.Topic{TopicArn: aws.String(topicARN(k))})
	}
	return out, nil
}
