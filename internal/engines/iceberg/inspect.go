package iceberg

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go/table"
)

// Views are the names of tables that describe a table.
var Views = []string{"history", "snapshots", "manifests", "refs", "files", "partitions"}

// View writes one of Views as Parquet.
func (t *Table) View(ctx context.Context, name string, w io.Writer) (columns []Column, err error) {
	defer guard(&err)
	i := t.t.Inspect()
	open := map[string]func(context.Context) (array.RecordReader, error){"history": i.History, "snapshots": i.Snapshots, "manifests": i.Manifests,
		"refs": i.Refs, "files": i.Files, "partitions": i.Partitions}[name]
	if open == nil {
		return nil, fmt.Errorf("there is no view %s of a table", name)
	}
	r, err := open(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot describe the table: %w", err)
	}
	defer r.Release()
	if columns, err = viewColumns(r.Schema()); err != nil {
		return nil, err
	}
	out, err := pqarrow.NewFileWriter(r.Schema(), struct{ io.Writer }{w}, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy)),
		pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, fmt.Errorf("cannot describe the table: %w", err)
	}
	for r.Next() {
		if err := out.WriteBuffered(r.RecordBatch()); err != nil {
			return nil, fmt.Errorf("cannot describe the table: %w", err)
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("cannot describe the table: %w", r.Err())
	}
	return columns, out.Close()
}

// viewColumns leaves out what has a type of no column, as the partition of a table that has none.
func viewColumns(s *arrow.Schema) (out []Column, err error) {
	schema, err := table.ArrowSchemaToIceberg(s, false, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot describe the table: %w", err)
	}
	all, err := columnsOf(schema, false)
	for _, c := range all {
		if c.Type != "struct<>" {
			c.ID = 0
			out = append(out, c)
		}
	}
	return out, err
}
