package cloudformation

import (
	"context"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
)

// changeSet is a change of a stack that was looked at and not made yet. Its key is the stack and the name.
type changeSet struct {
	ID, Name     string
	Description  string
	Kind         types.ChangeSetType
	Created      time.Time
	Status       types.ChangeSetStatus
	Reason       string
	Execution    types.ExecutionStatus
	Revision     revision
	Changes      []types.ResourceChange
	Role         string
	Notify       []string
	Capabilities []types.Capability
	Rollback     *types.RollbackConfiguration
	OnFailure    types.OnStackFailure
	Nested       *bool
}

// What a change set without changes says.
const noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."

func (c *changeSet) arn(k store.Key) string {
	return arn.New("cloudformation", k.Region, k.Account, "changeSet/"+c.Name+"/"+c.ID)
}

// CreateChangeSet tells what a template would change, and keeps it to be executed.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
func (s *Service) CreateChangeSet(ctx context.Context, in *cloudformation.CreateChangeSetInput) (out *cloudformation.CreateChangeSetOutput, err error) {
	if in.ChangeSetType == types.ChangeSetTypeImport || len(in.ResourcesToImport) > 0 {
		return nil, invalid("Imports of resources are not implemented by Atelier.")
	}
	k, st, old, fresh, err := s.changing(ctx, in)
	if err != nil {
		return nil, err
	}
	c := changeSet{ID: uuid.NewString(), Name: text(in.ChangeSetName), Description: text(in.Description), Kind: in.ChangeSetType, Created: s.Clock.Now(),
		Status: types.ChangeSetStatusCreateComplete, Execution: types.ExecutionStatusAvailable, Role: text(in.RoleARN), Notify: in.NotificationARNs,
		Capabilities: in.Capabilities, Rollback: in.RollbackConfiguration, OnFailure: in.OnStackFailure, Nested: in.IncludeNestedStacks}
	if c.Kind == "" {
		c.Kind = types.ChangeSetTypeUpdate
	}
	if err := s.trusted(ctx, c.Role); err != nil {
		return nil, err
	}
	as := st
	as.Host, as.Owner, as.Capabilities = wire.CallOf(ctx).Host, caller(ctx), in.Capabilities
	if c.Role != "" {
		as.Role = c.Role
	}
	v, p, err := s.take(ctx, k, &as, order{body: in.TemplateBody, url: in.TemplateURL, previous: set(in.UsePreviousTemplate), parameters: in.Parameters,
		tags: in.Tags, retag: in.Tags != nil, capabilities: in.Capabilities, only: in.ResourceTypes}, old)
	if err != nil {
		return nil, err
	}
	c.Revision = v
	if err := s.look(ctx, k, &as, &c, p, old); err != nil {
		return nil, err
	}
	if len(c.Changes) == 0 && c.Kind == types.ChangeSetTypeUpdate && !s.differs(ctx, k, &as, p, old) {
		c.Status, c.Reason, c.Execution = types.ChangeSetStatusFailed, noChanges, types.ExecutionStatusUnavailable
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientToken, in, func() (*cloudformation.CreateChangeSetOutput, error) {
			if fresh {
				if err := s.enter(tx, k, st); err != nil {
					return nil, err
				}
				if err := s.turn(tx, k, &st, types.StackStatusReviewInProgress, byUser); err != nil {
					return nil, err
				}
			}
			has, err := s.sets.Get(tx, under(k, c.Name))
			if err != nil && !absent(err) {
				return nil, err
			}
			// The CLI names its change sets by the second: one that is done with makes room.
			if err == nil && has.Status != types.ChangeSetStatusFailed && has.Execution != types.ExecutionStatusExecuteComplete {
				return nil, &types.AlreadyExistsException{Message: some("ChangeSet " + c.Name + " already exists")}
			}
			return &cloudformation.CreateChangeSetOutput{Id: some(c.arn(k)), StackId: some(st.arn(k))}, s.sets.Put(tx, under(k, c.Name), c)
		})
		return reused(err)
	})
	return out, err
}

// changing finds the stack that a change set is for, or makes the one that it would create.
func (s *Service) changing(ctx context.Context, in *cloudformation.CreateChangeSetInput) (k store.Key, st stack, old *revision, fresh bool, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if k, st, err = s.alive(ctx, tx, text(in.StackName)); err != nil {
			return err
		}
		if in.ChangeSetType == types.ChangeSetTypeCreate {
			if st.Status != types.StackStatusReviewInProgress {
				return &types.AlreadyExistsException{Message: some("Stack [" + st.Name + "] already exists and cannot be created again with the changeSet [" + text(in.ChangeSetName) + "].")}
			}
			return nil
		}
		if err := updatable(k, &st); err != nil {
			return err
		}
		v, err := s.revisions.Get(tx, revisionKey(k, st.Now))
		old = &v
		return err
	})
	if isMissing(err) && in.ChangeSetType == types.ChangeSetTypeCreate && !strings.HasPrefix(text(in.StackName), "arn:") {
		fresh = true
		k, st, err = s.newStack(ctx, text(in.StackName))
		st.Role, st.Notify, st.Token = text(in.RoleARN), in.NotificationARNs, text(in.ClientToken)
	}
	return k, st, old, fresh, err
}

// look writes down what a change set changes.
func (s *Service) look(ctx context.Context, k store.Key, st *stack, c *changeSet, p *plan, old *revision) error {
	r, before, err := s.glance(ctx, k, st, old)
	if err != nil {
		return err
	}
	list, err := s.compare(ctx, r, before, p)
	if err != nil {
		return templateFault(err)
	}
	for _, change := range list {
		c.Changes = append(c.Changes, *change)
	}
	return nil
}

// DescribeChangeSet tells what a change set changes.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
func (s *Service) DescribeChangeSet(ctx context.Context, in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
	after, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, paged(err)
	}
	out := &cloudformation.DescribeChangeSetOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, st, c, err := s.setNamed(ctx, tx, in.StackName, in.ChangeSetName)
		if err != nil {
			return err
		}
		out.ChangeSetId, out.ChangeSetName, out.StackId, out.StackName = some(c.arn(k)), &c.Name, some(st.arn(k)), &st.Name
		out.CreationTime, out.Description, out.Status, out.StatusReason, out.ExecutionStatus = &c.Created, filled(c.Description), c.Status, filled(c.Reason), c.Execution
		out.Capabilities, out.NotificationARNs, out.RollbackConfiguration, out.OnStackFailure = c.Capabilities, c.Notify, c.Rollback, c.OnFailure
		out.IncludeNestedStacks, out.Parameters = some(set(c.Nested)), shownParameters(c.Revision.Parameters)
		for _, t := range c.Revision.Tags {
			out.Tags = append(out.Tags, types.Tag{Key: some(t.Key), Value: some(t.Value)})
		}
		var changes []types.Change
		for i := range c.Changes {
			changes = append(changes, types.Change{Type: types.ChangeTypeResource, ResourceChange: &c.Changes[i]})
		}
		name := func(c types.Change) string { return *c.ResourceChange.LogicalResourceId }
		for len(changes) > 0 && after != "" && name(changes[0]) <= after {
			changes = changes[1:]
		}
		if len(changes) > pageSize {
			changes = changes[:pageSize]
			out.NextToken = wire.PageToken(ctx, name(changes[pageSize-1]))
		}
		out.Changes = changes
		return nil
	})
}

// setNamed reads a change set by its name and stack, or by its ARN.
func (s *Service) setNamed(ctx context.Context, tx *store.Tx, stackName, name *string) (k store.Key, st stack, c changeSet, err error) {
	none := &types.ChangeSetNotFoundException{Message: some("ChangeSet [" + text(name) + "] does not exist")}
	if strings.HasPrefix(text(name), "arn:") {
		a, err := arn.Parse(*name)
		p := strings.Split(a.Resource, "/")
		if at := here(ctx, ""); err != nil || len(p) != 3 || a.Account != at.Account || a.Region != at.Region {
			return k, st, c, none
		}
		rows, err := s.sets.List(tx, store.Range{Account: a.Account, Region: a.Region})
		for _, r := range rows {
			if err == nil && r.Value.ID == p[2] {
				id, _, _ := strings.Cut(r.Key.ID, "/")
				k = at(r.Key, id)
				st, err = s.stacks.Get(tx, k)
				return k, st, r.Value, err
			}
		}
		if err == nil {
			err = none
		}
		return k, st, c, err
	}
	if text(stackName) == "" {
		return k, st, c, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
	}
	if k, st, err = s.named(ctx, tx, *stackName); err != nil {
		return k, st, c, err
	}
	c, err = s.sets.Get(tx, under(k, text(name)))
	if absent(err) {
		err = none
	}
	return k, st, c, err
}
