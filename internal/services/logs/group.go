package logs

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// group is one log group. Its events are kept under ID.
type group struct {
	ID            string
	Created       int64 // in milliseconds, as all times here
	Class         types.LogGroupClass
	Retention     int32             `json:",omitempty"` // days; 0: for ever
	Key           string            `json:",omitempty"` // of KMS; kept
	Protected     bool              `json:",omitempty"`
	Tags          map[string]string `json:",omitempty"`
	Stored        int64             // bytes in files
	Metrics       []metricFilter    `json:",omitempty"`
	Subscriptions []subscription    `json:",omitempty"`
}

const day = 24 * 60 * 60 * 1000

// expired is the time before which events are not shown any more.
func (g group) expired(now int64) int64 {
	if g.Retention == 0 {
		return 0
	}
	return now - int64(g.Retention)*day
}

// only refuses what groups of the class for infrequent access do not have.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
func (g group) only(what string) error {
	if g.Class == types.LogGroupClassStandard {
		return nil
	}
	return refused("%s is not supported for log groups of class %s.", what, g.Class)
}

func (s *Service) now() int64 { return s.Clock.Now().UnixMilli() }

// place is where the events of a stream lie; of all of a group without one.
func (g group) place(k store.Key, stream string) eventfile.Place {
	return eventfile.Place{Account: k.Account, Region: k.Region, Group: g.ID, Stream: stream}
}

// groupChanged keeps the ids of groups.
func (s *Service) groupChanged(k store.Key, old, now *group) {
	if old != nil {
		delete(s.ids, old.ID)
	}
	if now != nil {
		s.ids[now.ID] = k
	}
}

// find reads a group from memory.
func (s *Service) find(ctx context.Context, k store.Key) (g group, err error) {
	ok := false
	if err = s.image.Read(ctx, func() { g, ok = s.groups.Rows()[k] }); err == nil && !ok {
		err = errNoGroup
	}
	return g, err
}

// change reads, changes and writes a group.
func (s *Service) change(ctx context.Context, k store.Key, f func(g *group) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if absent(err) {
			return errNoGroup
		}
		if err != nil {
			return err
		}
		if err := f(&g); err != nil {
			return err
		}
		return s.groups.Put(tx, k, g)
	})
}

// CreateLogGroup makes a group.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func (s *Service) CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	g := group{ID: uuid.NewString(), Created: s.now(), Class: in.LogGroupClass, Key: aws.ToString(in.KmsKeyId), Tags: in.Tags,
		Protected: aws.ToBool(in.DeletionProtectionEnabled)}
	if g.Class == "" {
		g.Class = types.LogGroupClassStandard
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.groups.Insert(tx, here(ctx, *in.LogGroupName), g) })
	if errors.Is(err, store.ErrExists) {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("The specified log group already exists")}
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (s *Service) createLogGroupTargets(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// DeleteLogGroup removes a group with all its events.
func (s *Service) DeleteLogGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	k := here(ctx, *in.LogGroupName)
	s.standing.Lock()
	defer s.standing.Unlock()
	var p eventfile.Place
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if absent(err) {
			return errNoGroup
		}
		if err != nil {
			return err
		}
		if g.Protected {
			return &types.ValidationException{Message: aws.String("The log group has deletion protection enabled. Disable it before deleting the log group.")}
		}
		p = g.place(k, "")
		if _, err := tx.Enqueue(forgetJob, p); err != nil {
			return err
		}
		return s.groups.Delete(tx, k)
	})
	if err != nil {
		return nil, err
	}
	s.files.Hide(p)
	s.names.Clear()
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}

func (s *Service) deleteLogGroupTargets(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// PutLogGroupDeletionProtection keeps a group from being deleted, or no more.
func (s *Service) PutLogGroupDeletionProtection(ctx context.Context, in *cloudwatchlogs.PutLogGroupDeletionProtectionInput) (*cloudwatchlogs.PutLogGroupDeletionProtectionOutput, error) {
	k, err := identified(ctx, *in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(g *group) error {
		g.Protected = aws.ToBool(in.DeletionProtectionEnabled)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.PutLogGroupDeletionProtectionOutput{}, nil
}

func (s *Service) putLogGroupDeletionProtectionTargets(ctx context.Context, in *cloudwatchlogs.PutLogGroupDeletionProtectionInput) ([]wire.Target, error) {
	return s.onEither(ctx, nil, in.LogGroupIdentifier, "")
}
