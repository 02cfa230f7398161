package cloudformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

func (w *row) drifted() *types.StackResourceDriftInformation {
	d := &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked}
	if w.Drift != nil {
		d.StackResourceDriftStatus, d.LastCheckTimestamp = w.Drift.Status, &w.Drift.Time
	}
	return d
}

// told is the physical ID that a row tells: of what was removed, the last.
func (w *row) told() *string { return filled(w.known()) }

func (w *row) known() string {
	if id := w.physical(); id != "" {
		return id
	}
	return w.Last
}

// DescribeStackResource tells of one resource of a stack.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
func (s *Service) DescribeStackResource(ctx context.Context, in *cloudformation.DescribeStackResourceInput) (*cloudformation.DescribeStackResourceOutput, error) {
	out := &cloudformation.DescribeStackResourceOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, st, err := s.named(ctx, tx, text(in.StackName))
		if err != nil {
			return stackGone(err, in.StackName)
		}
		w, err := s.rows.Get(tx, under(k, text(in.LogicalResourceId)))
		if absent(err) {
			return invalid("Resource %s does not exist for stack %s", text(in.LogicalResourceId), text(in.StackName))
		}
		d := &types.StackResourceDetail{LogicalResourceId: &w.Logical, PhysicalResourceId: w.told(), ResourceType: &w.Type, ResourceStatus: w.Status,
			ResourceStatusReason: filled(w.Reason), LastUpdatedTimestamp: &w.Time, StackId: some(st.arn(k)), StackName: &st.Name, DriftInformation: w.drifted(),
			Metadata: some("{}")}
		if w.Now != nil && w.Now.Metadata != "" {
			d.Metadata = &w.Now.Metadata
		}
		out.StackResourceDetail = d
		return err
	})
}

func stackGone(err error, name *string) error {
	if isMissing(err) {
		return invalid("Stack '%s' does not exist", text(name))
	}
	return err
}

// DescribeStackResources tells of a stack's resources, or of those of the stack that one physical ID belongs to.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
func (s *Service) DescribeStackResources(ctx context.Context, in *cloudformation.DescribeStackResourcesInput) (*cloudformation.DescribeStackResourcesOutput, error) {
	out := &cloudformation.DescribeStackResourcesOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, st, err := s.owner(ctx, tx, in)
		if err != nil {
			return err
		}
		rows, err := s.rows.List(tx, prefixed(k, ""))
		for _, r := range rows {
			w := r.Value
			if text(in.LogicalResourceId) != "" && w.Logical != *in.LogicalResourceId {
				continue
			}
			out.StackResources = append(out.StackResources, types.StackResource{LogicalResourceId: &w.Logical, PhysicalResourceId: w.told(), ResourceType: &w.Type,
				ResourceStatus: w.Status, ResourceStatusReason: filled(w.Reason), Timestamp: &w.Time, StackId: some(st.arn(k)), StackName: &st.Name,
				DriftInformation: w.drifted()})
		}
		if err == nil && text(in.LogicalResourceId) != "" && len(out.StackResources) == 0 {
			return invalid("Resource %s does not exist for stack %s", *in.LogicalResourceId, st.Name)
		}
		return err
	})
}

// owner is the stack that DescribeStackResources asks about.
func (s *Service) owner(ctx context.Context, tx *store.Tx, in *cloudformation.DescribeStackResourcesInput) (store.Key, stack, error) {
	if (text(in.StackName) != "") == (text(in.PhysicalResourceId) != "") {
		return store.Key{}, stack{}, invalid("Exactly one of 'StackName' or 'PhysicalResourceId' must be specified")
	}
	if text(in.StackName) != "" {
		k, st, err := s.named(ctx, tx, *in.StackName)
		return k, st, err
	}
	k := here(ctx, "")
	rows, err := s.rows.List(tx, store.Range{Account: k.Account, Region: k.Region})
	for _, r := range rows {
		if r.Value.Now != nil && r.Value.Now.ID == *in.PhysicalResourceId {
			id, _, _ := strings.Cut(r.Key.ID, "/")
			st, err := s.stacks.Get(tx, at(k, id))
			return at(k, id), st, err
		}
	}
	if err == nil {
		err = invalid("Stack for %s does not exist", *in.PhysicalResourceId)
	}
	return k, stack{}, err
}

// ListStackResources lists a stack's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
func (s *Service) ListStackResources(ctx context.Context, in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
	out := &cloudformation.ListStackResourcesOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, _, err := s.named(ctx, tx, text(in.StackName))
		if err != nil {
			return err
		}
		rows, err := s.rows.List(tx, prefixed(k, ""))
		if err != nil {
			return err
		}
		rows, out.NextToken, err = wire.Page(ctx, rows, func(r store.Row[row]) string { return r.Key.ID }, pageSize, in.NextToken)
		for _, r := range rows {
			w, d := r.Value, r.Value.drifted()
			out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{LogicalResourceId: &w.Logical, PhysicalResourceId: w.told(),
				ResourceType: &w.Type, ResourceStatus: w.Status, ResourceStatusReason: filled(w.Reason), LastUpdatedTimestamp: &w.Time,
				DriftInformation: &types.StackResourceDriftInformationSummary{StackResourceDriftStatus: d.StackResourceDriftStatus, LastCheckTimestamp: d.LastCheckTimestamp}})
		}
		return paged(err)
	})
}

// ListStacks lists stacks, those that were deleted too.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
func (s *Service) ListStacks(ctx context.Context, in *cloudformation.ListStacksInput) (*cloudformation.ListStacksOutput, error) {
	out := &cloudformation.ListStacksOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.listed(ctx, tx, func(st *stack) bool {
			return len(in.StackStatusFilter) == 0 || slices.Contains(in.StackStatusFilter, st.Status)
		})
		if err != nil {
			return err
		}
		rows, out.NextToken, err = wire.Page(ctx, rows, func(r store.Row[stack]) string { return position(&r.Value) }, pageSize, in.NextToken)
		for _, r := range rows {
			st := r.Value
			d := &types.StackDriftInformationSummary{StackDriftStatus: types.StackDriftStatusNotChecked}
			if st.Drift != nil {
				d.StackDriftStatus, d.LastCheckTimestamp = st.Drift.Status, &st.Drift.Time
			}
			out.StackSummaries = append(out.StackSummaries, types.StackSummary{StackId: some(st.arn(r.Key)), StackName: &st.Name, StackStatus: st.Status,
				StackStatusReason: filled(st.Reason), CreationTime: &st.Created, LastUpdatedTime: st.Updated, DeletionTime: st.Deleted,
				TemplateDescription: filled(st.Description), ParentId: filled(st.Parent), RootId: filled(st.Root), DriftInformation: d})
		}
		return paged(err)
	})
}
