package bedrockruntime

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/services/bedrockruntime/native"
	"github.com/atelier-studio/atelier/internal/wire"
)

// The content type of all bodies.
const jsonType = "application/json"

// InvokeModel runs a model with the body of its family.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
func (s *Service) InvokeModel(ctx context.Context, in *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput, error) {
	begin := time.Now()
	m, err := s.choose(ctx, in.ModelId)
	if err != nil {
		return nil, err
	}
	if err := accepted(in.ContentType, in.Accept); err != nil {
		return nil, err
	}
	if v := native.VectorsOf(m.family); v != nil {
		return s.embed(ctx, m, v, in)
	}
	family, r, err := s.decode(m, in.Body)
	if err != nil {
		return nil, err
	}
	g, err := s.nativeGuard(ctx, in.GuardrailIdentifier, in.GuardrailVersion, in.Trace, &r)
	if err != nil {
		return nil, err
	}
	a, err := s.answered(ctx, m, r, g)
	if err != nil {
		return nil, err
	}
	body, err := encode(family.Encode(m.name, *a), g)
	if err != nil {
		return nil, err
	}
	s.log(ctx, record{operation: "InvokeModel", model: m, input: json.RawMessage(in.Body), output: json.RawMessage(body), usage: a.Usage, took: time.Since(begin)})
	return &bedrockruntime.InvokeModelOutput{Body: body, ContentType: aws.String(jsonType), PerformanceConfigLatency: in.PerformanceConfigLatency}, nil
}

func accepted(types ...*string) error {
	for _, t := range types {
		switch aws.ToString(t) {
		case "", "*/*", jsonType, "application/octet-stream": // which some SDKs say when their user says nothing
		default:
			return invalid("The content type %s is not supported: bodies are application/json.", *t)
		}
	}
	return nil
}

// decode reads a body by the model's family.
func (s *Service) decode(m chosen, body []byte) (native.Texts, models.Request, error) {
	family := native.TextsOf(m.family)
	if family == nil {
		if native.VectorsOf(m.family) != nil {
			return nil, models.Request{}, invalid("The model makes embeddings and no text.")
		}
		return nil, models.Request{}, invalid("The family of the model is not configured: InvokeModel does not know its bodies. Use Converse.")
	}
	r, err := family.Decode(body)
	if err != nil {
		return nil, r, invalid("%s", err)
	}
	return family, r, nil
}

// encode writes a body, with what the guardrail did in it.
func encode(v any, g *guard) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil || g == nil {
		return body, err
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("cannot encode answer: %w", err)
	}
	g.into(members)
	return json.Marshal(members)
}

func (s *Service) embed(ctx context.Context, m chosen, family native.Vectors, in *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput, error) {
	begin := time.Now()
	texts, err := family.Texts(in.Body)
	if err != nil {
		return nil, invalid("%s", err)
	}
	v, err := m.Embed(ctx, texts)
	if err != nil {
		return nil, s.fault(ctx, m.name, err)
	}
	out, err := family.Encode(in.Body, v)
	if err != nil {
		return nil, s.fault(ctx, m.name, err)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("cannot encode embeddings: %w", err)
	}
	tokens := 0
	for _, n := range v.Tokens {
		tokens += n
	}
	s.log(ctx, record{operation: "InvokeModel", model: m, input: json.RawMessage(in.Body), output: json.RawMessage(body), embedding: true, usage: models.Usage{Input: tokens}, took: time.Since(begin)})
	return &bedrockruntime.InvokeModelOutput{Body: body, ContentType: aws.String(jsonType)}, nil
}

// InvokeModelWithResponseStream runs a model with the body of its family, while the answer is written.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
func (s *Service) InvokeModelWithResponseStream(ctx context.Context, in *bedrockruntime.InvokeModelWithResponseStreamInput) (
	*bedrockruntime.InvokeModelWithResponseStreamOutput, wire.Events[types.ResponseStream], error) {
	begin := time.Now()
	m, err := s.choose(ctx, in.ModelId)
	if err != nil {
		return nil, nil, err
	}
	if err := accepted(in.ContentType, in.Accept); err != nil {
		return nil, nil, err
	}
	family, r, err := s.decode(m, in.Body)
	if err != nil {
		return nil, nil, err
	}
	g, err := s.nativeGuard(ctx, in.GuardrailIdentifier, in.GuardrailVersion, in.Trace, &r)
	if err != nil {
		return nil, nil, err
	}
	run, err := s.begin(ctx, m, r, g)
	if err != nil {
		return nil, nil, err
	}
	first := time.Since(begin)
	out := &bedrockruntime.InvokeModelWithResponseStreamOutput{ContentType: aws.String(jsonType), PerformanceConfigLatency: in.PerformanceConfigLatency}
	return out, func(send func(types.ResponseStream) error) error {
		emit := func(v any) error {
			body, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("cannot encode answer: %w", err)
			}
			return send(&types.ResponseStreamMemberChunk{Value: types.PayloadPart{Bytes: body}})
		}
		w := family.Stream(m.name, emit)
		a, err := run(w.Part)
		if err != nil {
			return s.broken(ctx, m.name, err)
		}
		s.log(ctx, record{operation: "InvokeModelWithResponseStream", model: m, input: json.RawMessage(in.Body), output: family.Encode(m.name, a), usage: a.Usage, took: time.Since(begin)})
		if err := w.End(a, &native.Metrics{Input: a.Usage.Input, Output: a.Usage.Output, Latency: time.Since(begin).Milliseconds(),
			FirstByte: first.Milliseconds()}); err != nil || g == nil {
			return err
		}
		members := map[string]any{}
		g.into(members)
		return emit(members)
	}, nil
}

// CountTokens counts the tokens of a request.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
func (s *Service) CountTokens(ctx context.Context, in *bedrockruntime.CountTokensInput) (*bedrockruntime.CountTokensOutput, error) {
	m, err := s.choose(ctx, in.ModelId)
	if err != nil {
		return nil, err
	}
	var r models.Request
	switch x := in.Input.(type) {
	case *types.CountTokensInputMemberConverse:
		r, err = conversation{system: x.Value.System, messages: x.Value.Messages, tools: x.Value.ToolConfig, further: x.Value.AdditionalModelRequestFields}.request(ctx)
	case *types.CountTokensInputMemberInvokeModel:
		_, r, err = s.decode(m, x.Value.Body)
	}
	if err != nil {
		return nil, err
	}
	n, err := m.Count(ctx, r)
	if err != nil {
		return nil, s.fault(ctx, m.name, err)
	}
	return &bedrockruntime.CountTokensOutput{InputTokens: aws.Int32(int32(n))}, nil
}
