package athena

import (
	"context"
	"sync"

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
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Ledger    *governance.Ledger
	Catalog   *catalog.Directory
	Jobs      *jobs.Runner
	Clients   func(p authz.Principal, region string) aws.Config // AWS clients within the server
	Clock     clock.Clock
	Engine    sql.Engine
	Lake      *lake.Lake
	Dir       string // for results on their way to S3
	Running   int    // how many queries run at a time; 0: firstRunning
}

// firstRunning is how many queries run at a time when nothing else is said. The others wait as QUEUED.
const firstRunning = 8

// Service is Athena.
type Service struct {
	Config
	tokens     *wire.Tokens
	workgroups *store.Table[workgroup]
	catalogs   *store.Table[dataCatalog]
	named      *store.Table[namedQuery]
	prepared   *store.Table[prepared]
	executions *store.Table[execution]
	history    *store.Table[string] // ids of executions by workgroup and time
	latest     *store.Table[reusable]

	instance string        // this run of the server: a query of another one was interrupted
	slots    chan struct{} // one for each query that runs
	mu       sync.Mutex
	running  map[store.Key]context.CancelFunc
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	if c.Running <= 0 {
		c.Running = firstRunning
	}
	s := &Service{Config: c, tokens: wire.NewTokens(c.Store, c.Clock),
		workgroups: store.NewTable[workgroup](c.Store, "athena_workgroup"),
		catalogs:   store.NewTable[dataCatalog](c.Store, "athena_catalog"),
		named: store.NewTable[namedQuery](c.Store, "athena_named_query", store.Index[namedQuery]{Name: byWorkgroup,
			Value: func(n namedQuery) []string { return []string{aws.ToString(n.WorkGroup)} }}),
		prepared:   store.NewTable[prepared](c.Store, "athena_prepared_statement"),
		executions: store.NewTable[execution](c.Store, "athena_execution"),
		history:    store.NewTable[string](c.Store, "athena_history"),
		latest:     store.NewTable[reusable](c.Store, "athena_reusable"),
		instance:   uuid.NewString(), slots: make(chan struct{}, c.Running), running: map[store.Key]context.CancelFunc{}}
	jobs.Define(c.Jobs, jobQuery, s.run)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "athena" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.BatchGetNamedQuery, wire.On(s.batchGetNamedQueryTargets)),
		wire.Op(s.BatchGetPreparedStatement, wire.On(s.batchGetPreparedStatementTargets)),
		wire.Op(s.BatchGetQueryExecution, wire.On(s.batchGetQueryExecutionTargets)),
		wire.Op(s.CreateDataCatalog, wire.On(s.createDataCatalogTargets)),
		wire.Op(s.CreateNamedQuery, wire.On(s.createNamedQueryTargets)),
		wire.Op(s.CreatePreparedStatement, wire.On(s.createPreparedStatementTargets)),
		wire.Op(s.CreateWorkGroup, wire.On(s.createWorkGroupTargets)),
		wire.Op(s.DeleteDataCatalog, wire.On(s.deleteDataCatalogTargets)),
		wire.Op(s.DeleteNamedQuery, wire.On(s.deleteNamedQueryTargets)),
		wire.Op(s.DeletePreparedStatement, wire.On(s.deletePreparedStatementTargets)),
		wire.Op(s.DeleteWorkGroup, wire.On(s.deleteWorkGroupTargets)),
		wire.Op(s.GetDataCatalog, wire.On(s.getDataCatalogTargets)),
		wire.Op(s.GetDatabase, wire.On(s.getDatabaseTargets)),
		wire.Op(s.GetNamedQuery, wire.On(s.getNamedQueryTargets)),
		wire.Op(s.GetPreparedStatement, wire.On(s.getPreparedStatementTargets)),
		wire.Op(s.GetQueryExecution, wire.On(s.getQueryExecutionTargets)),
		wire.Op(s.GetQueryResults, wire.On(s.getQueryResultsTargets)),
		wire.Op(s.GetQueryRuntimeStatistics, wire.On(s.getQueryRuntimeStatisticsTargets)),
		wire.Op(s.GetTableMetadata, wire.On(s.getTableMetadataTargets)),
		wire.Op(s.GetWorkGroup, wire.On(s.getWorkGroupTargets)),
		wire.Op(s.ListDataCatalogs),
		wire.Op(s.ListDatabases, wire.On(s.listDatabasesTargets)),
		wire.Op(s.ListEngineVersions),
		wire.Op(s.ListNamedQueries, wire.On(s.listNamedQueriesTargets)),
		wire.Op(s.ListPreparedStatements, wire.On(s.listPreparedStatementsTargets)),
		wire.Op(s.ListQueryExecutions, wire.On(s.listQueryExecutionsTargets)),
		wire.Op(s.ListTableMetadata, wire.On(s.listTableMetadataTargets)),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.ListWorkGroups),
		wire.Op(s.StartQueryExecution, wire.On(s.startQueryExecutionTargets)),
		wire.Op(s.StopQueryExecution, wire.On(s.stopQueryExecutionTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
		wire.Op(s.UpdateDataCatalog, wire.On(s.updateDataCatalogTargets)),
		wire.Op(s.UpdateNamedQuery, wire.On(s.updateNamedQueryTargets)),
		wire.Op(s.UpdatePreparedStatement, wire.On(s.updatePreparedStatementTargets)),
		wire.Op(s.UpdateWorkGroup, wire.On(s.updateWorkGroupTargets)),
	}
}
