package athena

import (
	"errors"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenaTypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// analyst may run queries and use the results' bucket, but reads nothing of the lake by itself.
const analyst = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["athena:*","glue:*","lakeformation:GetDataAccess"],"Resource":"*"},
	{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::results","arn:aws:s3:::results/*","arn:aws:s3:::own","arn:aws:s3:::own/*"]}]}`

// governed gives a lake that Lake Formation governs, its administrator, and an analyst who was granted nothing yet.
func governed(t *testing.T) (s *harness.Server, admin, user *caller, lf *lakeformation.Client, name string) {
	t.Helper()
	s, admin = start(t)
	admin.lake()
	who := harness.Must(s.Admin(t.Context()))(t)
	lf = lakeformation.NewFromConfig(who.Config())
	role, err := who.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("lake"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lakeformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	_, err = who.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("lake"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}]}`)})
	must(t, err)
	_, err = lf.PutDataLakeSettings(t.Context(), &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &types.DataLakeSettings{
		DataLakeAdmins: []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &who.ARN}}, CreateDatabaseDefaultPermissions: []types.PrincipalPermissions{},
		CreateTableDefaultPermissions: []types.PrincipalPermissions{}}})
	must(t, err)
	_, err = lf.RegisterResource(t.Context(), &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake"), RoleArn: role.Role.Arn})
	must(t, err)
	for _, r := range []*types.Resource{{Database: &types.DatabaseResource{Name: aws.String("sales")}}, {Table: table}} {
		_, err = lf.RevokePermissions(t.Context(), &lakeformation.RevokePermissionsInput{Principal: everybody, Resource: r, Permissions: []types.Permission{"ALL"}})
		must(t, err)
	}
	u := harness.Must(s.User(t.Context(), s.Root(), "analyst", analyst))(t)
	return s, admin, as(t, u), lf, u.ARN
}

var (
	everybody = &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String("IAM_ALLOWED_PRINCIPALS")}
	table     = &types.TableResource{DatabaseName: aws.String("sales"), Name: aws.String("orders")}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRowsAndColumns(t *testing.T) {
	s, admin, user, lf, name := governed(t)
	account := strings.Split(name, ":")[4]
	user.fails("SELECT * FROM sales.orders", "Insufficient Lake Formation permission(s)")
	_, err := lf.CreateDataCellsFilter(t.Context(), &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{TableCatalogId: &account,
		DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: aws.String("german"),
		RowFilter: &types.RowFilter{FilterExpression: aws.String("country = 'DE'")}, ColumnNames: []string{"id", "country"}}})
	must(t, err)
	filter := &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &account, DatabaseName: aws.String("sales"),
		TableName: aws.String("orders"), Name: aws.String("german")}}
	grant := func(p string, r *types.Resource, permissions ...types.Permission) {
		t.Helper()
		_, err := lf.GrantPermissions(t.Context(), &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &p},
			Resource: r, Permissions: permissions})
		must(t, err)
	}
	grant(name, filter, "SELECT")
	user.gives("SELECT * FROM sales.orders ORDER BY id", "id|country", "1|DE", "3|DE")
	user.gives("SELECT count(*) AS n FROM sales.orders", "n", "2")
	user.gives("DESCRIBE sales.orders", "id                  \tbigint", "country             \tstring")
	user.gives("SELECT column_name FROM information_schema.columns WHERE table_schema = 'sales'", "column_name", "id", "country")
	user.fails("SELECT amount FROM sales.orders", "Column 'amount' cannot be resolved")
	user.fails("SELECT * FROM sales.orders WHERE amount > 1", "Column 'amount' cannot be resolved")
	user.fails("SELECT * FROM 's3://lake/orders/a.csv'", "line 1:15")
	user.fails("SELECT * FROM read_csv('s3://lake/orders/a.csv')", "")
	user.gives("SELECT id FROM sales.orders WHERE CAST(country AS varchar) <> 'DE' OR 1 / (CASE WHEN country = 'FR' THEN 0 ELSE 1 END) = 5", "id")
	if _, err := user.s3.GetObject(t.Context(), get("lake", "orders/a.csv")); err == nil {
		t.Error("the analyst reads the lake itself")
	}

	// Laundering: what is written is what could be read, and a view shows no more to who asks.
	if _, err := user.s3.CreateBucket(t.Context(), bucket("own")); err != nil {
		t.Fatal(err)
	}
	user.fails("CREATE TABLE sales.mine WITH (external_location = 's3://own/mine/') AS SELECT * FROM sales.orders", "")
	user.gives("UNLOAD (SELECT * FROM sales.orders ORDER BY id) TO 's3://own/out/' WITH (format = 'TEXTFILE', compression = 'NONE')")
	user.fails("UNLOAD (SELECT * FROM sales.orders) TO 's3://lake/out/' WITH (format = 'JSON')", "PERMISSION_DENIED")
	admin.gives("CREATE VIEW sales.everything AS SELECT * FROM sales.orders")
	grant(name, &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("sales"), Name: aws.String("everything")}}, "SELECT", "DESCRIBE")
	user.fails("SELECT amount FROM sales.everything", "")
	admin.gives("SELECT count(*) AS n FROM sales.everything", "n", "4")
	user.fails("INSERT INTO sales.orders VALUES (1, 'x', 2)", "Insufficient Lake Formation permission(s): Required Insert on orders")
	user.fails("ALTER TABLE sales.orders SET LOCATION 's3://own/'", "FAILED")
	user.fails("DROP TABLE sales.orders", "FAILED")

	// Somebody else's result is not given to who may not see it, and one's own ends with the grant.
	reuse := func(c *caller, sql string) *athenaTypes.QueryExecution {
		out, err := c.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{QueryString: &sql, ResultConfiguration: &athenaTypes.ResultConfiguration{
			OutputLocation: aws.String(output)}, ResultReuseConfiguration: &athenaTypes.ResultReuseConfiguration{
			ResultReuseByAgeConfiguration: &athenaTypes.ResultReuseByAgeConfiguration{Enabled: true}}})
		must(t, err)
		return c.wait(*out.QueryExecutionId)
	}
	const count = "SELECT count(*) FROM sales.orders"
	reuse(admin, count)
	if e := reuse(user, count); e.Statistics.ResultReuseInformation.ReusedPreviousResult {
		t.Error("the analyst was given the administrator's result")
	}
	if e := reuse(user, count); !e.Statistics.ResultReuseInformation.ReusedPreviousResult {
		t.Error("the analyst's own result is not given again")
	}
	_, err = lf.RevokePermissions(t.Context(), &lakeformation.RevokePermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &name},
		Resource: filter, Permissions: []types.Permission{"SELECT"}})
	must(t, err)
	if e := reuse(user, count); e.Status.State != athenaTypes.QueryExecutionStateFailed {
		t.Errorf("after the end of the grant: %+v", e.Status)
	}

	// Whom IAM doesn't let in a grant doesn't either.
	nobody := as(t, harness.Must(s.User(t.Context(), s.Root(), "nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`))(t))
	sql := "SELECT 1"
	_, err = nobody.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{QueryString: &sql})
	var refused interface{ ErrorCode() string }
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" {
		t.Errorf("nobody: %v", err)
	}
}

func TestPlainFiles(t *testing.T) {
	s, admin := start(t)
	admin.lake()
	u := as(t, harness.Must(s.User(t.Context(), s.Root(), "analyst", analyst))(t))
	u.fails("SELECT * FROM sales.orders", "Access denied when reading the data of table orders")
	lister := as(t, harness.Must(s.User(t.Context(), s.Root(), "lister", strings.Replace(analyst, `{"Effect":"Allow","Action":"s3:*"`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"},{"Effect":"Allow","Action":"s3:*"`, 1)))(t))
	lister.fails("SELECT * FROM sales.orders", "Access denied when reading the data of table orders")
	blind := as(t, harness.Must(s.User(t.Context(), s.Root(), "blind", strings.Replace(analyst, `"glue:*",`, "", 1)))(t))
	blind.fails("SELECT * FROM sales.orders", "glue:GetTable")
	poor := as(t, harness.Must(s.User(t.Context(), s.Root(), "poor", strings.Replace(harness.AllowAll, `"Action":"*"`, `"NotAction":"s3:PutObject"`, 1)))(t))
	poor.fails("SELECT * FROM sales.orders", "Access denied when writing output to url: s3://results/here/")
}

// TestSession has a query run with no more than the session that started it had.
func TestSession(t *testing.T) {
	s, admin := start(t)
	admin.lake()
	root := harness.Must(s.Admin(t.Context()))(t)
	role, err := root.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("all"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + root.Account + `"},"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	_, err = root.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("all"), PolicyName: aws.String("p"), PolicyDocument: aws.String(harness.AllowAll)})
	must(t, err)
	cut := as(t, harness.Must(s.Assume(t.Context(), root, *role.Role.Arn, "cut", analyst))(t))
	cut.gives("SELECT 1 AS a", "a", "1")
	cut.fails("SELECT * FROM sales.orders", "Access denied when reading the data of table orders")
	whole := as(t, harness.Must(s.Assume(t.Context(), root, *role.Role.Arn, "whole", ""))(t))
	whole.gives("SELECT count(*) AS n FROM sales.orders", "n", "4")
}
