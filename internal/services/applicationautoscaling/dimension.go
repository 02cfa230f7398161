package applicationautoscaling

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	sagemakertypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// Dimension is something whose capacity can be scaled.
type Dimension struct {
	Namespace types.ServiceNamespace
	// Host and Role are of the service-linked role in whose name it is scaled, and Actions what the role may do.
	Host, Role string
	Actions    []string
	Resource   *regexp.Regexp // form of a resource's id
	Cooldown   time.Duration  // of policies that don't say
	// Metrics are those that policies can name: predefined ones, for a resource.
	Metrics map[types.MetricType]func(resource string) watched
	Get     func(ctx context.Context, c aws.Config, resource string) (int, error)
	Set     func(ctx context.Context, c aws.Config, resource string, capacity int) error
}

// errNoResource is a resource that is not there.
var errNoResource = errors.New("the resource does not exist")

var (
	functionForm  = regexp.MustCompile(`^function:([a-zA-Z0-9-_]{1,64}):([a-zA-Z0-9-_]{1,128})$`)
	componentForm = regexp.MustCompile(`^inference-component/([a-zA-Z0-9](?:-?[a-zA-Z0-9]){0,62})$`)
	variantForm   = regexp.MustCompile(`^endpoint/([a-zA-Z0-9](?:-?[a-zA-Z0-9]){0,62})/variant/([a-zA-Z0-9](?:-?[a-zA-Z0-9]){0,62})$`)
)

// Dimensions are all that can be scaled.
// Source: https://docs.aws.amazon.com/autoscaling/application/userguide/integrated-services-list.html
func Dimensions() map[types.ScalableDimension]Dimension {
	return map[types.ScalableDimension]Dimension{
		types.ScalableDimensionLambdaFunctionProvisionedConcurrency: {Namespace: types.ServiceNamespaceLambda,
			Host: "lambda.application-autoscaling.amazonaws.com", Role: "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
			Actions: []string{"lambda:PutProvisionedConcurrencyConfig", "lambda:GetProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig"},
			Metrics: map[types.MetricType]func(string) watched{types.MetricTypeLambdaProvisionedConcurrencyUtilization: func(resource string) watched {
				m := functionForm.FindStringSubmatch(resource)
				return watched{Namespace: "AWS/Lambda", Name: "ProvisionedConcurrencyUtilization", Statistic: "Average", Period: 60,
					Dimensions: [][2]string{{"FunctionName", m[1]}, {"Resource", m[1] + ":" + m[2]}}}
			}},
			Resource: functionForm, Get: getConcurrency, Set: setConcurrency},
		types.ScalableDimensionSageMakerVariantDesiredInstanceCount: ofEndpoint(Dimension{
			Metrics: map[types.MetricType]func(string) watched{
				types.MetricTypeSageMakerVariantInvocationsPerInstance: func(resource string) watched {
					return ofVariant(resource, "InvocationsPerInstance", "Sum", 60)
				},
				types.MetricTypeSageMakerVariantConcurrentRequestsPerModelHighResolution: func(resource string) watched {
					return ofVariant(resource, "ConcurrentRequestsPerModel", "Average", 10)
				}},
			Resource: variantForm, Get: getInstances, Set: setInstances}),
		types.ScalableDimensionSageMakerInferenceComponentDesiredCopyCount: ofEndpoint(Dimension{
			Metrics: map[types.MetricType]func(string) watched{
				types.MetricTypeSageMakerInferenceComponentInvocationsPerCopy: func(resource string) watched {
					return ofComponent(resource, "InvocationsPerCopy", "Sum", 60)
				},
				types.MetricTypeSageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution: func(resource string) watched {
					return ofComponent(resource, "ConcurrentRequestsPerCopy", "Average", 10)
				}},
			Resource: componentForm, Get: getCopies, Set: setCopies}),
	}
}

// ofEndpoint is a dimension of endpoints: they share one role, which may do what both of their dimensions need.
func ofEndpoint(d Dimension) Dimension {
	d.Namespace, d.Cooldown = types.ServiceNamespaceSagemaker, 5*time.Minute
	d.Host, d.Role = "sagemaker.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
	d.Actions = []string{"sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:UpdateEndpointWeightsAndCapacities",
		"sagemaker:DescribeInferenceComponent", "sagemaker:UpdateInferenceComponentRuntimeConfig"}
	return d
}

func ofComponent(resource, name, statistic string, period int32) watched {
	m := componentForm.FindStringSubmatch(resource)
	return watched{Namespace: "AWS/SageMaker", Name: name, Statistic: statistic, Period: period, Dimensions: [][2]string{{"InferenceComponentName", m[1]}}}
}

func ofVariant(resource, name, statistic string, period int32) watched {
	m := variantForm.FindStringSubmatch(resource)
	return watched{Namespace: "AWS/SageMaker", Name: name, Statistic: statistic, Period: period, Dimensions: [][2]string{{"EndpointName", m[1]}, {"VariantName", m[2]}}}
}

func getConcurrency(ctx context.Context, c aws.Config, resource string) (int, error) {
	m := functionForm.FindStringSubmatch(resource)
	out, err := lambda.NewFromConfig(c).GetProvisionedConcurrencyConfig(ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: &m[1], Qualifier: &m[2]})
	var none *lambdatypes.ProvisionedConcurrencyConfigNotFoundException
	var gone *lambdatypes.ResourceNotFoundException
	switch {
	case errors.As(err, &none):
		return 0, nil
	case errors.As(err, &gone):
		return 0, fmt.Errorf("%w: %s", errNoResource, gone.ErrorMessage())
	case err != nil:
		return 0, err
	}
	return int(aws.ToInt32(out.RequestedProvisionedConcurrentExecutions)), nil
}

func setConcurrency(ctx context.Context, c aws.Config, resource string, n int) error {
	m := functionForm.FindStringSubmatch(resource)
	client := lambda.NewFromConfig(c)
	if n == 0 {
		_, err := client.DeleteProvisionedConcurrencyConfig(ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: &m[1], Qualifier: &m[2]})
		return err
	}
	_, err := client.PutProvisionedConcurrencyConfig(ctx, &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: &m[1], Qualifier: &m[2],
		ProvisionedConcurrentExecutions: aws.Int32(int32(n))})
	return err
}

// unfound is SageMaker's error of what is not there, in our words; others stay as they are.
func unfound(err error) error {
	var code interface{ ErrorCode() string }
	if errors.As(err, &code) && code.ErrorCode() == "ValidationException" {
		return fmt.Errorf("%w: %v", errNoResource, err)
	}
	return err
}

func getInstances(ctx context.Context, c aws.Config, resource string) (int, error) {
	m := variantForm.FindStringSubmatch(resource)
	out, err := sagemaker.NewFromConfig(c).DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &m[1]})
	if err != nil {
		return 0, unfound(err)
	}
	for _, v := range out.ProductionVariants {
		if aws.ToString(v.VariantName) == m[2] {
			if out.EndpointStatus != sagemakertypes.EndpointStatusInService {
				return 0, fmt.Errorf("the endpoint is %s", out.EndpointStatus)
			}
			return int(aws.ToInt32(v.DesiredInstanceCount)), nil
		}
	}
	return 0, fmt.Errorf("%w: variant %s", errNoResource, m[2])
}

func setInstances(ctx context.Context, c aws.Config, resource string, n int) error {
	m := variantForm.FindStringSubmatch(resource)
	_, err := sagemaker.NewFromConfig(c).UpdateEndpointWeightsAndCapacities(ctx, &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: &m[1],
		DesiredWeightsAndCapacities: []sagemakertypes.DesiredWeightAndCapacity{{VariantName: &m[2], DesiredInstanceCount: aws.Int32(int32(n))}}})
	return err
}

func getCopies(ctx context.Context, c aws.Config, resource string) (int, error) {
	m := componentForm.FindStringSubmatch(resource)
	out, err := sagemaker.NewFromConfig(c).DescribeInferenceComponent(ctx, &sagemaker.DescribeInferenceComponentInput{InferenceComponentName: &m[1]})
	if err != nil {
		return 0, unfound(err)
	}
	if out.InferenceComponentStatus != sagemakertypes.InferenceComponentStatusInService {
		return 0, fmt.Errorf("the inference component is %s", out.InferenceComponentStatus)
	}
	return int(aws.ToInt32(out.RuntimeConfig.DesiredCopyCount)), nil
}

func setCopies(ctx context.Context, c aws.Config, resource string, n int) error {
	m := componentForm.FindStringSubmatch(resource)
	_, err := sagemaker.NewFromConfig(c).UpdateInferenceComponentRuntimeConfig(ctx, &sagemaker.UpdateInferenceComponentRuntimeConfigInput{
		InferenceComponentName: &m[1], DesiredRuntimeConfig: &sagemakertypes.InferenceComponentRuntimeConfig{CopyCount: aws.Int32(int32(n))}})
	return err
}
