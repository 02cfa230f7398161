package applicationautoscaling

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scheduled is a change of a target's bounds at set times.
type scheduled struct {
	Target     string // id of its key
	Name       string
	ARN        string
	Expression string
	Zone       string
	Start, End *time.Time `json:",omitempty"`
	Min, Max   *int32     `json:",omitempty"`
	Created    time.Time
	Begun      time.Time // from when rates count
	Rung       time.Time `json:",omitzero"` // when it was due last
}

func (a scheduled) parse() (schedule.Expression, error) {
	zone, err := time.LoadLocation(a.Zone)
	if err != nil || a.Zone == "Local" {
		return schedule.Expression{}, invalid("Invalid time zone: %s", a.Zone)
	}
	e, err := schedule.Parse(a.Expression, zone)
	if err != nil {
		return e, invalid("Schedule expression is not valid: %s", a.Expression)
	}
	return e, nil
}

// next is when the action is due next. ok is false when it is over.
func (a scheduled) next() (at time.Time, ok bool) {
	e, err := a.parse()
	if err != nil {
		return at, false
	}
	begun, after := a.Begun, a.Rung
	if a.Start != nil && begun.Before(*a.Start) {
		begun = a.Start.Add(-e.Rate()) // a rate is due at its start
	}
	if after.IsZero() {
		after = begun.Add(-time.Second)
		if strings.HasPrefix(a.Expression, "at(") {
			after = a.Begun.Add(-time.Second)
		}
	}
	at, ok = e.Next(begun, after)
	if !ok || a.End != nil && at.After(*a.End) {
		return at, false
	}
	return at, true
}

// scheduleChanged keeps the alarms. The image is locked.
func (s *Service) scheduleChanged(k store.Key, _, now *scheduled) {
	s.ring.Clear(k)
	if now == nil {
		return
	}
	if at, ok := now.next(); ok {
		s.ring.Set(k, at)
	}
}

// due changes a target's bounds when it is time to, and brings its capacity within them. Of what was due while no server ran, it is done once.
func (s *Service) due(ctx context.Context, k store.Key, at time.Time) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.schedules.Get(tx, k)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if next, ok := a.next(); !ok || !next.Equal(at) {
			return nil // it was changed just now, and rings when it says now
		}
		tk := k
		tk.ID = a.Target
		t, err := s.targets.Get(tx, tk)
		if err != nil {
			return err
		}
		if !aws.ToBool(t.Suspended.ScheduledScalingSuspended) {
			lower := a.Min != nil && *a.Min != t.Min
			if a.Min != nil {
				t.Min = *a.Min
			}
			if a.Max != nil {
				t.Max = *a.Max
			}
			if t.Max < t.Min { // the one that was not given gives way
				if a.Max != nil {
					t.Min = t.Max
				} else {
					t.Max = t.Min
				}
			}
			if err := s.bind(tx, tk, &t, a.Name, lower); err != nil {
				return err
			}
			if err := s.targets.Put(tx, tk, t); err != nil {
				return err
			}
		}
		a.Rung = s.Clock.Now()
		if _, more := a.next(); !more {
			return s.schedules.Delete(tx, k)
		}
		return s.schedules.Put(tx, k, a)
	})
}

// PutScheduledAction makes a scheduled action, or changes what is given of one.
// Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
func (s *Service) PutScheduledAction(ctx context.Context, in *applicationautoscaling.PutScheduledActionInput) (*applicationautoscaling.PutScheduledActionOutput, error) {
	if _, err := s.dimension(in.ServiceNamespace, in.ScalableDimension, in.ResourceId); err != nil {
		return nil, err
	}
	if err := named(*in.ScheduledActionName, ":/|"); err != nil {
		return nil, err
	}
	k, now := at(ctx, in.ServiceNamespace, in.ScalableDimension, in.ResourceId), s.Clock.Now()
	ak := within(k, *in.ScheduledActionName)
	return &applicationautoscaling.PutScheduledActionOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.targets.Get(tx, k)
		if absent(err) {
			return s.noTarget(k)
		}
		if err != nil {
			return err
		}
		a, err := s.schedules.Get(tx, ak)
		if absent(err) {
			if in.Schedule == nil {
				return invalid("Schedule is required to create a scheduled action.")
			}
			a = scheduled{Target: k.ID, Name: *in.ScheduledActionName, Zone: "UTC", Created: now, ARN: arn.New("autoscaling", k.Region, k.Account,
				"scheduledAction:"+uuid.NewString()+":resource/"+string(t.Namespace)+"/"+t.Resource+":scheduledActionName/"+*in.ScheduledActionName)}
		} else if err != nil {
			return err
		}
		if in.Schedule != nil {
			a.Expression = *in.Schedule
		}
		if in.Timezone != nil {
			a.Zone = *in.Timezone
		}
		if in.StartTime != nil {
			a.Start = in.StartTime
		}
		if in.EndTime != nil {
			a.End = in.EndTime
		}
		if x := in.ScalableTargetAction; x != nil {
			a.Min, a.Max = x.MinCapacity, x.MaxCapacity
		}
		a.Begun, a.Rung = now, time.Time{}
		if err := a.check(now); err != nil {
			return err
		}
		return s.schedules.Put(tx, ak, a)
	})
}

func (a scheduled) check(now time.Time) error {
	switch {
	case a.Min == nil && a.Max == nil:
		return invalid("ScalableTargetAction must have MinCapacity or MaxCapacity.")
	case a.Min != nil && *a.Min < 0 || a.Max != nil && *a.Max < 0 || a.Min != nil && a.Max != nil && *a.Max < *a.Min:
		return invalid("MaxCapacity must be greater than or equal to MinCapacity, and both must not be negative.")
	case a.Start != nil && a.End != nil && !a.Start.Before(*a.End):
		return invalid("StartTime must be before EndTime.")
	}
	if _, err := a.parse(); err != nil {
		return err
	}
	if at, ok := a.next(); !ok || at.Before(now.Add(-time.Minute)) {
		return invalid("The scheduled action would never be due.")
	}
	return nil
}

// DeleteScheduledAction forgets a scheduled action.
func (s *Service) DeleteScheduledAction(ctx context.Context, in *applicationautoscaling.DeleteScheduledActionInput) (*applicationautoscaling.DeleteScheduledActionOutput, error) {
	k := within(at(ctx, in.ServiceNamespace, in.ScalableDimension, in.ResourceId), *in.ScheduledActionName)
	return &applicationautoscaling.DeleteScheduledActionOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		err := s.schedules.Delete(tx, k)
		if absent(err) {
			return missing("No scheduled action found for service namespace: %s, resource ID: %s, scalable dimension: %s, scheduled action name: %s",
				in.ServiceNamespace, aws.ToString(in.ResourceId), in.ScalableDimension, *in.ScheduledActionName)
		}
		return err
	})
}

// DescribeScheduledActions lists the scheduled actions of a service.
func (s *Service) DescribeScheduledActions(ctx context.Context, in *applicationautoscaling.DescribeScheduledActionsInput) (*applicationautoscaling.DescribeScheduledActionsOutput, error) {
	rows, err := described(ctx, s, s.schedules, asked{in.ServiceNamespace, in.ScalableDimension, in.ResourceId},
		func(a scheduled) (string, bool) { return a.Target, among(in.ScheduledActionNames, a.Name) })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(ctx, rows, in.MaxResults, in.NextToken)
	out := &applicationautoscaling.DescribeScheduledActionsOutput{ScheduledActions: []types.ScheduledAction{}, NextToken: next}
	for _, r := range rows {
		a, part := r.Value, strings.Split(r.Value.Target, separator)
		out.ScheduledActions = append(out.ScheduledActions, types.ScheduledAction{ScheduledActionARN: &a.ARN, ScheduledActionName: &a.Name, Schedule: &a.Expression,
			Timezone: &a.Zone, StartTime: a.Start, EndTime: a.End, CreationTime: &a.Created, ServiceNamespace: types.ServiceNamespace(part[0]),
			ScalableDimension: types.ScalableDimension(part[1]), ResourceId: &part[2],
			ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: a.Min, MaxCapacity: a.Max}})
	}
	return out, err
}
