package codec

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// maxInflated bounds what a compressed request may become, in bytes.
const maxInflated = 64 << 20

// inflate undoes the compression that clients apply to large requests (smithy.api#requestCompression, gzip only). Bodies
// that don't begin as gzip does are left alone: the chain may have inflated them already.
func inflate(r *http.Request, body []byte) ([]byte, error) {
	encodings := strings.Split(r.Header.Get("Content-Encoding"), ",")
	last := strings.TrimSpace(encodings[len(encodings)-1])
	if !strings.EqualFold(last, "gzip") || len(body) < 2 || body[0] != 0x1f || body[1] != 0x8b {
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, &RequestError{Code: "SerializationException", Message: "the body is not gzip", Status: http.StatusBadRequest}
	}
	out, err := io.ReadAll(io.LimitReader(z, maxInflated+1))
	if err != nil {
		return nil, &RequestError{Code: "SerializationException", Message: "the body is not gzip", Status: http.StatusBadRequest}
	}
	if len(out) > maxInflated {
		return nil, &RequestError{Code: "RequestEntityTooLargeException", Message: "the body is too large", Status: http.StatusRequestEntityTooLarge}
	}
	return out, nil
}

// inflated leaves blob payloads alone, whose encoding is the caller's own (an S3 object may be a gzip file).
func (o *Operation) inflated(r *http.Request, body []byte) ([]byte, error) {
	if o.facts.Compression == nil && o.StreamsIn() {
		return body, nil
	}
	return inflate(r, body)
}
