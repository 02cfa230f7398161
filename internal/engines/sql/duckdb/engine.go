package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// Config of the engine. Memory is for all queries together, and Limits are what one query gets that asks for nothing.
type Config struct {
	Dir    string // for spilled and staged data; emptied when the engine starts
	Memory int64  // bytes; 0 for 4 GiB
	Kept   int64  // bytes of disk for parts of cut tables that the next query may need; 0 for 2 GiB, less than 0 for none
	Limits sql.Limits
}

// Engine runs queries, each in a database of its own.
type Engine struct {
	cfg   Config
	pool  *pool
	kept  *kept
	ready chan *instance // opened ahead, so that a query does not wait for one

	serial atomic.Int64 // of instances

	mu      sync.Mutex
	closed  bool
	filling bool
	running sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context
}

var _ sql.Engine = (*Engine)(nil)

// ahead is how many instances are kept open for the next queries, once there was a first one.
const ahead = 2

// New makes an engine. It takes cfg.Dir for itself.
func New(cfg Config) (*Engine, error) {
	if cfg.Memory == 0 {
		cfg.Memory = 4 << 30
	}
	if cfg.Kept == 0 {
		cfg.Kept = 2 << 30
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
	e := &Engine{cfg: cfg, pool: newPool(cfg.Memory), kept: newKept(filepath.Join(cfg.Dir, "kept"), cfg.Kept), ready: make(chan *instance, ahead)}
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
	for len(e.ready) > 0 {
		(<-e.ready).close()
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

// take gives an instance that nobody used, with these limits, and sees to the next one.
func (e *Engine) take(l sql.Limits) (*instance, error) {
	defer e.refill()
	select {
	case in := <-e.ready:
		if err := in.limit(l); err != nil {
			in.close()
			return nil, err
		}
		return in, nil
	default:
		return e.open(l)
	}
}

func (e *Engine) open(l sql.Limits) (*instance, error) {
	return open(filepath.Join(e.cfg.Dir, "q"+strconv.FormatInt(e.serial.Add(1), 10)), l)
}

func (e *Engine) refill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.filling || len(e.ready) == cap(e.ready) {
		return
	}
	e.filling = true
	e.running.Go(func() {
		defer func() {
			e.mu.Lock()
			e.filling = false
			e.mu.Unlock()
		}()
		for len(e.ready) < cap(e.ready) && e.ctx.Err() == nil { // nobody else puts any in
			next, err := e.open(e.limits(sql.Limits{}))
			if err != nil {
				return
			}
			e.ready <- next
		}
	})
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
