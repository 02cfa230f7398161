package glue

import (
	"context"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

// roleOf is the ARN of a role that is given by ARN or by name.
func roleOf(account, role string) string {
	if strings.HasPrefix(role, "arn:") {
		return role
	}
	return arn.New("iam", "", account, "role/"+role)
}

// passing adds to what an operation touches that the role is passed on to Glue.
func passing(ctx context.Context, targets []wire.Target, role *string) []wire.Target {
	if aws.ToString(role) == "" {
		return targets
	}
	return append(targets, wire.Target{Action: "iam:PassRole", Resource: roleOf(wire.CallOf(ctx).Account(), *role),
		Context: map[string][]string{"iam:PassedToService": {"glue.amazonaws.com"}}})
}

// StartColumnStatisticsTaskRun begins to compute the statistics of columns out of a table's files, read as a role.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StartColumnStatisticsTaskRun.html
func (s *Service) StartColumnStatisticsTaskRun(ctx context.Context, in *glue.StartColumnStatisticsTaskRunInput) (*glue.StartColumnStatisticsTaskRunOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	r := catalog.StatisticsRun{Region: call.Region, Table: t.Resource(), TableID: t.ID, ColumnStatisticsTaskRun: types.ColumnStatisticsTaskRun{
		CatalogID: t.CatalogId, CustomerId: aws.String(call.Account()), DatabaseName: t.DatabaseName, TableName: t.Name,
		ColumnNameList: in.ColumnNameList, Role: aws.String(roleOf(call.Account(), *in.Role)), SampleSize: in.SampleSize,
		SecurityConfiguration: in.SecurityConfiguration, ComputationType: types.ComputationTypeFull}}
	if err := checkRun(t, in.ColumnNameList); err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error { return s.startRun(tx, &r) })
	if err != nil {
		return nil, err
	}
	return &glue.StartColumnStatisticsTaskRunOutput{ColumnStatisticsTaskRunId: r.ColumnStatisticsTaskRunId}, nil
}

func checkRun(t catalog.Table, columns []string) error {
	if t.StorageDescriptor == nil || t.Location() == "" {
		return invalid("Table %s has no location in Amazon S3.", aws.ToString(t.Name))
	}
	for _, name := range columns {
		found := false
		for _, c := range t.StorageDescriptor.Columns {
			found = found || strings.EqualFold(aws.ToString(c.Name), name)
		}
		if !found {
			return invalid("Column %s is not a column of table %s.", name, aws.ToString(t.Name))
		}
	}
	return nil
}

// startRun writes a run and its job, unless one of the table goes on.
func (s *Service) startRun(tx *store.Tx, r *catalog.StatisticsRun) error {
	last, err := s.lastRun(tx, r.Region, r.TableID)
	if err != nil {
		return err
	}
	if last != nil && last.Going() {
		return &types.ColumnStatisticsTaskRunningException{Message: aws.String(fmt.Sprintf("A column statistics task for table %s is running.", r.Table.Table))}
	}
	id, err := uuid.NewV7() // so that ids are in order of time
	if err != nil {
		return err
	}
	now := s.Clock.Now().UTC()
	r.ColumnStatisticsTaskRunId, r.Status = aws.String(id.String()), types.ColumnStatisticsStateStarting
	r.CreationTime, r.LastUpdated = &now, &now
	if r.Job, err = tx.Enqueue(statisticsJob, runKey{r.Table.Account(), r.Region, id.String()}); err != nil {
		return err
	}
	return s.Catalog.Runs.Insert(tx, catalog.RunKey(*r), *r)
}

// lastRun is the run of a table that began last, nil when there is none.
func (s *Service) lastRun(tx *store.Tx, region, tableID string) (*catalog.StatisticsRun, error) {
	rows, err := s.Catalog.Runs.Find(tx, catalog.ByTable, tableID, store.Range{AllAccounts: true, Region: region, Reverse: true, Limit: 1})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0].Value, nil
}

func (s *Service) startColumnStatisticsTaskRunTargets(ctx context.Context, in *glue.StartColumnStatisticsTaskRunInput) ([]wire.Target, error) {
	targets, err := s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	return passing(ctx, targets, in.Role), err
}

// StopColumnStatisticsTaskRun ends the run of a table that goes on.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_StopColumnStatisticsTaskRun.html
func (s *Service) StopColumnStatisticsTaskRun(ctx context.Context, in *glue.StopColumnStatisticsTaskRunInput) (*glue.StopColumnStatisticsTaskRunOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.lastRun(tx, wire.CallOf(ctx).Region, t.ID)
		if err != nil {
			return err
		}
		if r == nil || !r.Going() {
			return &types.ColumnStatisticsTaskNotRunningException{Message: aws.String(fmt.Sprintf("No column statistics task for table %s is running.", aws.ToString(t.Name)))}
		}
		return s.endStatisticsRun(tx, *r, types.ColumnStatisticsStateStopped, "")
	})
	if err != nil {
		return nil, err
	}
	return &glue.StopColumnStatisticsTaskRunOutput{}, nil
}

// endStatisticsRun writes how a run ended. The job of one that was stopped sees that between files.
func (s *Service) endStatisticsRun(tx *store.Tx, r catalog.StatisticsRun, status types.ColumnStatisticsState, message string) error {
	now := s.Clock.Now().UTC()
	r.Status, r.EndTime, r.LastUpdated = status, &now, &now
	if message != "" {
		r.ErrorMessage = &message
	}
	return s.Catalog.Runs.Put(tx, catalog.RunKey(r), r)
}

func (s *Service) stopColumnStatisticsTaskRunTargets(ctx context.Context, in *glue.StopColumnStatisticsTaskRunInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
}

// GetColumnStatisticsTaskRun describes a run of the caller's account.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsTaskRun.html
func (s *Service) GetColumnStatisticsTaskRun(ctx context.Context, in *glue.GetColumnStatisticsTaskRunInput) (*glue.GetColumnStatisticsTaskRunOutput, error) {
	call := wire.CallOf(ctx)
	var r catalog.StatisticsRun
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		r, err = s.Catalog.Runs.Get(tx, store.Key{Account: call.Account(), Region: call.Region, ID: *in.ColumnStatisticsTaskRunId})
		return absent(err, notFound("Column statistics task run %s not found.", *in.ColumnStatisticsTaskRunId))
	})
	if err == nil {
		_, err = s.require(ctx, r.Table, governance.Describe)
	}
	if err != nil {
		return nil, err
	}
	return &glue.GetColumnStatisticsTaskRunOutput{ColumnStatisticsTaskRun: &r.ColumnStatisticsTaskRun}, nil
}

// GetColumnStatisticsTaskRuns lists the runs of a table, the first one first.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsTaskRuns.html
func (s *Service) GetColumnStatisticsTaskRuns(ctx context.Context, in *glue.GetColumnStatisticsTaskRunsInput) (*glue.GetColumnStatisticsTaskRunsOutput, error) {
	t, _, err := s.table(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	list, next, err := fill(ctx, in.NextToken, in.MaxResults, s.runsAfter(ctx, func(tx *store.Tx, r store.Range) ([]store.Row[catalog.StatisticsRun], error) {
		r.Account = t.Resource().Account()
		return s.Catalog.Runs.Find(tx, catalog.ByTable, t.ID, r)
	}), func(r catalog.StatisticsRun) (*types.ColumnStatisticsTaskRun, error) {
		return &r.ColumnStatisticsTaskRun, nil
	})
	return &glue.GetColumnStatisticsTaskRunsOutput{ColumnStatisticsTaskRuns: list, NextToken: next}, err
}

// runsAfter reads runs in order of id.
func (s *Service) runsAfter(ctx context.Context, read func(*store.Tx, store.Range) ([]store.Row[catalog.StatisticsRun], error)) func(string) ([]entry[catalog.StatisticsRun], error) {
	call := wire.CallOf(ctx)
	return func(after string) (out []entry[catalog.StatisticsRun], err error) {
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := read(tx, store.Range{Account: call.Account(), Region: call.Region, After: after, Limit: batch})
			for _, r := range rows {
				out = append(out, entry[catalog.StatisticsRun]{r.Key.ID, r.Value})
			}
			return err
		})
		return out, err
	}
}

func (s *Service) getColumnStatisticsTaskRunsTargets(ctx context.Context, in *glue.GetColumnStatisticsTaskRunsInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogID, in.DatabaseName, in.TableName))
}

// ListColumnStatisticsTaskRuns lists the ids of the account's runs.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListColumnStatisticsTaskRuns.html
func (s *Service) ListColumnStatisticsTaskRuns(ctx context.Context, in *glue.ListColumnStatisticsTaskRunsInput) (*glue.ListColumnStatisticsTaskRunsOutput, error) {
	list, next, err := fill(ctx, in.NextToken, in.MaxResults, s.runsAfter(ctx, s.Catalog.Runs.List),
		func(r catalog.StatisticsRun) (*string, error) { return r.ColumnStatisticsTaskRunId, nil })
	return &glue.ListColumnStatisticsTaskRunsOutput{ColumnStatisticsTaskRunIds: list, NextToken: next}, err
}
