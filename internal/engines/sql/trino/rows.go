package trino

import (
	"context"
	stdsql "database/sql"
	"io"
	"strings"
	"sync"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// chunkRows is how many rows a chunk has at most.
const chunkRows = 1024

// rows is a result as it comes from the cluster.
type rows struct {
	q        *query
	in       *stdsql.Rows
	cols     []sql.ResultColumn
	values   []any
	chunk    sql.Chunk
	began    time.Time
	progress *progress
	stats    sql.Stats
}

// progress takes what the cluster tells of a query.
type progress struct {
	mu      sync.Mutex
	scanned int64
}

// Update implements the client's ProgressUpdater.
func (p *progress) Update(i client.QueryProgressInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scanned = max(p.scanned, i.QueryStats.PhysicalInputBytes)
}

// rows sends the text and waits for the first rows.
func (q *query) rows(text string) (*rows, error) {
	r := &rows{q: q, began: time.Now(), progress: &progress{}}
	args := append([]any{stdsql.Named("X-Trino-Progress-Callback", r.progress), stdsql.Named("X-Trino-Progress-Callback-Period", time.Second)}, q.args...)
	var err error
	if r.in, err = q.e.db.QueryContext(q.ctx, text, args...); err != nil {
		return nil, q.explain(err)
	}
	types, err := r.in.ColumnTypes()
	if err != nil {
		_ = r.in.Close()
		return nil, q.explain(err)
	}
	for _, t := range types {
		r.cols = append(r.cols, sql.ResultColumn{Name: t.Name(), Type: typeOf(t)})
	}
	r.values, r.chunk.Columns = make([]any, len(types)), make([][]any, len(types))
	return r, nil
}

func typeOf(t *stdsql.ColumnType) *sql.Type {
	name := strings.ToLower(t.DatabaseTypeName())
	typ, err := dialect.ParseType(name)
	if err != nil {
		return &sql.Type{Kind: name} // a type that only Trino has comes as text
	}
	if p, s, ok := t.DecimalSize(); ok && typ.Kind == dialect.Decimal {
		typ.P, typ.S = int(p), int(s)
	}
	if n, ok := t.Length(); ok && n < 1<<31-1 && (typ.Kind == dialect.Varchar || typ.Kind == dialect.Char) {
		typ.P = int(n)
	}
	return typ
}

func (r *rows) Columns() []sql.ResultColumn { return r.cols }

func (r *rows) Stats() sql.Stats { return r.stats }

// Next implements sql.Rows.
func (r *rows) Next(ctx context.Context) (*sql.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, cancelled(err)
	}
	for c := range r.cols {
		r.chunk.Columns[c] = r.chunk.Columns[c][:0]
	}
	into := make([]any, len(r.values))
	for i := range r.values {
		into[i] = &r.values[i]
	}
	for r.chunk.Len = 0; r.chunk.Len < chunkRows && r.in.Next(); r.chunk.Len++ {
		if err := r.in.Scan(into...); err != nil {
			return nil, r.q.explain(err)
		}
		for c, v := range r.values {
			r.chunk.Columns[c] = append(r.chunk.Columns[c], valueOf(r.cols[c].Type, v))
		}
	}
	if err := r.in.Err(); err != nil {
		return nil, r.q.explain(err)
	}
	r.stats.Rows += int64(r.chunk.Len)
	r.stats.Executed = time.Since(r.began)
	r.progress.mu.Lock()
	r.stats.ScannedBytes = r.progress.scanned
	r.progress.mu.Unlock()
	if r.chunk.Len == 0 {
		return nil, io.EOF
	}
	return &r.chunk, nil
}

// Close ends the query on the cluster if it still runs. It may be called again.
func (r *rows) Close() error {
	err := r.in.Close()
	r.q.release()
	if err != nil {
		return r.q.explain(err)
	}
	return nil
}
