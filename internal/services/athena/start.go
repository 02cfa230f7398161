package athena

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/uuid"
)

// StartQueryExecution takes a query up. It answers before the query runs.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
func (s *Service) StartQueryExecution(ctx context.Context, in *athena.StartQueryExecutionInput) (*athena.StartQueryExecutionOutput, error) {
	call := wire.CallOf(ctx)
	st, err := statement.Parse(*in.QueryString)
	if err != nil {
		return nil, malformed(err)
	}
	kind, sub := st.Class()
	e := execution{Region: call.Region, Caller: call.Principal, QueryExecution: types.QueryExecution{
		QueryExecutionId: aws.String(uuid.NewString()), Query: aws.String(strings.TrimRight(*in.QueryString, "; \t\r\n")),
		StatementType: types.StatementType(kind), SubstatementType: aws.String(sub), WorkGroup: aws.String(orPrimary(in.WorkGroup)),
		ExecutionParameters: in.ExecutionParameters, QueryExecutionContext: &types.QueryExecutionContext{}, Statistics: &types.QueryExecutionStatistics{},
		ResultReuseConfiguration: in.ResultReuseConfiguration,
		Status:                   &types.QueryExecutionStatus{State: types.QueryExecutionStateQueued, SubmissionDateTime: aws.Time(call.Time)}}}
	e.Caller.Session, e.Caller.AccessKeyID = nil, ""
	if e.ResultReuseConfiguration == nil {
		e.ResultReuseConfiguration = &types.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{}}
	}
	if c := in.QueryExecutionContext; c != nil {
		e.QueryExecutionContext.Database, e.QueryExecutionContext.Catalog = c.Database, c.Catalog
	}
	var out *athena.StartQueryExecutionOutput
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*athena.StartQueryExecutionOutput, error) {
			if err := s.place(tx, &e, in.ResultConfiguration); err != nil {
				return nil, err
			}
			return &athena.StartQueryExecutionOutput{QueryExecutionId: e.QueryExecutionId}, s.submit(tx, &e)
		})
		return tokenFault(err)
	})
	return out, err
}

func (s *Service) startQueryExecutionTargets(ctx context.Context, in *athena.StartQueryExecutionInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// malformed is the answer to a text that is no statement.
func malformed(err error) error {
	return &types.InvalidRequestException{AthenaErrorCode: aws.String("MALFORMED_QUERY"), Message: aws.String(err.Error())}
}

// place takes from the workgroup where the result goes and how it is run.
func (s *Service) place(tx *store.Tx, e *execution, asked *types.ResultConfiguration) error {
	w, err := s.workgroup(tx, e.Caller.Account, e.Region, *e.WorkGroup)
	if err != nil {
		return err
	}
	if w.State == types.WorkGroupStateDisabled {
		return invalid("WorkGroup %s is disabled.", *e.WorkGroup)
	}
	e.EngineVersion = w.Configuration.EngineVersion
	var result types.ResultConfiguration
	if asked != nil {
		result = *asked
	}
	if own := w.Configuration.ResultConfiguration; own != nil {
		if aws.ToBool(w.Configuration.EnforceWorkGroupConfiguration) {
			result = *own
		} else if aws.ToString(result.OutputLocation) == "" {
			result.OutputLocation = own.OutputLocation
		}
	}
	location := aws.ToString(result.OutputLocation)
	if location == "" {
		return invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	if err := checkOutput(location); err != nil {
		return err
	}
	result.OutputLocation = aws.String(strings.TrimSuffix(location, "/") + "/" + *e.QueryExecutionId)
	e.ResultConfiguration, e.Writes = &result, places(*result.OutputLocation)
	return nil
}

// submit puts a query into the queue.
func (s *Service) submit(tx *store.Tx, e *execution) error {
	if err := emit(tx, e, ""); err != nil {
		return err
	}
	k := e.key()
	if err := s.executions.Insert(tx, k, *e); err != nil {
		return err
	}
	if err := s.history.Insert(tx, historyKey(e), k.ID); err != nil {
		return err
	}
	_, err := tx.Enqueue(jobQuery, k)
	return err
}
