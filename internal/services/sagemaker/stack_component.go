package sagemaker

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// inferenceComponentType waits until the copies of a component run, and until they are gone.
func inferenceComponentType() resource.Type {
	p := stackNamed("InferenceComponent", "inference-component", resource.Plain{Create: do((*sagemaker.Client).CreateInferenceComponent),
		Get: do((*sagemaker.Client).DescribeInferenceComponent), Delete: do((*sagemaker.Client).DeleteInferenceComponent)})
	delete(p.Attributes, "InferenceComponentName")
	t := p.Type()
	t.Update = func(ctx context.Context, r resource.Request) (resource.State, error) {
		state := resource.State{ID: r.ID, Attributes: r.Attributes}
		if r.Changed("Specification", "RuntimeConfig", "DeploymentConfig") {
			if _, err := resource.Call(ctx, client(r).UpdateInferenceComponent, r.Properties, func(in *sagemaker.UpdateInferenceComponentInput) {
				in.InferenceComponentName = aws.String(r.Named("InferenceComponentName"))
			}, "EndpointName", "VariantName", "Tags"); err != nil {
				return state, err
			}
		}
		retag := retagAs(func(r resource.Request) string { return r.ID })
		return state, r.Retag("Tags", func(tags map[string]string) error { return retag(ctx, r, tags, nil) }, func(keys []string) error { return retag(ctx, r, nil, keys) })
	}
	describe := func(ctx context.Context, r resource.Request) (*sagemaker.DescribeInferenceComponentOutput, error) {
		return client(r).DescribeInferenceComponent(ctx, &sagemaker.DescribeInferenceComponentInput{InferenceComponentName: aws.String(r.Named("InferenceComponentName"))})
	}
	read := t.Read
	t.Read = func(ctx context.Context, r resource.Request) (resource.State, error) {
		state, err := read(ctx, r)
		if _, asked := state.Properties["RuntimeConfig"]; err != nil || !asked {
			return state, err
		}
		out, err := describe(ctx, r)
		if err == nil && out.RuntimeConfig != nil { // what was wanted has another name when it is told
			state.Properties["RuntimeConfig"] = map[string]any{"CopyCount": int(aws.ToInt32(out.RuntimeConfig.DesiredCopyCount))}
		}
		return state, err
	}
	t.Ready = func(ctx context.Context, r resource.Request) (resource.State, bool, error) {
		out, err := describe(ctx, r)
		if err != nil {
			return resource.State{}, false, err
		}
		switch out.InferenceComponentStatus {
		case types.InferenceComponentStatusInService:
			if reason := aws.ToString(out.FailureReason); reason != "" { // an update that found no room leaves what was there
				return resource.State{}, false, fmt.Errorf("the inference component was not changed: %s", reason)
			}
			return resource.State{}, true, nil
		case types.InferenceComponentStatusCreating, types.InferenceComponentStatusUpdating:
			return resource.State{}, false, nil
		}
		return resource.State{}, false, fmt.Errorf("the inference component is %s: %s", out.InferenceComponentStatus, aws.ToString(out.FailureReason))
	}
	t.Gone = func(ctx context.Context, r resource.Request) (bool, error) {
		_, err := describe(ctx, r)
		if resource.Gone(err) {
			return true, nil
		}
		return false, err
	}
	return t
}
