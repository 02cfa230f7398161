package ecr

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Jobs      *jobs.Runner
	Clock     clock.Clock
	Logger    *slog.Logger
	Dir       string // of blobs
	Region    string // of registries that are not named by a host of ECR's form
}

// Service is ECR.
type Service struct {
	Config
	blobs        *blobs.Store
	image        *store.Image
	repositories *store.Held[repository] // id: name
	policies     sync.Map                // parsed, by key of repository
	images       *store.Table[picture]   // id: <repository>/<digest>
	tags         *store.Table[string]    // digests, id: <repository>/<tag>
	layers       *store.Table[layer]     // id: <repository>/<digest>
	previews     *store.Table[preview]   // id: <repository>
	scanning     *store.Table[scanning]  // of registries
	links        []byte                  // signs the addresses of layers
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	s := &Service{Config: c, blobs: blobs.New(c.Dir), image: store.NewImage(c.Store), images: store.NewTable[picture](c.Store, "ecr_image"),
		tags: store.NewTable[string](c.Store, "ecr_tag"), previews: store.NewTable[preview](c.Store, "ecr_preview"),
		layers:   store.NewTable(c.Store, "ecr_layer", store.Index[layer]{Name: "digest", Value: func(l layer) []string { return []string{l.Digest} }}),
		scanning: store.NewTable[scanning](c.Store, "ecr_scanning"), links: make([]byte, 32)}
	_, _ = rand.Read(s.links) // never fails
	s.repositories = store.NewHeld(s.image, "ecr_repository", func(k store.Key, _, _ *repository) { s.policies.Delete(k) })
	jobs.Define(c.Jobs, forgetJob, s.forget)
	jobs.Define(c.Jobs, scanJob, s.runScan)
	jobs.Define(c.Jobs, lifecycleJob, s.runLifecycle)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "ecr" }

// Codec tells the wire layer how the service calls requests that break constraints.
func (*Service) Codec() []codec.Option {
	return []codec.Option{codec.ValidationCode("InvalidParameterException")}
}

// Run applies lifecycle policies and removes what no image has any more, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot tidy image repositories", "error", err)
		}
	}
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return append(wire.Ops{
		wire.Op(s.CreateRepository, wire.On(s.createRepositoryTargets)),
		wire.Op(s.DeleteLifecyclePolicy, wire.On(s.deleteLifecyclePolicyTargets)),
		wire.Op(s.DeleteRepository, wire.On(s.deleteRepositoryTargets)),
		wire.Op(s.DeleteRepositoryPolicy, wire.On(s.deleteRepositoryPolicyTargets)),
		wire.Op(s.DescribeRegistry),
		wire.Op(s.DescribeRepositories, wire.On(s.describeRepositoriesTargets)),
		wire.Op(s.GetAuthorizationToken),
		wire.Op(s.GetLifecyclePolicy, wire.On(s.getLifecyclePolicyTargets)),
		wire.Op(s.GetLifecyclePolicyPreview, wire.On(s.getLifecyclePolicyPreviewTargets)),
		wire.Op(s.GetRegistryScanningConfiguration),
		wire.Op(s.GetRepositoryPolicy, wire.On(s.getRepositoryPolicyTargets)),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsForResourceTargets)),
		wire.Op(s.PutImageScanningConfiguration, wire.On(s.putImageScanningConfigurationTargets)),
		wire.Op(s.PutImageTagMutability, wire.On(s.putImageTagMutabilityTargets)),
		wire.Op(s.PutLifecyclePolicy, wire.On(s.putLifecyclePolicyTargets)),
		wire.Op(s.PutRegistryScanningConfiguration),
		wire.Op(s.SetRepositoryPolicy, wire.On(s.setRepositoryPolicyTargets)),
		wire.Op(s.StartLifecyclePolicyPreview, wire.On(s.startLifecyclePolicyPreviewTargets)),
		wire.Op(s.TagResource, wire.On(s.tagResourceTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagResourceTargets)),
	}, s.imageOps()...)
}

// imageOps are those on images and layers.
func (s *Service) imageOps() wire.Ops {
	return wire.Ops{
		wire.Op(s.BatchCheckLayerAvailability, wire.On(s.batchCheckLayerAvailabilityTargets)),
		wire.Op(s.BatchDeleteImage, wire.On(s.batchDeleteImageTargets)),
		wire.Op(s.BatchGetImage, wire.On(s.batchGetImageTargets)),
		wire.Op(s.BatchGetRepositoryScanningConfiguration, wire.On(s.batchGetRepositoryScanningConfigurationTargets)),
		wire.Op(s.CompleteLayerUpload, wire.On(s.completeLayerUploadTargets), wire.Data()),
		wire.Op(s.DescribeImageScanFindings, wire.On(s.describeImageScanFindingsTargets)),
		wire.Op(s.DescribeImages, wire.On(s.describeImagesTargets)),
		wire.Op(s.GetDownloadUrlForLayer, wire.On(s.getDownloadURLForLayerTargets)),
		wire.Op(s.InitiateLayerUpload, wire.On(s.initiateLayerUploadTargets), wire.Data()),
		wire.Op(s.ListImages, wire.On(s.listImagesTargets)),
		wire.Op(s.PutImage, wire.On(s.putImageTargets)),
		wire.Op(s.StartImageScan, wire.On(s.startImageScanTargets)),
		wire.Op(s.UploadLayerPart, wire.On(s.uploadLayerPartTargets), wire.Data()),
	}
}
