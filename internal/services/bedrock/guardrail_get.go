package bedrock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// GetGuardrail tells of a version of a guardrail.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetGuardrail.html
func (s *Service) GetGuardrail(ctx context.Context, in *bedrock.GetGuardrailInput) (*bedrock.GetGuardrailOutput, error) {
	k := named(ctx, guardrails, aws.ToString(in.GuardrailIdentifier))
	var g foundation.Guardrail
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g, err = s.find(tx, k, aws.ToString(in.GuardrailVersion))
		return err
	}); err != nil {
		return nil, err
	}
	out := &bedrock.GetGuardrailOutput{GuardrailId: aws.String(g.ID), GuardrailArn: aws.String(arnOf(k, guardrails)), Name: aws.String(g.Name), Version: aws.String(g.Version),
		Description: filled(g.Description), Status: types.GuardrailStatusReady, CreatedAt: &g.Created, UpdatedAt: &g.Updated, KmsKeyArn: filled(g.KMSKey),
		BlockedInputMessaging: aws.String(g.BlockedInput), BlockedOutputsMessaging: aws.String(g.BlockedOutput), StatusReasons: []string{}, FailureRecommendations: []string{}}
	if p := g.Topics; p != nil {
		out.TopicPolicy = &types.GuardrailTopicPolicy{Topics: each(p.TopicsConfig, func(c types.GuardrailTopicConfig) types.GuardrailTopic {
			return types.GuardrailTopic{Definition: c.Definition, Name: c.Name, Examples: c.Examples, InputAction: c.InputAction, InputEnabled: c.InputEnabled,
				OutputAction: c.OutputAction, OutputEnabled: c.OutputEnabled, Type: c.Type}
		})}
	}
	if p := g.Content; p != nil {
		out.ContentPolicy = &types.GuardrailContentPolicy{Filters: each(p.FiltersConfig, func(c types.GuardrailContentFilterConfig) types.GuardrailContentFilter {
			return types.GuardrailContentFilter{InputStrength: c.InputStrength, OutputStrength: c.OutputStrength, Type: c.Type, InputAction: c.InputAction,
				InputEnabled: c.InputEnabled, InputModalities: c.InputModalities, OutputAction: c.OutputAction, OutputEnabled: c.OutputEnabled, OutputModalities: c.OutputModalities}
		})}
	}
	if p := g.Words; p != nil {
		out.WordPolicy = &types.GuardrailWordPolicy{Words: each(p.WordsConfig, func(c types.GuardrailWordConfig) types.GuardrailWord {
			return types.GuardrailWord{Text: c.Text, InputAction: c.InputAction, InputEnabled: c.InputEnabled, OutputAction: c.OutputAction, OutputEnabled: c.OutputEnabled}
		}), ManagedWordLists: each(p.ManagedWordListsConfig, func(c types.GuardrailManagedWordsConfig) types.GuardrailManagedWords {
			return types.GuardrailManagedWords{Type: c.Type, InputAction: c.InputAction, InputEnabled: c.InputEnabled, OutputAction: c.OutputAction, OutputEnabled: c.OutputEnabled}
		})}
	}
	if p := g.Sensitive; p != nil {
		out.SensitiveInformationPolicy = &types.GuardrailSensitiveInformationPolicy{
			PiiEntities: each(p.PiiEntitiesConfig, func(c types.GuardrailPiiEntityConfig) types.GuardrailPiiEntity {
				return types.GuardrailPiiEntity{Action: c.Action, Type: c.Type, InputAction: c.InputAction, InputEnabled: c.InputEnabled, OutputAction: c.OutputAction, OutputEnabled: c.OutputEnabled}
			}), Regexes: each(p.RegexesConfig, func(c types.GuardrailRegexConfig) types.GuardrailRegex {
				return types.GuardrailRegex{Action: c.Action, Name: c.Name, Pattern: c.Pattern, Description: c.Description, InputAction: c.InputAction,
					InputEnabled: c.InputEnabled, OutputAction: c.OutputAction, OutputEnabled: c.OutputEnabled}
			})}
	}
	if p := g.Grounding; p != nil {
		out.ContextualGroundingPolicy = &types.GuardrailContextualGroundingPolicy{
			Filters: each(p.FiltersConfig, func(c types.GuardrailContextualGroundingFilterConfig) types.GuardrailContextualGroundingFilter {
				return types.GuardrailContextualGroundingFilter{Threshold: c.Threshold, Type: c.Type, Action: c.Action, Enabled: c.Enabled}
			})}
	}
	return out, nil
}

func (s *Service) getGuardrailTargets(ctx context.Context, in *bedrock.GetGuardrailInput) ([]wire.Target, error) {
	return on(ctx, guardrails, in.GuardrailIdentifier)
}

func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}
