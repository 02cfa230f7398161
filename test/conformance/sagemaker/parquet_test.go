package sagemaker_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// identifiers reads the column "id" of a Parquet file.
func identifiers(t *testing.T, b []byte) (out []string) {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := reader.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	rows := array.NewTableReader(table, 0)
	defer rows.Release()
	for rows.Next() {
		b := rows.RecordBatch()
		ids := b.Column(b.Schema().FieldIndices("id")[0]).(*array.String)
		for i := range ids.Len() {
			out = append(out, ids.Value(i))
		}
	}
	return out
}
