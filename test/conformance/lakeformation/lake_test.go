package lakeformation

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const bucket = "conformance-lake"

// lake is a server with a bucket, a governed table on it, its administrator and an analyst who is let ask.
type lake struct {
	*testing.T
	server         *harness.Server
	admin, analyst harness.Caller
}

func client(c harness.Caller) *lakeformation.Client { return lakeformation.NewFromConfig(c.Config()) }

func (l *lake) must(what string, err error) {
	l.Helper()
	if err != nil {
		l.Fatalf("%s: %v", what, err)
	}
}

func (l *lake) refused(what string, err error, codes ...string) {
	l.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || !slices.Contains(codes, e.ErrorCode()) {
		l.Errorf("%s: got %v, want %v", what, err, codes)
	}
}

func open(t *testing.T) *lake {
	t.Helper()
	ctx := t.Context()
	l := &lake{T: t, server: harness.Start(t)}
	l.admin = harness.Must(l.server.Account(ctx, "lake"))(t)
	l.analyst = harness.Must(l.server.User(ctx, l.admin, "analyst",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lakeformation:*","glue:Get*"],"Resource":"*"}]}`))(t)
	_, err := l.admin.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	l.must("bucket", err)
	for _, k := range []string{"sales/orders/day=1/a.csv", "sales/orders/day=2/b.csv", "sales/orders2/secret.csv", "other/c.csv"} {
		_, err := l.admin.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &k, Body: strings.NewReader(k)})
		l.must("object", err)
	}
	_, err = client(l.admin).PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &types.DataLakeSettings{
		DataLakeAdmins: []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &l.admin.ARN}}, AllowFullTableExternalDataAccess: aws.Bool(true)}})
	l.must("settings", err)
	g := glue.NewFromConfig(l.admin.Config())
	_, err = g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("sales")}})
	l.must("database", err)
	column := []gluetypes.Column{{Name: aws.String("order_id"), Type: aws.String("string")}, {Name: aws.String("country"), Type: aws.String("string")}}
	_, err = g.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: &gluetypes.TableInput{Name: aws.String("orders"),
		PartitionKeys:     []gluetypes.Column{{Name: aws.String("day"), Type: aws.String("string")}},
		StorageDescriptor: &gluetypes.StorageDescriptor{Location: aws.String("s3://" + bucket + "/sales/orders/"), Columns: column}}})
	l.must("table", err)
	return l
}

func (l *lake) table() *types.Resource {
	return &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("sales"), Name: aws.String("orders")}}
}

func (l *lake) grant(r *types.Resource, p ...types.Permission) error {
	_, err := client(l.admin).GrantPermissions(l.Context(), &lakeformation.GrantPermissionsInput{Resource: r, Permissions: p,
		Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &l.analyst.ARN}})
	return err
}

func (l *lake) arn() *string {
	return aws.String("arn:aws:glue:" + harness.Region + ":" + l.admin.Account + ":table/sales/orders")
}

func TestGovernedFiles(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	location := aws.String("arn:aws:s3:::" + bucket + "/sales")
	_, err := client(l.admin).RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: location, UseServiceLinkedRole: aws.Bool(true)})
	l.must("register", err)
	_, err = client(l.admin).RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: location, UseServiceLinkedRole: aws.Bool(true)})
	l.refused("again", err, "AlreadyExistsException")
	role := "AWSServiceRoleForLakeFormationDataAccess"
	inline, err := l.admin.IAM().GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: aws.String("LakeFormationDataAccessPolicyForS3")})
	l.must("policy of the service-linked role", err)
	if !strings.Contains(*inline.PolicyDocument, "sales") {
		t.Errorf("the role's policy: %s", *inline.PolicyDocument)
	}

	in := &lakeformation.GetTemporaryGlueTableCredentialsInput{TableArn: l.arn(), DurationSeconds: aws.Int32(900), Permissions: []types.Permission{"SELECT"},
		SupportedPermissionTypes: []types.PermissionType{"COLUMN_PERMISSION"}}
	_, err = client(l.analyst).GetTemporaryGlueTableCredentials(ctx, in)
	l.refused("before anything was granted", err, "AccessDeniedException")
	l.must("grant", l.grant(l.table(), "SELECT"))
	out, err := client(l.analyst).GetTemporaryGlueTableCredentials(ctx, in)
	l.must("credentials", err)
	if left := time.Until(*out.Expiration); left > 15*time.Minute || left < 14*time.Minute {
		t.Errorf("they hold for %v", left)
	}
	files := l.server.Caller(*out.AccessKeyId, *out.SecretAccessKey, *out.SessionToken).S3()
	get := func(key string) error {
		got, err := files.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
		if err != nil {
			return err
		}
		b, err := io.ReadAll(got.Body)
		if string(b) != key {
			t.Errorf("%s has %q", key, b)
		}
		return errors.Join(err, got.Body.Close())
	}
	list := func(prefix string) (int, error) {
		got, err := files.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: &prefix})
		if err != nil {
			return 0, err
		}
		return len(got.Contents), nil
	}
	l.must("get", get("sales/orders/day=1/a.csv"))
	if n, err := list("sales/orders/"); err != nil || n != 2 {
		t.Errorf("listed %d: %v", n, err)
	}
	for _, outside := range []string{"sales/orders2/secret.csv", "other/c.csv"} {
		l.refused("get "+outside, get(outside), "AccessDenied")
	}
	for _, outside := range []string{"", "sales/", "sales/orders", "sales/orders2/", "other/"} {
		_, err := list(outside)
		l.refused("list "+outside, err, "AccessDenied")
	}
	_, err = files.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders/x"), Body: bytes.NewReader(nil)})
	l.refused("put", err, "AccessDenied")

	l.must("grant", l.grant(l.table(), "INSERT"))
	in.Permissions = []types.Permission{"SELECT", "INSERT"}
	if out, err = client(l.analyst).GetTemporaryGlueTableCredentials(ctx, in); err != nil {
		t.Fatal(err)
	}
	files = l.server.Caller(*out.AccessKeyId, *out.SecretAccessKey, *out.SessionToken).S3()
	_, err = files.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders/x"), Body: bytes.NewReader(nil)})
	l.must("put", err)
	_, err = files.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders2/x"), Body: bytes.NewReader(nil)})
	l.refused("put beside", err, "AccessDenied")
}

func TestPartitionAndLocation(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	_, err := client(l.admin).RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::" + bucket + "/sales"),
		UseServiceLinkedRole: aws.Bool(true)})
	l.must("register", err)
	_, err = glue.NewFromConfig(l.admin.Config()).CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"),
		PartitionInput: &gluetypes.PartitionInput{Values: []string{"1"}, StorageDescriptor: &gluetypes.StorageDescriptor{
			Location: aws.String("s3://" + bucket + "/sales/orders/day=1/")}}})
	l.must("partition", err)
	l.must("grant", l.grant(l.table(), "SELECT"))
	out, err := client(l.analyst).GetTemporaryGluePartitionCredentials(ctx, &lakeformation.GetTemporaryGluePartitionCredentialsInput{TableArn: l.arn(),
		Partition: &types.PartitionValueList{Values: []string{"1"}}})
	l.must("credentials", err)
	files := l.server.Caller(*out.AccessKeyId, *out.SecretAccessKey, *out.SessionToken).S3()
	_, err = files.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders/day=1/a.csv")})
	l.must("its file", err)
	_, err = files.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders/day=2/b.csv")})
	l.refused("another's file", err, "AccessDenied")
	_, err = client(l.analyst).GetTemporaryGluePartitionCredentials(ctx, &lakeformation.GetTemporaryGluePartitionCredentialsInput{TableArn: l.arn(),
		Partition: &types.PartitionValueList{Values: []string{"9"}}})
	l.refused("no partition", err, "EntityNotFoundException")
	at, err := client(l.analyst).GetTemporaryDataLocationCredentials(ctx, &lakeformation.GetTemporaryDataLocationCredentialsInput{
		DataLocations: []string{"s3://" + bucket + "/sales/orders/day=2"}})
	l.must("credentials of a location", err)
	files = l.server.Caller(*at.Credentials.AccessKeyId, *at.Credentials.SecretAccessKey, *at.Credentials.SessionToken).S3()
	_, err = files.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders/day=2/b.csv")})
	l.must("its file", err)
	_, err = files.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("sales/orders/day=1/a.csv")})
	l.refused("another's file", err, "AccessDenied")
}

func TestGrantsFiltersAndTags(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	me, err := client(l.analyst).GetDataLakePrincipal(ctx, &lakeformation.GetDataLakePrincipalInput{})
	if err != nil || *me.Identity != l.analyst.ARN {
		t.Errorf("%+v, %v", me, err)
	}
	_, err = client(l.admin).CreateDataCellsFilter(ctx, &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{
		TableCatalogId: &l.admin.Account, DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: aws.String("uk"),
		ColumnWildcard: &types.ColumnWildcard{}, RowFilter: &types.RowFilter{FilterExpression: aws.String("country='UK'")}}})
	l.must("filter", err)
	cells := &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &l.admin.Account, DatabaseName: aws.String("sales"),
		TableName: aws.String("orders"), Name: aws.String("uk")}}
	l.must("grant", l.grant(cells, "SELECT"))
	_, err = client(l.admin).CreateLFTag(ctx, &lakeformation.CreateLFTagInput{TagKey: aws.String("level"), TagValues: []string{"open", "secret"}})
	l.must("tag", err)
	tagged, err := client(l.admin).AddLFTagsToResource(ctx, &lakeformation.AddLFTagsToResourceInput{Resource: l.table(),
		LFTags: []types.LFTagPair{{TagKey: aws.String("level"), TagValues: []string{"open"}}}})
	if err != nil || len(tagged.Failures) != 0 {
		t.Errorf("%+v, %v", tagged, err)
	}
	open := []types.LFTag{{TagKey: aws.String("level"), TagValues: []string{"open"}}}
	l.must("grant", l.grant(&types.Resource{LFTagPolicy: &types.LFTagPolicyResource{ResourceType: types.ResourceTypeTable, Expression: open}}, "DESCRIBE"))
	var kinds []string
	pages := lakeformation.NewListPermissionsPaginator(client(l.admin), &lakeformation.ListPermissionsInput{MaxResults: aws.Int32(1),
		Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &l.analyst.ARN}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		l.must("list", err)
		for _, p := range page.PrincipalResourcePermissions {
			switch {
			case p.Resource.DataCellsFilter != nil:
				kinds = append(kinds, "cells")
			case p.Resource.LFTagPolicy != nil:
				kinds = append(kinds, "tags")
			default:
				kinds = append(kinds, "other")
			}
		}
	}
	if !slices.Equal(kinds, []string{"cells", "tags"}) {
		t.Errorf("the analyst has %v", kinds)
	}
	found, err := client(l.admin).SearchTablesByLFTags(ctx, &lakeformation.SearchTablesByLFTagsInput{Expression: open})
	if err != nil || len(found.TableList) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = client(l.analyst).GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Resource: l.table(), Permissions: []types.Permission{"SELECT"},
		Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &l.analyst.ARN}})
	l.refused("a grant to oneself", err, "AccessDeniedException")
	_, err = client(l.admin).RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{Resource: cells, Permissions: []types.Permission{"SELECT"},
		Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &l.analyst.ARN}})
	l.must("revoke", err)
	_, err = client(l.admin).StartTransaction(ctx, &lakeformation.StartTransactionInput{})
	l.refused("transactions", err, "NotImplementedException")
}
