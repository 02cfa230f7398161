package cloudformation

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// ExecuteChangeSet begins to make what a change set describes. The stack's other change sets are obsolete then.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
func (s *Service) ExecuteChangeSet(ctx context.Context, in *cloudformation.ExecuteChangeSetInput) (out *cloudformation.ExecuteChangeSetOutput, err error) {
	var k store.Key
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*cloudformation.ExecuteChangeSetOutput, error) {
			var st stack
			var c changeSet
			if k, st, c, err = s.setNamed(ctx, tx, in.StackName, in.ChangeSetName); err != nil {
				return nil, err
			}
			return &cloudformation.ExecuteChangeSetOutput{}, s.execute(ctx, tx, k, st, c, in)
		})
		return reused(err)
	})
	s.linger(ctx, k, err)
	return out, err
}

func (s *Service) execute(ctx context.Context, tx *store.Tx, k store.Key, st stack, c changeSet, in *cloudformation.ExecuteChangeSetInput) error {
	if c.Execution != types.ExecutionStatusAvailable || c.Status != types.ChangeSetStatusCreateComplete {
		return &types.InvalidChangeSetStatusException{Message: some("ChangeSet [" + c.arn(k) + "] cannot be executed in its current status of [" + string(c.Status) + "]")}
	}
	status := types.StackStatusUpdateInProgress
	if c.Kind == types.ChangeSetTypeCreate {
		status = types.StackStatusCreateInProgress
		if st.Status != types.StackStatusReviewInProgress {
			return &types.InvalidChangeSetStatusException{Message: some("ChangeSet [" + c.arn(k) + "] cannot be executed in the current status of its stack.")}
		}
	} else {
		if err := updatable(k, &st); err != nil {
			return err
		}
		st.Updated = some(s.Clock.Now())
	}
	st.OnFailure = types.OnFailureRollback
	switch {
	case in.DisableRollback != nil && c.OnFailure != "":
		return invalid("Cannot specify DisableRollback when OnStackFailure was specified for the change set.")
	case set(in.DisableRollback), c.OnFailure == types.OnStackFailureDoNothing:
		st.OnFailure = types.OnFailureDoNothing
	case c.OnFailure == types.OnStackFailureDelete:
		st.OnFailure = types.OnFailureDelete
	}
	st.Host, st.Owner, st.Token, st.ChangeSet, st.Capabilities, st.Rollback = wire.CallOf(ctx).Host, caller(ctx), text(in.ClientRequestToken), c.arn(k), c.Capabilities, c.Rollback
	st.RetainExceptCreate = set(in.RetainExceptOnCreate)
	if c.Role != "" {
		st.Role = c.Role
	}
	if c.Notify != nil {
		st.Notify = c.Notify
	}
	if c.Kind == types.ChangeSetTypeCreate {
		st.Tags = c.Revision.Tags
	}
	rows, err := s.sets.List(tx, prefixed(k, ""))
	if err != nil {
		return err
	}
	for _, r := range rows {
		r.Value.Execution = types.ExecutionStatusObsolete
		if r.Value.ID == c.ID {
			r.Value.Execution = types.ExecutionStatusExecuteInProgress
		}
		if err := s.sets.Put(tx, r.Key, r.Value); err != nil {
			return err
		}
	}
	return s.launch(tx, k, &st, status, byUser, &c.Revision)
}

// ended does what is to be done when a stack gets a status.
func (s *Service) ended(tx *store.Tx, k store.Key, st *stack) error {
	if busy(st.Status) {
		return nil
	}
	rows, err := s.sets.List(tx, prefixed(k, ""))
	if err != nil {
		return err
	}
	good := st.Status == types.StackStatusCreateComplete || st.Status == types.StackStatusUpdateComplete
	for _, r := range rows {
		c := r.Value
		switch {
		case good && c.Execution != types.ExecutionStatusExecuteInProgress || st.Status == types.StackStatusDeleteComplete: // they are done with
			if err := s.sets.Delete(tx, r.Key); err != nil {
				return err
			}
			continue
		case c.Execution != types.ExecutionStatusExecuteInProgress:
			continue
		case good:
			c.Execution = types.ExecutionStatusExecuteComplete
		default:
			c.Execution = types.ExecutionStatusExecuteFailed
		}
		if err := s.sets.Put(tx, r.Key, c); err != nil {
			return err
		}
	}
	return nil
}

// DeleteChangeSet forgets a change set.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html
func (s *Service) DeleteChangeSet(ctx context.Context, in *cloudformation.DeleteChangeSetInput) (*cloudformation.DeleteChangeSetOutput, error) {
	return &cloudformation.DeleteChangeSetOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, _, c, err := s.setNamed(ctx, tx, in.StackName, in.ChangeSetName)
		if _, none := err.(*types.ChangeSetNotFoundException); none {
			return nil
		}
		if err != nil {
			return err
		}
		if c.Execution == types.ExecutionStatusExecuteInProgress {
			return &types.InvalidChangeSetStatusException{Message: some("ChangeSet [" + c.arn(k) + "] cannot be deleted while it is executed.")}
		}
		return s.sets.Delete(tx, under(k, c.Name))
	})
}

// ListChangeSets lists a stack's change sets.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html
func (s *Service) ListChangeSets(ctx context.Context, in *cloudformation.ListChangeSetsInput) (*cloudformation.ListChangeSetsOutput, error) {
	out := &cloudformation.ListChangeSetsOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, st, err := s.named(ctx, tx, text(in.StackName))
		if err != nil {
			return err
		}
		rows, err := s.sets.List(tx, prefixed(k, ""))
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r store.Row[changeSet]) bool { return r.Value.Execution == types.ExecutionStatusExecuteComplete })
		rows, out.NextToken, err = wire.Page(ctx, rows, func(r store.Row[changeSet]) string { return r.Key.ID }, pageSize, in.NextToken)
		for _, r := range rows {
			c := r.Value
			out.Summaries = append(out.Summaries, types.ChangeSetSummary{ChangeSetId: some(c.arn(k)), ChangeSetName: &c.Name, CreationTime: &c.Created,
				Description: filled(c.Description), ExecutionStatus: c.Execution, StackId: some(st.arn(k)), StackName: &st.Name, Status: c.Status,
				StatusReason: filled(c.Reason), IncludeNestedStacks: some(set(c.Nested))})
		}
		return paged(err)
	})
}
