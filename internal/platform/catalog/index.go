package catalog

import (
	"encoding/json"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// MaxIndexes is how many partition indexes a table may have.
// Source: https://docs.aws.amazon.com/glue/latest/dg/partition-indexes.html
const MaxIndexes = 3

// Index is a partition index: filters on the key it begins with look at those partitions alone whose values fit.
type Index struct{ types.PartitionIndexDescriptor }

// MarshalJSON leaves out what is not set.
func (i Index) MarshalJSON() ([]byte, error) {
	return Compact(json.Marshal(i.PartitionIndexDescriptor))
}

// IndexKey is where a table's partition index is kept; with no name, what the keys of all of them begin with.
func IndexKey(region string, t Table, name string) store.Key { return t.key(region, name) }

// IndexesOf lists a table's partition indexes.
func (d *Directory) IndexesOf(tx *store.Tx, region string, t Table) ([]Index, error) {
	rows, err := d.Indexes.List(tx, t.rangeOf(region))
	out := make([]Index, len(rows))
	for i, r := range rows {
		out[i] = r.Value
	}
	return out, err
}

// Column finds a key among a table's partition keys, -1 when it is none.
func (t Table) Column(key string) int {
	for i, k := range t.PartitionKeys {
		if strings.EqualFold(aws.ToString(k.Name), key) {
			return i
		}
	}
	return -1
}

// maxFaults is how many partitions an index that cannot be made tells of.
const maxFaults = 25

// Faults finds partitions whose values an index on some keys cannot hold.
func (p *Partitions) Faults(tx *store.Tx, region string, t Table, keys []int) ([]types.BackfillError, error) {
	missing := types.BackfillError{Code: types.BackfillErrorCodeMissingPartitionValueError}
	mistyped := types.BackfillError{Code: types.BackfillErrorCodeInvalidPartitionTypeDataError}
	note := func(e *types.BackfillError, values []string) {
		if len(e.Partitions) < maxFaults {
			e.Partitions = append(e.Partitions, types.PartitionValueList{Values: values})
		}
	}
	err := p.rows.Keys(tx, t.rangeOf(region), func(id []byte) error {
		values := PartitionValues(strings.TrimPrefix(string(id), t.ID+governance.Separator))
		for _, k := range keys {
			if k >= len(values) || values[k] == "" {
				note(&missing, values)
				break
			}
			if expression.Check(aws.ToString(t.PartitionKeys[k].Type), values[k]) != nil {
				note(&mistyped, values)
				break
			}
		}
		return nil
	})
	out := []types.BackfillError{}
	for _, e := range []types.BackfillError{missing, mistyped} {
		if len(e.Partitions) > 0 {
			out = append(out, e)
		}
	}
	return out, err
}
