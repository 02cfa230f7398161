package logs

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

type named struct {
	key   store.Key
	group group
}

// list gives the caller's groups in order of name.
func (s *Service) list(ctx context.Context, match func(k store.Key, g group) bool) (out []named, err error) {
	at := here(ctx, "")
	err = s.image.Read(ctx, func() {
		for k, g := range s.groups.Rows() {
			if k.Account == at.Account && k.Region == at.Region && match(k, g) {
				out = append(out, named{k, g})
			}
		}
	})
	slices.SortFunc(out, func(a, b named) int { return cmp.Compare(a.key.ID, b.key.ID) })
	return out, err
}

// page cuts a list in order of key.
func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, usual int, token *string) ([]T, *string, error) {
	size := usual
	if limit != nil {
		size = int(*limit)
	}
	out, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		return nil, nil, errToken
	}
	return append([]T{}, out...), next, nil
}

// like tells whether a name has a part, in any case.
func like(name string, part *string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(aws.ToString(part)))
}

// DescribeLogGroups lists groups by prefix, part of the name, or identifier.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
func (s *Service) DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, invalid("LogGroupNamePrefix and LogGroupNamePattern are mutually exclusive.")
	}
	wanted := map[store.Key]bool{}
	for _, id := range in.LogGroupIdentifiers {
		k, err := identified(ctx, id)
		if err != nil {
			return nil, err
		}
		wanted[k] = true
	}
	list, err := s.list(ctx, func(k store.Key, g group) bool {
		return strings.HasPrefix(k.ID, aws.ToString(in.LogGroupNamePrefix)) && like(k.ID, in.LogGroupNamePattern) &&
			(in.LogGroupClass == "" || in.LogGroupClass == g.Class) && (len(wanted) == 0 || wanted[k])
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(ctx, list, func(n named) string { return n.key.ID }, in.Limit, 50, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}, NextToken: next}
	for _, n := range list {
		head, err := s.files.Head(ctx, n.group.place(n.key, ""))
		if err != nil {
			return nil, err
		}
		g := types.LogGroup{Arn: aws.String(groupARN(n.key) + ":*"), LogGroupArn: aws.String(groupARN(n.key)), LogGroupName: &n.key.ID,
			CreationTime: &n.group.Created, LogGroupClass: n.group.Class, MetricFilterCount: aws.Int32(int32(len(n.group.Metrics))),
			StoredBytes: aws.Int64(n.group.Stored + head.Bytes), DeletionProtectionEnabled: &n.group.Protected}
		if n.group.Retention > 0 {
			g.RetentionInDays = &n.group.Retention
		}
		if n.group.Key != "" {
			g.KmsKeyId = &n.group.Key
		}
		out.LogGroups = append(out.LogGroups, g)
	}
	return out, nil
}

func (s *Service) describeLogGroupsTargets(ctx context.Context, _ *cloudwatchlogs.DescribeLogGroupsInput) ([]wire.Target, error) {
	return s.target(ctx, here(ctx, ""), "")
}

// among tells whether a name has one of the parts between the bars; one behind ^ has to be its beginning.
func among(name, parts string) bool {
	for part := range strings.SplitSeq(parts, "|") {
		prefix, anchored := strings.CutPrefix(part, "^")
		if anchored && strings.HasPrefix(name, prefix) || !anchored && like(name, &part) {
			return true
		}
	}
	return false
}

// ListLogGroups lists groups in short.
func (s *Service) ListLogGroups(ctx context.Context, in *cloudwatchlogs.ListLogGroupsInput) (*cloudwatchlogs.ListLogGroupsOutput, error) {
	list, err := s.list(ctx, func(k store.Key, g group) bool {
		return among(k.ID, aws.ToString(in.LogGroupNamePattern)) && (in.LogGroupClass == "" || in.LogGroupClass == g.Class) && tagged(g.Tags, in.LogGroupTags)
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(ctx, list, func(n named) string { return n.key.ID }, in.Limit, 50, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.ListLogGroupsOutput{LogGroups: []types.LogGroupSummary{}, NextToken: next}
	for _, n := range list {
		out.LogGroups = append(out.LogGroups, types.LogGroupSummary{LogGroupArn: aws.String(groupARN(n.key)), LogGroupName: &n.key.ID, LogGroupClass: n.group.Class})
	}
	return out, nil
}

func (s *Service) listLogGroupsTargets(ctx context.Context, _ *cloudwatchlogs.ListLogGroupsInput) ([]wire.Target, error) {
	return s.target(ctx, here(ctx, ""), "")
}
