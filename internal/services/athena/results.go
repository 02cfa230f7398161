package athena

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// rowsAtMost is how many rows a page has.
const rowsAtMost = 1000

// GetQueryResults reads the result of a query from S3, as the caller of this operation.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
func (s *Service) GetQueryResults(ctx context.Context, in *athena.GetQueryResultsInput) (*athena.GetQueryResultsOutput, error) {
	e, err := s.execution(ctx, *in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	switch {
	case !e.ended():
		return nil, invalid("Query has not yet finished. Current state: %s", e.state())
	case e.state() != types.QueryExecutionStateSucceeded:
		return nil, invalid("Query did not finish successfully. Final query state: %s", e.state())
	}
	position, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, badToken()
	}
	from, _ := strconv.ParseInt(position, 10, 64) // "" is 0
	size := rowsAtMost
	if in.MaxResults != nil && *in.MaxResults > 0 {
		size = int(*in.MaxResults)
	}
	out := &athena.GetQueryResultsOutput{UpdateCount: aws.Int64(aws.ToInt64(e.Updated)),
		ResultSet: &types.ResultSet{Rows: []types.Row{}, ResultSetMetadata: &types.ResultSetMetadata{ColumnInfo: e.Columns}}}
	if out.ResultSet.ResultSetMetadata.ColumnInfo == nil {
		out.ResultSet.ResultSetMetadata.ColumnInfo = []types.ColumnInfo{}
	}
	if e.Rows.OutputBytes == 0 || !e.Plain && !e.Header {
		return out, nil
	}
	next, err := s.rows(ctx, &e, from, size, &out.ResultSet.Rows)
	if err == nil && next < e.Rows.OutputBytes {
		out.NextToken = wire.PageToken(ctx, strconv.FormatInt(next, 10))
	}
	return out, err
}

func (s *Service) getQueryResultsTargets(ctx context.Context, in *athena.GetQueryResultsInput) ([]wire.Target, error) {
	return s.onExecution(ctx, *in.QueryExecutionId)
}

// rows reads rows of a result from a byte on, and tells at which byte the next ones begin.
func (s *Service) rows(ctx context.Context, e *execution, from int64, size int, to *[]types.Row) (next int64, err error) {
	call := wire.CallOf(ctx)
	bucket, key := lake.Place(*e.ResultConfiguration.OutputLocation)
	object, err := lake.Client(s.Clients(call.Principal, call.Region)).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key,
		Range: aws.String(fmt.Sprintf("bytes=%d-", from))})
	if err != nil {
		return 0, unreadable(err, *e.ResultConfiguration.OutputLocation)
	}
	defer object.Body.Close()
	r := &csvReader{r: bufio.NewReaderSize(object.Body, 64<<10), at: from}
	for range size {
		row := types.Row{}
		if e.Plain {
			line, err := r.line()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return 0, fmt.Errorf("cannot read result: %w", err)
			}
			row.Data = []types.Datum{{VarCharValue: aws.String(line)}}
		} else if row.Data, err = r.record(len(e.Columns)); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, fmt.Errorf("cannot read result: %w", err)
		}
		*to = append(*to, row)
	}
	return r.at, nil
}

// unreadable answers S3's refusal of a result.
func unreadable(err error, location string) error {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return err
	}
	switch e.ErrorCode() {
	case "AccessDenied", "Forbidden":
		return wire.Errorf(400, "AccessDeniedException", "Access denied when reading "+location+": "+e.ErrorMessage())
	case "NoSuchKey", "NoSuchBucket", "NotFound":
		return invalid("Could not find results: %s was removed.", location)
	case "InvalidRange":
		return badToken()
	}
	return err
}

// csvReader reads results as they are written: every value in quotes, NULL as nothing.
type csvReader struct {
	r  *bufio.Reader
	at int64
}

func (c *csvReader) byte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.at++
	}
	return b, err
}

func (c *csvReader) line() (string, error) {
	s, err := c.r.ReadString('\n')
	c.at += int64(len(s))
	if s != "" && errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSuffix(s, "\n"), err
}

// record reads one row of n values, or returns io.EOF before the first byte.
func (c *csvReader) record(n int) ([]types.Datum, error) {
	out := make([]types.Datum, 0, n)
	first := true
	for {
		b, err := c.byte()
		if err != nil {
			if !first {
				err = io.ErrUnexpectedEOF
			}
			return out, err
		}
		first = false
		var d types.Datum
		if b == '"' {
			v, err := c.quoted()
			if err != nil {
				return out, err
			}
			d.VarCharValue = &v
			if b, err = c.byte(); err != nil {
				return out, io.ErrUnexpectedEOF
			}
		}
		out = append(out, d)
		switch b {
		case '\n':
			return out, nil
		case ',':
		default:
			return out, fmt.Errorf("byte %d is neither comma nor newline", c.at)
		}
	}
}

func (c *csvReader) quoted() (string, error) {
	var v strings.Builder
	for {
		part, err := c.r.ReadString('"')
		c.at += int64(len(part))
		if err != nil {
			return "", io.ErrUnexpectedEOF
		}
		v.WriteString(part[:len(part)-1])
		if next, err := c.r.Peek(1); err != nil || next[0] != '"' {
			return v.String(), nil
		}
		_, _ = c.byte() // it was looked at
		v.WriteByte('"')
	}
}
