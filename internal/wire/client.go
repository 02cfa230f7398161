package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// sessionLife is how long the credentials of an in-process client hold before they are made anew.
const sessionLife = time.Hour

// AWSConfig is the SDK's configuration for calls from within the server: signed for p and taken through the whole chain,
// without a socket. A service so calls another with no more right than p has.
func (c *Chain) AWSConfig(p authz.Principal, region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://atelier.internal"),
		HTTPClient:   &http.Client{Transport: transport{c}},
		Credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			k, err := c.cfg.Directory.Issue(p, sessionLife)
			if err != nil {
				return aws.Credentials{}, err
			}
			return aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken,
				CanExpire: true, Expires: k.Expires}, nil
		})),
	}
}

// InProcess carries requests to a handler of this process, without a socket. The name of the host chooses what the handler makes of it.
func InProcess(h http.Handler) http.RoundTripper { return transport{h} }

// transport carries requests to the chain.
type transport struct{ h http.Handler }

// RoundTrip returns when the answer begins; its body is read while it is written.
func (t transport) RoundTrip(out *http.Request) (*http.Response, error) {
	r := out.Clone(out.Context())
	r.RequestURI = out.URL.RequestURI()
	r.Host = out.Host
	if r.Host == "" {
		r.Host = out.URL.Host
	}
	r.RemoteAddr = "127.0.0.1:0"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	pr, pw := io.Pipe()
	w := &piped{header: http.Header{}, body: pw, begun: make(chan struct{})}
	go func() {
		defer func() {
			if p := recover(); p != nil { // the chain catches handlers' panics; http.ErrAbortHandler is left
				w.WriteHeader(http.StatusInternalServerError)
				_ = pw.CloseWithError(errors.New("request was aborted"))
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = pw.Close()
		}()
		t.h.ServeHTTP(w, r)
	}()
	select {
	case <-w.begun:
	case <-out.Context().Done():
		_ = pr.CloseWithError(out.Context().Err())
		return nil, out.Context().Err()
	}
	return &http.Response{Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: pr, ContentLength: -1, Request: out}, nil
}

// piped is the answer of an in-process request.
type piped struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	begun        chan struct{}
}

// Header gives the headers to be sent.
func (w *piped) Header() http.Header { return w.header }

// WriteHeader begins the answer.
func (w *piped) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status, w.sent = status, w.header.Clone()
	close(w.begun)
}

// Write sends a part of the body, and waits until it is read.
func (w *piped) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush begins the answer: nothing is kept back.
func (w *piped) Flush() { w.WriteHeader(http.StatusOK) }
