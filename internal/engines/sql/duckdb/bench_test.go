package duckdb

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// tpch is a folder with TPC-H's tables as Parquet and queries.json, number to text.
var tpch = flag.String("tpch", "", "folder of TPC-H's tables as Parquet files, with queries.json")

var parquetFormat = sql.Format{Kind: sql.Parquet}

var tpchColumns = map[string]string{
	"lineitem": "l_orderkey bigint,l_partkey bigint,l_suppkey bigint,l_linenumber bigint,l_quantity decimal(15;2),l_extendedprice decimal(15;2),l_discount decimal(15;2),l_tax decimal(15;2),l_returnflag string,l_linestatus string,l_shipdate date,l_commitdate date,l_receiptdate date,l_shipinstruct string,l_shipmode string,l_comment string",
	"orders":   "o_orderkey bigint,o_custkey bigint,o_orderstatus string,o_totalprice decimal(15;2),o_orderdate date,o_orderpriority string,o_clerk string,o_shippriority int,o_comment string",
	"customer": "c_custkey bigint,c_name string,c_address string,c_nationkey int,c_phone string,c_acctbal decimal(15;2),c_mktsegment string,c_comment string",
	"part":     "p_partkey bigint,p_name string,p_mfgr string,p_brand string,p_type string,p_size int,p_container string,p_retailprice decimal(15;2),p_comment string",
	"partsupp": "ps_partkey bigint,ps_suppkey bigint,ps_availqty bigint,ps_supplycost decimal(15;2),ps_comment string",
	"supplier": "s_suppkey bigint,s_name string,s_address string,s_nationkey int,s_phone string,s_acctbal decimal(15;2),s_comment string",
	"nation":   "n_nationkey int,n_name string,n_regionkey int,n_comment string",
	"region":   "r_regionkey int,r_name string,r_comment string",
}

func tpchTables(cut sql.Cut) tables {
	out := tables{}
	for name, spec := range tpchColumns {
		var cols []sql.Column
		for c := range strings.SplitSeq(spec, ",") {
			n, t, _ := strings.Cut(c, " ")
			cols = append(cols, sql.Column{Name: n, Type: strings.ReplaceAll(t, ";", ",")})
		}
		t := file(parquetFormat, filepath.Join(*tpch, name+".parquet"), sql.Cut{}, cols...)
		if name == "lineitem" {
			t.Cut = cut
		}
		out[name] = t
	}
	return out
}

func tpchQueries(b *testing.B) (numbers []int, queries map[string]string) {
	if *tpch == "" {
		b.Skip("no -tpch folder")
	}
	text, err := os.ReadFile(filepath.Join(*tpch, "queries.json"))
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(text, &queries); err != nil {
		b.Fatal(err)
	}
	for n := range queries {
		i, _ := strconv.Atoi(n)
		numbers = append(numbers, i)
	}
	sort.Ints(numbers)
	return numbers, queries
}

// trino rewrites what the engine's own text of TPC-H has and Trino's has not: GROUP BY an alias.
func trino(q string) string {
	i := strings.LastIndex(q, "GROUP BY")
	if j := strings.Index(q, "GROUP BY"); j < i && strings.Contains(q, "supplier_no") {
		i = j
	}
	if i < 0 || !strings.Contains(q, "AS supplier_no") {
		return q
	}
	return q[:i] + strings.Replace(q[i:], "supplier_no", "l_suppkey", 1)
}

// BenchmarkTPCH runs each query on the engine alone, through us, and through us with lineitem cut, one after the other, so
// that a busy machine slows all alike. It reports the sums of the best of each.
func BenchmarkTPCH(b *testing.B) {
	numbers, queries := tpchQueries(b)
	ctx := context.Background()
	var but []string
	for c := range strings.SplitSeq(tpchColumns["lineitem"], ",") {
		if n, _, _ := strings.Cut(c, " "); n != "l_comment" {
			but = append(but, n)
		}
	}
	ways := []struct {
		name string
		cut  sql.Cut
	}{{"plain", sql.Cut{}}, {"whole", sql.Cut{}}, {"columns", sql.Cut{Columns: but}},
		{"most-rows", sql.Cut{Columns: but, Rows: "l_shipmode <> 'AIR'"}},
		{"some-rows", sql.Cut{Columns: but, Rows: "l_shipmode IN ('AIR', 'RAIL')"}}}
	e := newEngine(b, Config{Limits: sql.Limits{Memory: 4 << 30, Threads: 2}})
	for b.Loop() {
		sums := map[string]time.Duration{}
		for _, n := range numbers {
			q := queries[strconv.Itoa(n)]
			for _, w := range ways {
				best := time.Hour
				for range 3 {
					begin := time.Now()
					if w.name == "plain" {
						plain(b, q)
					} else if _, err := ask(ctx, e, tpchTables(w.cut), trino(q)); err != nil {
						b.Fatalf("%d: %v", n, err)
					}
					best = min(best, time.Since(begin))
				}
				sums[w.name] += best
			}
		}
		for _, w := range ways {
			b.ReportMetric(sums[w.name].Seconds(), w.name+"-s")
			b.ReportMetric(sums[w.name].Seconds()/sums["plain"].Seconds(), w.name+"-ratio")
		}
	}
}

// plain runs a query on the engine without us.
func plain(b *testing.B, q string) {
	ctx := context.Background()
	in, err := open()
	if err != nil {
		b.Fatal(err)
	}
	defer in.close()
	views := "SET threads = 2"
	for name := range tpchColumns {
		views += "; CREATE VIEW " + name + " AS SELECT * FROM read_parquet(" + literal(filepath.Join(*tpch, name+".parquet")) + ")"
	}
	if err := in.exec(ctx, views); err != nil {
		b.Fatal(err)
	}
	res, err := in.query(ctx, q)
	if err != nil {
		b.Fatal(err)
	}
	defer mapping.DestroyResult(&res)
	for {
		c := mapping.FetchChunk(res)
		if c.Ptr == nil {
			return
		}
		mapping.DestroyDataChunk(&c)
	}
}

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
