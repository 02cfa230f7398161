package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const apiPrefix = "/2018-06-01/runtime/"

// ServeHTTP is the Runtime API of one process. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func (e *environment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, apiPrefix)
	switch {
	case !ok:
		http.NotFound(w, r)
	case rest == "invocation/next" && r.Method == http.MethodGet:
		e.next(w, r)
	case rest == "init/error" && r.Method == http.MethodPost:
		e.initError(w, r)
	case r.Method == http.MethodPost:
		rest, ok := strings.CutPrefix(rest, "invocation/")
		id, what, two := strings.Cut(rest, "/")
		if !ok || !two || what != "response" && what != "error" {
			http.NotFound(w, r)
			return
		}
		e.mu.Lock()
		j := e.job
		e.mu.Unlock()
		if j == nil || j.RequestID != id {
			refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
			return
		}
		if what == "response" {
			e.response(w, r, j)
		} else {
			e.invocationError(w, r, j)
		}
	default:
		http.NotFound(w, r)
	}
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}

func accept(w http.ResponseWriter) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

// next hands out the next event, however long that takes.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	if j := e.job; j != nil && !j.isAnswered() {
		e.mu.Unlock()
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the last invocation has not been answered")
		return
	}
	e.job = nil
	if e.first.IsZero() {
		e.first = time.Now()
	}
	if !e.waits {
		e.waits = true
		close(e.ready)
	}
	e.mu.Unlock()
	select {
	case j := <-e.jobs:
		e.hand(w, j)
	case <-r.Context().Done():
	}
}

func (e *environment) hand(w http.ResponseWriter, j *job) {
	e.started(j)
	e.mu.Lock()
	e.job, e.waits, e.ready = j, false, make(chan struct{})
	j.began = time.Now()
	j.deadline = j.began.Add(e.f.Timeout)
	e.mu.Unlock()
	close(j.taken)
	h := w.Header()
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	set("Lambda-Runtime-Aws-Request-Id", j.RequestID)
	set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(j.deadline.UnixMilli(), 10))
	set("Lambda-Runtime-Invoked-Function-Arn", j.InvokedARN)
	set("Lambda-Runtime-Trace-Id", j.TraceID)
	set("Lambda-Runtime-Client-Context", j.ClientContext)
	set("Lambda-Runtime-Cognito-Identity", j.CognitoIdentity)
	set("Content-Type", "application/json")
	set("Content-Length", strconv.Itoa(len(j.Payload)))
	_, _ = w.Write(j.Payload)
}

func (j *job) isAnswered() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.answered
}

// maxStreamed is the most of a streamed answer, in bytes.
const maxStreamed = 200 << 20

// response takes an answer, whole or in pieces.
func (e *environment) response(w http.ResponseWriter, r *http.Request, j *job) {
	mode := r.Header.Get("Lambda-Runtime-Function-Response-Mode")
	if mode != "" && mode != "streaming" {
		refuse(w, http.StatusBadRequest, "Runtime.InvalidResponseModeHeader", "Lambda-Runtime-Function-Response-Mode must be streaming")
		return
	}
	var body []byte
	var err error
	if j.out != nil {
		j.out.start(r.Header.Get("Content-Type"))
		limit := int64(MaxPayload)
		if mode != "" {
			limit = maxStreamed
		}
		err = copyUpTo(j.out, r.Body, limit)
	} else {
		body, err = readUpTo(r.Body, r.ContentLength, MaxPayload)
	}
	switch {
	case errors.Is(err, errTooLarge):
		j.finish(nil, tooLarge())
		refuse(w, http.StatusRequestEntityTooLarge, responseTooLarge, tooLarge().message)
	case err != nil:
		j.finish(nil, &failure{kind: "Runtime.TruncatedResponse", message: "Runtime returned a truncated response"})
	default:
		j.finish(body, trailed(r.Trailer))
		accept(w)
	}
}

// trailed is the error that a streamed answer ended with, if one did.
func trailed(h http.Header) *failure {
	kind := h.Get("Lambda-Runtime-Function-Error-Type")
	if kind == "" {
		return nil
	}
	text := h.Get("Lambda-Runtime-Function-Error-Body")
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(body) == 0 {
		body = []byte(`{"errorType":` + strconv.Quote(kind) + `}`)
	}
	return reported(kind, body)
}

var errTooLarge = errors.New("too large")

func copyUpTo(w io.Writer, r io.Reader, limit int64) error {
	n, err := io.Copy(w, io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errTooLarge
	}
	return err
}

func readUpTo(r io.Reader, length, limit int64) ([]byte, error) {
	if length > limit {
		return nil, errTooLarge
	}
	if length >= 0 {
		b := make([]byte, length)
		_, err := io.ReadFull(r, b)
		return b, err
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errTooLarge
	}
	return b, err
}

// invocationError takes a function's error.
func (e *environment) invocationError(w http.ResponseWriter, r *http.Request, j *job) {
	body, err := readUpTo(r.Body, r.ContentLength, MaxPayload)
	if err != nil {
		j.finish(nil, tooLarge())
		refuse(w, http.StatusRequestEntityTooLarge, responseTooLarge, tooLarge().message)
		return
	}
	j.finish(nil, reported(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body))
	accept(w)
}

// initError takes an error of the initialization; the runtime ends after it.
func (e *environment) initError(w http.ResponseWriter, r *http.Request) {
	body, err := readUpTo(r.Body, r.ContentLength, 256<<10)
	if err != nil {
		body = []byte(`{"errorType":"Runtime.Unknown"}`)
	}
	e.mu.Lock()
	e.failed = reported(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body)
	e.mu.Unlock()
	accept(w)
}
