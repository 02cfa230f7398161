package athena

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3Types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// dataFault is S3's refusal in the words of a query.
func dataFault(err error, location string) error {
	var e smithy.APIError
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.ErrorCode() {
	case "AccessDenied", "Forbidden":
		return failure(accessDenied, "PERMISSION_DENIED: Access denied when reading or writing %s: %s", location, e.ErrorMessage())
	case "NoSuchBucket", "NotFound":
		return failure(userError, "INVALID_TABLE_PROPERTY: The S3 location provided does not exist: %s", location)
	}
	return err
}

// tell writes a result of lines: <id>.txt, with its description beside it.
func (q *session) tell(ctx context.Context, columns []types.ColumnInfo, lines []string) error {
	q.e.Columns, q.e.Plain = columns, true
	q.e.ResultConfiguration.OutputLocation = aws.String(*q.e.ResultConfiguration.OutputLocation + ".txt")
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(strings.ReplaceAll(l, "\n", `\n`))
		b.WriteByte('\n')
	}
	return q.put(ctx, *q.e.ResultConfiguration.OutputLocation, b.Bytes())
}

// put writes an object of the result, with its description beside it. Both are removed when the query doesn't succeed.
func (q *session) put(ctx context.Context, location string, body []byte) error {
	if err := q.writes(ctx, q.e, location, location+".metadata"); err != nil {
		return err
	}
	q.e.Rows.OutputBytes = int64(len(body))
	if err := q.object(ctx, location, bytes.NewReader(body), q.e.ResultConfiguration); err != nil {
		return err
	}
	return q.object(ctx, location+".metadata", bytes.NewReader(describeResult(q.e)), q.e.ResultConfiguration)
}

// object writes one object as the caller.
func (q *session) object(ctx context.Context, location string, body io.ReadSeeker, c *types.ResultConfiguration) error {
	bucket, key := lake.Place(location)
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body, ContentType: aws.String("application/octet-stream")}
	if c != nil {
		in.ExpectedBucketOwner = c.ExpectedBucketOwner
		if c.AclConfiguration != nil {
			in.ACL = s3Types.ObjectCannedACLBucketOwnerFullControl
		}
	}
	if strings.HasSuffix(key, ".csv") || strings.HasSuffix(key, ".txt") {
		in.ContentType = aws.String("text/plain")
	}
	_, err := q.s3.PutObject(ctx, in)
	var e smithy.APIError
	if errors.As(err, &e) {
		switch e.ErrorCode() {
		case "AccessDenied", "Forbidden":
			return failure(accessDenied, "Access denied when writing output to url: %s . Please ensure you are allowed to access the S3 bucket. "+
				"If you are encrypting query results with KMS key, please ensure you are allowed to access your KMS key", location)
		case "NoSuchBucket", "NotFound":
			return failure(userError, "Unable to verify/create output bucket %s", bucket)
		}
	}
	return err
}

// remove takes away what a query wrote that did not succeed. Below a place that ends in * only what bears the query's id is.
// What cannot be removed stays: the caller may have lost the right to.
func (s *Service) remove(ctx context.Context, e *execution) {
	if len(e.wrote) == 0 {
		return
	}
	client := lake.Client(s.Clients(e.Caller, e.Region))
	for _, w := range e.wrote {
		bucket, key := lake.Place(w)
		if !strings.HasSuffix(key, "*") {
			_, _ = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
			continue
		}
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(strings.TrimSuffix(key, "*"))})
		for pages.HasMorePages() {
			p, err := pages.NextPage(ctx)
			if err != nil {
				break
			}
			for _, o := range p.Contents {
				if strings.Contains(*o.Key, *e.QueryExecutionId) {
					_, _ = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: o.Key})
				}
			}
		}
	}
}
