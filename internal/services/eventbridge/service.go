package eventbridge

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Desk      *delivery.Desk
	Clients   *delivery.Clients
	Outward   *delivery.Outward
	Jobs      *jobs.Runner
	Metrics   metrics.Recorder
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is EventBridge.
type Service struct {
	Config
	image        *store.Image
	buses        *store.Held[bus]
	rules        *store.Held[rule]     // id: bus/name
	archives     *store.Held[archive]  // id: name
	routes       map[store.Key]*routes // by bus; guarded by the image
	kept         *store.Table[kept]    // archived events, id: archive's id/number
	replays      *store.Table[replay]
	connections  *store.Table[connection]
	destinations *store.Table[destination]
	policies     sync.Map // parsed, by key of bus
	tokens       sync.Map // OAuth tokens by connection ARN
	alarms       *schedule.Alarms
}

// New makes the service and defines its courier and jobs.
func New(c Config) *Service {
	if c.Metrics == nil {
		c.Metrics = metrics.Discard{}
	}
	s := &Service{Config: c, image: store.NewImage(c.Store), routes: map[store.Key]*routes{}, kept: store.NewTable[kept](c.Store, "events_kept"),
		replays: store.NewTable[replay](c.Store, "events_replay"), connections: store.NewTable[connection](c.Store, "events_connection"),
		destinations: store.NewTable[destination](c.Store, "events_destination"), alarms: schedule.NewAlarms(c.Clock)}
	s.buses = store.NewHeld(s.image, "events_bus", func(k store.Key, _, _ *bus) { s.policies.Delete(k) })
	s.rules = store.NewHeld(s.image, "events_rule", s.ruleChanged)
	s.archives = store.NewHeld(s.image, "events_archive", s.archiveChanged)
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver, Bury: s.bury})
	jobs.Define(c.Jobs, replayJob, s.runReplay)
	jobs.Define(c.Jobs, forgetJob, s.forget)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "events" }

// Run carries the platform's events onto the default buses, rings the rules that have schedules, and clears archives, until
// ctx ends.
func (s *Service) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.Store.Subscribe(ctx, "eventbridge", s.carry) })
	all.Go(func() {
		s.load(ctx)
		s.alarms.Run(ctx, s.ring)
	})
	all.Go(func() {
		tick := time.NewTicker(time.Hour)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := s.expire(ctx); err != nil && ctx.Err() == nil {
				s.Logger.Error("cannot clear archives of events", "error", err)
			}
		}
	})
	all.Wait()
}

// Wake has schedules look at the time again, when the clock was moved by hand.
func (s *Service) Wake() { s.alarms.Wake() }

// load reads the rules, so that those with schedules ring.
func (s *Service) load(ctx context.Context) {
	_ = s.image.Await(ctx, func(err error) { s.Logger.Error("cannot read event rules", "error", err) }) // its error is ctx's
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return append(wire.Ops{
		wire.Op(s.CreateEventBus, wire.On(s.createBusTargets)),
		wire.Op(s.DeleteEventBus, wire.On(s.deleteBusTargets)),
		wire.Op(s.DeleteRule, wire.On(s.deleteRuleTargets)),
		wire.Op(s.DescribeEventBus, wire.On(s.describeBusTargets)),
		wire.Op(s.DescribeRule, wire.On(s.describeRuleTargets)),
		wire.Op(s.DisableRule, wire.On(s.disableRuleTargets)),
		wire.Op(s.EnableRule, wire.On(s.enableRuleTargets)),
		wire.Op(s.ListEventBuses),
		wire.Op(s.ListRuleNamesByTarget, wire.On(s.namesByTargetTargets)),
		wire.Op(s.ListRules, wire.On(s.listRulesTargets)),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.ListTargetsByRule, wire.On(s.listTargetsTargets)),
		wire.Op(s.PutEvents, wire.On(s.putEventsTargets), wire.Data()),
		wire.Op(s.PutPermission, wire.On(s.putPermissionTargets)),
		wire.Op(s.PutRule, wire.On(s.putRuleTargets)),
		wire.Op(s.PutTargets, wire.On(s.putTargetsTargets)),
		wire.Op(s.RemovePermission, wire.On(s.removePermissionTargets)),
		wire.Op(s.RemoveTargets, wire.On(s.removeTargetsTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.TestEventPattern),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
		wire.Op(s.UpdateEventBus, wire.On(s.updateBusTargets)),
	}, s.archiveOps()...)
}

// onOne names one resource of the caller's account by its ARN.
func (s *Service) onOne(ctx context.Context, kind string, name *string) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	if name == nil {
		return []wire.Target{{Resource: "*"}}, nil
	}
	resource := *name
	if !strings.HasPrefix(resource, "arn:") {
		resource = "arn:aws:events:" + call.Region + ":" + call.Account() + ":" + kind + "/" + resource
	}
	return []wire.Target{{Resource: resource}}, nil
}

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

// accountRoot is the account itself, as which rules without a role send on to another bus.
func accountRoot(id string) authz.Principal {
	return authz.Principal{Kind: authz.Root, Account: id, ARN: "arn:aws:iam::" + id + ":root", UserID: id}
}
