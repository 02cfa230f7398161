package conformance

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestObjects takes the calls that programs build on through a real server: ranges, conditions, copies, parts, versions,
// tags and pages.
func TestObjects(t *testing.T) {
	s := harness.Start(t)
	ctx, c := t.Context(), s.Root().S3()
	bucket := aws.String("objects")
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(err error, code string) {
		t.Helper()
		var e smithy.APIError
		if !errors.As(err, &e) || e.ErrorCode() != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	put := func(key, text string) *s3.PutObjectOutput {
		t.Helper()
		out, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader(text),
			ContentType: aws.String("text/plain"), Metadata: map[string]string{"who": "ann"}})
		ok(err)
		return out
	}
	read := func(in *s3.GetObjectInput) string {
		t.Helper()
		in.Bucket = bucket
		out, err := c.GetObject(ctx, in)
		ok(err)
		b, err := io.ReadAll(out.Body)
		ok(err)
		return string(b)
	}
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	ok(err)
	tag := put("a/one", "0123456789").ETag
	head, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("a/one")})
	ok(err)
	if *head.ContentLength != 10 || *head.ContentType != "text/plain" || head.Metadata["who"] != "ann" || *head.ETag != *tag {
		t.Errorf("head %+v", head)
	}
	if got := read(&s3.GetObjectInput{Key: aws.String("a/one"), Range: aws.String("bytes=2-4")}); got != "234" {
		t.Errorf("range %q", got)
	}
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("a/one"), IfMatch: aws.String(`"other"`)})
	refused(err, "PreconditionFailed")
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a/one"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
	refused(err, "PreconditionFailed")
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
	refused(err, "NoSuchKey")
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("b/copy"), CopySource: aws.String("objects/a/one")})
	ok(err)
	if got := read(&s3.GetObjectInput{Key: aws.String("b/copy")}); got != "0123456789" {
		t.Errorf("copy %q", got)
	}

	for _, key := range []string{"l/1", "l/2", "l/3/x", "l/4"} {
		put(key, key)
	}
	var keys, prefixes []string
	pages := 0
	for p := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("l/"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(2)}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(ctx)
		ok(err)
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		for _, o := range page.CommonPrefixes {
			prefixes = append(prefixes, *o.Prefix)
		}
	}
	if strings.Join(keys, " ") != "l/1 l/2 l/4" || strings.Join(prefixes, " ") != "l/3/" || pages < 2 {
		t.Errorf("listed %v %v in %d pages", keys, prefixes, pages)
	}

	_, err = c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: bucket, Key: aws.String("a/one"),
		Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}})
	ok(err)
	tags, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: aws.String("a/one")})
	ok(err)
	if len(tags.TagSet) != 1 || *tags.TagSet[0].Value != "v" {
		t.Errorf("tags %+v", tags.TagSet)
	}

	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("parts")})
	ok(err)
	first, second := bytes.Repeat([]byte("1"), 5<<20), []byte("2")
	var done []types.CompletedPart
	for i, part := range [][]byte{first, second} {
		out, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: aws.String("parts"), UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(part)})
		ok(err)
		done = append(done, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(int32(i + 1))})
	}
	listed, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: aws.String("parts"), UploadId: up.UploadId})
	ok(err)
	if len(listed.Parts) != 2 {
		t.Errorf("parts %+v", listed.Parts)
	}
	_, err = c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: aws.String("parts"), UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
	ok(err)
	if got := read(&s3.GetObjectInput{Key: aws.String("parts")}); len(got) != len(first)+1 || got[len(got)-1] != '2' {
		t.Errorf("%d bytes of parts", len(got))
	}
	gone, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("never")})
	ok(err)
	_, err = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: aws.String("never"), UploadId: gone.UploadId})
	ok(err)
	_, err = c.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: aws.String("never"), UploadId: gone.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	refused(err, "NoSuchUpload")

	_, err = c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	ok(err)
	older := put("v", "old").VersionId
	put("v", "new")
	if got := read(&s3.GetObjectInput{Key: aws.String("v"), VersionId: older}); got != "old" {
		t.Errorf("older version %q", got)
	}
	del, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("v")})
	ok(err)
	if !aws.ToBool(del.DeleteMarker) {
		t.Errorf("deleted %+v", del)
	}
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("v")})
	refused(err, "NoSuchKey")
	versions, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: aws.String("v")})
	ok(err)
	if len(versions.Versions) != 2 || len(versions.DeleteMarkers) != 1 {
		t.Errorf("%d versions, %d markers", len(versions.Versions), len(versions.DeleteMarkers))
	}
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
	refused(err, "BucketNotEmpty")
}
