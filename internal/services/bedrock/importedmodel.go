package bedrock

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const importedKind = "imported-model"

// importedModel finds a model by its ARN, id or name.
func (s *Service) importedModel(ctx context.Context, tx *store.Tx, identifier string) (store.Key, foundation.Imported, error) {
	k := named(ctx, importedKind, identifier)
	m, err := s.Shelf.Imported.Get(tx, k)
	if err == nil {
		return k, m, nil
	}
	of := here(ctx, "")
	rows, failed := s.Shelf.Imported.List(tx, store.Range{Account: of.Account, Region: of.Region})
	for _, r := range rows {
		if r.Value.Name == identifier {
			return r.Key, r.Value, nil
		}
	}
	if failed != nil {
		return k, m, failed
	}
	return k, m, absent(err, missing("The imported model %s does not exist.", identifier))
}

// GetImportedModel tells of a model that was imported.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetImportedModel.html
func (s *Service) GetImportedModel(ctx context.Context, in *bedrock.GetImportedModelInput) (out *bedrock.GetImportedModelOutput, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		k, m, err := s.importedModel(ctx, tx, aws.ToString(in.ModelIdentifier))
		out = &bedrock.GetImportedModelOutput{ModelArn: aws.String(arnOf(k, importedKind)), ModelName: aws.String(m.Name), ModelArchitecture: filled(m.Architecture),
			InstructSupported: &m.Instruct, JobArn: aws.String(m.Job), JobName: aws.String(m.JobName), ModelDataSource: source(m.Source), CreationTime: &m.Created}
		return err
	})
	return out, err
}

func (s *Service) getImportedModelTargets(ctx context.Context, in *bedrock.GetImportedModelInput) ([]wire.Target, error) {
	return on(ctx, importedKind, in.ModelIdentifier)
}

// ListImportedModels lists models that were imported.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListImportedModels.html
func (s *Service) ListImportedModels(ctx context.Context, in *bedrock.ListImportedModelsInput) (*bedrock.ListImportedModelsOutput, error) {
	of := here(ctx, "")
	var list []store.Row[foundation.Imported]
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.Shelf.Imported.List(tx, store.Range{Account: of.Account, Region: of.Region})
		for _, r := range rows {
			if strings.Contains(r.Value.Name, aws.ToString(in.NameContains)) && between(r.Value.Created, in.CreationTimeAfter, in.CreationTimeBefore) {
				list = append(list, r)
			}
		}
		return err
	}); err != nil {
		return nil, err
	}
	list, next, err := paged(ctx, list, func(r store.Row[foundation.Imported]) (time.Time, string) { return r.Value.Created, r.Key.ID }, in.SortOrder, in.MaxResults, in.NextToken)
	out := &bedrock.ListImportedModelsOutput{ModelSummaries: []types.ImportedModelSummary{}, NextToken: next}
	for _, r := range list {
		out.ModelSummaries = append(out.ModelSummaries, types.ImportedModelSummary{ModelArn: aws.String(arnOf(r.Key, importedKind)), ModelName: aws.String(r.Value.Name),
			ModelArchitecture: filled(r.Value.Architecture), InstructSupported: aws.Bool(r.Value.Instruct), CreationTime: aws.Time(r.Value.Created)})
	}
	return out, err
}

// DeleteImportedModel removes a model with its file. A model that is loaded answers what it was asked.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_DeleteImportedModel.html
func (s *Service) DeleteImportedModel(ctx context.Context, in *bedrock.DeleteImportedModelInput) (*bedrock.DeleteImportedModelOutput, error) {
	var m foundation.Imported
	if err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		var k store.Key
		if k, m, err = s.importedModel(ctx, tx, aws.ToString(in.ModelIdentifier)); err != nil {
			return err
		}
		return s.Shelf.Imported.Delete(tx, k)
	}); err != nil {
		return nil, err
	}
	_ = os.Remove(filepath.Join(s.Library.Dir, m.File))
	return &bedrock.DeleteImportedModelOutput{}, nil
}

func (s *Service) deleteImportedModelTargets(ctx context.Context, in *bedrock.DeleteImportedModelInput) ([]wire.Target, error) {
	return on(ctx, importedKind, in.ModelIdentifier)
}
