package athena

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// TestIcebergRights has Lake Formation's cuts hold for tables of Iceberg, in the present and the past.
func TestIcebergRights(t *testing.T) {
	_, admin, user, lf, name := governed(t)
	account := strings.Split(name, ":")[4]
	settings, err := lf.GetDataLakeSettings(t.Context(), &lakeformation.GetDataLakeSettingsInput{})
	must(t, err)
	administrator := *settings.DataLakeSettings.DataLakeAdmins[0].DataLakePrincipalIdentifier
	grant := func(who string, r *types.Resource, permissions ...types.Permission) {
		t.Helper()
		_, err := lf.GrantPermissions(t.Context(), &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &who},
			Resource: r, Permissions: permissions})
		must(t, err)
	}
	table := func(name string) *types.Resource {
		return &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("ice"), Name: &name}}
	}
	grant(administrator, &types.Resource{DataLocation: &types.DataLocationResource{ResourceArn: aws.String("arn:aws:s3:::lake")}}, "DATA_LOCATION_ACCESS")
	admin.ice("t")
	first := admin.run(`SELECT snapshot_id FROM ice."t$snapshots"`)[1]
	admin.gives("UPDATE ice.t SET country = 'DE' WHERE id = 2")
	admin.gives("ALTER TABLE ice.t CHANGE COLUMN tags secret array<string>")
	admin.gives("ALTER TABLE ice.t ADD COLUMNS (tags string)") // what had this name before stays hidden
	user.fails("SELECT * FROM ice.t", "Insufficient Lake Formation permission(s)")
	_, err = lf.CreateDataCellsFilter(t.Context(), &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{TableCatalogId: &account,
		DatabaseName: aws.String("ice"), TableName: aws.String("t"), Name: aws.String("german"),
		RowFilter: &types.RowFilter{FilterExpression: aws.String("country = 'DE'")}, ColumnNames: []string{"id", "country", "tags"}}})
	must(t, err)
	grant(name, &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &account, DatabaseName: aws.String("ice"),
		TableName: aws.String("t"), Name: aws.String("german")}}, "SELECT")
	for range 2 { // the second time from what was kept
		user.gives("SELECT * FROM ice.t ORDER BY id", "id|country|tags", "1|DE|~", "2|DE|~", "3|DE|~")
		user.gives("SELECT * FROM ice.t FOR VERSION AS OF "+first+" ORDER BY id", "id|country|tags", "1|DE|~", "3|DE|~")
	}
	user.gives("SELECT count(*) AS n FROM ice.t WHERE country = 'FR'", "n", "0")
	user.fails("SELECT amount FROM ice.t", "Column 'amount' cannot be resolved")
	user.fails("SELECT amount FROM ice.t FOR VERSION AS OF "+first, "Column 'amount' cannot be resolved")
	for _, view := range []string{"files", "snapshots", "history", "partitions", "manifests", "refs"} {
		user.fails(`SELECT * FROM ice."t$`+view+`"`, "only for those who may read all")
	}
	user.fails(`SELECT * FROM "$iceberg"."target"`, "does not exist")
	user.fails("INSERT INTO ice.t (id) VALUES (1)", "Required Insert")
	user.fails("DELETE FROM ice.t WHERE id = 1", "Required Delete")
	grant(name, table("t"), "INSERT", "DELETE", "ALTER", "DESCRIBE")
	user.fails("DELETE FROM ice.t WHERE id = 1", "only by those who may read all")
	user.fails("UPDATE ice.t SET id = 1", "only by those who may read all")
	user.fails("MERGE INTO ice.t a USING (VALUES 1) AS b(id) ON a.id = b.id WHEN MATCHED THEN DELETE", "only by those who may read all")
	user.gives("INSERT INTO ice.t (id, country) VALUES (9, 'DE')")
	user.gives("SELECT id FROM ice.t WHERE id = 9", "id", "9")
	admin.gives("SELECT count(*) AS n, count(amount) AS a FROM ice.t", "n|a", "4|3")

	// Who may change one table can't have another's files read, or removed, through it.
	admin.ice("own")
	grant(name, table("own"), "ALL")
	user.gives("SELECT count(*) AS n FROM ice.own", "n", "3")
	found, err := admin.glue.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("ice"), Name: aws.String("t")})
	must(t, err)
	own, err := user.glue.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("ice"), Name: aws.String("own")})
	must(t, err)
	_, err = user.glue.UpdateTable(t.Context(), &glue.UpdateTableInput{DatabaseName: aws.String("ice"), TableInput: &glueTypes.TableInput{Name: aws.String("own"),
		TableType: own.Table.TableType, StorageDescriptor: own.Table.StorageDescriptor, Parameters: map[string]string{"table_type": "ICEBERG",
			"metadata_location": found.Table.Parameters["metadata_location"]}}})
	must(t, err)
	user.fails("SELECT * FROM ice.own", "lies outside of the location of the table")
	user.gives("DROP TABLE ice.own")
	admin.gives("SELECT count(*) AS n FROM ice.t", "n", "4")
}
