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
func (e *Engine) Explain(ctx context.Context, r sql.Request) (string, error) {
	q, release, ctx, err := e.start(ctx, r)
	if err != nil {
		return "", err
	}
	defer release()
	if err := q.plan(ctx); err != nil {
		return "", err
	}
	res, err := q.in.query(ctx, "EXPLAIN (FORMAT json) "+q.st.SQL)
	if err != nil {
		return "", explain(err, nil)
	}
	defer mapping.DestroyResult(&res)
	chunk := mapping.FetchChunk(res)
	if chunk.Ptr == nil {
		return "", sql.AsError(context.Canceled)
	}
	defer mapping.DestroyDataChunk(&chunk)
	plan := textAt(mapping.VectorGetData(mapping.DataChunkGetVector(chunk, 1)), 0)
	var roots []operator
	if err := json.Unmarshal([]byte(plan), &roots); err != nil {
		return "", sql.AsError(err)
	}
	var b strings.Builder
	b.WriteString("Query Plan\n")
	for _, o := range roots {
		o.write(&b, 0)
	}
	return b.String(), nil
}

type operator struct {
	Name     string     `json:"name"`
	Children []operator `json:"children"`
}

func (o operator) write(b *strings.Builder, depth int) {
	b.WriteString(strings.Repeat("    ", depth) + "- " + strings.TrimSpace(o.Name) + "\n")
	for _, c := range o.Children {
		c.write(b, depth+1)
	}
}
