package iceberg

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// tries is how often a change is made anew when others come before it.
const tries = 20

// Written is a file that was written and that no snapshot has yet.
type Written = iceberg.DataFile

// Schema is the form of the batches that Write takes.
func (t *Table) Schema() (*arrow.Schema, error) {
	return table.SchemaToArrowSchema(t.t.Schema(), nil, true, false)
}

// Write writes rows to files, one or more for each partition. Names of the files hold id.
func (t *Table) Write(ctx context.Context, id uuid.UUID, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (out []Written, err error) {
	defer guard(&err)
	for f, err := range table.WriteRecords(ctx, t.t, schema, rows, table.WithWriteUUID(id), table.WithMaxWriteWorkers(2)) {
		if err != nil {
			return nil, fmt.Errorf("cannot write rows: %w", err)
		}
		out = append(out, f)
	}
	return out, nil
}

// Append adds files to the table. It comes after whatever others have done meanwhile.
func (t *Table) Append(ctx context.Context, list []Written) (*Table, error) {
	if len(list) == 0 {
		return t, nil
	}
	return t.again(ctx, func(tx *table.Transaction) error {
		return tx.AddDataFiles(ctx, list, nil, table.WithoutAutoNameMapping(), table.WithoutDuplicateCheck())
	})
}

// Replace puts files in the place of others of a plan of the current state. When others have changed the table since it is
// ErrConflict.
func (p *Plan) Replace(ctx context.Context, old []DataFile, list []Written) (t *Table, err error) {
	defer guard(&err)
	if len(old)+len(list) == 0 {
		return p.t, nil
	}
	var gone []iceberg.DataFile
	var tasks []table.FileScanTask
	paths := map[string]struct{}{}
	for _, f := range old {
		gone, tasks = append(gone, f.task.File), append(tasks, f.task)
		paths[f.Location] = struct{}{}
	}
	dead := table.CollectSafeDeletionVectors(tasks)
	if s := p.t.t.CurrentSnapshot(); s != nil && len(old) > 0 {
		more, err := table.CollectDeadPositionDeletes(ctx, files{ctx, p.t.c.objects}, s, paths)
		if err != nil {
			return nil, fmt.Errorf("cannot read the table's list of files: %w", err)
		}
		dead = append(dead, more...)
	}
	tx := p.t.t.NewTransaction()
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil { // what was read is what is changed
		return nil, fmt.Errorf("cannot change the table: %w", err)
	}
	if err := tx.ReplaceFiles(ctx, gone, list, dead, nil, table.WithoutAutoNameMapping()); err != nil {
		return nil, fmt.Errorf("cannot change the table: %w", err)
	}
	done, err := tx.Commit(ctx)
	if err != nil {
		return nil, conflict(err)
	}
	return &Table{done, p.t.c}, nil
}

// again makes a change until nobody comes before it.
func (t *Table) again(ctx context.Context, change func(*table.Transaction) error) (out *Table, err error) {
	defer guard(&err)
	for now, n := t, 0; ; n++ {
		tx := now.t.NewTransaction()
		if err := change(tx); err != nil {
			return nil, fmt.Errorf("cannot change the table: %w", err)
		}
		done, err := tx.Commit(ctx)
		if err == nil {
			return &Table{done, t.c}, nil
		}
		err = conflict(err)
		if !errors.Is(err, ErrConflict) || n >= tries || ctx.Err() != nil {
			return nil, err
		}
		if now, err = Load(ctx, t.c.objects, t.c.catalog); err != nil {
			return nil, err
		}
	}
}

func conflict(err error) error {
	if errors.Is(err, table.ErrCommitFailed) && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}
