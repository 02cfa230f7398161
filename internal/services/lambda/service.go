package lambda

import (
	"context"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Desk      *delivery.Desk
	Clients   *delivery.Clients                                // in the name of roles
	As        func(p authz.Principal, region string) aws.Config // in the name of callers
	Jobs      *jobs.Runner
	Clock     clock.Clock
	Logger    *slog.Logger
	Dir       string // for code
}

// Service is Lambda.
type Service struct {
	Config
	image     *store.Image
	functions *store.Held[function] // id: name
	versions  *store.Held[version]  // id: name/number
	layers    *store.Held[layer]    // id: name/number, with leading zeros
	mappings  *store.Held[mapping]  // id: uuid
	policies  sync.Map              // parsed, by ARN
	shelf     *shelf                // code
}

