package duckdb

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// secretTables are sales of which only Germany's rows and no cards may be seen, and a table that is whole but for a column.
func secretTables(t testing.TB) tables {
	ts := sales(t, sql.Cut{Columns: []string{"id", "country", "amount"}, Rows: "country = 'DE'"})
	p := write(t, "people.csv", "1,Ann,s3cret\n2,Bob,hidden\n")
	ts["people"] = file(csv, p, sql.Cut{Columns: []string{"id", "name"}}, sql.Column{Name: "id", Type: "int"},
		sql.Column{Name: "name", Type: "string"}, sql.Column{Name: "ssn", Type: "string"})
	return ts
}

// TestAttacks tries to see what is hidden. Each is refused, or answered as if the hidden rows and columns were not there.
func TestAttacks(t *testing.T) {
	e := newEngine(t, Config{})
	ts := secretTables(t)
	secret := ts["sales"].Partitions[0]
	files, err := secret.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := files[0].Path
	f := func(query, want string) {
		t.Helper()
		got, err := ask(t.Context(), e, ts, query)
		if err != nil {
			got = err.Error()
			if !strings.Contains(got, want) {
				t.Errorf("%s\n got error %s\nwant %s", query, got, want)
			}
		} else if got != want {
			t.Errorf("%s\n got %q\nwant %q", query, got, want)
		}
		for _, hidden := range []string{"4111", "4222", "4333", "4444", "s3cret", "FR|", "US|", filepath.Dir(path)} {
			if strings.Contains(got, hidden) {
				t.Errorf("%s shows %s: %s", query, hidden, got)
			}
		}
	}
	const noFunction, syntax, noColumn, noTable = "not registered", "mismatched input", "cannot be resolved", "does not exist"

	// Rows that are hidden, asked for in every way.
	f("SELECT count(*) FROM sales", "2")
	f("SELECT count(*) FROM sales WHERE country <> 'DE'", "0")
	f("SELECT max(id), min(amount) FROM sales", "3|1.25")
	f("SELECT (SELECT count(*) FROM sales)", "2")
	f("WITH s AS (SELECT * FROM sales) SELECT count(*) FROM s WHERE id IN (2, 4)", "0")
	f("SELECT count(*) FROM sales a FULL JOIN sales b ON a.id <> b.id", "2")
	f("SELECT count(*) FROM sales a RIGHT JOIN (VALUES 2, 4) v(x) ON a.id = v.x WHERE a.id IS NOT NULL", "0")
	f("SELECT x FROM (VALUES 1, 2, 3, 4) v(x) WHERE EXISTS (SELECT 1 FROM sales WHERE id = x) ORDER BY 1", "1\n3")
	f("SELECT count(DISTINCT country), approx_distinct(id), array_agg(id ORDER BY id) FROM sales", "1|2|[1, 3]")
	f("SELECT id, lag(id) OVER (ORDER BY id) FROM sales ORDER BY id", "1|<null>\n3|1")
	f("SELECT id FROM sales UNION SELECT id FROM sales ORDER BY id", "1\n3")
	f("SELECT id FROM sales WHERE true OR country = 'FR' ORDER BY 1", "1\n3")
	f("SELECT id FROM sales WHERE country IS NOT NULL OR id = 2 ORDER BY 1", "1\n3")
	f("SELECT count(*) FROM sales TABLESAMPLE BERNOULLI (100)", "2")
	f("SELECT approx_percentile(id, 1.0) FROM sales", "3")
	f("SELECT histogram(country) FROM sales", "{DE=2}")
	f("SELECT country FROM sales GROUP BY ROLLUP (country) ORDER BY 1", "DE\n<null>")

	// Predicates that fail on hidden values must not: those values are not there.
	f("SELECT count(*) FROM sales WHERE 1 / (id - 2) > -5", "2")
	f("SELECT count(*) FROM sales WHERE CAST(CASE WHEN country = 'FR' THEN 'x' ELSE '1' END AS integer) = 1", "2")
	f("SELECT count(*) FROM sales WHERE ARRAY[1][CASE WHEN id = 4 THEN 9 ELSE 1 END] = 1", "2")
	f("SELECT count(*) FROM sales a JOIN sales b ON 1 / (a.id - 4) = 1 / (b.id - 4)", "2")
	f("SELECT id FROM sales ORDER BY 1 / (id - 2)", "1\n3")
	f("SELECT count(*) FROM sales WHERE date_parse(if(id = 2, 'x', '2020'), '%Y') IS NOT NULL", "2")
	f("SELECT count(*) FROM sales WHERE regexp_like('a', if(id = 2, '(', 'a'))", "2")
	f("SELECT sum(CAST(if(country = 'US', 'x', '1') AS integer)) FROM sales", "2")

	// Columns that are hidden.
	f("SELECT card FROM sales", noColumn)
	f("SELECT sales.card FROM sales", noColumn)
	f("SELECT db.sales.card FROM sales", noColumn)
	f(`SELECT "CARD" FROM sales`, noColumn)
	f("SELECT id FROM sales WHERE card = '4111'", noColumn)
	f("SELECT id FROM sales ORDER BY card", noColumn)
	f("SELECT count(card) FROM sales", noColumn)
	f("SELECT id FROM sales GROUP BY id, card", noColumn)
	f("SELECT id FROM sales HAVING max(card) > '1'", noColumn)
	f("SELECT a.id FROM sales a JOIN sales b ON a.card = b.card", noColumn)
	f("SELECT a.id FROM sales a JOIN sales b USING (card)", "is missing from a side")
	f("SELECT sum(id) OVER (PARTITION BY card) FROM sales", noColumn)
	f("SELECT count(*) FILTER (WHERE card = '1') FROM sales", noColumn)
	f("SELECT transform(ARRAY[1], x -> card) FROM sales", noColumn)
	f("SELECT ssn FROM people", noColumn)
	f("SELECT * FROM people WHERE ssn LIKE 's%'", noColumn)
	f("SELECT * FROM people ORDER BY id", "1|Ann\n2|Bob")
	f("SELECT people FROM people", noColumn)
	f("SELECT row(people.*) FROM people", syntax)
	f("SELECT p.* FROM people p NATURAL JOIN (VALUES 's3cret') v(ssn) WHERE id = 1", "1|Ann")
	f("SELECT filename FROM people", noColumn)
	f("SELECT rowid FROM people", noColumn)
	f("SELECT file_row_number FROM people", noColumn)
	f(`SELECT "$path" FROM people`, noColumn)
	f("SELECT * FROM people AS p(a, b, c)", "Column alias list has 3 entries")

	// Functions of the engine that read, tell or change.
	for _, call := range []string{"stats(id)", "getvariable('x')", "current_setting('temp_directory')", "read_text('/etc/passwd')", "version()",
		"pg_typeof(id)", "txid_current()", "nextval('s')", "query('select 1')", "alias(id)", "getenv('HOME')", "error('x')",
		"json_serialize_sql('select 1')", "json_execute_serialized_sql('x')", "write_log('x')", "in_search_path('a', 'b')",
		"add_parquet_key('a', 'b')", "constant_or_null(1, id)", "at_ln(1)", "hash(id)", "sleep_ms(1)", "main.stats(id)", `"stats"(id)`,
		"list_aggregate(ARRAY[1], 'sum')", "struct_extract(id, 'x')", "parse_path('x')", "vector_type(id)"} {
		want := noFunction
		if call == "version()" {
			f("SELECT version()", "3")
			continue
		}
		if strings.HasPrefix(call, "main.") {
			want = syntax
		}
		f("SELECT "+call+" FROM sales", want)
		f("SELECT id FROM sales WHERE "+call+" IS NOT NULL", want)
	}

	// Files, tables of the engine and functions in FROM.
	for _, from := range []string{"'" + path + "'", "read_csv('" + path + "')", "read_parquet('*')", "read_text('/etc/passwd')", "glob('/*')",
		"query('SELECT 1')", "query_table('t0')", "duckdb_tables()", "duckdb_settings()", "pragma_table_info('t0')", "range(3)",
		"generate_series(1, 3)", "json_each('{}')", "sniff_csv('" + path + "')", "parquet_metadata('x')", "duckdb_secrets()", "which_secret('a', 'b')",
		"TABLE(query('SELECT 1'))", "(FROM t0)", "(DESCRIBE t0)", "(SHOW TABLES)", "(SUMMARIZE sales)", "(PIVOT sales ON id)"} {
		_, err := ask(t.Context(), e, ts, "SELECT * FROM "+from)
		if err == nil {
			t.Errorf("FROM %s was answered", from)
		} else if strings.Contains(err.Error(), "4111") || sql.AsError(err).Kind == sql.Internal {
			t.Errorf("FROM %s: %v", from, err)
		}
	}
	for _, from := range []string{`"` + path + `"`, "t0", "temp.main.t0", "memory.main.t0", "main.t0", "duckdb_columns", "sqlite_master", "pg_catalog.pg_class",
		"information_schema.tables", "system.information_schema.columns", `"N1"`, "pg_tables", `"` + filepath.Base(path) + `"`, "/etc/passwd"} {
		want := noTable
		if from == "/etc/passwd" {
			want = syntax
		}
		f("SELECT * FROM "+from, want)
	}

	// Statements that are no SELECT.
	for _, q := range []string{"ATTACH '/tmp/x.db'", "COPY sales TO '/tmp/x'", "COPY (SELECT 1) TO '/tmp/x'", "PRAGMA database_list", "SET threads = 9",
		"RESET ALL", "CREATE TABLE x AS SELECT * FROM sales", "CREATE MACRO m() AS 1", "CREATE VIEW v AS SELECT * FROM sales", "INSERT INTO sales VALUES (1)",
		"DROP TABLE sales", "INSTALL httpfs", "LOAD httpfs", "CALL dbgen(sf = 1)", "EXPORT DATABASE 'x'", "CHECKPOINT", "EXPLAIN ANALYZE SELECT * FROM sales",
		"PREPARE p AS SELECT 1", "EXECUTE p", "FROM sales", "DESCRIBE sales", "SHOW ALL", "SUMMARIZE sales", "USE x", "BEGIN", "VACUUM",
		"SELECT 1; SET threads = 9", "SELECT 1; ATTACH 'x'", "CREATE SECRET (TYPE s3)", "SELECT * FROM sales INTO OUTFILE 'x'"} {
		f(q, syntax)
	}

	// Syntax that only the engine has.
	for _, q := range []string{"SELECT COLUMNS('c.*') FROM sales", "SELECT * EXCLUDE (id) FROM sales", "SELECT * REPLACE (1 AS id) FROM sales",
		"SELECT #1 FROM sales", "SELECT id::varchar FROM sales", "SELECT $1", "SELECT {'a': 1}", "SELECT [x FOR x IN ARRAY[1]]",
		"SELECT * FROM sales AT (VERSION => 1)", "SELECT * FROM sales POSITIONAL JOIN people", "SELECT * FROM sales ASOF JOIN people",
		"SELECT id FROM sales QUALIFY true", "SELECT $$4111$$", "SELECT e'x'", "SELECT 1 COLLATE nocase", "SELECT @id FROM sales", "SELECT id FROM sales USING SAMPLE 1",
		"SELECT lambda x : x", "SELECT TRY_CAST(1 AS ENUM('a'))", "SELECT CAST(1 AS t0)", "SELECT ARRAY[1][1:2]"} {
		if got, err := ask(t.Context(), e, ts, q); err == nil {
			t.Errorf("%s was answered: %s", q, got)
		} else if sql.AsError(err).Kind == sql.Internal || sql.AsError(err).Kind == sql.Denied {
			t.Errorf("%s got past the dialect: %v", q, err)
		}
	}

	// Names that try to break out of their quotes.
	f(`SELECT 1 AS "a"", (SELECT 2) AS ""b"`, "1")
	f(`SELECT 'x'' || (SELECT 1) || ''y'`, "x' || (SELECT 1) || 'y")
	f(`SELECT * FROM (VALUES 1) AS "t"" JOIN people --"(x)`, "1")
	f("SELECT '\x011:1\x02' || 'a'", "\x011:1\x02a")
	f("SELECT format('%s', '%s')", "%s")
	f(`SELECT json_extract('{}', '$.a"b')`, "Invalid JSON path")
	f("SELECT date_format(now(), '''%')", "'%")
}

// TestAttackParams tries to bring expressions in through parameters.
func TestAttackParams(t *testing.T) {
	e := newEngine(t, Config{})
	ts := secretTables(t)
	f := func(param, want string) {
		t.Helper()
		got, err := ask(t.Context(), e, ts, "SELECT id FROM sales WHERE country = ? ORDER BY id", param)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || got != want && err == nil {
			t.Errorf("%s: got %s, want %s", param, got, want)
		}
	}
	f("'DE'", "1\n3")
	f("'FR'", "")
	f("'DE' OR true", "is not a constant")
	f("(SELECT 'DE')", "is not a constant")
	f("country", "is not a constant")
	f("'DE') OR ('1' = '1'", "is not a constant")
	f("upper('de')", "is not a constant")
	f("?", "is not a constant")
}

// TestExplainTellsNothing has plans of different hidden data be the same.
func TestExplainTellsNothing(t *testing.T) {
	e := newEngine(t, Config{})
	plan := func(data string) string {
		p := write(t, "s.csv", data)
		ts := tables{"sales": file(csv, p, sql.Cut{Columns: []string{"id", "country"}, Rows: "country = 'DE'"}, salesColumns...)}
		plan, err := e.Explain(t.Context(), sql.Request{SQL: "SELECT country, count(*) FROM sales WHERE id > 5 GROUP BY 1", Tables: ts, Session: sql.Session{Catalog: "c", Database: "db"}})
		if err != nil {
			t.Fatal(err)
		}
		all, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		out := string(all)
		if strings.Contains(out, p) || strings.Contains(out, os.TempDir()) {
			t.Errorf("the plan shows a path: %s", out)
		}
		return out
	}
	few := plan("1,DE,1,4111\n")
	many := plan("1,DE,1,4111\n" + strings.Repeat("9,FR,2,4222\n", 5000))
	if few != many {
		t.Errorf("plans tell of hidden rows:\n%s\n%s", few, many)
	}
}

// TestViews: a view shows what it gives and no more, whoever it was made by.
func TestViews(t *testing.T) {
	e := newEngine(t, Config{})
	whole := sales(t, sql.Cut{})
	f := func(fenced bool, inner sql.Resolver, query, want string) {
		t.Helper()
		ts := tables{"v": {View: &sql.View{SQL: "SELECT id, country FROM sales WHERE country = 'DE'", Catalog: "awsdatacatalog", Database: "db", Tables: inner, Fenced: fenced,
			Columns: []sql.Column{{Name: "id", Type: "integer"}, {Name: "country", Type: "varchar"}}}}}
		got, err := ask(t.Context(), e, ts, query)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for _, fenced := range []bool{true, false} {
		f(fenced, whole, "SELECT * FROM v ORDER BY id", "1|DE\n3|DE")
		f(fenced, whole, "SELECT card FROM v", "COLUMN_NOT_FOUND: line 1:8: Column 'card' cannot be resolved")
		f(fenced, whole, "SELECT * FROM sales", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.sales' does not exist")
		f(fenced, whole, "SELECT a.id FROM v a JOIN v b ON a.id = b.id WHERE a.id > 1", "3")
	}
	// What fails on rows that the view does not give must not fail when the view sees more than the caller.
	f(true, whole, "SELECT count(*) FROM v WHERE 1 / (id - 2) > -5", "2")
	cut := sales(t, sql.Cut{Rows: "id < 3"})
	f(true, cut, "SELECT id FROM v", "1")
	loop := tables{}
	loop["v"] = &sql.Table{View: &sql.View{SQL: "SELECT * FROM v", Catalog: "awsdatacatalog", Database: "db", Tables: loop}}
	if _, err := ask(context.Background(), e, loop, "SELECT * FROM v"); sql.AsError(err).Kind != sql.NotSupported {
		t.Errorf("a view of itself: %v", err)
	}
	loop["v"].View.Fenced = true
	if _, err := ask(context.Background(), e, loop, "SELECT * FROM v"); sql.AsError(err).Kind != sql.NotSupported {
		t.Errorf("a fenced view of itself: %v", err)
	}
}

// TestChecker has the second wall refuse by itself what the dialect would never write.
func TestChecker(t *testing.T) {
	in, err := open(t.TempDir(), sql.Limits{Threads: 1, Memory: 64 << 20, Spill: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	q := &query{in: in, bound: []*bound{{ref: "t0"}}}
	f := func(text string, ok bool) {
		t.Helper()
		if err := q.check(t.Context(), text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	f(`SELECT "a"."x", count(*) FROM "t0" AS "a" GROUP BY 1 ORDER BY 1 LIMIT 3`, true)
	f(`WITH "N1"("x") AS (SELECT 1) SELECT * FROM "N1"`, true)
	for _, bad := range []string{"SELECT * FROM t1", "SELECT * FROM 'x.parquet'", "SELECT * FROM range(3)", "SELECT * FROM read_csv('x')", "SELECT stats(1)",
		"SELECT getvariable('x')", "SELECT * FROM main.t0", "SELECT * FROM query('select 1')", "SELECT current_setting('x')", "SELECT COLUMNS('x') FROM t0",
		"SELECT 1; SELECT 2", "COPY t0 TO 'x'", "ATTACH 'x'", "PRAGMA version", "SET threads = 1", "CREATE TABLE x (a int)", "FROM duckdb_tables()",
		"SELECT * FROM (SUMMARIZE t0)", "SELECT * FROM (SHOW TABLES)", "SELECT $1", "SELECT x COLLATE nocase FROM t0", "PIVOT t0 ON x",
		"SELECT * FROM information_schema.tables", "SELECT #1 FROM t0", "SELECT list_aggregate([1], 'sum')", "SELECT (SELECT getenv('x'))",
		"SELECT * FROM t0 WHERE EXISTS (FROM read_text('x'))", "SELECT list_transform([1], lambda x : getvariable('x'))"} {
		f(bad, false)
	}
}
