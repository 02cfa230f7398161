package tabular

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const batchRows = 1024

// allocError is thrown by an allocator that was asked for too much.
type allocError struct{ error }

// allocator refuses single pieces above max: what a page says of its size may be a lie.
type allocator struct {
	memory.Allocator
	max int64
}

func (a allocator) check(size int) {
	if int64(size) > a.max {
		panic(allocError{fmt.Errorf("%w: %d bytes at once", ErrTooLarge, size)})
	}
}

func (a allocator) Allocate(size int) []byte {
	a.check(size)
	return a.Allocator.Allocate(size)
}

func (a allocator) Reallocate(size int, b []byte) []byte {
	a.check(size)
	return a.Allocator.Reallocate(size, b)
}

func (r *rowReader) parquet(f *opened) error {
	at, size, err := f.random(r.o.MaxMemory)
	if err != nil {
		return err
	}
	meta, err := readFooter(at, size)
	if err != nil {
		return err
	}
	mem := allocator{memory.NewGoAllocator(), r.o.MaxMemory}
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true
	pf, err := file.NewParquetReader(io.NewSectionReader(at, 0, size), file.WithReadProps(props), file.WithMetadata(meta))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer pf.Close()
	batches, next, err := r.batches(pf, mem)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer batches.Release()
	columns := r.arrowColumns(batches.Schema())
	for {
		rec, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.batch(rec, columns); err != nil {
			return err
		}
	}
}

// batches gives records. A panic of the decoder is an error; one of whoever takes the rows is not caught.
func (r *rowReader) batches(pf *file.Reader, mem memory.Allocator) (rr pqarrow.RecordReader, next func() (arrow.RecordBatch, error), err error) {
	defer recovered("its columns", &err)
	reader, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: batchRows}, mem)
	if err != nil {
		return nil, nil, err
	}
	if rr, err = reader.GetRecordReader(context.WithoutCancel(r.ctx), nil, nil); err != nil {
		return nil, nil, err
	}
	return rr, func() (rec arrow.RecordBatch, err error) {
		defer recovered("its pages", &err)
		if rec, err = rr.Read(); err != nil && err != io.EOF {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return rec, err
	}, nil
}

// arrowColumns are the schema's columns in the file, -1 for one that it lacks.
func (r *rowReader) arrowColumns(sc *arrow.Schema) []int {
	raw := make([]string, 0, sc.NumFields())
	for _, f := range sc.Fields() {
		raw = append(raw, f.Name)
	}
	at := map[string]int{}
	for i, n := range columnNames(raw) {
		at[n] = i
	}
	out := make([]int, len(r.schema.Columns))
	for i, c := range r.schema.Columns {
		out[i] = -1
		if p, ok := at[strings.ToLower(c.Name)]; ok {
			out[i] = p
		}
	}
	return out
}

func (r *rowReader) batch(rec arrow.RecordBatch, columns []int) error {
	for i := range int(rec.NumRows()) {
		if err := r.take(rec, i, columns); err != nil {
			return err
		}
		if err := r.give(); err != nil {
			return err
		}
	}
	return nil
}

// take sets the row. The lengths in a batch may be lies still.
func (r *rowReader) take(rec arrow.RecordBatch, i int, columns []int) (err error) {
	defer recovered("a row", &err)
	for j, c := range columns {
		if c >= 0 {
			r.row[j] = arrowValue(rec.Column(c), i, 0)
		}
	}
	return nil
}

// span is where an element's values are, which must be there.
func span(a array.ListLike, i int) (int64, int64) {
	from, to := a.ValueOffsets(i)
	if n := int64(a.ListValues().Len()); from < 0 || from > to || to > n {
		panic(fmt.Sprintf("values %d to %d of %d", from, to, n))
	}
	return from, to
}

// arrowValue is a value of an array in Go's types.
func arrowValue(a arrow.Array, i, depth int) any {
	if a.IsNull(i) || depth > MaxDepth {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Uint8:
		return int64(a.Value(i))
	case *array.Uint16:
		return int64(a.Value(i))
	case *array.Uint32:
		return int64(a.Value(i))
	case *array.Float32:
		return float64(a.Value(i))
	case *array.Float64:
		return a.Value(i)
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.Binary:
		return append([]byte{}, a.Value(i)...)
	case *array.FixedSizeBinary:
		return append([]byte{}, a.Value(i)...)
	case *array.Date32:
		return a.Value(i).ToTime()
	case *array.Date64:
		return a.Value(i).ToTime()
	case *array.Timestamp:
		return a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit).In(time.UTC)
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Map:
		return arrowMap(a, i, depth)
	case array.ListLike:
		from, to := span(a, i)
		out := make([]any, 0, to-from)
		for k := from; k < to; k++ {
			out = append(out, arrowValue(a.ListValues(), int(k), depth+1))
		}
		return out
	case *array.Struct:
		out := make(map[string]any, a.NumField())
		for k, f := range a.DataType().(*arrow.StructType).Fields() {
			out[f.Name] = arrowValue(a.Field(k), i, depth+1)
		}
		return out
	}
	return a.ValueStr(i) // what is rare
}

func arrowMap(a *array.Map, i, depth int) any {
	from, to := span(a, i)
	out := make(map[string]any, to-from)
	for k := from; k < to; k++ {
		out[fmt.Sprint(arrowValue(a.Keys(), int(k), depth+1))] = arrowValue(a.Items(), int(k), depth+1)
	}
	return out
}
