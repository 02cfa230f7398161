package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Ports on the loopback inside. Lambda's Runtime API is at 9001 too.
const (
	runtimePort  = 9001
	endpointPort = 9000
)

// Address is where AWS, which is the server, answers inside.
const Address = "http://127.0.0.1:9000"

const (
	// initLimit is how long a process may take to ask for its first event.
	initLimit = 10 * time.Second
	// patience is how long a process that has answered is waited for to ask for its next event, before another one is taken.
	patience = 250 * time.Millisecond
	// freezeAfter is how long a process waits before it is frozen. Shorter pauses are not worth the cost.
	freezeAfter = 25 * time.Millisecond
)

// environment is one process of a function with its Runtime API: what AWS calls an execution environment.
type environment struct {
	pool  *Pool
	f     Function
	creds aws.Credentials
	log   *journal
	stale bool      // under pool.mu: gets no more invocations
	since time.Time // under pool.mu: when it began to wait

	process compute.Process
	began   time.Time
	jobs    chan *job // what the runtime gets next

	mu     sync.Mutex
	job    *job          // what the runtime works on
	ready  chan struct{} // closed while the runtime waits for an event
	waits  bool          // ready is closed
	frozen bool
	late   int       // how often it was looked after and had not yet asked for its next event
	busy   bool      // has an invocation, so is not frozen
	used   bool      // has had one
	first  time.Time // when it asked for its first event
	failed *failure  // of the initialization
	timer  *time.Timer
}

func newEnvironment(p *Pool, f Function) *environment {
	var id [16]byte
	_, _ = rand.Read(id[:])
	stream := fmt.Sprintf("%s/[%s]%s", p.cfg.Clock.Now().Format("2006/01/02"), f.Version, hex.EncodeToString(id[:]))
	e := &environment{pool: p, f: f, jobs: make(chan *job, 1), ready: make(chan struct{})}
	e.log = &journal{stream: stream, to: f.Log, now: p.cfg.Clock.Now}
	return e
}

// start runs the process. It returns when the process has been started, not when it is ready.
func (e *environment) start(ctx context.Context) error {
	rt, err := e.pool.runtimes.find(ctx, e.f.Runtime)
	if err != nil {
		return err
	}
	if e.f.Credentials != nil {
		if e.creds, err = e.f.Credentials(ctx); err != nil {
			return fmt.Errorf("cannot get the execution role's credentials: %w", err)
		}
	}
	layers, err := e.pool.runtimes.layers(e.f.LayerDirs)
	if err != nil {
		return err
	}
	args, failed := rt.command(e.f)
	if failed != nil {
		e.failed = failed
		return nil // the function's fault, told when it is invoked
	}
	mounts := append([]compute.Mount{{Source: e.f.CodeDir, Target: "/var/task"}}, rt.mounts...)
	if layers != "" {
		mounts = append(mounts, compute.Mount{Source: layers, Target: "/opt"})
	}
	api := serverOf(e)
	spec := compute.Spec{
		Name: e.f.Name, Args: args, Env: e.environ(rt), Dir: "/var/task", Mounts: mounts,
		Limits: compute.Limits{MemoryMB: e.f.MemoryMB, TmpMB: e.f.StorageMB},
		Listeners: []compute.Listener{{Port: runtimePort, Serve: func(l net.Listener) { _ = api.Serve(l) }},
			{Port: endpointPort, Serve: e.pool.serveEndpoint}},
		Stdout: e.log, Stderr: e.log,
	}
	e.began = time.Now()
	e.process, err = e.pool.cfg.Driver.Start(ctx, spec)
	if err != nil {
		_ = api.Close()
		return fmt.Errorf("cannot start the function: %w", err)
	}
	go func() {
		<-e.process.Done()
		_ = api.Close()
		e.pool.gone(e)
	}()
	return nil
}

// wake readies an environment that waited; false says that it is of no more use.
func (e *environment) wake(f Function, now time.Time) bool {
	if f.Revision != e.f.Revision || !lasts(e.creds, now, f.Timeout) {
		return false
	}
	select {
	case <-e.process.Done():
		return false
	default:
	}
	e.mu.Lock()
	e.busy = true
	if e.timer != nil {
		e.timer.Stop()
	}
	if e.frozen {
		e.frozen = e.process.Resume() != nil
	}
	ready, failed := e.ready, e.frozen
	e.mu.Unlock()
	if failed {
		return false
	}
	select {
	case <-ready:
		return true
	default:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-ready:
		return true
	case <-t.C:
		return false
	}
}

// rest lets an environment wait for its next invocation: frozen soon, ended after a while.
func (e *environment) rest() {
	e.mu.Lock()
	e.busy, e.late = false, 0
	if e.timer == nil {
		e.timer = time.AfterFunc(freezeAfter, e.tire)
	} else {
		e.timer.Reset(freezeAfter)
	}
	e.mu.Unlock()
	e.pool.put(e)
}

// tire freezes an environment that has waited, and ends one that has waited for long.
func (e *environment) tire() {
	e.mu.Lock()
	if e.busy {
		e.mu.Unlock()
		return
	}
	if !e.waits && e.late < int(patience/freezeAfter) { // still on its way to ask
		e.late++
		e.timer.Reset(freezeAfter)
		e.mu.Unlock()
		return
	}
	if !e.frozen {
		e.frozen = e.process.Freeze() == nil
		e.timer.Reset(e.pool.cfg.Idle)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	if e.pool.withdraw(e, false) {
		e.end()
		return
	}
	e.mu.Lock()
	e.timer.Reset(e.pool.cfg.Idle)
	e.mu.Unlock()
}

// end ends the process. It does not wait.
func (e *environment) end() {
	e.mu.Lock()
	if e.timer != nil {
		e.timer.Stop()
	}
	e.mu.Unlock()
	if e.process == nil {
		e.pool.gone(e)
		return
	}
	e.process.Kill()
}

// initialized waits until the runtime has asked for its first event.
func (e *environment) initialized(ctx context.Context) error {
	if e.process == nil {
		return e.failed
	}
	t := time.NewTimer(initLimit)
	defer t.Stop()
	select {
	case <-e.ready:
		return nil
	case <-ctx.Done():
		e.end()
		return ctx.Err()
	case <-t.C:
		e.end()
		return &failure{kind: "Sandbox.Timedout", message: "the function did not initialize in time"}
	case <-e.process.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.failed != nil {
			return e.failed
		}
		return exitFailure(e.process.Exit())
	}
}
