package glue

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// BatchCreatePartition makes partitions, each for itself, in one change.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html
func (s *Service) BatchCreatePartition(ctx context.Context, in *glue.BatchCreatePartitionInput) (*glue.BatchCreatePartitionOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	failed, err := s.eachPartition(ctx, t, len(in.PartitionInputList), func(i int) []string { return in.PartitionInputList[i].Values },
		func(i int) error { return s.checkPartition(ctx, t, &in.PartitionInputList[i]) },
		func(tx *store.Tx, t catalog.Table, i int) error {
			return s.Catalog.Partitions.Insert(tx, call.Region, t, in.PartitionInputList[i], call.Time)
		})
	return &glue.BatchCreatePartitionOutput{Errors: failed}, err
}

// eachPartition checks and then changes n partitions in one transaction. What one fails of is told of that one.
func (s *Service) eachPartition(ctx context.Context, t catalog.Table, n int, values func(i int) []string, check func(i int) error,
	change func(tx *store.Tx, t catalog.Table, i int) error) ([]types.PartitionError, error) {
	checked := make([]error, n)
	for i := range n {
		checked[i] = check(i)
	}
	var failed []types.PartitionError
	err := s.changePartitions(ctx, t, func(tx *store.Tx, t catalog.Table) (changed [][]string, err error) {
		failed = []types.PartitionError{}
		for i := range n {
			err := checked[i]
			if err == nil {
				err = partitionError(change(tx, t, i))
			}
			if err == nil {
				changed = append(changed, values(i))
				continue
			}
			f, err := partitionFailure(values(i), err)
			if err != nil {
				return nil, err
			}
			failed = append(failed, f)
		}
		return changed, nil
	})
	return failed, err
}

func (s *Service) batchCreatePartitionTargets(ctx context.Context, in *glue.BatchCreatePartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// BatchUpdatePartition replaces partitions, each for itself, in one change.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchUpdatePartition.html
func (s *Service) BatchUpdatePartition(ctx context.Context, in *glue.BatchUpdatePartitionInput) (*glue.BatchUpdatePartitionOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	failed, err := s.eachPartition(ctx, t, len(in.Entries), func(i int) []string { return in.Entries[i].PartitionValueList },
		func(i int) error {
			return s.checkReplacement(ctx, t, in.Entries[i].PartitionValueList, in.Entries[i].PartitionInput)
		},
		func(tx *store.Tx, t catalog.Table, i int) error {
			return s.replacePartition(ctx, tx, t, in.Entries[i].PartitionValueList, in.Entries[i].PartitionInput)
		})
	out := &glue.BatchUpdatePartitionOutput{Errors: []types.BatchUpdatePartitionFailureEntry{}}
	for _, f := range failed {
		out.Errors = append(out.Errors, types.BatchUpdatePartitionFailureEntry{PartitionValueList: f.PartitionValues, ErrorDetail: f.ErrorDetail})
	}
	return out, err
}

func (s *Service) batchUpdatePartitionTargets(ctx context.Context, in *glue.BatchUpdatePartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// BatchDeletePartition removes partitions, each for itself, in one change.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
func (s *Service) BatchDeletePartition(ctx context.Context, in *glue.BatchDeletePartitionInput) (*glue.BatchDeletePartitionOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	failed, err := s.eachPartition(ctx, t, len(in.PartitionsToDelete), func(i int) []string { return in.PartitionsToDelete[i].Values },
		func(i int) error { return checkValues(t, in.PartitionsToDelete[i].Values) },
		func(tx *store.Tx, t catalog.Table, i int) error {
			return s.deletePartition(ctx, tx, t, in.PartitionsToDelete[i].Values)
		})
	return &glue.BatchDeletePartitionOutput{Errors: failed}, err
}

func (s *Service) batchDeletePartitionTargets(ctx context.Context, in *glue.BatchDeletePartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// BatchGetPartition describes those of the partitions that are there. What would make the answer too large is left for
// another call.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetPartition.html
func (s *Service) BatchGetPartition(ctx context.Context, in *glue.BatchGetPartitionInput) (*glue.BatchGetPartitionOutput, error) {
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	for _, p := range in.PartitionsToGet {
		if err := checkValues(t, p.Values); err != nil {
			return nil, err
		}
	}
	n := min(len(in.PartitionsToGet), partitionPage(t, false))
	out := &glue.BatchGetPartitionOutput{Partitions: []types.Partition{}, UnprocessedKeys: in.PartitionsToGet[n:]}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		reader := s.reader(ctx, tx, t, a, false)
		for _, wanted := range in.PartitionsToGet[:n] {
			p, err := reader.Get(wanted.Values)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			out.Partitions = append(out.Partitions, p)
		}
		return nil
	})
	return out, err
}

func (s *Service) batchGetPartitionTargets(ctx context.Context, in *glue.BatchGetPartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}
