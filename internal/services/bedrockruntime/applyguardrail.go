package bedrockruntime

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/guardrail"
	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/wire"
)

// ApplyGuardrail looks at contents without a model.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
func (s *Service) ApplyGuardrail(ctx context.Context, in *bedrockruntime.ApplyGuardrailInput) (*bedrockruntime.ApplyGuardrailOutput, error) {
	g, err := s.openGuard(ctx, aws.ToString(in.GuardrailIdentifier), aws.ToString(in.GuardrailVersion))
	if errors.Is(err, errGuardrail) {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The guardrail identifier or version provided in the request does not exist.")}
	}
	if err != nil {
		return nil, err
	}
	side, blocked := guardrail.Input, g.kept.BlockedInput
	if in.Source == types.GuardrailContentSourceOutput {
		side, blocked = guardrail.Output, g.kept.BlockedOutput
	}
	var texts []string
	for _, c := range in.Content {
		t, ok := c.(*types.GuardrailContentBlockMemberText)
		if !ok {
			return nil, invalid("The guardrail assesses text only.")
		}
		text, plain := aws.ToString(t.Value.Text), len(t.Value.Qualifiers) == 0
		for _, q := range t.Value.Qualifiers {
			switch q {
			case types.GuardrailContentQualifierGroundingSource:
				g.by.Source = joined(g.by.Source, text)
			case types.GuardrailContentQualifierQuery:
				g.by.Query = joined(g.by.Query, text)
			case types.GuardrailContentQualifierGuardContent:
				plain = true
			}
		}
		if plain {
			texts = append(texts, text)
		}
	}
	out := &bedrockruntime.ApplyGuardrailOutput{Action: types.GuardrailActionNone, Outputs: []types.GuardrailOutputContent{}, ActionReason: aws.String("No action.")}
	var all assessment
	var masked []types.GuardrailOutputContent
	for _, text := range texts {
		begin := time.Now()
		r, err := g.rail.Check(ctx, side, text, g.by)
		if err != nil {
			return nil, s.fault(ctx, "guardrail", err)
		}
		all.add(r, text, time.Since(begin))
		masked = append(masked, types.GuardrailOutputContent{Text: aws.String(r.Text)})
	}
	switch {
	case all.result.Blocked:
		out.Action, out.ActionReason, out.Outputs = types.GuardrailActionGuardrailIntervened, aws.String("Guardrail blocked."), []types.GuardrailOutputContent{{Text: &blocked}}
	case all.result.Masked:
		out.Action, out.ActionReason, out.Outputs = types.GuardrailActionGuardrailIntervened, aws.String("Guardrail masked."), masked
	}
	told := all.told(g.kept)
	out.Assessments, out.Usage, out.GuardrailCoverage = []types.GuardrailAssessment{told}, told.InvocationMetrics.Usage, told.InvocationMetrics.GuardrailCoverage
	return out, nil
}

func (s *Service) applyGuardrailTargets(ctx context.Context, in *bedrockruntime.ApplyGuardrailInput) ([]wire.Target, error) {
	return onGuardrail(ctx, in.GuardrailIdentifier), nil
}

// nativeGuard finds the guardrail of InvokeModel, and looks at what a request holds of the user's.
func (s *Service) nativeGuard(ctx context.Context, identifier, version *string, trace types.Trace, r *models.Request) (*guard, error) {
	if aws.ToString(identifier) == "" {
		if aws.ToString(version) != "" {
			return nil, invalid("The guardrail version is given without the guardrail's identifier.")
		}
		return nil, nil
	}
	g, err := s.guard(ctx, identifier, version, types.GuardrailTrace(strings.ToLower(string(trace))))
	if err != nil {
		return nil, err
	}
	if r.Turns == nil {
		r.Prompt, err = g.check(ctx, r.Prompt)
		return g, err
	}
	for i, t := range r.Turns {
		if t.Role != models.User {
			continue
		}
		for j, c := range t.Content {
			if c.Text == "" {
				continue
			}
			if r.Turns[i].Content[j].Text, err = g.check(ctx, c.Text); err != nil {
				return nil, err
			}
		}
	}
	return g, nil
}

// camel writes a struct of the SDK's as its JSON is on the wire.
func camel(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	_ = json.Unmarshal(b, &out) // it was written just now
	return lowered(out)
}

func lowered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x != nil && x != "" {
				out[strings.ToLower(k[:1])+k[1:]] = lowered(x)
			}
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = lowered(out[i])
		}
		return out
	}
	return v
}
