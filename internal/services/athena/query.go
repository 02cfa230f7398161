package athena

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// trimmed is a query without the blanks that keep it in its place.
func trimmed(query string) string { return strings.TrimSpace(query) }

// request is a query as the engine takes it.
func (q *session) request(ctx context.Context, text string) (sql.Request, error) {
	limit, err := q.bytesLimit(ctx)
	name := "awsdatacatalog"
	if c := q.e.QueryExecutionContext; c != nil && aws.ToString(c.Catalog) != "" {
		name = strings.ToLower(*c.Catalog)
	}
	return sql.Request{SQL: text, Params: q.e.ExecutionParameters, Tables: q, Limits: sql.Limits{Scan: limit},
		Session: sql.Session{Catalog: name, Database: q.database(""), User: q.e.Caller.ARN}}, err
}

// answer runs a query in the engine and hands its rows on, chunk by chunk.
func (q *session) answer(ctx context.Context, text string, begin func([]sql.ResultColumn) error, take func(*sql.Chunk) error) error {
	r, err := q.request(ctx, text)
	if err != nil {
		return err
	}
	from := q.Clock.Now()
	rows, err := q.Engine.Query(ctx, r)
	if err != nil {
		return queryFault(err)
	}
	defer rows.Close()
	if err := begin(rows.Columns()); err != nil {
		return err
	}
	for {
		c, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return queryFault(err)
		}
		q.e.Rows.OutputRows += int64(c.Len)
		if err := take(c); err != nil {
			return err
		}
	}
	s := rows.Stats()
	q.e.Reads = q.reads
	q.e.Rows.InputBytes, q.e.Rows.InputRows = s.ScannedBytes, s.Rows
	t := q.e.Statistics
	t.DataScannedInBytes, t.QueryPlanningTimeInMillis, t.EngineExecutionTimeInMillis = aws.Int64(s.ScannedBytes), millis(s.Planned), millis(q.Clock.Now().Sub(from))
	return nil
}

// query runs a SELECT and writes its result.
func (q *session) query(ctx context.Context, st statement.Query) error {
	if reused, err := q.reuse(ctx); reused || err != nil {
		return err
	}
	location := *q.e.ResultConfiguration.OutputLocation + ".csv"
	q.e.ResultConfiguration.OutputLocation, q.e.Header = aws.String(location), true
	out, err := q.spool()
	if err != nil {
		return err
	}
	defer out.close()
	var columns []sql.ResultColumn
	err = q.answer(ctx, st.Text, func(list []sql.ResultColumn) error {
		columns = list
		q.e.Columns = columnInfo(list)
		return out.header(list)
	}, func(c *sql.Chunk) error { return out.rows(columns, c) })
	if err != nil {
		return err
	}
	return q.upload(ctx, location, out)
}

// queryFault tells the owner of a query what the engine said.
func queryFault(err error) error {
	var e *sql.Error
	if !errors.As(err, &e) {
		return err
	}
	f := &fault{category: ofUser, kind: userError, message: e.Error()}
	switch e.Kind {
	case sql.UnknownColumn:
		f.message = strings.Replace(f.message, "cannot be resolved", "cannot be resolved or requester is not authorized to access requested resources", 1)
	case sql.Denied:
		f.kind = accessDenied
	case sql.NotSupported:
		f.kind = unsupported
	case sql.Limit:
		f.kind = exhausted
		if e.Code == "EXCEEDED_SCAN_LIMIT" {
			f.kind, f.message = bytesLimit, "Query cancelled! : Bytes scanned limit was exceeded"
		}
	case sql.Internal:
		f.category, f.kind, f.retryable = ofSystem, internalError, true
		if e.Code == "PERMISSION_DENIED" {
			f.category, f.kind, f.retryable = ofUser, accessDenied, false
		}
	}
	return f
}

// columnInfo describes the columns of a result.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html
func columnInfo(list []sql.ResultColumn) []types.ColumnInfo {
	out := make([]types.ColumnInfo, len(list))
	for i, c := range list {
		kind, precision, scale := "varchar", 0, 0
		if c.Type != nil {
			kind, precision, scale = c.Type.Kind, c.Type.P, c.Type.S
		}
		switch kind {
		case "unknown":
		case "varchar":
			if precision == 0 {
				precision = 1<<31 - 1
			}
		case "tinyint":
			precision = 3
		case "smallint":
			precision = 5
		case "integer":
			precision = 10
		case "bigint":
			precision = 19
		case "real":
			kind, precision = "float", 17
		case "double":
			precision = 17
		case "timestamp", "timestamp with time zone", "time":
			precision = 3
		case "varbinary":
			precision = 1 << 30
		}
		out[i] = types.ColumnInfo{CatalogName: aws.String("hive"), SchemaName: aws.String(""), TableName: aws.String(""), Name: aws.String(c.Name),
			Label: aws.String(c.Name), Type: aws.String(kind), Precision: int32(precision), Scale: int32(scale),
			Nullable: types.ColumnNullableUnknown, CaseSensitive: kind == "varchar" || kind == "char"}
	}
	return out
}
