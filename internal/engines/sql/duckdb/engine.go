package duckdb

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// Config of the engine. Memory is for all queries together, and Limits are what one query gets that asks for nothing.
type Config struct {
	Dir    string // for spilled and staged data; emptied when the engine starts
	Memory int64  // bytes; 0 for 4 GiB
	Limits sql.Limits
}

// Engine runs queries, each in a database of its own.
type Engine struct {
	cfg   Config
	pool  *pool
	ready chan *instance // one opened ahead, so that a query does not wait for it

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context
}

var _ sql.Engine = (*Engine)(nil)

// New makes an engine. It takes cfg.Dir for itself.
func New(cfg Config) (*Engine, error) {
	if cfg.Memory == 0 {
		cfg.Memory = 4 << 30
	}
	d := &cfg.Limits
	if d.Memory == 0 {
		d.Memory = min(1<<30, cfg.Memory)
	}
	if d.Spill == 0 {
		d.Spill = 16 << 30
	}
	if d.Threads == 0 {
		d.Threads = runtime.GOMAXPROCS(0)
	}
	if d.Time == 0 {
		d.Time = 30 * time.Minute // Athena's own limit
	}
	if err := os.RemoveAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("cannot empty the directory for spilled data: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the directory for spilled data: %w", err)
	}
	e := &Engine{cfg: cfg, pool: newPool(cfg.Memory), ready: make(chan *instance, 1)}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e, nil
}

// Close ends what runs and waits for it. Rows that are still open stay valid until they are closed.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.running.Wait()
	select {
	case in := <-e.ready:
		in.close()
	default:
	}
	return os.RemoveAll(e.cfg.Dir)
}

// limits fills in what the request leaves open and never gives more than the engine has.
func (e *Engine) limits(l sql.Limits) sql.Limits {
	d := e.cfg.Limits
	if l.Memory == 0 {
		l.Memory = d.Memory
	}
	l.Memory = min(l.Memory, e.cfg.Memory)
	if l.Spill == 0 {
		l.Spill = d.Spill
	}
	if l.Threads == 0 {
		l.Threads = d.Threads
	}
	if l.Time == 0 {
		l.Time = d.Time
	}
	return l
}

// take gives an instance that nobody used, and sees to the next one.
func (e *Engine) take() (*instance, error) {
	var in *instance
	select {
	case in = <-e.ready:
	default:
		var err error
		if in, err = open(); err != nil {
			return nil, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return in, nil
	}
	e.running.Go(func() {
		if next, err := open(); err == nil {
			select {
			case e.ready <- next:
			default:
				next.close()
			}
		}
	})
	return in, nil
}

// begin counts a query in, unless the engine closes.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return sql.Errorf(sql.Cancelled, "SERVER_SHUTTING_DOWN", "the engine is shutting down")
	}
	e.running.Add(1)
	return nil
}
