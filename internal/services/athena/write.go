package athena

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/services/athena/filewriter"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// openFiles is how many partitions one statement may write. It is Athena's own limit.
// Source: https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
const openFiles = 100

// target is where the rows of a query are written, as whom.
type target struct {
	location string // s3://bucket/prefix, without a slash at the end
	as       authz.Principal
	options  filewriter.Options
	keys     []string // columns whose values make folders; they are not in the files

	q       *session
	columns []sql.ResultColumn
	data    []filewriter.Column
	places  []int // of data in the rows
	folds   []int // of keys in the rows
	parts   map[string]*part
	order   []string
}

// part is the file of one partition.
type part struct {
	values []string // texts of the keys' values
	spool  *spool
	file   filewriter.Writer
	rows   []int
	key    string // s3://…, when it is written
}

// begin takes the columns of the rows to come.
func (t *target) begin(columns []sql.ResultColumn) error {
	t.columns, t.parts = columns, map[string]*part{}
	seen := map[string]bool{}
	for i, c := range columns {
		if seen[c.Name] {
			return failure(userError, "DUPLICATE_COLUMN_NAME: Column name '%s' specified more than once", c.Name)
		}
		seen[c.Name] = true
		if !slices.Contains(t.keys, c.Name) {
			t.data, t.places = append(t.data, filewriter.Column{Name: c.Name, Type: c.Type}), append(t.places, i)
		}
	}
	for _, k := range t.keys {
		i := slices.IndexFunc(columns, func(c sql.ResultColumn) bool { return c.Name == k })
		if i < 0 {
			return failure(userError, "INVALID_TABLE_PROPERTY: Partition columns ([%s]) not present in schema", strings.Join(t.keys, ", "))
		}
		t.folds = append(t.folds, i)
	}
	if !slices.IsSorted(t.folds) || len(t.folds) > 0 && t.folds[0] != len(columns)-len(t.folds) {
		return failure(userError, "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: [%s]",
			strings.Join(t.keys, ", "))
	}
	if len(t.data) == 0 {
		return failure(userError, "INVALID_TABLE_PROPERTY: Table contains only partition columns")
	}
	return nil
}

// take writes rows.
func (t *target) take(c *sql.Chunk) error {
	for row := range c.Len {
		p, err := t.part(c, row)
		if err != nil {
			return err
		}
		p.rows = append(p.rows, row)
	}
	for _, k := range t.order {
		p := t.parts[k]
		if len(p.rows) == 0 {
			continue
		}
		if err := p.file.Rows(c, p.rows); err != nil {
			return err
		}
		p.rows = p.rows[:0]
	}
	return nil
}

// part finds the file of a row.
func (t *target) part(c *sql.Chunk, row int) (*part, error) {
	values := make([]string, len(t.folds))
	for i, at := range t.folds {
		v := c.Columns[at][row]
		values[i] = sql.Text(t.columns[at].Type, v)
		if v == nil || values[i] == "" {
			values[i] = sql.NullPartition
		}
	}
	k := strings.Join(values, separator)
	if p := t.parts[k]; p != nil {
		return p, nil
	}
	if len(t.parts) >= openFiles {
		return nil, failure(userError, "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of %d open writers for partitions/buckets.", openFiles)
	}
	s, err := t.q.spool()
	if err != nil {
		return nil, err
	}
	p := &part{values: values, spool: s}
	t.parts[k] = p
	t.order = append(t.order, k)
	p.file, err = filewriter.New(s, t.options, t.data, t.places)
	return p, err
}

// close lets the files go.
func (t *target) close() {
	for _, p := range t.parts {
		p.spool.close()
	}
}

// finish uploads the files, and the list of them for the query's owner.
func (t *target) finish(ctx context.Context, manifest string) error {
	q := t.q
	if err := q.writes(ctx, q.e, t.location+"/*", manifest); err != nil {
		return err
	}
	client := lake.Client(q.Clients(t.as, q.e.Region))
	stamp := q.e.Begun.UTC().Format("20060102_150405")
	var list strings.Builder
	q.e.Rows.OutputBytes = 0
	for i, k := range t.order {
		p := t.parts[k]
		if err := p.file.Close(); err != nil {
			return err
		}
		if err := p.spool.rewind(); err != nil {
			return err
		}
		p.key = t.location + "/" + t.folder(p.values) + fmt.Sprintf("%s_%05d_%s%s", stamp, i, *q.e.QueryExecutionId, t.options.Extension())
		bucket, key := lake.Place(p.key)
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: p.spool.file}); err != nil {
			return dataFault(err, p.key)
		}
		q.e.Rows.OutputBytes += p.spool.size
		list.WriteString(p.key + "\n")
	}
	q.e.Statistics.DataManifestLocation = aws.String(manifest)
	return q.object(ctx, manifest, strings.NewReader(list.String()), q.e.ResultConfiguration)
}

func (t *target) folder(values []string) string {
	out := ""
	for i, k := range t.keys {
		out += lake.Escape(k) + "=" + lake.Escape(values[i]) + "/"
	}
	return out
}

// rewind makes a file ready to be read from its beginning.
func (s *spool) rewind() error {
	err := s.w.Flush()
	if err == nil {
		_, err = s.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("cannot keep a result: %w", err)
	}
	return nil
}

// empty refuses a place that holds something already.
func (q *session) empty(ctx context.Context, as authz.Principal, location, table string) error {
	bucket, prefix := lake.Place(location)
	found, err := lake.Client(q.Clients(as, q.e.Region)).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(strings.TrimSuffix(prefix, "/") + "/"),
		MaxKeys: aws.Int32(1)})
	if err != nil {
		return dataFault(err, location)
	}
	if len(found.Contents) > 0 {
		return failure(userError, "HIVE_PATH_ALREADY_EXISTS: Target directory for table '%s' already exists: %s. "+
			"You may need to manually clean the data at location '%s' before retrying. Athena will not delete data in your account.", table, location, location)
	}
	return nil
}
