// Package catalog is the state of every account's data catalog: databases, tables, their versions and partitions. The glue
// service writes it; Lake Formation reads what it grants on.
//
// Names are kept in lower case, as Hive has them. Whatever belongs to a table (versions, partitions, statistics) is kept
// under the table's own id, so that a table that is dropped and made again begins anew.
package catalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// ByLocation is the index of databases and tables by the path ("bucket/prefix") of their data.
const ByLocation = "location"

// Directory holds the catalogs of all accounts. Its tables are open to the glue service.
type Directory struct {
	Catalogs  *store.Table[Catalog]  // within accounts; key: the account's, under the catalog's name
	Databases *store.Table[Database] // key: Key; index: ByLocation
	Tables    *store.Watched[Table]  // key: Key; index: ByLocation
	Versions  *store.Table[Version]  // key: VersionKey

	Partitions *Partitions
	Statistics *Statistics
	Indexes    *store.Table[Index]              // key: IndexKey
	Functions  *store.Table[Function]           // key: FunctionKey
	Runs       *store.Table[StatisticsRun]      // key: RunKey; index: ByTable
	Settings   *store.Table[StatisticsSettings] // key: SettingsKey

	image  *store.Image
	scopes map[scope]*shelf
}

// New opens the catalogs in st.
func New(st *store.Store) *Directory {
	d := &Directory{image: store.NewImage(st), scopes: map[scope]*shelf{}, Versions: store.NewTable[Version](st, "glue_tableversion"),
		Catalogs:   store.NewTable[Catalog](st, "glue_catalog"),
		Partitions: newPartitions(st),
		Statistics: newStatistics(st),
		Indexes:    store.NewTable[Index](st, "glue_partition_index"),
		Functions:  store.NewTable[Function](st, "glue_function"),
		Runs:       runsOf(st),
		Settings:   store.NewTable[StatisticsSettings](st, "glue_statistics_settings"),
		Databases: store.NewTable[Database](st, "glue_database", store.Index[Database]{Name: ByLocation, Value: func(d Database) []string {
			return paths(d.LocationUri)
		}}),
	}
	d.Tables = store.Watch(d.image, store.NewTable[Table](st, "glue_table", store.Index[Table]{Name: ByLocation, Value: func(t Table) []string {
		if t.StorageDescriptor == nil {
			return nil
		}
		return paths(t.StorageDescriptor.Location)
	}}), d.digest, func() { clear(d.scopes) })
	return d
}

func paths(location *string) []string {
	if p, ok := governance.PathOf(aws.ToString(location)); ok {
		return []string{p}
	}
	return nil
}

// Catalog is a catalog within an account's own.
type Catalog struct {
	types.Catalog
}

// Database is a database, or a link to one.
type Database struct {
	types.Database
	Creator string // ARN of who made it
}

// Table is a table, a view or a link to a table.
type Table struct {
	types.Table
	ID          string // of this table and no other of the same name
	LastVersion int    // number of the version that was made last
}

// Version is a table as it was before it was changed.
type Version struct {
	types.Table
}

// VersionKey is where a version is kept: under the id of its table, in order of number.
func VersionKey(k store.Key, table string, version int) store.Key {
	return store.Key{Account: k.Account, Region: k.Region, ID: fmt.Sprintf("%s%s%010d", table, governance.Separator, version)}
}

// Of selects what is kept under the id of a table: versions, partitions, statistics.
func Of(k store.Key, table string) store.Range {
	return store.Range{Account: k.Account, Region: k.Region, Prefix: table + governance.Separator}
}

// MarshalJSON leaves out what is not set: most of the API's members never are.
func (d Database) MarshalJSON() ([]byte, error) {
	type plain Database
	return Compact(json.Marshal(plain(d)))
}

// MarshalJSON leaves out what is not set.
func (t Table) MarshalJSON() ([]byte, error) {
	type plain Table
	return Compact(json.Marshal(plain(t)))
}

// MarshalJSON leaves out what is not set.
func (v Version) MarshalJSON() ([]byte, error) {
	type plain Version
	return Compact(json.Marshal(plain(v)))
}

// Key is where a database or table is kept: in the region, of its catalog's account, under catalog, database and table.
func Key(region string, r governance.Resource) store.Key {
	_, nested, _ := strings.Cut(r.Catalog, ":")
	id := nested + governance.Separator + r.Database
	if r.Kind == governance.Table {
		id += governance.Separator + r.Table
	}
	return store.Key{Account: r.Account(), Region: region, ID: id}
}

// Within selects the tables of a database.
func Within(region string, r governance.Resource) store.Range {
	r.Kind, r.Table = governance.Table, ""
	k := Key(region, r)
	return store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID}
}

// Database reads a database, or returns store.ErrNotFound.
func (d *Directory) Database(tx *store.Tx, region string, r governance.Resource) (Database, error) {
	r.Kind = governance.Database
	return d.Databases.Get(tx, Key(region, r))
}

// Table reads a table, or returns store.ErrNotFound.
func (d *Directory) Table(tx *store.Tx, region string, r governance.Resource) (Table, error) {
	r.Kind = governance.Table
	return d.Tables.Get(tx, Key(region, r))
}

// Resource names the database.
func (d Database) Resource() governance.Resource {
	return governance.Resource{Kind: governance.Database, Catalog: aws.ToString(d.CatalogId), Database: aws.ToString(d.Name)}
}

// Resource names the table.
func (t Table) Resource() governance.Resource {
	return governance.Resource{Kind: governance.Table, Catalog: aws.ToString(t.CatalogId), Database: aws.ToString(t.DatabaseName),
		Table: aws.ToString(t.Name)}
}

// Location is the path ("bucket/prefix") of the table's data, "" when it has none in S3.
func (t Table) Location() string {
	if t.StorageDescriptor == nil {
		return ""
	}
	p, _ := governance.PathOf(aws.ToString(t.StorageDescriptor.Location))
	return p
}

// Columns are the table's columns, with the partition keys behind them.
func (t Table) Columns() []types.Column {
	if t.StorageDescriptor == nil {
		return t.PartitionKeys
	}
	return append(t.StorageDescriptor.Columns[:len(t.StorageDescriptor.Columns):len(t.StorageDescriptor.Columns)], t.PartitionKeys...)
}
