package athena

import (
	"context"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// definers is a governed lake with a role that may define views on its orders, and somebody who may read none of them.
type definers struct {
	*harness.Server
	t                 *testing.T
	root              harness.Caller
	admin, user, role *caller
	lf                *lakeformation.Client
	name, definer     string // ARNs
}

// passing lets a role hand itself over and call what a definer calls.
const passing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["athena:*","glue:*","lakeformation:GetDataAccess"],"Resource":"*"},
	{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::results","arn:aws:s3:::results/*"]},
	{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":["glue.amazonaws.com","lakeformation.amazonaws.com"]}}}]}`

func newDefiners(t *testing.T) *definers {
	d := &definers{t: t}
	d.Server, d.admin, d.user, d.lf, d.name = governed(t)
	d.root = harness.Must(d.Admin(t.Context()))(t)
	d.definer = d.newRole("definer", `"Service":["glue.amazonaws.com","lakeformation.amazonaws.com"],"AWS":"`+d.root.Account+`"`, passing)
	d.role = as(t, harness.Must(d.Assume(t.Context(), d.root, d.definer, "session", ""))(t))
	d.grant(d.definer, &types.Resource{Table: table}, []types.Permission{"SELECT"}, "SELECT")
	d.grant(d.definer, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("sales")}}, nil, "CREATE_TABLE", "DESCRIBE")
	return d
}

func (d *definers) newRole(name, trusts, policy string) string {
	d.t.Helper()
	role, err := d.root.IAM().CreateRole(d.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{` + trusts + `},"Action":"sts:AssumeRole"}]}`)})
	must(d.t, err)
	_, err = d.root.IAM().PutRolePolicy(d.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	must(d.t, err)
	return *role.Role.Arn
}

func (d *definers) grant(to string, on *types.Resource, passed []types.Permission, permissions ...types.Permission) {
	d.t.Helper()
	_, err := d.lf.GrantPermissions(d.t.Context(), &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &to},
		Resource: on, Permissions: permissions, PermissionsWithGrantOption: passed})
	must(d.t, err)
}

func (d *definers) revoke(from string, on *types.Resource, passed []types.Permission, permissions ...types.Permission) {
	d.t.Helper()
	_, err := d.lf.RevokePermissions(d.t.Context(), &lakeformation.RevokePermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &from},
		Resource: on, Permissions: permissions, PermissionsWithGrantOption: passed})
	must(d.t, err)
}

func on(name string) *types.Resource {
	return &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("sales"), Name: &name}}
}

func TestDefinerView(t *testing.T) {
	d := newDefiners(t)
	d.role.gives("CREATE PROTECTED MULTI DIALECT VIEW sales.german SECURITY DEFINER AS SELECT id, country, amount FROM sales.orders WHERE country = 'DE'")
	d.user.fails("SELECT * FROM sales.german", "Insufficient Lake Formation permission(s)")
	d.grant(d.name, on("german"), nil, "SELECT")
	d.user.gives("SELECT * FROM sales.german ORDER BY id", "id|country|amount", "1|DE|10.5", "3|DE|1.5")
	d.user.gives("SELECT v.country, count(*) AS n FROM sales.german AS v JOIN sales.german AS w ON v.id = w.id GROUP BY 1", "country|n", "DE|2")
	d.user.fails("SELECT * FROM sales.orders", "Insufficient Lake Formation permission(s)")
	d.user.gives("DESCRIBE sales.german", "id                  \tbigint", "country             \tstring", "amount              \tdouble")
	d.user.fails("SHOW CREATE VIEW sales.german", "Only the definer and administrators")
	d.role.gives("SHOW CREATE VIEW sales.german", "CREATE PROTECTED MULTI DIALECT VIEW sales.german SECURITY DEFINER AS",
		"SELECT id, country, amount FROM sales.orders WHERE country = 'DE'")

	// What is not seen beneath is not told: the predicates of who asks see the view's rows alone.
	d.user.gives("SELECT id FROM sales.german WHERE 1 / (CASE WHEN country = 'FR' THEN 0 ELSE 1 END) = 5", "id")
	d.user.gives("SELECT id FROM sales.german WHERE CAST(CASE WHEN country = 'DE' THEN '1' ELSE country END AS int) = 2", "id")
	plan := strings.Join(d.user.run("EXPLAIN SELECT * FROM sales.german WHERE amount > 3"), "\n")
	for _, word := range []string{"FR", "orders", "s3:", "20", "/"} {
		if strings.Contains(plan, word) {
			t.Errorf("EXPLAIN tells of %s: %s", word, plan)
		}
	}
	d.role.gives("CREATE PROTECTED MULTI DIALECT VIEW sales.broken SECURITY DEFINER AS SELECT id, CAST(country AS int) AS c FROM sales.orders")
	d.grant(d.name, on("broken"), nil, "SELECT")
	id := d.user.start("SELECT * FROM sales.broken")
	if e := d.user.wait(id); !strings.Contains(aws.ToString(e.Status.StateChangeReason), "HIVE_BAD_DATA") || strings.Contains(aws.ToString(e.Status.StateChangeReason), "FR") {
		t.Errorf("a value beneath is told: %s", aws.ToString(e.Status.StateChangeReason))
	}

	// What of a view is granted may be a part of it.
	account := strings.Split(d.name, ":")[4]
	_, err := d.lf.CreateDataCellsFilter(t.Context(), &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{TableCatalogId: &account,
		DatabaseName: aws.String("sales"), TableName: aws.String("german"), Name: aws.String("large"),
		RowFilter: &types.RowFilter{FilterExpression: aws.String("amount > 5")}, ColumnNames: []string{"id"}}})
	must(t, err)
	part := harness.Must(d.User(t.Context(), d.Root(), "part", analyst))(t)
	d.grant(part.ARN, &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &account, DatabaseName: aws.String("sales"),
		TableName: aws.String("german"), Name: aws.String("large")}}, nil, "SELECT")
	as(t, part).gives("SELECT * FROM sales.german", "id", "1")
	as(t, part).fails("SELECT amount FROM sales.german", "Column 'amount' cannot be resolved")

	// Views over views: of a definer there is none, and another one is read as who asks.
	d.role.fails("CREATE PROTECTED MULTI DIALECT VIEW sales.second SECURITY DEFINER AS SELECT * FROM sales.german", "cannot reference other views")
	d.grant(d.root.ARN, on("german"), nil, "SELECT")
	d.admin.gives("CREATE VIEW sales.over AS SELECT id FROM sales.german")
	stranger := harness.Must(d.User(t.Context(), d.Root(), "stranger", analyst))(t)
	d.grant(stranger.ARN, on("over"), nil, "SELECT")
	as(t, stranger).fails("SELECT * FROM sales.over", "Insufficient Lake Formation permission(s)")
	d.grant(d.name, on("over"), nil, "SELECT")
	d.user.gives("SELECT * FROM sales.over ORDER BY 1", "id", "1", "3")
	d.admin.fails("CREATE OR REPLACE VIEW sales.german AS SELECT 1 AS id", "Data Catalog view")
	d.role.fails("CREATE PROTECTED MULTI DIALECT VIEW sales.german SECURITY DEFINER AS SELECT 1 AS id", "View already exists")
	if json := strings.Join(d.role.run("CREATE PROTECTED MULTI DIALECT VIEW sales.dry SECURITY DEFINER SHOW VIEW JSON AS SELECT id FROM sales.orders"), "\n"); !strings.Contains(json, `"Dialect": "ATHENA"`) {
		t.Errorf("SHOW VIEW JSON: %s", json)
	}
	d.role.fails("SELECT * FROM sales.dry", "TABLE_NOT_FOUND")
}

// TestDefinerChanges takes from views what they need.
func TestDefinerChanges(t *testing.T) {
	d := newDefiners(t)
	d.role.gives("CREATE PROTECTED MULTI DIALECT VIEW sales.v SECURITY DEFINER AS SELECT id FROM sales.orders")
	d.grant(d.name, on("v"), nil, "SELECT")
	count := "SELECT count(*) AS n FROM sales.v"
	d.user.gives(count, "n", "4")
	d.role.gives("ALTER VIEW sales.v UPDATE DIALECT AS SELECT id FROM sales.orders WHERE id > 1")
	d.user.gives(count, "n", "3")
	d.role.gives("CREATE OR REPLACE PROTECTED MULTI DIALECT VIEW sales.v SECURITY DEFINER AS SELECT id, country FROM sales.orders WHERE id > 2")
	d.user.gives("SELECT * FROM sales.v ORDER BY 1", "id|country", "3|DE", "4|")
	d.role.fails("ALTER VIEW sales.v ADD DIALECT AS SELECT id FROM sales.orders", "already has the dialect ATHENA")
	d.role.fails("ALTER VIEW sales.v DROP DIALECT", "The last dialect of a view cannot be dropped")

	d.revoke(d.definer, on("orders"), []types.Permission{"SELECT"}, "SELECT")
	d.grant(d.definer, on("orders"), nil, "SELECT")
	d.user.fails(count, "view 'awsdatacatalog.sales.v' can't be read") // the definer may not pass on what it reads
	d.grant(d.definer, on("orders"), []types.Permission{"SELECT"}, "SELECT")
	d.user.gives(count, "n", "2")
	d.revoke(d.definer, on("orders"), []types.Permission{"SELECT"}, "SELECT")
	d.user.fails(count, "view 'awsdatacatalog.sales.v' can't be read")
	account := strings.Split(d.name, ":")[4]
	_, err := d.lf.CreateDataCellsFilter(t.Context(), &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{TableCatalogId: &account,
		DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: aws.String("german"),
		RowFilter: &types.RowFilter{FilterExpression: aws.String("country = 'DE'")}, ColumnWildcard: &types.ColumnWildcard{}}})
	must(t, err)
	d.grant(d.definer, &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &account, DatabaseName: aws.String("sales"),
		TableName: aws.String("orders"), Name: aws.String("german")}}, []types.Permission{"SELECT"}, "SELECT")
	d.user.fails(count, "view 'awsdatacatalog.sales.v' can't be read") // a part of the rows is not enough
	d.role.fails("CREATE PROTECTED MULTI DIALECT VIEW sales.w SECURITY DEFINER AS SELECT id FROM sales.orders", "grantable Select on all columns and rows")
	d.grant(d.definer, on("orders"), []types.Permission{"SELECT"}, "SELECT")
	d.user.gives(count, "n", "2")

	_, err = d.root.IAM().UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("definer"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	d.user.fails(count, "The definer of view 'sales.v' cannot be assumed")
	_, err = d.root.IAM().DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("definer"), PolicyName: aws.String("p")})
	must(t, err)
	_, err = d.root.IAM().DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("definer")})
	must(t, err)
	d.user.fails(count, "The definer of view 'sales.v' cannot be assumed")
	d.grant(d.name, on("v"), nil, "DROP")
	d.user.gives("DROP VIEW sales.v")
}

// TestDefinerStrangers has others make views with a role's rights, and change those that there are.
func TestDefinerStrangers(t *testing.T) {
	d := newDefiners(t)
	ctx := t.Context()
	account := strings.Split(d.name, ":")[4]
	base := "arn:aws:glue:us-east-1:" + account + ":table/sales/orders"
	input := func(name, role, text string, beneath ...string) *gluetypes.TableInput {
		in := &gluetypes.TableInput{Name: &name, StorageDescriptor: &gluetypes.StorageDescriptor{Columns: []gluetypes.Column{{Name: aws.String("id"), Type: aws.String("bigint")}}},
			ViewDefinition: &gluetypes.ViewDefinitionInput{IsProtected: aws.Bool(true), SubObjects: beneath, Representations: []gluetypes.ViewRepresentationInput{
				{Dialect: "ATHENA", DialectVersion: aws.String("3"), ViewOriginalText: &text, ViewExpandedText: &text}}}}
		if role != "" {
			in.ViewDefinition.Definer = &role
		}
		return in
	}
	create := func(c *caller, in *gluetypes.TableInput) error {
		_, err := c.glue.CreateTable(context.Background(), &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: in})
		return err
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	const all = "SELECT id FROM sales.orders"
	d.grant(d.name, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("sales")}}, nil, "CREATE_TABLE", "DESCRIBE")
	refused("somebody else's role", create(d.user, input("a", d.definer, all, base)), "iam:PassRole")
	refused("no role", create(d.user, input("a", "", all, base)), "Only IAM roles can define")
	d.user.fails("CREATE PROTECTED MULTI DIALECT VIEW sales.a SECURITY DEFINER AS SELECT 1 AS id", "Only IAM roles can define")

	once := strings.Replace(passing, `["glue.amazonaws.com","lakeformation.amazonaws.com"]`, `"glue.amazonaws.com"`, 1)
	half := harness.Must(d.User(ctx, d.Root(), "half", once))(t)
	d.grant(half.ARN, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("sales")}}, nil, "CREATE_TABLE")
	refused("a role for Glue alone", create(as(t, half), input("a", d.definer, all, base)), "iam:PassRole")

	plain := d.newRole("plain", `"AWS":"`+account+`"`, passing)
	d.grant(plain, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("sales")}}, nil, "CREATE_TABLE")
	session := as(t, harness.Must(d.Assume(ctx, d.root, plain, "session", ""))(t))
	refused("a role that trusts nobody", create(session, input("a", "", all, base)), "cannot be assumed by glue.amazonaws.com")
	session.fails("CREATE PROTECTED MULTI DIALECT VIEW sales.a SECURITY DEFINER AS SELECT id FROM sales.orders", "cannot be assumed")
	poor := d.newRole("poor", `"Service":["glue.amazonaws.com","lakeformation.amazonaws.com"],"AWS":"`+account+`"`, passing)
	d.grant(poor, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("sales")}}, nil, "CREATE_TABLE")
	needy := as(t, harness.Must(d.Assume(ctx, d.root, poor, "session", ""))(t))
	refused("a role without a grant", create(needy, input("a", "", all, base)), "grantable Select")
	refused("another account's role", create(needy, input("a", "arn:aws:iam::999999999999:role/x", all, base)), "iam:PassRole")

	// A view reads what it says that it lies on, and nothing else of its definer's.
	must(t, create(d.role, input("hidden", "", all)))
	d.grant(d.name, on("hidden"), nil, "SELECT", "ALTER")
	d.user.fails("SELECT * FROM sales.hidden", "can't be read")
	for _, text := range []string{"SELECT table_name FROM information_schema.tables", `SELECT * FROM sales."orders$files"`, "SELECT * FROM other.sales.orders", all + "; DROP TABLE x"} {
		must(t, create(d.role, input("bad", "", text, base)))
		d.grant(d.name, on("bad"), nil, "SELECT")
		d.user.fails("SELECT * FROM sales.bad", "can't be read")
		_, err := d.role.glue.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("bad")})
		must(t, err)
	}

	// Who may alter the view is not its definer.
	must(t, create(d.role, input("v", "", all+" WHERE id = 1", base)))
	d.grant(d.name, on("v"), nil, "SELECT", "ALTER", "DESCRIBE")
	d.user.gives("SELECT * FROM sales.v", "id", "1")
	update := func(c *caller, in *gluetypes.TableInput, action gluetypes.ViewUpdateAction) error {
		_, err := c.glue.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("sales"), TableInput: in, ViewUpdateAction: action})
		return err
	}
	refused("another text", update(d.user, input("v", "", all, base), ""), "iam:PassRole")
	refused("another text of one dialect", update(d.user, input("v", d.definer, all, base), "REPLACE"), "iam:PassRole")
	bare := input("v", "", "", "")
	bare.ViewDefinition = nil
	refused("other columns", update(d.user, bare, ""), "Only the definer and administrators")
	passer := harness.Must(d.User(ctx, d.Root(), "passer", passing))(t)
	d.grant(passer.ARN, on("v"), nil, "ALTER", "DESCRIBE")
	refused("another text by who may pass roles", update(as(t, passer), input("v", "", all, base), "REPLACE"), "Only the definer and administrators")
	d.user.fails("ALTER VIEW sales.v UPDATE DIALECT AS SELECT id FROM sales.orders", "Only IAM roles can define")
	needy.fails("ALTER VIEW sales.v UPDATE DIALECT AS SELECT id FROM sales.orders", "FAILED")
	d.user.gives("SELECT * FROM sales.v", "id", "1")
	shown, err := d.user.glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("sales"), Name: aws.String("v")})
	must(t, err)
	if v := shown.Table.ViewDefinition; v == nil || len(v.SubObjects) > 0 || v.Representations[0].ViewOriginalText != nil || v.Representations[0].ViewExpandedText != nil ||
		!aws.ToBool(shown.Table.IsMultiDialectView) {
		t.Errorf("the view tells who may not know: %+v", v)
	}

	// Dialects of other engines are kept; those that fall behind are stale.
	spark := input("v", "", "SELECT id FROM sales.orders", base)
	spark.ViewDefinition.Representations[0].Dialect = "SPARK"
	must(t, update(d.role, spark, "ADD"))
	d.role.fails("ALTER VIEW sales.v UPDATE DIALECT AS SELECT id, country FROM sales.orders", "differ from those of its dialect SPARK")
	d.role.gives("ALTER VIEW sales.v FORCE UPDATE DIALECT AS SELECT id, country FROM sales.orders WHERE id = 1")
	d.user.gives("SELECT * FROM sales.v", "id|country", "1|DE")
	d.role.gives("ALTER VIEW sales.v DROP DIALECT")
	d.user.fails("SELECT * FROM sales.v", "has no ATHENA dialect")
	d.role.fails("DROP VIEW sales.v", "has no ATHENA dialect")
	d.role.gives("ALTER VIEW sales.v ADD DIALECT AS SELECT id, country FROM sales.orders WHERE id = 2")
	d.user.gives("SELECT * FROM sales.v", "id|country", "2|FR")
}
