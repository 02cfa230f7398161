package trino

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

const account = "123456789012"

func newEngine(t *testing.T, c *cluster) *Engine {
	t.Helper()
	e, err := New(Config{URL: strings.Replace(c.URL, "http://", "trino://atelier@", 1) + "/hive?account=" + account})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

type tables map[string]*sql.Table

func (ts tables) Table(_ context.Context, n sql.Name) (*sql.Table, error) { return ts[n.Table], nil }

var mine = sql.Owner{Account: account, Region: "us-east-1"}

func sales(c sql.Cut) *sql.Table {
	return &sql.Table{Columns: []sql.Column{{Name: "id", Type: "int"}, {Name: "card", Type: "string"}}, Cut: c, Owner: mine}
}

func request(query string, ts sql.Resolver) sql.Request {
	return sql.Request{SQL: query, Tables: ts, Session: sql.Session{Catalog: "awsdatacatalog", Database: "db", User: "ana"}}
}

// ask gives the rows as text: fields by "|", rows by newline, NULL as <null>.
func ask(ctx context.Context, e *Engine, query string, ts sql.Resolver) (string, error) {
	rows, err := e.Query(ctx, request(query, ts))
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
				if fields[j] = "<null>"; col[i] != nil {
					fields[j] = sql.Text(rows.Columns()[j].Type, col[i])
				}
			}
			out = append(out, strings.Join(fields, "|"))
		}
	}
}

func TestQuery(t *testing.T) {
	const bound = `(SELECT "id" FROM "hive"."db"."sales") AS "sales"`
	c := newCluster(t, map[string]answer{
		"SELECT id FROM " + bound: {columns: [][2]string{{"id", "integer"}}, pages: []string{`[[1],[2]]`, `[[null]]`}},
		"SELECT many": {columns: [][2]string{{"a", "bigint"}, {"b", "varchar"}, {"c", "decimal(10, 2)"}, {"d", "double"}, {"e", "date"}, {"f", "timestamp(3)"},
			{"g", "boolean"}, {"h", "varbinary"}, {"i", "array(integer)"}, {"j", "map(varchar, bigint)"}, {"k", "row(x integer, y varchar)"}, {"l", "timestamp(3) with time zone"}, {"m", "real"}},
			pages: []string{`[[9007199254740993,"x","1.50",1e10,"2020-02-29","2020-01-02 03:04:05.678",true,"AQI=",[1,null],{"b":2,"a":1},[7,"z"],"2020-01-02 03:04:05.678 UTC","NaN"]]`}},
		"SELECT 1 / id FROM\n" + bound:                 {err: `{"message":"Division by zero","errorCode":8,"errorName":"DIVISION_BY_ZERO","errorType":"USER_ERROR"}`},
		"SELECT nope FROM\n" + bound + " WHERE zz = 1": {err: `{"message":"line 2:58: Column 'zz' cannot be resolved","errorCode":47,"errorName":"COLUMN_NOT_FOUND","errorType":"USER_ERROR","errorLocation":{"lineNumber":2,"columnNumber":58}}`},
		"SELECT 2": {err: `{"message":"/var/lib/hive is gone","errorCode":65536,"errorName":"GENERIC_INTERNAL_ERROR","errorType":"INTERNAL_ERROR"}`},
		"SELECT 3": {err: `{"message":"Query exceeded per-node memory limit of 1GB","errorCode":131079,"errorName":"EXCEEDED_LOCAL_MEMORY_LIMIT","errorType":"INSUFFICIENT_RESOURCES"}`},
	})
	e := newEngine(t, c)
	f := func(cut sql.Cut, query, want string) {
		t.Helper()
		got, err := ask(t.Context(), e, query, tables{"sales": sales(cut)})
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	some := sql.Cut{Columns: []string{"id"}}
	f(some, "SELECT id FROM sales", "1\n2\n<null>")
	f(some, "SELECT many", "9007199254740993|x|1.50|1.0E10|2020-02-29|2020-01-02 03:04:05.678|true|01 02|[1, null]|{a=1, b=2}|{x=7, y=z}|2020-01-02 03:04:05.678 UTC|NaN")
	f(some, "SELECT 1 / id FROM\nsales", "DIVISION_BY_ZERO: Division by zero")
	f(some, "SELECT nope FROM\nsales WHERE zz = 1", "COLUMN_NOT_FOUND: line 2:13: Column 'zz' cannot be resolved")
	f(some, "SELECT 2", "GENERIC_INTERNAL_ERROR: internal error")
	f(some, "SELECT 3", "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of 1GB")

	asked := len(c.asked)
	hidden := "NOT_SUPPORTED: table 'awsdatacatalog.db.sales' has rows that are hidden from you, which Trino can't be trusted with"
	f(sql.Cut{Rows: "id = 1"}, "SELECT id FROM sales", hidden)
	f(sql.Cut{Cells: map[string]string{"card": "id = 1"}}, "SELECT id FROM sales", hidden)
	f(some, "SELECT * FROM sales UNION SELECT * FROM hive.db.other", "TABLE_NOT_FOUND: line 1:41: Table 'hive.db.other' does not exist")
	f(some, "DELETE FROM sales", "line 1:1: mismatched input 'DELETE'. Expecting: '(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	odd := tables{"sales$files": sales(some), "theirs": sales(some), "v": {View: &sql.View{SQL: "SELECT 1", Fenced: true}}}
	odd["theirs"].Owner.Account = "210987654321"
	for query, want := range map[string]string{`SELECT * FROM "sales$files"`: "a name that is not supported", "SELECT * FROM theirs": "not in the catalog that Trino has",
		"SELECT * FROM v": "more than you may see"} {
		if _, err := ask(t.Context(), e, query, odd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if len(c.asked) != asked {
		t.Errorf("the cluster was asked %q", c.asked[asked:])
	}
	h := c.headers[0]
	if h.Get("X-Trino-Catalog") != "" || h.Get("X-Trino-Schema") != "" || h.Get("X-Trino-User") != "atelier" || !strings.Contains(h.Get("X-Trino-Session"), "query_max_run_time=1800000ms") {
		t.Errorf("headers: %v", h)
	}
}

func TestExplain(t *testing.T) {
	c := newCluster(t, map[string]answer{"EXPLAIN (TYPE LOGICAL, FORMAT JSON) SELECT 1": {columns: [][2]string{{"Query Plan", "varchar"}},
		pages: []string{`[["{\"0\":{\"name\":\"Output\",\"descriptor\":{\"columnNames\":\"[secret]\"},\"children\":[{\"name\":\"Values\",\"estimates\":[{\"outputRowCount\":7}],\"children\":[]}]}}"]]`}}})
	got, err := newEngine(t, c).Explain(t.Context(), request("SELECT 1", tables{}))
	if want := "- Output\n    - Values\n"; err != nil || got.Text() != want {
		t.Errorf("got %+v %v", got, err)
	}
}

// TestEnd: a query that its context or the engine ends is ended on the cluster too.
func TestEnd(t *testing.T) {
	c := newCluster(t, map[string]answer{"SELECT 1": {endless: true}})
	for _, way := range []string{"context", "time", "close"} {
		e := newEngine(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		r := request("SELECT 1", tables{})
		want := sql.Cancelled
		switch way {
		case "context":
			time.AfterFunc(50*time.Millisecond, cancel)
		case "time":
			r.Limits.Time, want = 50*time.Millisecond, sql.Limit
		case "close":
			time.AfterFunc(50*time.Millisecond, func() { _ = e.Close() })
		}
		_, err := e.Query(ctx, r)
		cancel()
		if err == nil || sql.AsError(err).Kind != want {
			t.Errorf("%s: %v", way, err)
		}
		select {
		case <-c.deleted:
		case <-time.After(5 * time.Second):
			t.Errorf("%s: the query goes on", way)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if _, err := e.Query(t.Context(), r); err == nil || sql.AsError(err).Kind != sql.Cancelled {
			t.Errorf("a closed engine answers: %v", err)
		}
	}
}

func TestCheck(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		got := ""
		if err := Check(url); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	f("trino://atelier@trino:8080/hive?account=123456789012", "")
	f("trino://atelier:secret@trino/hive?account=123456789012&tls=true&region=eu-west-1", "")
	f("trino://atelier:secret@trino/hive?account=123456789012", "must have tls=true when it has a password")
	f("trino://atelier@trino/hive", "must say with account=… whose databases the catalog has")
	f("trino://atelier@trino/?account=123456789012", "must name a catalog of Trino's after the host")
	f("trino://trino/hive?account=123456789012", "must be trino://user@host:port/catalog?account=123456789012")
	f("http://a@b/c", "must be trino://user@host:port/catalog?account=123456789012")
	f("trino://a:%zz@b/c", "must be trino://user@host:port/catalog?account=123456789012")
}
