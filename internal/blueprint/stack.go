package blueprint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// ErrNoStack says that there is no stack of a name.
var ErrNoStack = errors.New("there is no such stack")

// blueprintTag marks the stacks of blueprints.
const blueprintTag = "atelier:blueprint"

// Resource is one of a stack, as events told of it.
type Resource struct {
	ID, Physical, Type, Status, Reason string
	Begun                              time.Time
	Took                               time.Duration
}

// Busy, Done and Failed say how it is with a resource or stack.
func (r Resource) Busy() bool   { return strings.HasSuffix(r.Status, "_IN_PROGRESS") }
func (r Resource) Failed() bool { return strings.HasSuffix(r.Status, "_FAILED") }

// Stack is one as people want to see it.
type Stack struct {
	Name, ID, Blueprint, Status, Reason string
	Changed                             time.Time
	Parameters, Outputs                 map[string]string
	Resources                           []Resource `json:",omitempty"`
}

// Stack describes one.
func (c *Client) Stack(ctx context.Context, name string) (*Stack, error) {
	out, err := c.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		if strings.Contains(err.Error(), "does not exist") {
			return nil, fmt.Errorf("%s: %w", name, ErrNoStack)
		}
		return nil, err
	}
	return shape(out.Stacks[0]), nil
}

func shape(s types.Stack) *Stack {
	out := &Stack{Name: aws.ToString(s.StackName), ID: aws.ToString(s.StackId), Status: string(s.StackStatus), Reason: aws.ToString(s.StackStatusReason),
		Changed: aws.ToTime(s.CreationTime), Parameters: map[string]string{}, Outputs: map[string]string{}}
	if s.LastUpdatedTime != nil {
		out.Changed = *s.LastUpdatedTime
	}
	for _, p := range s.Parameters {
		out.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for _, o := range s.Outputs {
		out.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, t := range s.Tags {
		if aws.ToString(t.Key) == blueprintTag {
			out.Blueprint = aws.ToString(t.Value)
		}
	}
	return out
}

// Deployed lists the stacks of blueprints.
func (c *Client) Deployed(ctx context.Context) (list []*Stack, err error) {
	for p := cloudformation.NewDescribeStacksPaginator(c.stacks, &cloudformation.DescribeStacksInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Stacks {
			if x := shape(s); x.Blueprint != "" {
				list = append(list, x)
			}
		}
	}
	return list, nil
}

// Resources lists a stack's.
func (c *Client) Resources(ctx context.Context, name string) (list []Resource, err error) {
	for p := cloudformation.NewListStackResourcesPaginator(c.stacks, &cloudformation.ListStackResourcesInput{StackName: &name}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			list = append(list, Resource{ID: aws.ToString(r.LogicalResourceId), Physical: aws.ToString(r.PhysicalResourceId), Type: aws.ToString(r.ResourceType),
				Status: string(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason), Begun: aws.ToTime(r.LastUpdatedTimestamp)})
		}
	}
	slices.SortFunc(list, func(a, b Resource) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// settled are statuses in which a stack stays.
func settled(status string) bool { return !strings.HasSuffix(status, "_IN_PROGRESS") }

// watch tells of a stack's resources as events come, until the stack has settled. It returns how it settled, and the first failures.
func (c *Client) watch(ctx context.Context, id string, seen map[string]bool, show func([]Resource)) (status string, failures []Resource, err error) {
	state := map[string]*Resource{}
	var order []string
	for {
		events, err := c.events(ctx, id, seen)
		if err != nil {
			return "", nil, err
		}
		ended := ""
		for _, e := range events {
			at := aws.ToTime(e.Timestamp)
			if aws.ToString(e.PhysicalResourceId) == id && aws.ToString(e.ResourceType) == "AWS::CloudFormation::Stack" {
				ended = string(e.ResourceStatus)
				continue
			}
			name := aws.ToString(e.LogicalResourceId)
			r := state[name]
			if r == nil {
				r = &Resource{ID: name, Begun: at}
				state[name], order = r, append(order, name)
			}
			before := *r
			r.Type, r.Status, r.Reason, r.Physical = aws.ToString(e.ResourceType), string(e.ResourceStatus), aws.ToString(e.ResourceStatusReason), aws.ToString(e.PhysicalResourceId)
			if r.Busy() && (before.Status == "" || !before.Busy() || !sameAction(before.Status, r.Status)) {
				r.Begun, r.Took = at, 0
			} else if !r.Busy() {
				r.Took = at.Sub(r.Begun)
			}
			if r.Failed() && !strings.Contains(r.Reason, "cancelled") {
				failures = append(failures, *r)
			}
		}
		list := make([]Resource, 0, len(order))
		for _, name := range order {
			list = append(list, *state[name])
		}
		show(list)
		if ended != "" && settled(ended) {
			return ended, failures, nil
		}
		select {
		case <-ctx.Done():
			return "", failures, ctx.Err()
		case <-time.After(c.pause()):
		}
	}
}

func sameAction(a, b string) bool {
	x, _, _ := strings.Cut(a, "_")
	y, _, _ := strings.Cut(b, "_")
	return x == y
}

// pause is how long to wait between two looks: AWS counts its callers' calls.
func (c *Client) pause() time.Duration {
	if c.Config.BaseEndpoint != nil {
		return 150 * time.Millisecond
	}
	return 2 * time.Second
}

// events are those that were not seen yet, the oldest first.
func (c *Client) events(ctx context.Context, id string, seen map[string]bool) (list []types.StackEvent, err error) {
	defer func() {
		slices.Reverse(list)
		for _, e := range list {
			seen[aws.ToString(e.EventId)] = true
		}
	}()
	for p := cloudformation.NewDescribeStackEventsPaginator(c.stacks, &cloudformation.DescribeStackEventsInput{StackName: &id}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.StackEvents {
			if seen[aws.ToString(e.EventId)] {
				return list, nil
			}
			list = append(list, e)
		}
	}
	return list, nil
}
