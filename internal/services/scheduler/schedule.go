package scheduler

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	alarms "github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// schedule is when a target is called.
type schedule struct {
	Group, Name       string
	Description       string `json:",omitempty"`
	Expression        string
	Zone              string
	Start, End        *time.Time `json:",omitempty"`
	State             types.ScheduleState
	Window            int32 // minutes; 0: none
	After             types.ActionAfterCompletion
	KMSKey            string `json:",omitempty"`
	Target            types.Target
	Created, Modified time.Time
	Begun             time.Time // from when rates count
	Rung              time.Time // when it was due last, without its window
}

func (c schedule) parse() (alarms.Expression, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "Local" {
		return alarms.Expression{}, invalid("Invalid Schedule Expression Timezone %s.", c.Zone)
	}
	e, err := alarms.Parse(c.Expression, zone)
	if err != nil {
		return e, invalid("Invalid Schedule Expression %s.", c.Expression)
	}
	return e, nil
}

// due is when the schedule is due next, without and with its window. ok is false when it is over.
func (c schedule) due() (base, fire time.Time, ok bool) {
	e, err := c.parse()
	if err != nil {
		return base, fire, false
	}
	begun, after := c.Begun, c.Rung
	if c.Start != nil && begun.Before(*c.Start) {
		begun = c.Start.Add(-e.Rate()) // a rate is due at its start
	}
	if after.Before(begun) && !strings.HasPrefix(c.Expression, "at(") {
		after = begun
		if e.Rate() == 0 && c.Start != nil && begun.Equal(*c.Start) {
			after = begun.Add(-time.Second)
		}
	}
	if after.IsZero() {
		after = c.Begun.Add(-time.Second)
	}
	base, ok = e.Next(begun, after)
	if !ok || c.End != nil && base.After(*c.End) {
		return base, fire, false
	}
	fire = base
	if c.Window > 0 { // where in the window is the same whoever asks, also after a restart
		h := fnv.New64a()
		_, _ = h.Write([]byte(c.Group + "/" + c.Name + base.Format(time.RFC3339)))
		fire = base.Add(time.Duration(h.Sum64()%uint64(c.Window*60)) * time.Second)
	}
	return base, fire, true
}

// changed keeps the alarms. The image is locked.
func (s *Service) changed(k store.Key, _, now *schedule) {
	s.alarms.Clear(k)
	if now == nil || now.State == types.ScheduleStateDisabled {
		return
	}
	if _, fire, ok := now.due(); ok {
		s.alarms.Set(k, fire)
	}
}

func scheduleKey(ctx context.Context, group, name *string) store.Key {
	g := aws.ToString(group)
	if g == "" {
		g = defaultGroup
	}
	return here(ctx, g+"/"+aws.ToString(name))
}

func onSchedule(ctx context.Context, group, name *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: scheduleARN(scheduleKey(ctx, group, name))}}, nil
}

// check fills what a schedule leaves open, and checks it.
func (s *Service) check(ctx context.Context, c *schedule, window *types.FlexibleTimeWindow) error {
	if c.Zone == "" {
		c.Zone = "UTC"
	}
	if c.State == "" {
		c.State = types.ScheduleStateEnabled
	}
	if c.After == "" {
		c.After = types.ActionAfterCompletionNone
	}
	if c.Group == "" {
		c.Group = defaultGroup
	}
	if window.Mode == types.FlexibleTimeWindowModeFlexible {
		if window.MaximumWindowInMinutes == nil {
			return invalid("MaximumWindowInMinutes must be provided when Mode is FLEXIBLE.")
		}
		c.Window = *window.MaximumWindowInMinutes
	} else if window.MaximumWindowInMinutes != nil {
		return invalid("MaximumWindowInMinutes must not be provided when Mode is OFF.")
	}
	if _, err := c.parse(); err != nil {
		return err
	}
	if c.Start != nil && c.End != nil && !c.Start.Before(*c.End) {
		return invalid("The StartDate must be before the EndDate.")
	}
	t := c.Target
	to, err := arn.Parse(aws.ToString(t.Arn))
	if err != nil {
		return invalid("Provided Arn is not in correct format.")
	}
	switch {
	case to.Service == "sqs" && strings.HasSuffix(to.Resource, ".fifo") && (t.SqsParameters == nil || aws.ToString(t.SqsParameters.MessageGroupId) == ""):
		return invalid("SqsParameters with a MessageGroupId must be provided for FIFO queues.")
	case to.Service == "events" && t.EventBridgeParameters == nil:
		return invalid("EventBridgeParameters must be provided for event buses.")
	case to.Service == "events" && (t.Input == nil || !json.Valid([]byte(*t.Input))):
		return invalid("Input must be JSON for event buses.")
	}
	if _, err := s.Directory.ServiceSession(ctx, principal, aws.ToString(t.RoleArn), "scheduler"); err != nil {
		return invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	return nil
}

// CreateSchedule makes a schedule.
// Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
func (s *Service) CreateSchedule(ctx context.Context, in *scheduler.CreateScheduleInput) (out *scheduler.CreateScheduleOutput, err error) {
	k, now := scheduleKey(ctx, in.GroupName, in.Name), s.Clock.Now()
	c := schedule{Group: aws.ToString(in.GroupName), Name: *in.Name, Description: aws.ToString(in.Description), Expression: *in.ScheduleExpression,
		Zone: aws.ToString(in.ScheduleExpressionTimezone), Start: in.StartDate, End: in.EndDate, State: in.State, After: in.ActionAfterCompletion,
		KMSKey: aws.ToString(in.KmsKeyArn), Target: *in.Target, Created: now, Modified: now, Begun: now}
	if err := s.check(ctx, &c, in.FlexibleTimeWindow); err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientToken, in, func() (*scheduler.CreateScheduleOutput, error) {
			if _, err := s.group(tx, here(ctx, c.Group)); err != nil {
				return nil, err
			}
			err := s.schedules.Insert(tx, k, c)
			if err == store.ErrExists {
				err = conflict("Schedule %s already exists.", c.Name)
			}
			return &scheduler.CreateScheduleOutput{ScheduleArn: aws.String(scheduleARN(k))}, err
		})
		return reused(err)
	})
	return out, err
}

func (s *Service) createTargets(ctx context.Context, in *scheduler.CreateScheduleInput) ([]wire.Target, error) {
	list, err := onSchedule(ctx, in.GroupName, in.Name)
	return append(list, passRole(in.Target.RoleArn)), err
}

// UpdateSchedule replaces a schedule: what is not given takes its default.
func (s *Service) UpdateSchedule(ctx context.Context, in *scheduler.UpdateScheduleInput) (out *scheduler.UpdateScheduleOutput, err error) {
	k, now := scheduleKey(ctx, in.GroupName, in.Name), s.Clock.Now()
	c := schedule{Group: aws.ToString(in.GroupName), Name: *in.Name, Description: aws.ToString(in.Description), Expression: *in.ScheduleExpression,
		Zone: aws.ToString(in.ScheduleExpressionTimezone), Start: in.StartDate, End: in.EndDate, State: in.State, After: in.ActionAfterCompletion,
		KMSKey: aws.ToString(in.KmsKeyArn), Target: *in.Target, Modified: now, Begun: now}
	if err := s.check(ctx, &c, in.FlexibleTimeWindow); err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		before, err := s.schedule(tx, k)
		if err != nil {
			return err
		}
		c.Created = before.Created
		if before.Expression == c.Expression && before.Zone == c.Zone && before.State == c.State {
			c.Begun, c.Rung = before.Begun, before.Rung
		}
		return s.schedules.Put(tx, k, c)
	})
	if err != nil {
		return nil, err
	}
	return &scheduler.UpdateScheduleOutput{ScheduleArn: aws.String(scheduleARN(k))}, nil
}

func (s *Service) updateTargets(ctx context.Context, in *scheduler.UpdateScheduleInput) ([]wire.Target, error) {
	list, err := onSchedule(ctx, in.GroupName, in.Name)
	return append(list, passRole(in.Target.RoleArn)), err
}

func (s *Service) schedule(tx *store.Tx, k store.Key) (schedule, error) {
	c, err := s.schedules.Get(tx, k)
	if absent(err) {
		err = missing("Schedule %s does not exist.", k.ID[strings.IndexByte(k.ID, '/')+1:])
	}
	return c, err
}

// DeleteSchedule removes a schedule. What was due before is still delivered.
func (s *Service) DeleteSchedule(ctx context.Context, in *scheduler.DeleteScheduleInput) (*scheduler.DeleteScheduleOutput, error) {
	k := scheduleKey(ctx, in.GroupName, in.Name)
	return &scheduler.DeleteScheduleOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.schedule(tx, k); err != nil {
			return err
		}
		return s.schedules.Delete(tx, k)
	})
}

func (s *Service) deleteTargets(ctx context.Context, in *scheduler.DeleteScheduleInput) ([]wire.Target, error) {
	return onSchedule(ctx, in.GroupName, in.Name)
}

func (c schedule) window() *types.FlexibleTimeWindow {
	if c.Window == 0 {
		return &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}
	}
	return &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible, MaximumWindowInMinutes: &c.Window}
}

// GetSchedule tells of a schedule.
func (s *Service) GetSchedule(ctx context.Context, in *scheduler.GetScheduleInput) (out *scheduler.GetScheduleOutput, err error) {
	k := scheduleKey(ctx, in.GroupName, in.Name)
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		c, err := s.schedule(tx, k)
		out = &scheduler.GetScheduleOutput{Arn: aws.String(scheduleARN(k)), Name: &c.Name, GroupName: &c.Group, Description: filled(c.Description),
			ScheduleExpression: &c.Expression, ScheduleExpressionTimezone: &c.Zone, StartDate: c.Start, EndDate: c.End, State: c.State,
			ActionAfterCompletion: c.After, FlexibleTimeWindow: c.window(), KmsKeyArn: filled(c.KMSKey), Target: &c.Target, CreationDate: &c.Created,
			LastModificationDate: &c.Modified}
		return err
	})
	return out, err
}

func (s *Service) getTargets(ctx context.Context, in *scheduler.GetScheduleInput) ([]wire.Target, error) {
	return onSchedule(ctx, in.GroupName, in.Name)
}

// ListSchedules lists the account's schedules, of one group or all.
func (s *Service) ListSchedules(ctx context.Context, in *scheduler.ListSchedulesInput) (*scheduler.ListSchedulesOutput, error) {
	of := here(ctx, "")
	r := store.Range{Account: of.Account, Region: of.Region}
	if in.GroupName != nil {
		r.Prefix = *in.GroupName + "/"
	}
	var rows []store.Row[schedule]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if in.GroupName != nil {
			if _, err := s.group(tx, here(ctx, *in.GroupName)); err != nil {
				return err
			}
		}
		rows, err = s.schedules.List(tx, r)
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[schedule]) bool {
		return !strings.HasPrefix(r.Value.Name, aws.ToString(in.NamePrefix)) || in.State != "" && in.State != r.Value.State
	})
	rows, next, err := page(ctx, rows, func(r store.Row[schedule]) string { return r.Key.ID }, in.MaxResults, in.NextToken)
	out := &scheduler.ListSchedulesOutput{Schedules: []types.ScheduleSummary{}, NextToken: next}
	for _, row := range rows {
		c := row.Value
		out.Schedules = append(out.Schedules, types.ScheduleSummary{Arn: aws.String(scheduleARN(row.Key)), Name: &c.Name, GroupName: &c.Group, State: c.State,
			CreationDate: &c.Created, LastModificationDate: &c.Modified, Target: &types.TargetSummary{Arn: c.Target.Arn}})
	}
	return out, err
}
