package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

const (
	courier   = "scheduler"
	principal = "scheduler.amazonaws.com"
)

// parcel is a call of a target.
type parcel struct {
	Schedule string // ARN
	Group    string // ARN
	Target   types.Target
	Input    string
}

// ring makes the call that is due and sets the next.
func (s *Service) ring(ctx context.Context, k store.Key, at time.Time) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.schedules.Get(tx, k)
		if absent(err) || err == nil && c.State == types.ScheduleStateDisabled {
			return nil
		}
		if err != nil {
			return err
		}
		base, fire, ok := c.due()
		if !ok || !fire.Equal(at) {
			return nil // it was changed just now, and rings when it says now
		}
		p, err := s.parcel(k, c, base)
		if err != nil {
			return err
		}
		if err := s.Desk.Accept(tx, p); err != nil {
			return err
		}
		c.Rung = base
		if over := s.Clock.Now().Add(-time.Duration(c.Window) * time.Minute); over.After(base) {
			c.Rung = over // of those that were due while nobody was there, one
		}
		if _, _, more := c.due(); !more && c.After == types.ActionAfterCompletionDelete {
			return s.schedules.Delete(tx, k)
		}
		return s.schedules.Put(tx, k, c)
	})
}

func (s *Service) parcel(k store.Key, c schedule, due time.Time) (delivery.Parcel, error) {
	of := k
	of.ID = c.Group
	x := parcel{Schedule: scheduleARN(k), Group: groupARN(of), Target: c.Target}
	id := uuid.NewString()
	when := due.UTC().Format("2006-01-02T15:04:05Z")
	if c.Target.Input != nil {
		x.Input = strings.NewReplacer("<aws.scheduler.schedule-arn>", x.Schedule, "<aws.scheduler.scheduled-time>", when,
			"<aws.scheduler.execution-id>", id, "<aws.scheduler.attempt-number>", "1").Replace(*c.Target.Input)
	} else {
		b, err := json.Marshal(map[string]any{"version": "0", "id": id, "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": k.Account,
			"time": when, "region": k.Region, "resources": []string{x.Schedule}, "detail": "{}"})
		if err != nil {
			return delivery.Parcel{}, err
		}
		x.Input = string(b)
	}
	data, err := json.Marshal(x)
	p := delivery.Parcel{Kind: courier, Account: k.Account, Region: k.Region, Data: data, MaxAttempts: delivery.Attempts + 1, MaxAge: delivery.Age}
	if r := c.Target.RetryPolicy; r != nil {
		if r.MaximumRetryAttempts != nil {
			p.MaxAttempts = int(*r.MaximumRetryAttempts) + 1
		}
		if r.MaximumEventAgeInSeconds != nil {
			p.MaxAge = time.Duration(*r.MaximumEventAgeInSeconds) * time.Second
		}
	}
	return p, err
}

func (x parcel) as(account string) delivery.As {
	return delivery.As{Service: principal, Source: x.Group, Account: account, RoleARN: aws.ToString(x.Target.RoleArn)}
}

// deliver calls a target as the schedule's role.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	to, err := arn.Parse(aws.ToString(x.Target.Arn))
	if err != nil {
		return delivery.Permanent(err)
	}
	switch to.Service {
	case "sqs":
		m := delivery.Message{Body: x.Input}
		if q := x.Target.SqsParameters; q != nil {
			m.Group = aws.ToString(q.MessageGroupId)
		}
		return s.Clients.Send(ctx, x.as(p.Account), to.String(), m)
	case "sns":
		return s.Clients.Publish(ctx, x.as(p.Account), to.String(), delivery.Message{Body: x.Input})
	case "lambda":
		return s.Clients.Invoke(ctx, x.as(p.Account), to.String(), []byte(x.Input))
	case "events":
		return s.put(ctx, p.Account, to, x)
	case "logs":
		return s.log(ctx, p.Account, to, x)
	case "scheduler":
		if to.Resource == putLogEvents {
			return s.putLogEvents(ctx, p, x)
		}
		return delivery.Permanent(fmt.Errorf("the universal target %s is not implemented by Atelier", to.Resource))
	}
	return delivery.Permanent(fmt.Errorf("targets of %s are not implemented by Atelier", to.Service))
}

// put puts an event on a bus.
func (s *Service) put(ctx context.Context, account string, to arn.ARN, x parcel) error {
	config, err := s.Clients.Config(ctx, x.as(account), to.Region)
	if err != nil {
		return err
	}
	e := x.Target.EventBridgeParameters
	out, err := eventbridge.NewFromConfig(config).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		EventBusName: aws.String(to.String()), Source: e.Source, DetailType: e.DetailType, Detail: &x.Input, Resources: []string{x.Schedule}}}})
	if err != nil {
		return delivery.Judged(err)
	}
	if out.FailedEntryCount > 0 {
		return delivery.Permanent(fmt.Errorf("%s: %s", aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage)))
	}
	return nil
}

// bury puts a call that did not arrive into the target's dead-letter queue.
// Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
func (s *Service) bury(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	if d := x.Target.DeadLetterConfig; d != nil && aws.ToString(d.Arn) != "" {
		return s.Clients.Send(ctx, x.as(p.Account), *d.Arn, delivery.Message{Body: x.Input,
			Attributes: p.Why(map[string]string{"SCHEDULE_ARN": x.Schedule, "TARGET_ARN": aws.ToString(x.Target.Arn)})})
	}
	return nil
}
