package glue

import (
	"log/slog"

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
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is Glue.
type Service struct {
	Config
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	return &Service{Config: c}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "glue" }

// Codec tells the wire layer the unions of the API.
func (*Service) Codec() []codec.Option { return []codec.Option{codec.Unions(unions()...)} }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.CreateDatabase, wire.On(s.createDatabaseTargets)),
		wire.Op(s.CreateTable, wire.On(s.createTableTargets)),
		wire.Op(s.DeleteDatabase, wire.On(s.deleteDatabaseTargets)),
		wire.Op(s.GetDatabase, wire.On(s.getDatabaseTargets)),
		wire.Op(s.GetTable, wire.On(s.getTableTargets)),
	}
}
