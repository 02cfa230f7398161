package cloudformation

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Jobs      *jobs.Runner
	Desk      *delivery.Desk
	As        func(p authz.Principal, region string) aws.Config // AWS clients within the server
	Inward    string                                            // where functions reach the server
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is CloudFormation.
type Service struct {
	Config
	tables
	tokens *wire.Tokens
	types  map[string]resource.Type
	number sequence
	// families tell by client tokens which stacks are being asked for by others' resources.
	families sync.Map

	mu   sync.Mutex
	runs map[store.Key]*run // that are under way
	// turned is closed when a stack's operation ends.
	turned chan struct{}
}

const (
	operateJob = "cloudformation-operate"
	pageSize   = 100
	// remembered is how long stacks that were deleted are told of.
	remembered = 90 * 24 * time.Hour
)

// New makes the service and defines its job.
func New(c Config) *Service {
	s := &Service{Config: c, tables: newTables(c.Store), tokens: wire.NewTokens(c.Store, c.Clock), types: map[string]resource.Type{}, runs: map[store.Key]*run{},
		turned: make(chan struct{})}
	jobs.Define(c.Jobs, operateJob, s.operate)
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver, Bury: s.bury})
	s.Define(s.Stack())
	return s
}

// Define adds types of resources, before anything runs. A service that is served under several names gives its types under each: they are
// the same.
func (s *Service) Define(types []resource.Type) {
	for _, t := range types {
		s.types[t.Name] = t
	}
}

// typed is the type of a name; Custom::Anything is one type.
func (s *Service) typed(name string) (resource.Type, bool) {
	if isCustom(name) {
		name = customType
	}
	t, ok := s.types[name]
	return t, ok
}

func (s *Service) must(name string) resource.Type {
	t, _ := s.typed(name)
	return t
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "cloudformation" }

// Run forgets what was deleted long ago, once an hour, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.forget(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot forget stacks", "error", err)
		}
	}
}

// forget removes stacks that were deleted long ago, with all that is told of them.
func (s *Service) forget(ctx context.Context) error {
	var old []store.Key
	limit := s.Clock.Now().Add(-remembered)
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.stacks.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		for _, r := range rows {
			if r.Value.Deleted != nil && r.Value.Deleted.Before(limit) {
				old = append(old, r.Key)
			}
		}
		return err
	}); err != nil {
		return err
	}
	for _, k := range old {
		if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.erase(tx, k) }); err != nil {
			return err
		}
	}
	return s.forgetHandles(ctx)
}

// erase removes every row of a stack.
func (s *Service) erase(tx *store.Tx, k store.Key) error {
	for _, table := range []interface {
		DeleteAll(*store.Tx, store.Range) (int, error)
	}{s.revisions, s.rows, s.events, s.sets, s.signals} {
		if _, err := table.DeleteAll(tx, prefixed(k, "")); err != nil {
			return err
		}
	}
	return s.stacks.Delete(tx, k)
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.CancelUpdateStack, wire.On(s.cancelUpdateStackTargets)),
		wire.Op(s.ContinueUpdateRollback, wire.On(s.continueUpdateRollbackTargets)),
		wire.Op(s.CreateChangeSet, wire.On(s.createChangeSetTargets)),
		wire.Op(s.CreateStack, wire.On(s.createStackTargets)),
		wire.Op(s.DeleteChangeSet, wire.On(s.deleteChangeSetTargets)),
		wire.Op(s.DeleteStack, wire.On(s.deleteStackTargets)),
		wire.Op(s.DescribeChangeSet, wire.On(s.describeChangeSetTargets)),
		wire.Op(s.DescribeStackDriftDetectionStatus),
		wire.Op(s.DescribeStackEvents, wire.On(s.describeStackEventsTargets)),
		wire.Op(s.DescribeStackResource, wire.On(s.describeStackResourceTargets)),
		wire.Op(s.DescribeStackResourceDrifts, wire.On(s.describeStackResourceDriftsTargets)),
		wire.Op(s.DescribeStackResources, wire.On(s.describeStackResourcesTargets)),
		wire.Op(s.DescribeStacks, wire.On(s.describeStacksTargets)),
		wire.Op(s.DescribeType),
		wire.Op(s.DetectStackDrift, wire.On(s.detectStackDriftTargets)),
		wire.Op(s.DetectStackResourceDrift, wire.On(s.detectStackResourceDriftTargets)),
		wire.Op(s.ExecuteChangeSet, wire.On(s.executeChangeSetTargets)),
		wire.Op(s.GetStackPolicy, wire.On(s.getStackPolicyTargets)),
		wire.Op(s.GetTemplate, wire.On(s.getTemplateTargets)),
		wire.Op(s.GetTemplateSummary, wire.On(s.getTemplateSummaryTargets)),
		wire.Op(s.ListChangeSets, wire.On(s.listChangeSetsTargets)),
		wire.Op(s.ListExports),
		wire.Op(s.ListImports),
		wire.Op(s.ListStackResources, wire.On(s.listStackResourcesTargets)),
		wire.Op(s.ListStacks),
		wire.Op(s.ListTypes),
		wire.Op(s.RollbackStack, wire.On(s.rollbackStackTargets)),
		wire.Op(s.SetStackPolicy, wire.On(s.setStackPolicyTargets)),
		wire.Op(s.SignalResource, wire.On(s.signalResourceTargets)),
		wire.Op(s.UpdateStack, wire.On(s.updateStackTargets)),
		wire.Op(s.UpdateTerminationProtection, wire.On(s.updateTerminationProtectionTargets)),
		wire.Op(s.ValidateTemplate),
	}
}
