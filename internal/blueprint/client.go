package blueprint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/sdkhttp"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Client is what the workflow calls.
type Client struct {
	Config aws.Config
	stacks *cloudformation.Client
	files  *s3.Client
}

// NewClient makes one of a configuration of the SDK.
func NewClient(cfg aws.Config) *Client {
	cfg.HTTPClient = &http.Client{Transport: sdkhttp.Plain(http.DefaultTransport), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Client{cfg, cloudformation.NewFromConfig(cfg), s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil // names below another endpoint lead nowhere in most networks
	})}
}

// assets is the bucket of what stacks are made from: the functions' code and sample models. It is made at the first deployment.
func (c *Client) assets(ctx context.Context) (string, error) {
	who, err := sts.NewFromConfig(c.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("cannot tell whose account this is: %w", err)
	}
	name := "atelier-blueprints-" + *who.Account + "-" + c.Config.Region
	if _, err := c.files.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name}); err == nil {
		return name, nil
	}
	in := &s3.CreateBucketInput{Bucket: &name}
	if c.Config.Region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(c.Config.Region)}
	}
	var owned *types.BucketAlreadyOwnedByYou
	if _, err := c.files.CreateBucket(ctx, in); err != nil && !errors.As(err, &owned) {
		return "", fmt.Errorf("cannot make the bucket %s: %w", name, err)
	}
	return name, nil
}

// bring puts content into the assets under a name with its checksum, unless it is there.
func (c *Client) bring(ctx context.Context, bucket, folder, file string, content []byte) (key string, err error) {
	sum := sha256.Sum256(content)
	key = folder + "/" + hex.EncodeToString(sum[:8]) + "/" + file
	if _, err := c.files.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err == nil {
		return key, nil
	}
	return key, c.put(ctx, bucket, key, "", content)
}

func (c *Client) put(ctx context.Context, bucket, key, contentType string, content []byte) error {
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)}
	if contentType != "" {
		in.ContentType = &contentType
	}
	if _, err := c.files.PutObject(ctx, in); err != nil {
		return fmt.Errorf("cannot write s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

func (c *Client) get(ctx context.Context, uri string) ([]byte, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	out, err := c.files.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", uri, err)
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// Empty deletes every version of every object of a bucket. It does nothing when the bucket is gone.
func (c *Client) Empty(ctx context.Context, bucket string) (n int, err error) {
	for p := s3.NewListObjectVersionsPaginator(c.files, &s3.ListObjectVersionsInput{Bucket: &bucket}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket" {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("cannot list %s: %w", bucket, err)
		}
		var all []types.ObjectIdentifier
		for _, v := range page.Versions {
			all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(all) == 0 {
			continue
		}
		out, err := c.files.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: all, Quiet: aws.Bool(true)}})
		if err != nil {
			return n, fmt.Errorf("cannot empty %s: %w", bucket, err)
		}
		if len(out.Errors) > 0 {
			return n, fmt.Errorf("cannot delete %s of %s: %s", aws.ToString(out.Errors[0].Key), bucket, aws.ToString(out.Errors[0].Message))
		}
		n += len(all)
	}
	return n, nil
}
