package sagemaker

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// environment is what a program has of AWS, in a role's name.
func (s *Service) environment(k store.Key, role, group string) container.Environment {
	config := func(ctx context.Context) (aws.Config, error) { return s.as(ctx, k, "", role) }
	client := func(ctx context.Context) (*s3.Client, error) {
		cfg, err := config(ctx)
		return s3.NewFromConfig(cfg, pathStyle), err
	}
	return container.Environment{Region: k.Region, Config: config,
		Credentials: func(ctx context.Context) (aws.Credentials, error) {
			cfg, err := config(ctx)
			if err != nil {
				return aws.Credentials{}, err
			}
			return cfg.Credentials.Retrieve(ctx)
		},
		Open: func(ctx context.Context, uri string) (body io.ReadCloser, kind string, err error) {
			bucket, key, ok := bucketAndKey(uri)
			if !ok {
				return nil, "", fmt.Errorf("%q is no S3 URI", uri)
			}
			err = patiently(ctx, func() error {
				c, err := client(ctx)
				if err != nil {
					return err
				}
				out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err == nil {
					body, kind = out.Body, aws.ToString(out.ContentType)
				}
				return err
			})
			return body, kind, err
		},
		List: func(ctx context.Context, prefix string) (names []string, err error) {
			bucket, key, _ := bucketAndKey(prefix)
			err = patiently(ctx, func() error {
				names = nil
				c, err := client(ctx)
				if err != nil {
					return err
				}
				for pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key}); pages.HasMorePages(); {
					page, err := pages.NextPage(ctx)
					if err != nil {
						return err
					}
					for _, o := range page.Contents {
						names = append(names, strings.TrimPrefix(aws.ToString(o.Key), key))
					}
				}
				return nil
			})
			return names, err
		},
		Put: func(ctx context.Context, uri, contentType string, body io.ReadSeeker) error {
			bucket, key, _ := bucketAndKey(uri)
			return patiently(ctx, func() error {
				c, err := client(ctx)
				if err == nil {
					_, err = body.Seek(0, io.SeekStart)
				}
				if err != nil {
					return err
				}
				_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body, ContentType: &contentType})
				return err
			})
		},
		Log: func(variant, instance, container, line string) {
			s.log(k, role, group, variant, instance, container, line)
		},
	}
}

// attempts are how often something is asked of S3.
const attempts = 6

// patiently makes a call again when that may mend it: S3 begins and stops with the server. The last error is the error.
func patiently(ctx context.Context, call func() error) error {
	for n, wait := 1, 50*time.Millisecond; ; n, wait = n+1, 3*wait {
		err := call()
		if err == nil || n == attempts || delivery.Final(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}
