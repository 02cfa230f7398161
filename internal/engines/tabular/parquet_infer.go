package tabular

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const (
	firstFooter = 64 << 10 // read of the end at first; most footers are in it
	maxFooter   = 64 << 20
)

func inferParquet(f *opened, o Options) (Schema, error) {
	at, size, err := f.random(o.MaxMemory)
	if err != nil {
		return Schema{}, err
	}
	meta, err := readFooter(at, size)
	if err != nil {
		return Schema{}, fmt.Errorf("cannot read %s: %w", f.Name, err)
	}
	out, err := describeParquet(meta)
	if err != nil {
		return Schema{}, fmt.Errorf("cannot read %s: %w", f.Name, err)
	}
	return out, nil
}

// readFooter reads the end of a file, in one or two reads, and checks that what it speaks of can be there.
func readFooter(at io.ReaderAt, size int64) (meta *metadata.FileMetaData, err error) {
	defer recovered("the footer", &err)
	if size < 12 {
		return nil, fmt.Errorf("%w: %d bytes are no Parquet file", ErrCorrupt, size)
	}
	tail := make([]byte, min(size, firstFooter))
	if err := readFull(at, tail, size-int64(len(tail))); err != nil {
		return nil, err
	}
	end := tail[len(tail)-8:]
	if string(end[4:]) == "PARE" {
		return nil, fmt.Errorf("%w: the footer is encrypted", ErrUnsupported)
	}
	if string(end[4:]) != string(parquetMagic) {
		return nil, fmt.Errorf("%w: it does not end as Parquet does; it was cut off or is not complete", ErrCorrupt)
	}
	n := int64(binary.LittleEndian.Uint32(end))
	if n > maxFooter {
		return nil, fmt.Errorf("%w: a footer of %d bytes", ErrTooLarge, n)
	}
	if n+12 > size {
		return nil, fmt.Errorf("%w: a footer of %d bytes in a file of %d", ErrCorrupt, n, size)
	}
	footer := tail[:len(tail)-8]
	if n > int64(len(footer)) {
		footer = make([]byte, n)
		if err := readFull(at, footer, size-8-n); err != nil {
			return nil, err
		}
	}
	meta, err = metadata.NewFileMetaData(footer[int64(len(footer))-n:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return meta, checkFooter(meta, size)
}

func readFull(at io.ReaderAt, b []byte, off int64) error {
	n, err := at.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = fmt.Errorf("%w: it ends too early", ErrCorrupt)
	}
	return err
}

func checkFooter(meta *metadata.FileMetaData, size int64) error {
	if meta.NumRows < 0 || meta.NumColumns() > MaxColumns {
		return fmt.Errorf("%w: %d rows of %d columns", ErrCorrupt, meta.NumRows, meta.NumColumns())
	}
	for i := range meta.NumRowGroups() {
		g := meta.RowGroup(i)
		if g.NumColumns() != meta.NumColumns() || g.NumRows() < 0 {
			return fmt.Errorf("%w: row group %d has %d columns of %d", ErrCorrupt, i, g.NumColumns(), meta.NumColumns())
		}
		for j := range g.NumColumns() {
			c, err := g.ColumnChunk(j)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
			from, n := c.DataPageOffset(), c.TotalCompressedSize()
			if c.HasDictionaryPage() && (c.DictionaryPageOffset() < 0 || c.DictionaryPageOffset() > size) {
				return fmt.Errorf("%w: a dictionary lies outside of the file", ErrCorrupt)
			}
			if from < 0 || n < 0 || from > size || n > size {
				return fmt.Errorf("%w: a column lies outside of the file", ErrCorrupt)
			}
		}
	}
	return nil
}

func describeParquet(meta *metadata.FileMetaData) (out Schema, err error) {
	defer recovered("the schema", &err)
	sc, err := pqarrow.FromParquet(meta.Schema, nil, nil)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	out = Schema{Format: Parquet, Classification: string(Parquet), Compression: Uncompressed, Rows: meta.NumRows, Records: meta.NumRows, Whole: true}
	raw := make([]string, 0, sc.NumFields())
	for _, f := range sc.Fields() {
		raw = append(raw, f.Name)
	}
	for i, n := range columnNames(raw) {
		t, err := arrowType(sc.Field(i).Type, 0)
		if err != nil {
			return out, err
		}
		out.Columns = append(out.Columns, Column{Name: n, Source: raw[i], Type: bounded(t)})
	}
	var bytes int64
	for i := range meta.NumRowGroups() {
		g := meta.RowGroup(i)
		bytes += max(0, g.TotalByteSize())
		if i == 0 && g.NumColumns() > 0 {
			if c, err := g.ColumnChunk(0); err == nil {
				out.Codec = strings.ToLower(c.Compression().String())
			}
		}
	}
	if meta.NumRows > 0 {
		out.AverageRecord = bytes / meta.NumRows
	}
	return out, nil
}

var errDeep = errors.New("nested too deep")

// arrowType is the Hive type that holds an Arrow type's values.
func arrowType(t arrow.DataType, depth int) (Type, error) {
	if depth > MaxDepth {
		return Type{}, fmt.Errorf("%w: %w", ErrCorrupt, errDeep)
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type, *arrow.Decimal256Type, *arrow.Decimal32Type, *arrow.Decimal64Type:
		d := t.(arrow.DecimalType)
		if d.GetPrecision() > maxPrecision || d.GetScale() < 0 || d.GetScale() > d.GetPrecision() {
			return Of(String), nil
		}
		return DecimalOf(int(d.GetPrecision()), int(d.GetScale())), nil
	case *arrow.MapType:
		key, err := arrowType(t.KeyType(), depth+1)
		if err != nil {
			return key, err
		}
		elem, err := arrowType(t.ItemType(), depth+1)
		return MapOf(key, elem), err
	case arrow.ListLikeType:
		elem, err := arrowType(t.Elem(), depth+1)
		return ArrayOf(elem), err
	case *arrow.StructType:
		out := Type{Kind: Struct}
		for _, f := range t.Fields() {
			ft, err := arrowType(f.Type, depth+1)
			if err != nil {
				return ft, err
			}
			out.Fields = append(out.Fields, Field{Name: f.Name, Type: ft})
		}
		return out, nil
	case *arrow.DictionaryType:
		return arrowType(t.ValueType, depth)
	case arrow.ExtensionType:
		return arrowType(t.StorageType(), depth+1)
	}
	if t.ID() == arrow.UINT64 {
		return DecimalOf(20, 0), nil
	}
	return Of(or(arrowKinds[t.ID()], String)), nil
}

// arrowKinds has no entry for what Hive cannot hold, which then reads as text. Unsigned numbers take the next larger type.
var arrowKinds = map[arrow.Type]Kind{
	arrow.BOOL: Boolean, arrow.INT8: TinyInt, arrow.INT16: SmallInt, arrow.INT32: Int, arrow.INT64: BigInt,
	arrow.UINT8: SmallInt, arrow.UINT16: Int, arrow.UINT32: BigInt,
	arrow.FLOAT16: Float, arrow.FLOAT32: Float, arrow.FLOAT64: Double,
	arrow.STRING: String, arrow.LARGE_STRING: String, arrow.BINARY: Binary, arrow.LARGE_BINARY: Binary, arrow.FIXED_SIZE_BINARY: Binary,
	arrow.DATE32: Date, arrow.DATE64: Date, arrow.TIMESTAMP: Timestamp, arrow.TIME32: Int, arrow.TIME64: BigInt,
}
