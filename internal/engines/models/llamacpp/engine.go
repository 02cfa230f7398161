package llamacpp

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/hybridgroup/yzma/pkg/llama"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// batchTokens is how many tokens one step computes.
const batchTokens = 512

// engine is a model that is loaded. Its context belongs to the goroutine of loop alone.
type engine struct {
	runtime *Runtime
	model   *Model
	need    int64
	users   int // guarded by the runtime

	loadedAt chan struct{} // closed when it is loaded, or cannot be
	err      error
	weights  llama.Model
	vocab    llama.Vocab
	ctx      llama.Context
	memory   llama.Memory
	batch    llama.Batch
	bos      bool
	first    string // the token that texts begin with, as text
	last     string // and end with
	controls []string
	longest  int // bytes of a token at most

	queue chan *sequence
	quit  chan struct{}
	done  chan struct{}

	embedding sync.Mutex // held by who computes vectors
	vectors   llama.Context
}

func newEngine(r *Runtime, m *Model) *engine {
	return &engine{runtime: r, model: m, need: m.need, loadedAt: make(chan struct{}), queue: make(chan *sequence),
		quit: make(chan struct{}), done: make(chan struct{})}
}

// start loads the model and runs it until close.
func (e *engine) start() {
	go func() {
		defer close(e.done)
		e.err = e.open()
		close(e.loadedAt)
		if e.err != nil {
			return
		}
		if e.ctx != 0 {
			e.loop()
			_ = llama.BatchFree(e.batch)
			_ = llama.Free(e.ctx)
		} else {
			<-e.quit
		}
		e.embedding.Lock()
		if e.vectors != 0 {
			_ = llama.Free(e.vectors)
		}
		e.embedding.Unlock()
		_ = llama.ModelFree(e.weights)
	}()
}

func (e *engine) open() error {
	if err := e.runtime.load(); err != nil {
		return err
	}
	unloadable := func(err error) error {
		return &models.Error{Kind: models.Unavailable, Text: "The model cannot be loaded.", Cause: fmt.Errorf("cannot load %s: %w", e.model.spec.File, err)}
	}
	p := llama.ModelDefaultParams()
	var err error
	if e.weights, err = llama.ModelLoadFromFile(e.model.spec.File, p); err != nil {
		return unloadable(err)
	}
	e.vocab = llama.ModelGetVocab(e.weights)
	e.bos = llama.VocabGetAddBOS(e.vocab)
	e.first, e.last = llama.VocabGetText(e.vocab, llama.VocabBOS(e.vocab)), llama.VocabGetText(e.vocab, llama.VocabEOS(e.vocab))
	e.controls, e.longest = controls(e.vocab)
	if e.model.header.Embedding() {
		return nil // it has no use for a context of text
	}
	c := llama.ContextDefaultParams()
	c.NCtx = uint32(e.model.spec.Context * e.model.spec.Parallel)
	c.NBatch, c.NUbatch = batchTokens, batchTokens
	c.NSeqMax = uint32(e.model.spec.Parallel)
	c.NThreads, c.NThreadsBatch = int32(e.runtime.cfg.Threads), int32(e.runtime.cfg.Threads)
	c.NoPerf = 1
	if e.ctx, err = llama.InitFromModel(e.weights, c); err != nil {
		_ = llama.ModelFree(e.weights)
		return unloadable(err)
	}
	if e.memory, err = llama.GetMemory(e.ctx); err != nil {
		_ = llama.Free(e.ctx)
		_ = llama.ModelFree(e.weights)
		return unloadable(err)
	}
	e.batch = llama.BatchInit(batchTokens, 0, 1)
	return nil
}

// ready waits until the engine is loaded.
func (e *engine) ready(ctx context.Context) error {
	select {
	case <-e.loadedAt:
		return e.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// broken tells that the engine could not be loaded.
func (e *engine) broken() bool {
	select {
	case <-e.loadedAt:
		return e.err != nil
	default:
		return false
	}
}

// close unloads the model, after what it is asked now.
func (e *engine) close() {
	close(e.quit)
	<-e.done
}

// tokens cuts a prompt into tokens. The marks of turns that the template wrote are tokens of their own; those that somebody said
// are text.
func (e *engine) tokens(prompt []piece) []llama.Token {
	var list []llama.Token
	for _, p := range prompt {
		list = append(list, llama.Tokenize(e.vocab, plain(p.text), false, !p.said)...)
	}
	if begin := llama.VocabBOS(e.vocab); e.bos && (len(list) == 0 || list[0] != begin) {
		list = append([]llama.Token{begin}, list...)
	}
	return list
}

// controls are the texts of the tokens that mean something to the model, such as the marks of turns, and longest the length of any.
func controls(v llama.Vocab) (list []string, longest int) {
	for t := range llama.VocabNTokens(v) {
		text := llama.VocabGetText(v, llama.Token(t))
		longest = max(longest, len(text))
		if llama.VocabGetAttr(v, llama.Token(t))&(llama.TokenAttrControl|llama.TokenAttrUnknown) != 0 && len(text) > 2 {
			list = append(list, text)
		}
	}
	return list, longest
}

// fits refuses a request of so many bytes that it cannot fit into the model's context whatever its tokens are: to count those of a
// long text takes minutes.
func (e *engine) fits(r models.Request) error {
	n := len(r.System) + len(r.Prompt)
	for _, t := range r.Turns {
		for _, c := range t.Content {
			if n += len(c.Text); c.Result != nil {
				n += len(c.Result.Text)
			}
		}
	}
	if e.longest > 0 && n > e.model.spec.Context*e.longest {
		return models.Errorf(models.Invalid, "Input is too long for requested model: it has %d bytes, and the model takes %d tokens.", n, e.model.spec.Context)
	}
	return nil
}

// plain is a text without NUL, at which the library would end it.
func plain(s string) string { return strings.ReplaceAll(s, "\x00", "") }
