package athena

import (
	"context"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
)

// optimize writes small files together.
// Source: https://docs.aws.amazon.com/athena/latest/ug/optimize-statement.html
func (q *session) optimize(ctx context.Context, st statement.Optimize) error {
	if _, err := q.changeable(ctx, st.Table, governance.Delete|governance.Insert); err != nil {
		return err
	}
	t, o, err := q.openIceberg(ctx, st.Table, governance.Delete|governance.Insert)
	if err != nil {
		return err
	}
	var only map[string]bool
	if st.Where != "" {
		c := &rowChange{q: q, name: st.Table, t: t, o: o}
		if c.plan, err = t.Plan(ctx, iceberg.At{}); err != nil {
			return queryFault(q.icebergFault(err, st.Table.Name))
		}
		only = map[string]bool{}
		err = c.ask(ctx, c.plan.Files, `SELECT DISTINCT "$path" FROM `+targetTable+" AS "+quotedName(st.Table.Name)+" WHERE (\n"+st.Where+"\n)",
			func(row []any) { only[row[0].(string)] = true })
		q.target = nil
		if err != nil {
			return unplaced(err)
		}
	}
	p := t.Metadata().Properties()
	n := func(key string) int64 { v, _ := strconv.ParseInt(p[key], 10, 64); return v }
	_, err = t.Compact(ctx, iceberg.Sizes{Target: n("write.target-file-size-bytes"), Min: n("optimize_rewrite_min_data_file_size_bytes"),
		Max: n("optimize_rewrite_max_data_file_size_bytes"), Files: int(n("optimize_rewrite_data_file_threshold"))}, only)
	q.e.Rows.OutputRows = 0
	return q.committed(ctx, o, err)
}

// vacuum forgets old snapshots and removes what nothing needs any more.
// Source: https://docs.aws.amazon.com/athena/latest/ug/vacuum-statement.html
func (q *session) vacuum(ctx context.Context, st statement.Vacuum) error {
	t, o, err := q.openIceberg(ctx, st.Table, governance.Delete)
	if err != nil {
		return err
	}
	p := t.Metadata().Properties()
	age, keep := 5*24*time.Hour, 1
	if v, err := strconv.ParseInt(p["vacuum_max_snapshot_age_seconds"], 10, 32); err == nil {
		age = time.Duration(v) * time.Second
	}
	if v, err := strconv.Atoi(p["vacuum_min_snapshots_to_keep"]); err == nil && v > 0 {
		keep = v
	}
	return q.committed(ctx, o, t.Clean(ctx, age, keep))
}

// purger removes the files of a table once it is dropped. Files that the caller may not remove stay.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-drop-table.html
func (q *session) purger(ctx context.Context, n statement.Name) func() {
	t, _, err := q.openIceberg(ctx, n, governance.Drop)
	if err != nil { // a table whose files cannot be read can be dropped all the same
		return func() {}
	}
	return func() { _ = t.Purge(ctx) }
}
