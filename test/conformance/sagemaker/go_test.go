package sagemaker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerfeaturestoreruntime"
	recordtypes "github.com/aws/aws-sdk-go-v2/service/sagemakerfeaturestoreruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	runtimetypes "github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
)

// shop is an account that has a trained model.
type shop struct {
	*sagemaker.Client
	t       *testing.T
	runtime *sagemakerruntime.Client
	objects *s3.Client
	config  aws.Config
	role    string
}

const (
	blazingText = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
	patience    = 2 * time.Minute
	question    = `{"instances":["good tea"]}`
)

func newShop(t *testing.T) *shop {
	t.Helper()
	s := harness.Start(t)
	c := harness.Must(s.Admin(t.Context()))(t)
	f := &shop{sagemaker.NewFromConfig(c.Config()), t, sagemakerruntime.NewFromConfig(c.Config()), c.S3(), c.Config(), ""}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	made, err := c.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("model"), AssumeRolePolicyDocument: &trust})
	f.ok(err)
	f.role = *made.Role.Arn
	_, err = c.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("model"), PolicyName: aws.String("p"), PolicyDocument: aws.String(harness.AllowAll)})
	f.ok(err)
	_, err = f.objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("shop")})
	f.ok(err)
	f.put("train/a.txt", strings.Repeat("__label__1 good tea\n__label__2 bad box\n", 200))
	return f
}

func (f *shop) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *shop) put(key, body string) {
	f.t.Helper()
	_, err := f.objects.PutObject(f.t.Context(), &s3.PutObjectInput{Bucket: aws.String("shop"), Key: &key, Body: strings.NewReader(body)})
	f.ok(err)
}

func (f *shop) get(uri string) string {
	f.t.Helper()
	out, err := f.objects.GetObject(f.t.Context(), &s3.GetObjectInput{Bucket: aws.String("shop"), Key: aws.String(strings.TrimPrefix(uri, "s3://shop/"))})
	f.ok(err)
	b, err := io.ReadAll(out.Body)
	f.ok(err)
	return string(b)
}

// model trains a model and makes it known.
func (f *shop) model() {
	f.t.Helper()
	_, err := f.CreateTrainingJob(f.t.Context(), &sagemaker.CreateTrainingJobInput{TrainingJobName: aws.String("text"), RoleArn: &f.role,
		AlgorithmSpecification: &types.AlgorithmSpecification{TrainingImage: aws.String(blazingText), TrainingInputMode: types.TrainingInputModeFile},
		HyperParameters:        map[string]string{"mode": "supervised", "epochs": "5", "min_count": "1"},
		InputDataConfig: []types.Channel{{ChannelName: aws.String("train"), DataSource: &types.DataSource{S3DataSource: &types.S3DataSource{
			S3DataType: types.S3DataTypeS3Prefix, S3Uri: aws.String("s3://shop/train/")}}}},
		OutputDataConfig:  &types.OutputDataConfig{S3OutputPath: aws.String("s3://shop/out")},
		ResourceConfig:    &types.ResourceConfig{InstanceType: types.TrainingInstanceTypeMlM5Large, InstanceCount: aws.Int32(1), VolumeSizeInGB: aws.Int32(10)},
		StoppingCondition: &types.StoppingCondition{MaxRuntimeInSeconds: aws.Int32(600)}})
	f.ok(err)
	done, err := sagemaker.NewTrainingJobCompletedOrStoppedWaiter(f.Client, func(o *sagemaker.TrainingJobCompletedOrStoppedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	}).WaitForOutput(f.t.Context(), &sagemaker.DescribeTrainingJobInput{TrainingJobName: aws.String("text")}, patience)
	f.ok(err)
	_, err = f.CreateModel(f.t.Context(), &sagemaker.CreateModelInput{ModelName: aws.String("text"), ExecutionRoleArn: &f.role,
		PrimaryContainer: &types.ContainerDefinition{Image: aws.String(blazingText), ModelDataUrl: done.ModelArtifacts.S3ModelArtifacts}})
	f.ok(err)
}

// endpoint serves the model by a variant, and waits until it does.
func (f *shop) endpoint(name string, v types.ProductionVariant, async *types.AsyncInferenceConfig) {
	f.t.Helper()
	v.VariantName, v.ModelName = aws.String("V"), aws.String("text")
	_, err := f.CreateEndpointConfig(f.t.Context(), &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: []types.ProductionVariant{v},
		AsyncInferenceConfig: async})
	f.ok(err)
	_, err = f.CreateEndpoint(f.t.Context(), &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name})
	f.ok(err)
	f.ok(sagemaker.NewEndpointInServiceWaiter(f.Client, func(o *sagemaker.EndpointInServiceWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	}).Wait(f.t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: &name}, patience))
}

// wantLabel wants an answer of the model to be about the first label.
func (f *shop) wantLabel(answer []byte) {
	f.t.Helper()
	var got []struct{ Label []string }
	if err := json.Unmarshal(answer, &got); err != nil || len(got) != 1 || fmt.Sprint(got[0].Label) != "[__label__1]" {
		f.t.Errorf("got %s", answer)
	}
}

func (f *shop) invoke(name string) {
	f.t.Helper()
	out, err := f.runtime.InvokeEndpoint(f.t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: &name, ContentType: aws.String("application/json"),
		Body: []byte(question)})
	f.ok(err)
	f.wantLabel(out.Body)
}

// TestGo has inference in all four ways by the SDK for Go, with its waiters, its stream of events and its errors.
func TestGo(t *testing.T) {
	f := newShop(t)
	f.model()

	f.endpoint("now", types.ProductionVariant{InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: aws.Int32(1)}, nil)
	f.invoke("now")
	stream, err := f.runtime.InvokeEndpointWithResponseStream(t.Context(), &sagemakerruntime.InvokeEndpointWithResponseStreamInput{
		EndpointName: aws.String("now"), ContentType: aws.String("application/json"), Body: []byte(question)})
	f.ok(err)
	var all bytes.Buffer
	for e := range stream.GetStream().Events() {
		all.Write(e.(*runtimetypes.ResponseStreamMemberPayloadPart).Value.Bytes)
	}
	f.ok(stream.GetStream().Close())
	f.ok(stream.GetStream().Err())
	f.wantLabel(all.Bytes())
	var model *runtimetypes.ModelError
	_, err = f.runtime.InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("now"), ContentType: aws.String("application/json"), Body: []byte("{")})
	if !errors.As(err, &model) || aws.ToInt32(model.OriginalStatusCode)/100 != 4 || model.LogStreamArn == nil {
		t.Errorf("got %v", err)
	}
	var invalid *runtimetypes.ValidationError
	_, err = f.runtime.InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("none"), Body: []byte("x")})
	if !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}

	f.endpoint("serverless", types.ProductionVariant{ServerlessConfig: &types.ProductionVariantServerlessConfig{MemorySizeInMB: aws.Int32(1024), MaxConcurrency: aws.Int32(2)}}, nil)
	f.invoke("serverless")

	f.endpoint("later", types.ProductionVariant{InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: aws.Int32(1)},
		&types.AsyncInferenceConfig{OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String("s3://shop/later")}})
	f.put("question.json", question)
	later, err := f.runtime.InvokeEndpointAsync(t.Context(), &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("later"),
		InputLocation: aws.String("s3://shop/question.json"), ContentType: aws.String("application/json")})
	f.ok(err)
	key := strings.TrimPrefix(*later.OutputLocation, "s3://shop/")
	f.ok(s3.NewObjectExistsWaiter(f.objects, func(o *s3.ObjectExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	}).Wait(
		t.Context(), &s3.HeadObjectInput{Bucket: aws.String("shop"), Key: &key}, patience))
	f.wantLabel([]byte(f.get(*later.OutputLocation)))

	f.put("in/some.jsonl", strings.Repeat(`{"source":"good tea"}`+"\n", 20))
	_, err = f.CreateTransformJob(t.Context(), &sagemaker.CreateTransformJobInput{TransformJobName: aws.String("batch"), ModelName: aws.String("text"),
		TransformInput: &types.TransformInput{ContentType: aws.String("application/jsonlines"), SplitType: types.SplitTypeLine,
			DataSource: &types.TransformDataSource{S3DataSource: &types.TransformS3DataSource{S3DataType: types.S3DataTypeS3Prefix, S3Uri: aws.String("s3://shop/in/")}}},
		TransformOutput: &types.TransformOutput{S3OutputPath: aws.String("s3://shop/answers"), Accept: aws.String("application/jsonlines"),
			AssembleWith: types.AssemblyTypeLine},
		TransformResources: &types.TransformResources{InstanceType: types.TransformInstanceTypeMlM5Large, InstanceCount: aws.Int32(1)}})
	f.ok(err)
	f.ok(sagemaker.NewTransformJobCompletedOrStoppedWaiter(f.Client, func(o *sagemaker.TransformJobCompletedOrStoppedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	}).Wait(t.Context(), &sagemaker.DescribeTransformJobInput{TransformJobName: aws.String("batch")}, patience))
	if n := strings.Count(f.get("s3://shop/answers/some.jsonl.out"), "__label__1"); n != 20 {
		t.Errorf("got %d answers", n)
	}

	_, err = f.DeleteEndpoint(t.Context(), &sagemaker.DeleteEndpointInput{EndpointName: aws.String("now")})
	f.ok(err)
	f.ok(sagemaker.NewEndpointDeletedWaiter(f.Client, func(o *sagemaker.EndpointDeletedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	}).Wait(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String("now")}, patience))
}

// TestOfflineStoreSurvives kills the server while records wait for the offline store: each is in one file, once.
func TestOfflineStoreSurvives(t *testing.T) {
	dir := t.TempDir()
	s, err := harness.Launch(harness.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Kill() }()
	c := harness.Must(s.Admin(t.Context()))(t)
	f := &shop{sagemaker.NewFromConfig(c.Config()), t, nil, c.S3(), c.Config(), ""}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	role, err := c.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("features"), AssumeRolePolicyDocument: &trust})
	f.ok(err)
	_, err = c.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("features"), PolicyName: aws.String("p"), PolicyDocument: aws.String(harness.AllowAll)})
	f.ok(err)
	_, err = f.objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("shop")})
	f.ok(err)
	_, err = f.CreateFeatureGroup(t.Context(), &sagemaker.CreateFeatureGroupInput{FeatureGroupName: aws.String("g"), RoleArn: role.Role.Arn,
		RecordIdentifierFeatureName: aws.String("id"), EventTimeFeatureName: aws.String("at"), OnlineStoreConfig: &types.OnlineStoreConfig{EnableOnlineStore: aws.Bool(true)},
		OfflineStoreConfig: &types.OfflineStoreConfig{S3StorageConfig: &types.S3StorageConfig{S3Uri: aws.String("s3://shop/store")}},
		FeatureDefinitions: []types.FeatureDefinition{{FeatureName: aws.String("id"), FeatureType: types.FeatureTypeString},
			{FeatureName: aws.String("at"), FeatureType: types.FeatureTypeFractional}}})
	f.ok(err)
	f.soon(func() bool {
		d, err := f.DescribeFeatureGroup(t.Context(), &sagemaker.DescribeFeatureGroupInput{FeatureGroupName: aws.String("g")})
		return err == nil && d.FeatureGroupStatus == types.FeatureGroupStatusCreated
	})
	records := sagemakerfeaturestoreruntime.NewFromConfig(f.config)
	const kills, each = 2, 300
	for kill := range kills + 1 {
		for i := range each {
			_, err := records.PutRecord(t.Context(), &sagemakerfeaturestoreruntime.PutRecordInput{FeatureGroupName: aws.String("g"), Record: []recordtypes.FeatureValue{
				{FeatureName: aws.String("id"), ValueAsString: aws.String(fmt.Sprint(kill*each + i))},
				{FeatureName: aws.String("at"), ValueAsString: aws.String(fmt.Sprint(1593511200 + 600*i))}}})
			f.ok(err)
		}
		if kill == kills {
			break
		}
		time.Sleep(time.Duration(1900+kill*150) * time.Millisecond) // the files are written about now
		s.Kill()
		if s, err = harness.Launch(harness.Options{DataDir: dir}); err != nil {
			t.Fatal(err)
		}
		moved := s.Caller(c.Key, c.Secret, "")
		f.Client, f.objects, f.config = sagemaker.NewFromConfig(moved.Config()), moved.S3(), moved.Config()
		records = sagemakerfeaturestoreruntime.NewFromConfig(f.config)
	}
	got, err := records.GetRecord(t.Context(), &sagemakerfeaturestoreruntime.GetRecordInput{FeatureGroupName: aws.String("g"), RecordIdentifierValueAsString: aws.String("7")})
	f.ok(err)
	if len(got.Record) != 2 {
		t.Errorf("got %v", got.Record)
	}
	seen := map[string]int{}
	f.soon(func() bool { seen = f.offline("store/"); return len(seen) == (kills+1)*each })
	for id, n := range seen {
		if n != 1 {
			t.Errorf("record %s is there %d times", id, n)
		}
	}
}

// soon waits until something is so.
func (f *shop) soon(is func() bool) {
	f.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatal("it did not happen")
		}
	}
}

// offline counts the records in the files below a prefix, by their identifiers.
func (f *shop) offline(prefix string) map[string]int {
	f.t.Helper()
	out := map[string]int{}
	for pages := s3.NewListObjectsV2Paginator(f.objects, &s3.ListObjectsV2Input{Bucket: aws.String("shop"), Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(f.t.Context())
		f.ok(err)
		for _, o := range page.Contents {
			for _, id := range identifiers(f.t, []byte(f.get("s3://shop/"+*o.Key))) {
				out[id]++
			}
		}
	}
	return out
}
