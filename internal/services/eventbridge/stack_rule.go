package eventbridge

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// busNameOf is the name of a bus that a property names, or gives the ARN of.
func busNameOf(r resource.Request) string {
	name := r.Text("EventBusName")
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	if name == "" {
		name = defaultBus
	}
	return name
}

// ruleID is a rule's name, with its bus where that is not the default one.
func ruleID(r resource.Request) string {
	if bus := busNameOf(r); bus != defaultBus {
		return bus + "|" + r.Named("Name")
	}
	return r.Named("Name")
}

func ruleOf(id string) (bus, name string) {
	if bus, name, ok := strings.Cut(id, "|"); ok {
		return bus, name
	}
	return defaultBus, id
}

func ruleResource(r resource.Request, id string) resource.State {
	bus, name := ruleOf(id)
	path := name
	if bus != defaultBus {
		path = bus + "/" + name
	}
	return resource.State{ID: id, Attributes: map[string]any{"Arn": "arn:" + r.Partition + ":events:" + r.Region + ":" + r.Account + ":rule/" + path, "RuleName": name}}
}

func putRule(ctx context.Context, r resource.Request) (resource.State, error) {
	id := r.ID
	if id == "" {
		id = ruleID(r)
	}
	bus, name := ruleOf(id)
	except := []string{"Targets", "Name", "EventBusName"}
	if r.ID != "" {
		except = append(except, "Tags")
	}
	if _, err := resource.Call(ctx, client(r).PutRule, r.Properties, func(in *eventbridge.PutRuleInput) { in.Name, in.EventBusName = &name, &bus }, except...); err != nil {
		return resource.State{}, err
	}
	state := ruleResource(r, id)
	if r.ID == "" {
		return state, nil
	}
	what := strings.TrimPrefix(resource.Text(state.Attributes["Arn"]), "arn:"+r.Partition+":events:"+r.Region+":"+r.Account+":")
	return state, r.Retag("Tags", func(tags map[string]string) error { return retagged(ctx, r, what, tags, nil) },
		func(keys []string) error { return retagged(ctx, r, what, nil, keys) })
}

func targetIDs(v any) []any {
	out := []any{}
	for _, t := range resource.Objects(v) {
		out = append(out, t["Id"])
	}
	return out
}

// putTargets gives a rule its targets, and takes away those that an update no longer has.
func putTargets(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	bus, name := ruleOf(r.ID)
	if _, gone := resource.Differ(targetIDs(r.Old["Targets"]), targetIDs(r.Properties["Targets"])); len(gone) > 0 {
		if _, err := client(r).RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: &bus, Ids: gone}); err != nil {
			return resource.State{}, false, err
		}
	}
	targets := resource.Objects(r.Properties["Targets"])
	for some := range slices.Chunk(targets, 10) {
		in := &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &bus}
		list := make([]any, len(some))
		for i, t := range some {
			list[i] = t
		}
		if err := resource.Fill(in, map[string]any{"Targets": list}); err != nil {
			return resource.State{}, false, err
		}
		out, err := client(r).PutTargets(ctx, in)
		if err != nil {
			return resource.State{}, false, err
		}
		for _, f := range out.FailedEntries {
			return resource.State{}, false, invalid("Target %s: %s", aws.ToString(f.TargetId), aws.ToString(f.ErrorMessage))
		}
	}
	return resource.State{}, true, nil
}

func deleteRule(ctx context.Context, r resource.Request) error {
	bus, name := ruleOf(r.ID)
	has, err := client(r).ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &bus})
	if err != nil {
		return err
	}
	var ids []string
	for _, t := range has.Targets {
		ids = append(ids, *t.Id)
	}
	if len(ids) > 0 {
		if _, err := client(r).RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: &bus, Ids: ids}); err != nil {
			return err
		}
	}
	_, err = client(r).DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &bus})
	return err
}

func readRule(ctx context.Context, r resource.Request) (resource.State, error) {
	bus, name := ruleOf(r.ID)
	out, err := client(r).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &bus})
	if err != nil {
		return resource.State{}, err
	}
	state := ruleResource(r, r.ID)
	state.Properties = resource.Tell(out, resource.Renamed(r.Properties, "EventBusName", ""))
	if wanted, ok := r.Properties["Targets"]; ok {
		has, err := client(r).ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &bus})
		if err != nil {
			return state, err
		}
		order := targetIDs(wanted)
		slices.SortStableFunc(has.Targets, func(a, b types.Target) int {
			return slices.Index(order, any(*a.Id)) - slices.Index(order, any(*b.Id))
		})
		for name, v := range resource.Tell(has, map[string]any{"Targets": wanted}) {
			state.Properties[name] = v
		}
	}
	return state, nil
}
