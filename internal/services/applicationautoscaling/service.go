package applicationautoscaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"unicode"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/scaling"
	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// Config is what the service needs.
type Config struct {
	Store      *store.Store
	Directory  *identity.Directory
	Desk       *delivery.Desk
	Clients    *delivery.Clients
	Dimensions map[types.ScalableDimension]Dimension // what can be scaled; Dimensions() are all
	Clock      clock.Clock
	Logger     *slog.Logger
}

// Service is Application Auto Scaling.
type Service struct {
	Config
	image      *store.Image
	targets    *store.Table[target]
	policies   *store.Table[policy]
	schedules  *store.Held[scheduled]
	activities *store.Table[activity]
	ring       *schedule.Alarms
	locks      sync.Map // *sync.Mutex by key of the target: one change of a capacity after the other
}

// New makes the service and defines its couriers.
func New(c Config) *Service {
	s := &Service{Config: c, image: store.NewImage(c.Store), targets: store.NewTable(c.Store, "applicationautoscaling_target",
		store.Index[target]{Name: "arn", Value: func(t target) []string { return []string{t.ARN} }}),
		policies: store.NewTable(c.Store, "applicationautoscaling_policy",
			store.Index[policy]{Name: "arn", Value: func(p policy) []string { return []string{p.ARN} }}),
		activities: store.NewTable[activity](c.Store, "applicationautoscaling_activity"), ring: schedule.NewAlarms(c.Clock)}
	s.schedules = store.NewHeld(s.image, "applicationautoscaling_schedule", s.scheduleChanged)
	c.Desk.Define(scaling.Kind, delivery.Courier{Deliver: s.told, Bury: forgotten})
	c.Desk.Define(boundKind, delivery.Courier{Deliver: s.bound, Bury: forgotten})
	c.Desk.Define(alarmsKind, delivery.Courier{Deliver: s.removeAlarms, Bury: forgotten})
	return s
}

// forgotten gives a parcel up: the activity that failed tells of it.
func forgotten(context.Context, delivery.Parcel) error { return nil }

// Name is the service's name in the API facts.
func (*Service) Name() string { return "application-autoscaling" }

// Wake has schedules look at the time again, when the clock was moved by hand.
func (s *Service) Wake() { s.ring.Wake() }

// Run does what is scheduled until ctx ends.
func (s *Service) Run(ctx context.Context) {
	_ = s.image.Await(ctx, func(err error) { s.Logger.Error("cannot read scheduled actions", "error", err) }) // its error is ctx's
	s.ring.Run(ctx, s.due)
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.DeleteScalingPolicy),
		wire.Op(s.DeleteScheduledAction),
		wire.Op(s.DeregisterScalableTarget),
		wire.Op(s.DescribeScalableTargets),
		wire.Op(s.DescribeScalingActivities),
		wire.Op(s.DescribeScalingPolicies),
		wire.Op(s.DescribeScheduledActions),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.PutScalingPolicy),
		wire.Op(s.PutScheduledAction),
		wire.Op(s.RegisterScalableTarget, wire.On(s.registerTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
	}
}

func invalid(format string, args ...any) error {
	return &types.ValidationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func missing(format string, args ...any) error {
	return &types.ObjectNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

// separator stands between the parts of ids. No name may have it.
const separator = "\x01"

// at is the key of a target of the caller's.
func at(ctx context.Context, n types.ServiceNamespace, d types.ScalableDimension, resource *string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: string(n) + separator + string(d) + separator + aws.ToString(resource)}
}

// within is the key of something of a target's.
func within(target store.Key, name string) store.Key {
	target.ID += separator + name
	return target
}

// named refuses names that AWS's patterns do, which the wire layer cannot check.
func named(name, without string) error {
	if strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, without) || strings.TrimSpace(name) != name {
		return invalid("The name %q contains characters that are not allowed.", name)
	}
	return nil
}

func page[T any](ctx context.Context, rows []store.Row[T], limit *int32, token *string) ([]store.Row[T], *string, error) {
	size := 50
	if limit != nil && *limit > 0 {
		size = int(min(*limit, 100))
	}
	rows, next, err := wire.Page(ctx, rows, func(r store.Row[T]) string { return r.Key.ID }, size, token)
	if err != nil {
		err = &types.InvalidNextTokenException{Message: aws.String("Invalid next token.")}
	}
	return rows, next, err
}
