package athena

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/athena/filewriter"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// unload writes the rows of a query as files, as the caller, without a table.
// Source: https://docs.aws.amazon.com/athena/latest/ug/unload.html
func (q *session) unload(ctx context.Context, st statement.Unload) error {
	if err := propertiesOf(st.Properties, "format", "compression", "compression_level", "field_delimiter", "partitioned_by"); err != nil {
		return err
	}
	if _, ok := st.Properties["format"]; !ok {
		return failure(userError, "INVALID_TABLE_PROPERTY: UNLOAD needs the property format")
	}
	options, keys, err := writeOptions(st.Properties, filewriter.Parquet)
	if err != nil {
		return err
	}
	if options.Format == filewriter.Text && options.Delimiter == "" {
		options.Delimiter = ","
	}
	if checkOutput(st.To) != nil {
		return failure(userError, "INVALID_TABLE_PROPERTY: UNLOAD writes to a path of S3 (s3://bucket/prefix/): %s", st.To)
	}
	t := &target{q: q, location: strings.TrimSuffix(st.To, "/"), as: q.e.Caller, options: options, keys: keys}
	if err := q.empty(ctx, t.as, t.location, "temp_table"); err != nil {
		return err
	}
	defer t.close()
	if err := q.answer(ctx, st.Query, t.begin, t.take); err != nil {
		return err
	}
	q.e.Updated = aws.Int64(q.e.Rows.OutputRows)
	return t.finish(ctx, *q.e.ResultConfiguration.OutputLocation+"-manifest.csv")
}
