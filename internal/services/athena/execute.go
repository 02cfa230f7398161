package athena

import (
	"context"

	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// execute carries a query out, writes its result and notes in e what came of it.
func (s *Service) execute(ctx context.Context, e *execution) error {
	st, err := statement.Parse(*e.Query)
	if err != nil {
		return failure(syntaxError, "%s", err)
	}
	q := s.session(e)
	if st, err = q.bound(st, *e.Query); err != nil {
		return err
	}
	return q.carryOut(ctx, st)
}

// bound puts the parameters into a statement of which the engine gets several queries.
func (q *session) bound(st statement.Statement, text string) (statement.Statement, error) {
	switch st.(type) {
	case statement.Delete, statement.Update, statement.Merge:
		if len(q.e.ExecutionParameters) == 0 {
			break
		}
		out, err := statement.Parse(statement.Bind(text, q.e.ExecutionParameters))
		if err != nil {
			return nil, failure(syntaxError, "%s", err)
		}
		q.e.ExecutionParameters = nil
		return out, nil
	}
	return st, nil
}

func (q *session) carryOut(ctx context.Context, st statement.Statement) error {
	switch st := st.(type) {
	case statement.Query:
		return q.query(ctx, st)
	case statement.CreateTableAs:
		return q.createTableAs(ctx, st)
	case statement.Insert:
		return q.insert(ctx, st)
	case statement.Unload:
		return q.unload(ctx, st)
	case statement.Execute:
		return q.executePrepared(ctx, st)
	case statement.Delete:
		return q.deleteRows(ctx, st)
	case statement.Update:
		return q.updateRows(ctx, st)
	case statement.Merge:
		return q.merge(ctx, st)
	case statement.Optimize:
		return q.optimize(ctx, st)
	case statement.Vacuum:
		return q.vacuum(ctx, st)
	}
	columns, lines, err := q.define(ctx, st)
	if err != nil {
		return err
	}
	return q.tell(ctx, columns, lines)
}

// define carries out a statement whose answer is lines of text.
func (q *session) define(ctx context.Context, st statement.Statement) (columns []types.ColumnInfo, lines []string, err error) {
	switch st := st.(type) {
	case statement.ShowDatabases:
		return q.showDatabases(ctx, st)
	case statement.ShowTables:
		return q.showTables(ctx, st)
	case statement.ShowColumns:
		return q.showColumns(ctx, st)
	case statement.ShowPartitions:
		return q.showPartitions(ctx, st)
	case statement.ShowCreate:
		return q.showCreate(ctx, st)
	case statement.ShowProperties:
		return q.showProperties(ctx, st)
	case statement.Describe:
		return q.describe(ctx, st)
	case statement.CreateDatabase:
		err = q.createDatabase(ctx, st)
	case statement.DropDatabase:
		err = q.dropDatabase(ctx, st)
	case statement.AlterDatabase:
		err = q.alterDatabase(ctx, st)
	case statement.CreateTable:
		err = q.createTable(ctx, st)
	case statement.DropTable:
		err = q.dropTable(ctx, st)
	case statement.AlterTable:
		err = q.alterTable(ctx, st)
	case statement.Repair:
		lines, err = q.repair(ctx, st)
		return said(), lines, err
	case statement.CreateView:
		if st.Protected {
			lines, err = q.defineView(ctx, st)
			return said("View JSON"), lines, err
		}
		err = q.createView(ctx, st)
	case statement.AlterView:
		lines, err = q.alterView(ctx, st)
		return said("View JSON"), lines, err
	case statement.Explain:
		return q.explain(ctx, st)
	case statement.Prepare:
		err = q.prepareStatement(ctx, st)
	case statement.Deallocate:
		err = q.unprepare(ctx, q.e.Caller.Account, q.e.Region, *q.e.WorkGroup, st.Name)
	default:
		err = notSupported("this statement")
	}
	return said(), nil, err
}

func (q *session) prepareStatement(ctx context.Context, st statement.Prepare) error {
	if _, err := statement.Parse(st.Query); err != nil {
		return failure(syntaxError, "%s", err)
	}
	return q.prepare(ctx, q.e.Caller.Account, q.e.Region, types.PreparedStatement{StatementName: aws.String(st.Name), WorkGroupName: q.e.WorkGroup,
		QueryStatement: aws.String(trimmed(st.Query))})
}

// executePrepared runs a prepared statement with the values of USING, or with those that came with the query.
func (q *session) executePrepared(ctx context.Context, st statement.Execute) error {
	p, err := q.statementOf(ctx, q.e.Caller.Account, q.e.Region, *q.e.WorkGroup, st.Name)
	if err != nil {
		return absent(err, failure(userError, "Prepared statement not found: %s", st.Name))
	}
	of, err := statement.Parse(*p.QueryStatement)
	if err != nil {
		return failure(syntaxError, "%s", err)
	}
	if _, again := of.(statement.Execute); again {
		return failure(syntaxError, "line 1:1: Invalid statement type for prepared statement: Execute")
	}
	if st.Values != nil {
		q.e.ExecutionParameters = st.Values
	}
	if of, err = q.bound(of, *p.QueryStatement); err != nil {
		return err
	}
	return q.carryOut(ctx, of)
}
