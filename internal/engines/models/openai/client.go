// Package openai asks a server that speaks OpenAI's API: chat completions with streams and tools, completions and embeddings.
// Source: https://platform.openai.com/docs/api-reference
package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

const (
	// firstTimeout is how long an answer may stand still when nothing else is said.
	firstTimeout = 120 * time.Second
	// maxAnswer bounds an answer, maxLine a line of a stream and maxFault what is read of an error, in bytes.
	maxAnswer = 64 << 20
	maxLine   = 8 << 20
	maxFault  = 16 << 10
)

// Config says which server is asked for what.
type Config struct {
	URL     string                 // up to and with /v1
	Model   string                 // its name there
	Key     func() (string, error) // "" when none is needed
	Timeout time.Duration          // in which an answer must go on; 0: two minutes
	Images  bool                   // the model sees them
}

// Model is a model of a server. It implements models.Model.
type Model struct {
	cfg    Config
	client *http.Client
}

// New makes a model. Nothing is asked yet.
func New(c Config) *Model {
	if c.Timeout <= 0 {
		c.Timeout = firstTimeout
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.ForceAttemptHTTP2 = true
	return &Model{cfg: c, client: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the key is for this server alone
	}}}
}

var errStill = errors.New("the server stood still")

// call is a request under way.
type call struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	clock  *time.Timer
	wait   time.Duration
	body   io.ReadCloser
	left   int64
	key    string // which nobody is told
}

// post asks for path. The answer has status 200.
func (m *Model) post(ctx context.Context, path string, in any) (*call, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("cannot ask: %w", err)
	}
	key, err := m.cfg.Key()
	if err != nil {
		return nil, &models.Error{Kind: models.Denied, Text: "The key of the model's server is not configured.", Cause: err}
	}
	c := &call{wait: m.cfg.Timeout, left: maxAnswer, key: key}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.clock = time.AfterFunc(c.wait, func() { c.cancel(errStill) })
	r, err := http.NewRequestWithContext(c.ctx, http.MethodPost, strings.TrimSuffix(m.cfg.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		c.close()
		return nil, fmt.Errorf("cannot ask: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := m.client.Do(r)
	if err != nil {
		err = c.fault(ctx, err)
		c.close()
		return nil, err
	}
	c.body = answer.Body
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(c, maxFault))
		c.close()
		return nil, fault(answer.StatusCode, text, key)
	}
	return c, nil
}

// Read reads on. Whatever comes winds the clock up.
func (c *call) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the answer is too long")
	}
	n, err := c.body.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if n > 0 {
		c.clock.Reset(c.wait)
	}
	return n, err
}

func (c *call) close() {
	c.clock.Stop()
	c.cancel(nil)
	if c.body != nil {
		_ = c.body.Close()
	}
}

// fault tells why a connection failed. ctx is the caller's.
func (c *call) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(context.Cause(c.ctx), errStill) {
		return &models.Error{Kind: models.Late, Text: "The model timed out.", Cause: err}
	}
	if c.body == nil {
		return &models.Error{Kind: models.Unavailable, Text: "The model's server cannot be reached.", Cause: err}
	}
	return &models.Error{Kind: models.Broken, Text: "The answer of the model's server broke off.", Cause: err}
}

// addresses are nothing that callers need to know.
var addresses = regexp.MustCompile(`(?i)\b[a-z]+://\S+|\b(sk|key|bearer|token)[-_ :=][^\s"']{6,}`)

// fault turns an error of the server into one that callers may read.
func fault(status int, body []byte, key string) error {
	text := message(body)
	if key != "" {
		text = strings.ReplaceAll(text, key, "…")
	}
	cause := fmt.Errorf("the server answered %d: %s", status, text)
	text = addresses.ReplaceAllString(text, "…")
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	e := &models.Error{Kind: models.Broken, Text: "The model's server failed.", Status: status, Cause: cause}
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		e.Kind, e.Text = models.Invalid, "The model does not take this request: "+text
		if low := strings.ToLower(text); strings.Contains(low, "context") && (strings.Contains(low, "exceed") || strings.Contains(low, "maximum")) {
			e.Text = "Input is too long for requested model."
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Kind, e.Text = models.Denied, "The model's server does not allow this."
	case http.StatusNotFound:
		e.Kind, e.Text = models.Unavailable, "The model's server does not have the model."
	case http.StatusTooManyRequests:
		e.Kind, e.Text = models.Busy, "Too many requests, please wait before trying again."
	case http.StatusServiceUnavailable:
		e.Kind, e.Text = models.Unavailable, "The model's server is not ready."
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		e.Kind, e.Text = models.Late, "The model timed out."
	}
	return e
}

// message reads the text of an error.
func message(body []byte) string {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	var inner struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(e.Error, &inner) == nil && inner.Message != "" {
		return inner.Message
	}
	var text string
	if json.Unmarshal(e.Error, &text) == nil && text != "" {
		return text
	}
	if e.Message != "" {
		return e.Message
	}
	return string(e.Detail)
}
