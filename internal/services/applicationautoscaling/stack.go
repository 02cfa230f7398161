package applicationautoscaling

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApplicationAutoScaling.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		resource.Type{Name: "AWS::ApplicationAutoScaling::ScalableTarget", Identify: targetID, Create: putTarget, Ready: putActions, Update: putTarget, Delete: deleteTarget,
			Read: readTarget},
		resource.Type{Name: "AWS::ApplicationAutoScaling::ScalingPolicy", NameProperty: "PolicyName", NameMax: 256, Create: putScalingPolicy, Update: putScalingPolicy,
			Delete: deleteScalingPolicy, Find: findScalingPolicy, Read: readScalingPolicy},
	)
}

func client(r resource.Request) *applicationautoscaling.Client {
	return applicationautoscaling.NewFromConfig(r.Config)
}

// targetID tells a target: its resource, dimension and service.
func targetID(r resource.Request) string {
	return r.Text("ResourceId") + "|" + r.Text("ScalableDimension") + "|" + r.Text("ServiceNamespace")
}

// scales is what a target's ID tells.
func scales(id string) (resourceID *string, dimension types.ScalableDimension, service types.ServiceNamespace) {
	p := append(strings.Split(id, "|"), "", "")
	return &p[0], types.ScalableDimension(p[1]), types.ServiceNamespace(p[2])
}

func putTarget(ctx context.Context, r resource.Request) (resource.State, error) {
	given := r.Properties
	if r.Old["SuspendedState"] != nil && given["SuspendedState"] == nil {
		given = resource.Renamed(given)
		given["SuspendedState"] = map[string]any{"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false}
	}
	_, err := resource.Call(ctx, client(r).RegisterScalableTarget, given, nil, "ScheduledActions")
	id := targetID(r)
	return resource.State{ID: id, Attributes: map[string]any{"Id": id}}, err
}

// putActions sets the scheduled actions of a target.
func putActions(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	id, dimension, service := scales(r.ID)
	names := func(v any) []any {
		var out []any
		for _, m := range resource.Objects(v) {
			out = append(out, m["ScheduledActionName"])
		}
		return out
	}
	for _, m := range resource.Objects(r.Properties["ScheduledActions"]) {
		if _, err := resource.Call(ctx, client(r).PutScheduledAction, m, func(in *applicationautoscaling.PutScheduledActionInput) {
			in.ResourceId, in.ScalableDimension, in.ServiceNamespace = id, dimension, service
		}); err != nil {
			return resource.State{}, false, err
		}
	}
	_, gone := resource.Differ(names(r.Old["ScheduledActions"]), names(r.Properties["ScheduledActions"]))
	for _, name := range gone {
		if _, err := client(r).DeleteScheduledAction(ctx, &applicationautoscaling.DeleteScheduledActionInput{ResourceId: id, ScalableDimension: dimension,
			ServiceNamespace: service, ScheduledActionName: &name}); err != nil && !resource.Gone(err) {
			return resource.State{}, false, err
		}
	}
	return resource.State{}, true, nil
}

func deleteTarget(ctx context.Context, r resource.Request) error {
	id, dimension, service := scales(r.ID)
	_, err := client(r).DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{ResourceId: id, ScalableDimension: dimension, ServiceNamespace: service})
	return err
}

func readTarget(ctx context.Context, r resource.Request) (resource.State, error) {
	id, dimension, service := scales(r.ID)
	out, err := client(r).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{ResourceIds: []string{*id}, ScalableDimension: dimension,
		ServiceNamespace: service})
	if err != nil {
		return resource.State{}, err
	}
	if len(out.ScalableTargets) == 0 {
		return resource.State{}, resource.ErrGone
	}
	return resource.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID}, Properties: resource.Tell(out.ScalableTargets[0], r.Properties)}, nil
}

// scaled is what a policy scales: by its target's ID, or in parts.
func scaled(r resource.Request) (resourceID *string, dimension types.ScalableDimension, service types.ServiceNamespace) {
	if id := r.Text("ScalingTargetId"); id != "" {
		return scales(id)
	}
	return scales(targetID(r))
}

func policyResource(arn string) resource.State {
	return resource.State{ID: arn, Attributes: map[string]any{"Arn": arn}}
}

func putScalingPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).PutScalingPolicy, r.Properties, func(in *applicationautoscaling.PutScalingPolicyInput) {
		in.PolicyName = aws.String(r.Named("PolicyName"))
		in.ResourceId, in.ScalableDimension, in.ServiceNamespace = scaled(r)
	}, "ScalingTargetId")
	if err != nil {
		return resource.State{}, err
	}
	return policyResource(*out.PolicyARN), nil
}

// stackPolicy reads a policy by its name.
func stackPolicy(ctx context.Context, r resource.Request) (types.ScalingPolicy, error) {
	id, dimension, service := scaled(r)
	out, err := client(r).DescribeScalingPolicies(ctx, &applicationautoscaling.DescribeScalingPoliciesInput{PolicyNames: []string{r.Named("PolicyName")}, ResourceId: id,
		ScalableDimension: dimension, ServiceNamespace: service})
	if err != nil {
		return types.ScalingPolicy{}, err
	}
	if len(out.ScalingPolicies) == 0 {
		return types.ScalingPolicy{}, resource.ErrGone
	}
	return out.ScalingPolicies[0], nil
}

func findScalingPolicy(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	p, err := stackPolicy(ctx, r)
	if resource.Gone(err) {
		return resource.State{}, false, nil
	}
	if err != nil {
		return resource.State{}, false, err
	}
	return policyResource(*p.PolicyARN), true, nil
}

func deleteScalingPolicy(ctx context.Context, r resource.Request) error {
	id, dimension, service := scaled(r)
	_, err := client(r).DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{PolicyName: aws.String(r.Named("PolicyName")), ResourceId: id,
		ScalableDimension: dimension, ServiceNamespace: service})
	return err
}

func readScalingPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	p, err := stackPolicy(ctx, r)
	if err != nil {
		return resource.State{}, err
	}
	state := policyResource(*p.PolicyARN)
	state.Properties = resource.Tell(p, r.Properties)
	return state, nil
}
