package sagemaker_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	bedrocktypes "github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	runtimetypes "github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
)

const (
	proxyImage = "123456789012.dkr.ecr.us-east-1.amazonaws.com/bedrock-proxy:latest"
	small      = "meta.llama3-2-1b-instruct-v1:0"
	shout      = "openai.shout-v1:0"
)

// shouter is a model server whose model repeats the last message in capitals, in two pieces.
func shouter(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Messages []struct{ Content string } }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Messages) == 0 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		text := strings.ToUpper(in.Messages[len(in.Messages)-1].Content)
		for _, p := range []string{text[:len(text)/2], text[len(text)/2:]} {
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", p)
			_ = http.NewResponseController(w).Flush()
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

// proxied is an account with models of Bedrock's, and a role that may use them.
type proxied struct {
	*sagemaker.Client
	runtime *sagemakerruntime.Client
	bedrock *bedrock.Client
	s3      *s3.Client
	role    string
}

func proxies(t *testing.T) proxied {
	t.Helper()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "models.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, "models:\n  - {id: %q, driver: llamacpp, context: 1024, parallel: 4, file: %s}\n  - {id: %q, driver: openai, url: %q, model: m}\n",
		small, harness.Must(harness.SmolLM2())(t), shout, shouter(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := harness.StartWith(t, harness.Options{Args: []string{"--llama-library", harness.Must(harness.Llama())(t), "--models", path}})
	who := harness.Must(s.Admin(ctx))(t)
	p := proxied{sagemaker.NewFromConfig(who.Config()), sagemakerruntime.NewFromConfig(who.Config()), bedrock.NewFromConfig(who.Config()), who.S3(), ""}
	if _, err := p.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("prompts")}); err != nil {
		t.Fatal(err)
	}
	role, err := who.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("proxy"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	p.role = *role.Role.Arn
	if _, err := who.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("proxy"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],"Resource":["arn:aws:s3:::prompts","arn:aws:s3:::prompts/*"]},` +
			`{"Effect":"Allow","Action":["bedrock:InvokeModel","bedrock:InvokeModelWithResponseStream"],"Resource":"arn:aws:bedrock:*::foundation-model/*"},` +
			`{"Effect":"Allow","Action":"bedrock:ApplyGuardrail","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p proxied) model(t *testing.T, name string, env map[string]string) {
	t.Helper()
	if _, err := p.CreateModel(t.Context(), &sagemaker.CreateModelInput{ModelName: &name, ExecutionRoleArn: &p.role,
		PrimaryContainer: &types.ContainerDefinition{Image: aws.String(proxyImage), Environment: env}}); err != nil {
		t.Fatal(err)
	}
}

// endpoint serves a model of a name by a variant.
func (p proxied) endpoint(t *testing.T, name string, v types.ProductionVariant, async *types.AsyncInferenceConfig) {
	t.Helper()
	v.VariantName, v.ModelName = aws.String("all"), &name
	if _, err := p.CreateEndpointConfig(t.Context(), &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: []types.ProductionVariant{v}, AsyncInferenceConfig: async}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.CreateEndpoint(t.Context(), &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name}); err != nil {
		t.Fatal(err)
	}
	eventually(t, name+" is in service", func() bool {
		out, err := p.DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: &name})
		if err != nil || out.EndpointStatus == types.EndpointStatusFailed {
			t.Fatalf("%+v %v", out, err)
		}
		return out.EndpointStatus == types.EndpointStatusInService
	})
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (p proxied) ask(t *testing.T, name, kind, body string) string {
	t.Helper()
	out, err := p.runtime.InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: &name, ContentType: &kind, Body: []byte(body)})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out.Body)
}

func (p proxied) object(t *testing.T, key string) (string, bool) {
	t.Helper()
	out, err := p.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("prompts"), Key: &key})
	if err != nil {
		return "", false
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), true
}

// TestEndpointsOnModelsOfBedrock has endpoints of every kind, and a batch transform, stand on models of Bedrock's.
func TestEndpointsOnModelsOfBedrock(t *testing.T) {
	p := proxies(t)
	p.model(t, "small", map[string]string{"BEDROCK_MODEL_ID": small, "BEDROCK_MAX_TOKENS": "12", "BEDROCK_TEMPERATURE": "0"})
	p.model(t, "shout", map[string]string{"BEDROCK_MODEL_ID": shout, "BEDROCK_PROMPT_TEMPLATE": "say {{text}}"})
	p.model(t, "denied", map[string]string{"BEDROCK_MODEL_ID": "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"})
	instance := types.ProductionVariant{InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: aws.Int32(1)}

	t.Run("real time", func(t *testing.T) {
		p.endpoint(t, "small", instance, nil)
		var said []struct {
			Text  string `json:"generated_text"`
			Usage struct{ OutputTokens int }
		}
		whole := p.ask(t, "small", "application/json", `{"inputs":"Name three colors."}`)
		if err := json.Unmarshal([]byte(whole), &said); err != nil || len(said) != 1 || !strings.Contains(said[0].Text, "Red") || said[0].Usage.OutputTokens == 0 {
			t.Errorf("%s %v", whole, err)
		}
		out, err := p.runtime.InvokeEndpointWithResponseStream(t.Context(), &sagemakerruntime.InvokeEndpointWithResponseStreamInput{EndpointName: aws.String("small"),
			ContentType: aws.String("application/json"), Accept: aws.String("text/plain"), Body: []byte(`{"inputs":"Name three colors.","stream":true}`)})
		if err != nil {
			t.Fatal(err)
		}
		text, parts := "", 0
		stream := out.GetStream()
		for e := range stream.Events() {
			text += string(e.(*runtimetypes.ResponseStreamMemberPayloadPart).Value.Bytes)
			parts++
		}
		if stream.Err() != nil || len(said) == 1 && text != said[0].Text || parts < 3 {
			t.Errorf("%q in %d parts, %v", text, parts, stream.Err())
		}
		p.endpoint(t, "denied", instance, nil)
		_, err = p.runtime.InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("denied"), ContentType: aws.String("text/plain"), Body: []byte("x")})
		if err == nil || !strings.Contains(err.Error(), "AccessDeniedException") || !strings.Contains(err.Error(), "ModelError") {
			t.Errorf("a model that the role may not use: %v", err)
		}
	})
	t.Run("guarded", func(t *testing.T) {
		rail, err := p.bedrock.CreateGuardrail(t.Context(), &bedrock.CreateGuardrailInput{Name: aws.String("words"), BlockedInputMessaging: aws.String("No."), BlockedOutputsMessaging: aws.String("No."),
			WordPolicyConfig: &bedrocktypes.GuardrailWordPolicyConfig{WordsConfig: []bedrocktypes.GuardrailWordConfig{{Text: aws.String("falcon")}}}})
		if err != nil {
			t.Fatal(err)
		}
		p.model(t, "guarded", map[string]string{"BEDROCK_MODEL_ID": shout, "BEDROCK_GUARDRAIL_ID": *rail.GuardrailId})
		p.endpoint(t, "guarded", instance, nil)
		if got := p.ask(t, "guarded", "text/plain", "the falcon flies"); got != "No." {
			t.Errorf("got %q", got)
		}
	})
	t.Run("serverless", func(t *testing.T) {
		p.model(t, "serverless", map[string]string{"BEDROCK_MODEL_ID": shout})
		p.endpoint(t, "serverless", types.ProductionVariant{ServerlessConfig: &types.ProductionVariantServerlessConfig{MaxConcurrency: aws.Int32(2), MemorySizeInMB: aws.Int32(1024)}}, nil)
		if got := p.ask(t, "serverless", "text/plain", "hello"); got != "HELLO" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("asynchronous", func(t *testing.T) {
		p.model(t, "later", map[string]string{"BEDROCK_MODEL_ID": shout})
		p.endpoint(t, "later", instance, &types.AsyncInferenceConfig{OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String("s3://prompts/later")}})
		p.put(t, "in.jsonl", "{\"inputs\":\"a\"}\nno\n\"b\"\n")
		out, err := p.runtime.InvokeEndpointAsync(t.Context(), &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("later"), InputLocation: aws.String("s3://prompts/in.jsonl"),
			ContentType: aws.String("application/jsonlines")})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		eventually(t, "an answer", func() (ok bool) {
			got, ok = p.object(t, strings.TrimPrefix(*out.OutputLocation, "s3://prompts/"))
			return ok
		})
		if l := strings.Split(got, "\n"); len(l) != 4 || !strings.Contains(l[0], `"A"`) || !strings.Contains(l[1], `"ValidationException"`) || !strings.Contains(l[2], `"B"`) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("batch transform", func(t *testing.T) {
		var in strings.Builder
		for i := range 40 {
			if i == 7 {
				in.WriteString("{\"other\":1}\n")
				continue
			}
			fmt.Fprintf(&in, "{\"text\":\"word %d\"}\n", i)
		}
		p.put(t, "batch/a.jsonl", in.String())
		if _, err := p.CreateTransformJob(t.Context(), &sagemaker.CreateTransformJobInput{TransformJobName: aws.String("b"), ModelName: aws.String("shout"), BatchStrategy: types.BatchStrategyMultiRecord,
			TransformInput: &types.TransformInput{ContentType: aws.String("application/json"), SplitType: types.SplitTypeLine,
				DataSource: &types.TransformDataSource{S3DataSource: &types.TransformS3DataSource{S3DataType: types.S3DataTypeS3Prefix, S3Uri: aws.String("s3://prompts/batch/")}}},
			TransformOutput:    &types.TransformOutput{S3OutputPath: aws.String("s3://prompts/done"), AssembleWith: types.AssemblyTypeLine, Accept: aws.String("application/json")},
			DataProcessing:     &types.DataProcessing{JoinSource: types.JoinSourceInput},
			TransformResources: &types.TransformResources{InstanceType: types.TransformInstanceTypeMlM5Large, InstanceCount: aws.Int32(1)}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the transform", func() bool {
			out, err := p.DescribeTransformJob(t.Context(), &sagemaker.DescribeTransformJobInput{TransformJobName: aws.String("b")})
			if err != nil || out.TransformJobStatus == types.TransformJobStatusFailed {
				t.Fatalf("%+v %v", out, err)
			}
			return out.TransformJobStatus == types.TransformJobStatusCompleted
		})
		got, _ := p.object(t, "done/a.jsonl.out")
		list := strings.Split(strings.TrimSpace(got), "\n")
		if len(list) != 40 {
			t.Fatalf("%d lines: %s", len(list), got)
		}
		for i, l := range list {
			if want := fmt.Sprintf(`{"text":"word %d","SageMakerOutput":{"generated_text":"SAY WORD %d"`, i, i); i != 7 && !strings.HasPrefix(l, want) {
				t.Errorf("line %d: %s", i, l)
			}
		}
		if !strings.Contains(list[7], `"other":1`) || !strings.Contains(list[7], `no \"text\"`) {
			t.Errorf("the wrong one: %s", list[7])
		}
	})
}

func (p proxied) put(t *testing.T, key, body string) {
	t.Helper()
	if _, err := p.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("prompts"), Key: &key, Body: strings.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}
