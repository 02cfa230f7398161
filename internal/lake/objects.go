package lake

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// askedAtOnce is how many objects are asked for at a time.
const askedAtOnce = 16

// Fault is S3's refusal as the engine passes it on: the place of the data is not told.
func Fault(err error, table string) error {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return err
	}
	switch e.ErrorCode() {
	case "AccessDenied", "Forbidden":
		return sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Access denied when reading the data of table %s. Please ensure you are allowed to access the S3 bucket.", table)
	case "NoSuchBucket", "NotFound":
		return sql.Errorf(sql.Data, "HIVE_CANNOT_OPEN_SPLIT", "The location of the data of table %s does not exist.", table)
	}
	return err
}

// list finds the files below a location. Names that begin with _ or . are not data.
func (r *Reader) list(ctx context.Context, client *s3.Client, location string) ([]sql.File, error) {
	bucket, prefix := Place(location)
	if bucket == "" {
		return nil, nil
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	var out []sql.File
	var keys []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range p.Contents {
			key := aws.ToString(o.Key)
			if aws.ToInt64(o.Size) == 0 || hidden(key[len(prefix):]) {
				continue
			}
			keys = append(keys, key)
			out = append(out, sql.File{Size: aws.ToInt64(o.Size), Version: aws.ToString(o.ETag)})
		}
	}
	return out, r.Open(ctx, client, bucket, keys, out)
}

func hidden(name string) bool { return slices.ContainsFunc(strings.Split(name, "/"), Hidden) }

// Hidden tells names of files and folders that Hive's custom hides.
func Hidden(name string) bool { return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") }

// Open gives each object a local path, once S3 has said that it may be read, or else a way to fetch it.
func (r *Reader) Open(ctx context.Context, client *s3.Client, bucket string, keys []string, files []sql.File) error {
	var wait sync.WaitGroup
	errs := make([]error, len(keys))
	gate := make(chan struct{}, askedAtOnce)
	for i, key := range keys {
		path, ok := r.Local(bucket, key)
		if !ok {
			files[i].Open = func(ctx context.Context) (io.ReadCloser, error) {
				o, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err != nil {
					return nil, err
				}
				return o.Body, nil
			}
			files[i].Path = key
			continue
		}
		files[i].Path = path
		gate <- struct{}{}
		wait.Go(func() {
			defer func() { <-gate }()
			_, errs[i] = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Local is where an object lies on this machine.
func (l *Lake) Local(bucket, key string) (string, bool) {
	if l.Objects == "" {
		return "", false
	}
	root := filepath.Join(l.Objects, bucket)
	path := filepath.Join(root, filepath.FromSlash(key))
	if !strings.HasPrefix(path, root+string(filepath.Separator)) {
		return "", false
	}
	i, err := os.Lstat(path)
	return path, err == nil && i.Mode().IsRegular()
}

// Client reads and writes objects in the server: what fails there fails again, so nothing is tried twice.
func Client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle, o.Retryer = true, aws.NopRetryer{}
		o.RequestChecksumCalculation, o.ResponseChecksumValidation = aws.RequestChecksumCalculationWhenRequired, aws.ResponseChecksumValidationWhenRequired
	})
}

// Place takes a location apart: s3://bucket/key.
func Place(location string) (bucket, key string) {
	_, rest, _ := strings.Cut(location, "://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key
}
