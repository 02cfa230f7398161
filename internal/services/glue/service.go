package glue

import (
	"log/slog"

	"github.com/atelier-studio/atelier/internal/engines/sql"
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
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is Glue.
type Service struct {
	Config
	policies policies
	quality  quality
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	s := &Service{Config: c}
	s.openPolicies()
	s.openQuality()
	s.defineJobs()
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "glue" }

// Codec tells the wire layer the unions of the API.
func (*Service) Codec() []codec.Option { return []codec.Option{codec.Unions(unions()...)} }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return append(wire.Ops{
		wire.Op(s.BatchDeleteTable, wire.On(s.batchDeleteTableTargets)),
		wire.Op(s.BatchDeleteTableVersion, wire.On(s.batchDeleteTableVersionTargets)),
		wire.Op(s.CreateDatabase, wire.On(s.createDatabaseTargets)),
		wire.Op(s.CreateTable, wire.On(s.createTableTargets)),
		wire.Op(s.DeleteDatabase, wire.On(s.deleteDatabaseTargets)),
		wire.Op(s.DeleteTable, wire.On(s.deleteTableTargets)),
		wire.Op(s.DeleteTableVersion, wire.On(s.deleteTableVersionTargets)),
		wire.Op(s.GetDatabase, wire.On(s.getDatabaseTargets)),
		wire.Op(s.GetDatabases, wire.On(s.getDatabasesTargets)),
		wire.Op(s.GetTable, wire.On(s.getTableTargets)),
		wire.Op(s.GetTableVersion, wire.On(s.getTableVersionTargets)),
		wire.Op(s.GetTableVersions, wire.On(s.getTableVersionsTargets)),
		wire.Op(s.GetTables, wire.On(s.getTablesTargets)),
		wire.Op(s.SearchTables, wire.On(s.searchTablesTargets)),
		wire.Op(s.UpdateDatabase, wire.On(s.updateDatabaseTargets)),
		wire.Op(s.UpdateTable, wire.On(s.updateTableTargets)),
	}, s.qualityOps()...)
}
