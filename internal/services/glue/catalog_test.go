package glue_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestCatalogs(t *testing.T) {
	f, ctx := open(t), t.Context()
	_, err := f.CreateCatalog(ctx, &glue.CreateCatalogInput{Name: aws.String("Lake"), CatalogInput: &types.CatalogInput{Description: aws.String("one")}, Tags: map[string]string{"a": "b"}})
	f.ok(err)
	_, err = f.CreateCatalog(ctx, &glue.CreateCatalogInput{Name: aws.String("lake"), CatalogInput: &types.CatalogInput{}})
	f.fails("twice", err, "AlreadyExistsException", "lake")
	_, err = f.CreateCatalog(ctx, &glue.CreateCatalogInput{Name: aws.String("fed"), CatalogInput: &types.CatalogInput{FederatedCatalog: &types.FederatedCatalog{}}})
	f.fails("federated", err, "InvalidInputException", "FederatedCatalog is not supported")
	id := f.account + ":lake"
	c, err := f.GetCatalog(ctx, &glue.GetCatalogInput{CatalogId: &id})
	f.ok(err)
	if *c.Catalog.CatalogId != id || *c.Catalog.ResourceArn != "arn:aws:glue:us-east-1:"+f.account+":catalog/lake" || *c.Catalog.Description != "one" {
		t.Errorf("%+v", c.Catalog)
	}
	if c, err = f.GetCatalog(ctx, &glue.GetCatalogInput{CatalogId: &f.account}); err != nil || *c.Catalog.ResourceArn != "arn:aws:glue:us-east-1:"+f.account+":catalog" {
		t.Error(c, err)
	}
	list := func(in glue.GetCatalogsInput) string {
		out, err := f.GetCatalogs(ctx, &in)
		f.ok(err)
		return strings.ReplaceAll(names(out.CatalogList, func(c types.Catalog) *string { return c.CatalogId }), f.account, "own")
	}
	if got := list(glue.GetCatalogsInput{Recursive: true, HasDatabases: aws.Bool(true)}); got != "own:lake" {
		t.Error(got)
	}
	if got := list(glue.GetCatalogsInput{IncludeRoot: aws.Bool(true)}); got != "own own:lake" {
		t.Error(got)
	}
	for _, in := range []*string{nil, &id, aws.String("LAKE")} {
		_, err = f.CreateDatabase(ctx, &glue.CreateDatabaseInput{CatalogId: in, DatabaseInput: &types.DatabaseInput{Name: aws.String("db")}})
		if in != nil && *in == "LAKE" {
			f.fails("the same catalog", err, "AlreadyExistsException", "")
			continue
		}
		f.ok(err)
	}
	_, err = f.CreateDatabase(ctx, &glue.CreateDatabaseInput{CatalogId: aws.String("none"), DatabaseInput: &types.DatabaseInput{Name: aws.String("db")}})
	f.fails("no catalog", err, "EntityNotFoundException", "Catalog")
	_, err = f.CreateTable(ctx, &glue.CreateTableInput{CatalogId: &id, DatabaseName: aws.String("db"), TableInput: input("t", "a")})
	f.ok(err)
	if got := f.search(f.Client, glue.SearchTablesInput{CatalogId: &id}); got != "t" {
		t.Error(got)
	}
	_, err = f.UpdateCatalog(ctx, &glue.UpdateCatalogInput{CatalogId: &id, CatalogInput: &types.CatalogInput{Description: aws.String("two")}})
	f.ok(err)
	_, err = f.DeleteCatalog(ctx, &glue.DeleteCatalogInput{CatalogId: &id})
	f.ok(err)
	_, err = f.GetTable(ctx, &glue.GetTableInput{CatalogId: &id, DatabaseName: aws.String("db"), Name: aws.String("t")})
	f.fails("after the catalog", err, "EntityNotFoundException", "")
	_, err = f.GetCatalog(ctx, &glue.GetCatalogInput{CatalogId: &id})
	f.fails("after the catalog", err, "EntityNotFoundException", "Catalog")
	f.ok(ok(f.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("db")})))
}

func ok[T any](_ T, err error) error { return err }

func TestResourcePolicy(t *testing.T) {
	f, ctx := open(t), t.Context()
	other := f.stranger("222222222222")
	theirs := f.as(other)
	f.database("sales")
	f.table("sales", "orders", "id")
	f.table("sales", "secret", "id")
	get := func(table string) error {
		_, err := theirs.GetTable(ctx, &glue.GetTableInput{CatalogId: &f.account, DatabaseName: aws.String("sales"), Name: &table})
		return err
	}
	f.fails("before", get("orders"), "AccessDeniedException", "not authorized")
	resource := func(s string) string { return `"arn:aws:glue:us-east-1:` + f.account + `:` + s + `"` }
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["glue:GetTable","glue:GetTables"],
		"Resource":[` + resource("catalog") + `,` + resource("database/sales") + `,` + resource("table/sales/orders") + `]}]}`
	put := func(in glue.PutResourcePolicyInput) (string, error) {
		in.PolicyInJson = &policy
		out, err := f.PutResourcePolicy(ctx, &in)
		if err != nil {
			return "", err
		}
		return *out.PolicyHash, nil
	}
	_, err := put(glue.PutResourcePolicyInput{PolicyExistsCondition: types.ExistConditionMustExist})
	f.fails("no policy", err, "EntityNotFoundException", "")
	hash, err := put(glue.PutResourcePolicyInput{PolicyExistsCondition: types.ExistConditionNotExist})
	f.ok(err)
	f.ok(get("orders"))
	f.fails("another table", get("secret"), "AccessDeniedException", "not authorized")
	out, err := theirs.GetTables(ctx, &glue.GetTablesInput{CatalogId: &f.account, DatabaseName: aws.String("sales")})
	f.ok(err)
	if got := names(out.TableList, func(t types.Table) *string { return t.Name }); got != "orders" {
		t.Errorf("tables %q", got)
	}
	_, err = put(glue.PutResourcePolicyInput{PolicyExistsCondition: types.ExistConditionNotExist})
	f.fails("there is one", err, "ConditionCheckFailureException", "exists")
	_, err = put(glue.PutResourcePolicyInput{PolicyHashCondition: aws.String("x")})
	f.fails("another hash", err, "ConditionCheckFailureException", "hash")
	_, err = put(glue.PutResourcePolicyInput{PolicyHashCondition: &hash})
	f.ok(err)
	read, err := f.GetResourcePolicy(ctx, &glue.GetResourcePolicyInput{})
	if f.ok(err); *read.PolicyInJson != policy || *read.PolicyHash != hash {
		t.Errorf("%+v", read)
	}
	// A policy says nothing of what Lake Formation governs.
	f.ok(f.st.Update(ctx, func(tx *store.Tx) error {
		for _, r := range []governance.Resource{f.res("sales", "orders")} {
			g := governance.Grant{Grantor: f.account, Region: region, Principal: governance.AllowedByIAM, Resource: r}
			if err := f.ledger.Grants.Delete(tx, g.Key()); err != nil {
				return err
			}
		}
		return nil
	}))
	f.fails("governed", get("orders"), "AccessDeniedException", "Insufficient Lake Formation permission(s)")
	f.grant(governance.Grant{Principal: "222222222222", Resource: f.res("sales", "orders"), Permissions: governance.Describe, Grantable: governance.Describe})
	_, err = put(glue.PutResourcePolicyInput{})
	f.fails("not hybrid", err, "InvalidInputException", "EnableHybrid")
	policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"glue:DeleteTable","Resource":"*"}]}`
	_, err = put(glue.PutResourcePolicyInput{EnableHybrid: types.EnableHybridValuesTrue})
	f.ok(err)
	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("secret")})
	f.fails("denied to the owner", err, "AccessDeniedException", "explicit deny")
	policy = `{"Statement":[]`
	_, err = put(glue.PutResourcePolicyInput{EnableHybrid: types.EnableHybridValuesTrue})
	f.fails("no policy at all", err, "InvalidInputException", "")
	_, err = f.DeleteResourcePolicy(ctx, &glue.DeleteResourcePolicyInput{})
	f.ok(err)
	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("secret")})
	f.ok(err)
	all, err := f.GetResourcePolicies(ctx, &glue.GetResourcePoliciesInput{})
	if f.ok(err); len(all.GetResourcePoliciesResponseList) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestTags(t *testing.T) {
	f, ctx := open(t), t.Context()
	_, err := f.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("red")}, Tags: map[string]string{"color": "red"}})
	f.ok(err)
	f.database("blue")
	name := "arn:aws:glue:us-east-1:" + f.account + ":database/red"
	_, err = f.TagResource(ctx, &glue.TagResourceInput{ResourceArn: &name, TagsToAdd: map[string]string{"team": "x"}})
	f.ok(err)
	get := func() string {
		out, err := f.GetTags(ctx, &glue.GetTagsInput{ResourceArn: &name})
		f.ok(err)
		return out.Tags["color"] + out.Tags["team"]
	}
	if get() != "redx" {
		t.Error(get())
	}
	ana := f.as(f.user("ana", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":"*"},{"Effect":"Deny","Action":"glue:*","Resource":"*",
		"Condition":{"StringEquals":{"aws:ResourceTag/color":"red"}}}]}`))
	f.ok(ok(ana.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("blue")})))
	f.fails("denied by tag", ok(ana.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("red")})), "AccessDeniedException", "explicit deny")
	list, err := ana.GetDatabases(ctx, &glue.GetDatabasesInput{})
	if f.ok(err); names(list.DatabaseList, func(d types.Database) *string { return d.Name }) != "blue" {
		t.Errorf("%+v", list.DatabaseList)
	}
	_, err = f.UntagResource(ctx, &glue.UntagResourceInput{ResourceArn: &name, TagsToRemove: []string{"color", "none"}})
	f.ok(err)
	if get() != "x" {
		t.Error(get())
	}
	_, err = f.TagResource(ctx, &glue.TagResourceInput{ResourceArn: &name, TagsToAdd: map[string]string{"aws:x": "x"}})
	f.fails("reserved", err, "InvalidInputException", "aws:")
	_, err = f.GetTags(ctx, &glue.GetTagsInput{ResourceArn: aws.String(name + "x")})
	f.fails("nothing there", err, "EntityNotFoundException", "")
	_, err = f.GetTags(ctx, &glue.GetTagsInput{ResourceArn: aws.String(strings.Replace(name, "database/red", "table/red/t", 1))})
	f.fails("a table", err, "InvalidInputException", "cannot be tagged")
	_, err = f.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: aws.String("red")})
	f.ok(err)
	f.database("red")
	if get() != "" {
		t.Error("tags outlive their database")
	}
}

func TestConnections(t *testing.T) {
	f, ctx := open(t), t.Context()
	const password = "correct horse battery"
	in := &types.ConnectionInput{Name: aws.String("db"), ConnectionType: types.ConnectionTypeJdbc, ConnectionProperties: map[string]string{
		"JDBC_CONNECTION_URL": "jdbc:postgresql://h:5432/d", "USERNAME": "u", "PASSWORD": password}}
	out, err := f.CreateConnection(ctx, &glue.CreateConnectionInput{ConnectionInput: in})
	if f.ok(err); out.CreateConnectionStatus != types.ConnectionStatusReady {
		t.Errorf("%+v", out)
	}
	f.fails("twice", ok(f.CreateConnection(ctx, &glue.CreateConnectionInput{ConnectionInput: in})), "AlreadyExistsException", "")
	get := func(hide bool) string {
		out, err := f.GetConnection(ctx, &glue.GetConnectionInput{Name: aws.String("db"), HidePassword: hide})
		f.ok(err)
		return out.Connection.ConnectionProperties["USERNAME"] + "/" + out.Connection.ConnectionProperties["PASSWORD"]
	}
	if get(false) != "u/"+password || get(true) != "u/" {
		t.Error(get(false), get(true))
	}
	files := 0
	_ = filepath.WalkDir(f.dir, func(path string, _ os.DirEntry, _ error) error {
		b, err := os.ReadFile(path)
		if files += len(b); err == nil && bytes.Contains(b, []byte(password)) {
			t.Errorf("%s has the password", path)
		}
		return nil
	})
	in.ConnectionProperties["USERNAME"] = "v"
	f.ok(ok(f.UpdateConnection(ctx, &glue.UpdateConnectionInput{Name: aws.String("db"), ConnectionInput: in})))
	list, err := f.GetConnections(ctx, &glue.GetConnectionsInput{Filter: &types.GetConnectionsFilter{ConnectionType: types.ConnectionTypeJdbc}})
	if f.ok(err); len(list.ConnectionList) != 1 || list.ConnectionList[0].ConnectionProperties["USERNAME"] != "v" {
		t.Errorf("%+v", list.ConnectionList)
	}
	_, err = f.PutDataCatalogEncryptionSettings(ctx, &glue.PutDataCatalogEncryptionSettingsInput{DataCatalogEncryptionSettings: &types.DataCatalogEncryptionSettings{
		ConnectionPasswordEncryption: &types.ConnectionPasswordEncryption{ReturnConnectionPasswordEncrypted: true}}})
	f.ok(err)
	if get(false) != "v/" {
		t.Error("the password is still returned")
	}
	gone, err := f.BatchDeleteConnection(ctx, &glue.BatchDeleteConnectionInput{ConnectionNameList: []string{"db", "none"}})
	if f.ok(err); len(gone.Succeeded) != 1 || *gone.Errors["none"].ErrorCode != "EntityNotFoundException" {
		t.Errorf("%+v", gone)
	}
}
