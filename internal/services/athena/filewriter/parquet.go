package filewriter

import (
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// rowsAtOnce is how many rows are handed to the file's writer together, and groupRows how many make a row group.
const (
	rowsAtOnce = 16 << 10
	groupRows  = 512 << 10
)

// parquetFile is a Parquet file.
type parquetFile struct {
	w      *pqarrow.FileWriter
	b      *array.RecordBuilder
	types  []*sql.Type
	places []int
	held   int
}

func newParquet(w io.Writer, o Options, columns []Column, places []int) (Writer, error) {
	codec := map[string]compress.Compression{"": compress.Codecs.Gzip, "GZIP": compress.Codecs.Gzip, "SNAPPY": compress.Codecs.Snappy,
		"ZSTD": compress.Codecs.Zstd, "NONE": compress.Codecs.Uncompressed, "UNCOMPRESSED": compress.Codecs.Uncompressed}[o.Compression]
	p := &parquetFile{places: places}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		t, err := arrowType(c.Type)
		if err != nil {
			return nil, err
		}
		fields[i] = arrow.Field{Name: c.Name, Type: t, Nullable: true}
		p.types = append(p.types, c.Type)
	}
	schema := arrow.NewSchema(fields, nil)
	var err error
	p.w, err = pqarrow.NewFileWriter(schema, struct{ io.Writer }{w}, // its Close is ours
		parquet.NewWriterProperties(parquet.WithCompression(codec), parquet.WithCreatedBy("atelier"), parquet.WithMaxRowGroupLength(groupRows)),
		pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(memory.DefaultAllocator)))
	if err != nil {
		return nil, fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	p.b = array.NewRecordBuilder(memory.DefaultAllocator, schema)
	return p, nil
}

// Rows holds rows back until there are enough of them.
func (p *parquetFile) Rows(c *sql.Chunk, rows []int) error {
	for i, t := range p.types {
		b := p.b.Field(i)
		values := c.Columns[p.places[i]]
		for _, row := range rows {
			if err := Append(b, t, values[row]); err != nil {
				return err
			}
		}
	}
	if p.held += len(rows); p.held >= rowsAtOnce {
		return p.flush()
	}
	return nil
}

func (p *parquetFile) flush() error {
	p.held = 0
	r := p.b.NewRecordBatch()
	defer r.Release()
	if err := p.w.WriteBuffered(r); err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	return nil
}

// Close writes what was held back and the footer.
func (p *parquetFile) Close() error {
	defer p.b.Release()
	if p.held > 0 {
		if err := p.flush(); err != nil {
			return err
		}
	}
	if err := p.w.Close(); err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	return nil
}

func arrowType(t *sql.Type) (arrow.DataType, error) {
	switch t.Kind {
	case dialect.Boolean:
		return arrow.FixedWidthTypes.Boolean, nil
	case dialect.TinyInt, dialect.SmallInt, dialect.Integer:
		return arrow.PrimitiveTypes.Int32, nil // as Hive's files have them
	case dialect.BigInt:
		return arrow.PrimitiveTypes.Int64, nil
	case dialect.Real:
		return arrow.PrimitiveTypes.Float32, nil
	case dialect.Double:
		return arrow.PrimitiveTypes.Float64, nil
	case dialect.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.P), Scale: int32(t.S)}, nil
	case dialect.Varchar, dialect.Char:
		return arrow.BinaryTypes.String, nil
	case dialect.Varbinary:
		return arrow.BinaryTypes.Binary, nil
	case dialect.Date:
		return arrow.FixedWidthTypes.Date32, nil
	case dialect.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}, nil
	case dialect.Array:
		e, err := arrowType(t.Elems[0])
		if err != nil {
			return nil, err
		}
		return arrow.ListOf(e), nil
	case dialect.Map:
		k, err := arrowType(t.Elems[0])
		if err != nil {
			return nil, err
		}
		v, err := arrowType(t.Elems[1])
		if err != nil {
			return nil, err
		}
		return arrow.MapOf(k, v), nil
	case dialect.Row:
		fields := make([]arrow.Field, len(t.Elems))
		for i, e := range t.Elems {
			f, err := arrowType(e)
			if err != nil {
				return nil, err
			}
			fields[i] = arrow.Field{Name: t.Names[i], Type: f, Nullable: true}
		}
		return arrow.StructOf(fields...), nil
	}
	return nil, fmt.Errorf("type %s cannot be written", t)
}

// Append appends a value of the engine's to a column of Arrow's.
func Append(b array.Builder, t *sql.Type, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int32Builder:
		b.Append(int32(v.(int64)))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Float32Builder:
		b.Append(v.(float32))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.BinaryBuilder:
		b.Append(v.([]byte))
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.(sql.Date)))
	case *array.TimestampBuilder:
		if z, ok := v.(sql.TimestampTZ); ok {
			b.Append(arrow.Timestamp(z))
			return nil
		}
		b.Append(arrow.Timestamp(v.(sql.Timestamp)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(v.(sql.Time)))
	case *array.FixedSizeBinaryBuilder:
		return fixed(b, v.([]byte))
	case *extensions.UUIDBuilder:
		return b.AppendValueFromString(v.(string))
	case *array.Decimal128Builder:
		d, err := decimal128.FromString(strings.TrimSpace(string(v.(sql.Decimal))), int32(t.P), int32(t.S))
		if err != nil {
			return fmt.Errorf("cannot write a decimal: %w", err)
		}
		b.Append(d)
	case *array.ListBuilder:
		b.Append(true)
		for _, e := range v.(sql.List) {
			if err := Append(b.ValueBuilder(), t.Elems[0], e); err != nil {
				return err
			}
		}
	case *array.MapBuilder:
		b.Append(true)
		for _, e := range v.(sql.Map) {
			if err := Append(b.KeyBuilder(), t.Elems[0], e.Key); err != nil {
				return err
			}
			if err := Append(b.ItemBuilder(), t.Elems[1], e.Value); err != nil {
				return err
			}
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, e := range v.(sql.Row) {
			if err := Append(b.FieldBuilder(i), t.Elems[i], e); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("type %s cannot be written", t)
	}
	return nil
}

func fixed(b *array.FixedSizeBinaryBuilder, v []byte) error {
	if n := b.Type().(*arrow.FixedSizeBinaryType).ByteWidth; len(v) != n {
		return fmt.Errorf("a value of %d bytes cannot be written as one of %d", len(v), n)
	}
	b.Append(v)
	return nil
}
