package lakeformation_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

func (f *fixture) register(path string) {
	f.t.Helper()
	_, err := f.RegisterResource(f.as("admin"), &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::" + path),
		RoleArn: aws.String("arn:aws:iam::" + f.p + ":role/keeper")})
	f.must("register", err)
}

func (f *fixture) credentials(ctx context.Context, in lakeformation.GetTemporaryGlueTableCredentialsInput) (*lakeformation.GetTemporaryGlueTableCredentialsOutput, error) {
	if in.TableArn == nil {
		in.TableArn = aws.String("arn:aws:glue:" + region + ":" + f.p + ":table/sales/orders")
	}
	return f.GetTemporaryGlueTableCredentials(ctx, &in)
}

// may tells whether the keeper of the location could do something with credentials: the role itself may do all with S3.
func (f *fixture) may(key, token, action, resource, prefix string) bool {
	f.t.Helper()
	c, err := f.d.Credential(f.t.Context(), key, token)
	f.must("credential", err)
	q := authz.Request{Principal: c.Principal, Action: action, Resource: "arn:aws:s3:::" + resource, ResourceAccount: f.p}
	if action == "s3:ListBucket" {
		q.Context = authz.Context{"s3:prefix": {prefix}}
	}
	d, err := f.d.Authorize(f.t.Context(), q, nil)
	f.must("authorize", err)
	return d.Outcome == authz.Allowed
}

func (f *fixture) keeperMay(document string) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		k := identity.NameKey(f.p, "keeper")
		r, err := f.d.Roles.Get(tx, k)
		if err != nil {
			return err
		}
		r.Inline = map[string]string{"p": document}
		return f.d.Roles.Put(tx, k, r)
	})
}

func TestVending(t *testing.T) {
	f := open(t)
	f.keeperMay(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	_, err := f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.fails("nothing granted", err, denied, "Required Select on orders")
	f.must("", f.grant("admin", "ann", "SELECT", f.orders()))
	_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.fails("not registered", err, invalid, "register the S3 path")
	f.register("lake/sales")
	out, err := f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{DurationSeconds: aws.Int32(900)})
	f.must("credentials", err)
	if out.VendedS3Path[0] != "s3://lake/sales/orders/" {
		t.Error(out.VendedS3Path)
	}
	check := func(action, resource, prefix string, want bool) {
		t.Helper()
		if got := f.may(*out.AccessKeyId, *out.SessionToken, action, resource, prefix); got != want {
			t.Errorf("%s on %s %s: %v", action, resource, prefix, got)
		}
	}
	check("s3:GetObject", "lake/sales/orders/a.csv", "", true)
	check("s3:GetObject", "lake/sales/orders/x/y", "", true)
	check("s3:GetObject", "lake/sales/orders2/a.csv", "", false)
	check("s3:GetObject", "lake/sales/a.csv", "", false)
	check("s3:GetObject", "other/sales/orders/a.csv", "", false)
	check("s3:PutObject", "lake/sales/orders/a.csv", "", false)
	check("s3:DeleteObject", "lake/sales/orders/a.csv", "", false)
	check("s3:ListBucket", "lake", "sales/orders/", true)
	check("s3:ListBucket", "lake", "sales/orders/day=1/", true)
	check("s3:ListBucket", "lake", "sales/orders", false) // would list orders2 too
	check("s3:ListBucket", "lake", "sales/", false)
	check("s3:ListBucket", "lake", "", false)
	check("s3:ListAllMyBuckets", "*", "", false)
	check("iam:ListUsers", "*", "", false)
	f.clock.Advance(15 * time.Minute)
	if _, err := f.d.Credential(t.Context(), *out.AccessKeyId, *out.SessionToken); err != identity.ErrExpiredToken {
		t.Errorf("after their time: %v", err)
	}

	_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{Permissions: []types.Permission{"INSERT"}})
	f.fails("to write", err, denied, "Insert")
	f.must("", f.grant("admin", "ann", "INSERT", f.orders()))
	out, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{Permissions: []types.Permission{"SELECT", "INSERT"},
		S3Path: aws.String("s3://lake/sales/orders/day=1/")})
	f.must("to write", err)
	check("s3:PutObject", "lake/sales/orders/day=1/a.csv", "", true)
	check("s3:PutObject", "lake/sales/orders/a.csv", "", false)
	check("s3:DeleteObject", "lake/sales/orders/day=1/a.csv", "", false)
	for _, p := range []string{"s3://lake/sales/orders2", "s3://lake/sales", "s3://other/sales/orders"} {
		_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{S3Path: &p})
		f.fails(p, err, denied, "not in the location")
	}
	for _, p := range []string{"s3://lake/sales/orders/../x", "http://lake", "s3:///x", "s3://lake/sales/orders//x"} {
		_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{S3Path: &p})
		f.fails(p, err, invalid, "not valid")
	}
	for _, arn := range []string{"x", "arn:aws:glue:eu-west-1:" + f.p + ":table/sales/orders", "arn:aws:glue:us-east-1:1:table/a/b",
		"arn:aws:glue:us-east-1:" + f.p + ":table/sales", "arn:aws:glue:us-east-1:" + f.p + ":table/sales/*", "arn:aws:glue:us-east-1:" + f.p + ":database/a/b"} {
		_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{TableArn: &arn})
		f.fails(arn, err, invalid, "")
	}
	_, err = f.credentials(f.as("admin"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.fails("an administrator is no reader", err, denied, "")
}

func TestHostileLocations(t *testing.T) {
	f := open(t)
	f.keeperMay(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	f.register("lake/own")
	for name, location := range map[string]string{"star": "s3://lake/own/a*", "mark": "s3://lake/own/?", "dollar": "s3://lake/own/${aws:username}"} {
		f.table("hostile", name, location, "a")
		f.must("", f.grant("admin", "ann", "SELECT", &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("hostile"), Name: &name}}))
		out, err := f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{
			TableArn: aws.String("arn:aws:glue:" + region + ":" + f.p + ":table/hostile/" + name)})
		f.must(location, err)
		own := strings.TrimPrefix(location, "s3://")
		for resource, want := range map[string]bool{own + "/x": true, "lake/own/abc/x": false, "lake/own/b/x": false, "lake/own/ann/x": false} {
			if got := f.may(*out.AccessKeyId, *out.SessionToken, "s3:GetObject", resource, ""); got != want {
				t.Errorf("%s opens %s: %v", location, resource, got)
			}
		}
	}
	f.table("hostile", "dots", "s3://lake/own/../sales", "a")
	f.must("", f.grant("admin", "ann", "SELECT", &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("hostile"), Name: aws.String("dots")}}))
	_, err := f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{TableArn: aws.String("arn:aws:glue:" + region + ":" + f.p + ":table/hostile/dots")})
	f.fails("dots", err, invalid, "not valid")
}

func TestTrustedEngines(t *testing.T) {
	f := open(t)
	f.register("lake/sales")
	engine := authz.Principal{Kind: authz.AssumedRole, Account: f.p, RoleARN: "arn:aws:iam::" + f.p + ":role/keeper", ARN: "arn:aws:sts::" + f.p + ":assumed-role/keeper/s",
		SessionTags: map[string]string{"LakeFormationAuthorizedCaller": "engine1"}}
	f.must("", f.grant("admin", engine.RoleARN, "SELECT", f.columns("order_id")))
	ask := func(supports ...types.PermissionType) error {
		_, err := f.credentials(f.by(engine), lakeformation.GetTemporaryGlueTableCredentialsInput{SupportedPermissionTypes: supports})
		return err
	}
	f.fails("cut to columns", ask("COLUMN_PERMISSION"), denied, "all columns and rows")
	trust := &types.DataLakeSettings{AllowExternalDataFiltering: aws.Bool(true), AuthorizedSessionTagValueList: []string{"engine1"},
		ExternalDataFilteringAllowList: []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &f.p}}}
	f.settle(f.as("admin"), trust)
	f.must("trusted", ask("COLUMN_PERMISSION"))
	f.fails("that can't cut", ask(), &types.PermissionTypeMismatchException{}, "")
	f.must("filter", f.cellsFilter("admin", "uk", "country = 'UK'"))
	f.must("", f.grant("admin", engine.RoleARN, "SELECT", f.cells("uk")))
	f.fails("that can't cut rows", ask("COLUMN_PERMISSION"), &types.PermissionTypeMismatchException{}, "")
	f.must("that can", ask("COLUMN_PERMISSION", "CELL_FILTER_PERMISSION"))
	for what, change := range map[string]func(){
		"of another tag":     func() { trust.AuthorizedSessionTagValueList = []string{"engine2"} },
		"of another account": func() { trust.ExternalDataFilteringAllowList[0].DataLakePrincipalIdentifier = &f.m },
		"not any more":       func() { trust.AllowExternalDataFiltering = aws.Bool(false) },
	} {
		change()
		f.settle(f.as("admin"), trust)
		f.fails(what, ask("CELL_FILTER_PERMISSION"), denied, "")
		trust.AuthorizedSessionTagValueList, trust.AllowExternalDataFiltering = []string{"engine1"}, aws.Bool(true)
		trust.ExternalDataFilteringAllowList[0].DataLakePrincipalIdentifier = &f.p
	}
	// All of the table, but the account allows full access to nobody.
	f.must("", f.grant("admin", "ann", "SELECT", f.orders()))
	_, err := f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.fails("no full table access", err, denied, "full table access")
}

func TestDataLocationCredentials(t *testing.T) {
	f := open(t)
	f.keeperMay(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	f.register("lake/sales")
	in := &lakeformation.GetTemporaryDataLocationCredentialsInput{DataLocations: []string{"s3://lake/sales/orders/day=1"}}
	_, err := f.GetTemporaryDataLocationCredentials(f.as("ann"), in)
	f.fails("nothing granted", err, denied, "")
	f.must("", f.grant("admin", "ann", "SELECT", f.orders()))
	out, err := f.GetTemporaryDataLocationCredentials(f.as("ann"), in)
	f.must("credentials", err)
	for resource, want := range map[string]bool{"lake/sales/orders/day=1/a": true, "lake/sales/orders/day=2/a": false} {
		if got := f.may(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken, "s3:GetObject", resource, ""); got != want {
			t.Errorf("%s: %v", resource, got)
		}
	}
	in.CredentialsScope = types.CredentialsScopeReadwrite
	_, err = f.GetTemporaryDataLocationCredentials(f.as("ann"), in)
	f.fails("to write", err, denied, "")
	in.DataLocations = []string{"s3://lake/sales"}
	_, err = f.GetTemporaryDataLocationCredentials(f.as("ann"), in)
	f.fails("above the table", err, denied, "")
	in.DataLocations = nil
	_, err = f.GetTemporaryDataLocationCredentials(f.as("ann"), in)
	f.fails("nothing", err, invalid, "")
}

func TestHybridLocations(t *testing.T) {
	f := open(t)
	_, err := f.RegisterResource(f.as("admin"), &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake"), HybridAccessEnabled: aws.Bool(true),
		RoleArn: aws.String("arn:aws:iam::" + f.p + ":role/keeper")})
	f.must("register", err)
	f.must("", f.grant("admin", "IAM_ALLOWED_PRINCIPALS", "ALL", f.orders()))
	_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.fails("left to IAM", err, denied, "hybrid")
	optIn := &lakeformation.CreateLakeFormationOptInInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(f.arn("ann"))}, Resource: f.orders()}
	_, err = f.CreateLakeFormationOptIn(f.as("ann"), optIn)
	f.fails("by herself", err, denied, "")
	_, err = f.CreateLakeFormationOptIn(f.as("admin"), optIn)
	f.must("opt-in", err)
	_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.fails("opted in, nothing granted", err, denied, "Insufficient")
	f.must("", f.grant("admin", "ann", "SELECT", f.orders()))
	_, err = f.credentials(f.as("ann"), lakeformation.GetTemporaryGlueTableCredentialsInput{})
	f.must("opted in and granted", err)
	list, err := f.ListLakeFormationOptIns(f.as("admin"), &lakeformation.ListLakeFormationOptInsInput{Resource: f.orders()})
	if err != nil || len(list.LakeFormationOptInsInfoList) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = f.DeleteLakeFormationOptIn(f.as("admin"), &lakeformation.DeleteLakeFormationOptInInput{Principal: optIn.Principal, Resource: optIn.Resource})
	f.must("out again", err)
	_, err = f.DeleteLakeFormationOptIn(f.as("admin"), &lakeformation.DeleteLakeFormationOptInInput{Principal: optIn.Principal, Resource: optIn.Resource})
	f.fails("twice", err, missing, "")
}
