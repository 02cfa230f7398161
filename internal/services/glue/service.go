package glue

import (
	"log/slog"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Ledger    *governance.Ledger
	Catalog   *catalog.Directory
	Jobs      *jobs.Runner
	Clients   func(p authz.Principal, region string) aws.Config // AWS clients within the server
	Engine    sql.Engine                                        // answers SQL over the tables of the catalog
	Lake      *lake.Lake
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is Glue.
type Service struct {
	Config
	policies    policies
	tags        *store.Held[map[string]string] // key: tagKey
	connections *store.Table[connection]       // key: connectionKey
	settings    *store.Table[types.DataCatalogEncryptionSettings]
	tagged      map[string]func(tx *store.Tx, k store.Key) error // by kind of further resources: finds out whether one is there
	quality     quality
	crawlers    crawlers
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	s := &Service{Config: c, tagged: map[string]func(*store.Tx, store.Key) error{},
		connections: store.NewTable[connection](c.Store, "glue_connection"),
		settings:    store.NewTable[types.DataCatalogEncryptionSettings](c.Store, "glue_encryption")}
	s.openPolicies()
	s.openQuality()
	s.openCrawlers()
	s.defineJobs()
	s.definePartitionJobs()
	s.defineStatisticsJob()
	s.defineScheduleJob()
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "glue" }

// Codec tells the wire layer the unions of the API.
func (*Service) Codec() []codec.Option { return []codec.Option{codec.Unions(unions()...)} }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return append(wire.Ops{
		wire.Op(s.BatchCreatePartition, wire.On(s.batchCreatePartitionTargets)),
		wire.Op(s.BatchDeleteConnection, wire.On(s.batchDeleteConnectionTargets)),
		wire.Op(s.BatchDeletePartition, wire.On(s.batchDeletePartitionTargets)),
		wire.Op(s.BatchDeleteTable, wire.On(s.batchDeleteTableTargets)),
		wire.Op(s.BatchDeleteTableVersion, wire.On(s.batchDeleteTableVersionTargets)),
		wire.Op(s.BatchGetPartition, wire.On(s.batchGetPartitionTargets)),
		wire.Op(s.BatchUpdatePartition, wire.On(s.batchUpdatePartitionTargets)),
		wire.Op(s.CreateCatalog, wire.On(s.createCatalogTargets)),
		wire.Op(s.CreateColumnStatisticsTaskSettings, wire.On(s.createColumnStatisticsTaskSettingsTargets)),
		wire.Op(s.CreateConnection, wire.On(s.createConnectionTargets)),
		wire.Op(s.CreateDatabase, wire.On(s.createDatabaseTargets)),
		wire.Op(s.CreatePartition, wire.On(s.createPartitionTargets)),
		wire.Op(s.CreatePartitionIndex, wire.On(s.createPartitionIndexTargets)),
		wire.Op(s.CreateTable, wire.On(s.createTableTargets)),
		wire.Op(s.CreateUserDefinedFunction, wire.On(s.createUserDefinedFunctionTargets)),
		wire.Op(s.DeleteCatalog, wire.On(s.deleteCatalogTargets)),
		wire.Op(s.DeleteColumnStatisticsForPartition, wire.On(s.deleteColumnStatisticsForPartitionTargets)),
		wire.Op(s.DeleteColumnStatisticsForTable, wire.On(s.deleteColumnStatisticsForTableTargets)),
		wire.Op(s.DeleteColumnStatisticsTaskSettings, wire.On(s.deleteColumnStatisticsTaskSettingsTargets)),
		wire.Op(s.DeleteConnection, wire.On(s.deleteConnectionTargets)),
		wire.Op(s.DeleteDatabase, wire.On(s.deleteDatabaseTargets)),
		wire.Op(s.DeletePartition, wire.On(s.deletePartitionTargets)),
		wire.Op(s.DeletePartitionIndex, wire.On(s.deletePartitionIndexTargets)),
		wire.Op(s.DeleteResourcePolicy, wire.On(s.deleteResourcePolicyTargets)),
		wire.Op(s.DeleteTable, wire.On(s.deleteTableTargets)),
		wire.Op(s.DeleteTableVersion, wire.On(s.deleteTableVersionTargets)),
		wire.Op(s.DeleteUserDefinedFunction, wire.On(s.deleteUserDefinedFunctionTargets)),
		wire.Op(s.GetCatalog, wire.On(s.getCatalogTargets)),
		wire.Op(s.GetCatalogImportStatus, wire.On(s.getCatalogImportStatusTargets)),
		wire.Op(s.GetCatalogs, wire.On(s.getCatalogsTargets)),
		wire.Op(s.GetColumnStatisticsForPartition, wire.On(s.getColumnStatisticsForPartitionTargets)),
		wire.Op(s.GetColumnStatisticsForTable, wire.On(s.getColumnStatisticsForTableTargets)),
		wire.Op(s.GetColumnStatisticsTaskRun),
		wire.Op(s.GetColumnStatisticsTaskRuns, wire.On(s.getColumnStatisticsTaskRunsTargets)),
		wire.Op(s.GetColumnStatisticsTaskSettings, wire.On(s.getColumnStatisticsTaskSettingsTargets)),
		wire.Op(s.GetConnection, wire.On(s.getConnectionTargets)),
		wire.Op(s.GetConnections, wire.On(s.getConnectionsTargets)),
		wire.Op(s.GetDataCatalogEncryptionSettings, wire.On(s.getDataCatalogEncryptionSettingsTargets)),
		wire.Op(s.GetDatabase, wire.On(s.getDatabaseTargets)),
		wire.Op(s.GetDatabases, wire.On(s.getDatabasesTargets)),
		wire.Op(s.GetPartition, wire.On(s.getPartitionTargets)),
		wire.Op(s.GetPartitionIndexes, wire.On(s.getPartitionIndexesTargets)),
		wire.Op(s.GetPartitions, wire.On(s.getPartitionsTargets)),
		wire.Op(s.GetResourcePolicies, wire.On(s.getResourcePoliciesTargets)),
		wire.Op(s.GetResourcePolicy, wire.On(s.getResourcePolicyTargets)),
		wire.Op(s.GetTable, wire.On(s.getTableTargets)),
		wire.Op(s.GetTableVersion, wire.On(s.getTableVersionTargets)),
		wire.Op(s.GetTableVersions, wire.On(s.getTableVersionsTargets)),
		wire.Op(s.GetTables, wire.On(s.getTablesTargets)),
		wire.Op(s.GetTags, wire.On(s.getTagsTargets)),
		wire.Op(s.GetUnfilteredPartitionMetadata, wire.On(s.getUnfilteredPartitionMetadataTargets)),
		wire.Op(s.GetUnfilteredPartitionsMetadata, wire.On(s.getUnfilteredPartitionsMetadataTargets)),
		wire.Op(s.GetUnfilteredTableMetadata, wire.On(s.getUnfilteredTableMetadataTargets)),
		wire.Op(s.GetUserDefinedFunction, wire.On(s.getUserDefinedFunctionTargets)),
		wire.Op(s.GetUserDefinedFunctions, wire.On(s.getUserDefinedFunctionsTargets)),
		wire.Op(s.ListColumnStatisticsTaskRuns),
		wire.Op(s.PutDataCatalogEncryptionSettings, wire.On(s.putDataCatalogEncryptionSettingsTargets)),
		wire.Op(s.PutResourcePolicy, wire.On(s.putResourcePolicyTargets)),
		wire.Op(s.SearchTables, wire.On(s.searchTablesTargets)),
		wire.Op(s.StartColumnStatisticsTaskRun, wire.On(s.startColumnStatisticsTaskRunTargets)),
		wire.Op(s.StartColumnStatisticsTaskRunSchedule, wire.On(s.startColumnStatisticsTaskRunScheduleTargets)),
		wire.Op(s.StopColumnStatisticsTaskRun, wire.On(s.stopColumnStatisticsTaskRunTargets)),
		wire.Op(s.StopColumnStatisticsTaskRunSchedule, wire.On(s.stopColumnStatisticsTaskRunScheduleTargets)),
		wire.Op(s.TagResource, wire.On(s.tagResourceTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagResourceTargets)),
		wire.Op(s.UpdateCatalog, wire.On(s.updateCatalogTargets)),
		wire.Op(s.UpdateColumnStatisticsForPartition, wire.On(s.updateColumnStatisticsForPartitionTargets)),
		wire.Op(s.UpdateColumnStatisticsForTable, wire.On(s.updateColumnStatisticsForTableTargets)),
		wire.Op(s.UpdateColumnStatisticsTaskSettings, wire.On(s.updateColumnStatisticsTaskSettingsTargets)),
		wire.Op(s.UpdateConnection, wire.On(s.updateConnectionTargets)),
		wire.Op(s.UpdateDatabase, wire.On(s.updateDatabaseTargets)),
		wire.Op(s.UpdatePartition, wire.On(s.updatePartitionTargets)),
		wire.Op(s.UpdateTable, wire.On(s.updateTableTargets)),
		wire.Op(s.UpdateUserDefinedFunction, wire.On(s.updateUserDefinedFunctionTargets)),
	}, append(s.qualityOps(), s.crawlerOps()...)...)
}
