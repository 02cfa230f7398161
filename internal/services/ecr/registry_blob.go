package ecr

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/ecr/blobs"
	"github.com/google/uuid"
)

// blob serves GET and HEAD of /v2/<name>/blobs/<digest>.
func (x *exchange) blob(name, digest string) error {
	if err := x.only(http.MethodGet, http.MethodHead); err != nil {
		return err
	}
	action := "ecr:GetDownloadUrlForLayer"
	if x.r.Method == http.MethodHead {
		action = "ecr:BatchCheckLayerAvailability"
	}
	k, r, err := x.repository(name, action)
	if err != nil {
		return err
	}
	if !blobs.Valid(digest) {
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "The digest is not valid.")
	}
	if _, err := x.layer(x.r.Context(), k, r, digest); absent(err) {
		return noBlob(digest)
	} else if err != nil {
		return err
	}
	return x.send(digest)
}

func noBlob(digest string) error {
	return refuse(http.StatusNotFound, "BLOB_UNKNOWN", "The blob %s is not in the repository.", digest)
}

// send sends a blob, or the part of it that Range asks for.
func (x *exchange) send(digest string) error {
	f, err := x.blobs.Open(digest)
	if errors.Is(err, fs.ErrNotExist) {
		return noBlob(digest)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	x.w.Header().Set("Content-Type", "application/octet-stream")
	x.w.Header().Set("Docker-Content-Digest", digest)
	x.w.Header().Set("Etag", `"`+digest+`"`)
	http.ServeContent(x.w, x.r, "", time.Time{}, f)
	return nil
}

// uploads serves /v2/<name>/blobs/uploads/<id>.
func (x *exchange) uploads(name, id string) error {
	if id == "" {
		if err := x.only(http.MethodPost); err != nil {
			return err
		}
		return x.begin(name)
	}
	if err := x.only(http.MethodGet, http.MethodPatch, http.MethodPut, http.MethodDelete); err != nil {
		return err
	}
	action := "ecr:UploadLayerPart"
	if x.r.Method == http.MethodPut {
		action = "ecr:CompleteLayerUpload"
	}
	k, r, err := x.repository(name, action)
	if err != nil {
		return err
	}
	switch x.r.Method {
	case http.MethodGet:
		n, err := x.blobs.Offset(r.upload(id))
		if err != nil {
			return uploadFault(err)
		}
		x.stand(name, id, n)
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	case http.MethodDelete:
		if err := x.blobs.Cancel(r.upload(id)); err != nil {
			return uploadFault(err)
		}
		x.w.WriteHeader(http.StatusNoContent)
		return nil
	case http.MethodPatch:
		n, err := x.append(r.upload(id))
		if err != nil {
			return err
		}
		x.stand(name, id, n)
		x.w.WriteHeader(http.StatusAccepted)
		return nil
	}
	return x.complete(k, r, name, id)
}

// begin begins an upload, takes a whole blob at once, or mounts one that another repository has.
func (x *exchange) begin(name string) error {
	k, r, err := x.repository(name, "ecr:InitiateLayerUpload")
	if err != nil {
		return err
	}
	q := x.r.URL.Query()
	if digest, from := q.Get("mount"), q.Get("from"); blobs.Valid(digest) && from != "" {
		if mounted, err := x.mount(k, r, digest, from); err != nil || mounted {
			if err == nil {
				x.done(name, digest)
			}
			return err
		}
	}
	id := uuid.NewString()
	if err := x.blobs.Begin(r.upload(id)); err != nil {
		return err
	}
	if q.Get("digest") != "" {
		return x.complete(k, r, name, id)
	}
	x.stand(name, id, 0)
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

// mount has a repository have what another has, if the caller may read that one. false: it has to be uploaded.
func (x *exchange) mount(k store.Key, r repository, digest, from string) (bool, error) {
	source, other, err := x.repository(from, "ecr:GetDownloadUrlForLayer")
	if err != nil {
		return false, nil
	}
	l, err := x.layer(x.r.Context(), source, other, digest)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, x.keep(x.r.Context(), k, r, digest, l.Size)
}

// append takes the body. A part that says where it begins has to begin where the last one ended.
func (x *exchange) append(id string) (int64, error) {
	offset := int64(-1)
	if text := x.r.Header.Get("Content-Range"); text != "" {
		first, _, _ := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil || n < 0 {
			return 0, refuse(http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID", "Content-Range is not valid.")
		}
		offset = n
	}
	n, err := x.blobs.Append(id, offset, x.body())
	if err != nil {
		return 0, uploadFault(err)
	}
	return n, nil
}

func (x *exchange) body() io.Reader {
	if x.r.Body == nil {
		return http.NoBody
	}
	return x.r.Body
}

// complete takes the last part, and makes the upload a blob.
func (x *exchange) complete(k store.Key, r repository, name, id string) error {
	digest := x.r.URL.Query().Get("digest")
	if !blobs.Valid(digest) {
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "The digest is not valid: sha256 is wanted.")
	}
	if _, err := x.append(r.upload(id)); err != nil {
		return err
	}
	if err := x.finish(x.r.Context(), k, r, id, digest); err != nil {
		return uploadFault(err)
	}
	x.done(name, digest)
	return nil
}

func uploadFault(err error) error {
	switch {
	case errors.Is(err, blobs.ErrNoUpload):
		return refuse(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "The upload does not exist.")
	case errors.Is(err, blobs.ErrOffset):
		return refuse(http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID", "The part does not begin where the last one ended.")
	case errors.Is(err, blobs.ErrDigest):
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "The content does not have the digest.")
	}
	return err
}

// stand tells how much of an upload has come, and where it goes on.
func (x *exchange) stand(name, id string, n int64) {
	h := x.w.Header()
	h.Set("Location", x.prefix()+"/v2/"+name+"/blobs/uploads/"+id)
	h.Set("Docker-Upload-Uuid", id)
	h.Set("Range", fmt.Sprintf("0-%d", max(n-1, 0)))
	h.Set("Content-Length", "0")
}

// done tells where a blob lies.
func (x *exchange) done(name, digest string) {
	h := x.w.Header()
	h.Set("Location", x.prefix()+"/v2/"+name+"/blobs/"+digest)
	h.Set("Docker-Content-Digest", digest)
	h.Set("Content-Length", "0")
	x.w.WriteHeader(http.StatusCreated)
}

// prefix is what the server took off the path before it came here.
func (x *exchange) prefix() string {
	full, _, _ := strings.Cut(x.r.RequestURI, "?")
	before, found := strings.CutSuffix(full, x.r.URL.EscapedPath())
	if !found {
		return ""
	}
	return before
}
