package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// S3 is an object.
type S3 struct {
	Client      *s3.Client
	Bucket, Key string
}

// Open asks for the rest of the object.
func (s S3) Open(ctx context.Context, offset int64, tag string) (Part, error) {
	in := &s3.GetObjectInput{Bucket: &s.Bucket, Key: &s.Key}
	if offset > 0 && tag != "" {
		in.Range, in.IfMatch = aws.String("bytes="+strconv.FormatInt(offset, 10)+"-"), &tag
	}
	out, err := s.Client.GetObject(ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) && in.IfMatch != nil && (api.ErrorCode() == "PreconditionFailed" || api.ErrorCode() == "InvalidRange") {
		return s.Open(ctx, 0, "") // it is another one now
	}
	if err != nil {
		return Part{}, fmt.Errorf("cannot fetch s3://%s/%s: %w", s.Bucket, s.Key, err)
	}
	p := Part{Body: out.Body, Size: aws.ToInt64(out.ContentLength), Tag: aws.ToString(out.ETag)}
	if r := aws.ToString(out.ContentRange); in.Range != nil && r != "" {
		p.Offset = offset
		_, size, _ := strings.Cut(r, "/")
		if p.Size, err = strconv.ParseInt(size, 10, 64); err != nil {
			p.Size = -1
		}
	}
	return p, nil
}

// File is a file of this machine.
type File string

// Open opens the file.
func (f File) Open(context.Context, int64, string) (Part, error) {
	h, err := os.Open(string(f))
	if err != nil {
		return Part{}, fmt.Errorf("cannot fetch: %w", err)
	}
	info, err := h.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = h.Close()
		return Part{}, fmt.Errorf("cannot fetch: %s is no file", f)
	}
	return Part{Body: h, Size: info.Size()}, nil
}
