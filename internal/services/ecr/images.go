package ecr

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func (p picture) shown(k store.Key, tag *string) types.Image {
	return types.Image{RegistryId: &k.Account, RepositoryName: &k.ID, ImageId: &types.ImageIdentifier{ImageDigest: &p.Digest, ImageTag: tag},
		ImageManifest: &p.Manifest, ImageManifestMediaType: &p.MediaType}
}

// PutImage puts a manifest whose layers are there, under a tag when one is given.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
func (s *Service) PutImage(ctx context.Context, input *ecr.PutImageInput) (*ecr.PutImageOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var p picture
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		changed := false
		p, changed, err = s.put(tx, k, r, []byte(*input.ImageManifest), aws.ToString(input.ImageManifestMediaType), aws.ToString(input.ImageTag), aws.ToString(input.ImageDigest))
		if err == nil && !changed {
			return &types.ImageAlreadyExistsException{Message: aws.String("Image with digest '" + p.Digest + "' and tag '" + orNull(input.ImageTag) + "' already exists in the repository with name '" +
				k.ID + "' in registry with id '" + k.Account + "'")}
		}
		return err
	})
	var gone *missingParts
	switch {
	case errors.Is(err, errManifest):
		return nil, invalid("ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'")
	case errors.Is(err, errTag):
		return nil, invalid("imageTag' failed to satisfy constraint: 'Member must satisfy regular expression pattern: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'")
	case errors.Is(err, errDigest):
		return nil, &types.ImageDigestDoesNotMatchException{Message: aws.String("The image digest does not match the manifest.")}
	case errors.As(err, &gone) && gone.manifests:
		return nil, &types.ReferencedImagesNotFoundException{Message: aws.String("The images with digests '[" + strings.Join(gone.digests, ", ") + "]' required for pushing image into repository with name '" + k.ID +
			"' in the registry with id '" + k.Account + "' do not exist")}
	case errors.As(err, &gone):
		return nil, &types.LayersNotFoundException{Message: aws.String("The following layers were not found in the repository: [" + strings.Join(gone.digests, ", ") + "]")}
	case err != nil:
		return nil, err
	}
	image := p.shown(k, input.ImageTag)
	return &ecr.PutImageOutput{Image: &image}, nil
}

func (s *Service) putImageTargets(ctx context.Context, input *ecr.PutImageInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// failure says why an image is not among those asked for; nil when it may be.
func failure(id types.ImageIdentifier) *types.ImageFailure {
	switch {
	case id.ImageDigest == nil && id.ImageTag == nil:
		return &types.ImageFailure{ImageId: &id, FailureCode: types.ImageFailureCodeMissingDigestAndTag, FailureReason: aws.String("Invalid request parameters: both tag and digest cannot be null")}
	case id.ImageDigest != nil && !blobs.Valid(*id.ImageDigest):
		return &types.ImageFailure{ImageId: &id, FailureCode: types.ImageFailureCodeInvalidImageDigest, FailureReason: aws.String("Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'")}
	}
	return nil
}

func notFound(id types.ImageIdentifier) types.ImageFailure {
	return types.ImageFailure{ImageId: &id, FailureCode: types.ImageFailureCodeImageNotFound, FailureReason: aws.String("Requested image not found")}
}

// BatchGetImage gives manifests.
func (s *Service) BatchGetImage(ctx context.Context, input *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	out := &ecr.BatchGetImageOutput{Images: []types.Image{}, Failures: []types.ImageFailure{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		for _, id := range input.ImageIds {
			if f := failure(id); f != nil {
				out.Failures = append(out.Failures, *f)
				continue
			}
			p, err := s.look(tx, k, r, id)
			if absent(err) {
				out.Failures = append(out.Failures, notFound(id))
				continue
			}
			if err != nil {
				return err
			}
			out.Images = append(out.Images, p.shown(k, id.ImageTag))
		}
		return nil
	})
	return out, err
}

func (s *Service) batchGetImageTargets(ctx context.Context, input *ecr.BatchGetImageInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// BatchDeleteImage removes tags, or images by their digest. An image whose last tag goes, goes.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
func (s *Service) BatchDeleteImage(ctx context.Context, input *ecr.BatchDeleteImageInput) (*ecr.BatchDeleteImageOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var out *ecr.BatchDeleteImageOutput
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		out = &ecr.BatchDeleteImageOutput{ImageIds: []types.ImageIdentifier{}, Failures: []types.ImageFailure{}}
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		for _, id := range input.ImageIds {
			f := failure(id)
			if f == nil {
				if f, err = s.deleteOne(tx, k, r, id, out); err != nil {
					return err
				}
			}
			if f != nil {
				out.Failures = append(out.Failures, *f)
			}
		}
		return nil
	})
	return out, err
}

// deleteOne removes one image, or one tag of it.
func (s *Service) deleteOne(tx *store.Tx, k store.Key, r repository, id types.ImageIdentifier, out *ecr.BatchDeleteImageOutput) (*types.ImageFailure, error) {
	p, err := s.look(tx, k, r, id)
	if absent(err) {
		f := notFound(id)
		return &f, nil
	}
	if err != nil {
		return nil, err
	}
	if id.ImageDigest == nil && len(p.Tags) > 1 {
		p.Tags = slices.DeleteFunc(p.Tags, func(t string) bool { return t == *id.ImageTag })
		out.ImageIds = append(out.ImageIds, types.ImageIdentifier{ImageDigest: &p.Digest, ImageTag: id.ImageTag})
		return nil, errors.Join(s.tags.Delete(tx, r.row(k, *id.ImageTag)), s.images.Put(tx, r.row(k, p.Digest), p))
	}
	all, err := s.listImages(tx, k, r)
	if err != nil {
		return nil, err
	}
	if referenced(all)[p.Digest] {
		return &types.ImageFailure{ImageId: &id, FailureCode: types.ImageFailureCodeImageReferencedByManifestList,
			FailureReason: aws.String("Requested image referenced by manifest list")}, nil
	}
	for _, tag := range p.Tags {
		out.ImageIds = append(out.ImageIds, types.ImageIdentifier{ImageDigest: &p.Digest, ImageTag: &tag})
	}
	if len(p.Tags) == 0 {
		out.ImageIds = append(out.ImageIds, types.ImageIdentifier{ImageDigest: &p.Digest})
	}
	return nil, s.drop(tx, k, r, p)
}

func (s *Service) batchDeleteImageTargets(ctx context.Context, input *ecr.BatchDeleteImageInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}
