package bedrock

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	applicationProfile = "application-inference-profile"
	systemProfile      = "inference-profile"
)

// CreateInferenceProfile makes a name of the caller's for a model, by which its use can be told apart.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateInferenceProfile.html
func (s *Service) CreateInferenceProfile(ctx context.Context, in *bedrock.CreateInferenceProfileInput) (out *bedrock.CreateInferenceProfileOutput, err error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	src, ok := in.ModelSource.(*types.InferenceProfileModelSourceMemberCopyFrom)
	if !ok {
		return nil, invalid("The modelSource must be copyFrom.")
	}
	id := modelID(src.Value)
	if i := strings.LastIndex(id, ":"+systemProfile+"/"); i >= 0 {
		id = id[i+len(systemProfile)+2:]
	}
	e, ok := s.Library.Find(id)
	if !ok {
		return nil, invalid("The provided model identifier is invalid.")
	}
	k, now := here(ctx, newID()), s.Clock.Now()
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*bedrock.CreateInferenceProfileOutput, error) {
			p := foundation.Profile{ID: k.ID, Name: aws.ToString(in.InferenceProfileName), Description: aws.ToString(in.Description), Model: e.ID,
				Created: now, Updated: now, Tags: tags}
			return &bedrock.CreateInferenceProfileOutput{InferenceProfileArn: aws.String(arnOf(k, applicationProfile)), Status: types.InferenceProfileStatusActive},
				s.Shelf.Profiles.Insert(tx, k, p)
		})
		return reused(err)
	})
	return out, err
}

// GetInferenceProfile tells of a profile, of the caller's or of the system's.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html
func (s *Service) GetInferenceProfile(ctx context.Context, in *bedrock.GetInferenceProfileInput) (*bedrock.GetInferenceProfileOutput, error) {
	p, err := s.profile(ctx, aws.ToString(in.InferenceProfileIdentifier))
	if err != nil {
		return nil, err
	}
	return &bedrock.GetInferenceProfileOutput{InferenceProfileArn: p.InferenceProfileArn, InferenceProfileId: p.InferenceProfileId, InferenceProfileName: p.InferenceProfileName,
		Models: p.Models, Status: p.Status, Type: p.Type, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Description: p.Description}, nil
}

func (s *Service) getInferenceProfileTargets(ctx context.Context, in *bedrock.GetInferenceProfileInput) ([]wire.Target, error) {
	return onProfile(ctx, aws.ToString(in.InferenceProfileIdentifier)), nil
}

func onProfile(ctx context.Context, identifier string) []wire.Target {
	if strings.HasPrefix(identifier, "arn:") {
		return []wire.Target{{Resource: identifier}}
	}
	return []wire.Target{{Resource: arnOf(here(ctx, identifier), systemProfile)}}
}

func (s *Service) profile(ctx context.Context, identifier string) (types.InferenceProfileSummary, error) {
	list, err := s.profiles(ctx, "")
	for _, p := range list {
		if *p.InferenceProfileArn == identifier || *p.InferenceProfileId == identifier {
			return p, nil
		}
	}
	if err != nil {
		return types.InferenceProfileSummary{}, err
	}
	return types.InferenceProfileSummary{}, missing("The inference profile %s does not exist.", identifier)
}

// profiles lists those of a type, all when it is "".
func (s *Service) profiles(ctx context.Context, kind types.InferenceProfileType) ([]types.InferenceProfileSummary, error) {
	list := []types.InferenceProfileSummary{}
	of := here(ctx, "")
	model := func(id string) []types.InferenceProfileModel {
		return []types.InferenceProfileModel{{ModelArn: aws.String(foundation.ModelARN(of.Region, id))}}
	}
	if kind != types.InferenceProfileTypeApplication {
		f, err := s.Library.List()
		if err != nil && len(f.Models) == 0 {
			return nil, err
		}
		for _, p := range f.Profiles {
			list = append(list, types.InferenceProfileSummary{InferenceProfileArn: aws.String(arnOf(here(ctx, p.ID), systemProfile)), InferenceProfileId: aws.String(p.ID),
				InferenceProfileName: aws.String(profileName(f, p)), Models: model(p.Model), Status: types.InferenceProfileStatusActive, Type: types.InferenceProfileTypeSystemDefined})
		}
	}
	if kind == types.InferenceProfileTypeSystemDefined {
		return list, nil
	}
	return list, s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.Shelf.Profiles.List(tx, store.Range{Account: of.Account, Region: of.Region})
		for _, r := range rows {
			p := r.Value
			list = append(list, types.InferenceProfileSummary{InferenceProfileArn: aws.String(arnOf(r.Key, applicationProfile)), InferenceProfileId: aws.String(p.ID),
				InferenceProfileName: aws.String(p.Name), Description: filled(p.Description), Models: model(p.Model), Status: types.InferenceProfileStatusActive,
				Type: types.InferenceProfileTypeApplication, CreatedAt: &p.Created, UpdatedAt: &p.Updated})
		}
		return err
	})
}

func profileName(f library.File, p library.Profile) string {
	for _, e := range f.Models {
		if e.ID == p.Model && e.Name != "" {
			return e.Name
		}
	}
	return p.ID
}

// ListInferenceProfiles lists profiles.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html
func (s *Service) ListInferenceProfiles(ctx context.Context, in *bedrock.ListInferenceProfilesInput) (*bedrock.ListInferenceProfilesOutput, error) {
	kind := in.TypeEquals
	if kind == "" {
		kind = types.InferenceProfileTypeSystemDefined
	}
	list, err := s.profiles(ctx, kind)
	if err != nil {
		return nil, err
	}
	sortBy(list, func(p types.InferenceProfileSummary) string { return *p.InferenceProfileId })
	list, next, err := page(ctx, list, func(p types.InferenceProfileSummary) string { return *p.InferenceProfileId }, in.MaxResults, in.NextToken)
	return &bedrock.ListInferenceProfilesOutput{InferenceProfileSummaries: list, NextToken: next}, err
}

// DeleteInferenceProfile removes a profile of the caller's.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_DeleteInferenceProfile.html
func (s *Service) DeleteInferenceProfile(ctx context.Context, in *bedrock.DeleteInferenceProfileInput) (*bedrock.DeleteInferenceProfileOutput, error) {
	id := aws.ToString(in.InferenceProfileIdentifier)
	k := named(ctx, applicationProfile, id)
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.Shelf.Profiles.Delete(tx, k) })
	if errors.Is(err, store.ErrNotFound) {
		err = missing("The inference profile %s does not exist.", id)
	}
	return &bedrock.DeleteInferenceProfileOutput{}, err
}

func (s *Service) deleteInferenceProfileTargets(ctx context.Context, in *bedrock.DeleteInferenceProfileInput) ([]wire.Target, error) {
	return on(ctx, applicationProfile, in.InferenceProfileIdentifier)
}
