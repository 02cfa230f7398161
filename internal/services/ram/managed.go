package ram

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/sharing"
)

// awsPermission is a permission that AWS manages. What the names say is what is allowed; AWS publishes names and versions, not
// the lists of actions.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/cross-account-notes.html
type awsPermission struct {
	name, of string
	version  int
	actions  []string
	created  time.Time
}

var (
	readDatabase  = []string{"glue:GetDatabase", "glue:GetDatabases"}
	readTable     = []string{"glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:GetTableVersion", "glue:GetTableVersions", "glue:BatchGetPartition", "glue:SearchTables"}
	writeDatabase = append([]string{"glue:CreateTable", "glue:DeleteDatabase", "glue:UpdateDatabase"}, readDatabase...)
	writeTable    = append([]string{"glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:CreatePartition", "glue:DeletePartition", "glue:DeleteTable",
		"glue:UpdatePartition", "glue:UpdateTable"}, readTable...)
	readAll = append(slices.Clone(readDatabase), readTable...)
)

func awsPermissions() []awsPermission {
	first := time.Date(2022, 6, 30, 17, 4, 3, 0, time.UTC)
	second := time.Date(2022, 10, 27, 14, 19, 43, 0, time.UTC)
	third := time.Date(2023, 6, 27, 17, 5, 24, 0, time.UTC)
	return []awsPermission{
		{"AWSRAMDefaultPermissionGlueCatalog", "glue:Catalog", 1, readAll, first},
		{"AWSRAMPermissionGlueAllTablesReadWriteForCatalog", "glue:Catalog", 3, writeTable, second},
		{"AWSRAMPermissionGlueDatabaseReadWriteForCatalog", "glue:Catalog", 3, writeDatabase, second},
		{"AWSRAMPermissionGlueTableReadWriteForCatalog", "glue:Catalog", 3, writeTable, second},
		{"AWSRAMPermissionLFTagGlueDatabaseReadWriteForCatalog", "glue:Catalog", 1, writeDatabase, second},
		{"AWSRAMPermissionLFTagGlueTableReadWriteForCatalog", "glue:Catalog", 1, writeTable, second},
		{"AWSRAMDefaultPermissionGlueDatabase", "glue:Database", 1, readAll, first},
		{"AWSRAMLFEnabledGlueAllTablesReadWriteForDatabase", "glue:Database", 1, writeTable, third},
		{"AWSRAMLFEnabledGlueDatabaseReadWrite", "glue:Database", 1, writeDatabase, third},
		{"AWSRAMPermissionGlueAllTablesReadWriteForDatabase", "glue:Database", 3, writeTable, second},
		{"AWSRAMPermissionGlueDatabaseReadWrite", "glue:Database", 3, writeDatabase, second},
		{"AWSRAMPermissionGlueTableReadWriteForDatabase", "glue:Database", 3, writeTable, second},
		{"AWSRAMPermissionLFTagGlueDatabaseReadWrite", "glue:Database", 1, writeDatabase, second},
		{"AWSRAMPermissionLFTagGlueTableReadWriteForDatabase", "glue:Database", 1, writeTable, second},
		{"AWSRAMDefaultPermissionGlueTable", "glue:Table", 1, readTable, first},
		{"AWSRAMLFEnabledGlueDatabaseReadWriteForTable", "glue:Table", 1, writeDatabase, third},
		{"AWSRAMLFEnabledGlueTableReadWrite", "glue:Table", 1, writeTable, third},
		{"AWSRAMPermissionGlueDatabaseReadWriteForTable", "glue:Table", 2, writeDatabase, first},
		{"AWSRAMPermissionGlueTableReadWrite", "glue:Table", 2, writeTable, first},
		{"AWSRAMPermissionLFTagGlueDatabaseReadWriteForTable", "glue:Table", 1, writeDatabase, second},
		{"AWSRAMPermissionLFTagGlueTableReadWrite", "glue:Table", 1, writeTable, second},
	}
}

func (p awsPermission) permission() permission {
	policy, _ := json.Marshal(struct{ Effect, Action any }{"Allow", p.actions}) // strings always encode
	return permission{Account: awsAccount, Name: p.name, Type: p.of, Default: p.version, Created: p.created, Updated: p.created,
		Versions: []version{{p.version, string(policy), p.created}}, first: strings.HasPrefix(p.name, "AWSRAMDefault")}
}

func awsManagedAll() []permission {
	var out []permission
	for _, p := range awsPermissions() {
		out = append(out, p.permission())
	}
	return out
}

// awsManaged finds a permission of AWS by its ARN.
func awsManaged(name string) (permission, bool) {
	for _, p := range awsPermissions() {
		if sharing.ManagedARN(p.name) == name {
			return p.permission(), true
		}
	}
	return permission{}, false
}
