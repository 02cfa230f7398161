// Package objects keeps buckets and objects as local files: versitygw's file backend, with the documents of a bucket
// (policy, CORS, lifecycle and the like) in files of their own.
//
// An object is written to an unnamed or temporary file together with its attributes, and linked under its name in one
// step. So an acknowledged object survives the death of the process, and half an object is never visible. The data is
// left to the kernel to flush: after a loss of power the writes of the last seconds (as the file system's commit
// interval has it) may be missing, although they were acknowledged.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
)

// maxCopy is the largest object that one request copies, in bytes. Source:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
const maxCopy = 5 << 30

// MaxDocument is the largest document of a bucket, in bytes.
const MaxDocument = 256 << 10

// The file backend names buckets relative to the process's working directory, so there can be only one at a time.
var open sync.Mutex

// Backend is the file backend.
type Backend struct {
	*posix.Posix
	documents string
	close     sync.Once
}

// Open opens or creates the objects under dir. It changes the process's working directory; a second Backend can be
// opened only after the first is shut down. The file system must have user extended attributes.
func Open(dir string) (*Backend, error) {
	if !open.TryLock() {
		return nil, errors.New("cannot open objects: this process has them open already")
	}
	b, err := create(dir)
	if err != nil {
		open.Unlock()
		return nil, fmt.Errorf("cannot open objects in %s: %w", dir, err)
	}
	return b, nil
}

func create(dir string) (*Backend, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	buckets, versions := filepath.Join(dir, "buckets"), filepath.Join(dir, "versions")
	documents := filepath.Join(dir, "documents")
	for _, d := range []string{buckets, versions, documents} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	attributes := meta.XattrMeta{}
	if err := attributes.Test(buckets); err != nil {
		return nil, err
	}
	p, err := quietly(func() (*posix.Posix, error) {
		return posix.New(buckets, attributes, posix.PosixOpts{VersioningDir: versions, ValidateBucketNames: true,
			CopyObjectThreshold: maxCopy})
	})
	if err != nil {
		return nil, err
	}
	return &Backend{Posix: p, documents: documents}, nil
}

// Shutdown closes the backend.
func (b *Backend) Shutdown() {
	b.close.Do(func() {
		b.Posix.Shutdown()
		open.Unlock()
	})
}

func (b *Backend) path(bucket, name string) (string, error) {
	if !filepath.IsLocal(bucket) || filepath.Base(bucket) != bucket || bucket == "." {
		return "", s3err.GetBucketErr(s3err.ErrInvalidBucketName, bucket)
	}
	return filepath.Join(b.documents, bucket, name), nil
}

// Document reads a document of a bucket, or returns fs.ErrNotExist.
func (b *Backend) Document(bucket, name string) ([]byte, error) {
	path, err := b.path(bucket, name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// PutDocument writes a document of a bucket; it is on disk when PutDocument returns.
func (b *Backend) PutDocument(bucket, name string, data []byte) error {
	path, err := b.path(bucket, name)
	if err != nil {
		return err
	}
	if len(data) > MaxDocument {
		return s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// DeleteDocument removes a document of a bucket; it is no error when there is none.
func (b *Backend) DeleteDocument(bucket, name string) error {
	path, err := b.path(bucket, name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// DeleteBucket removes an empty bucket with its documents.
func (b *Backend) DeleteBucket(ctx context.Context, bucket string) error {
	path, err := b.path(bucket, "")
	if err != nil {
		return err
	}
	if err := b.Posix.DeleteBucket(ctx, bucket); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// document reads a document as the backend's interface wants it. Extended attributes would hold no more than 4 KiB on
// ext4, less than a bucket policy or a CORS configuration may have.
func (b *Backend) document(bucket, name string, missing s3err.ErrorCode) ([]byte, error) {
	data, err := b.Document(bucket, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s3err.GetBucketErr(missing, bucket)
	}
	return data, err
}

// PutBucketPolicy stores the bucket's policy; nil removes it.
func (b *Backend) PutBucketPolicy(_ context.Context, bucket string, policy []byte) error {
	if policy == nil {
		return b.DeleteDocument(bucket, "policy")
	}
	return b.PutDocument(bucket, "policy", policy)
}

// GetBucketPolicy reads the bucket's policy.
func (b *Backend) GetBucketPolicy(_ context.Context, bucket string) ([]byte, error) {
	return b.document(bucket, "policy", s3err.ErrNoSuchBucketPolicy)
}

// DeleteBucketPolicy removes the bucket's policy.
func (b *Backend) DeleteBucketPolicy(_ context.Context, bucket string) error {
	return b.DeleteDocument(bucket, "policy")
}

// PutBucketCors stores the bucket's CORS configuration; nil removes it.
func (b *Backend) PutBucketCors(_ context.Context, bucket string, cors []byte) error {
	if cors == nil {
		return b.DeleteDocument(bucket, "cors")
	}
	return b.PutDocument(bucket, "cors", cors)
}

// GetBucketCors reads the bucket's CORS configuration.
func (b *Backend) GetBucketCors(_ context.Context, bucket string) ([]byte, error) {
	return b.document(bucket, "cors", s3err.ErrNoSuchCORSConfiguration)
}

// DeleteBucketCors removes the bucket's CORS configuration.
func (b *Backend) DeleteBucketCors(_ context.Context, bucket string) error {
	return b.DeleteDocument(bucket, "cors")
}

// quietly keeps what the backend prints when it opens away from standard output, where programs read our own line.
func quietly[T any](f func() (T, error)) (T, error) {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = stdout }()
	return f()
}
