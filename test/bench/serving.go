package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// crowd is how many connections there are where throughput is measured.
const crowd = 8

// servingBench is a server with what models need.
type servingBench struct {
	s      *server
	o      options
	models *sagemaker.Client
	files  *s3.Client
	cfg    aws.Config
	role   string
	out    strings.Builder
}

// serving measures what stands between a caller and a model server: in real time, in a queue, and in a batch.
func serving(ctx context.Context, o options) (section, error) {
	servers, err := o.start(ctx, shared)
	defer stopAll(servers)
	if err != nil {
		return section{}, err
	}
	b, err := newServingBench(ctx, servers[0], o)
	if err != nil {
		return section{}, err
	}
	if err := b.text(ctx); err != nil {
		return section{}, fmt.Errorf("text: %w", err)
	}
	if err := b.scikit(ctx); err != nil {
		return section{}, fmt.Errorf("scikit-learn: %w", err)
	}
	return section{"Serving", b.out.String() + servingNote}, nil
}

const servingNote = `
One signature serves half a minute's requests: the client's signing is not in the figures, the server's check is. Both cores are busy in the columns of throughput. A request costs the server some
0.2 ms of a core: a second hop of HTTP, the signature, the decision and the measurements. Against a model that answers in 30 µs the aim of 0.7 cannot be met so. What a batch costs
beside its model is mostly S3: MD5 (the ETag), CRC-64 and SHA-256 of what is written.
`

func newServingBench(ctx context.Context, s *server, o options) (*servingBench, error) {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, HTTPClient: s.client, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(s.key, s.secret, "")}
	b := &servingBench{s: s, o: o, cfg: cfg, models: sagemaker.NewFromConfig(cfg), files: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })}
	people := iam.NewFromConfig(cfg)
	role, err := people.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("model"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return nil, err
	}
	b.role = *role.Role.Arn
	_, err = people.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("model"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","logs:*","sns:Publish"],"Resource":"*"}]}`)})
	if err == nil {
		_, err = b.files.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bench")})
	}
	return b, err
}

func (b *servingBench) put(ctx context.Context, key string, body []byte) (uri string, err error) {
	_, err = b.files.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bench"), Key: &key, Body: bytes.NewReader(body)})
	return "s3://bench/" + key, err
}

// model trains and makes a model of its name.
func (b *servingBench) model(ctx context.Context, name, image, data string, parameters, env map[string]string) error {
	in := &sagemaker.CreateTrainingJobInput{TrainingJobName: &name, RoleArn: &b.role, HyperParameters: parameters,
		AlgorithmSpecification: &types.AlgorithmSpecification{TrainingImage: &image, TrainingInputMode: types.TrainingInputModeFile},
		OutputDataConfig:       &types.OutputDataConfig{S3OutputPath: aws.String("s3://bench/out")},
		ResourceConfig:         &types.ResourceConfig{InstanceType: types.TrainingInstanceTypeMlM5Large, InstanceCount: aws.Int32(1), VolumeSizeInGB: aws.Int32(10)},
		StoppingCondition:      &types.StoppingCondition{MaxRuntimeInSeconds: aws.Int32(1800)}}
	if data != "" {
		in.InputDataConfig = []types.Channel{{ChannelName: aws.String("train"), DataSource: &types.DataSource{S3DataSource: &types.S3DataSource{
			S3DataType: types.S3DataTypeS3Prefix, S3Uri: &data}}}}
	}
	if _, err := b.models.CreateTrainingJob(ctx, in); err != nil {
		return err
	}
	var artifact *string
	if err := await(ctx, 30*time.Minute, func() (bool, error) {
		d, err := b.models.DescribeTrainingJob(ctx, &sagemaker.DescribeTrainingJobInput{TrainingJobName: &name})
		if err != nil || d.TrainingJobStatus == types.TrainingJobStatusInProgress {
			return false, err
		}
		if d.TrainingJobStatus != types.TrainingJobStatusCompleted {
			return false, errors.New(aws.ToString(d.FailureReason))
		}
		artifact = d.ModelArtifacts.S3ModelArtifacts
		return true, nil
	}); err != nil {
		return err
	}
	_, err := b.models.CreateModel(ctx, &sagemaker.CreateModelInput{ModelName: &name, ExecutionRoleArn: &b.role,
		PrimaryContainer: &types.ContainerDefinition{Image: &image, ModelDataUrl: artifact, Environment: env}})
	return err
}

func await(ctx context.Context, limit time.Duration, is func() (bool, error)) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		ok, err := is()
		switch {
		case ok || err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(end):
			return fmt.Errorf("not within %v", limit)
		}
	}
}

// deploy makes an endpoint of a model.
func (b *servingBench) deploy(ctx context.Context, name, model string, async *types.AsyncInferenceConfig) error {
	if _, err := b.models.CreateEndpointConfig(ctx, &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &name, AsyncInferenceConfig: async,
		ProductionVariants: []types.ProductionVariant{{VariantName: aws.String("V"), ModelName: &model, InstanceType: types.ProductionVariantInstanceTypeMlM5Large,
			InitialInstanceCount: aws.Int32(1)}}}); err != nil {
		return err
	}
	if _, err := b.models.CreateEndpoint(ctx, &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name}); err != nil {
		return err
	}
	return await(ctx, 10*time.Minute, func() (bool, error) {
		d, err := b.models.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &name})
		if err == nil && d.EndpointStatus == types.EndpointStatusFailed {
			err = errors.New(aws.ToString(d.FailureReason))
		}
		return err == nil && d.EndpointStatus == types.EndpointStatusInService, err
	})
}

// remove ends an endpoint and waits until its model server is gone.
func (b *servingBench) remove(ctx context.Context, name string) error {
	if _, err := b.models.DeleteEndpoint(ctx, &sagemaker.DeleteEndpointInput{EndpointName: &name}); err != nil {
		return err
	}
	return await(ctx, time.Minute, func() (bool, error) {
		_, err := b.models.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &name})
		return err != nil, nil
	})
}

// way is one by which a model is asked.
type way struct {
	name    string
	server  *server
	request func() *http.Request
}

// direct asks the model server that runs, past Atelier.
func (b *servingBench) direct(kind string, body []byte) (way, error) {
	dial, err := intoSandbox(b.s.process.Process.Pid)
	if err != nil {
		return way{}, err
	}
	s := &server{client: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 64, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10, DisableCompression: true}}}
	return way{"the model server itself", s, func() *http.Request { return posted("http://127.0.0.1:8080/invocations", kind, body) }}, nil
}

// invoked asks an endpoint. A signature holds for minutes, so each serves half a minute's requests: what a client takes to sign is not
// what is measured; what the server takes to verify is.
func (b *servingBench) invoked(endpoint, kind string, body []byte) way {
	var signed atomic.Pointer[signature]
	return way{"InvokeEndpoint", b.s, func() *http.Request {
		r := posted(b.s.url+"/endpoints/"+endpoint+"/invocations", kind, body)
		if old := signed.Load(); old != nil && time.Since(old.at) < 30*time.Second {
			r.Header = old.header.Clone()
			return r
		}
		b.s.sign(r, "sagemaker", hash(body))
		signed.Store(&signature{time.Now(), r.Header.Clone()})
		return r
	}}
}

// signature is the headers of a request that was signed.
type signature struct {
	at     time.Time
	header http.Header
}

func posted(url, kind string, body []byte) *http.Request {
	r, _ := http.NewRequest(http.MethodPost, url, bytes.NewReader(body)) // the URL is ours
	r.Header.Set("Content-Type", kind)
	return r
}

// compare measures ways in turn: what a request takes when it is alone, and how many are answered when there are many.
func (b *servingBench) compare(ctx context.Context, title string, ways ...way) error {
	alone, many := map[string][]time.Duration{}, map[string][]float64{}
	for round := range b.o.rounds + 1 {
		for _, w := range ways {
			var times []time.Duration
			for end := time.Now().Add(b.o.each); time.Now().Before(end) && ctx.Err() == nil; {
				r := w.request()
				begun := time.Now()
				if err := w.server.do(r); err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				times = append(times, time.Since(begun))
			}
			c := &benchmark{workers: crowd, request: func(*server, int, int) *http.Request { return w.request() }}
			rate, err := c.measure(ctx, w.server, b.o.each)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if round > 0 { // the first is to get warm
				alone[w.name], many[w.name] = append(alone[w.name], percentile(times, 50)), append(many[w.name], rate)
			}
		}
	}
	first := ways[0].name
	for _, w := range ways {
		fmt.Fprintf(&b.out, "| %s | %s | %.3f ms | %.3f ms | %.0f | %.2f |\n", title, w.name, ms(median(alone[w.name])), ms(median(alone[first])-median(alone[w.name])),
			median(many[w.name]), median(many[first])/median(many[w.name]))
	}
	return ctx.Err()
}

const servingHead = "| Model | By | p50 of one request | InvokeEndpoint takes longer by | requests per second, 8 connections | InvokeEndpoint against it |\n|---|---|---:|---:|---:|---:|\n"
