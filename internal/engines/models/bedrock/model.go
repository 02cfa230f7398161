// Package bedrock asks the real Bedrock, with the AWS credentials of the server's user.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// firstTimeout is how long an answer may take when nothing else is said.
const firstTimeout = 10 * time.Minute

// Config says which model is asked where.
type Config struct {
	Region, Profile string
	Model           string
	Timeout         time.Duration // of a whole answer; 0: ten minutes
	Endpoint        string        // "": AWS's own
}

// Model is a model of Bedrock's. It implements models.Model.
type Model struct {
	cfg    Config
	client func() (*bedrockruntime.Client, error)
}

// New makes a model. Credentials are looked for when it is first asked.
func New(c Config) *Model {
	if c.Timeout <= 0 {
		c.Timeout = firstTimeout
	}
	return &Model{cfg: c, client: sync.OnceValues(func() (*bedrockruntime.Client, error) {
		loaded, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(c.Region), config.WithSharedConfigProfile(c.Profile))
		if err != nil {
			return nil, &models.Error{Kind: models.Denied, Text: "The credentials of the model's server are not configured.", Cause: err}
		}
		return bedrockruntime.NewFromConfig(loaded, func(o *bedrockruntime.Options) {
			if c.Endpoint != "" {
				o.BaseEndpoint = aws.String(c.Endpoint)
			}
		}), nil
	})}
}

// apart gives a stream a protocol of its own: the SDK's (smithy-go up to 1.28.9) keeps state that streams of one client write to together.
func apart(o *bedrockruntime.Options) {
	o.Protocol = restjson1.New(schemas.AmazonBedrockFrontendService)
}

// Stream answers a request.
func (m *Model) Stream(ctx context.Context, r models.Request, sink models.Sink) (models.Answer, error) {
	client, err := m.client()
	if err != nil {
		return models.Answer{}, err
	}
	within, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	in, err := m.request(r)
	if err != nil {
		return models.Answer{}, err
	}
	out, err := client.ConverseStream(within, in, apart)
	if err != nil {
		return models.Answer{}, fault(ctx, err)
	}
	stream := out.GetStream()
	defer stream.Close()
	w := &writer{sink: sink, at: map[int32]int{}}
	for e := range stream.Events() {
		if err := w.event(e); err != nil {
			return models.Answer{}, err
		}
	}
	if err := stream.Err(); err != nil {
		return models.Answer{}, fault(ctx, err)
	}
	return w.finish()
}

// Count has Bedrock count.
func (m *Model) Count(ctx context.Context, r models.Request) (int, error) {
	client, err := m.client()
	if err != nil {
		return 0, err
	}
	in, err := m.request(r)
	if err != nil {
		return 0, err
	}
	out, err := client.CountTokens(ctx, &bedrockruntime.CountTokensInput{ModelId: &m.cfg.Model, Input: &types.CountTokensInputMemberConverse{
		Value: types.ConverseTokensRequest{Messages: in.Messages, System: in.System, ToolConfig: in.ToolConfig}}})
	if err != nil {
		return 0, fault(ctx, err)
	}
	return int(aws.ToInt32(out.InputTokens)), nil
}

// Embed gives a vector for each text, with Titan or Cohere.
func (m *Model) Embed(ctx context.Context, texts []string) (models.Vectors, error) {
	if strings.Contains(m.cfg.Model, "cohere.") {
		var out struct {
			Embeddings [][]float32 `json:"embeddings"`
		}
		err := m.invoke(ctx, map[string]any{"texts": texts, "input_type": "search_document"}, &out)
		if err == nil && len(out.Embeddings) != len(texts) {
			err = models.Errorf(models.Broken, "The model's server sent %d embeddings for %d texts.", len(out.Embeddings), len(texts))
		}
		return models.Vectors{List: out.Embeddings, Tokens: make([]int, len(texts))}, err
	}
	var v models.Vectors
	for _, t := range texts {
		var out struct {
			Embedding []float32 `json:"embedding"`
			Tokens    int       `json:"inputTextTokenCount"`
		}
		if err := m.invoke(ctx, map[string]any{"inputText": t}, &out); err != nil {
			return v, err
		}
		v.List, v.Tokens = append(v.List, out.Embedding), append(v.Tokens, out.Tokens)
	}
	return v, nil
}

func (m *Model) invoke(ctx context.Context, in, out any) error {
	client, err := m.client()
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("cannot ask: %w", err)
	}
	answer, err := client.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{ModelId: &m.cfg.Model, Body: body,
		ContentType: aws.String("application/json"), Accept: aws.String("application/json")})
	if err != nil {
		return fault(ctx, err)
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return &models.Error{Kind: models.Broken, Text: "The model's server sent what is no JSON.", Cause: err}
	}
	return nil
}

// fault tells Bedrock's errors. Messages of refusals name accounts and roles, and are not passed on.
func fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &models.Error{Kind: models.Broken, Text: "The model's server failed.", Cause: err}
	var api smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Text = models.Late, "The model timed out."
	case !errors.As(err, &api):
		e.Kind, e.Text = models.Unavailable, "The model's server cannot be reached."
	default:
		switch api.ErrorCode() {
		case "ValidationException":
			e.Kind, e.Text = models.Invalid, api.ErrorMessage()
		case "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException":
			e.Kind, e.Text = models.Denied, "The model's server does not allow this."
		case "ThrottlingException", "ServiceQuotaExceededException":
			e.Kind, e.Text = models.Busy, "Too many requests, please wait before trying again."
		case "ModelTimeoutException":
			e.Kind, e.Text = models.Late, "The model timed out."
		case "ResourceNotFoundException", "ModelNotReadyException", "ServiceUnavailableException":
			e.Kind, e.Text = models.Unavailable, "The model's server does not have the model."
		}
	}
	return e
}
