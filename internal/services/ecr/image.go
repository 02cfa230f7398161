package ecr

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// picture is one image: a manifest, or an index of several, with the tags that point to it.
type picture struct {
	Digest, MediaType string
	Manifest          string
	Artifact          string `json:",omitempty"`
	Subject           string `json:",omitempty"` // digest
	Size              int64
	Pushed            time.Time
	Pulled            time.Time
	Tags              []string   `json:",omitempty"` // in order
	Layers            []string   `json:",omitempty"` // digests, the configuration's too
	Children          []string   `json:",omitempty"` // digests of the manifests of an index
	Scan              *scanState `json:",omitempty"`
}

// layer is a blob that a repository has.
type layer struct {
	Digest string
	Size   int64
	Pushed time.Time
}

// pushed is what a manifest that is put may be refused for.
var (
	errDigest = errors.New("digest does not match the manifest")
	errTag    = errors.New("tag is not valid")
)

// missingParts are layers or manifests that a repository does not have.
type missingParts struct {
	digests   []string
	manifests bool
}

// Error names them.
func (e *missingParts) Error() string { return "missing: " + strings.Join(e.digests, ", ") }

// store puts a manifest into a repository, under a tag when there is one. It tells whether anything changed.
func (s *Service) put(tx *store.Tx, k store.Key, r repository, text []byte, mediaType, tag, digest string) (p picture, changed bool, err error) {
	m, err := readManifest(text, mediaType)
	if err != nil {
		return p, false, err
	}
	p = picture{Digest: blobs.Of(text), MediaType: m.MediaType, Manifest: string(text), Artifact: m.artifact(), Size: m.size(), Pushed: s.Clock.Now()}
	if digest != "" && digest != p.Digest {
		return p, false, errDigest
	}
	if tag != "" && !tagForm.MatchString(tag) {
		return p, false, errTag
	}
	if m.Subject != nil {
		p.Subject = m.Subject.Digest
	}
	var gone missingParts
	for _, d := range m.parts() {
		if _, err := s.layers.Get(tx, r.row(k, d.Digest)); absent(err) {
			gone.digests = append(gone.digests, d.Digest)
		} else if err != nil {
			return p, false, err
		}
		p.Layers = append(p.Layers, d.Digest)
	}
	for _, d := range m.Manifests {
		if _, err := s.images.Get(tx, r.row(k, d.Digest)); absent(err) {
			gone.digests, gone.manifests = append(gone.digests, d.Digest), true
		} else if err != nil {
			return p, false, err
		}
		p.Children = append(p.Children, d.Digest)
	}
	if len(gone.digests) > 0 {
		return p, false, &gone
	}
	before, err := s.images.Get(tx, r.row(k, p.Digest))
	switch {
	case err == nil:
		p = before
	case !absent(err):
		return p, false, err
	default:
		changed = true
	}
	if tag != "" && !slices.Contains(p.Tags, tag) {
		if err := s.untag(tx, k, r, tag); err != nil {
			return p, false, err
		}
		p.Tags = append(slices.Clone(p.Tags), tag)
		slices.Sort(p.Tags)
		changed = true
		if err := s.tags.Put(tx, r.row(k, tag), p.Digest); err != nil {
			return p, false, err
		}
	}
	if !changed {
		return p, false, nil
	}
	if r.ScanOnPush && !m.index() && p.Scan == nil {
		if err := s.beginScan(tx, k, r, &p); err != nil {
			return p, false, err
		}
	}
	if err := s.images.Put(tx, r.row(k, p.Digest), p); err != nil {
		return p, false, err
	}
	return p, true, s.told(tx, k, "PUSH", p, tag)
}

// untag takes a tag off the image that has it, unless it is fixed.
func (s *Service) untag(tx *store.Tx, k store.Key, r repository, tag string) error {
	digest, err := s.tags.Get(tx, r.row(k, tag))
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.fixed(tag) {
		return tagFixed(k, tag)
	}
	p, err := s.images.Get(tx, r.row(k, digest))
	if err != nil {
		return err
	}
	p.Tags = slices.DeleteFunc(p.Tags, func(has string) bool { return has == tag })
	return s.images.Put(tx, r.row(k, digest), p)
}

// told emits the event of a change of an image.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
func (s *Service) told(tx *store.Tx, k store.Key, action string, p picture, tag string) error {
	detail := map[string]string{"result": "SUCCESS", "repository-name": k.ID, "image-digest": p.Digest, "action-type": action,
		"manifest-media-type": p.MediaType, "artifact-media-type": p.Artifact}
	if tag != "" {
		detail["image-tag"] = tag
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.ecr", DetailType: "ECR Image Action", Account: k.Account, Region: k.Region, Resources: []string{repositoryARN(k)}, Detail: b})
}

// look finds an image by digest or tag. A tag with a digest has to point to it.
func (s *Service) look(tx *store.Tx, k store.Key, r repository, id types.ImageIdentifier) (p picture, err error) {
	digest := aws.ToString(id.ImageDigest)
	if id.ImageTag != nil {
		has, err := s.tags.Get(tx, r.row(k, *id.ImageTag))
		if err != nil {
			return p, err
		}
		if digest != "" && digest != has {
			return p, store.ErrNotFound
		}
		digest = has
	}
	return s.images.Get(tx, r.row(k, digest))
}

// listImages gives the images of a repository in order of digest.
func (s *Service) listImages(tx *store.Tx, k store.Key, r repository) ([]picture, error) {
	rows, err := s.images.List(tx, r.all(k))
	out := make([]picture, len(rows))
	for i, row := range rows {
		out[i] = row.Value
	}
	return out, err
}

// drop removes an image with its tags. What it consists of stays until nobody has it.
func (s *Service) drop(tx *store.Tx, k store.Key, r repository, p picture) error {
	for _, tag := range p.Tags {
		if err := s.tags.Delete(tx, r.row(k, tag)); err != nil && !absent(err) {
			return err
		}
	}
	if err := s.images.Delete(tx, r.row(k, p.Digest)); err != nil {
		return err
	}
	return s.told(tx, k, "DELETE", p, "")
}

// referenced are the digests that the indexes of a repository name.
func referenced(list []picture) map[string]bool {
	out := map[string]bool{}
	for _, p := range list {
		for _, c := range p.Children {
			out[c] = true
		}
	}
	return out
}
