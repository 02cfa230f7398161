package scheduler

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

const defaultGroup = "default"

// group is a schedule group. The default one of an account is there without a row.
type group struct {
	Created, Modified time.Time
	Tags              map[string]string
}

func (s *Service) group(tx *store.Tx, k store.Key) (group, error) {
	g, err := s.groups.Get(tx, k)
	if absent(err) {
		if k.ID == defaultGroup {
			return group{}, nil
		}
		err = missing("Schedule group %s does not exist.", k.ID)
	}
	return g, err
}

func (s *Service) onGroup(ctx context.Context, name *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: groupARN(here(ctx, aws.ToString(name)))}}, nil
}

// CreateScheduleGroup makes a group.
// Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
func (s *Service) CreateScheduleGroup(ctx context.Context, in *scheduler.CreateScheduleGroupInput) (out *scheduler.CreateScheduleGroupOutput, err error) {
	k, now := here(ctx, aws.ToString(in.Name)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientToken, in, func() (*scheduler.CreateScheduleGroupOutput, error) {
			err := s.groups.Insert(tx, k, group{Created: now, Modified: now, Tags: tags})
			if err == store.ErrExists || k.ID == defaultGroup {
				return nil, conflict("Schedule group %s already exists.", k.ID)
			}
			return &scheduler.CreateScheduleGroupOutput{ScheduleGroupArn: aws.String(groupARN(k))}, err
		})
		return reused(err)
	})
	return out, err
}

func (s *Service) createGroupTargets(ctx context.Context, in *scheduler.CreateScheduleGroupInput) ([]wire.Target, error) {
	return s.onGroup(ctx, in.Name)
}

// DeleteScheduleGroup removes a group with its schedules.
func (s *Service) DeleteScheduleGroup(ctx context.Context, in *scheduler.DeleteScheduleGroupInput) (*scheduler.DeleteScheduleGroupOutput, error) {
	k := here(ctx, aws.ToString(in.Name))
	if k.ID == defaultGroup {
		return nil, invalid("The default schedule group cannot be deleted.")
	}
	return &scheduler.DeleteScheduleGroupOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.group(tx, k); err != nil {
			return err
		}
		rows, err := s.schedules.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := s.schedules.Delete(tx, r.Key); err != nil {
				return err
			}
		}
		return s.groups.Delete(tx, k)
	})
}

func (s *Service) deleteGroupTargets(ctx context.Context, in *scheduler.DeleteScheduleGroupInput) ([]wire.Target, error) {
	return s.onGroup(ctx, in.Name)
}

// GetScheduleGroup tells of a group.
func (s *Service) GetScheduleGroup(ctx context.Context, in *scheduler.GetScheduleGroupInput) (out *scheduler.GetScheduleGroupOutput, err error) {
	k := here(ctx, aws.ToString(in.Name))
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, k)
		out = &scheduler.GetScheduleGroupOutput{Arn: aws.String(groupARN(k)), Name: &k.ID, State: types.ScheduleGroupStateActive, CreationDate: &g.Created,
			LastModificationDate: &g.Modified}
		return err
	})
	return out, err
}

func (s *Service) getGroupTargets(ctx context.Context, in *scheduler.GetScheduleGroupInput) ([]wire.Target, error) {
	return s.onGroup(ctx, in.Name)
}

// ListScheduleGroups lists the account's groups.
func (s *Service) ListScheduleGroups(ctx context.Context, in *scheduler.ListScheduleGroupsInput) (*scheduler.ListScheduleGroupsOutput, error) {
	of := here(ctx, "")
	var rows []store.Row[group]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.groups.List(tx, store.Range{Account: of.Account, Region: of.Region})
		return err
	}); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(rows, func(r store.Row[group]) bool { return r.Key.ID == defaultGroup }) {
		rows = append(rows, store.Row[group]{Key: here(ctx, defaultGroup)})
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[group]) bool { return !strings.HasPrefix(r.Key.ID, aws.ToString(in.NamePrefix)) })
	slices.SortFunc(rows, func(a, b store.Row[group]) int { return strings.Compare(a.Key.ID, b.Key.ID) })
	rows, next, err := page(ctx, rows, func(r store.Row[group]) string { return r.Key.ID }, in.MaxResults, in.NextToken)
	out := &scheduler.ListScheduleGroupsOutput{ScheduleGroups: []types.ScheduleGroupSummary{}, NextToken: next}
	for _, r := range rows {
		out.ScheduleGroups = append(out.ScheduleGroups, types.ScheduleGroupSummary{Arn: aws.String(groupARN(r.Key)), Name: aws.String(r.Key.ID),
			State: types.ScheduleGroupStateActive, CreationDate: &r.Value.Created, LastModificationDate: &r.Value.Modified})
	}
	return out, err
}

func tagMap(list []types.Tag) (map[string]string, error) {
	tags, err := wire.TagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, invalid("%v", err)
	}
	return tags, nil
}

// tagged reads the key of a group out of its ARN.
func tagged(resource *string) (store.Key, error) {
	a, err := arn.Parse(aws.ToString(resource))
	name, ok := strings.CutPrefix(a.Resource, "schedule-group/")
	if err != nil || !ok {
		return store.Key{}, missing("Resource %s does not exist.", aws.ToString(resource))
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: name}, nil
}

// retag reads and changes the tags of a group.
func (s *Service) retag(ctx context.Context, resource *string, f func(map[string]string) (map[string]string, error)) error {
	k, err := tagged(resource)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, k)
		if err != nil {
			return err
		}
		if g.Tags, err = f(g.Tags); err != nil {
			return err
		}
		return s.groups.Put(tx, k, g)
	})
}

func onARN(resource *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(resource)}}, nil
}

// TagResource adds tags to a group.
func (s *Service) TagResource(ctx context.Context, in *scheduler.TagResourceInput) (*scheduler.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	return &scheduler.TagResourceOutput{}, s.retag(ctx, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		out, err := wire.AddTags(has, tags)
		if err != nil {
			return nil, invalid("%v", err)
		}
		return out, nil
	})
}

func (s *Service) tagTargets(_ context.Context, in *scheduler.TagResourceInput) ([]wire.Target, error) {
	return onARN(in.ResourceArn)
}

// UntagResource removes tags.
func (s *Service) UntagResource(ctx context.Context, in *scheduler.UntagResourceInput) (*scheduler.UntagResourceOutput, error) {
	return &scheduler.UntagResourceOutput{}, s.retag(ctx, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		return wire.RemoveTags(has, in.TagKeys), nil
	})
}

func (s *Service) untagTargets(_ context.Context, in *scheduler.UntagResourceInput) ([]wire.Target, error) {
	return onARN(in.ResourceArn)
}

// ListTagsForResource lists the tags of a group.
func (s *Service) ListTagsForResource(ctx context.Context, in *scheduler.ListTagsForResourceInput) (*scheduler.ListTagsForResourceOutput, error) {
	k, err := tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	var g group
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g, err = s.group(tx, k)
		return err
	})
	return &scheduler.ListTagsForResourceOutput{Tags: wire.TagList(g.Tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })}, err
}

func (s *Service) listTagsTargets(_ context.Context, in *scheduler.ListTagsForResourceInput) ([]wire.Target, error) {
	return onARN(in.ResourceArn)
}
