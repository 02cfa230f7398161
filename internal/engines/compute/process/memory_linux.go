package process

import (
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// A fresh directory and /tmp are memory to the kernel, but are not to count as the program's. So the control group's limit is what the
// program may have plus the size of those, and the guard sees to it that the program's own memory alone stays within its part.

// glance is how often the guard looks; only above the limit it looks closely.
const glance = 10 * time.Millisecond

// guard watches one sandbox's memory while it runs.
type guard struct {
	group *group
	limit int64
	over  func()

	mu      sync.Mutex
	timer   *time.Timer
	paused  bool
	overran bool
}

// scratch is the size of all that lies in memory but is not the program's, in MB.
func scratch(spec compute.Spec) int {
	size := func(n int) int {
		if n == 0 {
			return compute.DefaultTmpMB
		}
		return n
	}
	sum := size(spec.Limits.TmpMB)
	for _, m := range spec.Mounts {
		if m.Source == "" {
			sum += size(m.SizeMB)
		}
	}
	return sum
}

// start begins watching.
func (g *guard) start(limitMB int) {
	if limitMB == 0 || g.group.dirs["memory"] == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = int64(limitMB) << 20
	g.timer = time.AfterFunc(glance, g.look)
}

func (g *guard) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.paused {
		return
	}
	if g.group.inUse() > g.limit && g.group.own() > g.limit {
		g.overran, g.paused = true, true
		g.over()
		return
	}
	g.timer.Reset(glance)
}

// pause stops watching, for good or until resume.
func (g *guard) pause(yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer == nil || g.overran {
		return
	}
	if g.paused = yes; yes {
		g.timer.Stop()
	} else {
		g.timer.Reset(glance)
	}
}

func (g *guard) exceeded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.overran
}
