package featurestore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Row is a record on its way into the offline store.
type Row struct {
	Values  []Value
	Event   time.Time
	Invoked time.Time // when it was put or deleted
	Deleted bool      `json:",omitempty"`
}

// The columns that the store adds.
const (
	WriteTime      = "write_time"
	InvocationTime = "api_invocation_time"
	IsDeleted      = "is_deleted"
)

// Keys are the partition keys of the offline store.
func Keys() []string { return []string{"year", "month", "day", "hour"} }

// Reserved tells names, in lower case, that features cannot have: of groups with an offline store its partition keys, too.
func Reserved(name string, offline bool) bool {
	return slices.Contains([]string{WriteTime, InvocationTime, IsDeleted}, name) || offline && slices.Contains(Keys(), name)
}

// Partition are the values of the partition keys year, month, day and hour of an event.
func Partition(event time.Time) [4]string {
	t := event.UTC()
	return [4]string{t.Format("2006"), t.Format("01"), t.Format("02"), t.Format("15")}
}

// Folder is where a partition lies below the data of a group.
func Folder(p [4]string) string {
	return "year=" + p[0] + "/month=" + p[1] + "/day=" + p[2] + "/hour=" + p[3]
}

// File names the file of some records, of which the latest event was at that time. The same seed gives the same name.
func File(latest time.Time, seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return latest.UTC().Format("20060102T150405Z") + "_" + hex.EncodeToString(sum[:8]) + ".parquet"
}

// Write writes rows as a Parquet file: the features in the order of their definitions, and the columns that the store adds. A value
// that does not fit its feature any more is left out.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
func Write(w io.Writer, features []Definition, rows []Row, written time.Time) error {
	schema := schemaOf(features)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, r := range rows {
		for i, d := range features {
			at := slices.IndexFunc(r.Values, func(v Value) bool { return v.Name == d.Name })
			if at < 0 || d.Check(r.Values[at]) != nil {
				b.Field(i).AppendNull()
				continue
			}
			add(b.Field(i), d, r.Values[at])
		}
		n := len(features)
		b.Field(n).(*array.TimestampBuilder).Append(arrow.Timestamp(written.UnixMicro()))
		b.Field(n + 1).(*array.TimestampBuilder).Append(arrow.Timestamp(r.Invoked.UnixMicro()))
		b.Field(n + 2).(*array.BooleanBuilder).Append(r.Deleted)
	}
	f, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w}, // its Close is the caller's
		parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy), parquet.WithCreatedBy("atelier")),
		pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(memory.DefaultAllocator)))
	if err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	if err := f.Write(batch); err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	return nil
}

func schemaOf(features []Definition) *arrow.Schema {
	fields := make([]arrow.Field, 0, len(features)+3)
	for _, d := range features {
		t := map[Kind]arrow.DataType{Integral: arrow.PrimitiveTypes.Int64, Fractional: arrow.PrimitiveTypes.Float64, String: arrow.BinaryTypes.String}[d.Kind]
		if d.List {
			t = arrow.ListOf(t)
		}
		fields = append(fields, arrow.Field{Name: d.Name, Type: t, Nullable: true})
	}
	moment := &arrow.TimestampType{Unit: arrow.Microsecond}
	return arrow.NewSchema(append(fields, arrow.Field{Name: WriteTime, Type: moment}, arrow.Field{Name: InvocationTime, Type: moment},
		arrow.Field{Name: IsDeleted, Type: arrow.FixedWidthTypes.Boolean}), nil)
}

// add appends a value that was checked.
func add(b array.Builder, d Definition, v Value) {
	if list, ok := b.(*array.ListBuilder); ok {
		list.Append(true)
		for _, text := range v.List {
			one(list.ValueBuilder(), text)
		}
		return
	}
	one(b, v.Text)
}

func one(b array.Builder, text string) {
	switch b := b.(type) {
	case *array.Int64Builder:
		n, _ := strconv.ParseInt(text, 10, 64)
		b.Append(n)
	case *array.Float64Builder:
		f, _ := strconv.ParseFloat(text, 64)
		b.Append(f)
	case *array.StringBuilder:
		b.Append(text)
	}
}

// Column is the type of a feature's column in the Glue catalog.
func (d Definition) Column() string {
	t := map[Kind]string{Integral: "bigint", Fractional: "double", String: "string"}[d.Kind]
	if d.List {
		return "array<" + t + ">"
	}
	return t
}
