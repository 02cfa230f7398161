package glue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The jobs that make and remove partition indexes.
const (
	indexBuild  = "glue-partition-index-build"
	indexRemove = "glue-partition-index-remove"
)

// indexJob names an index.
type indexJob struct {
	Region  string
	Table   governance.Resource
	TableID string
	Name    string
}

// indexed tells which partition keys active indexes begin with.
func (s *Service) indexed(ctx context.Context, t catalog.Table) (out []int, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.Catalog.IndexesOf(tx, wire.CallOf(ctx).Region, t)
		for _, i := range list {
			if i.IndexStatus == types.PartitionIndexStatusActive {
				out = append(out, t.Column(aws.ToString(i.Keys[0].Name)))
			}
		}
		return err
	})
	return out, err
}

// CreatePartitionIndex makes a partition index, which is used when it is ACTIVE.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreatePartitionIndex.html
func (s *Service) CreatePartitionIndex(ctx context.Context, in *glue.CreatePartitionIndexInput) (*glue.CreatePartitionIndexOutput, error) {
	t, _, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Alter)
	if err != nil {
		return nil, err
	}
	region := wire.CallOf(ctx).Region
	err = s.changePartitions(ctx, t, func(tx *store.Tx, t catalog.Table) ([][]string, error) {
		if err := s.addIndex(tx, region, t, *in.PartitionIndex, types.PartitionIndexStatusCreating); err != nil {
			return nil, err
		}
		_, err := tx.Enqueue(indexBuild, indexJob{region, t.Resource(), t.ID, aws.ToString(in.PartitionIndex.IndexName)})
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreatePartitionIndexOutput{}, nil
}

// addIndex writes an index of a table. A new table's are ACTIVE at once.
func (s *Service) addIndex(tx *store.Tx, region string, t catalog.Table, in types.PartitionIndex, status types.PartitionIndexStatus) error {
	i := catalog.Index{PartitionIndexDescriptor: types.PartitionIndexDescriptor{IndexName: in.IndexName, IndexStatus: status}}
	for _, name := range in.Keys {
		at := t.Column(name)
		if at < 0 {
			return invalid("Index key %s is not a partition key of table %s.", name, aws.ToString(t.Name))
		}
		k := types.KeySchemaElement{Name: t.PartitionKeys[at].Name, Type: t.PartitionKeys[at].Type}
		if slices.ContainsFunc(i.Keys, func(o types.KeySchemaElement) bool { return *o.Name == *k.Name }) {
			return invalid("Index key %s is given more than once.", name)
		}
		i.Keys = append(i.Keys, k)
	}
	others, err := s.Catalog.IndexesOf(tx, region, t)
	if err != nil {
		return err
	}
	for _, o := range others {
		same := slices.EqualFunc(o.Keys, i.Keys, func(a, b types.KeySchemaElement) bool { return *a.Name == *b.Name })
		if same || *o.IndexName == *i.IndexName {
			return exists("Partition index already exists.")
		}
	}
	if len(others) >= catalog.MaxIndexes {
		return &types.ResourceNumberLimitExceededException{Message: aws.String(fmt.Sprintf("The maximum number of partition indexes per table is %d.", catalog.MaxIndexes))}
	}
	return s.Catalog.Indexes.Insert(tx, catalog.IndexKey(region, t, *i.IndexName), i)
}

func (s *Service) createPartitionIndexTargets(ctx context.Context, in *glue.CreatePartitionIndexInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// GetPartitionIndexes lists a table's partition indexes. There are never more than one page of them.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitionIndexes.html
func (s *Service) GetPartitionIndexes(ctx context.Context, in *glue.GetPartitionIndexesInput) (*glue.GetPartitionIndexesOutput, error) {
	t, _, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	out := &glue.GetPartitionIndexesOutput{PartitionIndexDescriptorList: []types.PartitionIndexDescriptor{}}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.Catalog.IndexesOf(tx, wire.CallOf(ctx).Region, t)
		for _, i := range list {
			out.PartitionIndexDescriptorList = append(out.PartitionIndexDescriptorList, i.PartitionIndexDescriptor)
		}
		return err
	})
	return out, err
}

func (s *Service) getPartitionIndexesTargets(ctx context.Context, in *glue.GetPartitionIndexesInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// DeletePartitionIndex removes a partition index.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeletePartitionIndex.html
func (s *Service) DeletePartitionIndex(ctx context.Context, in *glue.DeletePartitionIndexInput) (*glue.DeletePartitionIndexOutput, error) {
	t, _, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Alter)
	if err != nil {
		return nil, err
	}
	region := wire.CallOf(ctx).Region
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		k := catalog.IndexKey(region, t, aws.ToString(in.IndexName))
		i, err := s.Catalog.Indexes.Get(tx, k)
		if err != nil {
			return absent(err, notFound("Partition index %s not found.", aws.ToString(in.IndexName)))
		}
		if i.IndexStatus == types.PartitionIndexStatusCreating || i.IndexStatus == types.PartitionIndexStatusDeleting {
			return &types.ConflictException{Message: aws.String(fmt.Sprintf("Partition index %s is in state %s.", *i.IndexName, i.IndexStatus))}
		}
		i.IndexStatus = types.PartitionIndexStatusDeleting
		if err := s.Catalog.Indexes.Put(tx, k, i); err != nil {
			return err
		}
		_, err = tx.Enqueue(indexRemove, indexJob{region, t.Resource(), t.ID, *i.IndexName})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeletePartitionIndexOutput{}, nil
}

func (s *Service) deletePartitionIndexTargets(ctx context.Context, in *glue.DeletePartitionIndexInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

func (s *Service) definePartitionJobs() {
	jobs.Define(s.Jobs, indexBuild, func(ctx context.Context, j indexJob) error {
		faults, err := jobs.Step(ctx, "check values", func(ctx context.Context) (faults []types.BackfillError, err error) {
			err = s.Store.View(ctx, func(tx *store.Tx) error {
				return s.withIndex(tx, j, func(t catalog.Table, i catalog.Index, _ store.Key) error {
					var keys []int
					for _, k := range i.Keys {
						keys = append(keys, t.Column(*k.Name))
					}
					faults, err = s.Catalog.Partitions.Faults(tx, j.Region, t, keys)
					return err
				})
			})
			return faults, err
		})
		if err != nil {
			return err
		}
		_, err = jobs.Step(ctx, "finish", func(ctx context.Context) (bool, error) {
			return true, s.Store.Update(ctx, func(tx *store.Tx) error {
				return s.withIndex(tx, j, func(_ catalog.Table, i catalog.Index, k store.Key) error {
					i.IndexStatus = types.PartitionIndexStatusActive
					if len(faults) > 0 {
						i.IndexStatus, i.BackfillErrors = types.PartitionIndexStatusFailed, faults
					}
					return s.Catalog.Indexes.Put(tx, k, i)
				})
			})
		})
		return err
	})
	jobs.Define(s.Jobs, indexRemove, func(ctx context.Context, j indexJob) error {
		_, err := jobs.Step(ctx, "remove", func(ctx context.Context) (bool, error) {
			return true, s.Store.Update(ctx, func(tx *store.Tx) error {
				return s.withIndex(tx, j, func(_ catalog.Table, i catalog.Index, k store.Key) error { return s.Catalog.Indexes.Delete(tx, k) })
			})
		})
		return err
	})
}

// withIndex runs f on the index of a job, unless it or its table is gone.
func (s *Service) withIndex(tx *store.Tx, j indexJob, f func(catalog.Table, catalog.Index, store.Key) error) error {
	t, err := s.Catalog.Table(tx, j.Region, j.Table)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.ID != j.TableID {
		return nil
	}
	if err != nil {
		return err
	}
	k := catalog.IndexKey(j.Region, t, j.Name)
	i, err := s.Catalog.Indexes.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return f(t, i, k)
}
