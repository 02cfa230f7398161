package glue

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// writable reads a table whose partitions the caller may change: that takes INSERT or ALTER.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
func (s *Service) writable(ctx context.Context, r governance.Resource) (catalog.Table, error) {
	t, a, err := s.table(ctx, r, governance.Describe)
	if err != nil {
		return t, err
	}
	if !a.May(governance.Insert) && !a.May(governance.Alter) {
		return catalog.Table{}, insufficient(governance.Insert, t.Resource())
	}
	return t, nil
}

// reader reads partitions with the columns that the caller may see.
func (s *Service) reader(ctx context.Context, tx *store.Tx, t catalog.Table, a governance.Access, bare bool) *catalog.Reader {
	r := catalog.Reader{Region: wire.CallOf(ctx).Region, Table: t, Bare: bare}
	if !a.ByIAM {
		r.Shows = a.Sees
	}
	return s.Catalog.Partitions.Read(tx, r)
}

// checkValues holds the values of a partition against the keys of its table.
func checkValues(t catalog.Table, values []string) error {
	if len(t.PartitionKeys) == 0 || len(values) != len(t.PartitionKeys) {
		return invalid("The number of partition keys do not match the number of partition values")
	}
	return nil
}

// checkPartition holds a partition that is to be written against its table and the caller's right to its place.
func (s *Service) checkPartition(ctx context.Context, t catalog.Table, in *types.PartitionInput) error {
	if in == nil {
		return invalid("PartitionInput is required.")
	}
	if err := checkValues(t, in.Values); err != nil {
		return err
	}
	if in.StorageDescriptor == nil {
		return nil
	}
	return s.requireLocation(ctx, t.Resource().Account(), in.StorageDescriptor.Location, t.Location())
}

// partitionError gives the errors of writing a partition their words.
func partitionError(err error) error {
	return absent(taken(err, exists("Partition already exists.")), noPartition())
}

func noPartition() error { return notFound("Cannot find partition.") }

// changePartitions runs f on a table as it is in the transaction, and tells of the partitions that f says it changed.
func (s *Service) changePartitions(ctx context.Context, t catalog.Table, f func(tx *store.Tx, t catalog.Table) (changed [][]string, err error)) error {
	r := t.Resource()
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.Catalog.Table(tx, wire.CallOf(ctx).Region, r)
		if err != nil {
			return absent(err, missing(r))
		}
		changed, err := f(tx, now)
		if err != nil || len(changed) == 0 {
			return err
		}
		names := make([]string, len(changed))
		for i, values := range changed {
			names[i] = "[" + strings.Join(values, ", ") + "]"
		}
		return s.tableChanged(ctx, tx, r, names...)
	})
}

// CreatePartition makes a partition.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartition.html
func (s *Service) CreatePartition(ctx context.Context, in *glue.CreatePartitionInput) (*glue.CreatePartitionOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	if err := s.checkPartition(ctx, t, in.PartitionInput); err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	err = s.changePartitions(ctx, t, func(tx *store.Tx, t catalog.Table) ([][]string, error) {
		return [][]string{in.PartitionInput.Values}, s.Catalog.Partitions.Insert(tx, call.Region, t, *in.PartitionInput, call.Time)
	})
	if err != nil {
		return nil, partitionError(err)
	}
	return &glue.CreatePartitionOutput{}, nil
}

func (s *Service) createPartitionTargets(ctx context.Context, in *glue.CreatePartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// GetPartition describes a partition.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartition.html
func (s *Service) GetPartition(ctx context.Context, in *glue.GetPartitionInput) (*glue.GetPartitionOutput, error) {
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	p, err := s.partition(ctx, t, a, in.PartitionValues)
	return &glue.GetPartitionOutput{Partition: &p}, err
}

// partition reads one as the caller may see it.
func (s *Service) partition(ctx context.Context, t catalog.Table, a governance.Access, values []string) (p types.Partition, err error) {
	if err := checkValues(t, values); err != nil {
		return p, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = s.reader(ctx, tx, t, a, false).Get(values)
		return absent(err, noPartition())
	})
	return p, err
}

func (s *Service) getPartitionTargets(ctx context.Context, in *glue.GetPartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// UpdatePartition replaces a partition. Its values may change to some that no other has.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdatePartition.html
func (s *Service) UpdatePartition(ctx context.Context, in *glue.UpdatePartitionInput) (*glue.UpdatePartitionOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	if err := s.checkReplacement(ctx, t, in.PartitionValueList, in.PartitionInput); err != nil {
		return nil, err
	}
	err = s.changePartitions(ctx, t, func(tx *store.Tx, t catalog.Table) ([][]string, error) {
		return [][]string{in.PartitionValueList}, s.replacePartition(ctx, tx, t, in.PartitionValueList, in.PartitionInput)
	})
	if err != nil {
		return nil, partitionError(err)
	}
	return &glue.UpdatePartitionOutput{}, nil
}

// checkReplacement is checkPartition for one that takes another's place. Without values it keeps those of the other.
func (s *Service) checkReplacement(ctx context.Context, t catalog.Table, values []string, in *types.PartitionInput) error {
	if err := checkValues(t, values); err != nil {
		return err
	}
	if in != nil && len(in.Values) == 0 {
		in.Values = values
	}
	return s.checkPartition(ctx, t, in)
}

// replacePartition also drops the statistics of values that are no more.
func (s *Service) replacePartition(ctx context.Context, tx *store.Tx, t catalog.Table, values []string, in *types.PartitionInput) error {
	call := wire.CallOf(ctx)
	if err := s.Catalog.Partitions.Replace(tx, call.Region, t, values, *in, call.Time); err != nil {
		return err
	}
	if catalog.PartitionID(in.Values) == catalog.PartitionID(values) {
		return nil
	}
	return s.Catalog.Statistics.Drop(tx, call.Region, t, values)
}

func (s *Service) updatePartitionTargets(ctx context.Context, in *glue.UpdatePartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// DeletePartition removes a partition with its statistics.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeletePartition.html
func (s *Service) DeletePartition(ctx context.Context, in *glue.DeletePartitionInput) (*glue.DeletePartitionOutput, error) {
	t, err := s.writable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
	if err != nil {
		return nil, err
	}
	if err := checkValues(t, in.PartitionValues); err != nil {
		return nil, err
	}
	err = s.changePartitions(ctx, t, func(tx *store.Tx, t catalog.Table) ([][]string, error) {
		return [][]string{in.PartitionValues}, s.deletePartition(ctx, tx, t, in.PartitionValues)
	})
	if err != nil {
		return nil, partitionError(err)
	}
	return &glue.DeletePartitionOutput{}, nil
}

func (s *Service) deletePartition(ctx context.Context, tx *store.Tx, t catalog.Table, values []string) error {
	region := wire.CallOf(ctx).Region
	if err := s.Catalog.Partitions.Delete(tx, region, t, values); err != nil {
		return err
	}
	return s.Catalog.Statistics.Drop(tx, region, t, values)
}

func (s *Service) deletePartitionTargets(ctx context.Context, in *glue.DeletePartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// partitionFailure is the error of one item of a batch.
func partitionFailure(values []string, err error) (types.PartitionError, error) {
	detail, err := failure(err)
	return types.PartitionError{PartitionValues: values, ErrorDetail: detail}, err
}
