package ecr

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func (p picture) detail(k store.Key) types.ImageDetail {
	d := types.ImageDetail{RegistryId: &k.Account, RepositoryName: &k.ID, ImageDigest: &p.Digest, ImageTags: p.Tags, ImagePushedAt: &p.Pushed,
		ImageSizeInBytes: &p.Size, ImageManifestMediaType: &p.MediaType, ImageStatus: types.ImageStatusActive}
	if p.Artifact != "" {
		d.ArtifactMediaType = &p.Artifact
	}
	if p.Subject != "" {
		d.SubjectManifestDigest = &p.Subject
	}
	if !p.Pulled.IsZero() {
		d.LastRecordedPullTime = &p.Pulled
	}
	if p.Scan != nil {
		d.ImageScanStatus = p.Scan.status()
		if p.Scan.Status == types.ScanStatusComplete {
			d.ImageScanFindingsSummary = &types.ImageScanFindingsSummary{ImageScanCompletedAt: &p.Scan.Ended, FindingSeverityCounts: p.Scan.counts()}
		}
	}
	return d
}

func wanted(p picture, status types.TagStatus) bool {
	switch status {
	case types.TagStatusTagged:
		return len(p.Tags) > 0
	case types.TagStatusUntagged:
		return len(p.Tags) == 0
	}
	return true
}

// DescribeImages tells of the images of a repository, or of those that are named.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
func (s *Service) DescribeImages(ctx context.Context, input *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var list []picture
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		if len(input.ImageIds) == 0 {
			list, err = s.listImages(tx, k, r)
			return err
		}
		for _, id := range input.ImageIds {
			p, err := s.look(tx, k, r, id)
			if absent(err) {
				return noImage(k, id)
			}
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(list, func(has picture) bool { return has.Digest == p.Digest }) {
				list = append(list, p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if input.Filter != nil {
		list = slices.DeleteFunc(list, func(p picture) bool { return !wanted(p, input.Filter.TagStatus) })
	}
	slices.SortFunc(list, func(a, b picture) int { return strings.Compare(a.Digest, b.Digest) })
	list, next, err := page(ctx, list, func(p picture) string { return p.Digest }, input.MaxResults, input.NextToken)
	if err != nil {
		return nil, err
	}
	out := &ecr.DescribeImagesOutput{ImageDetails: []types.ImageDetail{}, NextToken: next}
	for _, p := range list {
		out.ImageDetails = append(out.ImageDetails, p.detail(k))
	}
	return out, nil
}

func (s *Service) describeImagesTargets(ctx context.Context, input *ecr.DescribeImagesInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// ListImages lists digests with their tags.
func (s *Service) ListImages(ctx context.Context, input *ecr.ListImagesInput) (*ecr.ListImagesOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var ids []types.ImageIdentifier
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		list, err := s.listImages(tx, k, r)
		for _, p := range list {
			if input.Filter != nil && !wanted(p, input.Filter.TagStatus) {
				continue
			}
			for _, tag := range p.Tags {
				ids = append(ids, types.ImageIdentifier{ImageDigest: &p.Digest, ImageTag: &tag})
			}
			if len(p.Tags) == 0 {
				ids = append(ids, types.ImageIdentifier{ImageDigest: &p.Digest})
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ecr.ListImagesOutput{}
	out.ImageIds, out.NextToken, err = page(ctx, ids, func(id types.ImageIdentifier) string { return *id.ImageDigest + " " + aws.ToString(id.ImageTag) },
		input.MaxResults, input.NextToken)
	return out, err
}

func (s *Service) listImagesTargets(ctx context.Context, input *ecr.ListImagesInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}
