package glue

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	lakeformationtypes "github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func dataClient(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle, o.Retryer = true, aws.NopRetryer{}
		o.RequestChecksumCalculation, o.ResponseChecksumValidation = aws.RequestChecksumCalculationWhenRequired, aws.ResponseChecksumValidationWhenRequired
	})
}

// files gives what lists the files of a location of a table. They are read with what Lake Formation vends for the table when its
// location is registered there, and with the role's own rights otherwise.
func (q *sources) files(ctx context.Context, t catalog.Table, a governance.Access) (func(location string) func(context.Context) ([]sql.File, error), error) {
	cfg := q.s.Clients(q.role, q.region)
	l, registered, err := q.s.Ledger.LocationOf(ctx, t.Resource().Account(), q.region, t.Location())
	if err != nil {
		return nil, err
	}
	if registered && !(l.Hybrid && a.ByIAM) {
		out, err := lakeformation.NewFromConfig(cfg).GetTemporaryGlueTableCredentials(ctx, &lakeformation.GetTemporaryGlueTableCredentialsInput{
			TableArn: aws.String(t.Resource().ARN(q.region)), Permissions: []lakeformationtypes.Permission{lakeformationtypes.PermissionSelect},
			SupportedPermissionTypes: []lakeformationtypes.PermissionType{lakeformationtypes.PermissionTypeColumnPermission, lakeformationtypes.PermissionTypeCellFilterPermission}})
		if err != nil {
			return nil, fmt.Errorf("cannot get credentials for the data of table %s: %w", *t.Name, err)
		}
		cfg.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(out.AccessKeyId), aws.ToString(out.SecretAccessKey), aws.ToString(out.SessionToken))
	}
	client := dataClient(cfg)
	return func(location string) func(context.Context) ([]sql.File, error) {
		return func(ctx context.Context) ([]sql.File, error) { return listData(ctx, client, location) }
	}, nil
}

// listData finds the files in a location, without those that are hidden by Hive's custom.
func listData(ctx context.Context, client *s3.Client, location string) (out []sql.File, err error) {
	at, ok := governance.PathOf(location)
	if !ok {
		return nil, invalid("%s is not a location in S3.", location)
	}
	bucket, prefix, _ := strings.Cut(at, "/")
	if prefix != "" && strings.HasSuffix(location, "/") {
		prefix += "/"
	}
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", location, err)
		}
		for _, o := range page.Contents {
			key := *o.Key
			within := strings.TrimPrefix(key, strings.TrimSuffix(prefix, "/"))
			if within != "" && prefix != "" && within[0] != '/' || aws.ToInt64(o.Size) == 0 || isHidden(path.Base(key)) {
				continue
			}
			out = append(out, sql.File{Size: *o.Size, Open: func(ctx context.Context) (io.ReadCloser, error) {
				o, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err != nil {
					return nil, fmt.Errorf("cannot read s3://%s/%s: %w", bucket, key, err)
				}
				return o.Body, nil
			}})
		}
	}
	return out, nil
}

func isHidden(name string) bool { return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") }
