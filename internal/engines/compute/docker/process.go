package docker

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

func cores() float64 { return float64(runtime.NumCPU()) }

// process is a container. It implements compute.Process.
type process struct {
	driver      *Driver
	id, network string // of the containers
	space       *space // its network

	mu        sync.Mutex
	listeners []net.Listener
	exit      compute.Exit
	done      chan struct{}
	once      sync.Once
}

// run starts the program and sees it to its end.
func (p *process) run(ctx context.Context, spec compute.Spec) error {
	living := context.WithoutCancel(ctx)
	out, err := p.driver.daemon.do(living, http.MethodPost, "/containers/"+p.id+"/attach", url.Values{"stream": {"1"}, "stdout": {"1"}, "stderr": {"1"}}, nil)
	if err != nil {
		return err
	}
	if err := p.driver.daemon.call(ctx, http.MethodPost, "/containers/"+p.id+"/start", nil, nil, nil); err != nil {
		_ = out.Close()
		return err
	}
	go func() {
		part(out, spec.Stdout, spec.Stderr)
		_ = out.Close()
		p.end(p.wait(living))
	}()
	return nil
}

// part gives each of a container's two outputs its own: the daemon sends both with heads of eight bytes.
func part(r io.Reader, stdout, stderr io.Writer) {
	head := make([]byte, 8)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		w := stdout
		if head[0] == 2 {
			w = stderr
		}
		if w == nil {
			w = io.Discard
		}
		if _, err := io.CopyN(w, r, int64(binary.BigEndian.Uint32(head[4:]))); err != nil {
			return
		}
	}
}

// wait tells how the container ended, when it has.
func (p *process) wait(ctx context.Context) compute.Exit {
	killed := compute.Exit{Code: 128 + int(syscall.SIGKILL), Signal: syscall.SIGKILL.String()}
	var ended struct{ StatusCode int }
	if err := p.driver.daemon.call(ctx, http.MethodPost, "/containers/"+p.id+"/wait", nil, nil, &ended); err != nil {
		return killed
	}
	var about struct{ State struct{ OOMKilled bool } }
	_ = p.driver.daemon.call(ctx, http.MethodGet, "/containers/"+p.id+"/json", nil, nil, &about)
	e := compute.Exit{Code: ended.StatusCode, OutOfMemory: about.State.OOMKilled}
	if e.Code > 128 && e.Code < 128+32 {
		e.Signal = syscall.Signal(e.Code - 128).String()
	}
	return e
}

// end leaves nothing.
func (p *process) end(e compute.Exit) {
	p.once.Do(func() {
		p.mu.Lock()
		p.exit = e
		for _, l := range p.listeners {
			_ = l.Close()
		}
		p.mu.Unlock()
		for _, id := range []string{p.id, p.network} {
			if id != "" {
				p.driver.remove(id)
			}
		}
		if p.space != nil {
			p.space.close()
		}
		p.driver.mu.Lock()
		delete(p.driver.all, p)
		p.driver.mu.Unlock()
		close(p.done)
	})
}

var errHost = errors.New("the program has the machine's network")

// Listen opens a port on the program's loopback.
func (p *process) Listen(port int) (net.Listener, error) {
	if p.space == nil {
		return nil, errHost
	}
	l, err := p.space.listen(port)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners = append(p.listeners, l)
	return l, nil
}

// Dial connects to a port on the program's loopback.
func (p *process) Dial(ctx context.Context, port int) (net.Conn, error) {
	if p.space == nil {
		return nil, errHost
	}
	return p.space.dial(ctx, port)
}

// askTime is how long the daemon may take for what is asked of a container that runs.
const askTime = 10 * time.Second

func (p *process) ask(what string, q url.Values) error {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	p.mu.Lock()
	id := p.id
	p.mu.Unlock()
	if id == "" {
		return errors.New("the container is not there yet")
	}
	return p.driver.daemon.call(ctx, http.MethodPost, "/containers/"+id+"/"+what, q, nil, nil)
}

// Freeze stops the program.
func (p *process) Freeze() error { return p.ask("pause", nil) }

// Resume lets it go on. One that is not frozen goes on as it did.
func (p *process) Resume() error {
	err := p.ask("unpause", nil)
	var f *fault
	if errors.As(err, &f) && f.status == http.StatusInternalServerError {
		return nil
	}
	return err
}

// Flush does nothing: the daemon passes on what it gets.
func (p *process) Flush() {}

// Terminate asks the program to end, and ends it.
func (p *process) Terminate(ctx context.Context, grace time.Duration) {
	_ = p.Resume()
	_ = p.ask("kill", url.Values{"signal": {"SIGTERM"}})
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return
	case <-ctx.Done():
	case <-timer.C:
	}
	p.Kill()
	<-p.done
}

// Kill ends the program.
func (p *process) Kill() { go func() { _ = p.ask("kill", url.Values{"signal": {"SIGKILL"}}) }() }

// Done is closed when nothing is left.
func (p *process) Done() <-chan struct{} { return p.done }

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Exit says how the program ended.
func (p *process) Exit() compute.Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Usage says what it has taken; nothing once it has ended.
func (p *process) Usage() compute.Usage {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	var s struct {
		CPU struct {
			Usage struct {
				Total int64 `json:"total_usage"`
			} `json:"cpu_usage"`
		} `json:"cpu_stats"`
		Memory struct {
			Max int64 `json:"max_usage"`
		} `json:"memory_stats"`
	}
	_ = p.driver.daemon.call(ctx, http.MethodGet, "/containers/"+p.id+"/stats", url.Values{"stream": {"0"}, "one-shot": {"1"}}, nil, &s)
	return compute.Usage{CPU: time.Duration(s.CPU.Usage.Total), MaxMemory: s.Memory.Max}
}
