package athena

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// execution reads a query of the caller's account.
func (s *Service) execution(ctx context.Context, id string) (e execution, err error) {
	call := wire.CallOf(ctx)
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		e, err = s.executions.Get(tx, store.Key{Account: call.Account(), Region: call.Region, ID: id})
		return absent(err, missingExecution(id))
	})
	return e, err
}

// onExecution names the workgroups of queries. One that is not there is in the primary one.
func (s *Service) onExecution(ctx context.Context, ids ...string) ([]wire.Target, error) {
	var groups []*string
	for _, id := range ids {
		e, err := s.execution(ctx, id)
		if err != nil && !isInvalid(err) {
			return nil, err
		}
		groups = append(groups, e.WorkGroup)
	}
	return onWorkgroup(ctx, distinct(groups)...)
}

func isInvalid(err error) bool {
	var e *types.InvalidRequestException
	return errors.As(err, &e)
}

// GetQueryExecution tells how far a query is.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryExecution.html
func (s *Service) GetQueryExecution(ctx context.Context, in *athena.GetQueryExecutionInput) (*athena.GetQueryExecutionOutput, error) {
	e, err := s.execution(ctx, *in.QueryExecutionId)
	return &athena.GetQueryExecutionOutput{QueryExecution: &e.QueryExecution}, err
}

func (s *Service) getQueryExecutionTargets(ctx context.Context, in *athena.GetQueryExecutionInput) ([]wire.Target, error) {
	return s.onExecution(ctx, *in.QueryExecutionId)
}

// BatchGetQueryExecution tells how far queries are, in the order asked.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetQueryExecution.html
func (s *Service) BatchGetQueryExecution(ctx context.Context, in *athena.BatchGetQueryExecutionInput) (*athena.BatchGetQueryExecutionOutput, error) {
	out := &athena.BatchGetQueryExecutionOutput{QueryExecutions: []types.QueryExecution{}, UnprocessedQueryExecutionIds: []types.UnprocessedQueryExecutionId{}}
	for _, id := range in.QueryExecutionIds {
		e, err := s.execution(ctx, id)
		switch {
		case isInvalid(err):
			out.UnprocessedQueryExecutionIds = append(out.UnprocessedQueryExecutionIds, types.UnprocessedQueryExecutionId{
				QueryExecutionId: aws.String(id), ErrorCode: aws.String("INVALID_INPUT"), ErrorMessage: aws.String("QueryExecution " + id + " was not found")})
		case err != nil:
			return nil, err
		default:
			out.QueryExecutions = append(out.QueryExecutions, e.QueryExecution)
		}
	}
	return out, nil
}

func (s *Service) batchGetQueryExecutionTargets(ctx context.Context, in *athena.BatchGetQueryExecutionInput) ([]wire.Target, error) {
	return s.onExecution(ctx, in.QueryExecutionIds...)
}

// ListQueryExecutions lists the ids of a workgroup's queries, the newest first.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html
func (s *Service) ListQueryExecutions(ctx context.Context, in *athena.ListQueryExecutionsInput) (*athena.ListQueryExecutionsOutput, error) {
	call := wire.CallOf(ctx)
	after, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, badToken()
	}
	size := pageSize
	if in.MaxResults != nil && *in.MaxResults > 0 {
		size = int(*in.MaxResults)
	}
	out := &athena.ListQueryExecutionsOutput{QueryExecutionIds: []string{}}
	group := orPrimary(in.WorkGroup)
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.workgroup(tx, call.Account(), call.Region, group); err != nil {
			return err
		}
		rows, err := s.history.List(tx, store.Range{Account: call.Account(), Region: call.Region, Prefix: group + separator, After: after,
			Reverse: true, Limit: size + 1})
		if len(rows) > size {
			rows = rows[:size]
			out.NextToken = wire.PageToken(ctx, rows[size-1].Key.ID)
		}
		for _, r := range rows {
			out.QueryExecutionIds = append(out.QueryExecutionIds, r.Value)
		}
		return err
	})
}

func (s *Service) listQueryExecutionsTargets(ctx context.Context, in *athena.ListQueryExecutionsInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// GetQueryRuntimeStatistics tells what a query that ended read and gave, and how long its parts took.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryRuntimeStatistics.html
func (s *Service) GetQueryRuntimeStatistics(ctx context.Context, in *athena.GetQueryRuntimeStatisticsInput) (*athena.GetQueryRuntimeStatisticsOutput, error) {
	e, err := s.execution(ctx, *in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	if !e.ended() {
		return nil, invalid("Query has not yet finished. Current state: %s", e.state())
	}
	t := e.Statistics
	out := &types.QueryRuntimeStatistics{Timeline: &types.QueryRuntimeStatisticsTimeline{EngineExecutionTimeInMillis: t.EngineExecutionTimeInMillis,
		QueryPlanningTimeInMillis: t.QueryPlanningTimeInMillis, QueryQueueTimeInMillis: t.QueryQueueTimeInMillis,
		ServicePreProcessingTimeInMillis: t.ServicePreProcessingTimeInMillis, ServiceProcessingTimeInMillis: t.ServiceProcessingTimeInMillis,
		TotalExecutionTimeInMillis: t.TotalExecutionTimeInMillis}}
	if e.StatementType == types.StatementTypeDml {
		out.Rows = &types.QueryRuntimeStatisticsRows{InputRows: &e.Rows.InputRows, InputBytes: &e.Rows.InputBytes, OutputRows: &e.Rows.OutputRows,
			OutputBytes: &e.Rows.OutputBytes}
		out.OutputStage = &types.QueryStage{StageId: aws.Int64(0), State: aws.String(strings.Replace(string(e.state()), "SUCCEEDED", "FINISHED", 1)),
			InputRows: &e.Rows.InputRows, InputBytes: &e.Rows.InputBytes, OutputRows: &e.Rows.OutputRows, OutputBytes: &e.Rows.OutputBytes,
			ExecutionTime: t.EngineExecutionTimeInMillis}
	}
	return &athena.GetQueryRuntimeStatisticsOutput{QueryRuntimeStatistics: out}, nil
}

func (s *Service) getQueryRuntimeStatisticsTargets(ctx context.Context, in *athena.GetQueryRuntimeStatisticsInput) ([]wire.Target, error) {
	return s.onExecution(ctx, *in.QueryExecutionId)
}

// StopQueryExecution ends a query that waits or runs. One that has ended is left as it is.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StopQueryExecution.html
func (s *Service) StopQueryExecution(ctx context.Context, in *athena.StopQueryExecutionInput) (*athena.StopQueryExecutionOutput, error) {
	call := wire.CallOf(ctx)
	k := store.Key{Account: call.Account(), Region: call.Region, ID: *in.QueryExecutionId}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.executions.Get(tx, k)
		if err != nil || e.ended() {
			return absent(err, missingExecution(k.ID))
		}
		before := e.state()
		e.Status.State, e.Status.StateChangeReason = types.QueryExecutionStateCancelled, aws.String("Query cancelled by user")
		e.Status.CompletionDateTime = aws.Time(call.Time)
		e.measure(call.Time)
		if err := emit(tx, &e, before); err != nil {
			return err
		}
		tx.OnCommit(func() { s.interrupt(k) })
		return s.executions.Put(tx, k, e)
	})
	if err != nil {
		return nil, err
	}
	return &athena.StopQueryExecutionOutput{}, nil
}

func (s *Service) stopQueryExecutionTargets(ctx context.Context, in *athena.StopQueryExecutionInput) ([]wire.Target, error) {
	return s.onExecution(ctx, *in.QueryExecutionId)
}
