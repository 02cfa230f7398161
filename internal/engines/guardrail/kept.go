package guardrail

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/foundation"
)

// PolicyOf reads what a guardrail looks for.
func PolicyOf(kept foundation.Guardrail) Policy {
	var p Policy
	if w := kept.Words; w != nil {
		for _, x := range w.WordsConfig {
			p.Words = append(p.Words, Word{Text: aws.ToString(x.Text), Actions: sides(x.InputEnabled, x.OutputEnabled, string(x.InputAction), string(x.OutputAction), Block)})
		}
		for _, x := range w.ManagedWordListsConfig {
			p.Profanity = sides(x.InputEnabled, x.OutputEnabled, string(x.InputAction), string(x.OutputAction), Block)
		}
	}
	if t := kept.Topics; t != nil {
		for _, x := range t.TopicsConfig {
			p.Topics = append(p.Topics, Topic{Name: aws.ToString(x.Name), Definition: aws.ToString(x.Definition), Examples: x.Examples,
				Actions: sides(x.InputEnabled, x.OutputEnabled, string(x.InputAction), string(x.OutputAction), Block)})
		}
	}
	if c := kept.Content; c != nil {
		for _, x := range c.FiltersConfig {
			p.Filters = append(p.Filters, Filter{Type: string(x.Type), Strength: [2]Strength{strengthOf(x.InputStrength), strengthOf(x.OutputStrength)},
				Actions: sides(x.InputEnabled, x.OutputEnabled, string(x.InputAction), string(x.OutputAction), Block)})
		}
	}
	if s := kept.Sensitive; s != nil {
		for _, x := range s.PiiEntitiesConfig {
			p.Entities = append(p.Entities, Entity{Type: string(x.Type), Actions: sides(x.InputEnabled, x.OutputEnabled, string(x.InputAction), string(x.OutputAction), Action(x.Action))})
		}
		for _, x := range s.RegexesConfig {
			p.Patterns = append(p.Patterns, Pattern{Name: aws.ToString(x.Name), Regex: aws.ToString(x.Pattern),
				Actions: sides(x.InputEnabled, x.OutputEnabled, string(x.InputAction), string(x.OutputAction), Action(x.Action))})
		}
	}
	if g := kept.Grounding; g != nil {
		for _, x := range g.FiltersConfig {
			if x.Enabled != nil && !*x.Enabled {
				continue
			}
			t := &Threshold{Least: aws.ToFloat64(x.Threshold), Action: Block}
			if x.Action == types.GuardrailContextualGroundingActionNone {
				t.Action = None
			}
			if x.Type == types.GuardrailContextualGroundingFilterTypeGrounding {
				p.Grounding = t
			} else {
				p.Relevance = t
			}
		}
	}
	return p
}

// sides reads the actions of both sides. One that is not enabled has none.
func sides(in, out *bool, inAction, outAction string, otherwise Action) Actions {
	var a Actions
	for i, x := range []struct {
		enabled *bool
		action  string
	}{{in, inAction}, {out, outAction}} {
		switch {
		case x.enabled != nil && !*x.enabled:
		case x.action != "":
			a[i] = Action(x.action)
		default:
			a[i] = otherwise
		}
	}
	return a
}

func strengthOf(s types.GuardrailFilterStrength) Strength {
	switch s {
	case types.GuardrailFilterStrengthLow:
		return Low
	case types.GuardrailFilterStrengthMedium:
		return Medium
	case types.GuardrailFilterStrengthHigh:
		return High
	}
	return Off
}
