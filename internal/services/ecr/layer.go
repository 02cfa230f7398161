package ecr

import (
	"bytes"
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/uuid"
)

// partSize is how large the parts of a layer should be, in bytes.
const partSize = 10 << 20

// BatchCheckLayerAvailability tells which layers a repository has.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html
func (s *Service) BatchCheckLayerAvailability(ctx context.Context, input *ecr.BatchCheckLayerAvailabilityInput) (*ecr.BatchCheckLayerAvailabilityOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	out := &ecr.BatchCheckLayerAvailabilityOutput{Layers: []types.Layer{}, Failures: []types.LayerFailure{}}
	for _, digest := range input.LayerDigests {
		if !blobs.Valid(digest) {
			out.Failures = append(out.Failures, types.LayerFailure{LayerDigest: &digest, FailureCode: types.LayerFailureCodeInvalidLayerDigest,
				FailureReason: aws.String("Invalid layer digest.")})
			continue
		}
		l, err := s.layer(ctx, k, r, digest)
		switch {
		case absent(err):
			out.Layers = append(out.Layers, types.Layer{LayerDigest: &digest, LayerAvailability: types.LayerAvailabilityUnavailable})
		case err != nil:
			return nil, err
		default:
			out.Layers = append(out.Layers, types.Layer{LayerDigest: &digest, LayerSize: &l.Size, LayerAvailability: types.LayerAvailabilityAvailable})
		}
	}
	return out, nil
}

// layer reads a layer of a repository.
func (s *Service) layer(ctx context.Context, k store.Key, r repository, digest string) (l layer, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		l, err = s.layers.Get(tx, r.row(k, digest))
		return err
	})
	return l, err
}

func (s *Service) batchCheckLayerAvailabilityTargets(ctx context.Context, input *ecr.BatchCheckLayerAvailabilityInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// upload is the name of an upload's file: the repository is part of it, so that another's cannot be gone on with.
func (r repository) upload(id string) string { return r.ID + "." + id }

// InitiateLayerUpload begins to take a layer.
func (s *Service) InitiateLayerUpload(ctx context.Context, input *ecr.InitiateLayerUploadInput) (*ecr.InitiateLayerUploadOutput, error) {
	r, err := s.find(ctx, in(ctx, input.RegistryId, input.RepositoryName))
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	if err := s.blobs.Begin(r.upload(id)); err != nil {
		return nil, err
	}
	return &ecr.InitiateLayerUploadOutput{UploadId: &id, PartSize: aws.Int64(partSize)}, nil
}

func (s *Service) initiateLayerUploadTargets(ctx context.Context, input *ecr.InitiateLayerUploadInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

func noUpload(id string) error {
	return &types.UploadNotFoundException{Message: aws.String("The upload with id '" + id + "' could not be found.")}
}

// UploadLayerPart takes the next part of a layer.
func (s *Service) UploadLayerPart(ctx context.Context, input *ecr.UploadLayerPartInput) (*ecr.UploadLayerPartOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	id := r.upload(*input.UploadId)
	n := int64(len(input.LayerPartBlob))
	wrong := func() error {
		has, err := s.blobs.Offset(id)
		if err != nil {
			return noUpload(*input.UploadId)
		}
		return &types.InvalidLayerPartException{Message: aws.String("The layer part does not begin at the byte after the last one that was received."), RegistryId: &k.Account,
			RepositoryName: &k.ID, UploadId: input.UploadId, LastValidByteReceived: aws.Int64(has - 1)}
	}
	if *input.PartLastByte-*input.PartFirstByte+1 != n {
		return nil, wrong()
	}
	has, err := s.blobs.Append(id, *input.PartFirstByte, bytes.NewReader(input.LayerPartBlob))
	switch {
	case errors.Is(err, blobs.ErrNoUpload):
		return nil, noUpload(*input.UploadId)
	case errors.Is(err, blobs.ErrOffset):
		return nil, wrong()
	case err != nil:
		return nil, err
	}
	return &ecr.UploadLayerPartOutput{RegistryId: &k.Account, RepositoryName: &k.ID, UploadId: input.UploadId, LastByteReceived: aws.Int64(has - 1)}, nil
}

func (s *Service) uploadLayerPartTargets(ctx context.Context, input *ecr.UploadLayerPartInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// CompleteLayerUpload makes an upload a layer, if its content has the digest.
func (s *Service) CompleteLayerUpload(ctx context.Context, input *ecr.CompleteLayerUploadInput) (*ecr.CompleteLayerUploadOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	r, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	digest := input.LayerDigests[0]
	if _, err := s.layer(ctx, k, r, digest); err == nil {
		_ = s.blobs.Cancel(r.upload(*input.UploadId)) // what it brought is there
		return nil, &types.LayerAlreadyExistsException{Message: aws.String("The layer with digest '" + digest + "' already exists in the repository with name '" + k.ID + "' in registry with id '" + k.Account + "'")}
	}
	if n, err := s.blobs.Offset(r.upload(*input.UploadId)); err == nil && n == 0 {
		return nil, &types.EmptyUploadException{Message: aws.String("The specified layer upload does not contain any layer parts.")}
	}
	err = s.finish(ctx, k, r, *input.UploadId, digest)
	switch {
	case errors.Is(err, blobs.ErrNoUpload):
		return nil, noUpload(*input.UploadId)
	case errors.Is(err, blobs.ErrDigest):
		return nil, &types.InvalidLayerException{Message: aws.String("Layer with computed digest does not match the given digest '" + digest + "'")}
	case err != nil:
		return nil, err
	}
	return &ecr.CompleteLayerUploadOutput{RegistryId: &k.Account, RepositoryName: &k.ID, UploadId: input.UploadId, LayerDigest: &digest}, nil
}

// finish makes an upload a blob that the repository has.
func (s *Service) finish(ctx context.Context, k store.Key, r repository, id, digest string) error {
	size, err := s.blobs.Finish(r.upload(id), digest)
	if err != nil {
		return err
	}
	return s.keep(ctx, k, r, digest, size)
}

// keep writes down that a repository has a blob.
func (s *Service) keep(ctx context.Context, k store.Key, r repository, digest string, size int64) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if has, err := s.standing(tx, k); err != nil || has.ID != r.ID {
			return errors.Join(err, noRepository(k))
		}
		return s.layers.Put(tx, r.row(k, digest), layer{digest, size, s.Clock.Now()})
	})
}

func (s *Service) completeLayerUploadTargets(ctx context.Context, input *ecr.CompleteLayerUploadInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}
