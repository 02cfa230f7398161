package cloudwatch

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch/alarmrule"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarm is a metric alarm or a composite one.
type alarm struct {
	Name                    string
	Description             string `json:",omitempty"`
	ActionsEnabled          bool
	OK, Alarm, Insufficient []string   `json:",omitempty"` // actions
	Metric                  *metric    `json:",omitempty"`
	Composite               *composite `json:",omitempty"`
	State                   types.StateValue
	Reason                  string
	Data                    string `json:",omitempty"` // of the reason, JSON
	Configured              time.Time
	Stated                  time.Time         // when the state was looked at with a result
	Changed                 time.Time         // when it became another
	Tags                    map[string]string `json:",omitempty"`
}

// metric is what a metric alarm looks at: one metric, or Metrics.
type metric struct {
	Namespace, Name string                  `json:",omitempty"`
	Dimensions      []types.Dimension       `json:",omitempty"`
	Statistic       types.Statistic         `json:",omitempty"`
	Extended        string                  `json:",omitempty"`
	Unit            types.StandardUnit      `json:",omitempty"`
	Period          int32                   // seconds
	Metrics         []types.MetricDataQuery `json:",omitempty"`
	Periods         int32
	ToAlarm         *int32 `json:",omitempty"`
	Threshold       float64
	Comparison      types.ComparisonOperator
	Missing         string `json:",omitempty"`
	LowSample       string `json:",omitempty"`
}

// composite is the rule of an alarm on alarms, and what holds back its actions.
type composite struct {
	Rule            string
	Suppressor      string `json:",omitempty"`
	Wait, Extension int32  `json:",omitempty"` // seconds
	// of actions that are held back
	By     types.ActionsSuppressedBy `json:",omitempty"`
	Reason string                    `json:",omitempty"`
	Until  *time.Time                `json:",omitempty"`
	Before *before                   `json:",omitempty"` // the state that was told of last
}

// before is a state that was.
type before struct {
	State        types.StateValue
	Reason, Data string
	Time         time.Time
}

func (a *alarm) before() before { return before{a.State, a.Reason, a.Data, a.Stated} }

func (m *metric) enough() int {
	if m.ToAlarm != nil {
		return int(*m.ToAlarm)
	}
	return int(m.Periods)
}

func (m *metric) stat() string { return cmp.Or(string(m.Statistic), m.Extended) }

// actions are those of a state.
func (a *alarm) actions(s types.StateValue) []string {
	switch s {
	case types.StateValueOk:
		return a.OK
	case types.StateValueAlarm:
		return a.Alarm
	}
	return a.Insufficient
}

func alarmARN(k store.Key) string { return arn.New("cloudwatch", k.Region, k.Account, "alarm:"+k.ID) }

// nameOf reads an alarm's name out of its ARN; a name is one already.
func nameOf(text string) string {
	if a, err := arn.Parse(text); err == nil && a.Service == "cloudwatch" {
		if name, ok := strings.CutPrefix(a.Resource, "alarm:"); ok {
			return name
		}
	}
	return text
}

// children are the alarms that a composite one looks at.
func (a *alarm) children() []string {
	if a.Composite == nil {
		return nil
	}
	r, err := alarmrule.Parse(a.Composite.Rule)
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range r.Alarms() {
		out = append(out, nameOf(name))
	}
	if a.Composite.Suppressor != "" {
		out = append(out, nameOf(a.Composite.Suppressor))
	}
	return out
}

func beside(k store.Key, name string) store.Key {
	k.ID = name
	return k
}

// changed keeps who looks at whom, and when to look next. The image is locked.
func (s *Service) changed(k store.Key, old, now *alarm) {
	if old != nil {
		for _, name := range old.children() {
			delete(s.parents[beside(k, name)], k)
		}
	}
	if now == nil {
		s.ring.Clear(k)
	} else {
		for _, name := range now.children() {
			c := beside(k, name)
			if s.parents[c] == nil {
				s.parents[c] = map[store.Key]bool{}
			}
			s.parents[c][k] = true
		}
		if old == nil || !old.Configured.Equal(now.Configured) || now.Composite != nil {
			s.ring.Set(k, s.Clock.Now())
		}
	}
	if old == nil || now == nil || old.State != now.State {
		for parent := range s.parents[k] {
			s.ring.Set(parent, s.Clock.Now())
		}
	}
}

func onAlarm(ctx context.Context, names ...string) []wire.Target {
	out := make([]wire.Target, len(names))
	for i, name := range names {
		out[i] = wire.Target{Resource: alarmARN(here(ctx, name))}
	}
	return out
}
