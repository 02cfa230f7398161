package cloudformation

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// DeleteStack begins to remove a stack with its resources. One that is not there is deleted.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
func (s *Service) DeleteStack(ctx context.Context, in *cloudformation.DeleteStackInput) (*cloudformation.DeleteStackOutput, error) {
	if err := s.trusted(ctx, text(in.RoleARN)); err != nil {
		return nil, err
	}
	out := &cloudformation.DeleteStackOutput{}
	var k store.Key
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*cloudformation.DeleteStackOutput, error) {
			var st stack
			if k, st, err = s.alive(ctx, tx, text(in.StackName)); err != nil {
				if isMissing(err) {
					err = nil
				}
				return out, err
			}
			return out, s.delete(ctx, tx, k, st, in)
		})
		return reused(err)
	})
	if err == nil && k.ID != "" {
		s.interrupt(k, "the stack is deleted")
		s.linger(ctx, k, err)
	}
	return out, err
}

func (s *Service) delete(ctx context.Context, tx *store.Tx, k store.Key, st stack, in *cloudformation.DeleteStackInput) error {
	switch {
	case st.Protected:
		return invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.Name)
	case st.Status == types.StackStatusDeleteInProgress:
		return nil
	case len(in.RetainResources) > 0 && st.Status != types.StackStatusDeleteFailed:
		return invalid("Invalid operation on stack [%s]. Specify which resources to retain only when the stack is in the DELETE_FAILED state.", st.arn(k))
	case in.DeletionMode == types.DeletionModeForceDeleteStack && st.Status != types.StackStatusDeleteFailed:
		return invalid("Invalid operation on stack [%s]. FORCE_DELETE_STACK can only be used when the stack is in the DELETE_FAILED state.", st.arn(k))
	case busy(st.Status) && st.Status != types.StackStatusCreateInProgress && st.Status != types.StackStatusReviewInProgress:
		return invalid("Stack [%s] cannot be deleted while in status %s", st.arn(k), st.Status)
	}
	for _, name := range in.RetainResources {
		if _, err := s.rows.Get(tx, under(k, name)); err != nil {
			return invalid("The specified resources to retain must be in a valid state. Do not specify resources that are in a DELETE_COMPLETE state: [%s]", name)
		}
	}
	for _, o := range st.Outputs {
		if o.Export == "" {
			continue
		}
		users, err := s.importers(tx, k, o.Export)
		if err != nil {
			return err
		}
		if len(users) > 0 { // the stack stays what it is
			return s.turn(tx, k, &st, st.Status, fmt.Sprintf("Export %s cannot be deleted as it is in use by %s", o.Export, sentence(users)))
		}
	}
	st.Host, st.Owner, st.Token, st.Retain = wire.CallOf(ctx).Host, caller(ctx), text(in.ClientRequestToken), in.RetainResources
	st.Force = in.DeletionMode == types.DeletionModeForceDeleteStack
	if text(in.RoleARN) != "" {
		st.Role = *in.RoleARN
	}
	return s.launch(tx, k, &st, types.StackStatusDeleteInProgress, byUser, nil)
}
