package lake

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// registered lists the partitions that the catalog has. Which of many can match is decided on their values alone, which are
// in memory; where one lies is read when its files are asked for.
func (r *Reader) registered(t *Table) func(context.Context, sql.Keys) ([]sql.Partition, error) {
	return func(ctx context.Context, k sql.Keys) ([]sql.Partition, error) {
		question := catalog.Question{Filter: t.Only, Limit: math.MaxInt}
		if question.Filter == nil && k.Filter != "" {
			if p, err := Filter(t.PartitionKeys, k.Filter); err == nil {
				question.Filter = p
			}
		}
		if k.Limit > 0 {
			question.Limit = k.Limit
		}
		ids, _, err := r.Catalog.Partitions.Select(ctx, r.Region, t.Table, question)
		var value *expression.ValueError
		switch wrong := errors.As(err, &value); {
		case wrong && t.Only != nil:
			return nil, sql.Errorf(sql.Data, "HIVE_INVALID_PARTITION_VALUE", "%s", value.Message)
		case wrong: // the engine says what is wrong, if it matters
			question.Filter = nil
			ids, _, err = r.Catalog.Partitions.Select(ctx, r.Region, t.Table, question)
		}
		out := make([]sql.Partition, len(ids))
		for i, id := range ids {
			out[i] = sql.Partition{Values: catalog.PartitionValues(id), Files: r.partitionLister(t, id)}
		}
		return out, err
	}
}

// Filter reads an expression on partition keys.
func Filter(columns []glueTypes.Column, text string) (*expression.Program, error) {
	keys := make([]expression.Key, len(columns))
	for i, c := range columns {
		keys[i] = expression.Key{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)}
	}
	return expression.Compile(text, keys)
}

// partitionLister is lister for a partition that is registered. One that is gone has no files.
func (r *Reader) partitionLister(t *Table, id string) func(context.Context) ([]sql.File, error) {
	return func(ctx context.Context) ([]sql.File, error) {
		var list []glueTypes.Partition
		err := r.Store.View(ctx, func(tx *store.Tx) (err error) {
			list, err = r.Catalog.Partitions.Read(tx, catalog.Reader{Region: r.Region, Table: t.Table, Bare: true}).Pick([]string{id})
			return err
		})
		if err != nil || len(list) == 0 || list[0].StorageDescriptor == nil {
			return nil, err
		}
		return r.lister(t, aws.ToString(list[0].StorageDescriptor.Location))(ctx)
	}
}

// projected lists the partitions that follow from the table's properties.
func (r *Reader) projected(t *Table) func(context.Context, sql.Keys) ([]sql.Partition, error) {
	return func(ctx context.Context, k sql.Keys) ([]sql.Partition, error) {
		list, err := project(ctx, t.Table.Table, r.Clock.Now(), k)
		out := make([]sql.Partition, len(list))
		for i, p := range list {
			out[i] = sql.Partition{Values: p.values, Files: r.projectedLister(t, p.location)}
		}
		return out, err
	}
}

// Folder is where Hive puts the files of a partition, below the table's own place.
func Folder(keys []glueTypes.Column, values []string) string {
	var parts []string
	for i, k := range keys {
		parts = append(parts, Escape(aws.ToString(k.Name))+"="+Escape(values[i]))
	}
	return strings.Join(parts, "/")
}

// Escape writes the characters that Hive keeps out of names of folders as %XX.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range []byte(s) {
		if r < 0x20 || r == 0x7f || strings.IndexByte("\"#%'*/:=?\\{[]^", r) >= 0 {
			b.WriteString("%" + string("0123456789ABCDEF"[r>>4]) + string("0123456789ABCDEF"[r&15]))
			continue
		}
		b.WriteByte(r)
	}
	return b.String()
}
