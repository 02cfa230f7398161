package lakeformation

import (
	"context"
	"errors"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/smithy-go"
)

// asked is a call for the files of a table, checked.
type asked struct {
	governance.Resource
	permissions governance.Permissions
	access      governance.Access
	path        string // of the table's data
}

// askedTable checks who asks for the files of a table. To those who may see nothing it says the same of a table that isn't
// there.
func (s *Service) askedTable(ctx context.Context, arn *string, list []types.Permission, supports []types.PermissionType) (a asked, err error) {
	if a.Resource, err = tableARN(ctx, aws.ToString(arn)); err != nil {
		return a, err
	}
	if a.permissions, err = wanted(list); err != nil {
		return a, err
	}
	if a.access, err = s.mayHave(ctx, a.Resource, a.permissions&(governance.Select|governance.Insert|governance.Delete), supports); err != nil {
		return a, err
	}
	var t catalog.Table
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.table(tx, wire.CallOf(ctx).Region, a.Resource)
		return err
	})
	if err != nil {
		return a, err
	}
	if t.StorageDescriptor == nil || aws.ToString(t.StorageDescriptor.Location) == "" {
		return a, invalid("The table %s has no location.", a.Table)
	}
	a.path, err = locationPath(*t.StorageDescriptor.Location)
	return a, err
}

func tableTargets(ctx context.Context, arn *string) ([]wire.Target, error) {
	r, err := tableARN(ctx, aws.ToString(arn))
	if err != nil {
		return []wire.Target{{Resource: "*"}}, nil // the handler says what is wrong
	}
	return touching(ctx, r), nil
}

func (s *Service) tableCredentialsTargets(ctx context.Context, in *lakeformation.GetTemporaryGlueTableCredentialsInput) ([]wire.Target, error) {
	return tableTargets(ctx, in.TableArn)
}

// GetTemporaryGlueTableCredentials gives credentials for the files of a table, for a time.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GetTemporaryGlueTableCredentials.html
func (s *Service) GetTemporaryGlueTableCredentials(ctx context.Context, in *lakeformation.GetTemporaryGlueTableCredentialsInput) (*lakeformation.GetTemporaryGlueTableCredentialsOutput, error) {
	a, err := s.askedTable(ctx, in.TableArn, in.Permissions, in.SupportedPermissionTypes)
	if err != nil {
		return nil, err
	}
	path := a.path
	if p := aws.ToString(in.S3Path); p != "" {
		if path, err = locationPath(p); err != nil {
			return nil, err
		}
		if !governance.Within(path, a.path) {
			return nil, denied("The path %s is not in the location of the table.", p)
		}
	}
	l, err := s.governed(ctx, a.Account(), path, a.access.ByIAM)
	if err != nil {
		return nil, err
	}
	c, err := s.vend(ctx, l.Role, []string{path}, rightsOf(a.permissions), in.DurationSeconds)
	return done(&lakeformation.GetTemporaryGlueTableCredentialsOutput{AccessKeyId: &c.AccessKeyID, SecretAccessKey: &c.SecretAccessKey,
		SessionToken: &c.SessionToken, Expiration: &c.Expires, VendedS3Path: []string{"s3://" + path + "/"}}, err)
}

func (s *Service) partitionCredentialsTargets(ctx context.Context, in *lakeformation.GetTemporaryGluePartitionCredentialsInput) ([]wire.Target, error) {
	return tableTargets(ctx, in.TableArn)
}

// GetTemporaryGluePartitionCredentials gives credentials for the files of one partition, for a time.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GetTemporaryGluePartitionCredentials.html
func (s *Service) GetTemporaryGluePartitionCredentials(ctx context.Context, in *lakeformation.GetTemporaryGluePartitionCredentialsInput) (*lakeformation.GetTemporaryGluePartitionCredentialsOutput, error) {
	a, err := s.askedTable(ctx, in.TableArn, in.Permissions, in.SupportedPermissionTypes)
	if err != nil {
		return nil, err
	}
	path, err := s.partition(ctx, a, in.Partition.Values)
	if err != nil {
		return nil, err
	}
	l, err := s.governed(ctx, a.Account(), path, a.access.ByIAM)
	if err != nil {
		return nil, err
	}
	c, err := s.vend(ctx, l.Role, []string{path}, rightsOf(a.permissions), in.DurationSeconds)
	return done(&lakeformation.GetTemporaryGluePartitionCredentialsOutput{AccessKeyId: &c.AccessKeyID, SecretAccessKey: &c.SecretAccessKey,
		SessionToken: &c.SessionToken, Expiration: &c.Expires}, err)
}

// partition asks Glue, as the caller, where the files of a partition are.
func (s *Service) partition(ctx context.Context, a asked, values []string) (string, error) {
	call := wire.CallOf(ctx)
	out, err := glue.NewFromConfig(s.Clients(call.Principal, call.Region)).GetPartition(ctx, &glue.GetPartitionInput{CatalogId: &a.Catalog,
		DatabaseName: &a.Database, TableName: &a.Table, PartitionValues: values})
	var refused smithy.APIError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() == "EntityNotFoundException":
		return "", notFound("Partition not found.")
	case errors.As(err, &refused) && refused.ErrorCode() == "AccessDeniedException":
		return "", denied("%s", refused.ErrorMessage())
	case err != nil:
		return "", err
	}
	if out.Partition.StorageDescriptor == nil || aws.ToString(out.Partition.StorageDescriptor.Location) == "" {
		return "", invalid("The partition has no location.")
	}
	return locationPath(*out.Partition.StorageDescriptor.Location)
}

// GetTemporaryDataLocationCredentials gives credentials for locations that the caller may have as the data of tables.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_GetTemporaryDataLocationCredentials.html
func (s *Service) GetTemporaryDataLocationCredentials(ctx context.Context, in *lakeformation.GetTemporaryDataLocationCredentialsInput) (*lakeformation.GetTemporaryDataLocationCredentialsOutput, error) {
	if len(in.DataLocations) == 0 {
		return nil, invalid("A location has to be given.")
	}
	p, scope := governance.Select, types.CredentialsScopeRead
	if in.CredentialsScope == types.CredentialsScopeReadwrite {
		p, scope = governance.Select|governance.Insert|governance.Delete, types.CredentialsScopeReadwrite
	}
	var paths []string
	role := ""
	for _, location := range in.DataLocations {
		path, err := locationPath(location)
		if err != nil {
			return nil, err
		}
		l, err := s.locationFor(ctx, path, p)
		if err != nil {
			return nil, err
		}
		if role != "" && l.Role != role {
			return nil, invalid("The locations are registered with different roles.")
		}
		role = l.Role
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	c, err := s.vend(ctx, role, paths, rightsOf(p), in.DurationSeconds)
	if err != nil {
		return nil, err
	}
	return &lakeformation.GetTemporaryDataLocationCredentialsOutput{AccessibleDataLocations: in.DataLocations, CredentialsScope: scope,
		Credentials: &types.TemporaryCredentials{AccessKeyId: &c.AccessKeyID, SecretAccessKey: &c.SecretAccessKey, SessionToken: &c.SessionToken,
			Expiration: &c.Expires}}, nil
}

// locationFor finds a table whose data is at the path or above it and whose files the caller may have.
func (s *Service) locationFor(ctx context.Context, path string, p governance.Permissions) (governance.Registered, error) {
	region := wire.CallOf(ctx).Region
	refused := denied("Insufficient Lake Formation permission(s): Required Data Location Access on arn:aws:s3:::%s", path)
	for at := path; at != ""; at = parent(at) {
		tables, err := s.at(ctx, store.Range{AllAccounts: true, Region: region}, at)
		if err != nil {
			return governance.Registered{}, err
		}
		for _, r := range tables {
			if r.Kind != governance.Table {
				continue
			}
			a, err := s.mayHave(ctx, r, p, nil)
			var e smithy.APIError
			if errors.As(err, &e) {
				continue
			}
			if err != nil {
				return governance.Registered{}, err
			}
			return s.governed(ctx, r.Account(), path, a.ByIAM)
		}
	}
	return governance.Registered{}, refused
}
