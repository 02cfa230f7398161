package featurestore

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

func TestEventTime(t *testing.T) {
	f := func(kind Kind, text, want string) {
		t.Helper()
		at, err := EventTime(kind, text)
		got := at.Format(time.RFC3339Nano)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s %q: got %s, want %s", kind, text, got, want)
		}
	}
	f(Fractional, "0", "1970-01-01T00:00:00Z")
	f(Fractional, "1593511200.25", "2020-06-30T10:00:00.25Z")
	f(Fractional, "1593511200.123456789", "2020-06-30T10:00:00.123456789Z")
	f(Fractional, "1.5935112e9", "2020-06-30T10:00:00Z")
	f(Fractional, "-0.5", "1969-12-31T23:59:59.5Z")
	f(Fractional, "1e300", "error")
	f(Fractional, "NaN", "error")
	f(Fractional, "", "error")
	f(Fractional, "2020-06-30T10:00:00Z", "error")
	f(String, "2020-06-30T10:00:00Z", "2020-06-30T10:00:00Z")
	f(String, "2020-06-30T10:00:00.123Z", "2020-06-30T10:00:00.123Z")
	f(String, "2020-06-30T10:00:00,123Z", "error")
	f(String, "2020-06-30T10:00:00+01:00", "error")
	f(String, "2020-06-31T10:00:00Z", "error")
	f(String, "0000-06-30T10:00:00Z", "error")
	f(String, "1593511200", "error")
}

func FuzzEventTime(f *testing.F) {
	f.Add("1593511200.5")
	f.Add("2020-06-30T10:00:00.123Z")
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []Kind{String, Fractional} {
			at, err := EventTime(kind, text)
			if err == nil && (at.Year() < 1 || at.Year() > 9999 || len(Folder(Partition(at))) != len("year=2020/month=06/day=30/hour=10")) {
				t.Errorf("%s %q: got %s", kind, text, at)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	f := func(d Definition, v Value, ok bool) {
		t.Helper()
		if err := d.Check(v); (err == nil) != ok {
			t.Errorf("%v %v: got %v", d, v, err)
		}
	}
	f(Definition{Kind: Integral}, Value{Text: "-9223372036854775808"}, true)
	f(Definition{Kind: Integral}, Value{Text: "9223372036854775808"}, false)
	f(Definition{Kind: Integral}, Value{Text: "1.0"}, false)
	f(Definition{Kind: Fractional}, Value{Text: "1e-3"}, true)
	f(Definition{Kind: Fractional}, Value{Text: "a"}, false)
	f(Definition{Kind: String}, Value{}, true)
	f(Definition{Kind: String}, Value{List: []string{"a"}}, false)
	f(Definition{Kind: Integral, List: true}, Value{Text: "1"}, false)
	f(Definition{Kind: Integral, List: true}, Value{List: []string{"1", "b"}}, false)
	f(Definition{Kind: Fractional, List: true, As: "Vector", Size: 2}, Value{List: []string{"1", "2"}}, true)
	f(Definition{Kind: Fractional, List: true, As: "Vector", Size: 2}, Value{List: []string{"1"}}, false)
}

func TestWrite(t *testing.T) {
	features := []Definition{{Name: "id", Kind: String}, {Name: "Count", Kind: Integral}, {Name: "part", Kind: Fractional}, {Name: "words", Kind: String, List: true}}
	event := time.Date(2020, 6, 30, 10, 5, 6, 0, time.UTC)
	var b bytes.Buffer
	if err := Write(&b, features, []Row{
		{Values: []Value{{Name: "part", Text: "0.5"}, {Name: "id", Text: "a"}, {Name: "Count", Text: "7"}, {Name: "words", List: []string{"x", "y"}}}, Event: event, Invoked: event},
		{Values: []Value{{Name: "id", Text: "b"}, {Name: "gone", Text: "1"}, {Name: "Count", Text: "no number"}}, Event: event, Invoked: event, Deleted: true},
	}, event.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	r, err := file.NewParquetReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := reader.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	rows := array.NewTableReader(table, 0)
	defer rows.Release()
	rows.Next()
	got := fmt.Sprint(rows.RecordBatch().Columns())
	want := `[["a" "b"] [7 (null)] [0.5 (null)] [["x" "y"] (null)] [1593511507000000 1593511507000000] [1593511506000000 1593511506000000] [false true]]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := Folder(Partition(event)), "year=2020/month=06/day=30/hour=10"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := File(event, "a"); len(got) != len("20200630T100506Z_0123456789abcdef.parquet") || got != File(event, "a") || got == File(event, "b") {
		t.Errorf("got %s", got)
	}
}
