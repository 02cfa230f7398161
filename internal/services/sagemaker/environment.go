package sagemaker

import (
	"context"
	"fmt"
	"io"
	"strings"

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
		Open: func(ctx context.Context, uri string) (io.ReadCloser, string, error) {
			c, err := client(ctx)
			bucket, key, ok := bucketAndKey(uri)
			if err == nil && !ok {
				err = fmt.Errorf("%q is no S3 URI", uri)
			}
			if err != nil {
				return nil, "", err
			}
			out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				return nil, "", err
			}
			return out.Body, aws.ToString(out.ContentType), nil
		},
		List: func(ctx context.Context, prefix string) (names []string, err error) {
			c, err := client(ctx)
			if err != nil {
				return nil, err
			}
			bucket, key, _ := bucketAndKey(prefix)
			for pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key}); pages.HasMorePages(); {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				for _, o := range page.Contents {
					names = append(names, strings.TrimPrefix(aws.ToString(o.Key), key))
				}
			}
			return names, nil
		},
		Put: func(ctx context.Context, uri, contentType string, body io.ReadSeeker) error {
			c, err := client(ctx)
			if err != nil {
				return err
			}
			bucket, key, _ := bucketAndKey(uri)
			_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body, ContentType: &contentType})
			return err
		},
		Log: func(variant, instance, container, line string) {
			s.log(k, role, group, variant, instance, container, line)
		},
	}
}
