package hosting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// Request is what somebody asks of a model.
type Request struct {
	Variant   string // "": by weight
	Model     string // of a multi-model container
	Container string // of a model whose containers are invoked directly
	Header    http.Header
	Body      []byte
}

// BrokenError is of a container that did not answer to the end.
type BrokenError struct{ Why string }

// Error says why, as far as it is known.
func (e *BrokenError) Error() string { return "The model server closed the connection." + e.Why }

// Answer is what a model answered. Body must be closed.
type Answer struct {
	Status  int
	Header  http.Header
	Body    io.ReadCloser
	Variant string
	Count   int           // instances that the variant has; 0: it is serverless
	Waited  time.Duration // for an instance
}

// Errors of an invocation, besides ErrBusy, ErrGone and those of ctx.
var (
	ErrNoVariant   = errors.New("no such variant")
	ErrNoContainer = errors.New("no such container")
	ErrNoModel     = errors.New("no such model")
)

// Invoke has a model answer. The answer's body is the container's own, as it comes. With an error there is no answer, but for the variant
// when one was chosen.
func (e *Endpoint) Invoke(ctx context.Context, r Request) (Answer, error) {
	for copied := false; ; {
		v, shadow, err := e.route(r.Variant)
		if err != nil {
			return Answer{}, err
		}
		if shadow != nil && !copied {
			copied = true
			go shadowed(context.WithoutCancel(ctx), shadow, r)
		}
		if a, err := v.invoke(ctx, r); err != errOver {
			a.Variant, a.Count = v.spec.Name, v.count()
			return a, err
		}
	}
}

// route chooses a variant, and another that gets a copy.
func (e *Endpoint) route(name string) (v, shadow *variant, err error) {
	e.mu.RLock()
	g := e.now
	if e.next != nil && (g == nil || rand.Float64() < e.part) {
		g = e.next
	}
	e.mu.RUnlock()
	if g == nil {
		return nil, nil, ErrGone
	}
	if v = g.choose(name); v == nil {
		return nil, nil, ErrNoVariant
	}
	for _, s := range g.shadows {
		if s.share() > 0 && rand.Float64()*v.share() < s.share() {
			shadow = s
		}
	}
	return v, shadow, nil
}

func (v *variant) share() float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.weight
}

// count is how many instances of its own it has.
func (v *variant) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.want
}

func (g *generation) choose(name string) *variant {
	if name != "" {
		for _, v := range g.variants {
			if v.spec.Name == name {
				return v
			}
		}
		return nil
	}
	if len(g.variants) == 1 {
		return g.variants[0]
	}
	sum := 0.0
	for _, v := range g.variants {
		sum += v.share()
	}
	at := rand.Float64() * sum
	for _, v := range g.variants {
		if at -= v.share(); at < 0 {
			return v
		}
	}
	return g.variants[len(g.variants)-1]
}

// shadowed gives a variant a copy of a request and forgets the answer.
func shadowed(ctx context.Context, v *variant, r Request) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	a, err := v.invoke(ctx, r)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, a.Body)
	_ = a.Body.Close()
}

// tries is how many instances get a request that the ones before never received.
const tries = 3

func (v *variant) invoke(ctx context.Context, r Request) (Answer, error) {
	for n, begun := 1, time.Now(); ; n++ {
		i, give, err := v.take(ctx)
		if err != nil {
			return Answer{}, err
		}
		waited := time.Since(begun)
		a, err := i.invoke(ctx, v.spec.Model.Direct, r)
		if err != nil {
			give()
			if n < tries && errors.As(err, new(unsent)) && ctx.Err() == nil {
				select { // it may be about to end: then the next one is another
				case <-i.gone:
					v.drop(i)
				case <-time.After(connectTime):
				}
				continue
			}
			return Answer{}, err
		}
		a.Body, a.Waited = &given{a.Body, give}, waited
		return a, nil
	}
}

// given gives the instance back with the answer.
type given struct {
	io.ReadCloser
	give func()
}

// Close closes the body.
func (g *given) Close() error {
	defer g.give()
	return g.ReadCloser.Close()
}

// invoke takes a request through the instance's containers.
func (i *instance) invoke(ctx context.Context, direct bool, r Request) (Answer, error) {
	line := i.containers
	if direct || r.Container != "" {
		line = nil
		for _, c := range i.containers {
			if c.Host == r.Container && direct {
				line = []*server{c}
			}
		}
		if line == nil {
			return Answer{}, ErrNoContainer
		}
	}
	header, body := r.Header, r.Body
	for n, c := range line {
		a, err := c.invoke(ctx, r.Model, header, body)
		if err != nil || n == len(line)-1 || a.Status >= 300 {
			return a, err
		}
		// The answer of one is the request of the next.
		body, err = io.ReadAll(io.LimitReader(a.Body, MaxAnswer+1))
		_ = a.Body.Close()
		if err != nil {
			return Answer{}, err
		}
		if len(body) > MaxAnswer {
			return Answer{}, ErrTooLarge
		}
		if header = header.Clone(); header == nil {
			header = http.Header{}
		}
		header.Set("Content-Type", a.Header.Get("Content-Type"))
	}
	return Answer{}, ErrNoContainer
}

// MaxAnswer is the most of an answer, in bytes.
const MaxAnswer = 100 << 20

// ErrTooLarge is an answer of more than MaxAnswer.
var ErrTooLarge = fmt.Errorf("answer has more than %d MB", MaxAnswer>>20)

func (c *server) invoke(ctx context.Context, model string, header http.Header, body []byte) (Answer, error) {
	path := "/invocations"
	switch {
	case c.models == nil && model != "":
		return Answer{}, ErrNoModel
	case c.models != nil:
		loaded, done, err := c.models.load(ctx, model)
		if err != nil {
			return Answer{}, err
		}
		defer done()
		path = "/models/" + loaded + "/invoke"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url(path), bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for k, v := range header {
		r.Header[k] = v
	}
	if model != "" {
		r.Header.Set("X-Amzn-SageMaker-Target-Model", model)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		if ctx.Err() != nil || errors.As(err, new(unsent)) {
			return Answer{}, err
		}
		return Answer{}, c.broken()
	}
	return Answer{Status: answer.StatusCode, Header: answer.Header, Body: answer.Body}, nil
}

// endTime is how long after its connection the end of a process may show.
const endTime = 200 * time.Millisecond

// broken tells why a container has not answered: it may just be ending.
func (c *server) broken() error {
	select {
	case <-c.process.Done():
		return &BrokenError{why(c, nil)}
	case <-time.After(endTime):
		return &BrokenError{}
	}
}

// Get asks an instance's first container for something else than a prediction, such as /execution-parameters.
func (e *Endpoint) Get(ctx context.Context, path string) (Answer, error) {
	v, _, err := e.route("")
	if err != nil {
		return Answer{}, err
	}
	i, give, err := v.take(ctx)
	if err != nil {
		return Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url(path), nil)
	if err != nil {
		give()
		return Answer{}, err
	}
	answer, err := i.containers[0].client.Do(r)
	if err != nil {
		give()
		return Answer{}, err
	}
	return Answer{Status: answer.StatusCode, Header: answer.Header, Body: &given{answer.Body, give}, Variant: v.spec.Name}, nil
}

// Ready waits until there is an instance for a request.
func (e *Endpoint) Ready(ctx context.Context) error {
	for {
		v, _, err := e.route("")
		if err != nil {
			return err
		}
		v.mu.Lock()
		there, changed := len(v.ready) > 0 || v.max > 0, v.changed
		v.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
