package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// version is the oldest API that has what is used here (Docker 20.10).
const version = "/v1.41"

// daemon is the API at a socket.
type daemon struct{ http *http.Client }

func newDaemon(socket string) daemon {
	return daemon{&http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}}
}

// fault is an error that the daemon told.
type fault struct {
	status  int
	Message string
}

// Error is the daemon's text.
func (f *fault) Error() string { return "docker: " + strings.TrimSpace(f.Message) }

// do calls the API. in is nil, a reader of a tar archive or what becomes JSON. The body of the answer must be closed.
func (d daemon) do(ctx context.Context, method, path string, q url.Values, in any) (io.ReadCloser, error) {
	var body io.Reader
	kind := "application/json"
	switch v := in.(type) {
	case nil:
	case io.Reader:
		body, kind = v, "application/x-tar"
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://docker"+version+path+"?"+q.Encode(), body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := d.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the Docker daemon: %w", err)
	}
	if answer.StatusCode >= 400 {
		f := &fault{status: answer.StatusCode, Message: answer.Status}
		_ = json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(f)
		_ = answer.Body.Close()
		return nil, f
	}
	return answer.Body, nil
}

// call calls the API and reads its answer into out, unless that is nil.
func (d daemon) call(ctx context.Context, method, path string, q url.Values, in, out any) error {
	body, err := d.do(ctx, method, path, q, in)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if out == nil {
		_, err = io.Copy(io.Discard, body)
		return err
	}
	return json.NewDecoder(body).Decode(out)
}

// load makes an image of a tar archive of its root.
func (d daemon) load(ctx context.Context, repository, tag string, archive io.Reader) error {
	body, err := d.do(ctx, http.MethodPost, "/images/create", url.Values{"fromSrc": {"-"}, "repo": {repository}, "tag": {tag}}, archive)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	for lines := json.NewDecoder(body); ; { // it tells how it goes, and so of errors
		var m struct{ Error string }
		if err := lines.Decode(&m); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != "" {
			return &fault{Message: m.Error}
		}
	}
}
