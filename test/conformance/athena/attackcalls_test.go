package athena

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// call is an attack by one call whose answer must be an error.
func call[O any](what, want string, f func(context.Context, *intruder) (O, error)) attack {
	return attack{sql: what, want: want, do: func(i *intruder) (string, error) {
		out, err := f(context.Background(), i)
		return fmt.Sprintf("%+v", out), err
	}}
}

// callAttacks are those that are more than a statement.
var callAttacks = []attack{
	// Somebody else's query and its result.
	call("get the owner's rows", "!", func(ctx context.Context, i *intruder) (*athena.GetQueryResultsOutput, error) {
		return i.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &i.victim})
	}),
	call("get the owner's result", denied, func(_ context.Context, i *intruder) (string, error) { return i.body("results", i.victimResult) }),
	call("get the owner's metadata", denied, func(_ context.Context, i *intruder) (string, error) {
		return i.body("results", i.victimResult+".metadata")
	}),
	call("list the owner's results", denied, func(ctx context.Context, i *intruder) (*s3.ListObjectsV2Output, error) {
		return i.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("results")})
	}),
	call("get an object of the vault", denied, func(_ context.Context, i *intruder) (string, error) { return i.body("vault", "orders/region=eu/a.csv") }),
	call("copy an object of the vault", denied, func(ctx context.Context, i *intruder) (*s3.CopyObjectOutput, error) {
		return i.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &i.own, Key: aws.String("x"), CopySource: aws.String("vault/orders/region=eu/a.csv")})
	}),
	{sql: "put somebody else's result in the place of one's own", want: "11|DE", do: func(i *intruder) (string, error) {
		got, err := i.ask("SELECT id, country FROM {t} WHERE id < 12", func(in *athena.StartQueryExecutionInput) { in.ClientRequestToken = aws.String(strings.Repeat("a", 40)) })
		if err != nil {
			return got, err
		}
		return i.ask("SELECT id, country FROM {t} WHERE id < 12", func(in *athena.StartQueryExecutionInput) { in.ClientRequestToken = aws.String(strings.Repeat("a", 40)) })
	}},
	{sql: "reuse the owner's result", want: whole, do: func(i *intruder) (string, error) {
		return i.ask("SELECT * FROM {t} ORDER BY id", reusing)
	}},
	{sql: "reuse the owner's result of the same text", want: "2", do: func(i *intruder) (string, error) {
		return i.ask("SELECT count(*) FROM {t}", reusing)
	}},
	{sql: "write the result into the vault", want: denied, do: func(i *intruder) (string, error) {
		return i.ask("SELECT * FROM {t}", func(in *athena.StartQueryExecutionInput) {
			in.ResultConfiguration.OutputLocation = aws.String("s3://vault/orders/region=eu/")
		})
	}},
	{sql: "write the result among the owner's", want: denied, do: func(i *intruder) (string, error) {
		return i.ask("SELECT * FROM {t}", func(in *athena.StartQueryExecutionInput) {
			in.ResultConfiguration.OutputLocation = aws.String("s3://results/")
		})
	}},
	{sql: "another workgroup", want: "!not authorized", do: func(i *intruder) (string, error) {
		return i.ask("SELECT 1", func(in *athena.StartQueryExecutionInput) { in.WorkGroup = aws.String("closed") })
	}},
	call("make a workgroup", "!not authorized", func(ctx context.Context, i *intruder) (*athena.CreateWorkGroupOutput, error) {
		return i.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: aws.String("mine")})
	}),
	{sql: "parameters that are expressions", want: "!is not a constant", do: func(i *intruder) (string, error) {
		return i.ask("SELECT count(*) FROM {t} WHERE country = ?", func(in *athena.StartQueryExecutionInput) {
			in.ExecutionParameters = []string{"'x' OR EXISTS (SELECT card FROM secret.orders)"}
		})
	}},
	{sql: "a catalog that is the owner's", want: "2", do: func(i *intruder) (string, error) {
		_, err := i.CreateDataCatalog(context.Background(), &athena.CreateDataCatalogInput{Name: aws.String("theirs" + i.own), Type: athenatypes.DataCatalogTypeGlue,
			Parameters: map[string]string{"catalog-id": i.producer}})
		if err != nil {
			return "", err
		}
		return i.ask("SELECT count(*) FROM theirs{own}.secret.orders")
	}},

	// Statistics, plans and prices.
	{sql: "what is scanned depends on hidden rows", want: "same", do: func(i *intruder) (string, error) {
		return same(i, scanned, "SELECT count(*) FROM {t}", "SELECT count(*) FROM {t} WHERE region = 'us'", "SELECT count(*) FROM {t} WHERE id > 9000",
			"SELECT id FROM {t} WHERE country = 'FR' LIMIT 1", "SELECT note FROM {t} WHERE region <> 'eu'")
	}},
	{sql: "what is scanned tells of other partitions", want: fmt.Sprint(len(vault["orders/region=eu/a.csv"]) + len(vault["orders/region=eu/b.csv"])),
		do: func(i *intruder) (string, error) { return scanned(i, "SELECT * FROM {t}") }},
	{sql: "rows that were read", want: "2", do: func(i *intruder) (string, error) {
		out, err := i.StartQueryExecution(context.Background(), &athena.StartQueryExecutionInput{QueryString: aws.String(i.fill("SELECT * FROM {t}")),
			ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + i.own + "/results/")}})
		if err != nil {
			return "", err
		}
		i.wait(*out.QueryExecutionId)
		got, err := i.GetQueryRuntimeStatistics(context.Background(), &athena.GetQueryRuntimeStatisticsInput{QueryExecutionId: out.QueryExecutionId})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(*got.QueryRuntimeStatistics.Rows.InputRows), nil
	}},
	{sql: "EXPLAIN of what is hidden and what is nowhere", want: "same", do: func(i *intruder) (string, error) {
		return same(i, (*intruder).plain, "EXPLAIN SELECT id FROM {t} WHERE country = 'XX'", "EXPLAIN SELECT id FROM {t} WHERE country = 'FR'")
	}},
	{sql: "EXPLAIN ANALYZE of what is hidden and what is nowhere", want: "same", do: func(i *intruder) (string, error) {
		return same(i, (*intruder).plain, "EXPLAIN ANALYZE SELECT id FROM {t} WHERE region = 'jp'", "EXPLAIN ANALYZE SELECT id FROM {t} WHERE region = 'xx'")
	}},
	{sql: "statistics of columns", want: "none", do: func(i *intruder) (string, error) {
		out, err := i.glue.GetColumnStatisticsForTable(context.Background(), &glue.GetColumnStatisticsForTableInput{CatalogId: &i.producer, DatabaseName: aws.String("secret"),
			TableName: aws.String("orders"), ColumnNames: []string{"id", "card"}})
		if err != nil || len(out.ColumnStatisticsList) > 0 {
			return fmt.Sprintf("%+v", out), err
		}
		return "none", nil
	}},

	// The catalog, asked directly.
	{sql: "GetTableMetadata", want: "id country amount note region", do: func(i *intruder) (string, error) {
		database, table, _ := strings.Cut(i.orders, ".")
		out, err := i.GetTableMetadata(context.Background(), &athena.GetTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: &database, TableName: &table})
		if err != nil {
			return "", err
		}
		var names []string
		for _, c := range append(out.TableMetadata.Columns, out.TableMetadata.PartitionKeys...) {
			names = append(names, *c.Name)
		}
		return strings.Join(names, " "), nil
	}},
	call("GetTableMetadata of what is closed", "!", func(ctx context.Context, i *intruder) (*athena.GetTableMetadataOutput, error) {
		return i.GetTableMetadata(ctx, &athena.GetTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("secret"), TableName: aws.String("closed")})
	}),
	call("GetUnfilteredTableMetadata", "!", func(ctx context.Context, i *intruder) (*glue.GetUnfilteredTableMetadataOutput, error) {
		return i.glue.GetUnfilteredTableMetadata(ctx, &glue.GetUnfilteredTableMetadataInput{CatalogId: &i.producer, DatabaseName: aws.String("secret"), Name: aws.String("orders"),
			SupportedPermissionTypes: []gluetypes.PermissionType{gluetypes.PermissionTypeColumnPermission, gluetypes.PermissionTypeCellFilterPermission}})
	}),
	{sql: "a link of one's own", want: whole, do: func(i *intruder) (string, error) {
		_, err := i.glue.CreateTable(context.Background(), &glue.CreateTableInput{DatabaseName: &i.own, TableInput: &gluetypes.TableInput{Name: aws.String("link"),
			TargetTable: &gluetypes.TableIdentifier{CatalogId: &i.producer, DatabaseName: aws.String("secret"), Name: aws.String("orders")}}})
		if err != nil {
			return "", err
		}
		return i.ask("SELECT * FROM {own}.link ORDER BY id")
	}},
	{sql: "a link to what is closed", want: "!", do: func(i *intruder) (string, error) {
		_, err := i.glue.CreateTable(context.Background(), &glue.CreateTableInput{DatabaseName: &i.own, TableInput: &gluetypes.TableInput{Name: aws.String("closedlink"),
			TargetTable: &gluetypes.TableIdentifier{CatalogId: &i.producer, DatabaseName: aws.String("secret"), Name: aws.String("closed")}}})
		if err != nil {
			return "", err
		}
		return i.ask("SELECT * FROM {own}.closedlink")
	}},
	{sql: "a view that says whose it is", want: noColumn, do: func(i *intruder) (string, error) {
		return forged(i, "cards", `{"originalSql":"SELECT card FROM `+i.orders+`","catalog":"awsdatacatalog","schema":"secret","owner":"`+i.producer+
			`","runAsInvoker":false,"columns":[{"name":"card","type":"varchar"}]}`)
	}},
	{sql: "a view of a file", want: "!", do: func(i *intruder) (string, error) {
		return forged(i, "file", `{"originalSql":"SELECT * FROM read_csv('s3://vault/orders/region=eu/a.csv')","catalog":"awsdatacatalog","schema":"secret",
			"columns":[{"name":"a","type":"varchar"}]}`)
	}},
	{sql: "a table of Iceberg whose metadata is the vault's", want: "!", do: func(i *intruder) (string, error) {
		_, err := i.glue.CreateTable(context.Background(), &glue.CreateTableInput{DatabaseName: &i.own, TableInput: &gluetypes.TableInput{Name: aws.String("ice"),
			TableType: aws.String("EXTERNAL_TABLE"), Parameters: map[string]string{"table_type": "ICEBERG", "metadata_location": "s3://vault/orders/region=eu/a.csv"},
			StorageDescriptor: &gluetypes.StorageDescriptor{Location: aws.String("s3://" + i.own + "/ice/"), Columns: []gluetypes.Column{{Name: aws.String("a"), Type: aws.String("string")}}}}})
		if err != nil {
			return "", err
		}
		return i.ask("SELECT * FROM {own}.ice")
	}},

	// Credentials and rights.
	call("credentials for the table", "!", func(ctx context.Context, i *intruder) (*lakeformation.GetTemporaryGlueTableCredentialsOutput, error) {
		return i.lf.GetTemporaryGlueTableCredentials(ctx, &lakeformation.GetTemporaryGlueTableCredentialsInput{
			TableArn:    aws.String("arn:aws:glue:us-east-1:" + i.producer + ":table/secret/orders"),
			Permissions: []types.Permission{types.PermissionSelect}, SupportedPermissionTypes: []types.PermissionType{types.PermissionTypeColumnPermission}})
	}),
	call("credentials for the location", "!", func(ctx context.Context, i *intruder) (*lakeformation.GetTemporaryDataLocationCredentialsOutput, error) {
		return i.lf.GetTemporaryDataLocationCredentials(ctx, &lakeformation.GetTemporaryDataLocationCredentialsInput{DataLocations: []string{"s3://vault/orders/"}})
	}),
	call("the keeper's role", "!not authorized", func(ctx context.Context, i *intruder) (*sts.AssumeRoleOutput, error) {
		return i.who.STS().AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &i.keeper, RoleSessionName: aws.String("intruder")})
	}),
	call("a grant to oneself", "!", func(ctx context.Context, i *intruder) (*lakeformation.GrantPermissionsOutput, error) {
		return i.lf.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &i.who.ARN},
			Resource: &types.Resource{Table: &types.TableResource{CatalogId: &i.producer, DatabaseName: aws.String("secret"), Name: aws.String("orders")}}, Permissions: []types.Permission{types.PermissionSelect}})
	}),
	call("a wider filter", "!", func(ctx context.Context, i *intruder) (*lakeformation.UpdateDataCellsFilterOutput, error) {
		return i.lf.UpdateDataCellsFilter(ctx, &lakeformation.UpdateDataCellsFilterInput{TableData: &types.DataCellsFilter{TableCatalogId: &i.producer, DatabaseName: aws.String("secret"),
			TableName: aws.String("orders"), Name: aws.String("german"), RowFilter: &types.RowFilter{AllRowsWildcard: &types.AllRowsWildcard{}}, ColumnWildcard: &types.ColumnWildcard{}}})
	}),
}

func reusing(in *athena.StartQueryExecutionInput) {
	in.ResultReuseConfiguration = &athenatypes.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &athenatypes.ResultReuseByAgeConfiguration{Enabled: true}}
}

// plain is ask without changes.
func (i *intruder) plain(text string) (string, error) { return i.ask(text) }

// scanned is how many bytes a query is said to have read.
func scanned(i *intruder, text string) (string, error) {
	out, err := i.StartQueryExecution(context.Background(), &athena.StartQueryExecutionInput{QueryString: aws.String(i.fill(text)),
		ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + i.own + "/results/")}})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(aws.ToInt64(i.wait(*out.QueryExecutionId).Statistics.DataScannedInBytes)), nil
}

// same tells whether questions have the same answer: "same", or the answers.
func same(i *intruder, ask func(*intruder, string) (string, error), texts ...string) (string, error) {
	var answers []string
	equal := true
	for _, text := range texts {
		got, err := ask(i, text)
		if err != nil {
			return "", err
		}
		answers = append(answers, got)
		equal = equal && got == answers[0]
	}
	if equal {
		return "same", nil
	}
	return strings.Join(answers, " / "), nil
}

// forged puts a view of the intruder's writing into the catalog and asks it.
func forged(i *intruder, name, definition string) (string, error) {
	text := "/* Presto View: " + base64.StdEncoding.EncodeToString([]byte(definition)) + " */"
	_, err := i.glue.CreateTable(context.Background(), &glue.CreateTableInput{DatabaseName: &i.own, TableInput: &gluetypes.TableInput{Name: &name,
		TableType: aws.String("VIRTUAL_VIEW"), ViewOriginalText: &text, ViewExpandedText: aws.String("/* Presto View */"), Owner: aws.String("admin"),
		Parameters: map[string]string{"presto_view": "true"}, StorageDescriptor: &gluetypes.StorageDescriptor{Columns: []gluetypes.Column{{Name: aws.String("card"), Type: aws.String("string")}}}}})
	if err != nil {
		return "", err
	}
	return i.ask("SELECT * FROM {own}." + name)
}
