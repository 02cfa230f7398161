package bedrockruntime

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/guardrail"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
)

// trace tells what the guardrail did, when the caller asked for it.
func (g *guard) trace() *types.GuardrailTraceAssessment {
	if g == nil || g.told != types.GuardrailTraceEnabled && g.told != types.GuardrailTraceEnabledFull {
		return nil
	}
	out := &types.GuardrailTraceAssessment{}
	if g.input.made {
		out.InputAssessment = map[string]types.GuardrailAssessment{g.kept.ID: g.input.told(g.kept)}
	}
	for _, a := range g.outputs {
		if out.OutputAssessments == nil {
			out.OutputAssessments = map[string][]types.GuardrailAssessment{}
		}
		out.OutputAssessments[g.kept.ID] = append(out.OutputAssessments[g.kept.ID], a.told(g.kept))
	}
	if len(g.wrote) > 0 {
		out.ModelOutput = g.wrote
	}
	return out
}

// intervened tells that the guardrail blocked or changed something.
func (g *guard) intervened() bool {
	if g.input.result.Intervened() {
		return true
	}
	for _, a := range g.outputs {
		if a.result.Intervened() {
			return true
		}
	}
	return false
}

// into puts what the guardrail did into a native body.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-invoke-model.html
func (g *guard) into(members map[string]any) {
	members["amazon-bedrock-guardrailAction"] = "NONE"
	if g.intervened() {
		members["amazon-bedrock-guardrailAction"] = "INTERVENED"
	}
	t := g.trace()
	if t == nil {
		return
	}
	told := map[string]any{}
	if a, ok := t.InputAssessment[g.kept.ID]; ok {
		told["input"] = map[string]any{g.kept.ID: camel(a)}
	}
	if list := t.OutputAssessments[g.kept.ID]; len(list) > 0 {
		outputs := []any{}
		for _, a := range list {
			outputs = append(outputs, map[string]any{g.kept.ID: camel(a)})
		}
		told["outputs"] = outputs
	}
	members["amazon-bedrock-trace"] = map[string]any{"guardrail": told}
}

// told writes an assessment.
func (a assessment) told(kept foundation.Guardrail) types.GuardrailAssessment {
	out := types.GuardrailAssessment{}
	yes := aws.Bool(true)
	for _, f := range a.result.Findings {
		acted := f.Action != guardrail.None
		switch f.Kind {
		case guardrail.WordFound:
			words(&out).CustomWords = append(words(&out).CustomWords, types.GuardrailCustomWord{Match: aws.String(f.Match), Detected: yes,
				Action: action(acted, types.GuardrailWordPolicyActionBlocked, types.GuardrailWordPolicyActionNone)})
		case guardrail.ProfanityFound:
			words(&out).ManagedWordLists = append(words(&out).ManagedWordLists, types.GuardrailManagedWord{Match: aws.String(f.Match), Detected: yes,
				Type: types.GuardrailManagedWordTypeProfanity, Action: action(acted, types.GuardrailWordPolicyActionBlocked, types.GuardrailWordPolicyActionNone)})
		case guardrail.TopicFound:
			if out.TopicPolicy == nil {
				out.TopicPolicy = &types.GuardrailTopicPolicyAssessment{}
			}
			out.TopicPolicy.Topics = append(out.TopicPolicy.Topics, types.GuardrailTopic{Name: aws.String(f.Name), Type: types.GuardrailTopicTypeDeny, Detected: yes,
				Action: action(acted, types.GuardrailTopicPolicyActionBlocked, types.GuardrailTopicPolicyActionNone)})
		case guardrail.ContentFound:
			if out.ContentPolicy == nil {
				out.ContentPolicy = &types.GuardrailContentPolicyAssessment{}
			}
			out.ContentPolicy.Filters = append(out.ContentPolicy.Filters, types.GuardrailContentFilter{Type: types.GuardrailContentFilterType(f.Name), Detected: yes,
				Confidence: types.GuardrailContentFilterConfidence(strength(f.Confidence)), FilterStrength: types.GuardrailContentFilterStrength(strength(f.Strength)),
				Action: action(acted, types.GuardrailContentPolicyActionBlocked, types.GuardrailContentPolicyActionNone)})
		case guardrail.EntityFound:
			sensitive(&out).PiiEntities = append(sensitive(&out).PiiEntities, types.GuardrailPiiEntityFilter{Type: types.GuardrailPiiEntityType(f.Name),
				Match: aws.String(f.Match), Action: hidden(f.Action), Detected: yes})
		case guardrail.PatternFound:
			sensitive(&out).Regexes = append(sensitive(&out).Regexes, types.GuardrailRegexFilter{Name: aws.String(f.Name), Regex: aws.String(f.Regex),
				Match: aws.String(f.Match), Action: hidden(f.Action), Detected: yes})
		case guardrail.GroundingFound, guardrail.RelevanceFound:
			if out.ContextualGroundingPolicy == nil {
				out.ContextualGroundingPolicy = &types.GuardrailContextualGroundingPolicyAssessment{}
			}
			out.ContextualGroundingPolicy.Filters = append(out.ContextualGroundingPolicy.Filters, types.GuardrailContextualGroundingFilter{
				Type: types.GuardrailContextualGroundingFilterType(f.Name), Score: aws.Float64(f.Score), Threshold: aws.Float64(f.Least), Detected: aws.Bool(f.Score < f.Least),
				Action: action(acted, types.GuardrailContextualGroundingPolicyActionBlocked, types.GuardrailContextualGroundingPolicyActionNone)})
		}
	}
	out.InvocationMetrics = &types.GuardrailInvocationMetrics{GuardrailProcessingLatency: aws.Int64(a.took.Milliseconds()), Usage: units(kept, a.chars),
		GuardrailCoverage: covered(a.chars)}
	return out
}

func words(a *types.GuardrailAssessment) *types.GuardrailWordPolicyAssessment {
	if a.WordPolicy == nil {
		a.WordPolicy = &types.GuardrailWordPolicyAssessment{CustomWords: []types.GuardrailCustomWord{}, ManagedWordLists: []types.GuardrailManagedWord{}}
	}
	return a.WordPolicy
}

func sensitive(a *types.GuardrailAssessment) *types.GuardrailSensitiveInformationPolicyAssessment {
	if a.SensitiveInformationPolicy == nil {
		a.SensitiveInformationPolicy = &types.GuardrailSensitiveInformationPolicyAssessment{PiiEntities: []types.GuardrailPiiEntityFilter{},
			Regexes: []types.GuardrailRegexFilter{}}
	}
	return a.SensitiveInformationPolicy
}

func action[A any](acted bool, blocked, none A) A {
	if acted {
		return blocked
	}
	return none
}

func hidden(a guardrail.Action) types.GuardrailSensitiveInformationPolicyAction {
	switch a {
	case guardrail.Block:
		return types.GuardrailSensitiveInformationPolicyActionBlocked
	case guardrail.Mask:
		return types.GuardrailSensitiveInformationPolicyActionAnonymized
	}
	return types.GuardrailSensitiveInformationPolicyActionNone
}

func strength(s guardrail.Strength) string { return [...]string{"NONE", "LOW", "MEDIUM", "HIGH"}[s] }

// units counts what a text costs: one unit for each 1,000 characters and policy.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailUsage.html
func units(kept foundation.Guardrail, chars int) *types.GuardrailUsage {
	n := int32((chars + 999) / 1000)
	of := func(there bool) *int32 {
		if !there {
			return aws.Int32(0)
		}
		return aws.Int32(n)
	}
	u := &types.GuardrailUsage{TopicPolicyUnits: of(kept.Topics != nil), ContentPolicyUnits: of(kept.Content != nil), WordPolicyUnits: of(kept.Words != nil),
		SensitiveInformationPolicyUnits: of(false), SensitiveInformationPolicyFreeUnits: of(false), ContextualGroundingPolicyUnits: of(kept.Grounding != nil)}
	if p := kept.Sensitive; p != nil {
		u.SensitiveInformationPolicyUnits = of(len(p.PiiEntitiesConfig) > 0)
		u.SensitiveInformationPolicyFreeUnits = of(len(p.RegexesConfig) > 0)
	}
	return u
}

func covered(chars int) *types.GuardrailCoverage {
	return &types.GuardrailCoverage{TextCharacters: &types.GuardrailTextCharactersCoverage{Guarded: aws.Int32(int32(chars)), Total: aws.Int32(int32(chars))}}
}
