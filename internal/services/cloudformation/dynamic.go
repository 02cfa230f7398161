package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// readParameter reads a parameter of Systems Manager in the caller's name.
func readParameter(ctx context.Context, config aws.Config, name string, secret bool) (string, error) {
	out, err := ssm.NewFromConfig(config).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: &secret})
	var none *ssmtypes.ParameterNotFound
	switch {
	case errors.As(err, &none):
		return "", &template.Error{Message: fmt.Sprintf("Unable to fetch parameters [%s] from parameter store for this account.", name)}
	case err != nil:
		return "", err
	case out.Parameter.Type == ssmtypes.ParameterTypeSecureString && !secret:
		return "", &template.Error{Message: fmt.Sprintf("Parameters [%s] referenced by template have types not supported by CloudFormation.", name)}
	}
	return aws.ToString(out.Parameter.Value), nil
}

// dynamic reads what a dynamic reference names.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
func dynamic(ctx context.Context, config aws.Config, d template.Dynamic) (string, error) {
	switch d.Service {
	case "ssm":
		return readParameter(ctx, config, d.Reference, false)
	case "ssm-secure":
		return readParameter(ctx, config, d.Reference, true)
	}
	return "", &template.Error{Message: "dynamic references to " + d.Service + " are not implemented by Atelier"}
}

// include reads what the AWS::Include transform names.
func (s *Service) include(ctx context.Context, config aws.Config, location string) ([]byte, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	if !ok || !strings.HasPrefix(location, "s3://") {
		return nil, &template.Error{Message: "The location parameter is not a valid S3 uri."}
	}
	return object3(ctx, config, bucket, key, nil)
}

// object3 reads an object that is no longer than a template may be.
func object3(ctx context.Context, config aws.Config, bucket, key string, version *string) ([]byte, error) {
	out, err := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: version})
	if err != nil {
		return nil, invalid("S3 error: %s\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", messageOf(err))
	}
	defer out.Body.Close()
	b, err := io.ReadAll(io.LimitReader(out.Body, template.MaxFromS3+1))
	if err == nil && len(b) > template.MaxFromS3 {
		err = invalid("Template body exceeds the limit of %d bytes", template.MaxFromS3)
	}
	return b, err
}

// templateURL reads a template of our S3 in the caller's name. The host may be of any form: the bucket is its first label or the path's first part.
func (s *Service) templateURL(ctx context.Context, config aws.Config, address string) (string, error) {
	u, err := url.Parse(address)
	bad := invalid("TemplateURL must be a supported URL.")
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "s3" {
		return "", bad
	}
	path := strings.TrimPrefix(u.Path, "/")
	bucket, key := "", path
	if label, rest, ok := strings.Cut(u.Hostname(), ".s3"); ok && label != "" && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "-")) {
		bucket = label
	} else if u.Scheme == "s3" {
		bucket = u.Host
	} else if bucket, key, ok = strings.Cut(path, "/"); !ok {
		return "", bad
	}
	if bucket == "" || key == "" {
		return "", bad
	}
	var version *string
	if v := u.Query().Get("versionId"); v != "" {
		version = &v
	}
	b, err := object3(ctx, config, bucket, key, version)
	return string(b), err
}
