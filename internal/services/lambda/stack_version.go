package lambda

import (
	"context"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// qualified parts the qualifier from a function's ARN.
func qualified(arn string) (function, qualifier string) {
	i := strings.LastIndexByte(arn, ':')
	return arn[:max(i, 0)], arn[i+1:]
}

func versionResource(arn string) resource.State {
	_, number := qualified(arn)
	return resource.State{ID: arn, Attributes: map[string]any{"FunctionArn": arn, "Version": number}}
}

func publishFunction(ctx context.Context, r resource.Request) (resource.State, error) {
	var out *lambda.PublishVersionOutput
	err := settled(ctx, func() (err error) {
		out, err = resource.Call(ctx, client(r).PublishVersion, r.Properties, nil, "ProvisionedConcurrencyConfig")
		return err
	})
	if err != nil {
		return resource.State{}, err
	}
	return versionResource(*out.FunctionArn), nil
}

// provision sets how many environments of a version or alias stand ready, and waits for them.
func provision(ctx context.Context, r resource.Request) (bool, error) {
	function, qualifier := qualified(r.ID)
	wanted := resource.At(r.Properties, "ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions")
	if wanted == nil {
		if r.Old["ProvisionedConcurrencyConfig"] == nil {
			return true, nil
		}
		_, err := client(r).DeleteProvisionedConcurrencyConfig(ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: &qualifier})
		if resource.Gone(err) {
			err = nil
		}
		return true, err
	}
	has, err := client(r).GetProvisionedConcurrencyConfig(ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: &qualifier})
	if err != nil && !resource.Gone(err) {
		return false, err
	}
	switch {
	case err != nil || !resource.Same(int(aws.ToInt32(has.RequestedProvisionedConcurrentExecutions)), wanted):
		_, err := resource.Call(ctx, client(r).PutProvisionedConcurrencyConfig, map[string]any{"ProvisionedConcurrentExecutions": wanted},
			func(in *lambda.PutProvisionedConcurrencyConfigInput) {
				in.FunctionName, in.Qualifier = &function, &qualifier
			})
		return false, err
	case has.Status == types.ProvisionedConcurrencyStatusEnumFailed:
		return false, fmt.Errorf("the provisioned concurrency is not there: %s", aws.ToString(has.StatusReason))
	}
	return has.Status == types.ProvisionedConcurrencyStatusEnumReady, nil
}

func versionReady(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	function, number := qualified(r.ID)
	out, err := client(r).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function, Qualifier: &number})
	switch {
	case err != nil:
		return resource.State{}, false, err
	case out.State == types.StateFailed:
		return resource.State{}, false, fmt.Errorf("the version is not ready: %s", aws.ToString(out.StateReason))
	case out.State == types.StatePending:
		return resource.State{}, false, nil
	}
	done, err := provision(ctx, r)
	return resource.State{}, done, err
}

// keepVersion is an update of which versionReady does all.
func keepVersion(_ context.Context, r resource.Request) (resource.State, error) {
	return versionResource(r.ID), nil
}

func deleteVersion(ctx context.Context, r resource.Request) error {
	function, number := qualified(r.ID)
	_, err := client(r).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &function, Qualifier: &number})
	return err
}

func readVersion(ctx context.Context, r resource.Request) (resource.State, error) {
	function, number := qualified(r.ID)
	out, err := client(r).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function, Qualifier: &number})
	if err != nil {
		return resource.State{}, err
	}
	state := versionResource(r.ID)
	state.Properties = resource.Tell(out, map[string]any{"Description": r.Properties["Description"], "CodeSha256": r.Properties["CodeSha256"]})
	state.Properties["FunctionName"] = r.Properties["FunctionName"]
	return state, nil
}

func aliasID(r resource.Request) string {
	return functionNamed(r, r.Text("FunctionName")) + ":" + r.Text("Name")
}

func aliasResource(arn string) resource.State {
	return resource.State{ID: arn, Attributes: map[string]any{"AliasArn": arn}}
}

// routed gives an alias' weights as a map of versions.
func routed(properties map[string]any) map[string]any {
	out := resource.Renamed(properties, "ProvisionedConcurrencyConfig", "")
	if out["RoutingConfig"] == nil {
		return out
	}
	weights := map[string]any{}
	for _, w := range resource.Objects(resource.At(properties, "RoutingConfig.AdditionalVersionWeights")) {
		weights[resource.Text(w["FunctionVersion"])] = w["FunctionWeight"]
	}
	out["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": weights}
	return out
}

func createAlias(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreateAlias, routed(r.Properties), nil)
	if err != nil {
		return resource.State{}, err
	}
	return aliasResource(*out.AliasArn), nil
}

func provisionAlias(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	done, err := provision(ctx, r)
	return resource.State{}, done, err
}

func updateAlias(ctx context.Context, r resource.Request) (resource.State, error) {
	properties := routed(r.Properties)
	if properties["RoutingConfig"] == nil && r.Old["RoutingConfig"] != nil {
		properties["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": map[string]any{}}
	}
	if properties["Description"] == nil && r.Old["Description"] != nil {
		properties["Description"] = ""
	}
	_, err := resource.Call(ctx, client(r).UpdateAlias, properties, nil)
	return aliasResource(r.ID), err
}

func deleteAlias(ctx context.Context, r resource.Request) error {
	function, name := qualified(r.ID)
	_, err := client(r).DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: &function, Name: &name})
	return err
}

func readAlias(ctx context.Context, r resource.Request) (resource.State, error) {
	function, name := qualified(r.ID)
	out, err := client(r).GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &name})
	if err != nil {
		return resource.State{}, err
	}
	state := aliasResource(r.ID)
	state.Properties = resource.Tell(out, resource.Renamed(r.Properties, "RoutingConfig", ""))
	state.Properties["FunctionName"] = r.Properties["FunctionName"]
	return state, nil
}
