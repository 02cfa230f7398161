package cloudformation

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
)

const byUser = "User Initiated"

// newStack is a stack that nothing was made of yet.
func (s *Service) newStack(ctx context.Context, name string) (store.Key, stack, error) {
	if !stackName.MatchString(name) {
		return store.Key{}, stack{}, invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	if len(name) > 128 {
		return store.Key{}, stack{}, invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must have length less than or equal to 128", name)
	}
	k := here(ctx, uuid.NewString())
	return k, stack{ID: k.ID, Name: name, Created: s.Clock.Now(), Owner: caller(ctx), Host: wire.CallOf(ctx).Host, OnFailure: types.OnFailureRollback}, nil
}

// CreateStack begins to make what a template describes.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func (s *Service) CreateStack(ctx context.Context, in *cloudformation.CreateStackInput) (out *cloudformation.CreateStackOutput, err error) {
	k, st, err := s.newStack(ctx, text(in.StackName))
	if err != nil {
		return nil, err
	}
	st.Role, st.Token, st.Notify, st.Timeout = text(in.RoleARN), text(in.ClientRequestToken), in.NotificationARNs, in.TimeoutInMinutes
	st.Capabilities, st.Rollback, st.Protected = in.Capabilities, in.RollbackConfiguration, set(in.EnableTerminationProtection)
	st.RetainExceptCreate = set(in.RetainExceptOnCreate)
	switch {
	case in.DisableRollback != nil && in.OnFailure != "":
		return nil, invalid("Only one of OnFailure or DisableRollback can be specified.")
	case in.OnFailure != "":
		st.OnFailure = in.OnFailure
	case set(in.DisableRollback):
		st.OnFailure = types.OnFailureDoNothing
	}
	if in.TimeoutInMinutes != nil {
		st.Deadline = some(st.Created.Add(time.Duration(*in.TimeoutInMinutes) * time.Minute))
	}
	if err := s.trusted(ctx, st.Role); err != nil {
		return nil, err
	}
	if st.Policy, err = s.policyText(ctx, in.StackPolicyBody, in.StackPolicyURL); err != nil {
		return nil, err
	}
	v, p, err := s.take(ctx, k, &st, order{body: in.TemplateBody, url: in.TemplateURL, parameters: in.Parameters, tags: in.Tags, retag: true,
		capabilities: in.Capabilities, only: in.ResourceTypes}, nil)
	if err != nil {
		return nil, err
	}
	st.Tags, st.Description = v.Tags, p.Template.Description
	s.adopt(&st)
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*cloudformation.CreateStackOutput, error) {
			if err := s.enter(tx, k, st); err != nil {
				return nil, err
			}
			return &cloudformation.CreateStackOutput{StackId: some(st.arn(k))}, s.launch(tx, k, &st, types.StackStatusCreateInProgress, byUser, &v)
		})
		return reused(err)
	})
	s.linger(ctx, k, err)
	return out, err
}

// patience is how long an answer waits for the operation that it begins: most stacks are done by then, and clients that ask again only after
// half a minute see that at once.
const patience = time.Second

// linger waits for the end of a stack's operation, for a while.
func (s *Service) linger(ctx context.Context, k store.Key, err error) {
	if err != nil || k.ID == "" {
		return
	}
	limit := time.After(patience)
	for {
		s.mu.Lock()
		turned := s.turned
		s.mu.Unlock()
		var st stack
		if s.Store.View(ctx, func(tx *store.Tx) (err error) { st, err = s.stacks.Get(tx, k); return err }) != nil || st.Operation == "" {
			return
		}
		select {
		case <-turned:
		case <-limit:
			return
		case <-ctx.Done():
			return
		}
	}
}

func set(b *bool) bool { return b != nil && *b }

// enter takes a name for a stack.
func (s *Service) enter(tx *store.Tx, k store.Key, st stack) error {
	_, err := s.names.Get(tx, at(k, st.Name))
	switch {
	case err == nil:
		return &types.AlreadyExistsException{Message: some("Stack [" + st.Name + "] already exists")}
	case !absent(err):
		return err
	}
	return s.names.Put(tx, at(k, st.Name), st.ID)
}

// launch begins an operation: v is what the stack shall be, when it shall be something else.
func (s *Service) launch(tx *store.Tx, k store.Key, st *stack, status types.StackStatus, reason string, v *revision) error {
	st.Operation, st.Cancel = uuid.NewString(), ""
	if v != nil {
		last, err := s.revisions.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Reverse: true, Limit: 1})
		if err != nil {
			return err
		}
		st.Next = st.Now + 1
		if len(last) > 0 {
			st.Next = last[0].Value.Number + 1
		}
		v.Number = st.Next
		if err := s.revisions.Put(tx, revisionKey(k, st.Next), *v); err != nil {
			return err
		}
	}
	if err := s.turn(tx, k, st, status, reason); err != nil {
		return err
	}
	_, err := tx.Enqueue(operateJob, work{k, st.Operation})
	return err
}
