package duckdb

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

func newEngine(t testing.TB, cfg Config) *Engine {
	t.Helper()
	cfg.Dir = filepath.Join(t.TempDir(), "spill")
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// tables is a resolver of tables by name.
type tables map[string]*sql.Table

func (ts tables) Table(_ context.Context, n sql.Name) (*sql.Table, error) { return ts[n.Table], nil }

// file is a table without keys in one file.
func file(f sql.Format, path string, cut sql.Cut, cols ...sql.Column) *sql.Table {
	return &sql.Table{Columns: cols, Format: f, Cut: cut, Partitions: []sql.Partition{at1(nil, path)}}
}

func at1(values []string, paths ...string) sql.Partition {
	return sql.Partition{Values: values, Files: func(context.Context) ([]sql.File, error) {
		var out []sql.File
		for _, p := range paths {
			out = append(out, sql.File{Path: p})
		}
		return out, nil
	}}
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// ask gives the rows as text: fields by "|", rows by newline, NULL as <null>.
func ask(ctx context.Context, e sql.Engine, ts sql.Resolver, query string, params ...string) (string, error) {
	rows, err := e.Query(ctx, sql.Request{SQL: query, Params: params, Tables: ts,
		Session: sql.Session{Catalog: "awsdatacatalog", Database: "db", User: "ana"}})
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out []string
	for {
		c, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return strings.Join(out, "\n"), nil
		}
		if err != nil {
			return "", err
		}
		for i := range c.Len {
			fields := make([]string, len(c.Columns))
			for j, col := range c.Columns {
				fields[j] = "<null>"
				if col[i] != nil {
					fields[j] = sql.Text(rows.Columns()[j].Type, col[i])
				}
			}
			out = append(out, strings.Join(fields, "|"))
		}
	}
}

var csv = sql.Format{Kind: sql.LazySimple, Properties: map[string]string{"field.delim": ","}}

var salesColumns = []sql.Column{{Name: "id", Type: "int"}, {Name: "country", Type: "string"}, {Name: "amount", Type: "decimal(10,2)"}, {Name: "card", Type: "string"}}

func sales(t testing.TB, cut sql.Cut) tables {
	p := write(t, "sales.csv", "1,DE,10.50,4111\n2,FR,20.00,4222\n3,DE,1.25,4333\n4,US,7.00,4444\n")
	return tables{"sales": file(csv, p, cut, salesColumns...)}
}

func TestQuery(t *testing.T) {
	e := newEngine(t, Config{})
	f := func(cut sql.Cut, query, want string) {
		t.Helper()
		got, err := ask(t.Context(), e, sales(t, cut), query)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	german := sql.Cut{Columns: []string{"id", "country", "amount"}, Rows: "country = 'DE'"}
	f(sql.Cut{}, "SELECT * FROM sales ORDER BY id LIMIT 2", "1|DE|10.50|4111\n2|FR|20.00|4222")
	f(german, "SELECT * FROM sales ORDER BY id", "1|DE|10.50\n3|DE|1.25")
	f(german, "SELECT sum(amount) FROM db.sales", "11.75")
	f(german, "SELECT count(*) FROM awsdatacatalog.db.sales s", "2")
	f(german, "SELECT card FROM sales", "COLUMN_NOT_FOUND: line 1:8: Column 'card' cannot be resolved")
	f(german, "SELECT id FROM others", "TABLE_NOT_FOUND: line 1:16: Table 'awsdatacatalog.db.others' does not exist")
	f(german, "SELEC 1", "line 1:1: mismatched input 'SELEC'. Expecting: '(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	f(sql.Cut{Columns: []string{"id"}}, "SELECT * FROM sales WHERE id = 4", "4")
	f(sql.Cut{Cells: map[string]string{"card": "country = 'FR'"}}, "SELECT id, card FROM sales ORDER BY 1", "1|<null>\n2|4222\n3|<null>\n4|<null>")
	f(german, "SELECT a.id, b.amount FROM sales a JOIN sales b ON a.id = b.id WHERE b.country <> 'FR' ORDER BY 1", "1|10.50\n3|1.25")
	f(german, "WITH x AS (SELECT country c, avg(amount) m FROM sales GROUP BY 1) SELECT * FROM x", "DE|5.88")
}
