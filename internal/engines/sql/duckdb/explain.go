package duckdb

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// Explain implements sql.Engine. The plan is of tables that are cut already, and of it only what operators there are: no
// estimates, no paths.
func (e *Engine) Explain(ctx context.Context, r sql.Request) (*sql.Plan, error) {
	q, release, ctx, err := e.start(ctx, r)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := q.plan(ctx); err != nil {
		return nil, err
	}
	res, err := q.in.query(ctx, "EXPLAIN (FORMAT json) "+q.st.SQL)
	if err != nil {
		return nil, explain(err, nil)
	}
	defer mapping.DestroyResult(&res)
	chunk := mapping.FetchChunk(res)
	if chunk.Ptr == nil {
		return nil, sql.AsError(context.Canceled)
	}
	defer mapping.DestroyDataChunk(&chunk)
	text := textAt(mapping.VectorGetData(mapping.DataChunkGetVector(chunk, 1)), 0)
	p := &sql.Plan{Root: sql.Operator{Name: "Output"}, Columns: q.columns(), Inputs: q.inputs()}
	if err := json.Unmarshal([]byte(text), &p.Root.Children); err != nil {
		return nil, sql.AsError(err)
	}
	trim(p.Root.Children)
	return p, nil
}

func trim(list []sql.Operator) {
	for i := range list {
		list[i].Name = strings.TrimSpace(list[i].Name)
		trim(list[i].Children)
	}
}

// inputs are what the statement itself reads: not what lies behind a fence.
func (q *query) inputs() (out []sql.Name) {
	for _, u := range q.st.Uses {
		if b := q.byUse[u.Ref]; b != nil {
			out = append(out, b.name)
		}
	}
	return out
}
