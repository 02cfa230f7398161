package trino

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// Explain implements sql.Engine. Of the plan it gives what operators there are: no estimates, no places.
func (e *Engine) Explain(ctx context.Context, r sql.Request) (*sql.Plan, error) {
	q, err := e.start(ctx, r)
	if err != nil {
		return nil, err
	}
	defer q.release()
	const before = "EXPLAIN (TYPE LOGICAL, FORMAT JSON) "
	rows, err := q.rows(before + q.st.SQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c, err := rows.Next(q.ctx)
	if err != nil {
		return nil, sql.AsError(err)
	}
	text, _ := c.Columns[0][0].(string)
	var roots map[string]sql.Operator
	if err := json.Unmarshal([]byte(text), &roots); err != nil {
		var one sql.Operator
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return nil, sql.AsError(err)
		}
		roots = map[string]sql.Operator{"0": one}
	}
	p := &sql.Plan{Root: sql.Operator{Name: "Output"}, Inputs: q.inputs}
	for _, k := range slices.Sorted(maps.Keys(roots)) {
		p.Root.Children = append(p.Root.Children, roots[k])
	}
	if len(p.Root.Children) == 1 {
		p.Root = p.Root.Children[0]
	}
	return p, nil
}

// place is how Trino begins a message that has a place.
func place(l client.ErrorLocation) string {
	return fmt.Sprintf("line %d:%d: ", l.LineNumber, l.ColumnNumber)
}

// offset is the byte at a line and a column, which count from 1.
func offset(text string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	for i := range text[at:] {
		if column--; column < 1 || text[at+i] == '\n' {
			return at + i
		}
	}
	return len(text)
}
