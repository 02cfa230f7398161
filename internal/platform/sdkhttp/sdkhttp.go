// Package sdkhttp carries requests of the AWS SDK for Go over sockets.
package sdkhttp

import (
	"io"
	"net/http"
)

// Plain sends bodies by Read alone. The SDK closes a request's body when the answer begins, and from then on its WriteTo
// returns io.EOF; when the transport has just sent a request of more than 4 KB, it looks for bytes beyond its length in
// that way, takes the error for a broken request, and closes the connection under an answer that is still being read.
func Plain(next http.RoundTripper) http.RoundTripper { return plain{next} }

type plain struct{ http.RoundTripper }

// RoundTrip sends r.
func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.RoundTripper.RoundTrip(r)
}
