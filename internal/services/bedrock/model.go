package bedrock

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/wire"
)

// ListFoundationModels lists what the library maps.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html
func (s *Service) ListFoundationModels(ctx context.Context, in *bedrock.ListFoundationModelsInput) (*bedrock.ListFoundationModelsOutput, error) {
	f, err := s.Library.List()
	if err != nil && len(f.Models) == 0 {
		return nil, err
	}
	out := &bedrock.ListFoundationModelsOutput{ModelSummaries: []types.FoundationModelSummary{}}
	for _, e := range f.Models {
		d := s.details(ctx, e)
		if in.ByProvider != nil && !strings.EqualFold(*in.ByProvider, *d.ProviderName) || in.ByOutputModality != "" && in.ByOutputModality != d.OutputModalities[0] ||
			in.ByCustomizationType != "" || in.ByInferenceType != "" && in.ByInferenceType != types.InferenceTypeOnDemand {
			continue
		}
		out.ModelSummaries = append(out.ModelSummaries, types.FoundationModelSummary{ModelArn: d.ModelArn, ModelId: d.ModelId, ModelName: d.ModelName,
			ProviderName: d.ProviderName, InputModalities: d.InputModalities, OutputModalities: d.OutputModalities, CustomizationsSupported: d.CustomizationsSupported,
			InferenceTypesSupported: d.InferenceTypesSupported, ModelLifecycle: d.ModelLifecycle, ResponseStreamingSupported: d.ResponseStreamingSupported})
	}
	return out, nil
}

// GetFoundationModel tells of one.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
func (s *Service) GetFoundationModel(ctx context.Context, in *bedrock.GetFoundationModelInput) (*bedrock.GetFoundationModelOutput, error) {
	id := modelID(aws.ToString(in.ModelIdentifier))
	e, ok := s.Library.Find(id)
	if !ok || e.ID != id {
		return nil, invalid("The provided model identifier is invalid.")
	}
	return &bedrock.GetFoundationModelOutput{ModelDetails: s.details(ctx, e)}, nil
}

func (s *Service) getFoundationModelTargets(ctx context.Context, in *bedrock.GetFoundationModelInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: foundation.ModelARN(wire.CallOf(ctx).Region, modelID(aws.ToString(in.ModelIdentifier)))}}, nil
}

// modelID reads the id out of the ARN of a foundation model.
func modelID(identifier string) string {
	if i := strings.LastIndex(identifier, ":foundation-model/"); i >= 0 && strings.HasPrefix(identifier, "arn:") {
		return identifier[i+len(":foundation-model/"):]
	}
	return identifier
}

func (s *Service) details(ctx context.Context, e library.Entry) *types.FoundationModelDetails {
	name := e.Name
	if name == "" {
		name = e.ID
	}
	d := &types.FoundationModelDetails{ModelArn: aws.String(foundation.ModelARN(wire.CallOf(ctx).Region, e.ID)), ModelId: aws.String(e.ID), ModelName: &name,
		ProviderName: aws.String(e.ProviderOf()), InputModalities: []types.ModelModality{types.ModelModalityText}, OutputModalities: []types.ModelModality{types.ModelModalityText},
		CustomizationsSupported: []types.ModelCustomization{}, InferenceTypesSupported: []types.InferenceType{types.InferenceTypeOnDemand},
		ModelLifecycle: &types.FoundationModelLifecycle{Status: types.FoundationModelLifecycleStatusActive}, ResponseStreamingSupported: aws.Bool(true)}
	if e.Images {
		d.InputModalities = append(d.InputModalities, types.ModelModalityImage)
	}
	if s.Library.Embeds(e) {
		d.OutputModalities, d.ResponseStreamingSupported = []types.ModelModality{types.ModelModalityEmbedding}, aws.Bool(false)
	}
	return d
}
