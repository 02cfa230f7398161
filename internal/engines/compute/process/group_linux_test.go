package process

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

func TestHierarchies(t *testing.T) {
	const one = `25 30 0:22 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
26 30 0:23 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
27 30 0:24 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
28 30 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
29 30 0:26 / /proc rw - proc proc rw
broken
`
	h := parseHierarchies(one, "4:memory:/a/b\n3:cpu,cpuacct:/\n2:pids:/docker/abc/x\n0::/user.slice\nbroken\n")
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(h.v1["memory"], "/sys/fs/cgroup/memory/a/b")
	f(h.v1["cpuacct"], "/sys/fs/cgroup/cpu,cpuacct")
	f(h.v1["pids"], "/sys/fs/cgroup/pids/x")
	f(h.v2, "/sys/fs/cgroup/unified/user.slice")
	h = parseHierarchies("1 2 0:3 /elsewhere /sys/fs/cgroup rw - cgroup2 c rw\n", "0::/mine\n")
	f(h.v2, "/sys/fs/cgroup") // another namespace's view
	f(h.v1["memory"], "")
}

// TestUnified checks what is written for version 2, on a plain directory: this says nothing of what a kernel makes of it.
func TestUnified(t *testing.T) {
	base := t.TempDir()
	g := &groups{bases: map[string]string{"memory": base, "pids": base, "cpu": base}, unified: true, prefix: "atelier-x-"}
	gr, err := g.make()
	if err != nil {
		t.Fatal(err)
	}
	if err := gr.limit(compute.Limits{MemoryMB: 100, Processes: 9, CPU: 1.5}, 50); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "atelier-x-1")
	for file, want := range map[string]string{"memory.max": "157286400", "memory.swap.max": "0", "pids.max": "10", "cpu.max": "150000 100000"} {
		if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(b) != want {
			t.Errorf("%s is %q, %v, want %q", file, b, err, want)
		}
	}
	for file, text := range map[string]string{
		"memory.peak": "4096\n", "memory.current": "2048\n", "memory.stat": "file 3\nanon 1024\n", "memory.events": "low 0\noom 2\noom_kill 1\n",
		"cpu.stat": "usage_usec 1500\nuser_usec 1000\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if u := gr.usage(); u.MaxMemory != 4096 || u.CPU != 1500*time.Microsecond || gr.inUse() != 2048 || gr.own() != 1024 || !gr.outOfMemory() {
		t.Errorf("usage %+v, in use %d, own %d, out of memory %v", u, gr.inUse(), gr.own(), gr.outOfMemory())
	}
	a := &syscall.SysProcAttr{}
	if gr.into(a); !a.UseCgroupFD || gr.add(1) != nil {
		t.Error("a process does not begin in the group")
	}
}
