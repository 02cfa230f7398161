package sagemaker_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// story is a server with an account, a role and a bucket.
type story struct {
	*sagemaker.Client
	t    *testing.T
	s    *harness.Server
	who  harness.Caller
	role string
}

const models = "models"

// Rights of execution roles.
const (
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	basic = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","logs:*"],"Resource":"*"}]}`
	pulls = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer",` +
		`"ecr:BatchCheckLayerAvailability"],"Resource":"*"}]}`
)

func begin(t *testing.T, args ...string) story {
	t.Helper()
	s := harness.StartWith(t, harness.Options{Args: args})
	x := story{t: t, s: s, who: harness.Must(s.Admin(t.Context()))(t)}
	x.Client = sagemaker.NewFromConfig(x.who.Config())
	_, err := x.files().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(models)})
	x.ok(err)
	x.role = x.newRole(x.who, "model", basic, pulls)
	return x
}

func (x story) ok(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x story) files() *s3.Client {
	return s3.NewFromConfig(x.who.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

func (x story) put(key, text string) string {
	x.t.Helper()
	_, err := x.files().PutObject(x.t.Context(), &s3.PutObjectInput{Bucket: aws.String(models), Key: &key, Body: strings.NewReader(text)})
	x.ok(err)
	return "s3://" + models + "/" + key
}

// newRole makes an execution role.
func (x story) newRole(who harness.Caller, name string, policies ...string) string {
	x.t.Helper()
	made, err := who.IAM().CreateRole(x.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)})
	x.ok(err)
	for i, p := range policies {
		_, err := who.IAM().PutRolePolicy(x.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: &p})
		x.ok(err)
	}
	return *made.Role.Arn
}

// serve brings a model to an endpoint of its name, and tells how that ended.
func (x story) serve(name, role string, c types.ContainerDefinition) *sagemaker.DescribeEndpointOutput {
	x.t.Helper()
	ctx := x.t.Context()
	_, err := x.CreateModel(ctx, &sagemaker.CreateModelInput{ModelName: &name, ExecutionRoleArn: &role, PrimaryContainer: &c})
	x.ok(err)
	_, err = x.CreateEndpointConfig(ctx, &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: []types.ProductionVariant{
		{VariantName: aws.String("all"), ModelName: &name, InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: aws.Int32(1)}}})
	x.ok(err)
	_, err = x.CreateEndpoint(ctx, &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name})
	x.ok(err)
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		d, err := x.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &name})
		x.ok(err)
		if d.EndpointStatus != types.EndpointStatusCreating || time.Now().After(end) {
			return d
		}
	}
}

// serving is serve of what must come into service.
func (x story) serving(name, role string, c types.ContainerDefinition) {
	x.t.Helper()
	if d := x.serve(name, role, c); d.EndpointStatus != types.EndpointStatusInService {
		x.t.Fatalf("%s is %s: %s", name, d.EndpointStatus, aws.ToString(d.FailureReason))
	}
}

func (x story) ask(endpoint, contentType, body string) string {
	x.t.Helper()
	out, err := sagemakerruntime.NewFromConfig(x.who.Config()).InvokeEndpoint(x.t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: &endpoint,
		ContentType: &contentType, Accept: aws.String(contentType), Body: []byte(body)})
	x.ok(err)
	return string(out.Body)
}

// train trains and tells how that ended.
func (x story) train(in *sagemaker.CreateTrainingJobInput) *sagemaker.DescribeTrainingJobOutput {
	x.t.Helper()
	in.ResourceConfig = &types.ResourceConfig{InstanceType: types.TrainingInstanceTypeMlM5Large, InstanceCount: aws.Int32(1), VolumeSizeInGB: aws.Int32(10)}
	in.StoppingCondition = &types.StoppingCondition{MaxRuntimeInSeconds: aws.Int32(600)}
	in.OutputDataConfig = &types.OutputDataConfig{S3OutputPath: aws.String("s3://" + models + "/out")}
	in.RoleArn = &x.role
	_, err := x.CreateTrainingJob(x.t.Context(), in)
	x.ok(err)
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		d, err := x.DescribeTrainingJob(x.t.Context(), &sagemaker.DescribeTrainingJobInput{TrainingJobName: in.TrainingJobName})
		x.ok(err)
		if d.TrainingJobStatus != types.TrainingJobStatusInProgress || time.Now().After(end) {
			return d
		}
	}
}

func channel(name, uri string) types.Channel {
	return types.Channel{ChannelName: &name, DataSource: &types.DataSource{S3DataSource: &types.S3DataSource{S3DataType: types.S3DataTypeS3Prefix, S3Uri: &uri}}}
}

// TestPushed: an image that was pushed serves and trains, with its own program, environment, directory and user.
func TestPushed(t *testing.T) {
	pushed(begin(t))
}

func pushed(x story) {
	t := x.t
	program := harness.Must(harness.Program("test/conformance/sagemaker/model"))(t)
	base := harness.Must(harness.Layer(map[string][]byte{"opt/model": program, "old": nil, "data": []byte("1")}))(t)
	top := harness.Must(harness.Layer(map[string][]byte{".wh.old": nil, "data": []byte("2"), "etc/passwd": []byte("root:x:0:0::/root:/\nweb:x:33:33::/srv:/\n")}))(t)
	config := v1.Config{Entrypoint: []string{"model", "--quiet"}, Cmd: []string{"none"}, WorkingDir: "/work/here",
		Env: []string{"PATH=/opt:/bin", "NAME=image", "OTHER=image", "AWS_REGION=nowhere"}}
	img := harness.Must(harness.Image(config, base, top))(t)
	uri := harness.Must(x.s.Push(t.Context(), x.who, "shop/model:1", img))(t)

	x.serving("one", x.role, types.ContainerDefinition{Image: &uri, Environment: map[string]string{"NAME": "mine"}})
	if got := x.ask("one", "text/plain", "hello"); got != "HELLO" {
		t.Errorf("got %q", got)
	}
	var told struct {
		Args        []string
		Env         map[string]string
		Dir         string
		UID, GID    int
		Writes, Old bool
		Data        string
	}
	if err := json.Unmarshal([]byte(x.ask("one", "text/plain", "tell")), &told); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(told.Args, []string{"/opt/model", "--quiet", "serve"}) || told.Dir != "/work/here" || told.UID != 0 || !told.Writes || told.Old || told.Data != "2" {
		t.Errorf("got %+v", told)
	}
	for name, want := range map[string]string{"NAME": "mine", "OTHER": "image", "PATH": "/opt:/bin", "AWS_REGION": harness.Region, "HOME": "/root", "SAGEMAKER_BIND_TO_PORT": "8080"} {
		if told.Env[name] != want {
			t.Errorf("%s is %q, want %q", name, told.Env[name], want)
		}
	}

	// The same image trains, and serves what it learned. By digest it is the same.
	data := x.put("data/train/a.txt", "learned ")
	digest := harness.Must(img.Digest())(t)
	pinned := strings.TrimSuffix(uri, ":1") + "@" + digest.String()
	d := x.train(&sagemaker.CreateTrainingJobInput{TrainingJobName: aws.String("t"), HyperParameters: map[string]string{"loss": "0.25", "suffix": "much: "},
		AlgorithmSpecification: &types.AlgorithmSpecification{TrainingImage: &pinned, TrainingInputMode: types.TrainingInputModeFile,
			MetricDefinitions: []types.MetricDefinition{{Name: aws.String("loss"), Regex: aws.String("loss=([0-9.]+);")}}},
		InputDataConfig: []types.Channel{channel("train", data)}})
	if d.TrainingJobStatus != types.TrainingJobStatusCompleted || len(d.FinalMetricDataList) != 1 || *d.FinalMetricDataList[0].Value != 0.25 {
		t.Fatalf("got %s %s %+v", d.TrainingJobStatus, aws.ToString(d.FailureReason), d.FinalMetricDataList)
	}
	x.serving("two", x.role, types.ContainerDefinition{Image: &uri, ModelDataUrl: d.ModelArtifacts.S3ModelArtifacts})
	if got := x.ask("two", "text/plain", "x"); got != "learned much: X" {
		t.Errorf("got %q", got)
	}
	// A training may name another program of the image. Its own words tell why it failed.
	d = x.train(&sagemaker.CreateTrainingJobInput{TrainingJobName: aws.String("entry"), AlgorithmSpecification: &types.AlgorithmSpecification{
		TrainingImage: &uri, TrainingInputMode: types.TrainingInputModeFile, ContainerEntrypoint: []string{"/opt/model"}, ContainerArguments: []string{"one", "two"}}})
	if d.TrainingJobStatus != types.TrainingJobStatusFailed || !strings.Contains(aws.ToString(d.FailureReason), `unknown arguments ["/opt/model" "one" "two"]`) {
		t.Errorf("got %s %s", d.TrainingJobStatus, aws.ToString(d.FailureReason))
	}

	// Another user, and an image for another machine.
	config.User = "web"
	uri = harness.Must(x.s.Push(t.Context(), x.who, "shop/model:web", harness.Must(harness.Image(config, base, top))(t)))(t)
	x.serving("web", x.role, types.ContainerDefinition{Image: &uri})
	if err := json.Unmarshal([]byte(x.ask("web", "text/plain", "tell")), &told); err != nil || told.UID != 33 || told.GID != 33 || told.Writes || told.Env["HOME"] != "/srv" {
		t.Errorf("got %+v %v", told, err)
	}
	file := harness.Must(img.ConfigFile())(t).DeepCopy()
	file.Architecture = "s390x"
	uri = harness.Must(x.s.Push(t.Context(), x.who, "shop/model:far", harness.Must(mutate.ConfigFile(img, file))(t)))(t)
	x.fails("far", x.role, uri, "it is for linux/s390x, and this machine is linux/")
	x.fails("multi", x.role, strings.TrimSuffix(uri, ":far")+":1", "com.amazonaws.sagemaker.capabilities.multi-models=true", func(c *types.ContainerDefinition) {
		c.Mode, c.ModelDataUrl = types.ContainerModeMultiModel, aws.String("s3://"+models+"/many/")
	})
	x.fails("none", x.role, strings.TrimSuffix(uri, ":far")+":none", "it was not pushed")
}

// fails wants an endpoint to fail for a reason.
func (x story) fails(name, role, image, reason string, with ...func(*types.ContainerDefinition)) {
	x.t.Helper()
	c := types.ContainerDefinition{Image: &image}
	for _, f := range with {
		f(&c)
	}
	if d := x.serve(name, role, c); d.EndpointStatus != types.EndpointStatusFailed || !strings.Contains(aws.ToString(d.FailureReason), reason) {
		x.t.Errorf("%s is %s: %s", name, d.EndpointStatus, aws.ToString(d.FailureReason))
	}
}

// TestPull: an image is pulled with the rights of the execution role, from another account by its repository's policy.
func TestPull(t *testing.T) {
	x := begin(t)
	program := harness.Must(harness.Program("test/conformance/sagemaker/model"))(t)
	layer := harness.Must(harness.Layer(map[string][]byte{"model": program}))(t)
	img := harness.Must(harness.Image(v1.Config{Entrypoint: []string{"/model"}}, layer))(t)
	own := harness.Must(x.s.Push(t.Context(), x.who, "model:1", img))(t)
	without := x.newRole(x.who, "without", basic)
	x.fails("without", without, own, "ecr:GetAuthorizationToken")

	other := harness.Must(x.s.Account(t.Context(), "other"))(t)
	theirs := harness.Must(x.s.Push(t.Context(), other, "model:1", img))(t)
	x.fails("theirs", x.role, theirs, "is not authorized to perform: ecr:BatchGetImage")
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`, x.who.Account)
	_, err := ecr.NewFromConfig(other.Config()).SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{RepositoryName: aws.String("model"), PolicyText: &policy})
	x.ok(err)
	x.serving("allowed", x.role, types.ContainerDefinition{Image: &theirs})
	// The server's own name does, too: that is what describe-repositories shows.
	shown := strings.TrimPrefix(x.s.URL, "http://") + "/model:1"
	x.serving("shown", x.role, types.ContainerDefinition{Image: &shown})
	if got := x.ask("shown", "text/plain", "a") + x.ask("allowed", "text/plain", "b"); got != "AB" {
		t.Errorf("got %q", got)
	}
}
