package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/table/compaction"
)

// Sizes say which files are worth to be written anew. 0 takes the default.
type Sizes struct {
	Target, Min, Max int64 // bytes
	Files            int   // how many there must be together
}

// Compact writes small files, and those that rows were deleted from, together. only picks the files, nil: all.
func (t *Table) Compact(ctx context.Context, s Sizes, only map[string]bool) (out *Table, err error) {
	defer guard(&err)
	cfg := compaction.DefaultConfig()
	if s.Target > 0 {
		cfg.TargetFileSizeBytes, cfg.MinFileSizeBytes, cfg.MaxFileSizeBytes = s.Target, s.Target*3/4, s.Target*9/5
	}
	if s.Min > 0 {
		cfg.MinFileSizeBytes = s.Min
	}
	if s.Max > 0 {
		cfg.MaxFileSizeBytes = s.Max
	}
	if s.Files > 0 {
		cfg.MinInputFiles = uint(s.Files)
	}
	cfg.DeleteFileThreshold = 1
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("cannot compact: %w", err)
	}
	tasks, err := t.t.Scan().PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read the table's list of files: %w", err)
	}
	var picked []table.FileScanTask
	for _, task := range tasks {
		if only == nil || only[task.File.FilePath()] {
			picked = append(picked, task)
		}
	}
	plan, err := cfg.PlanCompaction(picked)
	if err != nil || len(plan.Groups) == 0 {
		return t, err
	}
	var groups []table.CompactionTaskGroup
	paths := map[string]struct{}{}
	for _, g := range plan.Groups {
		groups = append(groups, table.CompactionTaskGroup{PartitionKey: g.PartitionKey, Tasks: g.Tasks, TotalSizeBytes: g.TotalSizeBytes})
		for _, task := range g.Tasks {
			paths[task.File.FilePath()] = struct{}{}
		}
	}
	o := files{ctx, t.c.objects}
	dead, err := compaction.CollectDeadEqualityDeletesWithSpecs(ctx, o, t.t.Metadata(), t.t.CurrentSnapshot(), paths)
	if err != nil {
		return nil, fmt.Errorf("cannot compact: %w", err)
	}
	more, err := compaction.CollectDeadPositionDeletes(ctx, o, t.t.CurrentSnapshot(), paths)
	if err != nil {
		return nil, fmt.Errorf("cannot compact: %w", err)
	}
	r, err := t.t.RewriteDataFiles(ctx, groups, table.RewriteDataFilesOptions{ExtraDeleteFilesToRemove: append(dead, more...)})
	if err != nil {
		return nil, fmt.Errorf("cannot compact: %w", conflict(err))
	}
	return &Table{r.Table, t.c}, nil
}

// Clean forgets snapshots older than age but for the last ones, and removes files of that age that nothing needs any more.
func (t *Table) Clean(ctx context.Context, age time.Duration, keep int) (err error) {
	defer guard(&err)
	now, err := t.again(ctx, func(tx *table.Transaction) error {
		return tx.ExpireSnapshots(table.WithOlderThan(age), table.WithRetainLast(keep))
	})
	if err != nil {
		return err
	}
	if _, err := now.t.DeleteOrphanFiles(ctx, table.WithFilesOlderThan(age)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove the files that nothing needs: %w", err)
	}
	return nil
}

// Purge removes all files of a table.
func (t *Table) Purge(ctx context.Context) (err error) {
	defer guard(&err)
	return t.t.PurgeFiles(ctx)
}
