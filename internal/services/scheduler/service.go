package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	alarms "github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Desk      *delivery.Desk
	Clients   *delivery.Clients
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is EventBridge Scheduler.
type Service struct {
	Config
	tokens    *wire.Tokens
	image     *store.Image
	groups    *store.Table[group]
	schedules *store.Held[schedule] // id: group/name
	alarms    *alarms.Alarms
}

// New makes the service and defines its courier.
func New(c Config) *Service {
	s := &Service{Config: c, tokens: wire.NewTokens(c.Store, c.Clock), image: store.NewImage(c.Store), groups: store.NewTable[group](c.Store, "scheduler_group"),
		alarms: alarms.NewAlarms(c.Clock)}
	s.schedules = store.NewHeld(s.image, "scheduler_schedule", s.changed)
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver, Bury: s.bury})
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "scheduler" }

// Wake has schedules look at the time again, when the clock was moved by hand.
func (s *Service) Wake() { s.alarms.Wake() }

// Run calls what is due until ctx ends.
func (s *Service) Run(ctx context.Context) {
	_ = s.image.Await(ctx, func(err error) { s.Logger.Error("cannot read schedules", "error", err) }) // its error is ctx's
	s.alarms.Run(ctx, s.ring)
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.CreateSchedule, wire.On(s.createTargets)),
		wire.Op(s.CreateScheduleGroup, wire.On(s.createGroupTargets)),
		wire.Op(s.DeleteSchedule, wire.On(s.deleteTargets)),
		wire.Op(s.DeleteScheduleGroup, wire.On(s.deleteGroupTargets)),
		wire.Op(s.GetSchedule, wire.On(s.getTargets)),
		wire.Op(s.GetScheduleGroup, wire.On(s.getGroupTargets)),
		wire.Op(s.ListScheduleGroups),
		wire.Op(s.ListSchedules),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
		wire.Op(s.UpdateSchedule, wire.On(s.updateTargets)),
	}
}

func invalid(format string, args ...any) error {
	return &types.ValidationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func missing(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func reused(err error) error {
	if errors.Is(err, wire.ErrTokenReused) {
		return conflict("The client token was used with other parameters.")
	}
	return err
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

func scheduleARN(k store.Key) string {
	return arn.New("scheduler", k.Region, k.Account, "schedule/"+k.ID)
}
func groupARN(k store.Key) string {
	return arn.New("scheduler", k.Region, k.Account, "schedule-group/"+k.ID)
}

func passRole(role *string) wire.Target {
	return wire.Target{Action: "iam:PassRole", Resource: aws.ToString(role), Context: authz.Context{"iam:PassedToService": {principal}}}
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := 100
	if limit != nil {
		size = int(*limit)
	}
	list, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		err = invalid("Invalid NextToken.")
	}
	return list, next, err
}
