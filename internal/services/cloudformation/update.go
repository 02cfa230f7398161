package cloudformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// updatable refuses stacks that cannot be updated as they are.
func updatable(k store.Key, st *stack) error {
	switch st.Status {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete, types.StackStatusUpdateFailed,
		types.StackStatusCreateFailed:
		return nil
	}
	return invalid("Stack:%s is in %s state and can not be updated.", st.arn(k), st.Status)
}

// UpdateStack begins to make of a stack what a template describes.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
func (s *Service) UpdateStack(ctx context.Context, in *cloudformation.UpdateStackInput) (out *cloudformation.UpdateStackOutput, err error) {
	k, st, old, err := s.updating(ctx, text(in.StackName))
	if err != nil {
		return nil, err
	}
	if out, ok := s.repeated(k, &st, in.ClientRequestToken); ok {
		return out, nil
	}
	if err := updatable(k, &st); err != nil {
		return nil, err
	}
	if err := s.trusted(ctx, text(in.RoleARN)); err != nil {
		return nil, err
	}
	policy, err := s.policyText(ctx, in.StackPolicyBody, in.StackPolicyURL)
	if err != nil {
		return nil, err
	}
	during, err := s.policyText(ctx, in.StackPolicyDuringUpdateBody, in.StackPolicyDuringUpdateURL)
	if err != nil {
		return nil, err
	}
	st.Host, st.Owner, st.Token, st.Update, st.OnFailure = wire.CallOf(ctx).Host, caller(ctx), text(in.ClientRequestToken), during, types.OnFailureRollback
	if set(in.DisableRollback) {
		st.OnFailure = types.OnFailureDoNothing
	}
	st.RetainExceptCreate = set(in.RetainExceptOnCreate)
	if text(in.RoleARN) != "" {
		st.Role = *in.RoleARN
	}
	renotified := in.NotificationARNs != nil && !slices.Equal(in.NotificationARNs, st.Notify)
	if in.NotificationARNs != nil {
		st.Notify = in.NotificationARNs
	}
	if in.Capabilities != nil {
		st.Capabilities = in.Capabilities
	}
	if in.RollbackConfiguration != nil {
		st.Rollback = in.RollbackConfiguration
	}
	if policy != "" {
		st.Policy = policy
	}
	v, p, err := s.take(ctx, k, &st, order{body: in.TemplateBody, url: in.TemplateURL, previous: set(in.UsePreviousTemplate), parameters: in.Parameters,
		tags: in.Tags, retag: in.Tags != nil, capabilities: in.Capabilities, only: in.ResourceTypes}, &old)
	if err != nil {
		return nil, err
	}
	r, before, err := s.glance(ctx, k, &st, &old)
	if err != nil {
		return nil, err
	}
	if st.Now > 0 && st.Status != types.StackStatusUpdateFailed && !renotified {
		changes, err := s.compare(ctx, r, before, p)
		if err != nil {
			return nil, templateFault(err)
		}
		if len(changes) == 0 && !s.differs(ctx, k, &st, p, &old) {
			return nil, invalid("No updates are to be performed.")
		}
	}
	s.adopt(&st)
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		has, err := s.stacks.Get(tx, k)
		if err != nil {
			return err
		}
		if err := updatable(k, &has); err != nil {
			return err
		}
		st.Updated, st.Status = some(s.Clock.Now()), has.Status
		out = &cloudformation.UpdateStackOutput{StackId: some(st.arn(k))}
		return s.launch(tx, k, &st, types.StackStatusUpdateInProgress, byUser, &v)
	})
	s.linger(ctx, k, err)
	return out, err
}

// repeated tells whether a request is one that the stack is busy with, or done with.
func (s *Service) repeated(k store.Key, st *stack, token *string) (*cloudformation.UpdateStackOutput, bool) {
	if text(token) == "" || st.Token != *token || !strings.HasPrefix(string(st.Status), "UPDATE") {
		return nil, false
	}
	return &cloudformation.UpdateStackOutput{StackId: some(st.arn(k))}, true
}

// updating reads a stack with the revision that it stands on.
func (s *Service) updating(ctx context.Context, name string) (k store.Key, st stack, v revision, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if k, st, err = s.alive(ctx, tx, name); err != nil {
			return err
		}
		v, err = s.standing(tx, k, &st)
		return err
	})
	return k, st, v, err
}

// standing is the revision that a stack stands on, or, when it never stood, the one it was to be.
func (s *Service) standing(tx *store.Tx, k store.Key, st *stack) (revision, error) {
	n := st.Now
	if n == 0 {
		n = st.Next
	}
	v, err := s.revisions.Get(tx, revisionKey(k, n))
	if absent(err) {
		err = nil
	}
	return v, err
}

// glance is a run that only looks, with the plan that the stack stands on.
func (s *Service) glance(ctx context.Context, k store.Key, st *stack, old *revision) (*run, *plan, error) {
	r := &run{s: s, k: k, st: *st, ctx: ctx, rows: map[string]row{}}
	r.config = func() (aws.Config, error) { return s.config(ctx, k, st) }
	if old == nil {
		return r, nil, nil
	}
	if err := r.load(); err != nil {
		return nil, nil, err
	}
	config, err := r.config()
	if err != nil {
		return nil, nil, err
	}
	before, err := s.bind(ctx, k, st, *old, config)
	if err != nil {
		before = nil // what could be read then is gone: nothing is known of it
	}
	return r, before, nil
}

// differs tells whether something beside the resources differs: outputs or tags.
func (s *Service) differs(ctx context.Context, k store.Key, st *stack, p *plan, old *revision) bool {
	r, _, err := s.glance(ctx, k, st, old)
	if err != nil {
		return true
	}
	r.plan = p
	outputs, err := r.outputs()
	same := func(a, b output) bool { return a == b }
	if err != nil || !slices.EqualFunc(outputs, st.Outputs, same) {
		return true
	}
	return len(p.tags) != len(old.Tags) || slices.ContainsFunc(old.Tags, func(t tag) bool { v, ok := p.tags[t.Key]; return !ok || v != t.Value })
}

// CancelUpdateStack has an update go back.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
func (s *Service) CancelUpdateStack(ctx context.Context, in *cloudformation.CancelUpdateStackInput) (*cloudformation.CancelUpdateStackOutput, error) {
	var k store.Key
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		var st stack
		if k, st, err = s.alive(ctx, tx, text(in.StackName)); err != nil {
			return err
		}
		if st.Status != types.StackStatusUpdateInProgress {
			return invalid("CancelUpdateStack cannot be called from current stack status")
		}
		st.Cancel = byUser
		return s.stacks.Put(tx, k, st)
	})
	if err != nil {
		return nil, err
	}
	s.interrupt(k, byUser)
	return &cloudformation.CancelUpdateStackOutput{}, nil
}

// ContinueUpdateRollback goes on with a rollback that failed.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
func (s *Service) ContinueUpdateRollback(ctx context.Context, in *cloudformation.ContinueUpdateRollbackInput) (out *cloudformation.ContinueUpdateRollbackOutput, err error) {
	if err := s.trusted(ctx, text(in.RoleARN)); err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*cloudformation.ContinueUpdateRollbackOutput, error) {
			k, st, err := s.alive(ctx, tx, text(in.StackName))
			if err != nil {
				return nil, err
			}
			if st.Status != types.StackStatusUpdateRollbackFailed {
				return nil, invalid("Stack:%s is in %s state and can not continue rolling back.", st.arn(k), st.Status)
			}
			for _, name := range in.ResourcesToSkip {
				w, err := s.rows.Get(tx, under(k, name[strings.LastIndexByte(name, '.')+1:]))
				if err != nil || w.Status != types.ResourceStatusUpdateFailed {
					return nil, invalid("The following resource(s) to skip are not in UPDATE_FAILED state: [%s]", name)
				}
			}
			st.Skip, st.Host, st.Owner, st.Token = in.ResourcesToSkip, wire.CallOf(ctx).Host, caller(ctx), text(in.ClientRequestToken)
			if text(in.RoleARN) != "" {
				st.Role = *in.RoleARN
			}
			return &cloudformation.ContinueUpdateRollbackOutput{}, s.launch(tx, k, &st, types.StackStatusUpdateRollbackInProgress, byUser, nil)
		})
		return reused(err)
	})
	return out, err
}

// RollbackStack brings a stack whose operation failed and was left so back to what it was.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html
func (s *Service) RollbackStack(ctx context.Context, in *cloudformation.RollbackStackInput) (out *cloudformation.RollbackStackOutput, err error) {
	if err := s.trusted(ctx, text(in.RoleARN)); err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*cloudformation.RollbackStackOutput, error) {
			k, st, err := s.alive(ctx, tx, text(in.StackName))
			if err != nil {
				return nil, err
			}
			status := types.StackStatusUpdateRollbackInProgress
			switch st.Status {
			case types.StackStatusCreateFailed:
				status = types.StackStatusRollbackInProgress
			case types.StackStatusUpdateFailed:
			default:
				return nil, invalid("Stack:%s is in %s state and can not be rolled back.", st.arn(k), st.Status)
			}
			st.Host, st.Owner, st.Token, st.RetainExceptCreate = wire.CallOf(ctx).Host, caller(ctx), text(in.ClientRequestToken), set(in.RetainExceptOnCreate)
			if text(in.RoleARN) != "" {
				st.Role = *in.RoleARN
			}
			return &cloudformation.RollbackStackOutput{StackId: some(st.arn(k))}, s.launch(tx, k, &st, status, byUser, nil)
		})
		return reused(err)
	})
	return out, err
}
