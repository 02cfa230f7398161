package cloudformation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// busy tells whether something is done to a stack of that status.
func busy(status types.StackStatus) bool { return strings.HasSuffix(string(status), "IN_PROGRESS") }

// position orders stacks, the newest first.
func position(st *stack) string {
	return fmt.Sprintf("%016x", uint64(1)<<63-uint64(st.Created.UnixNano())) + st.ID
}

// listed are the stacks of the caller's account and Region, the newest first.
func (s *Service) listed(ctx context.Context, tx *store.Tx, take func(*stack) bool) (out []store.Row[stack], err error) {
	k := here(ctx, "")
	rows, err := s.stacks.List(tx, store.Range{Account: k.Account, Region: k.Region})
	for _, r := range rows {
		if take(&r.Value) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b store.Row[stack]) int { return strings.Compare(position(&a.Value), position(&b.Value)) })
	return out, err
}

// DescribeStacks tells of one stack, or of all that are not deleted.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (s *Service) DescribeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	out := &cloudformation.DescribeStacksOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		var rows []store.Row[stack]
		if text(in.StackName) != "" {
			k, st, err := s.named(ctx, tx, *in.StackName)
			if err != nil {
				return err
			}
			rows = []store.Row[stack]{{Key: k, Value: st}}
		} else {
			list, err := s.listed(ctx, tx, func(st *stack) bool { return st.Deleted == nil })
			if err != nil {
				return err
			}
			if rows, out.NextToken, err = wire.Page(ctx, list, func(r store.Row[stack]) string { return position(&r.Value) }, pageSize, in.NextToken); err != nil {
				return paged(err)
			}
		}
		for _, r := range rows {
			d, err := s.described(tx, r.Key, &r.Value)
			if err != nil {
				return err
			}
			out.Stacks = append(out.Stacks, d)
		}
		return nil
	})
}

func (s *Service) described(tx *store.Tx, k store.Key, st *stack) (types.Stack, error) {
	d := types.Stack{StackId: some(st.arn(k)), StackName: &st.Name, CreationTime: &st.Created, LastUpdatedTime: st.Updated, DeletionTime: st.Deleted,
		StackStatus: st.Status, StackStatusReason: filled(st.Reason), Description: filled(st.Description), Capabilities: st.Capabilities,
		ChangeSetId: filled(st.ChangeSet), DisableRollback: some(st.OnFailure == types.OnFailureDoNothing), EnableTerminationProtection: &st.Protected,
		NotificationARNs: st.Notify, RoleARN: filled(st.Role), ParentId: filled(st.Parent), RootId: filled(st.Root), TimeoutInMinutes: st.Timeout,
		RollbackConfiguration: st.Rollback, DriftInformation: &types.StackDriftInformation{StackDriftStatus: types.StackDriftStatusNotChecked}}
	if st.Rollback == nil {
		d.RollbackConfiguration = &types.RollbackConfiguration{}
	}
	if st.RetainExceptCreate {
		d.RetainExceptOnCreate = &st.RetainExceptCreate
	}
	if st.Drift != nil {
		d.DriftInformation = &types.StackDriftInformation{StackDriftStatus: st.Drift.Status, LastCheckTimestamp: &st.Drift.Time}
	}
	for _, o := range st.Outputs {
		d.Outputs = append(d.Outputs, types.Output{OutputKey: some(o.Key), OutputValue: some(o.Value), Description: filled(o.Description), ExportName: filled(o.Export)})
	}
	for _, t := range st.Tags {
		d.Tags = append(d.Tags, types.Tag{Key: some(t.Key), Value: some(t.Value)})
	}
	n := st.Now
	if n == 0 {
		n = st.Next
	}
	if n == 0 {
		return d, nil
	}
	v, err := s.revisions.Get(tx, revisionKey(k, n))
	d.Parameters = shownParameters(v.Parameters)
	return d, err
}

// shownParameters are parameters as they are told: not those that shall not be seen.
func shownParameters(list []parameter) (out []types.Parameter) {
	for _, p := range list {
		q := types.Parameter{ParameterKey: some(p.Key), ParameterValue: some(p.Value), ResolvedValue: p.Resolved}
		if p.Secret {
			q.ParameterValue = some("****")
		}
		out = append(out, q)
	}
	return out
}
