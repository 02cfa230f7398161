package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Driver starts programs on this machine.
type Driver struct {
	cfg    Config
	groups *groups

	mu      sync.Mutex
	all     map[*sandbox]bool
	ready   []*sandbox
	filling bool
	closed  bool
	live    sync.WaitGroup // of sandboxes and of what fills ready
}

// New makes a driver and removes what a server that died has left in cfg.Dir. It starts nothing.
func New(cfg Config) (*Driver, error) {
	if cfg.Prepared == 0 {
		cfg.Prepared = 2
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, "root"), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the sandboxes' directory: %w", err)
	}
	abs, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the sandboxes' directory: %w", err)
	}
	cfg.Dir = abs
	d := &Driver{cfg: cfg, groups: findGroups(abs), all: map[*sandbox]bool{}}
	d.groups.clean()
	return d, nil
}

// Start runs a program.
func (d *Driver) Start(ctx context.Context, spec compute.Spec) (compute.Process, error) {
	if len(spec.Args) == 0 || !filepath.IsAbs(spec.Args[0]) {
		return nil, fmt.Errorf("cannot start %q: want an absolute path", spec.Args)
	}
	s, err := d.take(spec)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, s.Kill)
	err = s.run(spec)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.Kill()
		<-s.Done()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("cannot start %s: %w", spec.Args[0], err)
	}
	return s, nil
}

// Close ends everything that runs and waits for that.
func (d *Driver) Close() {
	d.mu.Lock()
	d.ready, d.closed = nil, true
	for s := range d.all {
		s.Kill()
	}
	d.mu.Unlock()
	d.live.Wait()
}

// enlist counts a sandbox in; it fails when the driver is closed.
func (d *Driver) enlist(s *sandbox) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errClosed
	}
	d.all[s] = true
	d.live.Add(1)
	return nil
}

func (d *Driver) strike(s *sandbox) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all[s] {
		delete(d.all, s)
		d.live.Done()
	}
}

var errClosed = errors.New("the server is stopping")

// take returns a sandbox in which nothing runs yet.
func (d *Driver) take(spec compute.Spec) (*sandbox, error) {
	if spec.Root != "" || spec.Network == compute.Host {
		return d.make(spec)
	}
	d.mu.Lock()
	var s *sandbox
	if n := len(d.ready); n > 0 {
		s, d.ready = d.ready[n-1], d.ready[:n-1]
	}
	d.mu.Unlock()
	d.refill()
	if s != nil && s.alive() {
		return s, nil
	}
	return d.make(spec)
}

// settle is how long the processors are left to a program that starts before the next sandboxes are made.
const settle = 100 * time.Millisecond

// refill makes sandboxes ahead, in the background.
func (d *Driver) refill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.filling || d.closed || d.cfg.Prepared < 0 {
		return
	}
	d.filling = true
	d.live.Add(1)
	time.AfterFunc(settle, func() {
		defer d.live.Done()
		for d.wants() {
			s, err := d.make(compute.Spec{})
			if err != nil {
				break // the next Start meets it and tells
			}
			d.keep(s)
		}
		d.mu.Lock()
		d.filling = false
		d.mu.Unlock()
	})
}

func (d *Driver) wants() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closed && len(d.ready) < d.cfg.Prepared
}

func (d *Driver) keep(s *sandbox) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		s.Kill()
		return
	}
	d.ready = append(d.ready, s)
}

// make starts a sandbox and shows the machine's system in it, or spec.Root.
func (d *Driver) make(spec compute.Spec) (*sandbox, error) {
	s, err := d.begin(spec.Network)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(d.cfg.Dir, "root")
	var p plan
	p.add('P')
	if spec.Network == compute.Isolated {
		p.add('L')
		p.add('T', "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0") // the network is its own
	}
	if os.Getuid() == 0 {
		p.add('T', "/proc/self/oom_score_adj", strconv.Itoa(-1000)) // the largest process goes first anyway
	}
	if spec.Root != "" {
		if err := placed(spec.Root); err != nil {
			s.Kill()
			<-s.Done()
			return nil, err
		}
		p.image(root, spec)
	} else {
		p.system(root, spec.Network)
	}
	s.trees = p.trees
	if err := s.do(p); err != nil {
		s.Kill()
		<-s.Done()
		return nil, fmt.Errorf("cannot make a sandbox: %w", err)
	}
	return s, nil
}
