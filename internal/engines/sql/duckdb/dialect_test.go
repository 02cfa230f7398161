package duckdb

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// TestDialect runs every case of the dialect's table.
func TestDialect(t *testing.T) {
	e := newEngine(t, Config{})
	for _, c := range dialect.Cases() {
		got, err := ask(t.Context(), e, tables{}, c.Statement())
		switch {
		case err != nil:
			got = err.Error()
		}
		if got != c.Want {
			t.Errorf("%s\n got %s\nwant %s", c.SQL, got, c.Want)
		}
	}
}
