package glue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// compare finds out what is to be done for tables, and writes it down, so that it is done once.
func (x *crawling) compare(ctx context.Context, from, to int, unread []string) (outcome, error) {
	out := newOutcome()
	w, err := x.writer(ctx)
	if err != nil {
		return out, err
	}
	for i := from; i < to; i++ {
		p, err := x.piece(ctx, x.planKey("table/%06d", i))
		if err == nil {
			err = x.compareTable(ctx, w, i, p.Table, unread, &out)
		}
		if err == nil {
			err = x.put(ctx, x.planKey("table/%06d", i), p)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (x *crawling) compareTable(ctx context.Context, w writer, i int, t *planTable, unread []string, out *outcome) error {
	client := x.catalog()
	t.Input, t.Gone, t.Action = w.table(t), 0, added
	got, err := client.GetTable(ctx, &glue.GetTableInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, Name: &t.Name})
	var none *types.EntityNotFoundException
	switch {
	case errors.As(err, &none), err != nil && deniedTable(err):
		count(out.Tables, added, t.Name)
		return x.compareParts(ctx, w, i, t, nil, unread, out)
	case err != nil:
		return x.refused(ctx, "cannot read table "+t.Name, err)
	}
	x.merge(t, got.Table)
	frozen := x.c.SchemaChangePolicy.UpdateBehavior == types.UpdateBehaviorLog
	t.Rekey = len(got.Table.PartitionKeys) != len(t.Input.PartitionKeys)
	switch {
	case shapeOf(got.Table.StorageDescriptor, got.Table.PartitionKeys, got.Table.Parameters) != shapeOf(t.Input.StorageDescriptor, t.Input.PartitionKeys, t.Input.Parameters) ||
		got.Table.Parameters[deprecatedBy] != "":
		if frozen {
			out.Messages = append(out.Messages, fmt.Sprintf("table %s: its schema has changed", t.Name))
			t.Action, t.Input = "", inputOf(got.Table)
			if t.Rekey {
				return nil
			}
			break
		}
		t.Action = updated
		count(out.Tables, updated, t.Name)
	case !frozen && !maps.Equal(got.Table.Parameters, t.Input.Parameters):
		t.Action = refreshed
	default:
		t.Action = ""
	}
	there, err := x.partitions(ctx, client, t)
	if err != nil {
		return err
	}
	return x.compareParts(ctx, w, i, t, there, unread, out)
}

// deniedTable tells that a table is not there, or not for the role to see: whether it is will show when it is made.
func deniedTable(err error) bool {
	var e interface{ ErrorCode() string }
	return errors.As(err, &e) && e.ErrorCode() == "AccessDeniedException"
}

// merge keeps of the table as it is what the crawler is not to change.
func (x *crawling) merge(t *planTable, old *types.Table) {
	in := t.Input
	in.Description, in.LastAccessTime, in.LastAnalyzedTime, in.Retention = old.Description, old.LastAccessTime, old.LastAnalyzedTime, old.Retention
	if old.Owner != nil {
		in.Owner = old.Owner
	}
	p := maps.Clone(old.Parameters)
	if p == nil {
		p = map[string]string{}
	}
	delete(p, deprecatedBy)
	delete(p, "skip.header.line.count")
	maps.Copy(p, in.Parameters)
	in.Parameters = p
	if old.StorageDescriptor == nil {
		return
	}
	if t.Target { // the location as it is written there
		in.StorageDescriptor.Location = old.StorageDescriptor.Location
	}
	has := map[string]types.Column{}
	for _, c := range append(slices.Clone(old.StorageDescriptor.Columns), old.PartitionKeys...) {
		has[*c.Name] = c
	}
	for _, list := range [][]types.Column{in.StorageDescriptor.Columns, in.PartitionKeys} {
		for i, c := range list {
			list[i].Comment = has[*c.Name].Comment
		}
	}
	if x.o.CrawlerOutput.Tables.AddOrUpdateBehavior == "MergeNewColumns" {
		columns := slices.Clone(old.StorageDescriptor.Columns)
		for _, c := range in.StorageDescriptor.Columns {
			if _, known := has[*c.Name]; !known {
				columns = append(columns, c)
			}
		}
		in.StorageDescriptor.Columns = columns
		if len(old.PartitionKeys) == len(in.PartitionKeys) {
			in.PartitionKeys = old.PartitionKeys
		}
	}
}

// shapeOf is what makes two definitions the same: not how much data there is.
func shapeOf(d *types.StorageDescriptor, keys []types.Column, p map[string]string) string {
	if d == nil {
		return ""
	}
	type column struct{ Name, Type string }
	list := func(in []types.Column) (out []column) {
		for _, c := range in {
			out = append(out, column{strings.ToLower(aws.ToString(c.Name)), aws.ToString(c.Type)})
		}
		return out
	}
	info := d.SerdeInfo
	if info == nil {
		info = &types.SerDeInfo{}
	}
	b, err := json.Marshal([]any{list(d.Columns), list(keys), strings.TrimSuffix(aws.ToString(d.Location), "/"), d.InputFormat, d.OutputFormat, info.SerializationLibrary,
		info.Parameters, p["classification"], p["compressionType"], p["delimiter"], p["skip.header.line.count"]})
	if err != nil { // of such values it is never
		return ""
	}
	return string(b)
}

const valueEnd = "\x00"

// partitions are those of a table as they are: their shape by their values.
func (x *crawling) partitions(ctx context.Context, client *glue.Client, t *planTable) (map[string]types.Partition, error) {
	out := map[string]types.Partition{}
	pages := glue.NewGetPartitionsPaginator(client, &glue.GetPartitionsInput{CatalogId: x.c.CatalogId, DatabaseName: &t.Database, TableName: &t.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, x.refused(ctx, "cannot read the partitions of table "+t.Name, err)
		}
		for _, p := range page.Partitions {
			out[strings.Join(p.Values, valueEnd)] = p
		}
	}
	return out, nil
}

// compareParts finds out what is to be done for the partitions of a table.
func (x *crawling) compareParts(ctx context.Context, w writer, i int, t *planTable, there map[string]types.Partition, unread []string, out *outcome) error {
	inherit := x.o.CrawlerOutput.Partitions.AddOrUpdateBehavior == "InheritFromTable"
	frozen := x.c.SchemaChangePolicy.UpdateBehavior == types.UpdateBehaviorLog
	for n := range t.Chunks {
		k := x.planKey("parts/%06d/%06d", i, n)
		p, err := x.piece(ctx, k)
		if err != nil {
			return err
		}
		for j := range p.Partitions {
			one := &p.Partitions[j]
			id := strings.Join(one.Values, valueEnd)
			old, known := there[id]
			delete(there, id)
			one.Action = ""
			switch {
			case !known:
				one.Action = added
			case !frozen:
				now := w.partition(t, one.whole(p), inherit)
				if shapeOf(now.StorageDescriptor, nil, now.Parameters) != shapeOf(old.StorageDescriptor, nil, old.Parameters) || old.Parameters[deprecatedBy] != "" {
					one.Action = updated
				}
			}
			if one.Action != "" {
				count(out.Parts, one.Action, partitionName(t, one.Values))
			}
		}
		if err := x.put(ctx, k, p); err != nil {
			return err
		}
	}
	return x.goneParts(ctx, i, t, there, unread, out)
}

// whole is the partition with its schema.
func (p planPartition) whole(in plan) layout.Partition {
	out := p.Partition
	out.Schema = &in.Schemas[p.Schema]
	return out
}

func partitionName(t *planTable, values []string) string {
	return t.Name + "/" + strings.Join(values, "/")
}

// goneParts writes down the partitions whose data is gone, unless it is there and could not be read.
func (x *crawling) goneParts(ctx context.Context, i int, t *planTable, there map[string]types.Partition, unread []string, out *outcome) error {
	var list []planPartition
	for _, id := range slices.Sorted(maps.Keys(there)) {
		p := there[id]
		if d := p.StorageDescriptor; d != nil && holds(aws.ToString(d.Location), unread) || p.Parameters[deprecatedBy] != "" && !t.Rekey {
			continue
		}
		name := partitionName(t, p.Values)
		switch b := x.c.SchemaChangePolicy.DeleteBehavior; {
		case t.Rekey || b == types.DeleteBehaviorDeleteFromDatabase:
			count(out.Parts, deleted, name)
		case b == types.DeleteBehaviorLog:
			if len(out.Messages) < maxMessages {
				out.Messages = append(out.Messages, "partition "+name+": its data is gone")
			}
			continue
		default:
			count(out.Parts, updated, name)
		}
		list = append(list, planPartition{Partition: layout.Partition{Values: p.Values}})
	}
	for from := 0; from < len(list); from += chunk {
		if err := x.put(ctx, x.planKey("gone/%06d/%06d", i, t.Gone), plan{Partitions: list[from:min(from+chunk, len(list))]}); err != nil {
			return err
		}
		t.Gone++
	}
	return nil
}
