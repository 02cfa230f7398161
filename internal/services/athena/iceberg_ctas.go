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
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/google/uuid"
)

// createIcebergAs makes a table of Iceberg of the rows of a query.
// Source: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
func (q *session) createIcebergAs(ctx context.Context, st statement.CreateTableAs) error {
	if v := st.Properties["is_external"].Text; !strings.EqualFold(v, "false") {
		return failure(userError, "INVALID_TABLE_PROPERTY: is_external must be false for tables of the type ICEBERG")
	}
	base := *q.e.ResultConfiguration.OutputLocation
	folder := base[:strings.LastIndexByte(base, '/')] + "/tables/" + *q.e.QueryExecutionId
	d := iceberg.Definition{Location: folder, Partitions: st.Properties["partitioning"].List}
	q.e.ResultConfiguration.OutputLocation = &folder
	if v := st.Properties["location"].Text; v != "" {
		if checkOutput(v) != nil {
			return failure(userError, "INVALID_TABLE_PROPERTY: location is not a path of S3: %s", v)
		}
		d.Location = strings.TrimSuffix(v, "/")
	}
	given := map[string]string{}
	for k, v := range st.Properties {
		switch {
		case k == "is_external" || k == "location" || k == "partitioning" || k == "table_type":
		case k == "format" || k == "write_compression" || k == "format_version" || strings.HasPrefix(k, "vacuum_") || strings.HasPrefix(k, "optimize_"):
			given[k] = v.Text
		default:
			return failure(userError, "INVALID_TABLE_PROPERTY: table property '%s' does not exist", k)
		}
	}
	if there, err := q.exists(ctx, st.Table); err != nil || there {
		if there && !st.IfNotExist {
			return failure(userError, "TABLE_ALREADY_EXISTS: line 1:1: Destination table '%s' already exists", st.Table)
		}
		return err
	}
	return q.fillIceberg(ctx, st, d, given, folder+"-manifest.csv")
}

// fillIceberg makes the table once its columns are known, writes the rows, and then lets the catalog know of it.
func (q *session) fillIceberg(ctx context.Context, st statement.CreateTableAs, d iceberg.Definition, given map[string]string, manifest string) error {
	var kinds []sql.ResultColumn
	var b *array.RecordBuilder
	next, stop := iter.Pull2(func(yield func(arrow.RecordBatch, error) bool) {
		err := q.answer(ctx, st.Query, func(list []sql.ResultColumn) error {
			kinds = list
			if !yield(nil, nil) {
				return errStopped
			}
			return nil
		}, func(c *sql.Chunk) error {
			if st.Empty {
				return nil
			}
			for i := range d.Columns {
				if err := appendColumn(b.Field(i), kinds[i].Type, d.Columns[i], c.Columns[i]); err != nil {
					return err
				}
			}
			if !yield(b.NewRecordBatch(), nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	})
	defer stop()
	if _, err, _ := next(); err != nil {
		return err
	}
	for _, k := range kinds {
		t, err := icebergType(k.Type)
		if err != nil {
			return err
		}
		d.Columns = append(d.Columns, iceberg.Column{Name: k.Name, Type: t})
	}
	draft, err := q.draftIceberg(ctx, st.Table, d, given)
	if err != nil {
		return err
	}
	schema, err := draft.t.Schema()
	if err != nil {
		return queryFault(q.icebergFault(err, st.Table.Name))
	}
	b = array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	var failed error
	files, err := draft.t.Write(ctx, uuid.New(), schema, func(yield func(arrow.RecordBatch, error) bool) {
		for {
			r, err, more := next()
			if err != nil {
				failed = err
			}
			if !more || !yield(r, err) {
				return
			}
		}
	})
	if err == nil {
		if st.Empty {
			q.e.Rows.OutputRows = 0
		}
		err = q.appendIceberg(ctx, draft.t, draft.o, files, manifest)
	}
	if failed != nil {
		err = failed
	}
	if err == nil {
		err = draft.publish(ctx, st.Table, st.IfNotExist)
	}
	if err != nil {
		draft.o.drop(ctx)
	}
	return queryFault(q.icebergFault(err, st.Table.Name))
}

// icebergType is a type of a result in the words of Iceberg's columns.
func icebergType(t *sql.Type) (string, error) {
	if t != nil && t.Kind == "timestamp with time zone" {
		return "timestamptz", nil
	}
	return hiveType(t)
}
