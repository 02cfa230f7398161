package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
)

// invoke answers POST /invoke and GET /status of the real-time and serverless blueprints: with an endpoint of SageMaker, whose model gets
// the body as it is, or with Bedrock directly.
type invoke struct {
	source, endpoint, model, template string
	maxTokens                         int32
	runtime                           *sagemakerruntime.Client
	sagemaker                         *sagemaker.Client
	bedrock                           *bedrockruntime.Client
}

func newInvoke(cfg aws.Config, env func(string) string) *invoke {
	n, _ := strconv.ParseInt(env("BEDROCK_MAX_TOKENS"), 10, 32)
	return &invoke{source: env("MODEL_SOURCE"), endpoint: env("ENDPOINT_NAME"), model: env("BEDROCK_MODEL_ID"), template: env("BEDROCK_PROMPT_TEMPLATE"),
		maxTokens: int32(n), runtime: sagemakerruntime.NewFromConfig(cfg), sagemaker: sagemaker.NewFromConfig(cfg), bedrock: bedrockruntime.NewFromConfig(cfg)}
}

func (i *invoke) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var in events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	var out any
	var err error
	switch in.RouteKey {
	case "GET /status":
		out, err = i.status(ctx)
	default:
		out, err = i.infer(ctx, in)
	}
	if err != nil {
		return failed(err)
	}
	return out, nil
}

func (i *invoke) status(ctx context.Context) (any, error) {
	if i.source == "bedrock" {
		return answer(http.StatusOK, map[string]string{"model_source": i.source, "model_id": i.model, "status": "InService"})
	}
	out, err := i.sagemaker.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &i.endpoint})
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, map[string]string{"model_source": i.source, "endpoint_name": i.endpoint, "status": string(out.EndpointStatus)})
}

func (i *invoke) infer(ctx context.Context, in events.APIGatewayV2HTTPRequest) (any, error) {
	b, err := body(in)
	if err != nil {
		return nil, err
	}
	if i.source == "bedrock" {
		return i.converse(ctx, b)
	}
	call := &sagemakerruntime.InvokeEndpointInput{EndpointName: &i.endpoint, Body: b, ContentType: aws.String("application/json")}
	if t := in.Headers["content-type"]; t != "" {
		call.ContentType = &t
	}
	if t := in.Headers["accept"]; t != "" && t != "*/*" {
		call.Accept = &t
	}
	out, err := i.runtime.InvokeEndpoint(ctx, call)
	if err != nil {
		return nil, err
	}
	return raw(aws.ToString(out.ContentType), out.Body), nil
}

// asked is a request for Bedrock: texts, or a record whose fields the template names.
type asked struct {
	Inputs     json.RawMessage `json:"inputs"`
	Instances  json.RawMessage `json:"instances"`
	Parameters struct {
		MaxTokens   int32    `json:"max_new_tokens"`
		Temperature *float32 `json:"temperature"`
		TopP        *float32 `json:"top_p"`
		Stop        []string `json:"stop"`
	} `json:"parameters"`
}

// texts are the prompts of a request.
func (i *invoke) texts(b []byte) (list []string, a asked, err error) {
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, a, wrong("the body is no JSON object: %v", err)
	}
	from := a.Inputs
	if from == nil {
		from = a.Instances
	}
	var one string
	var many []string
	switch {
	case from == nil:
		var record map[string]any
		if err := json.Unmarshal(b, &record); err != nil || len(record) == 0 {
			return nil, a, wrong(`the body must have "inputs", a text or a list of texts, or the fields that the prompt names`)
		}
		many = []string{fill(i.template, record)}
		return many, a, nil
	case json.Unmarshal(from, &one) == nil:
		many = []string{one}
	case json.Unmarshal(from, &many) != nil || len(many) == 0 || len(many) > 64:
		return nil, a, wrong(`"inputs" must be a text, or a list of 1 to 64 texts`)
	}
	for _, text := range many {
		list = append(list, fill(i.template, map[string]any{"inputs": text}))
	}
	return list, a, nil
}

// generated is the answer to one text.
type generated struct {
	Text  string `json:"generated_text"`
	Stop  string `json:"stop_reason"`
	Usage struct {
		Input  int32 `json:"input_tokens"`
		Output int32 `json:"output_tokens"`
	} `json:"usage"`
}

func (i *invoke) converse(ctx context.Context, b []byte) (any, error) {
	prompts, a, err := i.texts(b)
	if err != nil {
		return nil, err
	}
	most := i.maxTokens
	if a.Parameters.MaxTokens > 0 {
		most = a.Parameters.MaxTokens
	}
	settings := &types.InferenceConfiguration{MaxTokens: &most, Temperature: a.Parameters.Temperature, TopP: a.Parameters.TopP, StopSequences: a.Parameters.Stop}
	answers, errs := make([]generated, len(prompts)), make([]error, len(prompts))
	var all sync.WaitGroup
	width := make(chan struct{}, 8)
	for n, prompt := range prompts {
		all.Go(func() {
			width <- struct{}{}
			defer func() { <-width }()
			answers[n], errs[n] = i.one(ctx, prompt, settings)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return answer(http.StatusOK, answers)
}

func (i *invoke) one(ctx context.Context, prompt string, settings *types.InferenceConfiguration) (g generated, err error) {
	out, err := i.bedrock.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: &i.model, InferenceConfig: settings, Messages: []types.Message{{Role: types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: prompt}}}}})
	if err != nil {
		return g, err
	}
	if m, ok := out.Output.(*types.ConverseOutputMemberMessage); ok {
		for _, c := range m.Value.Content {
			if t, ok := c.(*types.ContentBlockMemberText); ok {
				g.Text += t.Value
			}
		}
	}
	g.Stop = string(out.StopReason)
	if out.Usage != nil {
		g.Usage.Input, g.Usage.Output = aws.ToInt32(out.Usage.InputTokens), aws.ToInt32(out.Usage.OutputTokens)
	}
	return g, nil
}
