package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// store is the blueprint's bucket.
type store struct {
	client *s3.Client
	bucket string
}

// errAbsent says that an object is not there.
var errAbsent = errors.New("the object is not there")

// place takes an S3 URI apart.
func place(uri string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	if !ok {
		return "", "", false
	}
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, bucket != ""
}

func (s store) uri(key string) string { return "s3://" + s.bucket + "/" + key }

// below checks that a URI lies below a folder of the bucket, and gives its key.
func (s store) below(uri, folder string) (string, error) {
	bucket, key, ok := place(uri)
	if !ok || bucket != s.bucket || !strings.HasPrefix(key, folder) || path.Clean("/"+key) != "/"+strings.TrimSuffix(key, "/") {
		return "", wrong("%q does not lie below %s", uri, s.uri(folder))
	}
	return key, nil
}

func (s store) open(ctx context.Context, key string) (*s3.GetObjectOutput, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "NoSuchKey" || api.ErrorCode() == "NotFound") {
		return nil, errAbsent
	}
	return out, err
}

// get reads an object of at most so many bytes. It gives more of one that is larger than that, by one byte.
func (s store) get(ctx context.Context, key string, most int64) (content []byte, contentType string, err error) {
	out, err := s.open(ctx, key)
	if err != nil {
		return nil, "", err
	}
	defer out.Body.Close()
	content, err = io.ReadAll(io.LimitReader(out.Body, most+1))
	return content, aws.ToString(out.ContentType), err
}

// size is how large an object is.
func (s store) size(ctx context.Context, key string) (int64, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "NoSuchKey" || api.ErrorCode() == "NotFound") {
		return 0, errAbsent
	}
	if err != nil {
		return 0, err
	}
	return aws.ToInt64(out.ContentLength), nil
}

func (s store) put(ctx context.Context, key, contentType string, content io.ReadSeeker) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, ContentType: &contentType, Body: content})
	return err
}

// keep writes a note as JSON.
func (s store) keep(ctx context.Context, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.put(ctx, key, "application/json", bytes.NewReader(b))
}

// recall reads a note.
func (s store) recall(ctx context.Context, key string, into any) error {
	b, _, err := s.get(ctx, key, 1<<20)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("cannot read %s: %w", s.uri(key), err)
	}
	return nil
}

// object is one of a listing.
type object struct {
	key  string
	size int64
}

func (s store) list(ctx context.Context, prefix string) (list []object, err error) {
	for p := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			list = append(list, object{aws.ToString(o.Key), aws.ToInt64(o.Size)})
		}
	}
	return list, nil
}

// contentTypes are the types of inputs by the ends of their names.
var contentTypes = map[string]string{".json": "application/json", ".jsonl": "application/jsonlines", ".csv": "text/csv", ".txt": "text/plain",
	".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".parquet": "application/x-parquet"}

func contentType(given, key string) string {
	if given != "" {
		return given
	}
	if t := contentTypes[strings.ToLower(path.Ext(key))]; t != "" {
		return t
	}
	return "application/octet-stream"
}
