package iceberg

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/uuid"
)

// disk is Objects in a folder, and a Catalog of one table.
type disk struct {
	mu  sync.Mutex
	now string
	// before, when it is set, is done once before a commit.
	before func()
}

type diskFile struct {
	*os.File
	size int64
}

func (f diskFile) Size() int64 { return f.size }

func (d *disk) Open(_ context.Context, l string) (File, error) {
	f, err := os.Open(l)
	if err != nil {
		return nil, err
	}
	i, err := f.Stat()
	return diskFile{f, i.Size()}, err
}

func (d *disk) Create(_ context.Context, l string) (io.WriteCloser, error) {
	if err := os.MkdirAll(filepath.Dir(l), 0o700); err != nil {
		return nil, err
	}
	return os.Create(l)
}

func (d *disk) Remove(_ context.Context, l string) error { return os.RemoveAll(l) }

func (d *disk) List(_ context.Context, below string, each func(Object) error) error {
	return filepath.WalkDir(below, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		i, err := e.Info()
		if err != nil {
			return err
		}
		return each(Object{p, i.Size(), i.ModTime()})
	})
}

func (d *disk) Current(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now, nil
}

func (d *disk) Commit(_ context.Context, from, to string, _ Metadata) error {
	d.mu.Lock()
	before := d.before
	d.before = nil
	d.mu.Unlock()
	if before != nil {
		before()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now != from {
		return ErrConflict
	}
	d.now = to
	return nil
}

// made makes a table (id int, country string) and opens it.
func made(t *testing.T, partitions ...string) (*disk, *Table) {
	t.Helper()
	d := &disk{}
	var err error
	d.now, _, err = Create(t.Context(), d, Definition{Location: t.TempDir(), Columns: []Column{{Name: "id", Type: "int"}, {Name: "country", Type: "string"}},
		Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	return d, d.load(t)
}

func (d *disk) load(t *testing.T) *Table {
	t.Helper()
	out, err := Load(t.Context(), d, d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// write writes rows of one country.
func (d *disk) write(t *testing.T, table *Table, country string, ids ...int32) []Written {
	t.Helper()
	schema, err := table.Schema()
	if err != nil {
		t.Fatal(err)
	}
	out, err := table.Write(t.Context(), uuid.New(), schema, func(yield func(arrow.RecordBatch, error) bool) {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		for _, id := range ids {
			b.Field(0).(*array.Int32Builder).Append(id)
			b.Field(1).(*array.StringBuilder).Append(country)
		}
		yield(b.NewRecordBatch(), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *disk) append(t *testing.T, country string, ids ...int32) {
	t.Helper()
	table := d.load(t)
	if _, err := table.Append(t.Context(), d.write(t, table, country, ids...)); err != nil {
		t.Fatal(err)
	}
}

// rows counts what a plan reads.
func rows(t *testing.T, p *Plan, err error) (n int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Files {
		n += f.Rows
	}
	return n
}

func (d *disk) rows(t *testing.T) int64 {
	t.Helper()
	p, err := d.load(t).Plan(t.Context(), At{})
	return rows(t, p, err)
}

func TestStates(t *testing.T) {
	d, table := made(t, "country")
	if p, err := table.Plan(t.Context(), At{}); rows(t, p, err) != 0 || len(p.Columns) != 2 {
		t.Errorf("an empty table has %+v", p)
	}
	d.append(t, "DE", 1, 2)
	first := d.load(t).Metadata().CurrentSnapshot()
	d.append(t, "FR", 3)
	now := d.load(t)
	f := func(at At, want int64) {
		t.Helper()
		if p, err := now.Plan(t.Context(), at); rows(t, p, err) != want {
			t.Errorf("%+v has %d rows, want %d", at, rows(t, p, err), want)
		}
	}
	f(At{}, 3)
	f(At{Snapshot: first.SnapshotID}, 2)
	f(At{Time: time.UnixMilli(first.TimestampMs)}, 2)
	f(At{Ref: "main"}, 3)
	for _, at := range []At{{Snapshot: 17}, {Time: time.Unix(1, 0)}, {Ref: "nothing"}} {
		if _, err := now.Plan(t.Context(), at); !errors.Is(err, ErrNoSnapshot) {
			t.Errorf("%+v: %v", at, err)
		}
	}
	p, err := now.Plan(t.Context(), At{})
	var values []string
	for _, f := range p.Files {
		values = append(values, *f.Values[0])
	}
	slices.Sort(values)
	if err != nil || strings.Join(values, " ") != "DE FR" {
		t.Errorf("values of partitions are %q, %v", values, err)
	}
}

// TestConflicts has additions come after whatever came first, and changes of what was read be refused.
func TestConflicts(t *testing.T) {
	d, _ := made(t)
	d.append(t, "DE", 1, 2)
	table := d.load(t)
	files := d.write(t, table, "FR", 3)
	d.before = func() { d.append(t, "IT", 4) }
	if _, err := table.Append(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	if n := d.rows(t); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
	p, err := d.load(t).Plan(t.Context(), At{})
	if err != nil {
		t.Fatal(err)
	}
	d.before = func() { d.append(t, "ES", 5) }
	if _, err := p.Replace(t.Context(), p.Files, nil); !errors.Is(err, ErrConflict) {
		t.Errorf("a change of what is no more: %v", err)
	}
	if n := d.rows(t); n != 5 {
		t.Errorf("%d rows, want 5", n)
	}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			table, err := Load(t.Context(), d, d)
			if err == nil {
				_, err = table.Append(t.Context(), d.write(t, table, "PT", int32(i)))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := d.rows(t); n != 13 {
		t.Errorf("%d rows, want 13", n)
	}
}

func TestReplaceAndClean(t *testing.T) {
	d, _ := made(t, "country")
	d.append(t, "DE", 1, 2)
	d.append(t, "FR", 3)
	p, err := d.load(t).Plan(t.Context(), At{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.Files, func(f DataFile) bool { return *f.Values[0] == "DE" })
	now, err := p.Replace(t.Context(), p.Files[i:i+1], d.write(t, d.load(t), "DE", 1))
	if err != nil {
		t.Fatal(err)
	}
	if n := d.rows(t); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	old := p.Files[i].Location
	if _, err := os.Stat(old); err != nil {
		t.Error("the file of the past is gone")
	}
	if err := now.Clean(t.Context(), 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the past is left: %v", err)
	}
	for i := range 6 {
		d.append(t, "DE", int32(10+i))
	}
	if _, err := d.load(t).Compact(t.Context(), Sizes{Files: 2}, nil); err != nil {
		t.Fatal(err)
	}
	if p, err := d.load(t).Plan(t.Context(), At{}); rows(t, p, err) != 8 || len(p.Files) != 2 {
		t.Errorf("%d files", len(p.Files))
	}
	if err := d.load(t).Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := 0
	_ = d.List(t.Context(), now.Metadata().Location(), func(Object) error { left++; return nil })
	if left != 0 {
		t.Errorf("%d files are left", left)
	}
}

func TestAlter(t *testing.T) {
	d, _ := made(t, "bucket(4, id)")
	d.append(t, "DE", 1)
	f := func(c Change, want string) {
		t.Helper()
		now, err := d.load(t).Alter(t.Context(), c)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			list, _ := now.Columns()
			for _, c := range list {
				got += c.Name + ":" + c.Type + " "
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
	f(Change{Add: []Column{{Name: "s", Type: "struct<a:array<int>,b:map<string,date>>"}}}, "id:int country:string s:struct<a:array<int>,b:map<string,date>> ")
	f(Change{Update: &Update{Column: "id", Name: "number", Type: "bigint", First: true}}, "number:bigint country:string")
	f(Change{Update: &Update{Column: "number", Type: "int"}}, "cannot")
	f(Change{Update: &Update{Column: "country", Name: "number"}}, "duplicate column name")
	f(Change{Drop: []string{"number"}}, "is a partition field")
	f(Change{Drop: []string{"nothing"}}, "does not exist")
	f(Change{Drop: []string{"country"}, Set: map[string]string{"a": "b"}}, "number:bigint s:")
	p, err := d.load(t).Plan(t.Context(), At{})
	if rows(t, p, err) != 1 {
		t.Error("a row is lost")
	}
	var b strings.Builder
	if err := p.Copy(t.Context(), p.Files[0], &b); err != nil {
		t.Fatal(err)
	}
	r, err := file.NewParquetReader(strings.NewReader(b.String()))
	if err != nil || r.NumRows() != 1 || r.MetaData().Schema.Root().Field(0).FieldID() != 1 {
		t.Errorf("the copy is not the file: %v", err)
	}
}

func TestDefinitions(t *testing.T) {
	f := func(want string, columns []Column, partitions ...string) {
		t.Helper()
		_, _, err := Create(t.Context(), &disk{}, Definition{Location: t.TempDir(), Columns: columns, Partitions: partitions})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%v %v: %s, want %s", columns, partitions, got, want)
		}
	}
	a := []Column{{Name: "a", Type: "int"}, {Name: "d", Type: "timestamp"}, {Name: "s", Type: "string"}}
	f("", a, "a", "year(d)", "bucket(16, a)", "truncate(3, s)")
	f("duplicate", append(a, a[0]))
	f("type nothing", []Column{{Name: "a", Type: "nothing"}})
	for _, bad := range []string{"bucket(a)", "bucket(0, a)", "year(2, d)", "year(s)", "month(nothing)", "nothing(a)", "nothing", "day(d", "truncate(1, d)"} {
		f("partition", a, bad)
	}
}

// FuzzMetadata reads metadata that nobody means well with.
func FuzzMetadata(f *testing.F) {
	d := &disk{}
	dir := f.TempDir()
	at, _, err := Create(context.Background(), d, Definition{Location: dir, Columns: []Column{{Name: "id", Type: "int"}, {Name: "s", Type: "struct<a:int>"}}, Partitions: []string{"id"}})
	if err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(at)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good))
	f.Add(strings.ReplaceAll(string(good), `"identity"`, `"bucket[0]"`))
	f.Add(strings.ReplaceAll(string(good), `"current-schema-id":0`, `"current-schema-id":7`))
	f.Add(`{"format-version":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		d := &disk{now: filepath.Join(t.TempDir(), "00000-a.metadata.json")}
		if err := os.WriteFile(d.now, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		table, err := Load(t.Context(), d, d)
		if err != nil {
			return
		}
		_, _ = table.Columns()
		_, _ = table.Plan(t.Context(), At{})
		for _, v := range Views {
			_, _ = table.View(t.Context(), v, io.Discard)
		}
	})
}
