package logs

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// retentions are the days that a group may keep its events.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// PutRetentionPolicy says for how many days a group keeps its events.
func (s *Service) PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	if !slices.Contains(retentions, *in.RetentionInDays) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v",
			*in.RetentionInDays, retentions)
	}
	err := s.change(ctx, here(ctx, *in.LogGroupName), func(g *group) error {
		g.Retention = *in.RetentionInDays
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
}

func (s *Service) putRetentionPolicyTargets(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// DeleteRetentionPolicy has a group keep its events for ever.
func (s *Service) DeleteRetentionPolicy(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	err := s.change(ctx, here(ctx, *in.LogGroupName), func(g *group) error {
		g.Retention = 0
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, nil
}

func (s *Service) deleteRetentionPolicyTargets(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// Expire removes files of which everything is older than its group keeps. Single events are not shown any more from the moment on that
// they expire.
func (s *Service) Expire(ctx context.Context) error {
	var all []named
	if err := s.image.Read(ctx, func() {
		for k, g := range s.groups.Rows() {
			if g.Retention > 0 {
				all = append(all, named{k, g})
			}
		}
	}); err != nil {
		return err
	}
	for _, n := range all {
		err := s.files.Expire(ctx, n.group.place(n.key, ""), n.group.expired(s.now()), func(tx *store.Tx, streams map[string]int64) error {
			g, err := s.groups.Get(tx, n.key)
			if absent(err) || err == nil && g.ID != n.group.ID {
				return nil // it was deleted meanwhile
			}
			if err != nil {
				return err
			}
			for id, bytes := range streams {
				g.Stored = max(g.Stored-bytes, 0)
				row := g.row(n.key, eventfile.Name(id))
				st, err := s.streams.Get(tx, row)
				if absent(err) {
					continue
				}
				if err != nil {
					return err
				}
				st.Bytes = max(st.Bytes-bytes, 0)
				if err := s.streams.Put(tx, row, st); err != nil {
					return err
				}
			}
			return s.groups.Put(tx, n.key, g)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mergeFiles has small files of groups put together.
func (s *Service) mergeFiles(ctx context.Context) error {
	var all []named
	if err := s.image.Read(ctx, func() {
		for k, g := range s.groups.Rows() {
			all = append(all, named{k, g})
		}
	}); err != nil {
		return err
	}
	for _, n := range all {
		if err := s.files.Merge(ctx, n.group.place(n.key, "")); err != nil {
			return err
		}
	}
	return nil
}
