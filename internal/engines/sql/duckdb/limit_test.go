package duckdb

import (
	"context"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

const endless = "SELECT count(*) FROM UNNEST(sequence(1, 100000)) a(x), UNNEST(sequence(1, 100000)) b(y), UNNEST(sequence(1, 1000)) c(z) WHERE x * y + z = -1"

func TestLimits(t *testing.T) {
	e := newEngine(t, Config{})
	run := func(l sql.Limits, query string) *sql.Error {
		t.Helper()
		rows, err := e.Query(t.Context(), sql.Request{SQL: query, Tables: sales(t, sql.Cut{}), Limits: l, Session: sql.Session{Catalog: "c", Database: "db"}})
		if err == nil {
			rows.Close()
			return nil
		}
		return sql.AsError(err)
	}
	f := func(l sql.Limits, query, code string) {
		t.Helper()
		err := run(l, query)
		if err == nil || err.Kind != sql.Limit || err.Code != code {
			t.Errorf("%s: got %v, want %s", query, err, code)
		}
	}
	f(sql.Limits{Time: 100 * time.Millisecond}, endless, "EXCEEDED_TIME_LIMIT")
	big := "SELECT array_agg(x * 7919 % 1000003 || 'some text that is long') FROM UNNEST(sequence(1, 3000000)) t(x)"
	big = strings.Replace(big, "x * 7919 % 1000003 ||", "CAST(x * 7919 % 1000003 AS varchar) ||", 1)
	f(sql.Limits{Memory: 64 << 20, Spill: 1 << 20}, big, "EXCEEDED_LOCAL_MEMORY_LIMIT")
	f(sql.Limits{Scan: 10}, "SELECT * FROM sales", "EXCEEDED_SCAN_LIMIT")
	if err := run(sql.Limits{Threads: 1, Memory: 128 << 20}, "SELECT * FROM sales"); err != nil {
		t.Error(err)
	}
}

// TestSpill: a sort that is larger than its memory ends on disk, and the disk is clean afterwards.
func TestSpill(t *testing.T) {
	e := newEngine(t, Config{})
	rows, err := e.Query(t.Context(), sql.Request{SQL: "SELECT count(*) FROM (SELECT x, row_number() OVER (ORDER BY x * 7919 % 1000003, CAST(x AS varchar)) r FROM (SELECT a.x * 1000 + b.y AS x FROM UNNEST(sequence(1, 1500)) a(x), UNNEST(sequence(1, 1000)) b(y))) WHERE r > 0",
		Limits: sql.Limits{Memory: 48 << 20, Threads: 1}, Tables: tables{}, Session: sql.Session{Catalog: "c", Database: "db"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := rows.Next(t.Context())
	if err != nil || c.Columns[0][0] != int64(1500000) {
		t.Errorf("got %v %v", c, err)
	}
	rows.Close()
	left, err := os.ReadDir(e.cfg.Dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestCancel(t *testing.T) {
	e := newEngine(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begin := time.Now()
	_, err := ask(ctx, e, tables{}, endless)
	if se := sql.AsError(err); err == nil || se.Kind != sql.Cancelled {
		t.Errorf("got %v", err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("a cancelled query went on for %v", d)
	}
	if e.pool.free != e.cfg.Memory {
		t.Errorf("memory is not given back: %d of %d", e.pool.free, e.cfg.Memory)
	}
}

// TestClose ends what runs.
func TestClose(t *testing.T) {
	e := newEngine(t, Config{})
	done := make(chan error)
	go func() {
		_, err := ask(context.Background(), e, tables{}, endless)
		done <- err
	}()
	deadline := time.Now().Add(10 * time.Second)
	for free := e.cfg.Memory; free == e.cfg.Memory && time.Now().Before(deadline); runtime.Gosched() {
		e.pool.mu.Lock()
		free = e.pool.free
		e.pool.mu.Unlock()
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil || sql.AsError(err).Kind != sql.Cancelled {
		t.Errorf("got %v", err)
	}
	if _, err := ask(context.Background(), e, tables{}, "SELECT 1"); err == nil || sql.AsError(err).Kind != sql.Cancelled {
		t.Errorf("a closed engine answers: %v", err)
	}
}

// TestConcurrent runs more queries at once than memory is there for: all end, and never more run than fit.
func TestConcurrent(t *testing.T) {
	e := newEngine(t, Config{Memory: 256 << 20, Limits: sql.Limits{Memory: 64 << 20, Threads: 1}})
	ts := sales(t, sql.Cut{Rows: "country = 'DE'"})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := ask(t.Context(), e, ts, "SELECT sum(amount), count(*) FROM sales, UNNEST(sequence(1, 50000)) t(x)")
			if err != nil || got != "587500.00|100000" {
				t.Errorf("got %s %v", got, err)
			}
			e.pool.mu.Lock()
			defer e.pool.mu.Unlock()
			if e.pool.free < 0 {
				t.Errorf("more memory is out than there is: %d", e.pool.free)
			}
		})
	}
	wg.Wait()
	if e.pool.free != e.cfg.Memory {
		t.Errorf("memory is not given back: %d of %d", e.pool.free, e.cfg.Memory)
	}
}
