package duckdb

import (
	"context"
	"io"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// rows is a result that the engine holds.
type rows struct {
	res      mapping.Result
	cols     []sql.ResultColumn
	decoders []*decoder
	stats    sql.Stats
	release  func()
	chunk    sql.Chunk
}

func newRows(res mapping.Result, cols []sql.ResultColumn) *rows {
	r := &rows{res: res, cols: cols}
	for i := range cols {
		t := mapping.ColumnLogicalType(&r.res, mapping.IdxT(i))
		r.decoders = append(r.decoders, newDecoder(t))
		mapping.DestroyLogicalType(&t)
		if !known(cols[i].Type) {
			cols[i].Type = r.decoders[i].typ()
		}
	}
	r.chunk.Columns = make([][]any, len(cols))
	return r
}

// known tells whether all parts of the type are.
func known(t *sql.Type) bool {
	if t == nil {
		return false
	}
	for _, e := range t.Elems {
		if !known(e) {
			return false
		}
	}
	return true
}

func (r *rows) Columns() []sql.ResultColumn { return r.cols }

func (r *rows) Stats() sql.Stats { return r.stats }

func (r *rows) Next(ctx context.Context) (*sql.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, cancelled(err)
	}
	if r.release == nil {
		return nil, io.EOF
	}
	chunk := mapping.FetchChunk(r.res)
	if chunk.Ptr == nil {
		return nil, io.EOF
	}
	defer mapping.DestroyDataChunk(&chunk)
	r.chunk.Len = int(mapping.DataChunkGetSize(chunk))
	for c := range r.cols {
		v := openVector(r.decoders[c], mapping.DataChunkGetVector(chunk, mapping.IdxT(c)))
		col := r.chunk.Columns[c][:0]
		for i := range r.chunk.Len {
			col = append(col, v.value(i))
		}
		r.chunk.Columns[c] = col
	}
	r.stats.Rows += int64(r.chunk.Len)
	return &r.chunk, nil
}

// Close gives the memory back. It may be called again.
func (r *rows) Close() error {
	if r.release != nil {
		mapping.DestroyResult(&r.res)
		r.release()
		r.release = nil
	}
	return nil
}
