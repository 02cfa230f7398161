package glue

import (
	"errors"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// client is an administrator of Glue who fails the test with the call that fails.
type client struct {
	*glue.Client
	t       *testing.T
	account string
}

func start(t *testing.T) *client {
	t.Helper()
	s := harness.Start(t)
	admin := harness.Must(s.Admin(t.Context()))(t)
	return &client{Client: glue.NewFromConfig(admin.Config()), t: t, account: admin.Account}
}

// did gives what a call answers.
func did[O any](out O, err error) func(t testing.TB) O {
	return func(t testing.TB) O {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func (c *client) fails(err error, code string) {
	c.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		c.t.Errorf("%v, want %s", err, code)
	}
}

func table(name string, columns ...string) *types.TableInput {
	in := &types.TableInput{Name: &name, StorageDescriptor: &types.StorageDescriptor{Location: aws.String("s3://lake/" + name)}}
	for _, c := range columns {
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, types.Column{Name: aws.String(c), Type: aws.String("string")})
	}
	return in
}

func TestDatabasesAndTables(t *testing.T) {
	c, ctx := start(t), t.Context()
	db := aws.String("sales")
	did(c.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("Sales"), Description: aws.String("d")}}))(t)
	_, err := c.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: db}})
	c.fails(err, "AlreadyExistsException")
	did(c.UpdateDatabase(ctx, &glue.UpdateDatabaseInput{Name: db, DatabaseInput: &types.DatabaseInput{Name: db, Description: aws.String("e")}}))(t)
	if got := did(c.GetDatabase(ctx, &glue.GetDatabaseInput{Name: db}))(t).Database; *got.Description != "e" || *got.Name != "sales" || *got.CatalogId != c.account || got.CreateTime == nil {
		t.Errorf("%+v", got)
	}
	if list := did(c.GetDatabases(ctx, &glue.GetDatabasesInput{}))(t).DatabaseList; len(list) != 1 {
		t.Errorf("%+v", list)
	}
	for _, name := range []string{"orders", "returns", "lines"} {
		did(c.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: db, TableInput: table(name, "id")}))(t)
	}
	did(c.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: db, TableInput: table("orders", "id", "country"), VersionId: aws.String("0")}))(t)
	_, err = c.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: db, TableInput: table("orders"), VersionId: aws.String("0")})
	c.fails(err, "ConcurrentModificationException")
	if got := did(c.GetTable(ctx, &glue.GetTableInput{DatabaseName: db, Name: aws.String("orders")}))(t).Table; len(got.StorageDescriptor.Columns) != 2 || *got.VersionId != "1" {
		t.Errorf("%+v", got)
	}
	if list := did(c.GetTables(ctx, &glue.GetTablesInput{DatabaseName: db, Expression: aws.String("*r*")}))(t).TableList; len(list) != 2 {
		t.Errorf("%+v", list)
	}
	if list := did(c.SearchTables(ctx, &glue.SearchTablesInput{SearchText: aws.String("country")}))(t).TableList; len(list) != 1 || *list[0].Name != "orders" {
		t.Errorf("%+v", list)
	}
	orders := aws.String("orders")
	if list := did(c.GetTableVersions(ctx, &glue.GetTableVersionsInput{DatabaseName: db, TableName: orders}))(t).TableVersions; len(list) != 2 || *list[0].VersionId != "1" {
		t.Errorf("%+v", list)
	}
	if v := did(c.GetTableVersion(ctx, &glue.GetTableVersionInput{DatabaseName: db, TableName: orders, VersionId: aws.String("0")}))(t).TableVersion; len(v.Table.StorageDescriptor.Columns) != 1 {
		t.Errorf("%+v", v)
	}
	did(c.DeleteTableVersion(ctx, &glue.DeleteTableVersionInput{DatabaseName: db, TableName: orders, VersionId: aws.String("0")}))(t)
	if list := did(c.BatchDeleteTableVersion(ctx, &glue.BatchDeleteTableVersionInput{DatabaseName: db, TableName: orders, VersionIds: []string{"0"}}))(t).Errors; len(list) != 1 {
		t.Errorf("%+v", list)
	}
	_, err = c.GetUnfilteredTableMetadata(ctx, &glue.GetUnfilteredTableMetadataInput{CatalogId: &c.account, DatabaseName: db, Name: orders,
		SupportedPermissionTypes: []types.PermissionType{types.PermissionTypeColumnPermission}})
	c.fails(err, "AccessDeniedException") // nobody's engine
	did(c.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: db, Name: orders}))(t)
	_, err = c.GetTable(ctx, &glue.GetTableInput{DatabaseName: db, Name: orders})
	c.fails(err, "EntityNotFoundException")
	if list := did(c.BatchDeleteTable(ctx, &glue.BatchDeleteTableInput{DatabaseName: db, TablesToDelete: []string{"returns", "orders"}}))(t).Errors; len(list) != 1 {
		t.Errorf("%+v", list)
	}
	did(c.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: db}))(t)
	_, err = c.GetDatabase(ctx, &glue.GetDatabaseInput{Name: db})
	c.fails(err, "EntityNotFoundException")
}

func TestCatalogsPoliciesTagsAndConnections(t *testing.T) {
	c, ctx := start(t), t.Context()
	id := aws.String(c.account + ":lake")
	did(c.CreateCatalog(ctx, &glue.CreateCatalogInput{Name: aws.String("lake"), CatalogInput: &types.CatalogInput{}}))(t)
	did(c.UpdateCatalog(ctx, &glue.UpdateCatalogInput{CatalogId: id, CatalogInput: &types.CatalogInput{Description: aws.String("x")}}))(t)
	name := did(c.GetCatalog(ctx, &glue.GetCatalogInput{CatalogId: id}))(t).Catalog.ResourceArn
	if list := did(c.GetCatalogs(ctx, &glue.GetCatalogsInput{Recursive: true}))(t).CatalogList; len(list) != 1 || *list[0].CatalogId != *id {
		t.Errorf("%+v", list)
	}
	did(c.TagResource(ctx, &glue.TagResourceInput{ResourceArn: name, TagsToAdd: map[string]string{"a": "b", "c": "d"}}))(t)
	did(c.UntagResource(ctx, &glue.UntagResourceInput{ResourceArn: name, TagsToRemove: []string{"a"}}))(t)
	if tags := did(c.GetTags(ctx, &glue.GetTagsInput{ResourceArn: name}))(t).Tags; len(tags) != 1 || tags["c"] != "d" {
		t.Errorf("%v", tags)
	}
	did(c.DeleteCatalog(ctx, &glue.DeleteCatalogInput{CatalogId: id}))(t)

	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"glue:GetTable","Resource":"arn:aws:glue:us-east-1:` + c.account + `:*"}]}`
	hash := did(c.PutResourcePolicy(ctx, &glue.PutResourcePolicyInput{PolicyInJson: &policy}))(t).PolicyHash
	if got := did(c.GetResourcePolicy(ctx, &glue.GetResourcePolicyInput{}))(t); *got.PolicyInJson != policy || *got.PolicyHash != *hash {
		t.Errorf("%+v", got)
	}
	if list := did(c.GetResourcePolicies(ctx, &glue.GetResourcePoliciesInput{}))(t).GetResourcePoliciesResponseList; len(list) != 1 {
		t.Errorf("%+v", list)
	}
	did(c.DeleteResourcePolicy(ctx, &glue.DeleteResourcePolicyInput{PolicyHashCondition: hash}))(t)
	_, err := c.GetResourcePolicy(ctx, &glue.GetResourcePolicyInput{})
	c.fails(err, "EntityNotFoundException")

	in := &types.ConnectionInput{Name: aws.String("pg"), ConnectionType: types.ConnectionTypeJdbc, ConnectionProperties: map[string]string{"USERNAME": "u", "PASSWORD": "p"}}
	did(c.CreateConnection(ctx, &glue.CreateConnectionInput{ConnectionInput: in}))(t)
	did(c.UpdateConnection(ctx, &glue.UpdateConnectionInput{Name: in.Name, ConnectionInput: in}))(t)
	if got := did(c.GetConnection(ctx, &glue.GetConnectionInput{Name: in.Name}))(t).Connection; got.ConnectionProperties["PASSWORD"] != "p" {
		t.Errorf("%+v", got)
	}
	if list := did(c.GetConnections(ctx, &glue.GetConnectionsInput{HidePassword: true}))(t).ConnectionList; len(list) != 1 || list[0].ConnectionProperties["PASSWORD"] != "" {
		t.Errorf("%+v", list)
	}
	did(c.BatchDeleteConnection(ctx, &glue.BatchDeleteConnectionInput{ConnectionNameList: []string{"pg"}}))(t)
	_, err = c.DeleteConnection(ctx, &glue.DeleteConnectionInput{ConnectionName: in.Name})
	c.fails(err, "EntityNotFoundException")

	settings := &types.DataCatalogEncryptionSettings{EncryptionAtRest: &types.EncryptionAtRest{CatalogEncryptionMode: types.CatalogEncryptionModeSsekms, SseAwsKmsKeyId: aws.String("alias/x")}}
	did(c.PutDataCatalogEncryptionSettings(ctx, &glue.PutDataCatalogEncryptionSettingsInput{DataCatalogEncryptionSettings: settings}))(t)
	if got := did(c.GetDataCatalogEncryptionSettings(ctx, &glue.GetDataCatalogEncryptionSettingsInput{}))(t).DataCatalogEncryptionSettings; got.EncryptionAtRest.CatalogEncryptionMode != types.CatalogEncryptionModeSsekms {
		t.Errorf("%+v", got)
	}
	if !did(c.GetCatalogImportStatus(ctx, &glue.GetCatalogImportStatusInput{}))(t).ImportStatus.ImportCompleted {
		t.Error("something waits for an import")
	}
}
