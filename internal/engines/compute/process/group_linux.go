package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// groups is where this server may make control groups. With version 2 all controllers are in one directory; with version 1 each
// has its own.
type groups struct {
	bases   map[string]string // controller ("memory", "pids", "cpu", "cpuacct") → directory below which groups are made
	unified bool
	prefix  string // of the names, so that what a dead server has left is known
	last    atomic.Int64
}

// group is one sandbox's.
type group struct {
	dirs    map[string]string
	unified bool
	fd      *os.File
}

func findGroups(dir string) *groups {
	sum := sha256.Sum256([]byte(dir))
	g := &groups{bases: map[string]string{}, prefix: "atelier-" + hex.EncodeToString(sum[:5]) + "-"}
	h := hierarchies()
	for _, c := range []string{"memory", "pids", "cpu", "cpuacct"} {
		if base, ok := h.v1[c]; ok && writable(base, g.prefix) {
			g.bases[c] = base
		}
	}
	if len(g.bases) == 0 && h.v2 != "" && delegate(h.v2) == nil && writable(h.v2, g.prefix) {
		g.unified = true
		for _, c := range []string{"memory", "pids", "cpu"} {
			g.bases[c] = h.v2
		}
	}
	return g
}

func writable(base, prefix string) bool {
	dir := filepath.Join(base, prefix+"probe")
	err := os.Mkdir(dir, 0o755)
	_ = os.Remove(dir)
	return err == nil || errors.Is(err, os.ErrExist)
}

// delegate makes the controllers usable below a directory of version 2. A group that holds processes cannot have them, so the
// server moves itself one down.
func delegate(base string) error {
	control := filepath.Join(base, "cgroup.subtree_control")
	const want = "+memory +pids +cpu"
	err := os.WriteFile(control, []byte(want), 0)
	if !errors.Is(err, syscall.EBUSY) {
		return err
	}
	own := filepath.Join(base, "atelier-server")
	if err := os.Mkdir(own, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.WriteFile(filepath.Join(own, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return err
	}
	return os.WriteFile(control, []byte(want), 0)
}

// distinct are the directories to work in, each once.
func distinct(dirs map[string]string) []string {
	seen := map[string]bool{}
	var list []string
	for _, d := range dirs {
		if !seen[d] {
			seen[d] = true
			list = append(list, d)
		}
	}
	return list
}

// clean ends and removes what a dead server has left.
func (g *groups) clean() {
	for _, base := range distinct(g.bases) {
		left, _ := filepath.Glob(filepath.Join(base, g.prefix+"*"))
		for _, dir := range left {
			procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			for _, pid := range strings.Fields(string(procs)) {
				if n, err := strconv.Atoi(pid); err == nil && n > 0 {
					_ = syscall.Kill(n, syscall.SIGKILL)
				}
			}
			removeSoon(dir)
		}
	}
}

func (g *groups) make() (*group, error) {
	name := g.prefix + strconv.FormatInt(g.last.Add(1), 10)
	gr := &group{dirs: map[string]string{}, unified: g.unified}
	for c, base := range g.bases {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			gr.remove()
			return nil, fmt.Errorf("cannot make a control group: %w", err)
		}
		gr.dirs[c] = dir
	}
	return gr, nil
}

// into lets a process begin in the group, where the kernel can (version 2).
func (g *group) into(a *syscall.SysProcAttr) {
	if !g.unified {
		return
	}
	if f, err := os.Open(g.dirs["memory"]); err == nil {
		g.fd = f
		a.UseCgroupFD, a.CgroupFD = true, int(f.Fd())
	}
}

// add moves a process in, unless it began there. This takes milliseconds.
func (g *group) add(pid int) error {
	if g.fd != nil {
		_ = g.fd.Close()
		return nil
	}
	for _, dir := range distinct(g.dirs) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
			return fmt.Errorf("cannot use a control group: %w", err)
		}
	}
	return nil
}

// holds says whether the group bounds memory and processes.
func (g *group) holds() bool { return g.dirs["memory"] != "" && g.dirs["pids"] != "" }

// inUse is the memory that the group takes, own what of it is its processes' own, in bytes.
func (g *group) inUse() int64 {
	if g.unified {
		return g.number("memory", "memory.current", "")
	}
	return g.number("memory", "memory.usage_in_bytes", "")
}

func (g *group) own() int64 {
	if g.unified {
		return g.number("memory", "memory.stat", "anon")
	}
	return g.number("memory", "memory.stat", "rss")
}

// limit bounds the group. extraMB is for what is in memory but not the program's.
func (g *group) limit(l compute.Limits, extraMB int) error {
	memory, swap, period := "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", 100000
	if g.unified {
		memory, swap = "memory.max", "memory.swap.max"
	}
	if l.MemoryMB > 0 {
		bytes := strconv.Itoa((l.MemoryMB + extraMB) << 20)
		if err := g.set("memory", memory, bytes); err != nil {
			return err
		}
		if g.unified {
			bytes = "0"
		}
		_ = g.set("memory", swap, bytes) // missing where the machine has no swap
	}
	if err := g.set("pids", "pids.max", strconv.Itoa(processes(l)+1)); err != nil {
		return err
	}
	if l.CPU <= 0 {
		// no limit, but the server comes first
		if g.unified {
			return g.set("cpu", "cpu.weight", "20")
		}
		return g.set("cpu", "cpu.shares", "205")
	}
	quota := strconv.Itoa(max(int(l.CPU*float64(period)), 1000))
	if g.unified {
		return g.set("cpu", "cpu.max", quota+" "+strconv.Itoa(period))
	}
	return g.set("cpu", "cpu.cfs_quota_us", quota)
}

func (g *group) set(controller, file, value string) error {
	dir := g.dirs[controller]
	if dir == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
		return fmt.Errorf("cannot set a limit: %w", err)
	}
	return nil
}

// number reads a file that holds a number, or the number after a word in a file of "word number" lines.
func (g *group) number(controller, file, word string) int64 {
	dir := g.dirs[controller]
	if dir == "" {
		return 0
	}
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	at := 0
	if word != "" {
		for at = 1; at < len(fields) && fields[at-1] != word; at++ {
		}
	}
	if at >= len(fields) {
		return 0
	}
	n, _ := strconv.ParseInt(fields[at], 10, 64)
	return n
}

func (g *group) usage() compute.Usage {
	if g.unified {
		return compute.Usage{
			MaxMemory: g.number("memory", "memory.peak", ""),
			CPU:       time.Duration(g.number("cpu", "cpu.stat", "usage_usec")) * time.Microsecond,
		}
	}
	return compute.Usage{MaxMemory: g.number("memory", "memory.max_usage_in_bytes", ""), CPU: time.Duration(g.number("cpuacct", "cpuacct.usage", ""))}
}

func (g *group) outOfMemory() bool {
	if g.unified {
		return g.number("memory", "memory.events", "oom_kill") > 0
	}
	return g.number("memory", "memory.oom_control", "oom_kill") > 0
}

func (g *group) remove() {
	for _, dir := range distinct(g.dirs) {
		removeSoon(dir)
	}
}

// removeSoon removes a group whose last process the kernel may not have let go of yet.
func removeSoon(dir string) {
	for range 50 {
		if err := os.Remove(dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
