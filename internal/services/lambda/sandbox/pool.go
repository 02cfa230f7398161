package sandbox

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/platform/clock"
)

// Config is what a pool needs.
type Config struct {
	// Driver runs the processes.
	Driver compute.Driver
	// Dir is where language runtimes are kept. Several servers may use one.
	Dir string
	// Layers is where merged layers are kept; "": in Dir.
	Layers string
	// Endpoint serves AWS_ENDPOINT_URL inside the sandboxes: the server's own handler.
	Endpoint http.Handler
	// Clock is the server's.
	Clock clock.Clock
	// Idle is how long a process waits for its next event before it ends; 0 is 5 minutes.
	Idle time.Duration
	// MaxProcesses is how many processes there may be at once; 0 is 200. When there are as many, the one that has waited longest makes
	// room for a new one; when all are busy, Invoke returns ErrBusy.
	MaxProcesses int
	// Search are directories that hold language interpreters, patterns of filepath.Match included; nil is language.DefaultSearch.
	Search []string
}

// Pool runs functions.
type Pool struct {
	cfg      Config
	endpoint *http.Server
	runtimes *runtimes

	mu     sync.Mutex
	shelf  map[string]*shelf // by Function.key()
	count  int               // of environments
	closed bool
	live   sync.WaitGroup
}

// shelf holds the environments of one version of a function.
type shelf struct {
	idle     []*environment // the last one was used last
	all      map[*environment]bool
	reserved int      // how many Prepare keeps
	f        Function // what Prepare was given
}

// ErrBusy is returned when there are as many busy processes as there may be. The caller may try again, as with AWS's
// TooManyRequestsException.
var ErrBusy = errors.New("all processes are busy")

var errClosed = errors.New("the server is stopping")

// New makes a pool. It starts nothing.
func New(cfg Config) *Pool {
	if cfg.Idle == 0 {
		cfg.Idle = 5 * time.Minute
	}
	if cfg.MaxProcesses == 0 {
		cfg.MaxProcesses = 200
	}
	if cfg.Layers == "" {
		cfg.Layers = cfg.Dir
	}
	p := &Pool{cfg: cfg, shelf: map[string]*shelf{}, runtimes: newRuntimes(cfg.Dir, cfg.Layers, cfg.Search)}
	p.endpoint = serverOf(cfg.Endpoint)
	return p
}

func (f Function) key() string { return f.ARN + ":" + f.Version }

// Invoke runs a function once. The error is the platform's (no such runtime, no credentials, ctx done before it began); what went
// wrong in the function is in the Result. sink may be nil; with one, the answer goes there as it comes and Result.Payload stays empty
// unless the function failed. A function that has begun goes on when ctx ends, as in AWS, until its timeout.
func (p *Pool) Invoke(ctx context.Context, f Function, in Invocation, sink Sink) (Result, error) {
	f = f.withDefaults()
	for {
		e, err := p.acquire(ctx, f)
		if err != nil {
			return Result{}, err
		}
		if r, ok := e.invoke(in, sink); ok {
			return r, nil
		}
		// a warm process that died before it got the event: not this event's fault
	}
}

// acquire returns an environment for one invocation: the one that was used last, or a new one.
func (p *Pool) acquire(ctx context.Context, f Function) (*environment, error) {
	for {
		e := p.pop(f)
		if e == nil {
			return p.start(ctx, f)
		}
		if e.wake(f, p.cfg.Clock.Now()) {
			return e, nil
		}
		e.end()
	}
}

func (p *Pool) pop(f Function) *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shelf[f.key()]
	if s == nil || len(s.idle) == 0 {
		return nil
	}
	e := s.idle[len(s.idle)-1]
	s.idle = s.idle[:len(s.idle)-1]
	return e
}

// start makes a new environment, which has no invocation yet.
func (p *Pool) start(ctx context.Context, f Function) (*environment, error) {
	e := newEnvironment(p, f)
	if err := p.enter(e); err != nil {
		return nil, err
	}
	if err := e.start(ctx); err != nil {
		p.gone(e)
		return nil, err
	}
	return e, nil
}

// enter counts a new environment in, and makes room for it when there is none.
func (p *Pool) enter(e *environment) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	if p.count >= p.cfg.MaxProcesses {
		old := p.oldest()
		if old == nil {
			return ErrBusy
		}
		go old.end()
	}
	s := p.shelf[e.f.key()]
	if s == nil {
		s = &shelf{all: map[*environment]bool{}}
		p.shelf[e.f.key()] = s
	}
	s.all[e] = true
	p.count++
	p.live.Add(1)
	return nil
}

// oldest takes the environment out that has waited longest and isn't reserved; nil when there is none.
func (p *Pool) oldest() *environment {
	var from *shelf
	for _, s := range p.shelf {
		if len(s.idle) > 0 && len(s.all) > s.reserved && (from == nil || s.idle[0].since.Before(from.idle[0].since)) {
			from = s
		}
	}
	if from == nil {
		return nil
	}
	e := from.idle[0]
	from.idle = from.idle[1:]
	return e
}

// put makes an environment available again.
func (p *Pool) put(e *environment) {
	p.mu.Lock()
	s := p.shelf[e.f.key()]
	ok := !p.closed && s != nil && s.all[e] && !e.stale
	if ok {
		e.since = time.Now()
		s.idle = append(s.idle, e)
	}
	p.mu.Unlock()
	if !ok {
		e.end()
	}
}

// withdraw takes an idle environment out, and says whether it was idle.
func (p *Pool) withdraw(e *environment, force bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shelf[e.f.key()]
	if s == nil || !force && len(s.all) <= s.reserved {
		return false
	}
	for i, x := range s.idle {
		if x == e {
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
			return true
		}
	}
	return false
}

// gone forgets an environment that has ended. One of those that Prepare keeps is replaced, unless it never got ready.
func (p *Pool) gone(e *environment) {
	p.withdraw(e, true)
	e.mu.Lock()
	worked := !e.first.IsZero()
	e.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shelf[e.f.key()]
	if s == nil || !s.all[e] {
		return
	}
	delete(s.all, e)
	p.count--
	p.live.Done()
	if len(s.all) == 0 && s.reserved == 0 {
		delete(p.shelf, e.f.key())
	}
	if worked && !p.closed && len(s.all) < s.reserved {
		f, n := s.f, s.reserved
		p.live.Add(1)
		go func() {
			defer p.live.Done()
			_ = p.Prepare(context.Background(), f, n) // what fails is tried again by the next invocation
		}()
	}
}

// Prepare holds n processes of a version ready, as provisioned concurrency does, and returns when they are. 0 ends that.
func (p *Pool) Prepare(ctx context.Context, f Function, n int) error {
	f = f.withDefaults()
	f.provisioned = true
	p.mu.Lock()
	s := p.shelf[f.key()]
	if s == nil {
		s = &shelf{all: map[*environment]bool{}}
		p.shelf[f.key()] = s
	}
	s.reserved, s.f = n, f
	missing := n - len(s.all)
	if n == 0 && len(s.all) == 0 {
		delete(p.shelf, f.key())
	}
	p.mu.Unlock()
	for range missing {
		e, err := p.start(ctx, f)
		if err != nil {
			return err
		}
		if err := e.initialized(ctx); err != nil {
			return err
		}
		e.rest()
	}
	return nil
}

// Forget ends the processes of a version, those that are busy when they have answered, and returns at once. Version "" is all of them.
func (p *Pool) Forget(arn, version string) {
	var idle []*environment
	p.mu.Lock()
	for _, s := range p.shelf {
		for e := range s.all {
			if e.f.ARN == arn && (version == "" || e.f.Version == version) {
				e.stale = true
			}
		}
		if s.f.ARN == arn && (version == "" || s.f.Version == version) {
			s.reserved = 0
		}
		kept := s.idle[:0]
		for _, e := range s.idle {
			if e.stale {
				idle = append(idle, e)
			} else {
				kept = append(kept, e)
			}
		}
		s.idle = kept
	}
	p.mu.Unlock()
	for _, e := range idle {
		e.end()
	}
}

// Close ends all processes and waits for that.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	var all []*environment
	for _, s := range p.shelf {
		for e := range s.all {
			all = append(all, e)
		}
	}
	p.mu.Unlock()
	for _, e := range all {
		e.end()
	}
	p.live.Wait()
	_ = p.endpoint.Close()
}

// Check says why a runtime cannot be used on this machine, and installs what it needs; nil when it can.
func (p *Pool) Check(ctx context.Context, runtime string) error {
	_, err := p.runtimes.find(ctx, runtime)
	return err
}

// serverOf serves functions. What net/http would log is about their connections, and not for the server's log.
func serverOf(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
}

func (p *Pool) serveEndpoint(l net.Listener) { _ = p.endpoint.Serve(l) }

// lasts says whether credentials are good for one more invocation.
func lasts(c aws.Credentials, now time.Time, timeout time.Duration) bool {
	return !c.CanExpire || now.Add(timeout+time.Minute).Before(c.Expires)
}
