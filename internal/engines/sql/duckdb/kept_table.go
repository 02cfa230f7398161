package duckdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// settled is how old a file must be to be told from what it is overwritten with, as clocks of file systems tick slowly.
const settled = 100 * time.Millisecond

// identify names what a part is made of: the files as they are now, how they are read, and the cut. "" when it is not to be
// kept: it depends on more, or a file can't be told from a later one in its place.
func (k *kept) identify(b *bound, c *cut, parts []part) string {
	if k.max <= 0 || dialect.Volatile(c.text()) {
		return ""
	}
	of := struct {
		Columns, Keys []sql.Column
		Fixed         []string
		Format        sql.Format
		Cut           sql.Cut
		Values        [][]string
		Files         [][]string
	}{Columns: b.table.Columns, Keys: b.table.Keys, Fixed: b.table.Fixed, Format: b.table.Format, Cut: b.table.Cut}
	var bytes int64
	for _, p := range parts {
		files := make([]string, len(p.files))
		for i, f := range p.files {
			bytes += f.Size
			if files[i] = identity(f); files[i] == "" {
				return ""
			}
		}
		of.Values, of.Files = append(of.Values, p.values), append(of.Files, files)
	}
	text, err := json.Marshal(of)
	if err != nil || bytes > 8*k.most() { // it would hardly fit
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// identity changes whenever a file's content does.
func identity(f sql.File) string {
	if f.Open != nil {
		if f.Version == "" {
			return ""
		}
		return "remote\x00" + f.Path + "\x00" + f.Version
	}
	fi, err := os.Stat(f.Path)
	if err != nil || time.Since(fi.ModTime()) < settled {
		return ""
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	text, _ := json.Marshal([]any{f.Path, fi.Size(), fi.ModTime().UnixNano(), uint64(st.Dev), st.Ino})
	return string(text)
}

// bindKept binds a part that was kept, or writes it to be kept. false: it has to be written another way.
func (q *query) bindKept(ctx context.Context, b *bound, c *cut, parts []part, id string) (bool, error) {
	path := filepath.Join(q.dir, b.ref+".parquet")
	if !q.kept.link(id, c.names, path) {
		mine, done, err := q.kept.turn(ctx, id+strings.Join(c.names, "\x00"))
		defer done()
		if err != nil {
			return false, err
		}
		if mine {
			if ok, err := q.writeKept(ctx, b, c, parts, path); !ok || err != nil {
				return false, err
			}
			if q.kept.identify(b, c, parts) == id { // no file has changed meanwhile
				q.kept.put(id, c.names, path)
			}
		} else if !q.kept.link(id, c.names, path) {
			return false, nil
		}
	}
	var items []string
	for _, col := range b.visible() {
		if b.use.All || b.use.Columns[col.Name] {
			items = append(items, "CAST("+quoted(col.Name)+" AS "+col.Type.Duck()+") AS "+quoted(col.Name))
		}
	}
	if len(items) == 0 {
		items = c.items
	}
	q.open = append(q.open, path)
	return true, q.in.exec(ctx, "CREATE TEMP VIEW "+quoted(b.ref)+" AS SELECT "+strings.Join(items, ", ")+" FROM read_parquet("+literal(path)+", hive_partitioning = false)")
}

// errLarge ends the writing of a part that is too large to be kept.
var errLarge = errors.New("too large to be kept")

// writeKept writes a part to a file. false: it is too large.
func (q *query) writeKept(ctx context.Context, b *bound, c *cut, parts []part, path string) (bool, error) {
	text, err := q.cutQuery(ctx, b, c, parts)
	if err != nil {
		return false, err
	}
	watched, stop := context.WithCancelCause(ctx)
	go func() {
		most := min(q.kept.most(), q.limits.Spill)
		for watched.Err() == nil {
			if fi, err := os.Stat(path); err == nil && fi.Size() > most {
				stop(errLarge)
			}
			select {
			case <-watched.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	err = q.in.exec(watched, "COPY ("+text+") TO "+literal(path)+" (FORMAT parquet, COMPRESSION uncompressed, USE_TMP_FILE false)")
	large := errors.Is(context.Cause(watched), errLarge)
	stop(nil)
	if err == nil {
		return true, nil
	}
	_ = os.Remove(path)
	var r *raw
	if ctx.Err() == nil && (large || errors.As(err, &r) && r.Type == "Out of Memory") {
		return false, nil
	}
	return false, err
}
