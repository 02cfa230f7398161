package cloudwatch

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// change is the state that an alarm gets.
type change struct {
	state        types.StateValue
	reason, data string
	latest       *float64 // the value that was looked at last
	quiet        bool     // its actions are held back
}

// transit gives an alarm another state: with its history, its event and its actions in one transaction.
func (s *Service) transit(tx *store.Tx, k store.Key, a alarm, c change) error {
	old, now := a.before(), s.Clock.Now()
	a.State, a.Reason, a.Data, a.Stated, a.Changed = c.state, c.reason, c.data, now, now
	if err := s.alarms.Put(tx, k, a); err != nil {
		return err
	}
	side := func(b before) map[string]any {
		out := map[string]any{"stateValue": b.State, "stateReason": b.Reason}
		if json.Valid([]byte(b.Data)) {
			out["stateReasonData"] = json.RawMessage(b.Data)
		}
		return out
	}
	data, err := json.Marshal(map[string]any{"version": "1.0", "oldState": side(old), "newState": side(a.before())})
	if err != nil {
		return err
	}
	if err := s.note(tx, k, &a, types.HistoryItemTypeStateUpdate, fmt.Sprintf("Alarm updated from %s to %s", old.State, a.State), string(data)); err != nil {
		return err
	}
	d := detail{AlarmName: a.Name, State: a.state(), PreviousState: old.detail(), Configuration: a.configuration()}
	if err := tx.Emit(event(k, "CloudWatch Alarm State Change", d, now)); err != nil {
		return err
	}
	if c.quiet {
		return nil
	}
	return s.act(tx, k, &a, old, c.latest, a.actions(a.State))
}

// scales tells whether an alarm tells a scaling policy of its state: those are told again while it lasts.
func (a *alarm) scales() bool {
	for _, action := range a.actions(a.State) {
		if a.ActionsEnabled && scalingPolicy(action) {
			return true
		}
	}
	return false
}

func scalingPolicy(action string) bool { return strings.Contains(action, ":scalingPolicy:") }

// rescale tells the scaling policies of an alarm that its state lasts.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
func (s *Service) rescale(tx *store.Tx, k store.Key, a *alarm, v verdict) error {
	var policies []string
	for _, action := range a.actions(a.State) {
		if scalingPolicy(action) {
			policies = append(policies, action)
		}
	}
	return s.act(tx, k, a, a.before(), latest(v), policies)
}
