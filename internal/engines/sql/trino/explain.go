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
func (e *Engine) Explain(ctx context.Context, r sql.Request) (string, error) {
	q, err := e.start(ctx, r)
	if err != nil {
		return "", err
	}
	defer q.release()
	const before = "EXPLAIN (TYPE LOGICAL, FORMAT JSON) "
	rows, err := q.rows(before + q.st.SQL)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	c, err := rows.Next(q.ctx)
	if err != nil {
		return "", sql.AsError(err)
	}
	text, _ := c.Columns[0][0].(string)
	var roots map[string]operator
	if err := json.Unmarshal([]byte(text), &roots); err != nil {
		var one operator
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return "", sql.AsError(err)
		}
		roots = map[string]operator{"0": one}
	}
	var b strings.Builder
	b.WriteString("Query Plan\n")
	for _, k := range slices.Sorted(maps.Keys(roots)) {
		roots[k].write(&b, 0)
	}
	return b.String(), nil
}

type operator struct {
	Name     string     `json:"name"`
	Children []operator `json:"children"`
}

func (o operator) write(b *strings.Builder, depth int) {
	b.WriteString(strings.Repeat("    ", depth) + "- " + o.Name + "\n")
	for _, c := range o.Children {
		c.write(b, depth+1)
	}
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
