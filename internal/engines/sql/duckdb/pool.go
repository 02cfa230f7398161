package duckdb

import (
	"context"
	"sync"
)

// pool hands out memory, first come first served, so that all queries together keep within it.
type pool struct {
	mu      sync.Mutex
	free    int64
	waiting []*waiter
}

type waiter struct {
	n     int64
	ready chan struct{}
}

func newPool(n int64) *pool { return &pool{free: n} }

func (p *pool) take(ctx context.Context, n int64) error {
	p.mu.Lock()
	if len(p.waiting) == 0 && p.free >= n {
		p.free -= n
		p.mu.Unlock()
		return nil
	}
	w := &waiter{n, make(chan struct{})}
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, x := range p.waiting {
		if x == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.wake()
			return ctx.Err()
		}
	}
	p.free += n // it came at the same moment
	p.wake()
	return ctx.Err()
}

func (p *pool) give(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free += n
	p.wake()
}

func (p *pool) wake() {
	for len(p.waiting) > 0 && p.waiting[0].n <= p.free {
		w := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.free -= w.n
		close(w.ready)
	}
}
