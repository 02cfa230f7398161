package trino

import (
	"context"
	"errors"
	"strings"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// kinds are of Trino's names of errors; others go by their type.
var kinds = map[string]sql.Kind{
	"SYNTAX_ERROR": sql.Syntax, "COLUMN_NOT_FOUND": sql.UnknownColumn, "AMBIGUOUS_NAME": sql.UnknownColumn, "TABLE_NOT_FOUND": sql.UnknownTable,
	"SCHEMA_NOT_FOUND": sql.UnknownTable, "CATALOG_NOT_FOUND": sql.UnknownTable, "MISSING_CATALOG_NAME": sql.UnknownTable, "MISSING_SCHEMA_NAME": sql.UnknownTable,
	"FUNCTION_NOT_FOUND": sql.UnknownFunction, "TYPE_MISMATCH": sql.TypeMismatch, "NOT_SUPPORTED": sql.NotSupported, "PERMISSION_DENIED": sql.Denied,
	"DIVISION_BY_ZERO": sql.Data, "INVALID_CAST_ARGUMENT": sql.Data, "INVALID_FUNCTION_ARGUMENT": sql.Data, "NUMERIC_VALUE_OUT_OF_RANGE": sql.Data,
	"USER_CANCELED": sql.Cancelled, "ADMINISTRATIVELY_KILLED": sql.Cancelled, "HIVE_BAD_DATA": sql.Data, "EXCEEDED_SCAN_LIMIT": sql.Limit,
}

func cancelled(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return sql.Errorf(sql.Limit, "EXCEEDED_TIME_LIMIT", "Query exceeded its time limit")
	}
	return sql.Errorf(sql.Cancelled, "USER_CANCELED", "Query was cancelled")
}

// explain makes an error of the cluster's one for the user, with the place in the statement as it was written. What is not
// about the statement is told by its name alone, as its text may hold places of files or of the cluster.
func (q *query) explain(err error) error {
	if cause := q.ctx.Err(); cause != nil {
		return cancelled(cause)
	}
	var t *client.ErrTrino
	if !errors.As(err, &t) {
		return &sql.Error{Kind: sql.Internal, Code: "GENERIC_INTERNAL_ERROR", Text: "the cluster can't be reached or did not answer", Err: err}
	}
	out := &sql.Error{Kind: kinds[t.ErrorName], Code: t.ErrorName, Text: t.Message, Err: err}
	switch {
	case out.Code == "EXCEEDED_TIME_LIMIT", t.ErrorType == "INSUFFICIENT_RESOURCES":
		out.Kind = sql.Limit
	case out.Kind == "" && t.ErrorType == "USER_ERROR":
		out.Kind = sql.Data
	case out.Kind == "":
		out.Kind, out.Text = sql.Internal, "internal error"
	}
	if out.Code == "HIVE_BAD_DATA" || strings.HasPrefix(out.Code, "HIVE_") || strings.HasPrefix(out.Code, "ICEBERG_") {
		out.Text = "a file is not as its table says"
	}
	if l := t.ErrorLocation; l.LineNumber > 0 {
		p := q.st.Pos(offset(q.st.SQL, l.LineNumber, l.ColumnNumber))
		out.Line, out.Column = p.Line, p.Column
	}
	out.Text = strings.TrimPrefix(out.Text, place(t.ErrorLocation))
	return out
}
