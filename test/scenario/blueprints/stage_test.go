package blueprints

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/atelier-studio/atelier/internal/blueprint"
	"github.com/atelier-studio/atelier/test/conformance/harness"
)

const foundation = "meta.llama3-2-1b-instruct-v1:0"

// architecture is the machine's, in Lambda's words.
var architecture = map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]

// code is the archive of the functions, built once.
var code = sync.OnceValues(func() (string, error) {
	at := filepath.Join(harness.Root(), ".cache", "function.zip")
	c := exec.Command("go", "run", "./blueprints/pack", "-o", at, "-architecture", architecture)
	c.Dir = harness.Root()
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return at, nil
})

// stage is a server with a foundation model, and a bucket with the functions' code and a model that judges reviews.
type stage struct {
	*testing.T
	server *harness.Server
	who    harness.Caller
	client *blueprint.Client
	stacks *cloudformation.Client
	files  *s3.Client
}

func set(t *testing.T) *stage {
	t.Helper()
	models := filepath.Join(t.TempDir(), "models.yaml")
	text := fmt.Sprintf("models:\n  - {id: %q, driver: llamacpp, context: 1024, parallel: 4, file: %s, name: Small}\n", foundation, harness.Must(harness.SmolLM2())(t))
	if err := os.WriteFile(models, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, server: harness.StartWith(t, harness.Options{Args: []string{"--llama-library", harness.Must(harness.Llama())(t), "--models", models}})}
	s.who = harness.Must(s.server.Admin(t.Context()))(t)
	s.client, s.stacks, s.files = blueprint.NewClient(s.who.Config()), cloudformation.NewFromConfig(s.who.Config()), s.who.S3()
	_, err := s.files.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("made-before")})
	s.ok(err)
	archive, err := os.ReadFile(harness.Must(code())(t))
	s.ok(err)
	s.put("made-before", "function.zip", archive)
	return s
}

func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v\n%s", err, s.server.Log())
	}
}

func (s *stage) put(bucket, key string, body []byte) {
	s.Helper()
	_, err := s.files.PutObject(s.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	s.ok(err)
}

func (s *stage) get(uri string) string {
	s.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	out, err := s.files.GetObject(s.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	s.ok(err)
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	s.ok(err)
	return string(b)
}

// call calls an API, wants a status, and reads the answer.
func (s *stage) call(stack *blueprint.Stack, want int, method, path string, in, into any) string {
	s.Helper()
	status, out, err := s.client.Call(s.Context(), stack, method, path, in)
	s.ok(err)
	if status != want {
		s.Fatalf("%s %s answers %d %s, want %d\n%s", method, path, status, out, want, s.server.Log())
	}
	if into != nil {
		if err := json.Unmarshal(out, into); err != nil {
			s.Fatalf("%s %s answers %s: %v", method, path, out, err)
		}
	}
	return string(out)
}

func (s *stage) soon(what string, so func() bool) {
	s.Helper()
	for end := time.Now().Add(3 * time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("%s: never\n%s", what, s.server.Log())
		}
	}
}

// queue is one that topics and rules send to.
func (s *stage) queue(name string) (url, arn string) {
	s.Helper()
	made, err := sqs.NewFromConfig(s.who.Config()).CreateQueue(s.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","events.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"*"}]}`}})
	s.ok(err)
	return *made.QueueUrl, "arn:aws:sqs:" + harness.Region + ":" + s.who.Account + ":" + name
}

// hear has a topic's messages come to a queue.
func (s *stage) hear(topic, name string) (url string) {
	s.Helper()
	url, arn := s.queue(name)
	_, err := sns.NewFromConfig(s.who.Config()).Subscribe(s.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	s.ok(err)
	return url
}

// message takes messages of a queue until one is the one, and deletes the queue.
func (s *stage) message(url string, is func(m string) bool) string {
	s.Helper()
	client, found := sqs.NewFromConfig(s.who.Config()), ""
	s.soon("a message of "+url, func() bool {
		out, err := client.ReceiveMessage(s.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 1, MaxNumberOfMessages: 10})
		s.ok(err)
		for _, m := range out.Messages {
			if is(*m.Body) {
				found = *m.Body
			}
		}
		return found != ""
	})
	_, err := client.DeleteQueue(s.Context(), &sqs.DeleteQueueInput{QueueUrl: &url})
	s.ok(err)
	return found
}

// inventory names what there is in the account of the kinds that blueprints make.
func (s *stage) inventory() (list []string) {
	s.Helper()
	ctx, cfg := s.Context(), s.who.Config()
	add := func(kind string, name *string) { list = append(list, kind+" "+aws.ToString(name)) }
	buckets, err := s.files.ListBuckets(ctx, &s3.ListBucketsInput{})
	s.ok(err)
	for _, b := range buckets.Buckets {
		add("bucket", b.Name)
	}
	roles, err := s.who.IAM().ListRoles(ctx, &iam.ListRolesInput{})
	s.ok(err)
	for _, r := range roles.Roles {
		if !strings.HasPrefix(*r.Path, "/aws-service-role/") { // AWS's own, of the account
			add("role", r.RoleName)
		}
	}
	functions, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	s.ok(err)
	for _, f := range functions.Functions {
		add("function", f.FunctionName)
	}
	apis, err := apigatewayv2.NewFromConfig(cfg).GetApis(ctx, &apigatewayv2.GetApisInput{})
	s.ok(err)
	for _, a := range apis.Items {
		add("api", a.Name)
	}
	topics, err := sns.NewFromConfig(cfg).ListTopics(ctx, &sns.ListTopicsInput{})
	s.ok(err)
	for _, t := range topics.Topics {
		add("topic", t.TopicArn)
	}
	rules, err := eventbridge.NewFromConfig(cfg).ListRules(ctx, &eventbridge.ListRulesInput{})
	s.ok(err)
	for _, r := range rules.Rules {
		add("rule", r.Name)
	}
	groups, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	s.ok(err)
	for _, g := range groups.LogGroups {
		add("log group", g.LogGroupName)
	}
	alarms, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	s.ok(err)
	for _, a := range alarms.MetricAlarms {
		add("alarm", a.AlarmName)
	}
	boards, err := cloudwatch.NewFromConfig(cfg).ListDashboards(ctx, &cloudwatch.ListDashboardsInput{})
	s.ok(err)
	for _, b := range boards.DashboardEntries {
		add("dashboard", b.DashboardName)
	}
	sm := sagemaker.NewFromConfig(cfg)
	models, err := sm.ListModels(ctx, &sagemaker.ListModelsInput{})
	s.ok(err)
	for _, m := range models.Models {
		add("model", m.ModelName)
	}
	configs, err := sm.ListEndpointConfigs(ctx, &sagemaker.ListEndpointConfigsInput{})
	s.ok(err)
	for _, c := range configs.EndpointConfigs {
		add("endpoint config", c.EndpointConfigName)
	}
	endpoints, err := sm.ListEndpoints(ctx, &sagemaker.ListEndpointsInput{})
	s.ok(err)
	for _, e := range endpoints.Endpoints {
		add("endpoint", e.EndpointName)
	}
	targets, err := applicationautoscaling.NewFromConfig(cfg).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: scalingtypes.ServiceNamespaceSagemaker})
	s.ok(err)
	for _, t := range targets.ScalableTargets {
		add("scalable target", t.ResourceId)
	}
	slices.Sort(list)
	return list
}

// same wants nothing left behind, and nothing lost.
func (s *stage) same(before []string) {
	s.Helper()
	after := s.inventory()
	for _, x := range after {
		if !slices.Contains(before, x) {
			s.Errorf("left behind: %s", x)
		}
	}
	for _, x := range before {
		if !slices.Contains(after, x) {
			s.Errorf("lost: %s", x)
		}
	}
}

// unsigned calls an API without a signature.
func (s *stage) unsigned(url string) int {
	s.Helper()
	a, err := http.Get(url)
	s.ok(err)
	_ = a.Body.Close()
	return a.StatusCode
}
