package duckdb

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// BenchmarkSmall is one row from a small file, start to end.
func BenchmarkSmall(b *testing.B) {
	for name, cut := range map[string]sql.Cut{"whole": {}, "cut": {Rows: "country = 'DE'"}} {
		b.Run(name, func(b *testing.B) {
			e := newEngine(b, Config{})
			ts := sales(b, cut)
			for b.Loop() {
				if _, err := ask(b.Context(), e, ts, "SELECT country, sum(amount) FROM sales GROUP BY 1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
