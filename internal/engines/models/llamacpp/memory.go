package llamacpp

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// machineMemory is what the machine has, in bytes; 8 GiB where it doesn't say.
func machineMemory() int64 {
	const otherwise = 8 << 30
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return otherwise
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		if f := bytes.Fields(lines.Bytes()); len(f) >= 2 && string(f[0]) == "MemTotal:" {
			if kb, err := strconv.ParseInt(string(f[1]), 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return otherwise
}

// acquire gives the engine of a model, loaded, and keeps it loaded until release. Idle engines make room.
func (r *Runtime) acquire(ctx context.Context, m *Model) (*engine, error) {
	for {
		r.mu.Lock()
		if r.closed {
			r.mu.Unlock()
			return nil, models.Errorf(models.Unavailable, "The server is stopping.")
		}
		if i := slices.IndexFunc(r.loaded, func(e *engine) bool { return e.model == m }); i >= 0 {
			e := r.loaded[i]
			r.loaded = append(slices.Delete(r.loaded, i, i+1), e)
			e.users++
			r.mu.Unlock()
			if err := e.ready(ctx); err != nil {
				r.release(e)
				return nil, err
			}
			return e, nil
		}
		need := m.need
		if need > r.cfg.Memory {
			r.mu.Unlock()
			return nil, models.Errorf(models.Unavailable, "The model needs more memory than models may take on this server.")
		}
		var idle []*engine
		for _, e := range r.loaded {
			if r.used+need <= r.cfg.Memory {
				break
			}
			if e.users == 0 {
				idle = append(idle, e)
				r.used -= e.need
			}
		}
		r.loaded = slices.DeleteFunc(r.loaded, func(e *engine) bool { return slices.Contains(idle, e) })
		if r.used+need <= r.cfg.Memory {
			e := newEngine(r, m)
			e.users = 1
			r.used += need
			r.loaded = append(r.loaded, e)
			r.mu.Unlock()
			for _, old := range idle {
				old.close()
			}
			e.start()
			if err := e.ready(ctx); err != nil {
				r.release(e)
				return nil, err
			}
			return e, nil
		}
		wait := r.freed
		r.mu.Unlock()
		for _, old := range idle {
			old.close()
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// release ends a use. An engine that could not be loaded is forgotten.
func (r *Runtime) release(e *engine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.users--
	if e.users > 0 {
		return
	}
	if e.broken() {
		if i := slices.Index(r.loaded, e); i >= 0 {
			r.loaded = slices.Delete(r.loaded, i, i+1)
			r.used -= e.need
		}
	}
	close(r.freed)
	r.freed = make(chan struct{})
}
