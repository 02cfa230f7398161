package glue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

func dataClient(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle, o.Retryer = true, aws.NopRetryer{}
		o.RequestChecksumCalculation, o.ResponseChecksumValidation = aws.RequestChecksumCalculationWhenRequired, aws.ResponseChecksumValidationWhenRequired
	})
}

// reader is who reads the files at a location: the role that the location was registered with, or the run's own.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
func (q *sources) reader(ctx context.Context, t catalog.Table, a governance.Access, location string) (authz.Principal, error) {
	path, ok := governance.PathOf(location)
	if !ok {
		return q.role, invalid("%s is not a location in S3.", location)
	}
	l, ok, err := q.s.Ledger.LocationOf(ctx, t.Resource().Account(), q.region, path)
	if err != nil || !ok || l.Hybrid && a.ByIAM || l.Role == "" {
		return q.role, err
	}
	if err := q.may(ctx, "lakeformation:GetDataAccess", wire.Target{Resource: "*", Account: q.role.Account}); err != nil {
		return q.role, err
	}
	p, err := q.s.Directory.ServiceSession(ctx, lakeFormation, l.Role, "AWSLF-00-GL-"+q.role.Account+"-"+identity.RandomID(10))
	if errors.Is(err, identity.ErrNotTrusted) {
		err = invalid("Lake Formation cannot assume the role that the location of table %s was registered with.", *t.Name)
	}
	return p, err
}

// lister lists the files at a location, when it is called.
func (q *sources) lister(t catalog.Table, a governance.Access, location string) func(context.Context) ([]sql.File, error) {
	return func(ctx context.Context) ([]sql.File, error) {
		as, err := q.reader(ctx, t, a, location)
		if err != nil {
			return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "%s", said(err))
		}
		list, err := listData(ctx, dataClient(q.s.Clients(as, q.region)), location)
		var e smithy.APIError
		if errors.As(err, &e) {
			return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "The data of table %s cannot be read: %s", *t.Name, e.ErrorCode())
		}
		return list, err
	}
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
			out = append(out, sql.File{Path: key, Size: *o.Size, Open: func(ctx context.Context) (io.ReadCloser, error) {
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
