package duckdb

import (
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// FuzzQuery: no statement gets past the dialect and is refused by the checker, none is an internal error, and none shows what
// is hidden.
func FuzzQuery(f *testing.F) {
	for _, c := range dialect.Cases() {
		f.Add(c.Statement())
	}
	f.Add("SELECT * FROM sales WHERE country = 'DE'")
	e := newEngine(f, Config{})
	ts := secretTables(f)
	f.Fuzz(func(t *testing.T, query string) {
		if len(query) > 2000 {
			return
		}
		rows, err := e.Query(t.Context(), sql.Request{SQL: query, Tables: ts, Session: sql.Session{Catalog: "awsdatacatalog", Database: "db"},
			Limits: sql.Limits{Time: time.Second, Memory: 256 << 20}})
		if err == nil {
			rows.Close()
			return
		}
		if k := sql.AsError(err).Kind; k == sql.Denied {
			t.Errorf("%q: %v", query, err)
		}
	})
}

// FuzzChecker: nothing that the engine can parse makes the checker fail otherwise than by refusing.
func FuzzChecker(f *testing.F) {
	f.Add([]byte(`{"error":false,"statements":[{"node":{"type":"SELECT_NODE","select_list":[{"class":"CONSTANT"}]}}]}`))
	f.Add([]byte(`{"error":true}`))
	f.Fuzz(func(_ *testing.T, tree []byte) { refused(tree, map[string]bool{"t0": true}) })
}
