package duckdb

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// bound is a table or a fenced view on its way into the instance.
type bound struct {
	ref   string
	name  sql.Name
	table *sql.Table
	cols  []dialect.Column   // all of it, files' and keys
	use   *dialect.Use       // what the statement reads; nil until translated
	view  *dialect.Statement // of a fenced view
}

const maxViews = 16

// lookup resolves names for the dialect. What the cut hides does not exist.
func (q *query) lookup(ctx context.Context, tables sql.Resolver, depth int) dialect.Lookup {
	return func(n dialect.Name) (*dialect.Table, error) {
		if depth > maxViews {
			return nil, sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "views are nested too deeply")
		}
		t, err := tables.Table(ctx, n)
		if err != nil || t == nil {
			return nil, err
		}
		if t.View != nil {
			return q.lookupView(ctx, n, t.View, depth)
		}
		b := &bound{name: n, table: t}
		var visible []dialect.Column
		for i, c := range slices.Concat(t.Columns, t.Keys) {
			key := i >= len(t.Columns) || slices.Contains(t.Fixed, strings.ToLower(c.Name))
			typ, err := dialect.ParseHive(c.Type)
			if err != nil {
				return nil, sql.Errorf(sql.NotSupported, "HIVE_UNSUPPORTED_FORMAT", "column '%s' of table '%s' has a type that is not supported: %s", c.Name, n, c.Type)
			}
			c.Name = strings.ToLower(c.Name)
			if !dialect.PlainName(c.Name) {
				return nil, sql.Errorf(sql.NotSupported, "HIVE_INVALID_METADATA", "a column of table '%s' has a name that is not supported", n)
			}
			b.cols = append(b.cols, dialect.Column{Name: c.Name, Type: typ, Key: key})
			if t.Cut.Columns == nil || slices.Contains(t.Cut.Columns, c.Name) {
				visible = append(visible, dialect.Column{Name: c.Name, Type: typ, Key: key})
			}
		}
		if len(visible) == 0 {
			return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "no column of table '%s' may be read", n)
		}
		return &dialect.Table{Ref: q.add(b), Columns: visible}, nil
	}
}

func (q *query) add(b *bound) string {
	b.ref = "t" + strconv.Itoa(len(q.bound))
	q.bound = append(q.bound, b)
	q.byUse[b.ref] = b
	return b.ref
}

func (q *query) lookupView(ctx context.Context, n dialect.Name, v *sql.View, depth int) (*dialect.Table, error) {
	var cols []dialect.Column
	for _, c := range v.Columns {
		if !dialect.PlainName(c.Name) {
			return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "a column of view '%s' has a name that is not supported", n)
		}
		typ, err := dialect.ParseType(c.Type)
		if err != nil {
			if typ, err = dialect.ParseHive(c.Type); err != nil {
				typ = nil
			}
		}
		cols = append(cols, dialect.Column{Name: strings.ToLower(c.Name), Type: typ})
	}
	inner := q.lookup(ctx, v.Tables, depth+1)
	if !v.Fenced {
		return &dialect.Table{Columns: cols, View: &dialect.View{SQL: v.SQL, Catalog: v.Catalog, Database: v.Database, Lookup: inner}}, nil
	}
	st, err := dialect.Translate(v.SQL, dialect.Options{Catalog: v.Catalog, Database: v.Database, User: q.r.Session.User, Lookup: inner})
	if err != nil {
		return nil, sql.Errorf(sql.NotSupported, "INVALID_VIEW", "view '%s' can't be read", n)
	}
	q.note(st)
	if len(cols) != len(st.Columns) {
		cols = st.Columns
	}
	return &dialect.Table{Ref: q.add(&bound{name: n, view: st, cols: cols}), Columns: cols}, nil
}

// note remembers what a statement reads of each table.
func (q *query) note(st *dialect.Statement) {
	for _, u := range st.Uses {
		if b := q.byUse[u.Ref]; b != nil {
			b.use = u
		}
	}
}

func (q *query) bind(ctx context.Context, b *bound) error {
	if b.view != nil {
		return q.bindView(ctx, b)
	}
	if b.use == nil {
		q.noteAll(b)
	}
	cut := b.table.Cut
	if cut.Rows == "" && len(cut.Cells) == 0 {
		return q.bindWhole(ctx, b)
	}
	return q.bindCut(ctx, b)
}

func (q *query) noteAll(b *bound) {
	b.use = &dialect.Use{Ref: b.ref, All: true, Columns: map[string]bool{}}
}

// bindView computes a fenced view.
func (q *query) bindView(ctx context.Context, b *bound) error {
	if err := q.check(ctx, b.view.SQL); err != nil {
		return err
	}
	for _, m := range dialect.Macros(b.view.SQL) {
		if err := q.in.exec(ctx, m); err != nil {
			return err
		}
	}
	names := make([]string, len(b.cols))
	for i, c := range b.cols {
		names[i] = quoted(c.Name)
	}
	return q.in.exec(ctx, "CREATE TEMP TABLE "+quoted(b.ref)+" AS SELECT * FROM ("+b.view.SQL+") AS v("+strings.Join(names, ", ")+")")
}

// visible are the columns that exist for the caller.
func (b *bound) visible() (out []dialect.Column) {
	for _, c := range b.cols {
		if b.table.Cut.Columns == nil || slices.Contains(b.table.Cut.Columns, c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// bindWhole makes a view on the files: no row is hidden, and hidden columns are not in the view.
func (q *query) bindWhole(ctx context.Context, b *bound) error {
	cols := b.visible()
	parts, err := q.parts(ctx, b)
	if err != nil {
		return err
	}
	scan, err := q.scan(ctx, b, parts, cols, true)
	if err != nil {
		return err
	}
	return q.in.exec(ctx, "CREATE TEMP VIEW "+quoted(b.ref)+" AS "+scan)
}

// part is the files of one partition.
type part struct {
	values []string
	files  []sql.File
}

// parts lists the files of the partitions that are wanted, and adds up what is read of them.
func (q *query) parts(ctx context.Context, b *bound) ([]part, error) {
	wanted, err := q.wanted(ctx, b)
	if err != nil {
		return nil, err
	}
	out := make([]part, 0, len(wanted))
	for _, p := range wanted {
		list, err := p.Files(ctx)
		if err != nil {
			return nil, err
		}
		files := make([]sql.File, 0, len(list))
		for _, f := range list {
			if f.Size == 0 && f.Path != "" {
				if fi, err := os.Stat(f.Path); err == nil {
					f.Size = fi.Size()
				}
			}
			if f.Size == 0 && f.Open == nil {
				continue // markers of folders
			}
			q.stats.ScannedBytes += f.Size
			q.stats.Files++
			if q.limits.Scan > 0 && q.stats.ScannedBytes > q.limits.Scan {
				return nil, sql.Errorf(sql.Limit, "EXCEEDED_SCAN_LIMIT", "Bytes scanned limit was exceeded")
			}
			files = append(files, f)
		}
		out = append(out, part{p.Values, files})
	}
	return out, nil
}

// local gives paths that are safe to name to the engine.
func (q *query) local(ctx context.Context, files []sql.File) ([]string, error) {
	out := make([]string, len(files))
	for i, f := range files {
		var err error
		if out[i], err = q.stage(ctx, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stage copies what is not here, and links names that the engine would take for patterns.
func (q *query) stage(ctx context.Context, f sql.File) (string, error) {
	q.staged++
	name := filepath.Join(q.dir, "f"+strconv.Itoa(q.staged)+extension(f.Path))
	if f.Open == nil {
		if !strings.ContainsAny(f.Path, `*?[]{}\'"`) && !strings.Contains(f.Path, "://") {
			return f.Path, nil
		}
		return name, os.Symlink(f.Path, name)
	}
	r, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	w, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	n, err := io.Copy(w, io.LimitReader(r, q.limits.Spill+1))
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil && n > q.limits.Spill {
		err = sql.Errorf(sql.Limit, "EXCEEDED_SPILL_LIMIT", "a file is larger than the space for staged data")
	}
	return name, err
}

func extension(path string) string {
	switch e := strings.ToLower(filepath.Ext(path)); e {
	case ".gz", ".zst":
		return e
	}
	return ""
}
