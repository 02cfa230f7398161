package bedrock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// told is an error of a service in words for the caller.
func told(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return "it did not arrive"
}

// download puts an object into a file, whole or not at all. A file that is there is kept.
func download(ctx context.Context, client *s3.Client, bucket, key, to string, most int64) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	f, err := os.CreateTemp(filepath.Dir(to), ".part-")
	if err != nil {
		return fmt.Errorf("cannot keep %s: %w", key, err)
	}
	n, err := io.Copy(f, io.LimitReader(out.Body, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// upload puts a file into an object.
func upload(ctx context.Context, client *s3.Client, from, bucket, key string) error {
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot read output: %w", err)
	}
	defer f.Close()
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}
