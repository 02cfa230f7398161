package athena

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// separator stands between the parts of keys. It is in no name.
const separator = "\x1f"

// prepared is a prepared statement as it is kept, under its workgroup and name.
type prepared struct{ types.PreparedStatement }

// MarshalJSON leaves out what is not set.
func (p prepared) MarshalJSON() ([]byte, error) {
	return catalog.Compact(json.Marshal(p.PreparedStatement))
}

func preparedKey(account, region, group, name string) store.Key {
	return store.Key{Account: account, Region: region, ID: group + separator + name}
}

func missingPrepared(group, name string) error {
	return notFound(name, "PreparedStatement %s was not found in workGroup %s", name, group)
}

// CreatePreparedStatement saves a statement with parameters.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreatePreparedStatement.html
func (s *Service) CreatePreparedStatement(ctx context.Context, in *athena.CreatePreparedStatementInput) (*athena.CreatePreparedStatementOutput, error) {
	call := wire.CallOf(ctx)
	err := s.prepare(ctx, call.Account(), call.Region, types.PreparedStatement{StatementName: in.StatementName, WorkGroupName: in.WorkGroup,
		QueryStatement: in.QueryStatement, Description: in.Description})
	if err != nil {
		return nil, err
	}
	return &athena.CreatePreparedStatementOutput{}, nil
}

func (s *Service) createPreparedStatementTargets(ctx context.Context, in *athena.CreatePreparedStatementInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// prepare saves a statement, which nothing of its name may precede.
func (s *Service) prepare(ctx context.Context, account, region string, p types.PreparedStatement) error {
	p.LastModifiedTime = aws.Time(s.Clock.Now().UTC())
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.workgroup(tx, account, region, *p.WorkGroupName); err != nil {
			return err
		}
		return taken(s.prepared.Insert(tx, preparedKey(account, region, *p.WorkGroupName, *p.StatementName), prepared{p}),
			invalid("Prepared statement %s already exists in workgroup %s", *p.StatementName, *p.WorkGroupName))
	})
}

// statementOf reads a prepared statement, or returns store.ErrNotFound.
func (s *Service) statementOf(ctx context.Context, account, region, group, name string) (p prepared, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		p, err = s.prepared.Get(tx, preparedKey(account, region, group, name))
		return err
	})
	return p, err
}

// GetPreparedStatement reads a prepared statement.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetPreparedStatement.html
func (s *Service) GetPreparedStatement(ctx context.Context, in *athena.GetPreparedStatementInput) (*athena.GetPreparedStatementOutput, error) {
	call := wire.CallOf(ctx)
	p, err := s.statementOf(ctx, call.Account(), call.Region, *in.WorkGroup, *in.StatementName)
	return &athena.GetPreparedStatementOutput{PreparedStatement: &p.PreparedStatement}, absent(err, missingPrepared(*in.WorkGroup, *in.StatementName))
}

func (s *Service) getPreparedStatementTargets(ctx context.Context, in *athena.GetPreparedStatementInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// BatchGetPreparedStatement reads prepared statements, in the order asked.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetPreparedStatement.html
func (s *Service) BatchGetPreparedStatement(ctx context.Context, in *athena.BatchGetPreparedStatementInput) (*athena.BatchGetPreparedStatementOutput, error) {
	call := wire.CallOf(ctx)
	out := &athena.BatchGetPreparedStatementOutput{PreparedStatements: []types.PreparedStatement{},
		UnprocessedPreparedStatementNames: []types.UnprocessedPreparedStatementName{}}
	for _, name := range in.PreparedStatementNames {
		p, err := s.statementOf(ctx, call.Account(), call.Region, *in.WorkGroup, name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			out.UnprocessedPreparedStatementNames = append(out.UnprocessedPreparedStatementNames, types.UnprocessedPreparedStatementName{
				StatementName: aws.String(name), ErrorCode: aws.String("STATEMENT_NOT_FOUND"),
				ErrorMessage: aws.String("PreparedStatement " + name + " was not found in workGroup " + *in.WorkGroup)})
		case err != nil:
			return nil, err
		default:
			out.PreparedStatements = append(out.PreparedStatements, p.PreparedStatement)
		}
	}
	return out, nil
}

func (s *Service) batchGetPreparedStatementTargets(ctx context.Context, in *athena.BatchGetPreparedStatementInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// ListPreparedStatements lists the prepared statements of a workgroup in order of name.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListPreparedStatements.html
func (s *Service) ListPreparedStatements(ctx context.Context, in *athena.ListPreparedStatementsInput) (*athena.ListPreparedStatementsOutput, error) {
	call := wire.CallOf(ctx)
	list := []types.PreparedStatementSummary{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.workgroup(tx, call.Account(), call.Region, *in.WorkGroup); err != nil {
			return err
		}
		rows, err := s.prepared.List(tx, store.Range{Account: call.Account(), Region: call.Region, Prefix: *in.WorkGroup + separator})
		for _, r := range rows {
			list = append(list, types.PreparedStatementSummary{StatementName: r.Value.StatementName, LastModifiedTime: r.Value.LastModifiedTime})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(ctx, list, func(p types.PreparedStatementSummary) string { return *p.StatementName }, in.MaxResults, in.NextToken)
	return &athena.ListPreparedStatementsOutput{PreparedStatements: list, NextToken: next}, err
}

func (s *Service) listPreparedStatementsTargets(ctx context.Context, in *athena.ListPreparedStatementsInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// UpdatePreparedStatement changes a prepared statement.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdatePreparedStatement.html
func (s *Service) UpdatePreparedStatement(ctx context.Context, in *athena.UpdatePreparedStatementInput) (*athena.UpdatePreparedStatementOutput, error) {
	call := wire.CallOf(ctx)
	k := preparedKey(call.Account(), call.Region, *in.WorkGroup, *in.StatementName)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.prepared.Get(tx, k)
		if err != nil {
			return absent(err, missingPrepared(*in.WorkGroup, *in.StatementName))
		}
		p.QueryStatement, p.LastModifiedTime = in.QueryStatement, aws.Time(call.Time)
		set(&p.Description, in.Description)
		return s.prepared.Put(tx, k, p)
	})
	if err != nil {
		return nil, err
	}
	return &athena.UpdatePreparedStatementOutput{}, nil
}

func (s *Service) updatePreparedStatementTargets(ctx context.Context, in *athena.UpdatePreparedStatementInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// DeletePreparedStatement forgets a prepared statement.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_DeletePreparedStatement.html
func (s *Service) DeletePreparedStatement(ctx context.Context, in *athena.DeletePreparedStatementInput) (*athena.DeletePreparedStatementOutput, error) {
	call := wire.CallOf(ctx)
	if err := s.unprepare(ctx, call.Account(), call.Region, *in.WorkGroup, *in.StatementName); err != nil {
		return nil, err
	}
	return &athena.DeletePreparedStatementOutput{}, nil
}

func (s *Service) unprepare(ctx context.Context, account, region, group, name string) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		return absent(s.prepared.Delete(tx, preparedKey(account, region, group, name)), missingPrepared(group, name))
	})
}

func (s *Service) deletePreparedStatementTargets(ctx context.Context, in *athena.DeletePreparedStatementInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}
