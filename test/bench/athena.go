package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sqlBench runs queries of TPC-H by Athena, as an administrator and as an analyst who is shown a part of lineitem.
type sqlBench struct {
	*server
	admin, analyst athenaCaller
	plain          *duckdbProcess
	queries        map[int]string
	numbers        []int
	b              *strings.Builder
}

// athenas measures queries by Athena against DuckDB on the same files.
func athenas(ctx context.Context, o options) (_ section, err error) {
	folder, err := tpch()
	if err != nil {
		return section{}, err
	}
	servers, err := o.start(ctx, shared)
	defer stopAll(servers)
	if err != nil {
		return section{}, err
	}
	s := &sqlBench{server: servers[0], b: &strings.Builder{}}
	if err := s.readQueries(folder); err != nil {
		return section{}, err
	}
	if err := s.makeLake(ctx, folder); err != nil {
		return section{}, err
	}
	if s.plain, err = startDuckDB(folder); err != nil {
		return section{}, err
	}
	defer s.plain.close()
	for _, f := range []func(context.Context, options) error{s.small, s.partitions, s.all, s.together} {
		if err := f(ctx, o); err != nil {
			return section{}, err
		}
	}
	return section{"SQL", s.b.String()}, ctx.Err()
}

// readQueries reads the queries. One of them groups by an alias, which Trino does not.
func (s *sqlBench) readQueries(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "queries.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &s.queries); err != nil {
		return err
	}
	for n, q := range s.queries {
		if before, after, ok := strings.Cut(q, "GROUP BY"); ok && strings.Contains(q, "AS supplier_no") {
			s.queries[n] = before + "GROUP BY" + strings.Replace(after, "supplier_no", "l_suppkey", 1)
		}
		s.numbers = append(s.numbers, n)
	}
	slices.Sort(s.numbers)
	return nil
}

// all runs each query in turn on DuckDB, on whole tables, and on a part of lineitem.
func (s *sqlBench) all(ctx context.Context, o options) error {
	ways := []struct {
		name string
		run  func(n int) (time.Duration, error)
	}{
		{"DuckDB, a database of its own for each query", s.plain.run},
		{"Athena, all rows and columns", func(n int) (time.Duration, error) { return s.admin.query(ctx, s.queries[n]) }},
		{"Athena, lineitem without l_comment and without a seventh of its rows", func(n int) (time.Duration, error) { return s.analyst.query(ctx, s.queries[n]) }},
	}
	first, sums := make([]time.Duration, len(ways)), make([]time.Duration, len(ways))
	for _, n := range s.numbers {
		times := make([][]time.Duration, len(ways))
		for range o.rounds {
			for i, w := range ways {
				took, err := w.run(n)
				if err != nil {
					return fmt.Errorf("query %d on %s: %w", n, w.name, err)
				}
				times[i] = append(times[i], took)
			}
		}
		for i := range ways {
			first[i] += times[i][0]
			sums[i] += median(times[i])
		}
		fmt.Fprintln(os.Stderr, "bench: TPC-H", n, "done")
	}
	s.b.WriteString("| All 22 queries of TPC-H, scale 1 | first turn s | against DuckDB | median s | against DuckDB | aim |\n|---|---:|---:|---:|---:|---:|\n")
	for i, w := range ways {
		fmt.Fprintf(s.b, "| %s | %.2f | %.2f | %.2f | %.2f | %s |\n", w.name, first[i].Seconds(), first[i].Seconds()/first[0].Seconds(),
			sums[i].Seconds(), sums[i].Seconds()/sums[0].Seconds(), []string{"", "1.3", "2.0"}[i])
	}
	fmt.Fprintf(s.b, "\nSums of %d turns, from StartQueryExecution to SUCCEEDED, the result written to S3. In its first turn a query writes the part of lineitem\n"+
		"that may be seen; later ones with the same cut find it. DuckDB reads the same files in Python, and its results are fetched.\n\n", o.rounds)
	return nil
}

// small runs a query of 25 rows, one after the other, up to its rows.
func (s *sqlBench) small(ctx context.Context, _ options) error {
	const query = "SELECT n_name, n_regionkey FROM nation WHERE n_regionkey = 3 ORDER BY 1"
	s.b.WriteString("| A small query, from start to its rows | p50 ms | p95 ms | aim of p50 |\n|---|---:|---:|---:|\n")
	for _, w := range []struct {
		name string
		who  athenaCaller
	}{{"all rows and columns", s.admin}, {"a part of the table", s.analyst}} {
		var times []time.Duration
		for range 60 {
			begin := time.Now()
			rows, err := w.who.rows(ctx, query)
			if err != nil {
				return err
			}
			if rows != 5 {
				return fmt.Errorf("%s gave %d rows", query, rows)
			}
			times = append(times, time.Since(begin))
		}
		times = times[10:]
		fmt.Fprintf(s.b, "| %s | %.1f | %.1f | 60 |\n", w.name, float64(median(times).Microseconds())/1000, float64(percentile(times, 95).Microseconds())/1000)
	}
	s.b.WriteString("\n")
	return nil
}

// together runs fifty queries at once.
func (s *sqlBench) together(ctx context.Context, _ options) error {
	const n = 50
	before := status(s.process.Process.Pid, "VmRSS:")
	begin := time.Now()
	times, errs := make([]time.Duration, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			who := []athenaCaller{s.admin, s.analyst}[i%2]
			times[i], errs[i] = who.query(ctx, s.queries[s.numbers[i%len(s.numbers)]])
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("query %d of %d at once: %w", i, n, err)
		}
	}
	fmt.Fprintf(s.b, "| %d queries of TPC-H at once | |\n|---|---:|\n| all have ended after | %.1f s |\n| the longest | %.1f s |\n| resident before, and at most | %s MB, %s MB |\n\n"+
		"All queries together are given 4 GiB; the aim is that all end within it.\n", n, time.Since(begin).Seconds(), slices.Max(times).Seconds(),
		strconv.FormatInt(before>>10, 10), strconv.FormatInt(status(s.process.Process.Pid, "VmHWM:")>>10, 10))
	return nil
}
