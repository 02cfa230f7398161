package glue

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// partitionPage is how many partitions one answer holds at most: AWS's thousand, and fewer of wide tables.
func partitionPage(t catalog.Table, bare bool) int {
	const thousand, columns = 1000, 200_000
	if bare || t.StorageDescriptor == nil {
		return thousand
	}
	return min(thousand, max(20, columns/(1+len(t.StorageDescriptor.Columns))))
}

// listing is a question for the partitions of a table.
type listing struct {
	expression *string
	segment    *types.Segment
	max        *int32
	token      *string
	bare       bool
}

// GetPartitions lists partitions, those that fit an expression.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
func (s *Service) GetPartitions(ctx context.Context, in *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	if in.TransactionId != nil || in.QueryAsOfTime != nil {
		return nil, invalid("TransactionId and QueryAsOfTime are for governed tables, which Glue has no more.")
	}
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), governance.Describe)
	if err != nil {
		return nil, err
	}
	list, next, err := s.listPartitions(ctx, t, a, listing{in.Expression, in.Segment, in.MaxResults, in.NextToken, aws.ToBool(in.ExcludeColumnSchema)})
	return &glue.GetPartitionsOutput{Partitions: list, NextToken: next}, err
}

func (s *Service) getPartitionsTargets(ctx context.Context, in *glue.GetPartitionsInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// listPartitions reads a page. The token names the last partition of it, so that what comes and goes between pages moves
// nothing.
func (s *Service) listPartitions(ctx context.Context, t catalog.Table, a governance.Access, l listing) (out []types.Partition, token *string, err error) {
	q, err := question(t, l)
	if err != nil {
		return nil, nil, err
	}
	if q.After, err = wire.PagePosition(ctx, l.token); err != nil {
		return nil, nil, invalid("The pagination token is not valid.")
	}
	if q.Filter == nil && q.Segments == 0 { // the store's own order is all that is asked for
		last := ""
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			out, last, err = s.reader(ctx, tx, t, a, l.bare).Next(q.After, q.Limit)
			return err
		})
		if last != "" {
			token = wire.PageToken(ctx, last)
		}
		return out, token, err
	}
	if q.Indexed, err = s.indexed(ctx, t); err != nil {
		return nil, nil, err
	}
	ids, more, err := s.Catalog.Partitions.Select(ctx, wire.CallOf(ctx).Region, t, q)
	if err != nil {
		var value *expression.ValueError
		if errors.As(err, &value) {
			return nil, nil, &types.InvalidStateException{Message: aws.String(value.Message)}
		}
		return nil, nil, err
	}
	if more {
		token = wire.PageToken(ctx, ids[len(ids)-1])
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		out, err = s.reader(ctx, tx, t, a, l.bare).Pick(ids)
		return err
	})
	return out, token, err
}

func question(t catalog.Table, l listing) (q catalog.Question, err error) {
	q.Limit = partitionPage(t, l.bare)
	if n := int(aws.ToInt32(l.max)); n > 0 {
		q.Limit = min(q.Limit, n)
	}
	if s := l.segment; s != nil {
		q.Segment, q.Segments = int(s.SegmentNumber), int(aws.ToInt32(s.TotalSegments))
		if q.Segment >= q.Segments {
			return q, invalid("SegmentNumber has to be less than TotalSegments.")
		}
	}
	if strings.TrimSpace(aws.ToString(l.expression)) == "" {
		return q, nil
	}
	keys := make([]expression.Key, len(t.PartitionKeys))
	for i, k := range t.PartitionKeys {
		keys[i] = expression.Key{Name: aws.ToString(k.Name), Type: aws.ToString(k.Type)}
	}
	if q.Filter, err = expression.Compile(*l.expression, keys); err != nil {
		return q, invalid("%v", err)
	}
	return q, nil
}
