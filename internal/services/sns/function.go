package sns

import (
	"context"
	"encoding/json"
)

// record is a message as functions get it.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
type record struct {
	EventSource          string
	EventVersion         string
	EventSubscriptionArn string
	SNS                  struct {
		Type             string
		MessageID        string `json:"MessageId"`
		TopicARN         string `json:"TopicArn"`
		Subject          *string
		Message          string
		Timestamp        string
		SignatureVersion string
		Signature        string
		SigningCertURL   string                   `json:"SigningCertUrl"`
		UnsubscribeURL   string                   `json:"UnsubscribeUrl"`
		Attributes       map[string]attributeJSON `json:"MessageAttributes"`
	} `json:"Sns"`
}

// event is the event with which a function is called.
func (s *Service) event(ctx context.Context, x parcel) ([]byte, error) {
	b, err := s.enveloped(ctx, x)
	if err != nil {
		return nil, err
	}
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, err
	}
	r := record{EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn: x.Subscription}
	m := &r.SNS
	m.Type, m.MessageID, m.TopicARN, m.Message, m.Timestamp = e.Type, e.MessageID, e.TopicARN, e.Message, e.Timestamp
	m.SignatureVersion, m.Signature, m.SigningCertURL, m.UnsubscribeURL = e.SignatureVersion, e.Signature, e.SigningCertURL, e.UnsubscribeURL
	if m.Attributes = e.Attributes; m.Attributes == nil {
		m.Attributes = map[string]attributeJSON{}
	}
	if e.Subject != "" {
		m.Subject = &e.Subject
	}
	return json.Marshal(map[string]any{"Records": []record{r}})
}
