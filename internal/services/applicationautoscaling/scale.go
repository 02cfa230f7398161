package applicationautoscaling

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/scaling"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

func asAPI(err error) (smithy.APIError, bool) {
	var e smithy.APIError
	return e, errors.As(err, &e)
}

// hold lets one at a time change a target's capacity.
func (s *Service) hold(k store.Key) (release func()) {
	m, _ := s.locks.LoadOrStore(k, &sync.Mutex{})
	m.(*sync.Mutex).Lock()
	return m.(*sync.Mutex).Unlock
}

// told is called with the state of an alarm that has a policy as an action.
func (s *Service) told(ctx context.Context, parcel delivery.Parcel) error {
	var x scaling.Alarm
	if err := json.Unmarshal(parcel.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	if x.State != "ALARM" {
		return nil
	}
	k := store.Key{Account: parcel.Account, Region: parcel.Region}
	var p policy
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.policies.Find(tx, "arn", x.Policy, store.Range{Account: k.Account, Region: k.Region, Limit: 1})
		if len(rows) > 0 {
			p = rows[0].Value
		}
		return err
	}); err != nil || p.Target == "" {
		return err // a policy that is gone scales nothing
	}
	k.ID = p.Target
	defer s.hold(k)()
	t, d, c, err := s.ready(ctx, k)
	if err != nil || t.ARN == "" {
		return err
	}
	id := x.ARN + x.Time.Format(time.RFC3339Nano)
	if t.Doing != nil && t.Doing.For == id {
		return s.finish(ctx, k, d, c, *t.Doing, nil)
	}
	now, err := d.Get(ctx, c, t.Resource)
	if err != nil {
		return delivery.Judged(err)
	}
	w, err := s.want(ctx, k, t, d, p, x, now)
	if err != nil || w.to == now {
		return err
	}
	cause := "monitor alarm " + x.Alarm + " in state ALARM triggered policy " + p.Name
	to := max(min(w.to, int(t.Max)), int(t.Min))
	if to == now || (to > now) != w.out {
		return s.unscaled(ctx, k, t, now, w.out, cause)
	}
	return s.scale(ctx, k, d, c, doing{For: id, From: now, To: to, Policy: true, Base: w.base}, cause)
}

// wanted is the capacity that a policy asks for.
type wanted struct {
	to, base int
	out      bool
}

// want is what a policy asks for: the capacity there is when it asks for nothing, or may not.
// Source: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
func (s *Service) want(ctx context.Context, k store.Key, t target, d Dimension, p policy, x scaling.Alarm, now int) (wanted, error) {
	at := s.Clock.Now()
	cooling := at.Before(t.Out.Add(p.cooldown(d, true)))
	keep := wanted{to: now}
	compute := func(from int) (int, bool) {
		switch {
		case p.Step != nil:
			return stepped(p.Step, from, x)
		case x.Value == nil:
			return 0, false
		}
		return tracked(p.Tracking, from, *x.Value, x.Alarm == p.High), x.Alarm == p.High || x.Alarm == p.Low
	}
	to, ok := compute(now)
	switch {
	case !ok:
		return keep, nil
	case to > now || p.Tracking != nil && x.Alarm == p.High:
		w := wanted{to, now, true}
		if cooling { // what was added is part of what is added now
			w.base = t.Base
			if w.to, ok = compute(t.Base); !ok || w.to <= now {
				return keep, nil
			}
		}
		if aws.ToBool(t.Suspended.DynamicScalingOutSuspended) {
			return keep, nil
		}
		return w, nil
	}
	if p.Tracking != nil {
		if all, err := s.slackAll(ctx, k, p); err != nil || !all {
			return keep, err
		}
	}
	if aws.ToBool(t.Suspended.DynamicScalingInSuspended) || at.Before(t.In.Add(p.cooldown(d, false))) {
		return keep, nil
	}
	return wanted{to, now, false}, nil
}

// slackAll notes that a policy would scale in, and tells whether all target tracking policies of the target would.
func (s *Service) slackAll(ctx context.Context, k store.Key, p policy) (all bool, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		now := s.Clock.Now()
		has, err := s.policies.Get(tx, within(k, p.Name))
		if err != nil {
			if absent(err) {
				err = nil
			}
			return err
		}
		has.Slack = now
		if err := s.policies.Put(tx, within(k, p.Name), has); err != nil {
			return err
		}
		rows, err := s.policies.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + separator})
		all = true
		for _, r := range rows {
			if o := r.Value; o.Tracking != nil && o.Low != "" && now.Sub(o.Slack) > 2*time.Minute {
				all = false
			}
		}
		return err
	})
	return all, err
}

// ready reads a target, with how to scale it. One that is gone has no ARN.
func (s *Service) ready(ctx context.Context, k store.Key) (t target, d Dimension, c aws.Config, err error) {
	if err = s.Store.View(ctx, func(tx *store.Tx) error {
		t, err = s.targets.Get(tx, k)
		return err
	}); err != nil {
		if absent(err) {
			err = nil
		}
		return target{}, d, c, err
	}
	d = s.Dimensions[t.Dimension]
	c, err = s.as(ctx, d, k)
	return t, d, c, err
}

// bound brings a target's capacity within its bounds.
func (s *Service) bound(ctx context.Context, p delivery.Parcel) error {
	var x bounding
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	k := store.Key{Account: p.Account, Region: p.Region, ID: x.Target}
	defer s.hold(k)()
	t, d, c, err := s.ready(ctx, k)
	if err != nil || t.ARN == "" {
		return err
	}
	if t.Doing != nil && t.Doing.For == x.ID {
		return s.finish(ctx, k, d, c, *t.Doing, nil)
	}
	now, err := d.Get(ctx, c, t.Resource)
	if errors.Is(err, errNoResource) {
		return delivery.Permanent(err)
	}
	if err != nil {
		return err
	}
	if to := max(min(now, int(t.Max)), int(t.Min)); to != now {
		return s.scale(ctx, k, d, c, doing{For: x.ID, From: now, To: to}, x.Cause)
	}
	return nil
}

// scale changes a capacity: what is begun is written down, so that it is ended after a crash.
func (s *Service) scale(ctx context.Context, k store.Key, d Dimension, c aws.Config, x doing, cause string) error {
	part := strings.Split(k.ID, separator)
	x.Activity = uuid.NewString()
	a := activity{ID: x.Activity, Target: k.ID, Start: s.Clock.Now(), Cause: cause, Status: types.ScalingActivityStatusCodeInProgress,
		Description: "Setting desired " + noun(types.ScalableDimension(part[1])) + " to " + itoa(x.To) + "."}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.targets.Get(tx, k)
		if err != nil {
			return err
		}
		t.Doing = &x
		if err := s.activities.Put(tx, a.key(k), a); err != nil {
			return err
		}
		return s.targets.Put(tx, k, t)
	}); err != nil {
		if absent(err) {
			return nil
		}
		return err
	}
	return s.finish(ctx, k, d, c, x, &a)
}

// finish sets the capacity and writes how that went.
func (s *Service) finish(ctx context.Context, k store.Key, d Dimension, c aws.Config, x doing, a *activity) error {
	part := strings.Split(k.ID, separator)
	failed := d.Set(ctx, c, part[2], x.To)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if a == nil {
			rows, err := s.activities.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + separator, Limit: 20})
			if err != nil {
				return err
			}
			for _, r := range rows {
				if r.Value.ID == x.Activity {
					a = &r.Value
				}
			}
			if a == nil {
				a = &activity{ID: x.Activity, Target: k.ID, Start: s.Clock.Now()}
			}
		}
		now := s.Clock.Now()
		a.End = &now
		a.Status, a.Message = types.ScalingActivityStatusCodeSuccessful, "Successfully set desired "+noun(types.ScalableDimension(part[1]))+" to "+itoa(x.To)+
			". Change successfully fulfilled by "+part[0]+"."
		if failed != nil {
			a.Status, a.Message = types.ScalingActivityStatusCodeFailed, "Failed to set desired "+noun(types.ScalableDimension(part[1]))+" to "+itoa(x.To)+
				". Reason: "+message(failed)
		}
		if err := s.activities.Put(tx, a.key(k), *a); err != nil {
			return err
		}
		t, err := s.targets.Get(tx, k)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		t.Doing = nil
		if failed == nil {
			switch {
			case !x.Policy:
			case x.To > x.From:
				t.Out, t.Base = now, x.Base
			default:
				t.In = now
			}
			if x.To == int(t.Max) && x.To > x.From {
				if err := tx.Emit(s.scaledToMax(k, t, x, *a)); err != nil {
					return err
				}
			}
		}
		return s.targets.Put(tx, k, t)
	})
	return errors.Join(err, delivery.Judged(failed))
}
