package glue

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// UpdateColumnStatisticsForTable writes statistics of columns, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateColumnStatisticsForTable.html
func (s *Service) UpdateColumnStatisticsForTable(ctx context.Context, in *glue.UpdateColumnStatisticsForTableInput) (*glue.UpdateColumnStatisticsForTableOutput, error) {
	failed, err := s.writeStatistics(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), nil, in.ColumnStatisticsList)
	if err != nil {
		return nil, err
	}
	return &glue.UpdateColumnStatisticsForTableOutput{Errors: failed}, nil
}

func (s *Service) updateColumnStatisticsForTableTargets(ctx context.Context, in *glue.UpdateColumnStatisticsForTableInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// UpdateColumnStatisticsForPartition writes statistics of columns of a partition, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateColumnStatisticsForPartition.html
func (s *Service) UpdateColumnStatisticsForPartition(ctx context.Context, in *glue.UpdateColumnStatisticsForPartitionInput) (*glue.UpdateColumnStatisticsForPartitionOutput, error) {
	failed, err := s.writeStatistics(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), in.PartitionValues, in.ColumnStatisticsList)
	if err != nil {
		return nil, err
	}
	return &glue.UpdateColumnStatisticsForPartitionOutput{Errors: failed}, nil
}

func (s *Service) updateColumnStatisticsForPartitionTargets(ctx context.Context, in *glue.UpdateColumnStatisticsForPartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// writeStatistics writes a table's statistics or, with values, those of a partition.
func (s *Service) writeStatistics(ctx context.Context, r governance.Resource, values []string, list []types.ColumnStatistics) ([]types.ColumnStatisticsError, error) {
	t, err := s.writable(ctx, r)
	if err != nil {
		return nil, err
	}
	region := wire.CallOf(ctx).Region
	failed := []types.ColumnStatisticsError{}
	for _, c := range list {
		if err := checkStatistics(t, c, values != nil); err != nil {
			detail, err := failure(err)
			if err != nil {
				return nil, err
			}
			failed = append(failed, types.ColumnStatisticsError{ColumnStatistics: &c, Error: detail})
		}
	}
	return failed, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.hasPartition(ctx, tx, t, values); err != nil {
			return err
		}
		for _, c := range list {
			if checkStatistics(t, c, values != nil) != nil {
				continue
			}
			if err := s.Catalog.Statistics.Put(tx, region, t, values, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// hasPartition fails when the values are of no partition.
func (s *Service) hasPartition(ctx context.Context, tx *store.Tx, t catalog.Table, values []string) error {
	if values == nil {
		return nil
	}
	if err := checkValues(t, values); err != nil {
		return err
	}
	_, err := s.reader(ctx, tx, t, governance.Access{ByIAM: true}, true).Get(values)
	return absent(err, noPartition())
}

// checkStatistics holds statistics against the column that they are of.
func checkStatistics(t catalog.Table, c types.ColumnStatistics, partition bool) error {
	name := aws.ToString(c.ColumnName)
	known := t.Columns()
	if partition {
		known = known[:len(known)-len(t.PartitionKeys)]
	}
	found := false
	for _, k := range known {
		if !strings.EqualFold(aws.ToString(k.Name), name) {
			continue
		}
		found = true
		if !strings.EqualFold(strings.ReplaceAll(aws.ToString(k.Type), " ", ""), strings.ReplaceAll(aws.ToString(c.ColumnType), " ", "")) {
			return invalid("Column type %s of column %s does not match %s, its type in the table.", aws.ToString(c.ColumnType), name, aws.ToString(k.Type))
		}
	}
	if !found {
		return notFound("Column %s not found.", name)
	}
	d := c.StatisticsData
	if d == nil {
		return invalid("StatisticsData is required.")
	}
	given := map[types.ColumnStatisticsType]bool{types.ColumnStatisticsTypeBinary: d.BinaryColumnStatisticsData != nil,
		types.ColumnStatisticsTypeBoolean: d.BooleanColumnStatisticsData != nil, types.ColumnStatisticsTypeDate: d.DateColumnStatisticsData != nil,
		types.ColumnStatisticsTypeDecimal: d.DecimalColumnStatisticsData != nil, types.ColumnStatisticsTypeDouble: d.DoubleColumnStatisticsData != nil,
		types.ColumnStatisticsTypeLong: d.LongColumnStatisticsData != nil, types.ColumnStatisticsTypeString: d.StringColumnStatisticsData != nil}
	for kind, is := range given {
		if is != (kind == d.Type) {
			return invalid("Statistics of column %s have to be of type %s and no other.", name, d.Type)
		}
	}
	return nil
}

// GetColumnStatisticsForTable reads statistics of columns, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsForTable.html
func (s *Service) GetColumnStatisticsForTable(ctx context.Context, in *glue.GetColumnStatisticsForTableInput) (*glue.GetColumnStatisticsForTableOutput, error) {
	list, failed, err := s.readStatistics(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), nil, in.ColumnNames)
	if err != nil {
		return nil, err
	}
	return &glue.GetColumnStatisticsForTableOutput{ColumnStatisticsList: list, Errors: failed}, nil
}

func (s *Service) getColumnStatisticsForTableTargets(ctx context.Context, in *glue.GetColumnStatisticsForTableInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// GetColumnStatisticsForPartition reads statistics of columns of a partition, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetColumnStatisticsForPartition.html
func (s *Service) GetColumnStatisticsForPartition(ctx context.Context, in *glue.GetColumnStatisticsForPartitionInput) (*glue.GetColumnStatisticsForPartitionOutput, error) {
	list, failed, err := s.readStatistics(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), in.PartitionValues, in.ColumnNames)
	if err != nil {
		return nil, err
	}
	return &glue.GetColumnStatisticsForPartitionOutput{ColumnStatisticsList: list, Errors: failed}, nil
}

func (s *Service) getColumnStatisticsForPartitionTargets(ctx context.Context, in *glue.GetColumnStatisticsForPartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// readStatistics shows what the caller may select: minima and maxima are values. To others there are none.
func (s *Service) readStatistics(ctx context.Context, r governance.Resource, values, columns []string) ([]types.ColumnStatistics, []types.ColumnError, error) {
	t, a, err := s.table(ctx, r, governance.Describe)
	if err != nil {
		return nil, nil, err
	}
	list, failed := []types.ColumnStatistics{}, []types.ColumnError{}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		if err := s.hasPartition(ctx, tx, t, values); err != nil {
			return err
		}
		for _, name := range columns {
			c, err := s.Catalog.Statistics.Get(tx, wire.CallOf(ctx).Region, t, values, name)
			if err == nil && !a.ByIAM && (!a.Reads(strings.ToLower(name)) || a.RowFilter() != "") {
				err = store.ErrNotFound
			}
			if errors.Is(err, store.ErrNotFound) {
				failed = append(failed, types.ColumnError{ColumnName: aws.String(name), Error: &types.ErrorDetail{
					ErrorCode: aws.String("EntityNotFoundException"), ErrorMessage: aws.String("Statistics do not exist for this column")}})
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return nil
	})
	return list, failed, err
}

// DeleteColumnStatisticsForTable removes a column's statistics.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteColumnStatisticsForTable.html
func (s *Service) DeleteColumnStatisticsForTable(ctx context.Context, in *glue.DeleteColumnStatisticsForTableInput) (*glue.DeleteColumnStatisticsForTableOutput, error) {
	if err := s.deleteStatistics(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), nil, *in.ColumnName); err != nil {
		return nil, err
	}
	return &glue.DeleteColumnStatisticsForTableOutput{}, nil
}

func (s *Service) deleteColumnStatisticsForTableTargets(ctx context.Context, in *glue.DeleteColumnStatisticsForTableInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// DeleteColumnStatisticsForPartition removes a column's statistics of a partition.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteColumnStatisticsForPartition.html
func (s *Service) DeleteColumnStatisticsForPartition(ctx context.Context, in *glue.DeleteColumnStatisticsForPartitionInput) (*glue.DeleteColumnStatisticsForPartitionOutput, error) {
	if err := s.deleteStatistics(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), in.PartitionValues, *in.ColumnName); err != nil {
		return nil, err
	}
	return &glue.DeleteColumnStatisticsForPartitionOutput{}, nil
}

func (s *Service) deleteColumnStatisticsForPartitionTargets(ctx context.Context, in *glue.DeleteColumnStatisticsForPartitionInput) ([]wire.Target, error) {
	return s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

func (s *Service) deleteStatistics(ctx context.Context, r governance.Resource, values []string, column string) error {
	t, err := s.writable(ctx, r)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.hasPartition(ctx, tx, t, values); err != nil {
			return err
		}
		err := s.Catalog.Statistics.Delete(tx, wire.CallOf(ctx).Region, t, values, column)
		return absent(err, notFound("Statistics do not exist for this column"))
	})
}
