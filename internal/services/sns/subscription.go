package sns

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/mail"
	"net/url"
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
	"github.com/google/uuid"
)

// tokenLife is how long a subscription may be confirmed.
const tokenLife = 3 * 24 * time.Hour

// pendingARN is what a subscription that is not confirmed yet has for an ARN.
const pendingARN = "PendingConfirmation"

// subscription is one subscription of a topic.
type subscription struct {
	ID            string
	Topic         store.Key
	Protocol      string
	Endpoint      string
	Owner         string // account
	Principal     string // ARN
	Host          string // as the subscriber addressed us, for links
	Created       time.Time
	Confirmed     bool
	Authenticated bool   `json:",omitempty"` // the confirmation was
	Protected     bool   `json:",omitempty"` // AuthenticateOnUnsubscribe
	Token         string `json:",omitempty"`
	Attributes    map[string]string
}

func (b subscription) arn() string { return topicARN(b.Topic) + ":" + b.ID }

func (b subscription) key() store.Key {
	k := b.Topic
	k.ID += "/" + b.ID
	return k
}

func (b subscription) shownARN() string {
	if b.Confirmed {
		return b.arn()
	}
	return pendingARN
}

// subscriptionKey reads the subscription out of an ARN.
func subscriptionKey(text *string) (store.Key, error) {
	i := strings.LastIndexByte(aws.ToString(text), ':')
	if i < 0 {
		return store.Key{}, invalid("SubscriptionArn Reason: An ARN must have at least 6 elements")
	}
	topic := (*text)[:i]
	k, err := topicKey(&topic)
	if err != nil || uuid.Validate((*text)[i+1:]) != nil {
		return store.Key{}, invalid("SubscriptionId")
	}
	k.ID += "/" + (*text)[i+1:]
	return k, nil
}

// checkEndpoint checks that an endpoint fits its protocol.
func (s *Service) checkEndpoint(protocol, endpoint string, t topic) error {
	switch protocol {
	case "sqs":
		a, err := arn.Parse(endpoint)
		if err != nil || a.Service != "sqs" {
			return invalid("SQS endpoint ARN")
		}
		if strings.HasSuffix(a.Resource, ".fifo") && !t.fifo() {
			return invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
		}
		return nil
	case "http", "https":
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != protocol {
			return invalid("Endpoint must match the specified protocol")
		}
	case "email", "email-json":
		if a, err := mail.ParseAddress(endpoint); err != nil || a.Address != endpoint {
			return invalid("Email address")
		}
		if s.Mail == "" {
			return invalid("Protocol Reason: no mail server is configured; start Atelier with --mail")
		}
	case "lambda":
		a, err := arn.Parse(endpoint)
		if err != nil || a.Service != "lambda" || !strings.HasPrefix(a.Resource, "function:") {
			return invalid("Lambda endpoint ARN")
		}
	case "sms", "application", "firehose":
		return invalid("Protocol Reason: %s is not implemented by Atelier", protocol)
	default:
		return invalid("Amazon SNS does not support this protocol string: %s", protocol)
	}
	if t.fifo() {
		return invalid("Protocol Reason: %s is not supported for FIFO topics", protocol)
	}
	return nil
}

// set checks and sets an attribute.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
func (b *subscription) set(name, v string) error {
	switch name {
	case "RawMessageDelivery":
		if v != "true" && v != "false" {
			return invalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", v)
		}
	case "FilterPolicy":
		if v != "" && v != "{}" {
			if _, err := readFilter(v, b.Attributes["FilterPolicyScope"]); err != nil {
				return err
			}
		} else {
			v = ""
		}
	case "FilterPolicyScope":
		if v != "MessageAttributes" && v != "MessageBody" {
			return invalid("Attributes Reason: FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", v)
		}
		if p := b.Attributes["FilterPolicy"]; p != "" {
			if _, err := readFilter(p, v); err != nil {
				return err
			}
		}
	case "RedrivePolicy":
		if v != "" && deadLetters(v) == "" {
			return invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
		}
	case "DeliveryPolicy":
		if v != "" && !json.Valid([]byte(v)) {
			return invalid("DeliveryPolicy: it is no JSON")
		}
	default:
		return invalid("AttributeName")
	}
	if v == "" {
		delete(b.Attributes, name)
	} else {
		b.Attributes[name] = v
	}
	return nil
}

// deadLetters is the queue of a RedrivePolicy; "" when there is none.
func deadLetters(policy string) string {
	var p struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(policy), &p) != nil {
		return ""
	}
	if a, err := arn.Parse(p.Target); err != nil || a.Service != "sqs" {
		return ""
	}
	return p.Target
}

func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Subscribe subscribes an endpoint to a topic. What is not the caller's own queue has to confirm.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func (s *Service) Subscribe(ctx context.Context, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	k, err := topicKey(in.TopicArn)
	if err != nil {
		return nil, err
	}
	t, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	b := subscription{ID: uuid.NewString(), Topic: k, Protocol: aws.ToString(in.Protocol), Endpoint: aws.ToString(in.Endpoint), Owner: call.Account(),
		Principal: call.Principal.ARN, Host: call.Host, Created: call.Time, Token: newToken(), Attributes: map[string]string{}}
	if err := s.checkEndpoint(b.Protocol, b.Endpoint, t); err != nil {
		return nil, err
	}
	for _, name := range []string{"FilterPolicyScope", "FilterPolicy"} { // in this order: one is read by the other
		if v, ok := in.Attributes[name]; ok {
			if err := b.set(name, v); err != nil {
				return nil, err
			}
		}
	}
	for name, v := range in.Attributes {
		if err := b.set(name, v); err != nil {
			return nil, err
		}
	}
	if a, err := arn.Parse(b.Endpoint); (b.Protocol == "sqs" || b.Protocol == "lambda") && err == nil && a.Account == call.Account() {
		b.Confirmed, b.Authenticated, b.Token = true, true, ""
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.topics.Get(tx, k); absent(err) {
			return errNoTopic
		} else if err != nil {
			return err
		}
		rows, err := s.subscriptions.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if has := r.Value; has.Protocol == b.Protocol && has.Endpoint == b.Endpoint {
				if has.Confirmed {
					for name, v := range in.Attributes {
						if has.Attributes[name] != v {
							return invalid("Attributes Reason: Subscription already exists with different attributes")
						}
					}
					b = has
					return nil
				}
				b.ID = has.ID // it is asked to confirm again
			}
		}
		if err := s.subscriptions.Put(tx, b.key(), b); err != nil || b.Confirmed {
			return err
		}
		return s.ask(tx, b, t)
	})
	if err != nil {
		return nil, err
	}
	out := &sns.SubscribeOutput{SubscriptionArn: aws.String(b.arn())}
	if !b.Confirmed && !in.ReturnSubscriptionArn {
		out.SubscriptionArn = aws.String("pending confirmation")
	}
	return out, nil
}

func (s *Service) subscribeTargets(ctx context.Context, in *sns.SubscribeInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.TopicArn)
	for i := range list {
		keys := authz.Context{"sns:Protocol": {aws.ToString(in.Protocol)}, "sns:Endpoint": {aws.ToString(in.Endpoint)}}
		maps.Copy(keys, list[i].Context)
		list[i].Context = keys
	}
	return list, err
}

// ConfirmSubscription confirms a subscription with the token that its endpoint was sent. Who has the token needs no signature.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
func (s *Service) ConfirmSubscription(ctx context.Context, in *sns.ConfirmSubscriptionInput) (*sns.ConfirmSubscriptionOutput, error) {
	k, err := topicKey(in.TopicArn)
	if err != nil {
		return nil, err
	}
	token := aws.ToString(in.Token)
	if len(token) != 64 {
		return nil, invalid("Token")
	}
	var found subscription
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.subscriptions.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r store.Row[subscription]) bool { return r.Value.Token == token })
		if i < 0 || s.Clock.Now().Sub(rows[i].Value.Created) > tokenLife {
			return invalid("Token")
		}
		found = rows[i].Value
		if found.Confirmed {
			return nil
		}
		signed := wire.CallOf(ctx).Principal.Kind != authz.Anonymous
		found.Confirmed, found.Authenticated = true, signed
		found.Protected = signed && aws.ToString(in.AuthenticateOnUnsubscribe) == "true"
		return s.subscriptions.Put(tx, found.key(), found)
	})
	if err != nil {
		return nil, err
	}
	return &sns.ConfirmSubscriptionOutput{SubscriptionArn: aws.String(found.arn())}, nil
}

func unsigned(ctx context.Context) bool {
	kind := wire.CallOf(ctx).Principal.Kind
	return kind == authz.Anonymous || kind == ""
}

func (s *Service) confirmTargets(ctx context.Context, in *sns.ConfirmSubscriptionInput) ([]wire.Target, error) {
	if unsigned(ctx) {
		return nil, nil // the token is the right
	}
	return s.on(ctx, in.TopicArn)
}

// Unsubscribe ends a subscription. Its ARN, which its endpoint alone knows, is enough, unless it was protected.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html
func (s *Service) Unsubscribe(ctx context.Context, in *sns.UnsubscribeInput) (*sns.UnsubscribeOutput, error) {
	k, err := subscriptionKey(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	return &sns.UnsubscribeOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.subscriptions.Get(tx, k)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if unsigned(ctx) && (b.Protected || b.Protocol == "sqs" || b.Protocol == "lambda") {
			return wire.Errorf(403, "AuthorizationError", "This subscription can be deleted only by its owner or the owner of its topic.")
		}
		if err := s.subscriptions.Delete(tx, k); err != nil {
			return err
		}
		t, err := s.topics.Get(tx, b.Topic)
		if err != nil {
			return err
		}
		t.Deleted++
		return s.topics.Put(tx, b.Topic, t)
	})
}

// onSubscription names the topic of a subscription; its owner is asked as of its own.
func (s *Service) onSubscription(ctx context.Context, text *string) ([]wire.Target, error) {
	k, err := subscriptionKey(text)
	if err != nil {
		return nil, err
	}
	var b subscription
	if err := s.image.Read(ctx, func() { b = s.subscriptions.Rows()[k] }); err != nil {
		return nil, err
	}
	if b.Owner == wire.CallOf(ctx).Account() && b.Owner != k.Account {
		return []wire.Target{{Resource: *text, Account: b.Owner}}, nil
	}
	k.ID, _, _ = strings.Cut(k.ID, "/")
	return s.target(ctx, k)
}

func (s *Service) unsubscribeTargets(ctx context.Context, in *sns.UnsubscribeInput) ([]wire.Target, error) {
	if unsigned(ctx) {
		return nil, nil
	}
	return s.onSubscription(ctx, in.SubscriptionArn)
}

// SetSubscriptionAttributes sets one attribute.
func (s *Service) SetSubscriptionAttributes(ctx context.Context, in *sns.SetSubscriptionAttributesInput) (*sns.SetSubscriptionAttributesOutput, error) {
	k, err := subscriptionKey(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	return &sns.SetSubscriptionAttributesOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.subscriptions.Get(tx, k)
		if absent(err) {
			return errNoSubscription
		}
		if err != nil {
			return err
		}
		b.Attributes = maps.Clone(b.Attributes)
		if err := b.set(aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue)); err != nil {
			return err
		}
		return s.subscriptions.Put(tx, k, b)
	})
}

func (s *Service) setSubscriptionTargets(ctx context.Context, in *sns.SetSubscriptionAttributesInput) ([]wire.Target, error) {
	return s.onSubscription(ctx, in.SubscriptionArn)
}

// GetSubscriptionAttributes tells of a subscription.
func (s *Service) GetSubscriptionAttributes(ctx context.Context, in *sns.GetSubscriptionAttributesInput) (*sns.GetSubscriptionAttributesOutput, error) {
	k, err := subscriptionKey(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	var b subscription
	ok := false
	if err := s.image.Read(ctx, func() { b, ok = s.subscriptions.Rows()[k] }); err != nil {
		return nil, err
	}
	if !ok {
		return nil, errNoSubscription
	}
	out := maps.Clone(b.Attributes)
	if out["FilterPolicy"] != "" && out["FilterPolicyScope"] == "" {
		out["FilterPolicyScope"] = "MessageAttributes"
	}
	maps.Copy(out, map[string]string{"SubscriptionArn": b.arn(), "TopicArn": topicARN(b.Topic), "Protocol": b.Protocol, "Endpoint": b.Endpoint,
		"Owner": b.Owner, "SubscriptionPrincipal": b.Principal, "PendingConfirmation": strconv.FormatBool(!b.Confirmed),
		"ConfirmationWasAuthenticated": strconv.FormatBool(b.Authenticated), "RawMessageDelivery": strconv.FormatBool(b.Attributes["RawMessageDelivery"] == "true")})
	return &sns.GetSubscriptionAttributesOutput{Attributes: out}, nil
}

func (s *Service) getSubscriptionTargets(ctx context.Context, in *sns.GetSubscriptionAttributesInput) ([]wire.Target, error) {
	return s.onSubscription(ctx, in.SubscriptionArn)
}
