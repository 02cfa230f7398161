package athena

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/services/athena/filewriter"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

// insertIceberg adds the rows of a query to a table.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
func (q *session) insertIceberg(ctx context.Context, st statement.Insert, r *lake.Table) error {
	as, err := q.files.Owner(ctx, r, icebergRoot(&r.Table.Table))
	if err != nil {
		return queryFault(err)
	}
	t, o, err := q.icebergTable(ctx, r, as)
	if err != nil {
		return queryFault(err)
	}
	columns, err := t.Columns()
	if err != nil {
		return queryFault(q.icebergFault(err, st.Table.Name))
	}
	text, err := shaped(st, hiveColumns(columns))
	if err != nil {
		return err
	}
	files, err := q.writeIceberg(ctx, t, o, columns, text)
	if err != nil {
		return above(err)
	}
	return q.appendIceberg(ctx, t, o, files, *q.e.ResultConfiguration.OutputLocation+"-manifest.csv")
}

// appendIceberg adds files to a table, and writes the list of them for the query's owner.
func (q *session) appendIceberg(ctx context.Context, t *iceberg.Table, o *icebergFiles, files []iceberg.Written, manifest string) error {
	var list strings.Builder
	q.e.Rows.OutputBytes = 0
	for _, f := range files {
		list.WriteString(f.FilePath() + "\n")
		q.e.Rows.OutputBytes += f.FileSizeBytes()
	}
	q.e.Updated, q.e.Statistics.DataManifestLocation = aws.Int64(q.e.Rows.OutputRows), aws.String(manifest)
	err := q.writes(ctx, q.e, manifest)
	if err == nil {
		err = q.object(ctx, manifest, strings.NewReader(list.String()), q.e.ResultConfiguration)
	}
	if err != nil {
		o.drop(ctx)
		return err
	}
	_, err = t.Append(ctx, files)
	return q.committed(ctx, o, err)
}

// committed tells what became of a change, and clears away what was written for one that did not come to be.
func (q *session) committed(ctx context.Context, o *icebergFiles, err error) error {
	var refused *fault
	if errors.Is(err, iceberg.ErrConflict) || errors.As(err, &refused) {
		o.drop(ctx)
	}
	return queryFault(q.icebergFault(err, "being written"))
}

func hiveColumns(list []iceberg.Column) (out []glueTypes.Column) {
	for _, c := range list {
		out = append(out, glueTypes.Column{Name: aws.String(c.Name), Type: aws.String(c.Type)})
	}
	return out
}

// writeIceberg writes the rows of a query, which has the table's columns, to new files.
func (q *session) writeIceberg(ctx context.Context, t *iceberg.Table, o *icebergFiles, columns []iceberg.Column, text string) ([]iceberg.Written, error) {
	schema, err := t.Schema()
	if err != nil {
		return nil, queryFault(q.icebergFault(err, "being written"))
	}
	var failed error
	rows := func(yield func(arrow.RecordBatch, error) bool) {
		if failed = q.batches(ctx, text, schema, columns, yield); failed != nil && !errors.Is(failed, errStopped) {
			yield(nil, failed)
		}
	}
	files, err := t.Write(ctx, uuid.New(), schema, iter.Seq2[arrow.RecordBatch, error](rows))
	if err != nil {
		o.drop(ctx)
		if failed != nil && !errors.Is(failed, errStopped) {
			return nil, failed
		}
		return nil, queryFault(q.icebergFault(err, "being written"))
	}
	return files, nil
}

// errStopped tells that nobody wants more rows.
var errStopped = errors.New("no more rows are wanted")

// batches runs a query and hands its rows on as Arrow has them.
func (q *session) batches(ctx context.Context, text string, schema *arrow.Schema, columns []iceberg.Column, yield func(arrow.RecordBatch, error) bool) error {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	var kinds []sql.ResultColumn
	return q.answer(ctx, text, func(list []sql.ResultColumn) error { kinds = list; return nil }, func(c *sql.Chunk) error {
		for i := range columns {
			if err := appendColumn(b.Field(i), kinds[i].Type, columns[i], c.Columns[i]); err != nil {
				return err
			}
		}
		if !yield(b.NewRecordBatch(), nil) {
			return errStopped
		}
		return nil
	})
}

func appendColumn(b array.Builder, t *sql.Type, of iceberg.Column, values []any) error {
	for _, v := range values {
		if v == nil && of.Required {
			return failure(userError, "CONSTRAINT_VIOLATION: NULL value not allowed for NOT NULL column: %s", of.Name)
		}
		if err := filewriter.Append(b, t, v); err != nil {
			return err
		}
	}
	return nil
}
