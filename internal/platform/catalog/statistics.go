package catalog

import (
	"encoding/json"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Statistics holds what is known of the values in columns, of whole tables and of partitions.
type Statistics struct {
	rows *store.Table[statistic]
}

func newStatistics(st *store.Store) *Statistics {
	return &Statistics{rows: store.NewTable[statistic](st, "glue_column_statistics")}
}

// statistic is of one column.
type statistic struct{ types.ColumnStatistics }

// MarshalJSON leaves out what is not set.
func (s statistic) MarshalJSON() ([]byte, error) { return Compact(json.Marshal(s.ColumnStatistics)) }

// at is where the statistics of a table (values is nil) or of a partition are kept; each column's is behind it.
func (s *Statistics) at(region string, t Table, values []string) store.Key {
	of := "t"
	if values != nil {
		of = "p" + governance.Separator + PartitionID(values)
	}
	return t.key(region, of+governance.Separator)
}

// Put writes a column's statistics.
func (s *Statistics) Put(tx *store.Tx, region string, t Table, values []string, c types.ColumnStatistics) error {
	k := s.at(region, t, values)
	k.ID += strings.ToLower(*c.ColumnName)
	return s.rows.Put(tx, k, statistic{c})
}

// Get reads a column's statistics, or returns store.ErrNotFound.
func (s *Statistics) Get(tx *store.Tx, region string, t Table, values []string, column string) (types.ColumnStatistics, error) {
	k := s.at(region, t, values)
	k.ID += strings.ToLower(column)
	c, err := s.rows.Get(tx, k)
	return c.ColumnStatistics, err
}

// Delete removes a column's statistics, or returns store.ErrNotFound.
func (s *Statistics) Delete(tx *store.Tx, region string, t Table, values []string, column string) error {
	k := s.at(region, t, values)
	k.ID += strings.ToLower(column)
	return s.rows.Delete(tx, k)
}

// Drop removes all of a partition's statistics.
func (s *Statistics) Drop(tx *store.Tx, region string, t Table, values []string) error {
	k := s.at(region, t, values)
	_, err := s.rows.DeleteAll(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID})
	return err
}

// Clear removes at most limit of the statistics in r, of a table that is dropped, and tells how many.
func (s *Statistics) Clear(tx *store.Tx, r store.Range, limit int) (int, error) {
	r.Limit = limit
	return s.rows.DeleteAll(tx, r)
}
