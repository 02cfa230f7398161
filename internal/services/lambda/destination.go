package lambda

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

// destinations is the kind of parcels that tell what came of events.
const destinations = "lambda-destination"

// message is on its way to a destination or a dead-letter queue, in the name of the function's role.
type message struct {
	Function, Role string
	To             string // ARN
	Body           string
	Success        bool                          `json:",omitempty"`
	Plain          bool                          `json:",omitempty"` // the event itself, and no record of it
	Attributes     map[string]delivery.Attribute `json:",omitempty"`
}

// bring brings a message.
func (s *Service) bring(ctx context.Context, p delivery.Parcel) error {
	var m message
	if err := json.Unmarshal(p.Data, &m); err != nil {
		return delivery.Permanent(err)
	}
	to, err := arn.Parse(m.To)
	if err != nil {
		return delivery.Permanent(err)
	}
	as := delivery.As{Service: principal, Source: m.Function, Account: p.Account, RoleARN: m.Role}
	switch to.Service {
	case "sqs":
		return s.Clients.Send(ctx, as, m.To, delivery.Message{Body: m.Body, Attributes: m.Attributes})
	case "sns":
		return s.Clients.Publish(ctx, as, m.To, delivery.Message{Body: m.Body, Attributes: m.Attributes})
	case "lambda":
		return s.Clients.Invoke(ctx, as, m.To, []byte(m.Body))
	case "events":
		return s.putEvent(ctx, as, to, m)
	}
	return delivery.Permanent(fmt.Errorf("%s is no destination", m.To))
}

// putEvent puts a record on a bus.
func (s *Service) putEvent(ctx context.Context, as delivery.As, to arn.ARN, m message) error {
	config, err := s.Clients.Config(ctx, as, to.Region)
	if err != nil {
		return err
	}
	kind := "Lambda Function Invocation Result - Failure"
	if m.Success {
		kind = "Lambda Function Invocation Result - Success"
	}
	bus := to.String()
	out, err := eventbridge.NewFromConfig(config).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		EventBusName: &bus, Source: aws.String("lambda"), DetailType: &kind, Detail: &m.Body, Resources: []string{bus, m.Function}}}})
	if err != nil {
		return delivery.Judged(err)
	}
	if out.FailedEntryCount > 0 {
		return delivery.Permanent(fmt.Errorf("%s: %s", aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage)))
	}
	return nil
}

// lost measures what reached no destination.
func (s *Service) lost(_ context.Context, p delivery.Parcel) error {
	var m message
	if err := json.Unmarshal(p.Data, &m); err != nil {
		return delivery.Permanent(err)
	}
	name := "DestinationDeliveryFailures"
	if m.Plain {
		name = "DeadLetterErrors"
	}
	if r, ok := parseRef("", "", m.Function); ok {
		s.measure(r, name, "Count", 1)
	}
	return nil
}
