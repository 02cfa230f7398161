package tabular

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

// rowsOf reads a file by what is inferred of it, one line a row.
func rowsOf(t testing.TB, b []byte, o Options) []string {
	t.Helper()
	s, err := Infer(context.Background(), Bytes("x", b), o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for row, err := range Rows(context.Background(), Bytes("x", b), s, o) {
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, v := range row {
			if at, ok := v.(time.Time); ok {
				v = at.Format(time.RFC3339Nano)
			}
			cells = append(cells, fmt.Sprint(v))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func TestRows(t *testing.T) {
	f := func(name, text string, o Options, want ...string) {
		t.Helper()
		for _, b := range [][]byte{[]byte(text), gzipped(t, []byte(text))} {
			if got := rowsOf(t, b, o); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s:\n got %q\nwant %q", name, got, want)
			}
		}
	}
	f("CSV", "id,t,d,p,b\n1,\"a,\nb\",2024-01-02,1.5,true\n2,,2024-01-03,,false\n", Options{},
		"1|a,\nb|2024-01-02T00:00:00Z|1.5|true", "2|<nil>|2024-01-03T00:00:00Z|<nil>|false")
	f("no header", "1;x\n2;y\n", Options{}, "1|x", "2|y")
	f("ragged", "id,t,n\n1,x,3\n2,y\n3,z,4,5\n4,w,9\n5,v,7\n", Options{}, "1|x|3", "2|y|<nil>", "3|z|4", "4|w|9", "5|v|7")
	f("nulls", "id,n\n1,NULL\n2,5\n", Options{}, "1|<nil>", "2|5")
	f("UTF-16", "\xff\xfei\x00,\x00n\x00\n\x001\x00,\x00\xe9\x00\n\x00", Options{}, "1|é")
	f("Latin-1", "id,n\n1,caf\xe9\n", Options{}, "1|café")
	f("a mark", "\ufeffid,n\n1,2\n", Options{}, "1|2")
	f("time zones", "id,at\n1,2024-01-01T10:00:00+02:00\n2,2024-01-01 10:00:00.25\n", Options{}, "1|2024-01-01T08:00:00Z", "2|2024-01-01T10:00:00.25Z")
	f("carriage returns", "id,t\r1,x\r2,y\r", Options{}, "1|x", "2|y")
	f("JSON lines", "{\"a\":1,\"b\":{\"c\":[1,2]}}\n{\"a\":\n{\"B\":{\"c\":null},\"z\":1.5}\n", Options{}, "1|map[c:[1 2]]|<nil>", "<nil>|map[c:<nil>]|1.5")
	f("JSON of several kinds", "{\"a\":1}\n{\"a\":{\"x\":2}}\n{\"a\":\"t\"}\n", Options{}, "1", `{"x":2}`, "t")
	p, err := ParsePath("$.r[*]")
	if err != nil {
		t.Fatal(err)
	}
	f("JSON path", `{"n":2,"r":[{"a":1},{"a":2}]}`, Options{Classifiers: []Classifier{JSONClassifier{Path: p}}}, "1", "2")
	f("JSON array", `[{"a":1},{"a":2}]`, Options{}, "[map[a:1] map[a:2]]")
	g, err := NewGrok("mine", `%{WORD:level} %{NUMBER:took:double} %{GREEDYDATA:text}`, "")
	if err != nil {
		t.Fatal(err)
	}
	f("grok", "INFO 1.5 all well\nnothing\nWARN 2 oh dear\n", Options{Classifiers: []Classifier{g}}, "INFO|1.5|all well", "WARN|2|oh dear")
}

func TestParquetRows(t *testing.T) {
	b := parquetFile(t, nestedSchema(), nestedRows, compress.Codecs.Zstd)
	got := rowsOf(t, b, Options{})
	want := []string{"1|2|3|4|5|0.5|1.5|true|a|[120]|12.50|2024-02-29T00:00:00Z|2024-02-29T10:00:00.000001Z|[x y]|map[k:7]|map[in:[map[x:9]] lat:1.25]",
		"2|" + strings.Repeat("<nil>|", 12) + "[]|<nil>|<nil>"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRowsByName(t *testing.T) {
	s := inferOf(t, "id,t\n1,x\n", Options{})
	s = Merge(s, inferOf(t, "n,t,id\n5,y,2\n", Options{}))
	var got []string
	for _, text := range []string{"id,t\n1,x\n", "n,t,id\n5,y,2\n", "1,x,9\n2,y,8\n"} {
		for row, err := range Rows(context.Background(), Bytes("x", []byte(text)), s, Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(row...))
		}
	}
	if want := "[1x<nil> 2y5 2y8]"; strings.ReplaceAll(fmt.Sprint(got), " <nil>", "<nil>") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestRowsStop(t *testing.T) {
	text := []byte("id,n\n" + strings.Repeat("1,2\n", 10000))
	s := inferOf(t, string(text), Options{})
	n := 0
	for range Rows(context.Background(), Bytes("x", text), s, Options{}) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d rows after the third", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for _, err := range Rows(ctx, Bytes("x", text), s, Options{}) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("got %v, want the context's end", last)
	}
}

func TestRowsAreBounded(t *testing.T) {
	f := func(name string, s Schema, text string, want error) {
		t.Helper()
		var last error
		for _, err := range Rows(context.Background(), Bytes("x", []byte(text)), s, Options{MaxRecord: 1 << 16}) {
			last = err
		}
		if !errors.Is(last, want) {
			t.Errorf("%s: %v, want %v", name, last, want)
		}
	}
	long := strings.Repeat("x", 1<<20)
	f("CSV", inferOf(t, "id,t\n1,\"x\"\n2,y\n", Options{}), "id,t\n1,\""+long+"\n", ErrTooLarge)
	f("JSON lines", inferOf(t, "{\"a\":\"x\"}\n", Options{}), "{\"a\":\""+long+"\"}\n", ErrTooLarge)
	f("JSON document", inferOf(t, "{\n\"a\":\"x\"\n}\n", Options{}), "{\"a\":\""+long+"\"}\n", ErrTooLarge)
	f("JSON cut off", inferOf(t, "{\n\"a\":\"x\"\n}\n", Options{}), "{\"a\":", ErrCorrupt)
	f("Avro", Schema{Format: Avro}, "Obj\x01", ErrUnsupported)
	f("Parquet that is none", Schema{Format: Parquet}, long, ErrCorrupt)
}

func TestLongRecords(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("id,t\n")
	for i := range 200 {
		fmt.Fprintf(&text, "%d,\"%s\n%s\"\n", i, strings.Repeat("a\"\"b", 700), strings.Repeat("c,", 500))
	}
	s := inferOf(t, text.String(), Options{})
	n := 0
	src := Stream("x", -1, func() (io.ReadCloser, error) { return io.NopCloser(&trickle{b: text.Bytes()}), nil })
	for row, err := range Rows(context.Background(), src, s, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if row[0] != int64(n) || row[1] != strings.Repeat("a\"b", 700)+"\n"+strings.Repeat("c,", 500) {
			t.Fatalf("row %d is %.60v", n, row)
		}
		n++
	}
	if n != 200 {
		t.Errorf("%d rows", n)
	}
}

// trickle gives a few bytes at a time.
type trickle struct {
	b []byte
	n int
}

func (r *trickle) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	r.n++
	n := copy(p[:min(len(p), 1+r.n*7%97)], r.b)
	r.b = r.b[n:]
	return n, nil
}

func TestProfile(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,t,d,p\n")
	for i := range 10000 {
		p := fmt.Sprint(float64(i) / 2)
		if i%10 == 0 {
			p = ""
		}
		fmt.Fprintf(&text, "%d,t%d,2024-01-%02d,%s\n", i, i%50, 1+i%28, p)
	}
	s := inferOf(t, text.String(), Options{})
	ps, err := Profile(s.Columns, Rows(context.Background(), Bytes("x", []byte(text.String())), s, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want, by float64) {
		t.Helper()
		if got < want-by || got > want+by {
			t.Errorf("%s is %v, want about %v", what, got, want)
		}
	}
	id, text4, day, price := ps[0], ps[1], ps[2], ps[3]
	near("distinct ids", float64(id.Distinct), 10000, 300)
	near("mean id", id.Mean, 4999.5, 1e-6)
	near("distinct texts", float64(text4.Distinct), 50, 1)
	near("distinct days", float64(day.Distinct), 28, 1)
	if id.Count != 10000 || id.Nulls != 0 || id.Min != 0.0 || id.Max != 9999.0 || price.Nulls != 1000 || text4.Min != "t0" || text4.Max != "t9" {
		t.Errorf("got %+v %+v %+v", id, text4, price)
	}
	if day.Min != time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) || len(id.Bins) != profileBins {
		t.Errorf("got %+v", day)
	}
	for _, b := range id.Bins {
		near("a bin of ids", float64(b.Count), 500, 250)
	}
}
