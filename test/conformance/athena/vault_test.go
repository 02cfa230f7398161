package athena

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The vault's orders. Germany's rows may be seen, without cards.
var vault = map[string]string{
	"orders/region=eu/a.csv": "11,DE,10.5,1,4111-1\n9002,FR,777.5,hush,4111-2\n",
	"orders/region=eu/b.csv": "13,DE,1.5,3,4111-3\n9005,FR,0,hush,4111-5\n",
	"orders/region=us/a.csv": "9004,US,777.25,hush,4111-4\n",
	"orders/region=jp/a.csv": "9006,JP,777.75,hush,4111-6\n",
	"closed/a.csv":           "9009,hush\n",
}

// marks are in nothing that may be seen.
var marks = []string{"9002", "9004", "9005", "9006", "9009", "777.", "hush", "4111"}

// intruder is somebody who was granted a part of the orders, and has a bucket and a database.
type intruder struct {
	*caller
	lf           *lakeformation.Client
	who, admin   harness.Caller
	server       *harness.Server
	orders       string // the orders' name in SQL
	view         string // of all orders, by somebody else where there is one
	own          string // name of the bucket and of the database
	victim       string // id of the owner's query for everything
	victimResult string // key of its result in the bucket "results"
	keeper       string // ARN of the role that reads the vault
	producer     string // account
}

// ask runs a statement and gives its rows: values joined by |, NULL as ~, without the header of a SELECT.
func (i *intruder) ask(text string, change ...func(*athena.StartQueryExecutionInput)) (string, error) {
	in := &athena.StartQueryExecutionInput{QueryString: aws.String(i.fill(text)),
		ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + i.own + "/results/")}}
	for _, f := range change {
		f(in)
	}
	out, err := i.StartQueryExecution(context.Background(), in)
	if err != nil {
		return "", err
	}
	e := i.wait(*out.QueryExecutionId)
	if e.Status.State != athenatypes.QueryExecutionStateSucceeded {
		return "", errors.New(aws.ToString(e.Status.StateChangeReason))
	}
	return i.rows(e)
}

func (i *intruder) fill(text string) string {
	return strings.NewReplacer("{t}", i.orders, "{own}", i.own, "{view}", i.view, "{data}", i.server.DataDir).Replace(text)
}

func (i *intruder) rows(e *athenatypes.QueryExecution) (string, error) {
	got, err := i.GetQueryResults(context.Background(), &athena.GetQueryResultsInput{QueryExecutionId: e.QueryExecutionId})
	if err != nil {
		return "", err
	}
	rows := got.ResultSet.Rows
	if len(rows) > 0 && aws.ToString(e.SubstatementType) == "SELECT" || aws.ToString(e.SubstatementType) == "EXECUTE" {
		rows = rows[1:]
	}
	var lines []string
	for _, r := range rows {
		var parts []string
		for _, d := range r.Data {
			if d.VarCharValue == nil {
				parts = append(parts, "~")
			} else {
				parts = append(parts, strings.TrimRight(*d.VarCharValue, " \t"))
			}
		}
		lines = append(lines, strings.Join(parts, "|"))
	}
	return strings.Join(lines, "\n"), nil
}

// body reads an object.
func (i *intruder) body(bucket, key string) (string, error) {
	out, err := i.s3.GetObject(context.Background(), get(bucket, key))
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return string(b), err
}

// intruderPolicy allows everything that an analyst may ever want, and S3 in the own bucket.
const intruderPolicy = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["glue:*","lakeformation:*","sts:*","iam:Get*"],"Resource":"*"},
	{"Effect":"Allow","Action":"athena:*","Resource":["arn:aws:athena:*:*:workgroup/primary","arn:aws:athena:*:*:datacatalog/*"]},
	{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::{own}","arn:aws:s3:::{own}/*"]}]}`

// vaultStage makes the vault in an account and gives two intruders, one of the same account and one of another, and the owner.
func vaultStage(t *testing.T) (local, cross *intruder, owner *caller) {
	t.Helper()
	ctx, s := t.Context(), harness.Start(t)
	p, c := harness.Must(s.Account(ctx, "producer"))(t), harness.Must(s.Account(ctx, "consumer"))(t)
	owner = as(t, p)
	for _, b := range []string{"vault", "results"} {
		_, err := p.S3().CreateBucket(ctx, bucket(b))
		must(t, err)
	}
	for key, text := range vault {
		_, err := p.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("vault"), Key: &key, Body: strings.NewReader(text)})
		must(t, err)
	}
	role, err := p.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("keeper"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lakeformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	_, err = p.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("keeper"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::vault","arn:aws:s3:::vault/*"]}]}`)})
	must(t, err)
	for _, who := range []harness.Caller{p, c} {
		_, err := lakeformation.NewFromConfig(who.Config()).PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &types.DataLakeSettings{
			DataLakeAdmins: []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &who.ARN}}, CreateDatabaseDefaultPermissions: []types.PrincipalPermissions{},
			CreateTableDefaultPermissions: []types.PrincipalPermissions{}, AllowFullTableExternalDataAccess: aws.Bool(true)}})
		must(t, err)
	}
	lf := lakeformation.NewFromConfig(p.Config())
	_, err = lf.RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::vault"), RoleArn: role.Role.Arn})
	must(t, err)
	grant(t, p, p.ARN, &types.Resource{DataLocation: &types.DataLocationResource{ResourceArn: aws.String("arn:aws:s3:::vault")}}, types.PermissionDataLocationAccess)
	for _, sql := range []string{"CREATE DATABASE secret", `CREATE EXTERNAL TABLE secret.orders (id bigint, country string, amount double, note string, card string)
		PARTITIONED BY (region string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://vault/orders/'`, "MSCK REPAIR TABLE secret.orders",
		`CREATE EXTERNAL TABLE secret.closed (id bigint, note string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://vault/closed/'`,
		"CREATE VIEW secret.everything AS SELECT * FROM secret.orders"} {
		owner.run(sql)
	}
	_, err = lf.CreateDataCellsFilter(ctx, &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{TableCatalogId: &p.Account,
		DatabaseName: aws.String("secret"), TableName: aws.String("orders"), Name: aws.String("german"),
		RowFilter:      &types.RowFilter{FilterExpression: aws.String("country = 'DE' AND region = 'eu'")},
		ColumnWildcard: &types.ColumnWildcard{ExcludedColumnNames: []string{"card"}}}})
	must(t, err)
	german := &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &p.Account, DatabaseName: aws.String("secret"),
		TableName: aws.String("orders"), Name: aws.String("german")}}
	victim := owner.start("SELECT * FROM secret.orders")
	key := strings.TrimPrefix(aws.ToString(owner.wait(victim).ResultConfiguration.OutputLocation), "s3://results/")

	intrude := func(admin harness.Caller, name, orders string) *intruder {
		own := "own" + name
		_, err := admin.S3().CreateBucket(ctx, bucket(own))
		must(t, err)
		u := harness.Must(s.User(ctx, admin, name, strings.ReplaceAll(intruderPolicy, "{own}", own)))(t)
		_, err = glue.NewFromConfig(admin.Config()).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: &own}})
		must(t, err)
		grant(t, admin, u.ARN, &types.Resource{Database: &types.DatabaseResource{Name: &own}}, types.PermissionCreateTable, types.PermissionDescribe, types.PermissionAlter)
		return &intruder{caller: as(t, u), lf: lakeformation.NewFromConfig(u.Config()), who: u, admin: admin, server: s, orders: orders, own: own,
			victim: victim, victimResult: key, keeper: *role.Role.Arn, producer: p.Account}
	}
	local, cross = intrude(p, "ana", "secret.orders"), intrude(c, "carla", "linked.orders")
	local.view, cross.view = "secret.everything", "owncarla.mine"
	grant(t, p, local.who.ARN, german, types.PermissionSelect)
	grant(t, p, local.who.ARN, &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("secret"), Name: aws.String("everything")}},
		types.PermissionSelect, types.PermissionDescribe)

	_, err = lf.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &c.Account}, Resource: german,
		Permissions: []types.Permission{types.PermissionSelect}, PermissionsWithGrantOption: []types.Permission{types.PermissionSelect}})
	must(t, err)
	shares := ram.NewFromConfig(c.Config())
	invited, err := shares.GetResourceShareInvitations(ctx, &ram.GetResourceShareInvitationsInput{})
	must(t, err)
	for _, i := range invited.ResourceShareInvitations {
		_, err := shares.AcceptResourceShareInvitation(ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
		must(t, err)
	}
	theirs := glue.NewFromConfig(c.Config())
	_, err = theirs.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("linked")}})
	must(t, err)
	_, err = theirs.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("linked"), TableInput: &gluetypes.TableInput{Name: aws.String("orders"),
		TargetTable: &gluetypes.TableIdentifier{CatalogId: &p.Account, DatabaseName: aws.String("secret"), Name: aws.String("orders")}}})
	must(t, err)
	grant(t, c, cross.who.ARN, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("linked")}}, types.PermissionDescribe)
	grant(t, c, cross.who.ARN, &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("linked"), Name: aws.String("orders")}}, types.PermissionDescribe)
	grant(t, c, cross.who.ARN, german, types.PermissionSelect)
	return local, cross, owner
}

func grant(t testing.TB, by harness.Caller, to string, r *types.Resource, permissions ...types.Permission) {
	t.Helper()
	_, err := lakeformation.NewFromConfig(by.Config()).GrantPermissions(context.Background(), &lakeformation.GrantPermissionsInput{
		Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &to}, Resource: r, Permissions: permissions})
	must(t, err)
}
