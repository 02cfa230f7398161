package sns

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

// deliver brings a message to an endpoint.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	err := s.bring(ctx, x)
	if err == nil && x.Type != confirmation {
		s.count(x.Message.Topic, "NumberOfNotificationsDelivered")
	}
	return err
}

func (s *Service) bring(ctx context.Context, x parcel) error {
	switch x.Protocol {
	case "sqs":
		m, err := s.queued(ctx, x)
		if err != nil {
			return err
		}
		return s.Clients.Send(ctx, x.as(), x.Endpoint, m)
	case "lambda":
		event, err := s.event(ctx, x)
		if err != nil {
			return err
		}
		return s.Clients.Invoke(ctx, x.as(), x.Endpoint, event)
	case "http", "https":
		return s.post(ctx, x)
	case "email", "email-json":
		return s.mail(ctx, x)
	}
	return delivery.Permanent(fmt.Errorf("%s is not implemented by Atelier", x.Protocol))
}

func (x parcel) as() delivery.As {
	return delivery.As{Service: principal, Source: topicARN(x.Message.Topic), Account: x.Message.Topic.Account}
}

// maxAttributes is how many attributes a message in a queue may have.
const maxAttributes = 10

// queued is a message as a queue gets it.
func (s *Service) queued(ctx context.Context, x parcel) (m delivery.Message, err error) {
	m.Group = x.Message.Group
	if to, err := arn.Parse(x.Endpoint); err == nil && len(to.Resource) > 5 && to.Resource[len(to.Resource)-5:] == ".fifo" {
		m.Duplicate = x.Message.Duplicate
		if x.Type == confirmation {
			m.Group, m.Duplicate = confirmation, x.Message.ID
		}
	}
	if x.Raw {
		if len(x.Message.Attributes) > maxAttributes {
			return m, delivery.Permanent(fmt.Errorf("a raw message with %d attributes does not fit into a queue", len(x.Message.Attributes)))
		}
		m.Body, m.Attributes = x.Message.Body, x.Message.Attributes
		return m, nil
	}
	b, err := s.enveloped(ctx, x)
	m.Body = string(b)
	return m, err
}

// enveloped is a message as JSON, with its signature.
func (s *Service) enveloped(ctx context.Context, x parcel) ([]byte, error) {
	g, err := s.sign(ctx)
	if err != nil {
		return nil, err
	}
	m := x.Message
	e := envelope{Type: x.Type, MessageID: m.ID, SequenceNumber: m.Sequence, TopicARN: topicARN(m.Topic), Subject: m.Subject, Message: m.Body,
		Timestamp: m.Time.UTC().Format(timeForm), SignatureVersion: m.Version, Signature: m.Signature,
		SigningCertURL: "http://" + x.Host + certificatePath + g.name}
	if x.Type == confirmation {
		e.Token, e.SubscribeURL = x.Token, x.subscribeURL()
		if e.Signature, err = g.signature(m.Version, "Message", e.Message, "MessageId", e.MessageID, "SubscribeURL", e.SubscribeURL,
			"Timestamp", e.Timestamp, "Token", e.Token, "TopicArn", e.TopicARN, "Type", e.Type); err != nil {
			return nil, err
		}
	} else {
		e.UnsubscribeURL = x.unsubscribeURL()
	}
	for name, a := range m.Attributes {
		if e.Attributes == nil {
			e.Attributes = map[string]attributeJSON{}
		}
		v := attributeJSON{a.Type, a.Text}
		if a.Binary != nil {
			v.Value = base64.StdEncoding.EncodeToString(a.Binary)
		}
		e.Attributes[name] = v
	}
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	err = w.Encode(e)
	return bytes.TrimSpace(b.Bytes()), err
}

// post sends a message to an HTTP endpoint.
// Source: https://docs.aws.amazon.com/sns/latest/dg/http-header.html
func (s *Service) post(ctx context.Context, x parcel) error {
	header := http.Header{"Content-Type": {"text/plain; charset=UTF-8"}, "User-Agent": {"Amazon Simple Notification Service Agent"}}
	header.Set("X-Amz-Sns-Message-Type", x.Type)
	header.Set("X-Amz-Sns-Message-Id", x.Message.ID)
	header.Set("X-Amz-Sns-Topic-Arn", topicARN(x.Message.Topic))
	if x.Type != confirmation {
		header.Set("X-Amz-Sns-Subscription-Arn", x.Subscription)
	}
	body := []byte(x.Message.Body)
	if x.Raw {
		header.Set("X-Amz-Sns-Rawdelivery", "true")
	} else {
		var err error
		if body, err = s.enveloped(ctx, x); err != nil {
			return err
		}
	}
	_, err := s.Outward.Call(ctx, http.MethodPost, x.Endpoint, header, body, true)
	return err
}

// bury puts a message that did not arrive into the subscription's dead-letter queue.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
func (s *Service) bury(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	if x.Type != confirmation {
		s.count(x.Message.Topic, "NumberOfNotificationsFailed")
	}
	if x.DeadLetters == "" || x.Type == confirmation {
		return nil
	}
	m, err := s.queued(ctx, x)
	if err != nil {
		m.Body = x.Message.Body
	}
	if !x.Raw || len(x.Message.Attributes)+2 > maxAttributes {
		m.Attributes = nil
	}
	why := map[string]delivery.Attribute{}
	for name, a := range m.Attributes {
		why[name] = a
	}
	reasons := p.Why(nil)
	why["ErrorCode"], why["ErrorMessage"] = reasons["ERROR_CODE"], reasons["ERROR_MESSAGE"]
	m.Attributes = why
	if to, err := arn.Parse(x.DeadLetters); err == nil && len(to.Resource) > 5 && to.Resource[len(to.Resource)-5:] == ".fifo" {
		m.Duplicate = x.Message.Duplicate
	}
	return s.Clients.Send(ctx, x.as(), x.DeadLetters, m)
}
