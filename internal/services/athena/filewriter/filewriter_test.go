package filewriter

import (
	"bytes"
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

func columns(t *testing.T, types ...string) (out []Column) {
	t.Helper()
	for i, s := range types {
		kind, err := dialect.ParseHive(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Column{Name: string(rune('a' + i)), Type: kind})
	}
	return out
}

// write writes the first row of values.
func write(t *testing.T, o Options, c []Column, values ...any) []byte {
	t.Helper()
	chunk := &sql.Chunk{Len: 1}
	var places []int
	for i, v := range values {
		chunk.Columns, places = append(chunk.Columns, []any{v}), append(places, i)
	}
	var b bytes.Buffer
	w, err := New(&b, o, c, places)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Rows(chunk, []int{0}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLines(t *testing.T) {
	f := func(o Options, want string, types []string, values ...any) {
		t.Helper()
		o.Compression = "NONE"
		if got := string(write(t, o, columns(t, types...), values...)); got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
	f(Options{Format: JSON}, "{\"a\":1,\"b\":\"x\\\"y\",\"c\":null,\"d\":[1,null],\"e\":{\"k\":2.5},\"f\":{\"x\":true},\"g\":\"2024-01-02\"}\n",
		[]string{"int", "string", "double", "array<int>", "map<string,double>", "struct<x:boolean>", "date"},
		int64(1), `x"y`, nil, sql.List{int64(1), nil}, sql.Map{{Key: "k", Value: 2.5}}, sql.Row{true}, sql.Date(19724))
	f(Options{Format: Text, Delimiter: ","}, "1,\\N,a b,1\x022\n", []string{"int", "int", "string", "array<int>"}, int64(1), nil, "a\nb", sql.List{int64(1), int64(2)})
	f(Options{Format: Text, Null: "-"}, "-\x01k\x03v\x02l\x03w\n", []string{"int", "map<string,string>"}, nil, sql.Map{{Key: "k", Value: "v"}, {Key: "l", Value: "w"}})
}

func TestParquet(t *testing.T) {
	c := columns(t, "int", "string", "double", "array<int>", "map<string,double>", "struct<x:boolean>", "date", "decimal(10,2)", "timestamp", "binary")
	for _, compression := range []string{"", "NONE", "SNAPPY", "ZSTD"} {
		b := write(t, Options{Format: Parquet, Compression: compression}, c, int64(1), "x", nil, sql.List{int64(1), nil},
			sql.Map{{Key: "k", Value: 2.5}}, sql.Row{true}, sql.Date(19724), sql.Decimal("-1.50"), sql.Timestamp(1_700_000_000_000_000), []byte{1})
		r, err := file.NewParquetReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		p, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		table, err := p.ReadTable(context.Background())
		if err != nil || table.NumRows() != 1 || table.NumCols() != 10 {
			t.Fatalf("%v %v", table, err)
		}
		for i, want := range []string{"[1]", `["x"]`, "[(null)]", "[[1 (null)]]", `[{["k"] [2.5]}]`, "{[true]}"} {
			if got := table.Column(i).Data().Chunk(0).String(); got != want {
				t.Errorf("column %d: %s, want %s", i, got, want)
			}
		}
		table.Release()
	}
}

func TestCheck(t *testing.T) {
	for _, o := range []Options{{Format: "ORC"}, {Format: "AVRO"}, {}, {Format: JSON, Compression: "SNAPPY"}, {Format: Parquet, Compression: "LZO"}} {
		if o.Check() == nil {
			t.Errorf("%+v is let through", o)
		}
	}
}
