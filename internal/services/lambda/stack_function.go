package lambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// beside are the properties of a function that have calls of their own.
var beside = []string{"FunctionName", "Code", "ReservedConcurrentExecutions", "RecursiveLoop", "RuntimeManagementConfig"}

func functionResource(r resource.Request, name string) resource.State {
	return resource.State{ID: name, Attributes: map[string]any{"Arn": functionNamed(r, name), "SnapStartResponse.ApplyOn": "None",
		"SnapStartResponse.OptimizationStatus": "Off"}}
}

// codeOf gives a function's code in the SDK's form.
func codeOf(r resource.Request) (map[string]any, error) {
	given, ok := r.Properties["Code"].(map[string]any)
	if !ok {
		return nil, errors.New("the property Code must be an object")
	}
	out := resource.Renamed(given)
	if text, ok := out["ZipFile"]; ok {
		b, err := inlineZip(r.Text("Runtime"), resource.Text(text))
		if err != nil {
			return nil, err
		}
		out["ZipFile"] = string(b)
	}
	return out, nil
}

func createFunction(ctx context.Context, r resource.Request) (resource.State, error) {
	name := r.Named("FunctionName")
	in := &lambda.CreateFunctionInput{}
	if err := resource.Fill(in, resource.Renamed(r.Properties, "KmsKeyArn", "KMSKeyArn"), beside...); err != nil {
		return resource.State{}, err
	}
	from, err := codeOf(r)
	if err != nil {
		return resource.State{}, err
	}
	in.FunctionName, in.Code = &name, &types.FunctionCode{}
	if err := resource.Fill(in.Code, from); err != nil {
		return resource.State{}, err
	}
	if _, err := client(r).CreateFunction(ctx, in); err != nil {
		return resource.State{}, err
	}
	return functionResource(r, name), nil
}

// unsettled says that a function cannot be changed as it is being changed.
func unsettled(err error) bool {
	var conflict *types.ResourceConflictException
	return errors.As(err, &conflict)
}

// settled calls until a function is no longer being changed, which takes a moment.
func settled(ctx context.Context, call func() error) error {
	for range 100 {
		err := call()
		if !unsettled(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return call()
}

// standard is what a setting is that a template no longer has.
var standard = map[string]any{"Description": "", "Environment": map[string]any{"Variables": map[string]any{}}, "MemorySize": 128, "Timeout": 3, "Layers": []any{},
	"TracingConfig": map[string]any{"Mode": "PassThrough"}, "EphemeralStorage": map[string]any{"Size": 512}, "DeadLetterConfig": map[string]any{"TargetArn": ""},
	"KmsKeyArn": "", "SnapStart": map[string]any{"ApplyOn": "None"}, "LoggingConfig": map[string]any{"LogFormat": "Text"}}

// updateFunction changes the configuration; new code comes in functionReady, when that is done.
func updateFunction(ctx context.Context, r resource.Request) (resource.State, error) {
	state := functionResource(r, r.ID)
	if err := resource.Fill(&lambda.CreateFunctionInput{}, resource.Renamed(r.Properties, "KmsKeyArn", "KMSKeyArn"), beside...); err != nil {
		return state, err
	}
	changed := map[string]any{}
	for name, v := range r.Properties {
		if r.Changed(name) {
			changed[name] = v
		}
	}
	for name := range r.Old {
		if v, ok := standard[name]; ok && r.Properties[name] == nil {
			changed[name] = v
		}
	}
	for _, name := range append([]string{"Tags", "Architectures", "CodeSigningConfigArn", "PackageType"}, beside...) {
		delete(changed, name)
	}
	if len(changed) > 0 {
		if err := settled(ctx, func() error {
			_, err := resource.Call(ctx, client(r).UpdateFunctionConfiguration, resource.Renamed(changed, "KmsKeyArn", "KMSKeyArn"),
				func(in *lambda.UpdateFunctionConfigurationInput) { in.FunctionName = &r.ID })
			return err
		}); err != nil {
			return state, err
		}
	}
	arn := functionNamed(r, r.ID)
	return state, r.Retag("Tags", func(tags map[string]string) error {
		_, err := client(r).TagResource(ctx, &lambda.TagResourceInput{Resource: &arn, Tags: tags})
		return err
	}, func(keys []string) error {
		_, err := client(r).UntagResource(ctx, &lambda.UntagResourceInput{Resource: &arn, TagKeys: keys})
		return err
	})
}

// functionReady waits until a function may be called, gives it new code when an update says so, and sets what has calls of its own.
func functionReady(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	c := client(r)
	out, err := c.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.ID})
	if err != nil {
		return resource.State{}, false, err
	}
	switch {
	case out.State == types.StateFailed:
		return resource.State{}, false, fmt.Errorf("the function is not ready: %s", aws.ToString(out.StateReason))
	case out.LastUpdateStatus == types.LastUpdateStatusFailed:
		return resource.State{}, false, fmt.Errorf("the function is not updated: %s", aws.ToString(out.LastUpdateStatusReason))
	case out.State == types.StatePending, out.LastUpdateStatus == types.LastUpdateStatusInProgress:
		return resource.State{}, false, nil
	}
	if r.Old != nil && r.Changed("Code", "Architectures", "Runtime") {
		if begun, err := recode(ctx, r, aws.ToString(out.CodeSha256)); begun || err != nil {
			return resource.State{}, false, err
		}
	}
	return resource.State{}, true, setBeside(ctx, r)
}

// recode gives a function other code, unless it has it.
func recode(ctx context.Context, r resource.Request, sum string) (begun bool, err error) {
	from, err := codeOf(r)
	if err != nil {
		return false, err
	}
	in := &lambda.UpdateFunctionCodeInput{FunctionName: &r.ID, DryRun: true}
	if err := resource.Fill(in, from); err != nil {
		return false, err
	}
	if err := resource.Fill(in, map[string]any{"Architectures": r.Properties["Architectures"]}); err != nil {
		return false, err
	}
	out, err := client(r).UpdateFunctionCode(ctx, in)
	if err != nil || aws.ToString(out.CodeSha256) == sum {
		return false, err
	}
	in.DryRun = false
	if _, err := client(r).UpdateFunctionCode(ctx, in); err != nil && !unsettled(err) {
		return false, err
	}
	return true, nil
}

func setBeside(ctx context.Context, r resource.Request) (err error) {
	c := client(r)
	if r.Changed("ReservedConcurrentExecutions") {
		if r.Properties["ReservedConcurrentExecutions"] == nil {
			_, err = c.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &r.ID})
		} else {
			_, err = resource.Call(ctx, c.PutFunctionConcurrency, map[string]any{"ReservedConcurrentExecutions": r.Properties["ReservedConcurrentExecutions"]},
				func(in *lambda.PutFunctionConcurrencyInput) { in.FunctionName = &r.ID })
		}
		if err != nil {
			return err
		}
	}
	if r.Changed("RecursiveLoop") {
		in := &lambda.PutFunctionRecursionConfigInput{FunctionName: &r.ID, RecursiveLoop: types.RecursiveLoopTerminate}
		if loop := r.Text("RecursiveLoop"); loop != "" {
			in.RecursiveLoop = types.RecursiveLoop(loop)
		}
		if _, err := c.PutFunctionRecursionConfig(ctx, in); err != nil {
			return err
		}
	}
	if r.Changed("RuntimeManagementConfig") {
		given, _ := r.Properties["RuntimeManagementConfig"].(map[string]any)
		_, err = resource.Call(ctx, c.PutRuntimeManagementConfig, given, func(in *lambda.PutRuntimeManagementConfigInput) {
			if in.FunctionName = &r.ID; in.UpdateRuntimeOn == "" {
				in.UpdateRuntimeOn = types.UpdateRuntimeOnAuto
			}
		})
	}
	return err
}

func deleteFunction(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &r.ID})
	return err
}

func readFunction(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := functionResource(r, r.ID)
	state.Properties = resource.Tell(out.Configuration, resource.Renamed(r.Properties, "KmsKeyArn", "KMSKeyArn", "Layers", "", "Tags", ""))
	state.Properties = resource.Renamed(state.Properties, "KMSKeyArn", "KmsKeyArn")
	for name, v := range resource.Tell(out, map[string]any{"Tags": r.Properties["Tags"]}) {
		state.Properties[name] = v
	}
	if _, ok := r.Properties["Layers"]; ok {
		layers := []any{}
		for _, l := range out.Configuration.Layers {
			layers = append(layers, *l.Arn)
		}
		state.Properties["Layers"] = layers
	}
	if out.Concurrency != nil && out.Concurrency.ReservedConcurrentExecutions != nil {
		state.Properties["ReservedConcurrentExecutions"] = int(*out.Concurrency.ReservedConcurrentExecutions)
	}
	return state, nil
}
