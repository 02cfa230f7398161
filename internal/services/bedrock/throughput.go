package bedrock

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const throughputKind = "provisioned-model"

// CreateProvisionedModelThroughput gives a model a name of its own. Units are kept: what a model can do, this machine decides.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateProvisionedModelThroughput.html
func (s *Service) CreateProvisionedModelThroughput(ctx context.Context, in *bedrock.CreateProvisionedModelThroughputInput) (out *bedrock.CreateProvisionedModelThroughputOutput, err error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	k, now := here(ctx, newID()), s.Clock.Now()
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*bedrock.CreateProvisionedModelThroughputOutput, error) {
			model, err := s.provisionable(ctx, tx, aws.ToString(in.ModelId))
			if err != nil {
				return nil, err
			}
			if _, _, err := s.throughput(ctx, tx, aws.ToString(in.ProvisionedModelName)); err == nil {
				return nil, conflict("A provisioned model is already named %s.", *in.ProvisionedModelName)
			}
			return &bedrock.CreateProvisionedModelThroughputOutput{ProvisionedModelArn: aws.String(arnOf(k, throughputKind))}, s.Shelf.Throughputs.Insert(tx, k,
				foundation.Throughput{ID: k.ID, Name: aws.ToString(in.ProvisionedModelName), Model: model, Units: aws.ToInt32(in.ModelUnits), Commitment: in.CommitmentDuration,
					Created: now, Updated: now, Tags: tags})
		})
		return reused(err)
	})
	return out, err
}

// provisionable is the ARN of the model that an identifier names: one of the library, or one that was imported.
func (s *Service) provisionable(ctx context.Context, tx *store.Tx, identifier string) (string, error) {
	if a, err := arn.Parse(identifier); err == nil && !strings.HasPrefix(a.Resource, "foundation-model/") && !strings.HasPrefix(a.Resource, importedKind+"/") {
		return "", invalid("The provided model identifier is invalid.")
	}
	of := here(ctx, "")
	if err := s.known(tx, of.Account, of.Region, identifier); err != nil {
		return "", err
	}
	if strings.HasPrefix(identifier, "arn:") {
		return identifier, nil
	}
	return foundation.ModelARN(of.Region, identifier), nil
}

// throughput finds one by ARN, id or name.
func (s *Service) throughput(ctx context.Context, tx *store.Tx, identifier string) (store.Key, foundation.Throughput, error) {
	k := named(ctx, throughputKind, identifier)
	t, err := s.Shelf.Throughputs.Get(tx, k)
	if err == nil {
		return k, t, nil
	}
	of := here(ctx, "")
	rows, failed := s.Shelf.Throughputs.List(tx, store.Range{Account: of.Account, Region: of.Region})
	for _, r := range rows {
		if r.Value.Name == identifier {
			return r.Key, r.Value, nil
		}
	}
	if failed != nil {
		return k, t, failed
	}
	return k, t, absent(err, missing("The provisioned model %s does not exist.", identifier))
}

// GetProvisionedModelThroughput tells of one.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetProvisionedModelThroughput.html
func (s *Service) GetProvisionedModelThroughput(ctx context.Context, in *bedrock.GetProvisionedModelThroughputInput) (out *bedrock.GetProvisionedModelThroughputOutput, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		k, t, err := s.throughput(ctx, tx, aws.ToString(in.ProvisionedModelId))
		out = &bedrock.GetProvisionedModelThroughputOutput{ProvisionedModelArn: aws.String(arnOf(k, throughputKind)), ProvisionedModelName: &t.Name, ModelArn: &t.Model,
			DesiredModelArn: &t.Model, FoundationModelArn: &t.Model, ModelUnits: &t.Units, DesiredModelUnits: &t.Units, CommitmentDuration: t.Commitment,
			Status: types.ProvisionedModelStatusInService, CreationTime: &t.Created, LastModifiedTime: &t.Updated}
		return err
	})
	return out, err
}

func (s *Service) getProvisionedModelThroughputTargets(ctx context.Context, in *bedrock.GetProvisionedModelThroughputInput) ([]wire.Target, error) {
	return on(ctx, throughputKind, in.ProvisionedModelId)
}

// UpdateProvisionedModelThroughput changes its name or model.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_UpdateProvisionedModelThroughput.html
func (s *Service) UpdateProvisionedModelThroughput(ctx context.Context, in *bedrock.UpdateProvisionedModelThroughputInput) (*bedrock.UpdateProvisionedModelThroughputOutput, error) {
	return &bedrock.UpdateProvisionedModelThroughputOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, t, err := s.throughput(ctx, tx, aws.ToString(in.ProvisionedModelId))
		if err != nil {
			return err
		}
		if in.DesiredProvisionedModelName != nil {
			t.Name = *in.DesiredProvisionedModelName
		}
		if in.DesiredModelId != nil {
			if t.Model, err = s.provisionable(ctx, tx, *in.DesiredModelId); err != nil {
				return err
			}
		}
		t.Updated = s.Clock.Now()
		return s.Shelf.Throughputs.Put(tx, k, t)
	})
}

func (s *Service) updateProvisionedModelThroughputTargets(ctx context.Context, in *bedrock.UpdateProvisionedModelThroughputInput) ([]wire.Target, error) {
	return on(ctx, throughputKind, in.ProvisionedModelId)
}

// DeleteProvisionedModelThroughput removes one.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_DeleteProvisionedModelThroughput.html
func (s *Service) DeleteProvisionedModelThroughput(ctx context.Context, in *bedrock.DeleteProvisionedModelThroughputInput) (*bedrock.DeleteProvisionedModelThroughputOutput, error) {
	return &bedrock.DeleteProvisionedModelThroughputOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, _, err := s.throughput(ctx, tx, aws.ToString(in.ProvisionedModelId))
		if err != nil {
			return err
		}
		return s.Shelf.Throughputs.Delete(tx, k)
	})
}

func (s *Service) deleteProvisionedModelThroughputTargets(ctx context.Context, in *bedrock.DeleteProvisionedModelThroughputInput) ([]wire.Target, error) {
	return on(ctx, throughputKind, in.ProvisionedModelId)
}

// ListProvisionedModelThroughputs lists them.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListProvisionedModelThroughputs.html
func (s *Service) ListProvisionedModelThroughputs(ctx context.Context, in *bedrock.ListProvisionedModelThroughputsInput) (*bedrock.ListProvisionedModelThroughputsOutput, error) {
	of := here(ctx, "")
	var list []store.Row[foundation.Throughput]
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.Shelf.Throughputs.List(tx, store.Range{Account: of.Account, Region: of.Region})
		for _, r := range rows {
			t := r.Value
			if strings.Contains(t.Name, aws.ToString(in.NameContains)) && between(t.Created, in.CreationTimeAfter, in.CreationTimeBefore) &&
				(in.ModelArnEquals == nil || *in.ModelArnEquals == t.Model) && (in.StatusEquals == "" || in.StatusEquals == types.ProvisionedModelStatusInService) {
				list = append(list, r)
			}
		}
		return err
	}); err != nil {
		return nil, err
	}
	list, next, err := paged(ctx, list, func(r store.Row[foundation.Throughput]) (time.Time, string) { return r.Value.Created, r.Key.ID }, in.SortOrder, in.MaxResults, in.NextToken)
	out := &bedrock.ListProvisionedModelThroughputsOutput{ProvisionedModelSummaries: []types.ProvisionedModelSummary{}, NextToken: next}
	for _, r := range list {
		t := r.Value
		out.ProvisionedModelSummaries = append(out.ProvisionedModelSummaries, types.ProvisionedModelSummary{ProvisionedModelArn: aws.String(arnOf(r.Key, throughputKind)),
			ProvisionedModelName: &t.Name, ModelArn: &t.Model, DesiredModelArn: &t.Model, FoundationModelArn: &t.Model, ModelUnits: &t.Units, DesiredModelUnits: &t.Units,
			CommitmentDuration: t.Commitment, Status: types.ProvisionedModelStatusInService, CreationTime: &t.Created, LastModifiedTime: &t.Updated})
	}
	return out, err
}
