package duckdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// old makes the files of tables as old as files are that are kept.
func old(t testing.TB, ts tables) tables {
	t.Helper()
	for _, table := range ts {
		for _, p := range table.Partitions {
			files, err := p.Files(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if err := os.Chtimes(f.Path, time.Time{}, time.Now().Add(-time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return ts
}

func (k *kept) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.recent.Len()
}

// TestKept: a part is written once for all that have the same cut, and again for any other cut.
func TestKept(t *testing.T) {
	e := newEngine(t, Config{})
	ts := old(t, sales(t, sql.Cut{Rows: "country = 'DE'"}))
	f := func(cut sql.Cut, query, want string, count int) {
		t.Helper()
		ts["sales"].Cut = cut
		got, err := ask(t.Context(), e, ts, query)
		if err != nil {
			got = err.Error()
		}
		if got != want || e.kept.count() != count {
			t.Errorf("%s\n got %s\nwant %s; %d parts are kept, want %d", query, got, want, e.kept.count(), count)
		}
	}
	german := sql.Cut{Rows: "country = 'DE'"}
	f(german, "SELECT id, amount FROM sales ORDER BY 1", "1|10.50\n3|1.25", 1)
	f(german, "SELECT sum(amount) FROM sales WHERE id > 1", "1.25", 1)
	f(german, "SELECT count(*) FROM sales", "2", 1)
	f(german, "SELECT country FROM sales", "DE\nDE", 2)
	f(german, "SELECT * FROM sales ORDER BY 1", "1|DE|10.50|4111\n3|DE|1.25|4333", 1) // it covers the others
	f(sql.Cut{Rows: "country = 'FR'"}, "SELECT id, amount FROM sales", "2|20.00", 2)
	f(sql.Cut{Rows: "country <> 'DE'"}, "SELECT count(*) FROM sales", "2", 3)
	f(sql.Cut{Rows: "country = 'DE'", Columns: []string{"id", "card"}}, "SELECT * FROM sales ORDER BY 1", "1|4111\n3|4333", 4)
	f(sql.Cut{Rows: "country = 'DE'", Columns: []string{"id"}}, "SELECT card FROM sales", "COLUMN_NOT_FOUND: line 1:8: Column 'card' cannot be resolved", 4)
	f(sql.Cut{Cells: map[string]string{"card": "id = 1"}}, "SELECT id, card FROM sales ORDER BY 1", "1|4111\n2|<null>\n3|<null>\n4|<null>", 5)
	f(sql.Cut{Cells: map[string]string{"card": "id = 2"}}, "SELECT id, card FROM sales ORDER BY 1", "1|<null>\n2|4222\n3|<null>\n4|<null>", 6)
	f(sql.Cut{Rows: "country = 'DE' AND now() > TIMESTAMP '2020-01-01 00:00:00 UTC'"}, "SELECT id FROM sales ORDER BY 1", "1\n3", 6)
	f(sql.Cut{Rows: "random() < 2"}, "SELECT count(*) FROM sales", "4", 6)
	ts["sales"].Columns = slices.Clone(salesColumns) // shared by other tests
	ts["sales"].Columns[2].Type = "double"
	f(german, "SELECT amount FROM sales ORDER BY 1", "1.25\n10.5", 7)
}

// TestKeptChange: a file that changes, in place or by another in its place, is read again.
func TestKeptChange(t *testing.T) {
	e := newEngine(t, Config{})
	ts := old(t, sales(t, sql.Cut{Rows: "country = 'DE'"}))
	files, err := ts["sales"].Partitions[0].Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := files[0].Path
	f := func(change func() error, want string) {
		t.Helper()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := ask(t.Context(), e, ts, "SELECT id FROM sales ORDER BY 1"); err != nil || got != want {
				t.Errorf("got %s %v, want %s", got, err, want)
			}
		}
	}
	f(func() error { return nil }, "1\n3")
	f(func() error { return os.WriteFile(path, []byte("5,DE,1,1\n"), 0o600) }, "5")
	f(func() error { return os.WriteFile(path, []byte("6,DE,1,1\n"), 0o600) }, "6") // as long, and so soon
	f(func() error { old(t, ts); return nil }, "6")
	f(func() error {
		if err := os.WriteFile(path+".new", []byte("7,DE,1,1\n"), 0o600); err != nil {
			return err
		}
		fi, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := os.Chtimes(path+".new", fi.ModTime(), fi.ModTime()); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}, "7")
}

// TestKeptRemote: what is fetched is kept by its version, and not fetched then.
func TestKeptRemote(t *testing.T) {
	e := newEngine(t, Config{})
	fetched := 0
	f := func(version, content, want string, times int) {
		t.Helper()
		ts := sales(t, sql.Cut{Rows: "country = 'DE'"})
		ts["sales"].Partitions[0].Files = func(context.Context) ([]sql.File, error) {
			return []sql.File{{Path: "bucket/key.csv", Size: int64(len(content)), Version: version, Open: func(context.Context) (io.ReadCloser, error) {
				fetched++
				return io.NopCloser(strings.NewReader(content)), nil
			}}}, nil
		}
		for range 2 {
			if got, err := ask(t.Context(), e, ts, "SELECT id FROM sales"); err != nil || got != want {
				t.Errorf("got %s %v, want %s", got, err, want)
			}
		}
		if fetched != times {
			t.Errorf("version %q: fetched %d times, want %d", version, fetched, times)
		}
	}
	f("a", "1,DE,1,1\n", "1", 1)
	f("b", "2,DE,1,1\n", "2", 2)
	f("", "3,DE,1,1\n", "3", 4)
	f("a", "1,DE,1,1\n", "1", 4)
}

// TestKeptBounds: what is kept stays within its bytes, the last used stay, and what is too large is not kept.
func TestKeptBounds(t *testing.T) {
	e := newEngine(t, Config{Kept: 3 * keptLeast})
	ts := old(t, sales(t, sql.Cut{}))
	query := func(id int) {
		t.Helper()
		ts["sales"].Cut.Rows = fmt.Sprintf("id = %d", id)
		if got, err := ask(t.Context(), e, ts, "SELECT id FROM sales"); err != nil || got != fmt.Sprint(id) {
			t.Errorf("got %s %v", got, err)
		}
	}
	has := func(id int) bool {
		return e.kept.recent.Len() > 0 && func() bool {
			n := e.kept.serial
			query(id)
			return e.kept.serial == n
		}()
	}
	for id := range 3 {
		query(id + 1)
	}
	if !has(1) {
		t.Error("the first of three is gone")
	}
	query(4)
	if !has(1) || has(2) {
		t.Error("the least used should have gone")
	}
	files, err := os.ReadDir(e.kept.dir)
	if err != nil || len(files) != 3 || e.kept.bytes != 3*keptLeast {
		t.Errorf("%d files of %d bytes, %v", len(files), e.kept.bytes, err)
	}
	small := newEngine(t, Config{Kept: 200})
	small.kept.max = 2
	if got, err := ask(t.Context(), small, ts, "SELECT id FROM sales"); err != nil || got != "2" || small.kept.count() != 0 {
		t.Errorf("got %s %v, %d kept", got, err, small.kept.count())
	}
}

// TestKeptLarge: a part that grows too large while it is written is read without being kept.
func TestKeptLarge(t *testing.T) {
	e := newEngine(t, Config{Kept: 1 << 20, Limits: sql.Limits{Threads: 1, Memory: 256 << 20}})
	var b strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&b, "%d,DE,1,%d\n", i, i*7919%1_000_003)
	}
	ts := old(t, tables{"sales": file(csv, write(t, "sales.csv", b.String()), sql.Cut{Rows: "country = 'DE'"}, salesColumns...)})
	e.kept.max = 2 << 20
	if got, err := ask(t.Context(), e, ts, "SELECT count(card), max(id) FROM sales"); err != nil || got != "400000|399999" {
		t.Errorf("got %s %v", got, err)
	}
	if n := e.kept.count(); n != 0 {
		t.Errorf("%d parts are kept", n)
	}
}

// TestKeptTogether: many who need the same part at once get it, and it is written once.
func TestKeptTogether(t *testing.T) {
	e := newEngine(t, Config{Limits: sql.Limits{Threads: 1, Memory: 64 << 20}})
	ts := old(t, sales(t, sql.Cut{Rows: "country = 'DE'"}))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := ask(t.Context(), e, ts, "SELECT sum(amount) FROM sales"); err != nil || got != "11.75" {
				t.Errorf("got %s %v", got, err)
			}
		})
	}
	wg.Wait()
	if e.kept.serial != 1 || len(e.kept.written) != 0 {
		t.Errorf("written %d times, %d still are", e.kept.serial, len(e.kept.written))
	}
}
