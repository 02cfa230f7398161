package sns

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/google/uuid"
)

const (
	courier      = "sns"
	principal    = "sns.amazonaws.com"
	notification = "Notification"
	confirmation = "SubscriptionConfirmation"
	timeForm     = "2006-01-02T15:04:05.000Z"
)

// parcel is a message on its way to one endpoint.
type parcel struct {
	Type         string
	Subscription string // ARN
	Protocol     string
	Endpoint     string
	Host         string
	Raw          bool   `json:",omitempty"`
	DeadLetters  string `json:",omitempty"` // ARN of a queue
	DisplayName  string `json:",omitempty"`
	Token        string `json:",omitempty"` // of a confirmation
	Message      message
}

// Attempts of endpoints, which the desk spreads over time.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
const (
	httpAttempts = 1 + 3
	mailAttempts = 50
	// queueAge is how long a message is tried for a queue that does not answer.
	queueAge = 23 * 24 * time.Hour
)

func (b subscription) parcel(typ string, m message, t topic) (delivery.Parcel, error) {
	x := parcel{Type: typ, Subscription: b.arn(), Protocol: b.Protocol, Endpoint: b.Endpoint, Host: b.Host, DeadLetters: deadLetters(b.Attributes["RedrivePolicy"]),
		Raw: b.Attributes["RawMessageDelivery"] == "true", DisplayName: t.Attributes["DisplayName"], Message: m}
	if typ == confirmation {
		x.Raw, x.Token = false, b.Token
	}
	data, err := json.Marshal(x)
	p := delivery.Parcel{Kind: courier, Account: b.Topic.Account, Region: b.Topic.Region, Data: data, MaxAttempts: -1, MaxAge: queueAge}
	switch b.Protocol {
	case "http", "https":
		p.MaxAttempts, p.Place = httpAttempts, b.Endpoint
		if u, err := url.Parse(b.Endpoint); err == nil {
			p.Place = u.Host
		}
		for _, text := range []string{t.Attributes["DeliveryPolicy"], b.Attributes["DeliveryPolicy"]} {
			if n, ok := retries(text); ok {
				p.MaxAttempts = n + 1
			}
		}
	case "email", "email-json":
		p.MaxAttempts, p.Place = mailAttempts, "mail"
	}
	if m.Group != "" && t.fifo() {
		p.Line = x.Subscription + "\n" + m.Group
	}
	return p, err
}

// retries reads how often a delivery policy has an HTTP endpoint tried again.
func retries(policy string) (int, bool) {
	type retry struct {
		Retries *int `json:"numRetries"`
	}
	var p struct {
		Own  *retry `json:"healthyRetryPolicy"`
		HTTP struct {
			Default *retry `json:"defaultHealthyRetryPolicy"`
		} `json:"http"`
	}
	if policy == "" || json.Unmarshal([]byte(policy), &p) != nil {
		return 0, false
	}
	for _, r := range []*retry{p.Own, p.HTTP.Default} {
		if r != nil && r.Retries != nil && *r.Retries >= 0 && *r.Retries <= 100 {
			return *r.Retries, true
		}
	}
	return 0, false
}

// parcel is a message for a subscription, signed when it is to be.
func (s *Service) parcel(ctx context.Context, m *message, t topic, r *route) (delivery.Parcel, error) {
	one := *m
	if text, ok := m.bodies[r.Protocol]; ok {
		one.Body = text
	}
	if raw := r.Attributes["RawMessageDelivery"] == "true"; !raw && r.Protocol != "email" {
		sig, ok := m.signed[one.Body]
		if !ok {
			g, err := s.sign(ctx)
			if err != nil {
				return delivery.Parcel{}, err
			}
			if sig, err = g.signature(m.Version, "Message", one.Body, "MessageId", m.ID, "Subject", m.Subject, "Timestamp", m.Time.UTC().Format(timeForm),
				"TopicArn", topicARN(m.Topic), "Type", notification); err != nil {
				return delivery.Parcel{}, err
			}
			if m.signed == nil {
				m.signed = map[string]string{}
			}
			m.signed[one.Body] = sig
		}
		one.Signature = sig
	}
	return r.subscription.parcel(notification, one, t)
}

// ask sends the token of a subscription to its endpoint.
func (s *Service) ask(tx *store.Tx, b subscription, t topic) error {
	m := message{ID: uuid.NewString(), Topic: b.Topic, Time: s.Clock.Now(), Version: t.Attributes["SignatureVersion"],
		Body: "You have chosen to subscribe to the topic " + topicARN(b.Topic) + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."}
	if m.Version == "" {
		m.Version = "1"
	}
	p, err := b.parcel(confirmation, m, t)
	if err != nil {
		return err
	}
	p.Line = ""
	return s.Desk.Accept(tx, p)
}

func (x parcel) link(action string, values url.Values) string {
	values.Set("Action", action)
	values.Set("Version", "2010-03-31")
	return "http://" + x.Host + "/?" + values.Encode()
}

func (x parcel) subscribeURL() string {
	return x.link("ConfirmSubscription", url.Values{"TopicArn": {topicARN(x.Message.Topic)}, "Token": {x.Token}})
}

func (x parcel) unsubscribeURL() string {
	return x.link("Unsubscribe", url.Values{"SubscriptionArn": {x.Subscription}})
}

// envelope is a message as JSON.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type envelope struct {
	Type             string
	MessageID        string `json:"MessageId"`
	SequenceNumber   string `json:",omitempty"`
	Token            string `json:",omitempty"`
	TopicARN         string `json:"TopicArn"`
	Subject          string `json:",omitempty"`
	Message          string
	SubscribeURL     string `json:",omitempty"`
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string                   `json:"SigningCertURL"`
	UnsubscribeURL   string                   `json:",omitempty"`
	Attributes       map[string]attributeJSON `json:"MessageAttributes,omitempty"`
}

type attributeJSON struct {
	Type  string
	Value string
}
