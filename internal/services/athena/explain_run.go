package athena

import (
	"context"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// analyze runs a query without its result and tells what it read and gave.
func (q *session) analyze(ctx context.Context, of statement.Query, p *sql.Plan, format string) (string, error) {
	before := *q.e.Statistics
	if err := q.answer(ctx, of.Text, func([]sql.ResultColumn) error { return nil }, func(*sql.Chunk) error { return nil }); err != nil {
		return "", err
	}
	read, rows := aws.ToInt64(q.e.Statistics.DataScannedInBytes), q.e.Rows.OutputRows
	*q.e.Statistics = before
	q.e.Statistics.DataScannedInBytes, q.e.Rows.OutputRows = &read, 0
	if format == "TEXT" {
		text, err := planText(p, "DISTRIBUTED", "TEXT")
		layout := strings.Index(text, "\n") + 1
		return text[:layout] + fmt.Sprintf("    Input: %dB; Output: %d rows\n", read, rows) + text[layout:], err
	}
	return indented(map[string]any{"fragments": []any{map[string]any{"id": "0", "outputLayout": strings.Join(resultNames(p), ", "),
		"stageStats":  map[string]string{"inputDataSize": fmt.Sprintf("%dB", read), "outputRows": fmt.Sprintf("%d rows", rows)},
		"logicalPlan": map[string]any{"0": []planNode{nodeOf(p)}}}}})
}

// unknownCost is what is told of rows and costs: it would tell of rows that are hidden.
var unknownCost = map[string]string{"outputRowCount": "NaN", "outputSizeInBytes": "NaN", "cpuCost": "NaN", "maxMemory": "NaN", "networkCost": "NaN"}

// inputsOf tells which tables a query reads.
func inputsOf(p *sql.Plan) map[string]any {
	list := []any{}
	for _, in := range p.Inputs {
		list = append(list, map[string]any{"estimate": unknownCost,
			"table":      map[string]any{"catalog": in.Catalog, "schemaTable": map[string]string{"schema": in.Database, "table": in.Table}},
			"constraint": map[string]any{"none": false, "columnConstraints": []any{}}})
	}
	return map[string]any{"inputTableColumnInfos": list, "estimate": unknownCost}
}
