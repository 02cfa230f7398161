package ecr

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// reference is an image by tag or digest.
func reference(text string) (id types.ImageIdentifier, err error) {
	switch {
	case blobs.Valid(text):
		id.ImageDigest = &text
	case tagForm.MatchString(text):
		id.ImageTag = &text
	default:
		err = refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found")
	}
	return id, err
}

// manifests serves /v2/<name>/manifests/<reference>.
func (x *exchange) manifests(name, ref string) error {
	if err := x.only(http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete); err != nil {
		return err
	}
	switch x.r.Method {
	case http.MethodPut:
		return x.putManifest(name, ref)
	case http.MethodDelete:
		return x.deleteManifest(name, ref)
	}
	k, r, err := x.repository(name, "ecr:BatchGetImage")
	if err != nil {
		return err
	}
	id, err := reference(ref)
	if err != nil {
		return err
	}
	var p picture
	err = x.Store.View(x.r.Context(), func(tx *store.Tx) (err error) {
		p, err = x.look(tx, k, r, id)
		return err
	})
	if absent(err) {
		return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found")
	}
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Content-Type", p.MediaType)
	h.Set("Docker-Content-Digest", p.Digest)
	h.Set("Etag", `"`+p.Digest+`"`)
	h.Set("Content-Length", strconv.Itoa(len(p.Manifest)))
	if x.r.Method == http.MethodHead {
		return nil
	}
	x.pulled(k, r, p)
	_, _ = io.WriteString(x.w, p.Manifest)
	return nil
}

// pulled writes down that an image was pulled, if that was not written down today.
func (x *exchange) pulled(k store.Key, r repository, p picture) {
	now := x.Clock.Now()
	if now.Sub(p.Pulled).Hours() < 24 {
		return
	}
	err := x.Store.Update(x.r.Context(), func(tx *store.Tx) error {
		p, err := x.images.Get(tx, r.row(k, p.Digest))
		if err != nil {
			return err
		}
		p.Pulled = now
		return x.images.Put(tx, r.row(k, p.Digest), p)
	})
	if err != nil && !absent(err) && x.r.Context().Err() == nil {
		x.Logger.Error("cannot record the pull of an image", "error", err)
	}
}

func (x *exchange) putManifest(name, ref string) error {
	k, _, err := x.repository(name, "ecr:PutImage")
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(x.body(), maxManifest+1))
	if err != nil {
		return refuse(http.StatusBadRequest, "MANIFEST_INVALID", "The manifest did not come.")
	}
	if len(text) > maxManifest {
		return refuse(http.StatusRequestEntityTooLarge, "SIZE_INVALID", "The manifest is too large.")
	}
	tag, digest := ref, ""
	if strings.Contains(ref, ":") {
		tag, digest = "", ref
	}
	var p picture
	err = x.Store.Update(x.r.Context(), func(tx *store.Tx) error {
		r, err := x.standing(tx, k)
		if err == nil {
			p, _, err = x.put(tx, k, r, text, x.r.Header.Get("Content-Type"), tag, digest)
		}
		return err
	})
	var gone *missingParts
	switch {
	case errors.Is(err, errManifest):
		return refuse(http.StatusBadRequest, "MANIFEST_INVALID", "The manifest is not valid.")
	case errors.Is(err, errTag):
		return refuse(http.StatusBadRequest, "TAG_INVALID", "The tag is not valid.")
	case errors.Is(err, errDigest):
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "The digest does not match the manifest.")
	case errors.As(err, &gone) && gone.manifests:
		return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "The manifests %s are not in the repository.", strings.Join(gone.digests, ", "))
	case errors.As(err, &gone):
		return refuse(http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "The blobs %s are not in the repository.", strings.Join(gone.digests, ", "))
	case err != nil:
		return err
	}
	h := x.w.Header()
	h.Set("Location", x.prefix()+"/v2/"+name+"/manifests/"+p.Digest)
	h.Set("Docker-Content-Digest", p.Digest)
	if p.Subject != "" {
		h.Set("OCI-Subject", p.Subject)
	}
	h.Set("Content-Length", "0")
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

func (x *exchange) deleteManifest(name, ref string) error {
	k, _, err := x.repository(name, "ecr:BatchDeleteImage")
	if err != nil {
		return err
	}
	id, err := reference(ref)
	if err != nil {
		return err
	}
	var failed *types.ImageFailure
	err = x.Store.Update(x.r.Context(), func(tx *store.Tx) error {
		r, err := x.standing(tx, k)
		if err == nil {
			failed, err = x.deleteOne(tx, k, r, id, &ecr.BatchDeleteImageOutput{})
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case failed != nil && failed.FailureCode == types.ImageFailureCodeImageNotFound:
		return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "%s", *failed.FailureReason)
	case failed != nil:
		return refuse(http.StatusBadRequest, "DENIED", "%s", *failed.FailureReason)
	}
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

// cut gives the names after last, at most n, and links to the next.
func (x *exchange) cut(names []string) []string {
	q := x.r.URL.Query()
	slices.Sort(names)
	if last := q.Get("last"); last != "" {
		i, found := slices.BinarySearch(names, last)
		if found {
			i++
		}
		names = names[i:]
	}
	n, err := strconv.Atoi(q.Get("n"))
	if err != nil || n < 0 || n > 1000 {
		n = 1000
	}
	if len(names) > n {
		names = names[:n]
		if n > 0 {
			q.Set("last", names[n-1])
			x.w.Header().Set("Link", "<"+x.prefix()+x.r.URL.EscapedPath()+"?"+q.Encode()+`>; rel="next"`)
		}
	}
	return append([]string{}, names...)
}

func (x *exchange) answer(v any) error {
	if x.w.Header().Get("Content-Type") == "" {
		x.w.Header().Set("Content-Type", "application/json")
	}
	return json.NewEncoder(x.w).Encode(v)
}

// catalog lists the repositories of the registry.
func (x *exchange) catalog() error {
	if err := x.only(http.MethodGet); err != nil {
		return err
	}
	k := store.Key{Account: x.account, Region: x.region, ID: "*"}
	if err := x.may(k, "ecr:DescribeRepositories"); err != nil {
		return err
	}
	list, err := x.list(x.r.Context(), k)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.key.ID
	}
	return x.answer(map[string]any{"repositories": x.cut(names)})
}

// tagList lists the tags of a repository.
func (x *exchange) tagList(name, what string) error {
	if err := x.only(http.MethodGet); err != nil {
		return err
	}
	k, r, err := x.repository(name, "ecr:ListImages")
	if err != nil {
		return err
	}
	if what != "list" {
		return refuse(http.StatusNotFound, "NOT_FOUND", "There is nothing at this address.")
	}
	var tags []string
	err = x.Store.View(x.r.Context(), func(tx *store.Tx) error {
		rows, err := x.tags.List(tx, r.all(k))
		for _, row := range rows {
			tags = append(tags, strings.TrimPrefix(row.Key.ID, r.ID+"/"))
		}
		return err
	})
	if err != nil {
		return err
	}
	return x.answer(map[string]any{"name": name, "tags": x.cut(tags)})
}

// referrers lists what says that it belongs to an image.
func (x *exchange) referrers(name, digest string) error {
	if err := x.only(http.MethodGet); err != nil {
		return err
	}
	k, r, err := x.repository(name, "ecr:BatchGetImage")
	if err != nil {
		return err
	}
	if !blobs.Valid(digest) {
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "The digest is not valid.")
	}
	var all []picture
	if err := x.Store.View(x.r.Context(), func(tx *store.Tx) (err error) {
		all, err = x.listImages(tx, k, r)
		return err
	}); err != nil {
		return err
	}
	kind := x.r.URL.Query().Get("artifactType")
	found := []descriptor{}
	for _, p := range all {
		if p.Subject != digest || kind != "" && p.Artifact != kind {
			continue
		}
		d := descriptor{MediaType: p.MediaType, Digest: p.Digest, Size: int64(len(p.Manifest)), ArtifactType: p.Artifact}
		if m, err := readManifest([]byte(p.Manifest), p.MediaType); err == nil {
			d.Annotations = m.Annotations
		}
		found = append(found, d)
	}
	if kind != "" {
		x.w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	x.w.Header().Set("Content-Type", ociIndex)
	return x.answer(map[string]any{"schemaVersion": 2, "mediaType": ociIndex, "manifests": found})
}
