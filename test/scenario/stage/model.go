package stage

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// BlazingText is the image of the algorithm.
const BlazingText = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"

// Train has BlazingText learn lines of fastText, and gives the URI of the model.
func (s *Stage) Train(name string, lines string, parameters map[string]string) string {
	s.Helper()
	data := s.Put("train/"+name+"/lines.txt", []byte(lines))
	parameters["mode"] = "supervised"
	_, err := s.Models.CreateTrainingJob(s.Context(), &sagemaker.CreateTrainingJobInput{TrainingJobName: &name, RoleArn: &s.Role, HyperParameters: parameters,
		AlgorithmSpecification: &types.AlgorithmSpecification{TrainingImage: aws.String(BlazingText), TrainingInputMode: types.TrainingInputModeFile},
		InputDataConfig: []types.Channel{{ChannelName: aws.String("train"), DataSource: &types.DataSource{S3DataSource: &types.S3DataSource{
			S3DataType: types.S3DataTypeS3Prefix, S3Uri: &data}}}},
		OutputDataConfig:  &types.OutputDataConfig{S3OutputPath: aws.String(URI("out"))},
		ResourceConfig:    &types.ResourceConfig{InstanceType: types.TrainingInstanceTypeMlM5Large, InstanceCount: aws.Int32(1), VolumeSizeInGB: aws.Int32(10)},
		StoppingCondition: &types.StoppingCondition{MaxRuntimeInSeconds: aws.Int32(600)}})
	s.Must("training", err)
	var out *sagemaker.DescribeTrainingJobOutput
	s.Soon("training", 2*time.Minute, func() bool {
		out, err = s.Models.DescribeTrainingJob(s.Context(), &sagemaker.DescribeTrainingJobInput{TrainingJobName: &name})
		s.Must("training", err)
		return out.TrainingJobStatus != types.TrainingJobStatusInProgress
	})
	if out.TrainingJobStatus != types.TrainingJobStatusCompleted {
		s.Fatalf("the training ended %s: %s", out.TrainingJobStatus, aws.ToString(out.FailureReason))
	}
	return *out.ModelArtifacts.S3ModelArtifacts
}

// Learn trains a small model that tells good from bad teas, and gives its URI. Its labels end in its name.
func (s *Stage) Learn(name string) string {
	s.Helper()
	var lines strings.Builder
	for i := range 200 {
		fmt.Fprintf(&lines, "__label__good-%s what a great and lovely tea %d\n__label__bad-%s an awful and broken box %d\n", name, i%7, name, i%5)
	}
	return s.Train(name, lines.String(), map[string]string{"epochs": "10", "min_count": "1", "vector_dim": "10", "word_ngrams": "1"})
}

// Model makes a model of one container.
func (s *Stage) Model(name string, c types.ContainerDefinition) {
	s.Helper()
	_, err := s.Models.CreateModel(s.Context(), &sagemaker.CreateModelInput{ModelName: &name, ExecutionRoleArn: &s.Role, PrimaryContainer: &c})
	s.Must("model "+name, err)
}

// Text makes a model of BlazingText.
func (s *Stage) Text(name, data string) {
	s.Helper()
	s.Model(name, types.ContainerDefinition{Image: aws.String(BlazingText), ModelDataUrl: &data})
}

// Variant is a production variant on instances.
func Variant(name, model string, count int32, weight float32) types.ProductionVariant {
	return types.ProductionVariant{VariantName: &name, ModelName: &model, InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: &count,
		InitialVariantWeight: &weight}
}

// Configure makes an endpoint's configuration.
func (s *Stage) Configure(name string, async *types.AsyncInferenceConfig, variants ...types.ProductionVariant) {
	s.Helper()
	_, err := s.Models.CreateEndpointConfig(s.Context(), &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: variants, AsyncInferenceConfig: async})
	s.Must("configuration "+name, err)
}

// Deploy makes an endpoint with a configuration of its name, and waits until it serves.
func (s *Stage) Deploy(name string, async *types.AsyncInferenceConfig, variants ...types.ProductionVariant) {
	s.Helper()
	s.Configure(name, async, variants...)
	_, err := s.Models.CreateEndpoint(s.Context(), &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name})
	s.Must("endpoint "+name, err)
	s.InService(name)
}

// Settled waits until an endpoint changes no more.
func (s *Stage) Settled(name string) *sagemaker.DescribeEndpointOutput {
	s.Helper()
	var out *sagemaker.DescribeEndpointOutput
	s.Soon("endpoint "+name, 5*time.Minute, func() bool {
		var err error
		out, err = s.Models.DescribeEndpoint(s.Context(), &sagemaker.DescribeEndpointInput{EndpointName: &name})
		s.Must("endpoint "+name, err)
		return out.EndpointStatus != types.EndpointStatusCreating && out.EndpointStatus != types.EndpointStatusUpdating
	})
	return out
}

// InService waits until an endpoint serves.
func (s *Stage) InService(name string) *sagemaker.DescribeEndpointOutput {
	s.Helper()
	out := s.Settled(name)
	if out.EndpointStatus != types.EndpointStatusInService || out.FailureReason != nil {
		s.Fatalf("endpoint %s is %s: %s", name, out.EndpointStatus, aws.ToString(out.FailureReason))
	}
	return out
}

// Tea is a question of which a small model's answer is good.
const Tea = `{"instances":["a great and lovely tea"]}`

// Ask asks an endpoint in JSON.
func (s *Stage) Ask(ctx context.Context, endpoint, body string) (*sagemakerruntime.InvokeEndpointOutput, error) {
	return s.Runtime.InvokeEndpoint(ctx, &sagemakerruntime.InvokeEndpointInput{EndpointName: &endpoint, ContentType: aws.String("application/json"), Body: []byte(body)})
}

// Transformed waits until a batch transform ends.
func (s *Stage) Transformed(name string, limit time.Duration) *sagemaker.DescribeTransformJobOutput {
	s.Helper()
	var out *sagemaker.DescribeTransformJobOutput
	s.Soon("transform "+name, limit, func() bool {
		var err error
		out, err = s.Models.DescribeTransformJob(s.Context(), &sagemaker.DescribeTransformJobInput{TransformJobName: &name})
		s.Must("transform "+name, err)
		return out.TransformJobStatus != types.TransformJobStatusInProgress && out.TransformJobStatus != types.TransformJobStatusStopping
	})
	return out
}

// Crowd has so many workers make calls, numbered from 0 to n-1.
func Crowd(workers, n int, call func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				call(int(i))
			}
		})
	}
	all.Wait()
}

// Image pushes the program of ./container, and gives the image's name.
func (s *Stage) Image() string {
	s.Helper()
	program := harness.Must(harness.Program("test/scenario/stage/container"))(s)
	layer := harness.Must(harness.Layer(map[string][]byte{"opt/program": program}))(s)
	img := harness.Must(harness.Image(v1.Config{Entrypoint: []string{"/opt/program"}}, layer))(s)
	return harness.Must(s.Server.Push(s.Context(), s.Who, "reader:1", img))(s)
}

// Container makes a model of an image, with an environment.
func (s *Stage) Container(name, image string, env map[string]string) {
	s.Helper()
	s.Model(name, types.ContainerDefinition{Image: &image, Environment: env})
}
