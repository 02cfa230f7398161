package tabular

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

func benchmark(b *testing.B, data []byte, columns int) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := Infer(context.Background(), Bytes("x", data), Options{SampleBytes: 64 << 10})
		if err != nil || len(s.Columns) != columns {
			b.Fatal(s, err)
		}
	}
}

// orders is about size bytes of CSV.
func orders(size int) []byte {
	var t strings.Builder
	t.WriteString("order_id,product,description,quantity,order_time,price,customer,country\n")
	for i := 0; t.Len() < size; i++ {
		fmt.Fprintf(&t, "%d,8%dA,\"WHITE HANGING, HEART %d\",%d,2010-12-01 08:26:%02d,%d.55,%d,United Kingdom\n", 536365+i, i, i, i%12, i%60, i%9, 17850+i%100)
	}
	return []byte(t.String())[:size]
}

func events(size int) []byte {
	var t strings.Builder
	for i := 0; t.Len() < size; i++ {
		fmt.Fprintf(&t, `{"id":%d,"kind":"click","user":{"id":%d,"tags":["a","b"]},"price":%d.5,"at":"2024-01-01T10:00:%02dZ","ok":true,"items":[{"sku":"x%d","n":1}]}`+"\n", i, i*7, i%9, i%60, i)
	}
	return []byte(t.String())[:size]
}

func BenchmarkInferCSV(b *testing.B) { benchmark(b, orders(80<<10), 8) }

func BenchmarkInferCSVSmall(b *testing.B) { benchmark(b, orders(2<<10), 8) }

func BenchmarkInferCSVGzip(b *testing.B) { benchmark(b, gzipped(b, orders(80<<10)), 8) }

func BenchmarkInferCSVZstd(b *testing.B) { benchmark(b, zstded(b, orders(80<<10)), 8) }

func BenchmarkInferJSON(b *testing.B) { benchmark(b, events(80<<10), 7) }

func BenchmarkInferParquet(b *testing.B) {
	benchmark(b, parquetFile(b, nestedSchema(), nestedRows, compress.Codecs.Snappy), 16)
}

func BenchmarkRowsCSV(b *testing.B) {
	data := orders(1 << 20)
	s := inferOf(b, string(data), Options{})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Rows(context.Background(), Bytes("x", data), s, Options{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
