package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"
)

func newID() string { return uuid.NewString() }

func (x parcel) as(account string) delivery.As {
	return delivery.As{Service: service, Source: x.Rule, Account: account, RoleARN: aws.ToString(x.Target.RoleArn)}
}

// deliver brings an event to a target.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	err := s.bring(ctx, p, x)
	if err == nil {
		s.count(x.Rule, "Invocations")
	}
	return err
}

func (s *Service) bring(ctx context.Context, p delivery.Parcel, x parcel) error {
	to, err := arn.Parse(aws.ToString(x.Target.Arn))
	if err != nil {
		return delivery.Permanent(err)
	}
	kind, name, _ := strings.Cut(to.Resource, "/")
	switch {
	case to.Service == "sqs":
		m := delivery.Message{Body: x.Input}
		if q := x.Target.SqsParameters; q != nil {
			m.Group = aws.ToString(q.MessageGroupId)
		}
		return s.Clients.Send(ctx, x.as(p.Account), to.String(), m)
	case to.Service == "sns":
		return s.Clients.Publish(ctx, x.as(p.Account), to.String(), delivery.Message{Body: x.Input})
	case to.Service == "lambda":
		return s.Clients.Invoke(ctx, x.as(p.Account), to.String(), []byte(x.Input))
	case to.Service == "logs":
		return s.log(ctx, p.Account, to, x)
	case to.Service == "events" && kind == "event-bus":
		return s.forward(ctx, p.Account, x, store.Key{Account: to.Account, Region: to.Region, ID: name})
	case to.Service == "events" && kind == "api-destination":
		return s.call(ctx, p.Account, to, x)
	}
	return delivery.Permanent(&unreachable{to.Service})
}

// unreachable is a target of a service that is not there.
type unreachable struct{ service string }

// Error names the service.
func (e *unreachable) Error() string {
	return "targets of " + e.service + " are not implemented by Atelier"
}

// ErrorCode is what the dead letter tells.
func (e *unreachable) ErrorCode() string { return "NotImplemented" }

// forward puts an event on another bus, if its policy lets the rule's role or account.
func (s *Service) forward(ctx context.Context, account string, x parcel, to store.Key) error {
	if x.Hops >= maxHops {
		return delivery.Permanent(fmt.Errorf("the event went through %d buses already", x.Hops))
	}
	if _, err := s.bus(ctx, to); err != nil {
		return delivery.Permanent(err)
	}
	who := accountRoot(account)
	if role := aws.ToString(x.Target.RoleArn); role != "" {
		var err error
		if who, err = s.Directory.ServiceSession(ctx, service, role, "atelier-delivery"); err != nil {
			return delivery.Permanent(err)
		}
	}
	t, err := s.busTarget(ctx, to)
	if err != nil {
		return err
	}
	var e event
	if err := json.Unmarshal(x.Event, &e); err != nil {
		return delivery.Permanent(err)
	}
	q := authz.Request{Principal: who, Action: "events:PutEvents", Resource: t.Resource, ResourceAccount: to.Account,
		Context: authz.Context{"events:source": {e.Source}, "events:detail-type": {e.DetailType}, "aws:SourceArn": {x.Rule}, "aws:SourceAccount": {account}}}
	q.Context.SetTime(s.Clock.Now())
	d, err := s.Directory.Authorize(ctx, q, t.Policy)
	if err != nil {
		return err
	}
	if d.Outcome != authz.Allowed {
		return delivery.Permanent(&denied{authz.AccessDenied(q, d)})
	}
	p, err := s.plan(ctx, to, e, x.Hops+1, nil)
	if err != nil {
		return delivery.Permanent(err)
	}
	return s.accept(ctx, p)
}

// denied is a bus whose policy does not let an event in.
type denied struct{ message string }

// Error says who may not do what.
func (e *denied) Error() string { return e.message }

// ErrorCode is what the dead letter tells.
func (e *denied) ErrorCode() string { return "AccessDenied" }

// bury puts an event that did not arrive into the target's dead-letter queue.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (s *Service) bury(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	s.count(x.Rule, "FailedInvocations")
	queue := deadLetters(x.Target.DeadLetterConfig)
	if queue == "" {
		return nil
	}
	return s.Clients.Send(ctx, delivery.As{Service: service, Source: x.Rule, Account: p.Account}, queue, delivery.Message{Body: string(x.Event),
		Attributes: p.Why(map[string]string{"RULE_ARN": x.Rule, "TARGET_ARN": aws.ToString(x.Target.Arn)})})
}
