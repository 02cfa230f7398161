package ecr

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
)

// The media types of manifests.
const (
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ociIndex       = "application/vnd.oci.image.index.v1+json"
	// maxManifest is how large a manifest is, in bytes.
	maxManifest = 4 << 20
	// maxParts is how many layers or manifests one names.
	maxParts = 4096
)

// descriptor names a part of an image.
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
	URLs         []string          `json:"urls,omitempty"`
}

// manifest is as much of a manifest or an index as the registry looks at.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        *descriptor       `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Subject       *descriptor       `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

var errManifest = errors.New("manifest is not valid")

// readManifest reads a manifest that is said to be of a media type, "" for what it says itself.
func readManifest(text []byte, mediaType string) (m manifest, err error) {
	if len(text) > maxManifest || json.Unmarshal(text, &m) != nil || m.SchemaVersion != 2 {
		return m, errManifest
	}
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.TrimSpace(mediaType)
	switch {
	case m.MediaType == "":
		m.MediaType = mediaType
	case mediaType != "" && mediaType != m.MediaType:
		return m, errManifest
	}
	if m.MediaType == "" {
		if m.MediaType = ociManifest; m.Config == nil {
			m.MediaType = ociIndex
		}
	}
	if !slices.Contains([]string{dockerManifest, dockerList, ociManifest, ociIndex}, m.MediaType) {
		return m, errManifest
	}
	if m.index() == (m.Config != nil) || len(m.Layers)+len(m.Manifests) > maxParts {
		return m, errManifest
	}
	for _, d := range append(m.parts(), m.Manifests...) {
		if !blobs.Valid(d.Digest) || d.Size < 0 {
			return m, errManifest
		}
	}
	if m.Subject != nil && !blobs.Valid(m.Subject.Digest) {
		return m, errManifest
	}
	return m, nil
}

func (m manifest) index() bool { return m.MediaType == dockerList || m.MediaType == ociIndex }

// parts are configuration and layers. Those that lie elsewhere, as Windows' base layers do, are not among them.
func (m manifest) parts() (out []descriptor) {
	if m.Config != nil {
		out = append(out, *m.Config)
	}
	for _, l := range m.Layers {
		if len(l.URLs) == 0 {
			out = append(out, l)
		}
	}
	return out
}

// artifact is the type of what is in an image.
func (m manifest) artifact() string {
	switch {
	case m.ArtifactType != "":
		return m.ArtifactType
	case m.Config != nil:
		return m.Config.MediaType
	}
	return ""
}

// size is what the image's parts weigh, in bytes.
func (m manifest) size() (n int64) {
	for _, d := range m.parts() {
		n += d.Size
	}
	return n
}

var tagForm = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
