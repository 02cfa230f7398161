package glue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// writers is how many batches of partitions are written at a time.
const writers = 4

// write does for tables what compare has found. What was done before an interruption is not done again.
func (x *crawling) write(ctx context.Context, from, to int, found outcome) (outcome, error) {
	w, err := x.writer(ctx)
	if err != nil {
		return found, err
	}
	for i := from; i < to; i++ {
		p, err := x.piece(ctx, x.planKey("table/%06d", i))
		if err != nil {
			return found, err
		}
		err = x.writeTable(ctx, w, i, p.Table, &found)
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		var known fault
		if errors.As(err, &known) { // the others can be written for all that
			if found.Failed == "" {
				found.Failed = known.text
			}
			err = nil
		}
		if err != nil {
			return found, err
		}
	}
	return found, x.progress(ctx, func(c *crawl) { c.Done = to })
}

func (x *crawling) writeTable(ctx context.Context, w writer, i int, t *planTable, out *outcome) error {
	client := x.catalog()
	if t.Rekey && t.Gone > 0 { // partitions with other keys have to go first
		if err := x.removeParts(ctx, client, i, t); err != nil {
			return err
		}
	}
	if err := x.putDefinition(ctx, client, t); err != nil {
		return err
	}
	for n := range t.Chunks {
		p, err := x.piece(ctx, x.planKey("parts/%06d/%06d", i, n))
		if err != nil {
			return err
		}
		if err := x.writeParts(ctx, client, w, t, p, out); err != nil {
			return err
		}
	}
	if t.Rekey {
		return nil
	}
	return x.removeParts(ctx, client, i, t)
}

// putDefinition makes or changes the table itself.
func (x *crawling) putDefinition(ctx context.Context, client *glue.Client, t *planTable) error {
	if t.Action == "" {
		return nil
	}
	if t.Action == added {
		_, err := client.CreateTable(ctx, &glue.CreateTableInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableInput: t.Input})
		var there *types.AlreadyExistsException
		if err == nil {
			return nil
		}
		if !errors.As(err, &there) {
			return x.refused(ctx, "cannot make table "+t.Name, err)
		}
	}
	got, err := client.GetTable(ctx, &glue.GetTableInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, Name: &t.Name})
	if err != nil {
		return x.refused(ctx, "cannot change table "+t.Name, err)
	}
	if maps.Equal(got.Table.Parameters, t.Input.Parameters) &&
		shapeOf(got.Table.StorageDescriptor, got.Table.PartitionKeys, got.Table.Parameters) == shapeOf(t.Input.StorageDescriptor, t.Input.PartitionKeys, t.Input.Parameters) {
		return nil // it was done
	}
	if t.Action == added {
		return fault{"cannot make table " + t.Name + ": another has that name"}
	}
	_, err = client.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableInput: t.Input,
		SkipArchive: aws.Bool(t.Action == refreshed)})
	if err != nil {
		return x.refused(ctx, "cannot change table "+t.Name, err)
	}
	return nil
}

// batches calls f with parts of a list, side by side.
func batches[T any](list []T, f func([]T) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, len(list)/batchSize+1)
	free := make(chan struct{}, writers)
	for from := 0; from < len(list); from += batchSize {
		some := list[from:min(from+batchSize, len(list))]
		free <- struct{}{}
		wg.Go(func() {
			errs <- f(some)
			<-free
		})
	}
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (x *crawling) writeParts(ctx context.Context, client *glue.Client, w writer, t *planTable, p plan, out *outcome) error {
	inherit := x.o.CrawlerOutput.Partitions.AddOrUpdateBehavior == "InheritFromTable"
	var fresh []types.PartitionInput
	var other []types.BatchUpdatePartitionRequestEntry
	for _, one := range p.Partitions {
		switch one.Action {
		case added:
			fresh = append(fresh, w.partition(t, one.whole(p), inherit))
		case updated:
			in := w.partition(t, one.whole(p), inherit)
			other = append(other, types.BatchUpdatePartitionRequestEntry{PartitionValueList: in.Values, PartitionInput: &in})
		}
	}
	var mu sync.Mutex
	failed := func(values []string, e *types.ErrorDetail) {
		mu.Lock()
		defer mu.Unlock()
		if len(out.Messages) < maxMessages {
			out.Messages = append(out.Messages, fmt.Sprintf("partition %s: %s: %s", partitionName(t, values), aws.ToString(e.ErrorCode), aws.ToString(e.ErrorMessage)))
		}
	}
	err := batches(fresh, func(some []types.PartitionInput) error {
		got, err := client.BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableName: &t.Name,
			PartitionInputList: some})
		if err != nil {
			return x.refused(ctx, "cannot add partitions to table "+t.Name, err)
		}
		for _, e := range got.Errors {
			if aws.ToString(e.ErrorDetail.ErrorCode) != "AlreadyExistsException" { // it was made before an interruption
				failed(e.PartitionValues, e.ErrorDetail)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return batches(other, func(some []types.BatchUpdatePartitionRequestEntry) error {
		got, err := client.BatchUpdatePartition(ctx, &glue.BatchUpdatePartitionInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableName: &t.Name, Entries: some})
		if err != nil {
			return x.refused(ctx, "cannot update partitions of table "+t.Name, err)
		}
		for _, e := range got.Errors {
			failed(e.PartitionValueList, e.ErrorDetail)
		}
		return nil
	})
}

// removeParts deletes or deprecates the partitions whose data is gone.
func (x *crawling) removeParts(ctx context.Context, client *glue.Client, i int, t *planTable) error {
	for n := range t.Gone {
		p, err := x.piece(ctx, x.planKey("gone/%06d/%06d", i, n))
		if err != nil {
			return err
		}
		var list []types.PartitionValueList
		for _, one := range p.Partitions {
			list = append(list, types.PartitionValueList{Values: one.Values})
		}
		if !t.Rekey && x.c.SchemaChangePolicy.DeleteBehavior == types.DeleteBehaviorDeprecateInDatabase {
			if err := x.deprecateParts(ctx, client, t, list); err != nil {
				return err
			}
			continue
		}
		for from := 0; from < len(list); from += 25 { // as many as the API takes
			_, err := client.BatchDeletePartition(ctx, &glue.BatchDeletePartitionInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableName: &t.Name,
				PartitionsToDelete: list[from:min(from+25, len(list))]})
			if err != nil {
				return x.refused(ctx, "cannot delete partitions of table "+t.Name, err)
			}
		}
	}
	return nil
}

func (x *crawling) deprecateParts(ctx context.Context, client *glue.Client, t *planTable, list []types.PartitionValueList) error {
	return batches(list, func(some []types.PartitionValueList) error {
		got, err := client.BatchGetPartition(ctx, &glue.BatchGetPartitionInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableName: &t.Name, PartitionsToGet: some})
		if err != nil {
			return x.refused(ctx, "cannot read partitions of table "+t.Name, err)
		}
		var entries []types.BatchUpdatePartitionRequestEntry
		for _, p := range got.Partitions {
			marked := maps.Clone(p.Parameters)
			if marked == nil {
				marked = map[string]string{}
			}
			marked[deprecatedBy] = x.deprecation()
			entries = append(entries, types.BatchUpdatePartitionRequestEntry{PartitionValueList: p.Values,
				PartitionInput: &types.PartitionInput{Values: p.Values, StorageDescriptor: p.StorageDescriptor, Parameters: marked}})
		}
		if len(entries) == 0 {
			return nil
		}
		_, err = client.BatchUpdatePartition(ctx, &glue.BatchUpdatePartitionInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableName: &t.Name, Entries: entries})
		if err != nil {
			return x.refused(ctx, "cannot deprecate partitions of table "+t.Name, err)
		}
		return nil
	})
}
