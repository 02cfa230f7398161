package sns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/uuid"
)

// maxMessage is how long a message may be with its attributes, and those of a batch together.
const maxMessage = 256 << 10

// message is what was published.
type message struct {
	ID         string
	Topic      store.Key
	Subject    string `json:",omitempty"`
	Body       string
	bodies     map[string]string             // by protocol, of a structured message
	signed     map[string]string             // signatures by body
	Attributes map[string]delivery.Attribute `json:",omitempty"`
	Time       time.Time
	Group      string `json:",omitempty"`
	Duplicate  string `json:",omitempty"`
	Sequence   string `json:",omitempty"`
	Version    string // of the signature
	Signature  string `json:",omitempty"`
}

// sent is a deduplication id. It is kept under the time it came in, in steps of five minutes.
type sent struct {
	ID       string
	Sequence string
	At       time.Time
	Bucket   int64
}

// duplicates is how long a deduplication id makes two messages the same.
const duplicates = 5 * time.Minute

func bucket(t time.Time) int64 { return t.Unix() / int64(duplicates/time.Second) }

// readAttributes checks and converts message attributes.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
func readAttributes(in map[string]types.MessageAttributeValue) (map[string]delivery.Attribute, int, error) {
	if len(in) == 0 {
		return nil, 0, nil
	}
	out, size := make(map[string]delivery.Attribute, len(in)), 0
	for name, v := range in {
		kind := aws.ToString(v.DataType)
		base, custom, _ := strings.Cut(kind, ".")
		bad := func(why string) (map[string]delivery.Attribute, int, error) {
			return nil, 0, &types.InvalidParameterValueException{Message: aws.String("The message attribute '" + name + "' " + why)}
		}
		switch {
		case name == "" || len(name) > 256 || strings.HasPrefix(strings.ToLower(name), "aws.") || strings.HasPrefix(strings.ToLower(name), "amazon."):
			return bad("has a name that is not allowed.")
		case base == "Binary" && len(v.BinaryValue) > 0 && v.StringValue == nil:
		case (base == "String" || base == "Number") && aws.ToString(v.StringValue) != "" && v.BinaryValue == nil:
			if _, err := strconv.ParseFloat(*v.StringValue, 64); base == "Number" && err != nil {
				return bad("has a value that is no number.")
			}
			var list []any
			if base == "String" && custom == "Array" && json.Unmarshal([]byte(*v.StringValue), &list) != nil {
				return bad("has a value that is no array.")
			}
		case base != "Binary" && base != "String" && base != "Number":
			return bad("has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
		default:
			return bad("must contain a non-empty message attribute value for its type.")
		}
		a := delivery.Attribute{Type: kind, Text: aws.ToString(v.StringValue), Binary: v.BinaryValue}
		size += len(name) + len(kind) + len(a.Text) + len(a.Binary)
		out[name] = a
	}
	return out, size, nil
}

// prepare checks a message.
func (s *Service) prepare(k store.Key, t topic, e types.PublishBatchRequestEntry) (*message, int, error) {
	m := &message{ID: uuid.NewString(), Topic: k, Subject: aws.ToString(e.Subject), Body: aws.ToString(e.Message), Time: s.Clock.Now(),
		Version: t.Attributes["SignatureVersion"], Group: aws.ToString(e.MessageGroupId), Duplicate: aws.ToString(e.MessageDeduplicationId)}
	if m.Version == "" {
		m.Version = "1"
	}
	if m.Body == "" {
		return nil, 0, invalid("Empty message")
	}
	if !utf8.ValidString(m.Body) {
		return nil, 0, invalid("Message Reason: it is no UTF-8")
	}
	if e.Subject != nil && (m.Subject == "" || utf8.RuneCountInString(m.Subject) > 100 || strings.ContainsFunc(m.Subject, func(c rune) bool { return c < ' ' })) {
		return nil, 0, invalid("Subject")
	}
	attributes, size, err := readAttributes(e.MessageAttributes)
	if err != nil {
		return nil, 0, err
	}
	m.Attributes = attributes
	if size += len(m.Body); size > maxMessage {
		return nil, 0, invalid("Message too long")
	}
	switch aws.ToString(e.MessageStructure) {
	case "":
	case "json":
		if err := json.Unmarshal([]byte(m.Body), &m.bodies); err != nil {
			return nil, 0, invalid("Message Structure - JSON message body failed to parse")
		}
		text, ok := m.bodies["default"]
		if !ok {
			return nil, 0, invalid("Message Structure - No default entry in JSON message body")
		}
		m.Body = text
	default:
		return nil, 0, invalid("MessageStructure")
	}
	return m, size, m.order(t)
}

// order checks what a FIFO topic asks for.
func (m *message) order(t topic) error {
	if !t.fifo() {
		if m.Duplicate != "" {
			return invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
		}
		return nil
	}
	if m.Group == "" {
		return invalid("The MessageGroupId parameter is required for FIFO topics")
	}
	if m.Duplicate == "" {
		if t.Attributes["ContentBasedDeduplication"] != "true" {
			return invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		sum := sha256.Sum256([]byte(m.Body))
		m.Duplicate = hex.EncodeToString(sum[:])
	}
	return nil
}

// publish accepts messages in one transaction: once it is over each will arrive. Of duplicates the first counts.
func (s *Service) publish(ctx context.Context, k store.Key, t topic, list []*message) error {
	var routes []*route
	if err := s.image.Read(ctx, func() {
		for _, r := range s.routes[k] {
			if r.Confirmed {
				routes = append(routes, r)
			}
		}
	}); err != nil {
		return err
	}
	parcels := make([][]delivery.Parcel, len(list))
	for i, m := range list {
		if t.fifo() {
			m.Sequence = s.number.next()
		}
		for _, r := range routes {
			if !r.filter.match(m.Body, m.Attributes) {
				continue
			}
			p, err := s.parcel(ctx, m, t, r)
			if err != nil {
				return err
			}
			parcels[i] = append(parcels[i], p)
		}
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		for i, m := range list {
			if t.fifo() {
				again, err := s.duplicate(tx, t, m)
				if err != nil {
					return err
				}
				if again {
					continue
				}
			}
			for _, p := range parcels[i] {
				if err := s.Desk.Accept(tx, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		s.countPublished(k, list)
	}
	return err
}

// duplicate tells whether a message was published before, and remembers it.
func (s *Service) duplicate(tx *store.Tx, t topic, m *message) (bool, error) {
	scope := t.ID
	if t.Attributes["FifoThroughputScope"] == "MessageGroup" {
		scope += "/" + m.Group
	}
	at := func(b int64) store.Key {
		return store.Key{Account: m.Topic.Account, Region: m.Topic.Region, ID: fmt.Sprintf("%s/%d/%s", scope, b, m.Duplicate)}
	}
	now := bucket(m.Time)
	for _, b := range []int64{now, now - 1} {
		before, err := s.seen.Get(tx, at(b))
		if err != nil && !absent(err) {
			return false, err
		}
		if err == nil && m.Time.Sub(before.At) < duplicates {
			m.ID, m.Sequence = before.ID, before.Sequence
			return true, nil
		}
	}
	return false, s.seen.Put(tx, at(now), sent{ID: m.ID, Sequence: m.Sequence, At: m.Time, Bucket: now})
}

// Publish sends a message to a topic.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (s *Service) Publish(ctx context.Context, in *sns.PublishInput) (*sns.PublishOutput, error) {
	if in.PhoneNumber != nil {
		return nil, invalid("PhoneNumber Reason: SMS is not implemented by Atelier")
	}
	to := in.TopicArn
	if to == nil {
		to = in.TargetArn
	}
	k, err := topicKey(to)
	if err != nil {
		return nil, err
	}
	t, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	m, _, err := s.prepare(k, t, types.PublishBatchRequestEntry{Message: in.Message, Subject: in.Subject, MessageStructure: in.MessageStructure,
		MessageAttributes: in.MessageAttributes, MessageGroupId: in.MessageGroupId, MessageDeduplicationId: in.MessageDeduplicationId})
	if err != nil {
		return nil, err
	}
	if err := s.publish(ctx, k, t, []*message{m}); err != nil {
		return nil, err
	}
	out := &sns.PublishOutput{MessageId: &m.ID}
	if m.Sequence != "" {
		out.SequenceNumber = &m.Sequence
	}
	return out, nil
}

func (s *Service) publishTargets(ctx context.Context, in *sns.PublishInput) ([]wire.Target, error) {
	if in.TopicArn == nil && in.TargetArn == nil {
		return []wire.Target{{Resource: "*"}}, nil
	}
	if in.TopicArn == nil {
		return s.on(ctx, in.TargetArn)
	}
	return s.on(ctx, in.TopicArn)
}

// PublishBatch sends up to ten messages to a topic.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
func (s *Service) PublishBatch(ctx context.Context, in *sns.PublishBatchInput) (*sns.PublishBatchOutput, error) {
	k, err := topicKey(in.TopicArn)
	if err != nil {
		return nil, err
	}
	t, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.PublishBatchRequestEntries); err != nil {
		return nil, err
	}
	out := &sns.PublishBatchOutput{Successful: []types.PublishBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{}}
	var list []*message
	var ids []*string
	total := 0
	for _, e := range in.PublishBatchRequestEntries {
		m, size, err := s.prepare(k, t, e)
		if err != nil {
			code, text := "InternalError", "The request failed."
			var known interface {
				ErrorCode() string
				ErrorMessage() string
			}
			if errors.As(err, &known) {
				code, text = known.ErrorCode(), known.ErrorMessage()
			}
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: &code, Message: &text, SenderFault: true})
			continue
		}
		total += size
		list, ids = append(list, m), append(ids, e.Id)
	}
	if total > maxMessage {
		return nil, &types.BatchRequestTooLongException{Message: aws.String("The length of all the messages put together is more than the limit.")}
	}
	if err := s.publish(ctx, k, t, list); err != nil {
		return nil, err
	}
	for i, m := range list {
		e := types.PublishBatchResultEntry{Id: ids[i], MessageId: &m.ID}
		if m.Sequence != "" {
			e.SequenceNumber = &m.Sequence
		}
		out.Successful = append(out.Successful, e)
	}
	return out, nil
}

func checkBatch(list []types.PublishBatchRequestEntry) error {
	if len(list) == 0 {
		return &types.EmptyBatchRequestException{Message: aws.String("The batch request doesn't contain any entries.")}
	}
	if len(list) > 10 {
		return &types.TooManyEntriesInBatchRequestException{Message: aws.String("The batch request contains more entries than permissible (more than 10).")}
	}
	had := map[string]bool{}
	for _, e := range list {
		id := aws.ToString(e.Id)
		if id == "" || len(id) > 80 {
			return &types.InvalidBatchEntryIdException{Message: aws.String("The Id of a batch entry in a batch request doesn't abide by the specification.")}
		}
		if had[id] {
			return &types.BatchEntryIdsNotDistinctException{Message: aws.String("Two or more batch entries in the request have the same Id.")}
		}
		had[id] = true
	}
	return nil
}

func (s *Service) publishBatchTargets(ctx context.Context, in *sns.PublishBatchInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.TopicArn)
	for i := range list {
		list[i].Action = "sns:Publish"
	}
	return list, err
}
