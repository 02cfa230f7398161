package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// family is what a nested stack has of the one around it.
type family struct{ parent, root string }

// adopt gives a stack that another's resource asks for its place: the parent has said so, under the request's token.
func (s *Service) adopt(st *stack) {
	if f, ok := s.families.Load(st.Token); ok && st.Token != "" {
		st.Parent, st.Root = f.(family).parent, f.(family).root
	}
}

// claim tells adopt of a stack that is about to be asked for.
func (s *Service) claim(ctx context.Context, r resource.Request) (done func(), err error) {
	k, _, _ := stackOfARN(r.StackID)
	f := family{r.StackID, r.StackID}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		st, err := s.stacks.Get(tx, k)
		if st.Root != "" {
			f.root = st.Root
		}
		return err
	})
	s.families.Store(r.Token, f)
	return func() { s.families.Delete(r.Token) }, err
}

// everything is acknowledged for nested stacks by who asked for the one around them.
var everything = []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}

// nested is AWS::CloudFormation::Stack.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html
func (s *Service) nested() resource.Type {
	return resource.Type{Name: stackType, NameMax: 128,
		Create: s.createNested, Update: s.updateNested, Ready: s.nestedReady, Gone: s.nestedGone,
		Find: func(ctx context.Context, r resource.Request) (resource.State, bool, error) {
			st, err := s.nestedState(ctx, r, r.Name)
			if errors.Is(err, resource.ErrGone) {
				return resource.State{}, false, nil
			}
			return resource.State{ID: text(st.StackId)}, err == nil, err
		},
		Delete: func(ctx context.Context, r resource.Request) error {
			_, err := cloudformation.NewFromConfig(r.Config).DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &r.ID, ClientRequestToken: &r.Token})
			return err
		}}
}

func nestedInputs(r resource.Request) (p []types.Parameter, tags []types.Tag, notify []string) {
	given, _ := r.Properties["Parameters"].(map[string]any)
	for key, v := range given {
		value := resource.Text(v)
		if list, ok := v.([]any); ok {
			parts := make([]string, len(list))
			for i, e := range list {
				parts[i] = resource.Text(e)
			}
			value = strings.Join(parts, ",")
		}
		p = append(p, types.Parameter{ParameterKey: some(key), ParameterValue: &value})
	}
	list, _ := r.Properties["Tags"].([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			tags = append(tags, types.Tag{Key: some(resource.Text(m["Key"])), Value: some(resource.Text(m["Value"]))})
		}
	}
	topics, _ := r.Properties["NotificationARNs"].([]any)
	for _, t := range topics {
		notify = append(notify, resource.Text(t))
	}
	return p, tags, notify
}

func (s *Service) createNested(ctx context.Context, r resource.Request) (resource.State, error) {
	done, err := s.claim(ctx, r)
	if err != nil {
		return resource.State{}, err
	}
	defer done()
	in := &cloudformation.CreateStackInput{StackName: &r.Name, TemplateURL: some(r.Text("TemplateURL")), ClientRequestToken: &r.Token, Capabilities: everything,
		OnFailure: types.OnFailureRollback}
	in.Parameters, in.Tags, in.NotificationARNs = nestedInputs(r)
	if n, ok := r.Properties["TimeoutInMinutes"]; ok {
		var minutes int32
		if _, err := fmt.Sscan(resource.Text(n), &minutes); err == nil {
			in.TimeoutInMinutes = &minutes
		}
	}
	out, err := cloudformation.NewFromConfig(r.Config).CreateStack(ctx, in)
	if err != nil {
		return resource.State{}, err
	}
	return resource.State{ID: text(out.StackId)}, nil
}

func (s *Service) updateNested(ctx context.Context, r resource.Request) (resource.State, error) {
	state := resource.State{ID: r.ID, Attributes: r.Attributes}
	in := &cloudformation.UpdateStackInput{StackName: &r.ID, TemplateURL: some(r.Text("TemplateURL")), ClientRequestToken: &r.Token, Capabilities: everything}
	in.Parameters, in.Tags, in.NotificationARNs = nestedInputs(r)
	if in.Tags == nil {
		in.Tags = []types.Tag{}
	}
	_, err := cloudformation.NewFromConfig(r.Config).UpdateStack(ctx, in)
	if err != nil && strings.Contains(err.Error(), "No updates are to be performed") {
		err = nil
	}
	return state, err
}

func (s *Service) nestedState(ctx context.Context, r resource.Request, name string) (types.Stack, error) {
	out, err := cloudformation.NewFromConfig(r.Config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		if resource.Gone(err) {
			err = resource.ErrGone
		}
		return types.Stack{}, err
	}
	return out.Stacks[0], nil
}

func (s *Service) nestedReady(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	st, err := s.nestedState(ctx, r, r.ID)
	if err != nil {
		return resource.State{}, false, err
	}
	attributes := map[string]any{}
	for _, o := range st.Outputs {
		attributes["Outputs."+*o.OutputKey] = text(o.OutputValue)
	}
	state := resource.State{ID: text(st.StackId), Attributes: attributes}
	switch {
	case st.StackStatus == types.StackStatusCreateComplete, st.StackStatus == types.StackStatusUpdateComplete,
		st.StackStatus == types.StackStatusUpdateRollbackComplete && s.lastAsked(ctx, r):
		return state, true, nil
	case busy(st.StackStatus):
		return state, false, nil
	}
	return state, false, said("Embedded stack %s was not successfully %s: %s", text(st.StackId), done(st.StackStatus), text(st.StackStatusReason))
}

// lastAsked tells whether the nested stack was left as it was: an update that found nothing to do.
func (s *Service) lastAsked(ctx context.Context, r resource.Request) bool {
	k, _, _ := stackOfARN(r.ID)
	same := false
	_ = s.Store.View(ctx, func(tx *store.Tx) error { // what cannot be read failed
		st, err := s.stacks.Get(tx, k)
		same = err == nil && st.Token != r.Token
		return err
	})
	return same
}

func done(status types.StackStatus) string {
	if strings.HasPrefix(string(status), "UPDATE") {
		return "updated"
	}
	return "created"
}

func (s *Service) nestedGone(ctx context.Context, r resource.Request) (bool, error) {
	st, err := s.nestedState(ctx, r, r.ID)
	switch {
	case errors.Is(err, resource.ErrGone), err == nil && st.StackStatus == types.StackStatusDeleteComplete:
		return true, nil
	case err != nil || busy(st.StackStatus):
		return false, err
	}
	return false, said("Embedded stack %s was not successfully deleted: %s", r.ID, text(st.StackStatusReason))
}
