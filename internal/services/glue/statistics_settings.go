package glue

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

// scheduleJob waits until a table's statistics are due, has them computed, and starts the next one.
const scheduleJob = "glue-column-statistics-schedule"

// due is one time at which a table's statistics are due, by one setting of the schedule.
type due struct {
	Key  store.Key
	Turn string
	At   time.Time
}

// noSettings is the error of a table that has none.
func noSettings(t catalog.Table) error {
	return notFound("Column statistics settings for table %s not found.", aws.ToString(t.Name))
}

// withSettings runs f on the settings of a table whose partitions and statistics the caller may change.
func (s *Service) withSettings(ctx context.Context, r governance.Resource, f func(tx *store.Tx, t catalog.Table, now *catalog.StatisticsSettings) error) error {
	t, err := s.writable(ctx, r)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		k := catalog.SettingsKey(wire.CallOf(ctx).Region, t)
		now, err := s.Catalog.Settings.Get(tx, k)
		if err != nil {
			return absent(err, noSettings(t))
		}
		if err := f(tx, t, &now); err != nil {
			return err
		}
		return s.Catalog.Settings.Put(tx, k, now)
	})
}

// CreateColumnStatisticsTaskSettings says how a table's statistics are computed and when. With a schedule they are from now on.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateColumnStatisticsTaskSettings.html
func (s *Service) CreateColumnStatisticsTaskSettings(ctx context.Context, in *glue.CreateColumnStatisticsTaskSettingsInput) (*glue.CreateColumnStatisticsTaskSettingsOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	if err := checkRun(t, in.ColumnNameList); err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	now := catalog.StatisticsSettings{Table: t.Resource(), TableID: t.ID, ColumnStatisticsTaskSettings: types.ColumnStatisticsTaskSettings{
		CatalogID: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name, ColumnNameList: in.ColumnNameList,
		Role: aws.String(roleOf(call.Account(), *in.Role)), SampleSize: in.SampleSize, SecurityConfiguration: in.SecurityConfiguration,
		SettingSource: types.SettingSourceTable, ScheduleType: types.ScheduleTypeCron}}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		k := catalog.SettingsKey(call.Region, t)
		if in.Schedule != nil {
			if err := s.plan(tx, k, &now, *in.Schedule, types.ScheduleStateScheduled); err != nil {
				return err
			}
		}
		return taken(s.Catalog.Settings.Insert(tx, k, now), exists("Column statistics settings for table %s already exist.", aws.ToString(t.Name)))
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateColumnStatisticsTaskSettingsOutput{}, nil
}

func (s *Service) createColumnStatisticsTaskSettingsTargets(ctx context.Context, in *glue.CreateColumnStatisticsTaskSettingsInput) ([]wire.Target, error) {
	targets, err := s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	return passing(ctx, targets, in.Role), err
}

// plan sets a schedule and its state. What was planned before is not done any more.
func (s *Service) plan(tx *store.Tx, k store.Key, now *catalog.StatisticsSettings, expression string, state types.ScheduleState) error {
	e, err := schedule.Parse(expression, time.UTC)
	if err != nil {
		return invalid("Schedule %s: %v", expression, err)
	}
	now.Schedule, now.Turn = &types.Schedule{ScheduleExpression: &expression, State: state}, uuid.NewString()
	if state != types.ScheduleStateScheduled {
		return nil
	}
	return s.next(tx, k, now.Turn, e)
}

// next starts the job that waits for the next time.
func (s *Service) next(tx *store.Tx, k store.Key, turn string, e schedule.Expression) error {
	now := s.Clock.Now()
	at, ok := e.Next(now, now)
	if !ok {
		return nil
	}
	_, err := tx.Enqueue(scheduleJob, due{k, turn, at})
	return err
}

// GetColumnStatisticsTaskSettings shows a table's settings.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsTaskSettings.html
func (s *Service) GetColumnStatisticsTaskSettings(ctx context.Context, in *glue.GetColumnStatisticsTaskSettingsInput) (*glue.GetColumnStatisticsTaskSettingsOutput, error) {
	t, _, err := s.table(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	out := &glue.GetColumnStatisticsTaskSettingsOutput{}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		now, err := s.Catalog.Settings.Get(tx, catalog.SettingsKey(wire.CallOf(ctx).Region, t))
		out.ColumnStatisticsTaskSettings = &now.ColumnStatisticsTaskSettings
		return absent(err, noSettings(t))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) getColumnStatisticsTaskSettingsTargets(ctx context.Context, in *glue.GetColumnStatisticsTaskSettingsInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
}

// UpdateColumnStatisticsTaskSettings changes what is given of a table's settings.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateColumnStatisticsTaskSettings.html
func (s *Service) UpdateColumnStatisticsTaskSettings(ctx context.Context, in *glue.UpdateColumnStatisticsTaskSettingsInput) (*glue.UpdateColumnStatisticsTaskSettingsOutput, error) {
	err := s.withSettings(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName), func(tx *store.Tx, t catalog.Table, now *catalog.StatisticsSettings) error {
		if in.ColumnNameList != nil {
			now.ColumnNameList = in.ColumnNameList
		}
		if in.Role != nil {
			now.Role = aws.String(roleOf(wire.CallOf(ctx).Account(), *in.Role))
		}
		if in.SampleSize != 0 {
			now.SampleSize = in.SampleSize
		}
		if in.SecurityConfiguration != nil {
			now.SecurityConfiguration = in.SecurityConfiguration
		}
		if in.Schedule != nil {
			state := types.ScheduleStateScheduled
			if now.Schedule != nil {
				state = now.Schedule.State
			}
			if err := s.plan(tx, catalog.SettingsKey(wire.CallOf(ctx).Region, t), now, *in.Schedule, state); err != nil {
				return err
			}
		}
		return checkRun(t, now.ColumnNameList)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateColumnStatisticsTaskSettingsOutput{}, nil
}

func (s *Service) updateColumnStatisticsTaskSettingsTargets(ctx context.Context, in *glue.UpdateColumnStatisticsTaskSettingsInput) ([]wire.Target, error) {
	targets, err := s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	return passing(ctx, targets, in.Role), err
}

// DeleteColumnStatisticsTaskSettings removes a table's settings, and with them its schedule.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteColumnStatisticsTaskSettings.html
func (s *Service) DeleteColumnStatisticsTaskSettings(ctx context.Context, in *glue.DeleteColumnStatisticsTaskSettingsInput) (*glue.DeleteColumnStatisticsTaskSettingsOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		return absent(s.Catalog.Settings.Delete(tx, catalog.SettingsKey(wire.CallOf(ctx).Region, t)), noSettings(t))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteColumnStatisticsTaskSettingsOutput{}, nil
}

func (s *Service) deleteColumnStatisticsTaskSettingsTargets(ctx context.Context, in *glue.DeleteColumnStatisticsTaskSettingsInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
}

// StartColumnStatisticsTaskRunSchedule lets a table's schedule go on.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartColumnStatisticsTaskRunSchedule.html
func (s *Service) StartColumnStatisticsTaskRunSchedule(ctx context.Context, in *glue.StartColumnStatisticsTaskRunScheduleInput) (*glue.StartColumnStatisticsTaskRunScheduleOutput, error) {
	if err := s.turn(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName), types.ScheduleStateScheduled); err != nil {
		return nil, err
	}
	return &glue.StartColumnStatisticsTaskRunScheduleOutput{}, nil
}

func (s *Service) startColumnStatisticsTaskRunScheduleTargets(ctx context.Context, in *glue.StartColumnStatisticsTaskRunScheduleInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
}

// StopColumnStatisticsTaskRunSchedule holds a table's schedule.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StopColumnStatisticsTaskRunSchedule.html
func (s *Service) StopColumnStatisticsTaskRunSchedule(ctx context.Context, in *glue.StopColumnStatisticsTaskRunScheduleInput) (*glue.StopColumnStatisticsTaskRunScheduleOutput, error) {
	if err := s.turn(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName), types.ScheduleStateNotScheduled); err != nil {
		return nil, err
	}
	return &glue.StopColumnStatisticsTaskRunScheduleOutput{}, nil
}

func (s *Service) stopColumnStatisticsTaskRunScheduleTargets(ctx context.Context, in *glue.StopColumnStatisticsTaskRunScheduleInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
}

func (s *Service) turn(ctx context.Context, r governance.Resource, state types.ScheduleState) error {
	return s.withSettings(ctx, r, func(tx *store.Tx, t catalog.Table, now *catalog.StatisticsSettings) error {
		if now.Schedule == nil {
			return invalid("Table %s has no schedule for column statistics.", aws.ToString(t.Name))
		}
		if now.Schedule.State == state {
			return nil
		}
		return s.plan(tx, catalog.SettingsKey(wire.CallOf(ctx).Region, t), now, *now.Schedule.ScheduleExpression, state)
	})
}

func (s *Service) defineScheduleJob() {
	jobs.Define(s.Jobs, scheduleJob, func(ctx context.Context, d due) error {
		wait, err := jobs.Step(ctx, "wait", func(context.Context) (time.Duration, error) { return max(0, d.At.Sub(s.Clock.Now())), nil })
		if err == nil {
			err = jobs.Sleep(ctx, wait)
		}
		if err != nil {
			return err
		}
		_, err = jobs.Step(ctx, "start", func(ctx context.Context) (bool, error) {
			return true, s.Store.Update(ctx, func(tx *store.Tx) error { return s.scheduledRun(tx, d) })
		})
		return err
	})
}

// scheduledRun begins a run that is due, and plans the next, unless the schedule was changed since.
func (s *Service) scheduledRun(tx *store.Tx, d due) error {
	now, err := s.Catalog.Settings.Get(tx, d.Key)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Turn != d.Turn {
		return nil
	}
	if err != nil {
		return err
	}
	attempt := &types.ExecutionAttempt{Status: types.ExecutionStatusStarted, ExecutionTimestamp: aws.Time(s.Clock.Now().UTC())}
	r := catalog.StatisticsRun{Region: d.Key.Region, Table: now.Table, TableID: now.TableID, ColumnStatisticsTaskRun: types.ColumnStatisticsTaskRun{
		CatalogID: now.CatalogID, CustomerId: aws.String(now.Table.Account()), DatabaseName: now.DatabaseName, TableName: now.TableName,
		ColumnNameList: now.ColumnNameList, Role: now.Role, SampleSize: now.SampleSize, SecurityConfiguration: now.SecurityConfiguration,
		ComputationType: types.ComputationTypeFull}}
	var running *types.ColumnStatisticsTaskRunningException
	switch err := s.startRun(tx, &r); {
	case errors.As(err, &running):
		attempt.Status, attempt.ErrorMessage = types.ExecutionStatusFailed, running.Message
	case err != nil:
		return err
	default:
		attempt.ColumnStatisticsTaskRunId = r.ColumnStatisticsTaskRunId
	}
	now.LastExecutionAttempt = attempt
	if err := s.Catalog.Settings.Put(tx, d.Key, now); err != nil {
		return err
	}
	e, err := schedule.Parse(*now.Schedule.ScheduleExpression, time.UTC)
	if err != nil {
		return err
	}
	return s.next(tx, d.Key, d.Turn, e)
}
