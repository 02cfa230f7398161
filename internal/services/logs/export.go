package logs

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// export is one export task. Its row has the task's id.
type export struct {
	types.ExportTask
	Streams *string // prefix
	Caller  string  // ARN
}

func (e *export) state(code types.ExportTaskStatusCode, message string) {
	e.Status = &types.ExportTaskStatus{Code: code, Message: &message}
}

// over tells whether a task has ended.
func (e *export) over() bool {
	return e.Status.Code != types.ExportTaskStatusCodePending && e.Status.Code != types.ExportTaskStatusCodeRunning && e.Status.Code != types.ExportTaskStatusCodePendingCancel
}

// CreateExportTask has the events of a time written to a bucket. An account has one such task at a time.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html
func (s *Service) CreateExportTask(ctx context.Context, in *cloudwatchlogs.CreateExportTaskInput) (*cloudwatchlogs.CreateExportTaskOutput, error) {
	if *in.From >= *in.To {
		return nil, invalid("Parameter from must be before parameter to.")
	}
	k := here(ctx, *in.LogGroupName)
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	if err := g.only("CreateExportTask"); err != nil {
		return nil, err
	}
	prefix := "exportedlogs"
	if in.DestinationPrefix != nil {
		prefix = *in.DestinationPrefix
	}
	e := export{Streams: in.LogStreamNamePrefix, Caller: wire.CallOf(ctx).Principal.ARN, ExportTask: types.ExportTask{TaskId: aws.String(uuid.NewString()),
		TaskName: in.TaskName, LogGroupName: in.LogGroupName, From: in.From, To: in.To, Destination: in.Destination, DestinationPrefix: &prefix,
		ExecutionInfo: &types.ExportTaskExecutionInfo{CreationTime: aws.Int64(s.now())}}}
	e.state(types.ExportTaskStatusCodePending, "Task has been submitted.")
	row := here(ctx, *e.TaskId)
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.exports.List(tx, store.Range{Account: row.Account, Region: row.Region})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(r store.Row[export]) bool { return !r.Value.over() }) {
			return exceeded("Resource limit exceeded.")
		}
		if _, err := tx.Enqueue(exportJob, row); err != nil {
			return err
		}
		return s.exports.Insert(tx, row, e)
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.CreateExportTaskOutput{TaskId: e.TaskId}, nil
}

func (s *Service) createExportTaskTargets(ctx context.Context, in *cloudwatchlogs.CreateExportTaskInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// CancelExportTask ends a task that has not ended.
func (s *Service) CancelExportTask(ctx context.Context, in *cloudwatchlogs.CancelExportTaskInput) (*cloudwatchlogs.CancelExportTaskOutput, error) {
	row := here(ctx, *in.TaskId)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.exports.Get(tx, row)
		if absent(err) {
			return missing("The specified export task does not exist.")
		}
		if err != nil {
			return err
		}
		if e.over() {
			return refused("The specified export task has already finished.")
		}
		e.state(types.ExportTaskStatusCodeCancelled, "Task was cancelled.")
		e.ExecutionInfo.CompletionTime = aws.Int64(s.now())
		return s.exports.Put(tx, row, e)
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.CancelExportTaskOutput{}, nil
}

// DescribeExportTasks lists tasks.
func (s *Service) DescribeExportTasks(ctx context.Context, in *cloudwatchlogs.DescribeExportTasksInput) (*cloudwatchlogs.DescribeExportTasksOutput, error) {
	at := here(ctx, "")
	var rows []store.Row[export]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.exports.List(tx, store.Range{Account: at.Account, Region: at.Region})
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[export]) bool {
		return in.TaskId != nil && r.Key.ID != *in.TaskId || in.StatusCode != "" && r.Value.Status.Code != in.StatusCode
	})
	if in.TaskId != nil && len(rows) == 0 {
		return nil, missing("The specified export task does not exist.")
	}
	rows, next, err := page(ctx, rows, func(r store.Row[export]) string { return r.Key.ID }, in.Limit, 50, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeExportTasksOutput{ExportTasks: []types.ExportTask{}, NextToken: next}
	for _, r := range rows {
		out.ExportTasks = append(out.ExportTasks, r.Value.ExportTask)
	}
	return out, nil
}
