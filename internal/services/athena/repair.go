package athena

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// repair registers the partitions that lie below the table's location and are not in the catalog.
// Source: https://docs.aws.amazon.com/athena/latest/ug/msck-repair-table.html
func (q *session) repair(ctx context.Context, st statement.Repair) ([]string, error) {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return nil, err
	}
	known, err := q.partitions(ctx, t, nil)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, p := range known {
		have[strings.Join(p.Values, separator)] = true
	}
	bucket, prefix := lake.Place(lake.Location(t))
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	found, err := q.folders(ctx, bucket, prefix, t.PartitionKeys, nil)
	if err != nil {
		return nil, err
	}
	var list []types.PartitionInput
	var missing []string
	for _, values := range found {
		if !have[strings.Join(values, separator)] {
			list = append(list, partitionInput(t, values, ""))
			missing = append(missing, aws.ToString(t.Name)+":"+lake.Folder(t.PartitionKeys, values))
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	added, err := q.putPartitions(ctx, t, list, true)
	lines := []string{"Partitions not in metastore:\t" + strings.Join(missing, "\t")}
	for _, values := range added {
		lines = append(lines, "Repair: Added partition to metastore "+aws.ToString(t.Name)+":"+lake.Folder(t.PartitionKeys, values))
	}
	return lines, err
}

// folders finds the values of partitions in the names of folders, key by key.
func (q *session) folders(ctx context.Context, bucket, prefix string, keys []types.Column, values []string) ([][]string, error) {
	if len(keys) == 0 {
		return [][]string{values}, nil
	}
	var out [][]string
	pages := s3.NewListObjectsV2Paginator(q.s3, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return nil, dataFault(err, "s3://"+bucket+"/"+prefix)
		}
		for _, c := range p.CommonPrefixes {
			name := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(c.Prefix), prefix), "/")
			k, v, ok := strings.Cut(name, "=")
			if !ok || !strings.EqualFold(hiveUnescape(k), aws.ToString(keys[0].Name)) {
				continue
			}
			below, err := q.folders(ctx, bucket, aws.ToString(c.Prefix), keys[1:], append(slices.Clone(values), hiveUnescape(v)))
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
	}
	return out, nil
}
