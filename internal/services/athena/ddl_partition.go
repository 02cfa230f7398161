package athena

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// partitionsAtOnce is how many partitions Glue takes in one call.
const partitionsAtOnce = 100

// valuesOf puts the values of a specification in order of the table's keys.
func valuesOf(t *glueTypes.Table, spec []statement.Pair) ([]string, error) {
	if len(t.PartitionKeys) == 0 {
		return nil, ddlFault("SemanticException table is not partitioned but partition spec exists: %s", shownSpec(spec))
	}
	out := make([]string, len(t.PartitionKeys))
	for i, k := range t.PartitionKeys {
		j := slices.IndexFunc(spec, func(p statement.Pair) bool { return p.Key == aws.ToString(k.Name) })
		if j < 0 || len(spec) != len(out) {
			return nil, ddlFault("SemanticException partition spec %s doesn't contain all (%d) partition columns", shownSpec(spec), len(out))
		}
		out[i] = spec[j].Value
	}
	return out, nil
}

func shownSpec(spec []statement.Pair) string {
	var parts []string
	for _, p := range spec {
		parts = append(parts, p.Key+"="+p.Value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func hiveUnescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// partitionInput describes a partition whose data is like the table's.
func partitionInput(t *glueTypes.Table, values []string, location string) glueTypes.PartitionInput {
	if location == "" {
		location = strings.TrimSuffix(lake.Location(t), "/") + "/" + lake.Folder(t.PartitionKeys, values)
	}
	d := glueTypes.StorageDescriptor{}
	if t.StorageDescriptor != nil {
		d = *t.StorageDescriptor
	}
	d.Location = aws.String(location)
	return glueTypes.PartitionInput{Values: values, StorageDescriptor: &d, Parameters: map[string]string{}}
}

func (q *session) addPartitions(ctx context.Context, t *glueTypes.Table, a statement.AddPartitions) error {
	var list []glueTypes.PartitionInput
	for _, p := range a.Partitions {
		values, err := valuesOf(t, p.Spec)
		if err != nil {
			return err
		}
		list = append(list, partitionInput(t, values, p.Location))
	}
	_, err := q.putPartitions(ctx, t, list, a.IfNotExist)
	return err
}

// putPartitions registers partitions, and tells which are new. Those that are there already are an error unless they may be.
func (q *session) putPartitions(ctx context.Context, t *glueTypes.Table, list []glueTypes.PartitionInput, mayExist bool) (added [][]string, err error) {
	for part := range slices.Chunk(list, partitionsAtOnce) {
		out, err := q.glue.BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name,
			PartitionInputList: part})
		if err != nil {
			return added, glueFault(err)
		}
		bad := map[string]bool{}
		for _, e := range out.Errors {
			bad[strings.Join(e.PartitionValues, separator)] = true
			code, message := "", ""
			if e.ErrorDetail != nil {
				code, message = aws.ToString(e.ErrorDetail.ErrorCode), aws.ToString(e.ErrorDetail.ErrorMessage)
			}
			switch {
			case code == "AlreadyExistsException" && mayExist:
			case code == "AlreadyExistsException":
				return added, ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+
					"AlreadyExistsException(message:Partition already exists: %s)", lake.Folder(t.PartitionKeys, e.PartitionValues))
			default:
				return added, ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. %s: %s", code, message)
			}
		}
		for _, p := range part {
			if !bad[strings.Join(p.Values, separator)] {
				added = append(added, p.Values)
			}
		}
	}
	return added, nil
}

func (q *session) dropPartitions(ctx context.Context, t *glueTypes.Table, a statement.DropPartitions) error {
	for _, spec := range a.Specs {
		found, err := q.partitions(ctx, t, spec)
		if err != nil {
			return err
		}
		if len(found) == 0 && !a.IfExists {
			return ddlFault("SemanticException [Error 10006]: Partition not found (%s)", strings.Trim(shownSpec(spec), "{}"))
		}
		for part := range slices.Chunk(found, 25) {
			in := &glue.BatchDeletePartitionInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name}
			for _, p := range part {
				in.PartitionsToDelete = append(in.PartitionsToDelete, glueTypes.PartitionValueList{Values: p.Values})
			}
			if _, err := q.glue.BatchDeletePartition(ctx, in); err != nil {
				return glueFault(err)
			}
		}
	}
	return nil
}

// partitions lists a table's partitions, or those that have the values of a specification, which may name some keys only.
func (q *session) partitions(ctx context.Context, t *glueTypes.Table, spec []statement.Pair) ([]glueTypes.Partition, error) {
	if len(t.PartitionKeys) == 0 {
		return nil, ddlFault("SemanticException [Error 10241]: Table %s is not a partitioned table", aws.ToString(t.Name))
	}
	for _, s := range spec {
		if at(t.PartitionKeys, s.Key) < 0 {
			return nil, ddlFault("SemanticException [Error 10098]: Non-Partition column appears in the partition specification: %s", s.Key)
		}
	}
	var out []glueTypes.Partition
	pages := glue.NewGetPartitionsPaginator(q.glue, &glue.GetPartitionsInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name,
		ExcludeColumnSchema: aws.Bool(true)})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return nil, glueFault(err)
		}
	next:
		for _, p := range p.Partitions {
			for _, s := range spec {
				if p.Values[at(t.PartitionKeys, s.Key)] != s.Value {
					continue next
				}
			}
			out = append(out, p)
		}
	}
	return out, nil
}

func (q *session) alterPartition(ctx context.Context, t *glueTypes.Table, st statement.AlterTable) error {
	values, err := valuesOf(t, st.Spec)
	if err != nil {
		return err
	}
	found, err := q.glue.GetPartition(ctx, &glue.GetPartitionInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name, PartitionValues: values})
	if isMissing(err) {
		return ddlFault("SemanticException [Error 10006]: Partition not found %s", shownSpec(st.Spec))
	}
	if err != nil {
		return glueFault(err)
	}
	p := found.Partition
	in := &glueTypes.PartitionInput{Values: values, Parameters: p.Parameters, StorageDescriptor: p.StorageDescriptor, LastAccessTime: p.LastAccessTime,
		LastAnalyzedTime: p.LastAnalyzedTime}
	if r, ok := st.Action.(statement.RenamePartition); ok {
		if in.Values, err = valuesOf(t, r.To); err != nil {
			return err
		}
	} else {
		table := &glueTypes.TableInput{StorageDescriptor: p.StorageDescriptor, PartitionKeys: t.PartitionKeys, Parameters: p.Parameters}
		if err := alter(table, st.Action); err != nil {
			return err
		}
		in.StorageDescriptor, in.Parameters = table.StorageDescriptor, table.Parameters
	}
	_, err = q.glue.UpdatePartition(ctx, &glue.UpdatePartitionInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableName: t.Name,
		PartitionValueList: values, PartitionInput: in})
	return glueFault(err)
}
