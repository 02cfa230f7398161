package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
)

// objects measures S3 against moto and stand-alone versitygw.
func objects(ctx context.Context, o options) (section, error) {
	small, large := make([]byte, 1<<10), make([]byte, 64<<20)
	_, _ = rand.Read(small) // never fails
	_, _ = rand.Read(large)
	put := func(s *server, w, n int) *http.Request {
		return object(s, http.MethodPut, fmt.Sprintf("small/%d-%d", w, n%256), small)
	}
	get := func(s *server, _, _ int) *http.Request { return object(s, http.MethodGet, "small/0-0", nil) }
	list := []benchmark{{"PutObject 1 KB", 1, len(small), put}, {"GetObject 1 KB", 1, len(small), get},
		{"PutObject 1 KB", 16, len(small), put}, {"GetObject 1 KB", 16, len(small), get},
		{"PutObject 64 MB", 2, len(large), func(s *server, w, _ int) *http.Request {
			return object(s, http.MethodPut, fmt.Sprintf("large/%d", w), large)
		}},
		{"GetObject 64 MB", 2, len(large), func(s *server, _, _ int) *http.Request {
			return object(s, http.MethodGet, "large/0", nil)
		}}}
	body, err := o.rates(ctx, list, shared, s3Port, moto, versitygw)
	return section{"Objects", body + `
Objects on the shared port take one more step, a socket within the machine, which large reads feel; ` + "`--s3-listen`" + ` gives S3 a port
without it.
`}, err
}

// object makes a request for an object. Large bodies are not hashed: that would measure the client.
func object(s *server, method, key string, body []byte) *http.Request {
	var reader io.Reader
	payload := hash(nil)
	if body != nil {
		reader = bytes.NewReader(body)
		payload = "UNSIGNED-PAYLOAD"
		if len(body) < 1<<20 {
			payload = hash(body)
		}
	}
	r, _ := http.NewRequest(method, s.url+"/bench/"+key, reader) // the URL is ours
	r.Header.Set("X-Amz-Content-Sha256", payload)
	s.sign(r, "s3", payload)
	return r
}
