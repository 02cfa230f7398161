package duckdb

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

func TestSerDes(t *testing.T) {
	e := newEngine(t, Config{})
	f := func(kind sql.FormatKind, props map[string]string, name, data string, cols []sql.Column, query, want string) {
		t.Helper()
		ts := tables{"t": file(sql.Format{Kind: kind, Properties: props}, write(t, name, data), sql.Cut{}, cols...)}
		got, err := ask(t.Context(), e, ts, query)
		if err != nil {
			got = err.Error()
			if se := sql.AsError(err); se.Err != nil {
				got += " / " + se.Err.Error()
			}
		}
		if got != want {
			t.Errorf("%s %q: %s\n got %s\nwant %s", kind, data, query, got, want)
		}
	}
	col := func(kv ...string) (out []sql.Column) {
		for i := 0; i < len(kv); i += 2 {
			out = append(out, sql.Column{Name: kv[i], Type: kv[i+1]})
		}
		return out
	}
	comma := map[string]string{"field.delim": ","}
	ab := col("a", "int", "b", "string")

	f(sql.LazySimple, nil, "x", "1\x01x\n2\x01y\n", ab, "SELECT * FROM t ORDER BY 1", "1|x\n2|y")
	f(sql.LazySimple, map[string]string{"serialization.format": "1"}, "x", "1\x01x\n", ab, "SELECT * FROM t", "1|x")
	f(sql.LazySimple, map[string]string{"field.delim": "\\t"}, "x.tsv", "1\tx\n", ab, "SELECT * FROM t", "1|x")
	f(sql.LazySimple, comma, "x.csv", "1,\\N\n\\N,y\nbad,z\n1.5,w\n", ab, "SELECT * FROM t ORDER BY b", "1.5|w\n"[0:0]+"<null>|w\n<null>|y\n<null>|z\n1|<null>")
	f(sql.LazySimple, comma, "x.csv", "1,\"q\"\n2,\n", ab, "SELECT * FROM t ORDER BY a", "1|\"q\"\n2|")
	f(sql.LazySimple, comma, "x.csv", "1\n2,b,extra\n", ab, "SELECT * FROM t ORDER BY a", "1|<null>\n2|b")
	f(sql.LazySimple, map[string]string{"field.delim": ",", "skip.header.line.count": "1"}, "x.csv", "a,b\n1,x\n", ab, "SELECT * FROM t", "1|x")
	f(sql.LazySimple, map[string]string{"field.delim": ",", "serialization.null.format": "NA"}, "x.csv", "1,NA\n", ab, "SELECT * FROM t", "1|<null>")
	f(sql.LazySimple, map[string]string{"field.delim": ",", "escape.delim": "\\"}, "x.csv", "1,a\\,b\n", ab, "SELECT * FROM t", "1|a,b")
	f(sql.LazySimple, comma, "x.csv", "2020-01-02,2020-01-02 03:04:05,true,1.25,7.5\n", col("d", "date", "ts", "timestamp", "b", "boolean", "dec", "decimal(5,2)", "x", "double"),
		"SELECT * FROM t", "2020-01-02|2020-01-02 03:04:05.000|true|1.25|7.5")
	f(sql.LazySimple, map[string]string{"field.delim": ",", "collection.delim": "|", "mapkey.delim": ":"}, "x.csv", "1|2,a:1|b:2,5|z\n",
		col("l", "array<int>", "m", "map<string,int>", "s", "struct<x:int,y:string>"), "SELECT l, m, s FROM t", "[1, 2]|{a=1, b=2}|{x=5, y=z}")

	f(sql.OpenCSV, nil, "x.csv", "1,\"a, b\"\n2,\"say \\\"hi\\\"\"\n", ab, "SELECT * FROM t ORDER BY a", "1|a, b\n2|say \"hi\"")
	f(sql.OpenCSV, nil, "x.csv", "1,\"7\"\" long\"\n2,\"\"\n", ab, "SELECT * FROM t ORDER BY a", "1|7\" long\n2|")
	f(sql.OpenCSV, map[string]string{"separatorChar": ";", "quoteChar": "'"}, "x.csv", "1;'a;b'\n", ab, "SELECT * FROM t", "1|a;b")
	f(sql.OpenCSV, nil, "x.csv", "1,18262,1577836800000\n", col("a", "int", "d", "date", "ts", "timestamp"), "SELECT * FROM t", "1|2020-01-01|2020-01-01 00:00:00.000")
	f(sql.OpenCSV, map[string]string{"skip.header.line.count": "2"}, "x.csv", "h\nh2\n1,x\n", ab, "SELECT * FROM t", "1|x")

	js := col("id", "int", "name", "string", "tags", "array<string>", "o", "struct<x:int,y:string>")
	f(sql.JSONLines, nil, "x.json", `{"id": 1, "Name": "a", "tags": ["p", "q"], "o": {"x": 5, "y": "z"}}`+"\n"+`{"ID": 2}`+"\n", js,
		"SELECT * FROM t ORDER BY id", "1|a|[p, q]|{x=5, y=z}\n2|<null>|<null>|<null>")
	f(sql.JSONLines, nil, "x.json", `{"id": "7", "name": {"k": 1}}`+"\n", js, "SELECT id, name FROM t", `7|{"k":1}`)
	f(sql.JSONLines, map[string]string{"mapping.id": "the id"}, "x.json", `{"the id": 3}`+"\n", js, "SELECT id FROM t", "3")
	f(sql.JSONLines, map[string]string{"ignore.malformed.json": "true"}, "x.json", "{\"id\": 1}\nnonsense\n", js, "SELECT count(id) FROM t", "1")
	f(sql.JSONLines, nil, "x.json", `{"m": {"k": 1, "l": 2}}`+"\n", col("m", "map<string,int>"), "SELECT m['k'] FROM t", "1")

	f(sql.ORC, nil, "x.orc", "", ab, "SELECT * FROM t", "")
	f(sql.ORC, nil, "x.orc", "ORC", ab, "SELECT * FROM t", "HIVE_UNSUPPORTED_FORMAT: table 'awsdatacatalog.db.t' has a format that is not supported: orc")
}

// parquetFile writes what a query gives.
func parquetFile(t testing.TB, query string) string {
	t.Helper()
	in, err := open(t.TempDir(), sql.Limits{Threads: 1, Memory: 64 << 20, Spill: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	p := filepath.Join(t.TempDir(), "x.parquet")
	if err := in.exec(context.Background(), "COPY ("+query+") TO "+literal(p)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParquet(t *testing.T) {
	e := newEngine(t, Config{})
	one := parquetFile(t, "SELECT 1 AS A, 'x' AS b, [1, 2] AS l, {'p': 1, 'q': 'z'} AS s, map(['k'], [9]) AS m, 1.5::DECIMAL(5,2) AS d, TIMESTAMP '2020-01-01 00:00:01' AS ts")
	two := parquetFile(t, "SELECT 2::BIGINT AS a, 7 AS extra")
	cols := []sql.Column{{Name: "b", Type: "string"}, {Name: "a", Type: "bigint"}, {Name: "l", Type: "array<int>"}, {Name: "s", Type: "struct<p:int,q:string>"},
		{Name: "m", Type: "map<string,int>"}, {Name: "d", Type: "decimal(5,2)"}, {Name: "ts", Type: "timestamp"}, {Name: "gone", Type: "double"}}
	tab := &sql.Table{Columns: cols, Format: sql.Format{Kind: sql.Parquet}, Partitions: []sql.Partition{at1(nil, one, two)}}
	got, err := ask(t.Context(), e, tables{"t": tab}, "SELECT * FROM t ORDER BY a")
	want := "x|1|[1, 2]|{p=1, q=z}|{k=9}|1.50|2020-01-01 00:00:01.000|<null>\n<null>|2|<null>|<null>|<null>|<null>|<null>|<null>"
	if err != nil || got != want {
		t.Errorf("got %s %v\nwant %s", got, err, want)
	}
}

func TestPartitions(t *testing.T) {
	e := newEngine(t, Config{})
	ts := tables{"t": {Columns: []sql.Column{{Name: "a", Type: "int"}}, Keys: []sql.Column{{Name: "dt", Type: "date"}, {Name: "r", Type: "string"}}, Format: csv,
		Partitions: []sql.Partition{at1([]string{"2020-01-01", "eu"}, write(t, "a", "1\n2\n")), at1([]string{"2020-01-02", sql.NullPartition}, write(t, "b", "3\n")),
			at1([]string{"2020-01-03", "it's"})}}}
	f := func(query, want string) {
		t.Helper()
		got, err := ask(t.Context(), e, ts, query)
		if err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", query, got, err, want)
		}
	}
	f("SELECT * FROM t ORDER BY a", "1|2020-01-01|eu\n2|2020-01-01|eu\n3|2020-01-02|<null>")
	f("SELECT sum(a) FROM t WHERE dt = DATE '2020-01-02'", "3")
	f("SELECT count(*) FROM t WHERE r IS NULL", "1")
	ts["t"].Cut = sql.Cut{Rows: "r = 'eu'"}
	f("SELECT * FROM t ORDER BY a", "1|2020-01-01|eu\n2|2020-01-01|eu")
	f("SELECT count(*) FROM t", "2")
}

// TestPruning: partitions that have no part in a statement are not even asked for their files, unless that could tell.
func TestPruning(t *testing.T) {
	e := newEngine(t, Config{})
	f := func(cut sql.Cut, query, want, opened string) {
		t.Helper()
		var asked []string
		tab := &sql.Table{Columns: []sql.Column{{Name: "a", Type: "int"}}, Keys: []sql.Column{{Name: "dt", Type: "date"}, {Name: "r", Type: "string"}}, Format: csv, Cut: cut}
		for _, v := range [][]string{{"2020-01-01", "eu"}, {"2020-01-02", "eu"}, {"2020-01-02", "us"}} {
			path := write(t, "p.csv", v[0][9:]+"\n")
			tab.Partitions = append(tab.Partitions, sql.Partition{Values: v, Files: func(context.Context) ([]sql.File, error) {
				asked = append(asked, v[0][9:]+v[1])
				return []sql.File{{Path: path}}, nil
			}})
		}
		got, err := ask(t.Context(), e, tables{"t": tab}, query)
		if err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", query, got, err, want)
		}
		if s := strings.Join(asked, " "); s != opened {
			t.Errorf("%s: opened %s, want %s", query, s, opened)
		}
	}
	const all = "1eu 2eu 2us"
	f(sql.Cut{}, "SELECT count(*) FROM t", "3", all)
	f(sql.Cut{}, "SELECT count(*) FROM t WHERE dt = DATE '2020-01-01'", "1", "1eu")
	f(sql.Cut{}, "SELECT count(*) FROM t x WHERE x.dt > DATE '2020-01-01' AND r = 'us' AND a > 0", "1", "2us")
	f(sql.Cut{}, "SELECT count(*) FROM t WHERE r = 'us' OR a = 1", "2", all)
	f(sql.Cut{}, "SELECT count(*) FROM t WHERE year(dt) = 2019", "0", "")
	f(sql.Cut{}, "SELECT count(*) FROM t p, t q WHERE p.r = 'us' AND q.dt = DATE '2020-01-01'", "1", "1eu 2us")
	f(sql.Cut{}, "SELECT count(*) FROM t p, t q WHERE p.r = 'us'", "3", all)
	f(sql.Cut{}, "SELECT count(*) FROM t p LEFT JOIN t q ON p.a = q.a AND q.r = 'us' WHERE q.r IS NULL", "1", all)
	f(sql.Cut{}, "WITH w AS (SELECT * FROM t WHERE r = 'us') SELECT count(*) FROM w", "1", "2us")
	f(sql.Cut{}, "SELECT count(*) FROM (SELECT *, row_number() OVER (ORDER BY a, r) n FROM t) WHERE r = 'us' AND n = 3", "1", all)
	f(sql.Cut{Rows: "r = 'eu' AND a > 0"}, "SELECT count(*) FROM t", "2", "1eu 2eu")
	f(sql.Cut{Rows: "r = 'eu'"}, "SELECT count(*) FROM t WHERE dt = DATE '2020-01-01'", "1", "1eu 2eu")
	f(sql.Cut{Rows: "a = 1"}, "SELECT count(*) FROM t WHERE dt = DATE '2020-01-02'", "0", all)
}

// TestStaged reads files that are not here, compressed, and names that look like patterns.
func TestStaged(t *testing.T) {
	e := newEngine(t, Config{})
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	fmt.Fprint(w, "1,x\n2,y\n")
	_ = w.Close()
	cols := []sql.Column{{Name: "a", Type: "int"}, {Name: "b", Type: "string"}}
	remote := sql.File{Path: "s3-key.csv.gz", Size: int64(z.Len()), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(z.Bytes())), nil
	}}
	ts := tables{"t": {Columns: cols, Format: csv, Partitions: []sql.Partition{{Files: func(context.Context) ([]sql.File, error) { return []sql.File{remote}, nil }}}}}
	if got, err := ask(t.Context(), e, ts, "SELECT sum(a) FROM t"); err != nil || got != "3" {
		t.Errorf("a staged file: %s %v", got, err)
	}
	odd := write(t, "a*[1]'?.csv", "5,z\n")
	ts = tables{"t": file(csv, odd, sql.Cut{}, cols...)}
	if got, err := ask(t.Context(), e, ts, "SELECT a, b FROM t"); err != nil || got != "5|z" {
		t.Errorf("a name like a pattern: %s %v", got, err)
	}
}
