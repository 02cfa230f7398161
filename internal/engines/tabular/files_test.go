package tabular

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

// parquetFile writes rows given as JSON with an Arrow schema.
func parquetFile(t testing.TB, sc *arrow.Schema, rows string, codec compress.Compression) []byte {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, sc, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(sc, &out, parquet.NewWriterProperties(parquet.WithCompression(codec)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func nestedSchema() *arrow.Schema {
	f := func(name string, t arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: t, Nullable: true}
	}
	return arrow.NewSchema([]arrow.Field{
		f("Id", arrow.PrimitiveTypes.Int64), f("small", arrow.PrimitiveTypes.Int16), f("tiny", arrow.PrimitiveTypes.Int8),
		f("u32", arrow.PrimitiveTypes.Uint32), f("u64", arrow.PrimitiveTypes.Uint64), f("f", arrow.PrimitiveTypes.Float32),
		f("d", arrow.PrimitiveTypes.Float64), f("ok", arrow.FixedWidthTypes.Boolean), f("name", arrow.BinaryTypes.String),
		f("raw", arrow.BinaryTypes.Binary), f("price", &arrow.Decimal128Type{Precision: 12, Scale: 2}), f("day", arrow.FixedWidthTypes.Date32),
		f("at", arrow.FixedWidthTypes.Timestamp_us), f("tags", arrow.ListOf(arrow.BinaryTypes.String)),
		f("attrs", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32)),
		f("place", arrow.StructOf(f("lat", arrow.PrimitiveTypes.Float64), f("in", arrow.ListOf(arrow.StructOf(f("x", arrow.PrimitiveTypes.Int32)))))),
	}, nil)
}

const nestedRows = `[
 {"Id":1,"small":2,"tiny":3,"u32":4,"u64":5,"f":0.5,"d":1.5,"ok":true,"name":"a","raw":"eA==","price":"12.50","day":"2024-02-29","at":"2024-02-29T10:00:00.000001Z",
  "tags":["x","y"],"attrs":[{"key":"k","value":7}],"place":{"lat":1.25,"in":[{"x":9}]}},
 {"Id":2,"name":null,"tags":[],"place":null}]`

func TestInferParquet(t *testing.T) {
	b := parquetFile(t, nestedSchema(), nestedRows, compress.Codecs.Snappy)
	s := inferOf(t, string(b), Options{})
	want := "id:bigint small:smallint tiny:tinyint u32:bigint u64:decimal(20,0) f:float d:double ok:boolean name:string raw:binary price:decimal(12,2) " +
		"day:date at:timestamp tags:array<string> attrs:map<string,int> place:struct<lat:double,in:array<struct<x:int>>>"
	if got := columnsOf(s); got != want {
		t.Errorf("columns:\n got %s\nwant %s", got, want)
	}
	if s.Format != Parquet || s.Rows != 2 || s.Codec != "snappy" || s.Compression != Uncompressed || s.Columns[0].Source != "Id" {
		t.Errorf("got %+v", s)
	}
	stream := Stream("s", -1, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil })
	if again, err := Infer(context.Background(), stream, Options{}); err != nil || columnsOf(again) != want {
		t.Errorf("as a stream: %v, %v", columnsOf(again), err)
	}
}

// countingReader counts the bytes that are asked for.
type countingReader struct {
	io.ReaderAt
	reads, bytes int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.bytes += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

func TestParquetReadsItsEndOnly(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("[")
	for i := range 200000 {
		if i > 0 {
			rows.WriteString(",")
		}
		rows.WriteString(`{"Id":` + strings.Repeat("1", 1+i%18) + `,"d":` + strings.Repeat("7", 1+i%15) + `}`)
	}
	rows.WriteString("]")
	b := parquetFile(t, nestedSchema(), rows.String(), compress.Codecs.Uncompressed)
	c := &countingReader{ReaderAt: bytes.NewReader(b)}
	if _, err := Infer(context.Background(), At("x.parquet", c, int64(len(b))), Options{SampleBytes: 4096}); err != nil {
		t.Fatal(err)
	}
	if c.reads > 2 || c.bytes > firstFooter+firstParquet {
		t.Errorf("read %d bytes in %d reads of a file of %d", c.bytes, c.reads, len(b))
	}
}

func TestCorruptParquet(t *testing.T) {
	good := parquetFile(t, nestedSchema(), nestedRows, compress.Codecs.Snappy)
	f := func(name string, b []byte) {
		t.Helper()
		if s, err := Infer(context.Background(), Bytes("x", b), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, %v, want ErrCorrupt", name, s.Format, err)
		}
	}
	f("cut off", good[:len(good)-5])
	f("only the beginning", good[:100])
	f("only the magic", good[:4])
	f("footer longer than the file", append(append([]byte{}, good[:len(good)-8]...), "\xff\xff\xff\x00PAR1"...))
	bad := bytes.Clone(good)
	for i := len(bad) - 100; i < len(bad)-20; i++ {
		bad[i] = 0xff
	}
	f("rubbish in the footer", bad)
	f("the data is missing", append([]byte("PAR1"), good[len(good)*3/4:]...))
}

func TestCompressions(t *testing.T) {
	text := []byte("id,name\n1,a\n2,b\n")
	bz, err := base64.StdEncoding.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, b []byte, want Compression) {
		t.Helper()
		for _, src := range []Source{Bytes(name, b), Stream(name, int64(len(b)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil })} {
			s, err := Infer(context.Background(), src, Options{})
			if err != nil || s.Compression != want || columnsOf(s) != "id:bigint name:string" || !s.Whole || s.Records != 2 {
				t.Errorf("%s: %+v, %v", name, s, err)
			}
		}
	}
	f("plain.gz", text, Uncompressed)
	f("x", gzipped(t, text), Gzip)
	f("two members", append(gzipped(t, text[:8]), gzipped(t, text[8:])...), Gzip)
	f("x", zstded(t, text), Zstd)
	f("x", bz, Bzip2)

	bad := func(name string, b []byte) {
		t.Helper()
		if s, err := Infer(context.Background(), Bytes(name, b), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, %v, want ErrCorrupt", name, s, err)
		}
	}
	z := gzipped(t, text)
	bad("gzip cut off", z[:len(z)-9])
	z[len(z)-6] ^= 1
	bad("gzip with a wrong sum", z)
	bad("zstd cut off", zstded(t, bytes.Repeat(text, 100))[:20])
}

// bzipped is what bzip2 makes of id,name\n1,a\n2,b\n
const bzipped = "QlpoOTFBWSZTWaAwe34AAAbZAAAQAAQwADYjIAAxANNNBAMQIEFFl0b17fi7kinChIUBg9vw"

func TestBombs(t *testing.T) {
	big := append([]byte("id,name\n"), bytes.Repeat([]byte("1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"), 1<<20)...)
	for _, b := range [][]byte{gzipped(t, big), zstded(t, big)} {
		s, err := Infer(context.Background(), Bytes("x", b), Options{SampleBytes: 1 << 16})
		if err != nil || s.Whole || s.Records > 2000 {
			t.Errorf("%v, %v", s, err)
		}
		n, last := 0, error(nil)
		for _, err := range Rows(context.Background(), Bytes("x", b), s, Options{MaxBytes: 1 << 20}) {
			n++
			last = err
		}
		if !errors.Is(last, ErrTooLarge) || n > 1<<20/40 {
			t.Errorf("%d rows, then %v", n, last)
		}
	}
}

func TestReadFailures(t *testing.T) {
	boom := errors.New("boom")
	broken := Stream("s", -1, func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(gzipped(t, []byte("a,b\n"))[:12]), errReader{boom})), nil
	})
	if _, err := Infer(context.Background(), broken, Options{SampleBytes: 12}); !errors.Is(err, boom) || errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want what the source says", err)
	}
	closed := Stream("s", -1, func() (io.ReadCloser, error) { return nil, boom })
	if _, err := Infer(context.Background(), closed, Options{}); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Infer(ctx, Bytes("x", []byte("a,b\n")), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
