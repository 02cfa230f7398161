package llamacpp

import (
	"context"
	"fmt"
	"os"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
)

// Spec says which file a model is and how it is run.
type Spec struct {
	File     string
	Context  int // tokens of one request and its answer; 0: what the model was trained for, at most firstContext
	Parallel int // requests that are computed together; 0: firstParallel
}

const (
	firstContext  = 8192
	firstParallel = 4
	// maxContext and maxParallel bound what a configuration can ask for.
	maxContext  = 1 << 20
	maxParallel = 64
)

// Model is a GGUF file. It implements models.Model.
type Model struct {
	runtime *Runtime
	spec    Spec
	header  *gguf.Header
	need    int64 // bytes
	chat    *template
}

// Open reads what a file says of itself. It is not loaded yet.
func (r *Runtime) Open(s Spec) (*Model, error) {
	h, err := gguf.Open(s.File)
	if err != nil {
		return nil, &models.Error{Kind: models.Unavailable, Text: "The file of the model cannot be read.", Cause: err}
	}
	info, err := os.Stat(s.File)
	if err != nil {
		return nil, fmt.Errorf("cannot read model: %w", err)
	}
	if s.Context <= 0 {
		s.Context = min(h.Context(), firstContext)
	}
	if s.Context <= 0 {
		s.Context = 2048
	}
	if n := h.Context(); n > 0 {
		s.Context = min(s.Context, n)
	}
	s.Context = min(s.Context, maxContext)
	if s.Parallel <= 0 {
		s.Parallel = firstParallel
	}
	s.Parallel = min(s.Parallel, maxParallel)
	m := &Model{runtime: r, spec: s, header: h}
	m.need = info.Size() + h.Cache(s.Context*s.Parallel) + 64<<20
	if m.chat, err = newTemplate(h); err != nil {
		return nil, &models.Error{Kind: models.Unavailable, Text: "The chat template of the model cannot be read.", Cause: err}
	}
	return m, nil
}

// Header is what the file says of itself.
func (m *Model) Header() *gguf.Header { return m.header }

// Count tells how many tokens a request is.
func (m *Model) Count(ctx context.Context, r models.Request) (int, error) {
	e, err := m.runtime.acquire(ctx, m)
	if err != nil {
		return 0, err
	}
	defer m.runtime.release(e)
	if err := e.fits(r); err != nil {
		return 0, err
	}
	prompt, err := m.chat.prompt(r, e)
	if err != nil {
		return 0, err
	}
	return len(e.tokens(prompt)), nil
}

// Stream answers a request.
func (m *Model) Stream(ctx context.Context, r models.Request, sink models.Sink) (models.Answer, error) {
	if m.header.Embedding() {
		return models.Answer{}, models.Errorf(models.Invalid, "The model makes embeddings and no text.")
	}
	grammar, err := m.chat.grammar(r)
	if err != nil {
		return models.Answer{}, err
	}
	e, err := m.runtime.acquire(ctx, m)
	if err != nil {
		return models.Answer{}, err
	}
	defer m.runtime.release(e)
	if err := e.fits(r); err != nil {
		return models.Answer{}, err
	}
	prompt, err := m.chat.prompt(r, e)
	if err != nil {
		return models.Answer{}, err
	}
	tokens := e.tokens(prompt)
	if len(tokens) == 0 {
		return models.Answer{}, models.Errorf(models.Invalid, "The prompt has no tokens.")
	}
	room := m.spec.Context - len(tokens)
	if room < 1 {
		return models.Answer{}, models.Errorf(models.Invalid, "Input is too long for requested model: it has %d tokens, and the model takes %d.",
			len(tokens), m.spec.Context)
	}
	if r.Sampling.MaxTokens <= 0 || r.Sampling.MaxTokens > room {
		r.Sampling.MaxTokens = room
	}
	return e.answer(ctx, job{tokens: tokens, sampling: r.Sampling, grammar: grammar}, newWriter(r, sink))
}
