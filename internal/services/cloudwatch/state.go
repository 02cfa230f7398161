package cloudwatch

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// SetAlarmState gives an alarm a state until it is looked at next.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
func (s *Service) SetAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	if in.StateReasonData != nil && !json.Valid([]byte(*in.StateReasonData)) {
		return nil, &types.InvalidFormatFault{Message: aws.String("StateReasonData is not valid JSON.")}
	}
	k := here(ctx, *in.AlarmName)
	return &cloudwatch.SetAlarmStateOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.alarms.Get(tx, k)
		if absent(err) {
			return &types.ResourceNotFound{Message: aws.String("Alarm " + k.ID + " does not exist")}
		}
		if err != nil {
			return err
		}
		if a.State == in.StateValue {
			a.Reason, a.Data, a.Stated = *in.StateReason, aws.ToString(in.StateReasonData), s.Clock.Now()
			return s.alarms.Put(tx, k, a)
		}
		return s.transit(tx, k, a, change{state: in.StateValue, reason: *in.StateReason, data: aws.ToString(in.StateReasonData)})
	})
}

func (s *Service) setStateTargets(ctx context.Context, in *cloudwatch.SetAlarmStateInput) ([]wire.Target, error) {
	return onAlarm(ctx, aws.ToString(in.AlarmName)), nil
}

// EnableAlarmActions has alarms act.
func (s *Service) EnableAlarmActions(ctx context.Context, in *cloudwatch.EnableAlarmActionsInput) (*cloudwatch.EnableAlarmActionsOutput, error) {
	return &cloudwatch.EnableAlarmActionsOutput{}, s.enable(ctx, in.AlarmNames, true)
}

func (s *Service) enableTargets(ctx context.Context, in *cloudwatch.EnableAlarmActionsInput) ([]wire.Target, error) {
	return onAlarm(ctx, in.AlarmNames...), nil
}

// DisableAlarmActions has alarms change their state only.
func (s *Service) DisableAlarmActions(ctx context.Context, in *cloudwatch.DisableAlarmActionsInput) (*cloudwatch.DisableAlarmActionsOutput, error) {
	return &cloudwatch.DisableAlarmActionsOutput{}, s.enable(ctx, in.AlarmNames, false)
}

func (s *Service) disableTargets(ctx context.Context, in *cloudwatch.DisableAlarmActionsInput) ([]wire.Target, error) {
	return onAlarm(ctx, in.AlarmNames...), nil
}

// enable changes whether alarms act. Those that are not there are passed over, as AWS does.
func (s *Service) enable(ctx context.Context, names []string, on bool) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			k := here(ctx, name)
			a, err := s.alarms.Get(tx, k)
			if absent(err) || err == nil && a.ActionsEnabled == on {
				continue
			}
			if err != nil {
				return err
			}
			a.ActionsEnabled = on
			if err := s.note(tx, k, &a, types.HistoryItemTypeConfigurationUpdate, `Alarm "`+a.Name+`" updated`, configurationData(&a, "updated")); err != nil {
				return err
			}
			if err := tx.Emit(configurationEvent(k, &a, "update")); err != nil {
				return err
			}
			if err := s.alarms.Put(tx, k, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteAlarms removes alarms on which no composite alarm looks. Those that are not there are passed over, as AWS does.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
func (s *Service) DeleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	var held, by []string
	if err := s.image.Read(ctx, func() {
		for _, name := range in.AlarmNames {
			for parent := range s.parents[here(ctx, name)] {
				if parent.ID == name {
					continue
				}
				held, by = append(held, name), append(by, parent.ID)
			}
		}
	}); err != nil {
		return nil, err
	}
	if len(held) > 0 {
		slices.Sort(held)
		slices.Sort(by)
		return nil, invalid("Alarm(s) [%s] cannot be deleted as there are composite alarm(s) [%s] depending on them.",
			strings.Join(slices.Compact(held), ", "), strings.Join(slices.Compact(by), ", "))
	}
	return &cloudwatch.DeleteAlarmsOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		composites := 0
		for _, name := range in.AlarmNames {
			k := here(ctx, name)
			a, err := s.alarms.Get(tx, k)
			if absent(err) {
				continue
			}
			if err != nil {
				return err
			}
			if a.Composite != nil {
				if composites++; composites > 1 {
					return invalid("Only one composite alarm can be deleted in one call.")
				}
			}
			if err := s.note(tx, k, &a, types.HistoryItemTypeConfigurationUpdate, `Alarm "`+a.Name+`" deleted`, configurationData(&a, "deleted")); err != nil {
				return err
			}
			if err := tx.Emit(configurationEvent(k, &a, "delete")); err != nil {
				return err
			}
			if err := s.alarms.Delete(tx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) deleteTargets(ctx context.Context, in *cloudwatch.DeleteAlarmsInput) ([]wire.Target, error) {
	return onAlarm(ctx, in.AlarmNames...), nil
}
