package athena

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// errOutside tells that a table names a file that is not below its location.
var errOutside = errors.New("a file outside of the table's location")

// icebergFiles are the objects of one table. What the table's metadata names is written by whoever may write there, so that
// a name proves nothing: only below the table's location anything is written or removed, and only there anything is read
// with rights that are not the caller's.
type icebergFiles struct {
	q      *session
	as     authz.Principal
	client *s3.Client
	root   string // with a slash at the end
	lent   bool   // the rights are Lake Formation's

	mu   sync.Mutex
	made []string
}

func (q *session) icebergFiles(as authz.Principal, root string) *icebergFiles {
	return &icebergFiles{q: q, as: as, client: lake.Client(q.Clients(as, q.e.Region)), root: plainLocation(root) + "/", lent: q.files.Beneath || as.ARN != q.files.As.ARN}
}

// plainLocation writes a location with the scheme s3. Others are "".
func plainLocation(location string) string {
	scheme, rest, ok := strings.Cut(location, "://")
	if ok && (scheme == "s3" || scheme == "s3a" || scheme == "s3n") {
		return "s3://" + rest
	}
	return ""
}

func (f *icebergFiles) within(location string) bool {
	l := plainLocation(location)
	return strings.HasPrefix(l, f.root) && !strings.Contains(l, "/../") && !strings.HasSuffix(l, "/..")
}

// readable is the bucket and key of a file that may be asked for.
func (f *icebergFiles) readable(location string) (bucket, key string, err error) {
	if bucket, key = lake.Place(plainLocation(location)); bucket == "" || key == "" || f.lent && !f.within(location) {
		return "", "", errOutside
	}
	return bucket, key, nil
}

// Open opens an object: in its place on this machine once S3 has said that it may be read, or else a copy of it.
func (f *icebergFiles) Open(ctx context.Context, location string) (iceberg.File, error) {
	bucket, key, err := f.readable(location)
	if err != nil {
		return nil, err
	}
	if path, ok := f.q.Lake.Local(bucket, key); ok {
		if _, err := f.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			return nil, missingObject(err)
		}
		in, err := os.Open(path)
		return heldFile(in, err)
	}
	o, err := f.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, missingObject(err)
	}
	defer o.Body.Close()
	s, err := f.q.spool()
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(s, o.Body); err == nil {
		err = s.rewind()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return heldFile(s.file, nil)
}

func missingObject(err error) error {
	var e smithy.APIError
	if errors.As(err, &e) && (e.ErrorCode() == "NoSuchKey" || e.ErrorCode() == "NotFound") {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// held is an open file of this machine.
type held struct {
	*os.File
	size int64
}

func (h held) Size() int64 { return h.size }

func heldFile(in *os.File, err error) (iceberg.File, error) {
	if err != nil {
		return nil, err
	}
	i, err := in.Stat()
	if err != nil {
		in.Close()
		return nil, err
	}
	return held{in, i.Size()}, nil
}

// Create begins an object, which is there when it is closed.
func (f *icebergFiles) Create(ctx context.Context, location string) (io.WriteCloser, error) {
	if !f.within(location) {
		return nil, errOutside
	}
	s, err := f.q.spool()
	return &icebergUpload{spool: s, ctx: ctx, f: f, location: plainLocation(location)}, err
}

// icebergUpload is an object that is being written.
type icebergUpload struct {
	*spool
	ctx      context.Context
	f        *icebergFiles
	location string
}

// Close uploads the object.
func (u *icebergUpload) Close() error {
	defer u.close()
	if err := u.rewind(); err != nil {
		return err
	}
	u.f.mu.Lock()
	u.f.made = append(u.f.made, u.location)
	u.f.mu.Unlock()
	bucket, key := lake.Place(u.location)
	_, err := u.f.client.PutObject(u.ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: u.file})
	return err
}

// Remove removes an object of the table. Those elsewhere are somebody else's, whatever the table says.
func (f *icebergFiles) Remove(ctx context.Context, location string) error {
	if !f.within(location) {
		return nil
	}
	bucket, key := lake.Place(plainLocation(location))
	_, err := f.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	return err
}

// List walks the objects of the table.
func (f *icebergFiles) List(ctx context.Context, below string, each func(iceberg.Object) error) error {
	if !strings.HasPrefix(plainLocation(below)+"/", f.root) {
		return errOutside
	}
	bucket, prefix := lake.Place(plainLocation(below))
	pages := s3.NewListObjectsV2Paginator(f.client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(strings.TrimSuffix(prefix, "/") + "/")})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range p.Contents {
			if err := each(iceberg.Object{Location: "s3://" + bucket + "/" + *o.Key, Size: aws.ToInt64(o.Size), Changed: aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop removes what was written for a change that did not come to be. Whether it did must be known.
func (f *icebergFiles) drop(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for _, l := range f.made {
		_ = f.Remove(ctx, l)
	}
}
