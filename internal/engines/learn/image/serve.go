package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// port is where a container serves.
const port = 8080

// body is the most of a request, in bytes.
const body = 100 << 20

// server answers for a model, or for many.
type server struct {
	algorithm learn.Algorithm
	env       map[string]string
	dir       string // of the container's files: /opt/ml

	ready chan struct{} // closed when one or err is set
	one   learn.Model
	err   error
	many  sync.Map // learn.Model, by name
}

// Serve answers on port 8080 until ctx ends. dir is /opt/ml.
func Serve(ctx context.Context, a learn.Algorithm, dir string, env map[string]string) error {
	s := &server{algorithm: a, env: env, dir: dir, ready: make(chan struct{})}
	if env["SAGEMAKER_MULTI_MODEL"] == "true" {
		close(s.ready)
	} else {
		go func() {
			defer close(s.ready)
			s.one, s.err = a.Load(filepath.Join(dir, "model"), env)
		}()
	}
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	h := &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	stopped := context.AfterFunc(ctx, func() { _ = h.Shutdown(context.WithoutCancel(ctx)) })
	defer stopped()
	go func() { // a model that cannot be loaded ends the program: what serves nothing shall not run
		<-s.ready
		if s.err != nil {
			_ = h.Close()
		}
	}()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve: %w", err)
	}
	if s.err != nil {
		return fmt.Errorf("cannot load the model: %w", s.err)
	}
	return nil
}

func (s *server) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /ping", s.ping)
	m.HandleFunc("GET /execution-parameters", s.parameters)
	m.HandleFunc("POST /invocations", s.invoke)
	m.HandleFunc("POST /models", s.load)
	m.HandleFunc("GET /models", s.list)
	m.HandleFunc("GET /models/{name}", s.show)
	m.HandleFunc("DELETE /models/{name}", s.unload)
	m.HandleFunc("POST /models/{name}/invoke", s.invokeOne)
	return m
}

func (s *server) ping(w http.ResponseWriter, _ *http.Request) {
	select {
	case <-s.ready:
	default:
		http.Error(w, "the model is being loaded", http.StatusServiceUnavailable)
	}
}

// parameters is what suits the model in a batch transform.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
func (s *server) parameters(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"MaxConcurrentTransforms": runtime.NumCPU(), "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *server) invoke(w http.ResponseWriter, r *http.Request) {
	<-s.ready
	if s.one == nil {
		http.Error(w, "there is no model", http.StatusNotFound)
		return
	}
	predict(s.one, w, r)
}

func predict(m learn.Model, w http.ResponseWriter, r *http.Request) {
	kind, accept := r.Header.Get("Content-Type"), r.Header.Get("Accept")
	gives, err := m.Answers(kind, accept)
	var out bytes.Buffer
	if err == nil {
		err = m.Predict(r.Context(), kind, accept, http.MaxBytesReader(w, r.Body, body), &out)
	}
	var large *http.MaxBytesError
	var refused *learn.RequestError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
	case errors.As(err, &refused):
		http.Error(w, refused.Message, refused.Status)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", gives)
		w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
		_, _ = io.Copy(w, &out)
	}
}
