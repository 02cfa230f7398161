package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const replayJob = "events.replay"

// replay sends what an archive has kept to its bus again.
type replay struct {
	Name        string
	Description string `json:",omitempty"`
	Archive     store.Key
	ArchiveID   string
	Bus         store.Key
	Rules       []string `json:",omitempty"` // ARNs of those that may match; none: all
	From, To    time.Time
	State       types.ReplayState
	Reason      string `json:",omitempty"`
	Started     time.Time
	Ended       time.Time
	Last        int64  // milliseconds: when the event that was sent last had arrived
	Position    string `json:",omitempty"` // its row
}

func replayARN(k store.Key) string { return arn.New("events", k.Region, k.Account, "replay/"+k.ID) }

// StartReplay begins a replay.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html
func (s *Service) StartReplay(ctx context.Context, in *eventbridge.StartReplayInput) (*eventbridge.StartReplayOutput, error) {
	k, now := here(ctx, aws.ToString(in.ReplayName)), wire.CallOf(ctx).Time
	a, err := arn.Parse(aws.ToString(in.EventSourceArn))
	if err != nil || a.Account != k.Account || a.Region != k.Region {
		return nil, invalid("Parameter EventSourceArn is not valid.")
	}
	if !in.EventStartTime.Before(*in.EventEndTime) {
		return nil, invalid("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")
	}
	r := replay{Name: k.ID, Description: aws.ToString(in.Description), Rules: in.Destination.FilterArns, From: *in.EventStartTime, To: *in.EventEndTime,
		State: types.ReplayStateStarting, Started: now}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		r.Archive = k
		r.Archive.ID = a.Resource[min(len("archive/"), len(a.Resource)):]
		from, err := s.archives.Get(tx, r.Archive)
		if absent(err) || a.Service != "events" || a.Resource != "archive/"+r.Archive.ID {
			return missing("Archive %s does not exist.", *in.EventSourceArn)
		}
		if err != nil {
			return err
		}
		if r.Bus, r.ArchiveID = from.Bus, from.ID; aws.ToString(in.Destination.Arn) != busARN(from.Bus) {
			return invalid("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")
		}
		err = s.replays.Insert(tx, k, r)
		if err == store.ErrExists {
			return exists("Replay %s already exists.", r.Name)
		}
		if err == nil {
			_, err = tx.Enqueue(replayJob, k)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.StartReplayOutput{ReplayArn: aws.String(replayARN(k)), State: r.State, ReplayStartTime: &r.Started}, nil
}

// runReplay sends events until all are sent or the replay is cancelled. Where it is is written with what was sent.
func (s *Service) runReplay(ctx context.Context, k store.Key) error {
	_, err := jobs.Step(ctx, "replay", func(ctx context.Context) (int, error) {
		for {
			more, err := s.replaySome(ctx, k)
			if err != nil || !more {
				return 0, err
			}
		}
	})
	return err
}

func (s *Service) replaySome(ctx context.Context, k store.Key) (more bool, err error) {
	var r replay
	var rows []store.Row[kept]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if r, err = s.replays.Get(tx, k); err != nil {
			return err
		}
		after := r.Position
		if after == "" {
			after = fmt.Sprintf("%s/%020d", r.ArchiveID, r.From.UnixMilli())
		}
		rows, err = s.kept.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: r.ArchiveID + "/", After: after, Limit: handful})
		return err
	}); err != nil {
		return false, err
	}
	var plans []*plan
	position, at := r.Position, r.Last
	end := len(rows) < handful
	for _, row := range rows {
		if row.Value.At > r.To.UnixMilli() {
			end = true
			break
		}
		position, at = row.Key.ID, row.Value.At
		var e event
		if err := json.Unmarshal(row.Value.Event, &e); err != nil {
			return false, err
		}
		e.Replay = r.Name
		p, err := s.plan(ctx, r.Bus, e, 0, r.Rules)
		if err != nil {
			return false, err
		}
		plans = append(plans, p)
	}
	return more, s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.replays.Get(tx, k)
		if err != nil {
			return err
		}
		if now.State == types.ReplayStateCancelling {
			now.State, now.Ended = types.ReplayStateCancelled, s.Clock.Now()
			return s.replays.Put(tx, k, now)
		}
		if err := s.acceptIn(tx, plans...); err != nil {
			return err
		}
		now.State, now.Position, now.Last = types.ReplayStateRunning, position, at
		if end {
			now.State, now.Ended = types.ReplayStateCompleted, s.Clock.Now()
		}
		more = !end
		return s.replays.Put(tx, k, now)
	})
}

// CancelReplay stops a replay. What was sent stays sent.
func (s *Service) CancelReplay(ctx context.Context, in *eventbridge.CancelReplayInput) (*eventbridge.CancelReplayOutput, error) {
	k := here(ctx, aws.ToString(in.ReplayName))
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.replays.Get(tx, k)
		if absent(err) {
			return missing("Replay %s does not exist.", k.ID)
		}
		if err != nil {
			return err
		}
		if r.State != types.ReplayStateStarting && r.State != types.ReplayStateRunning {
			return &types.IllegalStatusException{Message: aws.String("Replay " + k.ID + " is not in a valid state for this operation.")}
		}
		r.State = types.ReplayStateCancelling
		return s.replays.Put(tx, k, r)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.CancelReplayOutput{ReplayArn: aws.String(replayARN(k)), State: types.ReplayStateCancelling}, nil
}

func last(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

// DescribeReplay tells of a replay.
func (s *Service) DescribeReplay(ctx context.Context, in *eventbridge.DescribeReplayInput) (out *eventbridge.DescribeReplayOutput, err error) {
	k := here(ctx, aws.ToString(in.ReplayName))
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.replays.Get(tx, k)
		if absent(err) {
			return missing("Replay %s does not exist.", k.ID)
		}
		out = &eventbridge.DescribeReplayOutput{ReplayArn: aws.String(replayARN(k)), ReplayName: &r.Name, Description: filled(r.Description),
			EventSourceArn: aws.String(archiveARN(r.Archive)), Destination: &types.ReplayDestination{Arn: aws.String(busARN(r.Bus)), FilterArns: r.Rules},
			EventStartTime: &r.From, EventEndTime: &r.To, EventLastReplayedTime: last(r.Last), ReplayStartTime: &r.Started, ReplayEndTime: when(r.Ended),
			State: r.State, StateReason: filled(r.Reason)}
		return err
	})
	return out, err
}

// ListReplays lists the account's replays.
func (s *Service) ListReplays(ctx context.Context, in *eventbridge.ListReplaysInput) (*eventbridge.ListReplaysOutput, error) {
	of := here(ctx, "")
	var rows []store.Row[replay]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.replays.List(tx, store.Range{Account: of.Account, Region: of.Region, Prefix: aws.ToString(in.NamePrefix)})
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[replay]) bool {
		return in.State != "" && in.State != r.Value.State || in.EventSourceArn != nil && *in.EventSourceArn != archiveARN(r.Value.Archive)
	})
	rows, next, err := page(ctx, rows, func(r store.Row[replay]) string { return r.Key.ID }, in.Limit, in.NextToken)
	out := &eventbridge.ListReplaysOutput{Replays: []types.Replay{}, NextToken: next}
	for _, row := range rows {
		r := row.Value
		out.Replays = append(out.Replays, types.Replay{ReplayName: &r.Name, EventSourceArn: aws.String(archiveARN(r.Archive)), EventStartTime: &r.From,
			EventEndTime: &r.To, EventLastReplayedTime: last(r.Last), ReplayStartTime: &r.Started, ReplayEndTime: when(r.Ended), State: r.State,
			StateReason: filled(r.Reason)})
	}
	return out, err
}
