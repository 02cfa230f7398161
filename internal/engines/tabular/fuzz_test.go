package tabular

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

// fuzzRows reads at most some rows, which may fail but not hang or break.
func fuzzRows(t *testing.T, b []byte, s Schema) {
	n := 0
	for row, err := range Rows(context.Background(), Bytes("x", b), s, Options{MaxBytes: 1 << 20, MaxRecord: 1 << 16, MaxMemory: 1 << 24}) {
		if err == nil && len(row) != len(s.Columns) {
			t.Fatalf("a row of %d values for %d columns", len(row), len(s.Columns))
		}
		if n++; n > 1000 {
			return
		}
	}
}

func checkSchema(t *testing.T, s Schema) {
	seen := map[string]bool{}
	for _, c := range s.Columns {
		if c.Name == "" || seen[c.Name] || len(c.Name) > 2*maxName {
			t.Fatalf("column %q is empty, double or long", c.Name)
		}
		seen[c.Name] = true
		if _, err := ParseType(c.Type.String()); err != nil {
			t.Fatalf("column %q: %v", c.Name, err)
		}
	}
	if s.Format.Readable() && len(s.Columns) == 0 && s.Format != Parquet {
		t.Fatalf("%s without a column", s.Format)
	}
	m := Merge(s, s)
	if len(m.Columns) != len(s.Columns) || !Similar(s, m) {
		t.Fatalf("merged with itself it is %v, not %v", m, s)
	}
}

func FuzzInferCSV(f *testing.F) {
	for _, s := range []string{"id,n\n1,2\n", "a;b\n\"x;\n\";1\n'y';2", "\xff\xfea\x00,\x00", "a\tb\r1\t\\N\r", ",,\n,,\n\"", "id,t\n1,\"a \\\"b\\\"\"\n", "x\x01y\nz\x01\"\"\"\n"} {
		f.Add([]byte(s), byte(0), byte(0), true)
		f.Add([]byte(s), byte('|'), byte('\''), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, delim, quote byte, whole bool) {
		checkSchema(t, inferText(b, whole, Options{}.withDefaults()))
		c := CSVClassifier{Delimiter: delim, Quote: quote, Single: whole}
		s, ok := c.classify(&sample{text: b, whole: whole})
		if !ok {
			return
		}
		checkSchema(t, s)
		s.Encoding = UTF8
		fuzzRows(t, b, s)
	})
}

func FuzzInferJSON(f *testing.F) {
	for _, s := range []string{`{"a":1}`, "{\"a\":[1,{\"b\":null}]}\n{\"A\":\"\\u0041\"}\n", `[{"a":1},2,[3]]`, `{"a":{"a":{"a":`, "{}\n{x\n{\"\":1}"} {
		f.Add([]byte(s), "$.a[*]", true)
		f.Add([]byte(s), "$[*]", false)
	}
	f.Fuzz(func(t *testing.T, b []byte, path string, whole bool) {
		p, err := ParsePath(path)
		if err != nil {
			p = Path{}
		}
		for _, c := range []JSONClassifier{{}, {Path: p}} {
			if s, ok := c.classify(&sample{text: b, whole: whole}); ok {
				checkSchema(t, s)
				fuzzRows(t, b, s)
			}
		}
	})
}

func FuzzParquet(f *testing.F) {
	good := parquetFile(f, nestedSchema(), nestedRows, compress.Codecs.Snappy)
	f.Add(good)
	f.Add(good[:len(good)-8])
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !bytes.HasPrefix(b, parquetMagic) {
			return
		}
		s, err := Infer(context.Background(), Bytes("x", b), Options{})
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		checkSchema(t, s)
		fuzzRows(t, b, s)
	})
}

func FuzzGrok(f *testing.F) {
	f.Add(`%{WORD:a} %{INT:b:int}`, "X [a-z]+", "one 2\n")
	f.Add(`%{X:a}(?<b>.)`, "X %{X}", "x")
	f.Fuzz(func(t *testing.T, pattern, custom, text string) {
		g, err := NewGrok("x", pattern, custom)
		if err != nil {
			if !errors.Is(err, ErrPattern) {
				t.Fatal(err)
			}
			return
		}
		if s, ok := g.classify(&sample{text: []byte(text), whole: true}); ok {
			checkSchema(t, s)
			fuzzRows(t, []byte(text), s)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	text := []byte("id,name\n1,a\n2,b\n")
	f.Add(gzipped(f, text))
	f.Add(zstded(f, text))
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Infer(context.Background(), Bytes("x", b), Options{SampleBytes: 1 << 16}); err == nil {
			checkSchema(t, s)
		}
	})
}
