package cloudwatch

import (
	"context"
	"log/slog"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Config is what the service needs.
type Config struct {
	Store   *store.Store
	Metrics *metrics.Keeper
	Desk    *delivery.Desk
	Clients *delivery.Clients
	Clock   clock.Clock
	Logger  *slog.Logger
}

// Service is CloudWatch.
type Service struct {
	Config
	image      *store.Image
	alarms     *store.Held[alarm] // id: name
	parents    map[store.Key]map[store.Key]bool
	history    *store.Table[historyItem]
	dashboards *store.Table[dashboard]
	ring       *schedule.Alarms
}

// New makes the service and defines its courier.
func New(c Config) *Service {
	s := &Service{Config: c, image: store.NewImage(c.Store), parents: map[store.Key]map[store.Key]bool{}, ring: schedule.NewAlarms(c.Clock),
		history:    store.NewTable(c.Store, "cloudwatch_history", store.Index[historyItem]{Name: "alarm", Value: func(h historyItem) []string { return []string{h.Alarm} }}),
		dashboards: store.NewTable[dashboard](c.Store, "cloudwatch_dashboard")}
	s.alarms = store.NewHeld(s.image, "cloudwatch_alarm", s.changed)
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver, Bury: s.bury})
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "cloudwatch" }

// Wake has alarms look at the time again, when the clock was moved by hand.
func (s *Service) Wake() { s.ring.Wake() }

// Run looks at alarms until ctx ends.
func (s *Service) Run(ctx context.Context) {
	_ = s.image.Await(ctx, func(err error) { s.Logger.Error("cannot read alarms", "error", err) }) // its error is ctx's
	s.ring.Run(ctx, s.look)
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.DeleteAlarms, wire.On(s.deleteTargets)),
		wire.Op(s.DeleteDashboards, wire.On(s.deleteDashboardsTargets)),
		wire.Op(s.DescribeAlarmHistory, wire.On(s.historyTargets)),
		wire.Op(s.DescribeAlarms),
		wire.Op(s.DescribeAlarmsForMetric),
		wire.Op(s.DisableAlarmActions, wire.On(s.disableTargets)),
		wire.Op(s.EnableAlarmActions, wire.On(s.enableTargets)),
		wire.Op(s.GetDashboard, wire.On(s.getDashboardTargets)),
		wire.Op(s.GetMetricData),
		wire.Op(s.GetMetricStatistics),
		wire.Op(s.ListDashboards),
		wire.Op(s.ListMetrics),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.PutCompositeAlarm, wire.On(s.putCompositeTargets)),
		wire.Op(s.PutDashboard, wire.On(s.putDashboardTargets)),
		wire.Op(s.PutMetricAlarm, wire.On(s.putAlarmTargets)),
		wire.Op(s.PutMetricData, wire.On(s.putDataTargets), wire.Data()),
		wire.Op(s.SetAlarmState, wire.On(s.setStateTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
	}
}

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
