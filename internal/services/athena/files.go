package athena

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// askedAtOnce is how many objects are asked for at a time.
const askedAtOnce = 16

// lister lists the objects below a location, when it is called, as who may read them.
func (q *session) lister(r *readable, location string) func(context.Context) ([]sql.File, error) {
	return func(ctx context.Context) ([]sql.File, error) {
		as, err := q.reader(ctx, r, location)
		if err != nil {
			return nil, err
		}
		list, err := q.list(ctx, objects(q.Clients(as, q.e.Region)), location)
		return list, engineFault(err, aws.ToString(r.Name))
	}
}

// projectedLister is lister for a place that a template names. Nobody was asked whether the table may lie there, as is done
// for the places of tables and partitions: outside of the table's own, only who may read it anyway does.
func (q *session) projectedLister(r *readable, location string) func(context.Context) ([]sql.File, error) {
	own, _ := governance.PathOf(locationOf(&r.Table.Table))
	if path, ok := governance.PathOf(location); ok && own != "" && governance.Within(path, own) || q.beneath {
		return q.lister(r, location)
	}
	return func(ctx context.Context) ([]sql.File, error) {
		list, err := q.list(ctx, q.s3, location)
		return list, engineFault(err, aws.ToString(r.Name))
	}
}

// engineFault is S3's refusal as the engine passes it on: the place of the data is not told.
func engineFault(err error, table string) error {
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
func (q *session) list(ctx context.Context, client *s3.Client, location string) ([]sql.File, error) {
	bucket, prefix := place(location)
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
	return out, q.open(ctx, client, bucket, keys, out)
}

func hidden(name string) bool {
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// open gives each object a local path, once S3 has said that it may be read, or else a way to fetch it.
func (q *session) open(ctx context.Context, client *s3.Client, bucket string, keys []string, files []sql.File) error {
	var wait sync.WaitGroup
	errs := make([]error, len(keys))
	gate := make(chan struct{}, askedAtOnce)
	for i, key := range keys {
		path, ok := q.local(bucket, key)
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

// local is where an object lies on this machine.
func (q *session) local(bucket, key string) (string, bool) {
	if q.Objects == "" {
		return "", false
	}
	root := filepath.Join(q.Objects, bucket)
	path := filepath.Join(root, filepath.FromSlash(key))
	if !strings.HasPrefix(path, root+string(filepath.Separator)) {
		return "", false
	}
	i, err := os.Lstat(path)
	return path, err == nil && i.Mode().IsRegular()
}
