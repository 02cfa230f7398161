package athena

import (
	"encoding/binary"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// describeResult is the content of <id>.csv.metadata: the columns of the result as a protocol buffer. AWS does not document
// it; readers take 1 for the query's id, 4 for a column each, and of a column 1 for the catalog, 2 schema, 3 table, 4 name,
// 5 label, 6 type, 7 precision, 8 scale, 9 nullable, 10 case sensitive. Nothing that reads results here depends on it.
func describeResult(e *execution) []byte {
	b := text(nil, 1, *e.QueryExecutionId)
	for _, c := range e.Columns {
		var f []byte
		for i, s := range []*string{c.CatalogName, c.SchemaName, c.TableName, c.Name, c.Label, c.Type} {
			f = text(f, i+1, aws.ToString(s))
		}
		f = varint(f, 7, uint64(c.Precision))
		f = varint(f, 8, uint64(c.Scale))
		f = varint(f, 9, map[string]uint64{"NOT_NULL": 1, "NULLABLE": 2, "UNKNOWN": 3}[string(c.Nullable)])
		sensitive := uint64(0)
		if c.CaseSensitive {
			sensitive = 1
		}
		b = text(b, 4, string(varint(f, 10, sensitive)))
	}
	return b
}

func text(b []byte, field int, s string) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3|2)
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func varint(b []byte, field int, v uint64) []byte {
	b = binary.AppendUvarint(b, uint64(field)<<3)
	return binary.AppendUvarint(b, v)
}
