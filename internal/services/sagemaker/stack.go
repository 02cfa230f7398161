package sagemaker

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		domainType(),
		endpointType(),
		stackNamed("EndpointConfig", "endpoint-config", resource.Plain{Create: do((*sagemaker.Client).CreateEndpointConfig), Get: do((*sagemaker.Client).DescribeEndpointConfig),
			Update: do((*sagemaker.Client).DescribeEndpointConfig), Delete: do((*sagemaker.Client).DeleteEndpointConfig)}).Type(),
		featureGroupType(),
		stackNamed("Model", "model", resource.Plain{Create: do((*sagemaker.Client).CreateModel), Get: do((*sagemaker.Client).DescribeModel),
			Update: do((*sagemaker.Client).DescribeModel), Delete: do((*sagemaker.Client).DeleteModel)}).Type(),
		modelPackageType(),
		modelPackageGroupType(),
		userProfileType(),
	)
}

func client(r resource.Request) *sagemaker.Client { return sagemaker.NewFromConfig(r.Config) }

func do[I, O any](method func(*sagemaker.Client, context.Context, *I, ...func(*sagemaker.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

// retagAs changes the tags of what lies at an ARN.
func retagAs(arn func(r resource.Request) string) func(context.Context, resource.Request, map[string]string, []string) error {
	return func(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
		at := arn(r)
		if len(remove) > 0 {
			_, err = client(r).DeleteTags(ctx, &sagemaker.DeleteTagsInput{ResourceArn: &at, TagKeys: remove})
		} else {
			_, err = client(r).AddTags(ctx, &sagemaker.AddTagsInput{ResourceArn: &at, Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		}
		return err
	}
}

// stackNamed completes a type whose resources have a name, and an ARN for their physical ID.
func stackNamed(word, path string, p resource.Plain) resource.Plain {
	property := word + "Name"
	p.Name, p.NameProperty, p.NameMax, p.ID = "AWS::SageMaker::"+word, property, 63, word+"Arn"
	p.Key = func(r resource.Request) map[string]any { return map[string]any{property: r.Named(property)} }
	p.Identify = func(r resource.Request) string {
		return "arn:" + r.Partition + ":sagemaker:" + r.Region + ":" + r.Account + ":" + path + "/" + r.Named(property)
	}
	p.Attributes = map[string]string{property: property, word + "Arn": word + "Arn"}
	p.Retag = retagAs(func(r resource.Request) string { return r.ID })
	return p
}

// endpointType waits until an endpoint serves what it shall.
func endpointType() resource.Type {
	t := stackNamed("Endpoint", "endpoint", resource.Plain{Create: do((*sagemaker.Client).CreateEndpoint), Get: do((*sagemaker.Client).DescribeEndpoint),
		Delete: do((*sagemaker.Client).DeleteEndpoint), Apart: []string{"ExcludeRetainedVariantProperties", "RetainAllVariantProperties", "RetainDeploymentConfig"}}).Type()
	t.Update = func(ctx context.Context, r resource.Request) (resource.State, error) {
		state := resource.State{ID: r.ID, Attributes: r.Attributes}
		if r.Changed("EndpointConfigName", "DeploymentConfig") {
			if _, err := resource.Call(ctx, client(r).UpdateEndpoint, r.Properties, func(in *sagemaker.UpdateEndpointInput) { in.EndpointName = aws.String(r.Named("EndpointName")) },
				"Tags"); err != nil {
				return state, err
			}
		}
		retag := retagAs(func(r resource.Request) string { return r.ID })
		return state, r.Retag("Tags", func(tags map[string]string) error { return retag(ctx, r, tags, nil) }, func(keys []string) error { return retag(ctx, r, nil, keys) })
	}
	t.Ready = func(ctx context.Context, r resource.Request) (resource.State, bool, error) {
		out, err := client(r).DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: aws.String(r.Named("EndpointName"))})
		if err != nil {
			return resource.State{}, false, err
		}
		switch out.EndpointStatus {
		case types.EndpointStatusInService:
			if aws.ToString(out.EndpointConfigName) == r.Text("EndpointConfigName") {
				return resource.State{}, true, nil
			}
		case types.EndpointStatusCreating, types.EndpointStatusUpdating, types.EndpointStatusSystemUpdating, types.EndpointStatusRollingBack:
			return resource.State{}, false, nil
		}
		return resource.State{}, false, fmt.Errorf("the endpoint is %s: %s", out.EndpointStatus, aws.ToString(out.FailureReason))
	}
	begin := t.Delete
	t.Delete = func(ctx context.Context, r resource.Request) error { // one that is being made is removed when that is done
		if err := begin(ctx, r); err != nil && !resource.Gone(err) && !underway(ctx, r) {
			return err
		}
		return nil
	}
	t.Gone = func(ctx context.Context, r resource.Request) (bool, error) {
		out, err := client(r).DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: aws.String(r.Named("EndpointName"))})
		if resource.Gone(err) {
			return true, nil
		}
		if err == nil && out.EndpointStatus != types.EndpointStatusDeleting {
			err = t.Delete(ctx, r)
		}
		return false, err
	}
	return t
}

// underway says that an endpoint is just being made or changed.
func underway(ctx context.Context, r resource.Request) bool {
	out, err := client(r).DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: aws.String(r.Named("EndpointName"))})
	if err != nil {
		return false
	}
	switch out.EndpointStatus {
	case types.EndpointStatusCreating, types.EndpointStatusUpdating, types.EndpointStatusSystemUpdating, types.EndpointStatusRollingBack:
		return true
	}
	return false
}
