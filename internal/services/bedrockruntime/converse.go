package bedrockruntime

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/services/bedrockruntime/native"
)

// Converse answers a conversation.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
func (s *Service) Converse(ctx context.Context, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
	begin := time.Now()
	m, err := s.choose(ctx, in.ModelId)
	if err != nil {
		return nil, err
	}
	var g *guard
	if c := in.GuardrailConfig; c != nil {
		if g, err = s.guard(ctx, c.GuardrailIdentifier, c.GuardrailVersion, c.Trace); err != nil {
			return nil, err
		}
	}
	talk := conversation{system: in.System, messages: in.Messages, tools: in.ToolConfig, inference: in.InferenceConfig, further: in.AdditionalModelRequestFields}
	talk.messages, err = g.messages(ctx, talk.system, talk.messages)
	if err != nil {
		return nil, err
	}
	r, err := talk.request(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.answered(ctx, m, r, g)
	if err != nil {
		return nil, err
	}
	out := &bedrockruntime.ConverseOutput{Output: &types.ConverseOutputMemberMessage{Value: message(*a)}, StopReason: stopReason(a.Stop),
		Usage: usage(a.Usage), Metrics: &types.ConverseMetrics{LatencyMs: aws.Int64(time.Since(begin).Milliseconds())},
		AdditionalModelResponseFields: pick(m, *a, in.AdditionalModelResponseFieldPaths), PerformanceConfig: in.PerformanceConfig}
	if t := g.trace(); t != nil {
		out.Trace = &types.ConverseTrace{Guardrail: t}
	}
	s.log(ctx, record{operation: "Converse", model: m, input: in, output: out, usage: a.Usage, took: time.Since(begin)})
	return out, nil
}

// message writes an answer. Empty text, which a message must not have, is left out beside other content.
func message(a models.Answer) types.Message {
	out := types.Message{Role: types.ConversationRoleAssistant, Content: []types.ContentBlock{}}
	for _, c := range a.Content {
		if c.Use != nil {
			out.Content = append(out.Content, &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{ToolUseId: aws.String(c.Use.ID),
				Name: aws.String(c.Use.Name), Input: lazy(c.Use.Input)}})
		} else if c.Text != "" || len(a.Content) == 1 {
			out.Content = append(out.Content, &types.ContentBlockMemberText{Value: c.Text})
		}
	}
	return out
}

// lazy is a document of JSON text.
func lazy(raw json.RawMessage) document.Interface {
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		v = map[string]any{}
	}
	return document.NewLazyDocument(numbers(v))
}

// numbers turns JSON's numbers into those that documents take.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for k, x := range v {
			v[k] = numbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = numbers(x)
		}
	}
	return v
}

func stopReason(s models.Stop) types.StopReason {
	if s == intervened {
		return types.StopReasonGuardrailIntervened
	}
	return types.StopReason(s)
}

func usage(u models.Usage) *types.TokenUsage {
	return &types.TokenUsage{InputTokens: aws.Int32(int32(u.Input)), OutputTokens: aws.Int32(int32(u.Output)), TotalTokens: aws.Int32(int32(u.Input + u.Output))}
}

// pick takes the members of the model's own answer that paths (JSON pointers) lead to; nil when there are none.
func pick(m chosen, a models.Answer, paths []string) document.Interface {
	family := native.TextsOf(m.family)
	if len(paths) == 0 || family == nil {
		return nil
	}
	b, err := json.Marshal(family.Encode(m.name, a))
	if err != nil {
		return nil // it was made of what JSON has
	}
	var whole any
	if json.Unmarshal(b, &whole) != nil {
		return nil
	}
	out := map[string]any{}
	for _, p := range paths {
		steps := strings.Split(strings.TrimPrefix(p, "/"), "/")
		if v, ok := follow(whole, steps); ok {
			place(out, steps, v)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return document.NewLazyDocument(out)
}

func follow(v any, steps []string) (any, bool) {
	for _, step := range steps {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		switch x := v.(type) {
		case map[string]any:
			inner, ok := x[step]
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// place puts v where it was. A path through a list ends at the list's name.
func place(out map[string]any, steps []string, v any) {
	for _, step := range steps[:len(steps)-1] {
		inner, ok := out[step].(map[string]any)
		if !ok {
			inner = map[string]any{}
			out[step] = inner
		}
		out = inner
	}
	out[steps[len(steps)-1]] = v
}

// answered has the model answer, unless the input was blocked, and the guardrail look at it.
func (s *Service) answered(ctx context.Context, m chosen, r models.Request, g *guard) (*models.Answer, error) {
	if a := g.refusal(); a != nil {
		return a, nil
	}
	a, err := m.Stream(ctx, r, nil)
	if err != nil {
		return nil, s.fault(ctx, m.name, err)
	}
	return &a, g.answer(ctx, &a)
}
