package cloudwatch

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch/alarmrule"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// PutCompositeAlarm makes an alarm on the states of others, or replaces all of one but its state and tags.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
func (s *Service) PutCompositeAlarm(ctx context.Context, in *cloudwatch.PutCompositeAlarmInput) (*cloudwatch.PutCompositeAlarmOutput, error) {
	c := &composite{Rule: *in.AlarmRule, Suppressor: aws.ToString(in.ActionsSuppressor), Wait: aws.ToInt32(in.ActionsSuppressorWaitPeriod),
		Extension: aws.ToInt32(in.ActionsSuppressorExtensionPeriod)}
	switch {
	case in.ActionConfiguration != nil:
		return nil, unsupported("ActionConfiguration")
	case c.Suppressor != "" && (in.ActionsSuppressorWaitPeriod == nil || in.ActionsSuppressorExtensionPeriod == nil):
		return nil, invalid("ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required when ActionsSuppressor is given.")
	case c.Wait < 0, c.Extension < 0:
		return nil, invalid("ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must not be negative.")
	}
	if _, err := alarmrule.Parse(c.Rule); err != nil {
		return nil, invalid("%v", err)
	}
	a := alarm{Name: *in.AlarmName, Description: aws.ToString(in.AlarmDescription), ActionsEnabled: in.ActionsEnabled == nil || *in.ActionsEnabled,
		OK: in.OKActions, Alarm: in.AlarmActions, Insufficient: in.InsufficientDataActions, Composite: c}
	for _, action := range a.Alarm {
		if scalingPolicy(action) {
			return nil, invalid("Composite alarms have no scaling policies as actions: %s", action)
		}
	}
	var missing []string
	if err := s.image.Read(ctx, func() {
		for _, name := range a.children() {
			if _, ok := s.alarms.Rows()[here(ctx, name)]; !ok && name != a.Name {
				missing = append(missing, name)
			}
		}
	}); err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, invalid("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(missing, ", "))
	}
	return &cloudwatch.PutCompositeAlarmOutput{}, s.put(ctx, a, in.Tags)
}

func (s *Service) putCompositeTargets(ctx context.Context, in *cloudwatch.PutCompositeAlarmInput) ([]wire.Target, error) {
	return onAlarm(ctx, aws.ToString(in.AlarmName)), nil
}

// childState is what a composite alarm sees of another.
type childState struct {
	State types.StateValue
	At    time.Time
}

// childStates gives the states of the alarms that a composite one looks at. circle tells whether it looks at itself through others.
func (s *Service) childStates(ctx context.Context, k store.Key, a *alarm) (out map[string]childState, circle bool, err error) {
	out = map[string]childState{}
	err = s.image.Read(ctx, func() {
		seen := map[string]bool{}
		var walk func(a *alarm)
		walk = func(a *alarm) {
			for _, name := range a.children() {
				if circle = circle || name == k.ID; circle || seen[name] {
					continue
				}
				seen[name] = true
				if c, ok := s.alarms.Rows()[beside(k, name)]; ok {
					walk(&c)
				}
			}
		}
		walk(a)
		for _, name := range a.children() {
			c, ok := s.alarms.Rows()[beside(k, name)]
			if !ok {
				c.State = types.StateValueInsufficientData
			}
			out[name] = childState{c.State, c.Changed}
		}
	})
	return out, circle, err
}

// lookComposite gives a composite alarm the state that its rule says, and lets go of actions that were held back.
func (s *Service) lookComposite(ctx context.Context, k store.Key, a alarm) error {
	children, circle, err := s.childStates(ctx, k, &a)
	if err != nil || circle { // as in AWS, a circle isn't evaluated
		return err
	}
	rule, err := alarmrule.Parse(a.Composite.Rule)
	if err != nil {
		return err
	}
	state := types.StateValueOk
	if rule.Eval(func(name string) string { return string(children[nameOf(name)].State) }) {
		state = types.StateValueAlarm
	}
	if state == a.State && a.Composite.By == "" {
		return nil
	}
	suppressed := children[nameOf(a.Composite.Suppressor)].State == types.StateValueAlarm
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.alarms.Get(tx, k)
		if absent(err) || err == nil && (!now.Configured.Equal(a.Configured) || now.State != a.State) {
			return nil // it was changed just now, and is looked at again
		}
		if err != nil {
			return err
		}
		if state == now.State {
			return s.release(tx, k, now, suppressed)
		}
		c := compositeChange(k, state, rule, children)
		if now.Composite.Suppressor != "" {
			s.hold(&now, suppressed)
			c.quiet = true
		}
		return s.transit(tx, k, now, c)
	})
}

// compositeChange says which alarm brought a composite one into another state.
func compositeChange(k store.Key, state types.StateValue, rule *alarmrule.Rule, children map[string]childState) change {
	c := change{state: state, reason: "Alarm rule evaluated to " + string(state)}
	type child struct {
		ARN   string `json:"arn"`
		State struct {
			Value     types.StateValue `json:"value"`
			Timestamp string           `json:"timestamp"`
		} `json:"state"`
	}
	last, latest := "", time.Time{}
	list := []child{}
	for _, name := range rule.Alarms() {
		name = nameOf(name)
		x := children[name]
		one := child{ARN: alarmARN(beside(k, name))}
		one.State.Value, one.State.Timestamp = x.State, x.At.Format(timeForm)
		if list = append(list, one); x.At.After(latest) {
			last, latest = one.ARN+" transitioned to "+string(x.State)+" at "+x.At.UTC().Format("Monday 02 January, 2006 15:04:05 MST"), x.At
		}
	}
	if last != "" {
		c.reason = last
	}
	if b, err := json.Marshal(map[string]any{"triggeringAlarms": list}); err == nil {
		c.data = string(b)
	}
	return c
}

// hold keeps the actions of a new state back: while the suppressor is in alarm, or for the time it may take to get there.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppression.html
func (s *Service) hold(a *alarm, suppressed bool) {
	c := *a.Composite
	if c.By == "" {
		b := a.before()
		c.Before = &b
	}
	if suppressed {
		c.By, c.Reason, c.Until = types.ActionsSuppressedByAlarm, "Actions suppressed by "+c.Suppressor, nil
	} else if c.By != types.ActionsSuppressedByExtensionPeriod {
		until := s.Clock.Now().Add(time.Duration(c.Wait) * time.Second)
		c.By, c.Reason, c.Until = types.ActionsSuppressedByWaitPeriod, "Actions suppressed until "+until.UTC().Format(time.RFC3339), &until
	}
	a.Composite = &c
}

// release goes on with actions that are held back: they stay so, or for other reasons, or are called.
func (s *Service) release(tx *store.Tx, k store.Key, a alarm, suppressed bool) error {
	c, now := *a.Composite, s.Clock.Now()
	over := c.Until != nil && !now.Before(*c.Until)
	switch {
	case c.By == "":
		return nil
	case suppressed && c.By == types.ActionsSuppressedByAlarm:
		return nil
	case suppressed:
		c.By, c.Reason, c.Until = types.ActionsSuppressedByAlarm, "Actions suppressed by "+c.Suppressor, nil
	case c.By == types.ActionsSuppressedByAlarm && c.Extension > 0:
		until := now.Add(time.Duration(c.Extension) * time.Second)
		c.By, c.Reason, c.Until = types.ActionsSuppressedByExtensionPeriod, "Actions suppressed until "+until.UTC().Format(time.RFC3339), &until
	case c.By != types.ActionsSuppressedByAlarm && !over:
		return nil
	default:
		told := c.Before
		c.By, c.Reason, c.Until, c.Before = "", "", nil, nil
		a.Composite = &c
		if told != nil && told.State != a.State {
			if err := s.act(tx, k, &a, *told, nil, a.actions(a.State)); err != nil {
				return err
			}
		}
	}
	a.Composite = &c
	return s.alarms.Put(tx, k, a)
}
