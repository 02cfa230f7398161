package process

import (
	"os"
	"path/filepath"
	"strings"
)

// hierarchy is where control groups are mounted and this process is in them.
type hierarchy struct {
	v1 map[string]string // controller → this process's directory
	v2 string
}

func hierarchies() hierarchy {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	own, _ := os.ReadFile("/proc/self/cgroup")
	return parseHierarchies(string(mounts), string(own))
}

// parseHierarchies joins /proc/self/mountinfo with /proc/self/cgroup: see proc(5) and cgroups(7).
func parseHierarchies(mounts, own string) hierarchy {
	h := hierarchy{v1: map[string]string{}}
	paths := map[string]string{} // controller, "" for version 2 → path in its hierarchy
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for c := range strings.SplitSeq(f[1], ",") {
			paths[c] = f[2]
		}
	}
	for line := range strings.Lines(mounts) {
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(g) < 3 {
			continue
		}
		switch g[0] {
		case "cgroup2":
			if p, ok := paths[""]; ok && h.v2 == "" {
				h.v2 = below(f[4], f[3], p)
			}
		case "cgroup":
			for c := range strings.SplitSeq(g[2], ",") {
				if p, ok := paths[c]; ok && h.v1[c] == "" {
					h.v1[c] = below(f[4], f[3], p)
				}
			}
		}
	}
	return h
}

// below is the directory of a path when root of the hierarchy is mounted at point.
func below(point, root, path string) string {
	rest, ok := strings.CutPrefix(path, root)
	if !ok && root != "/" {
		rest = "" // another namespace's view: what is mounted is all there is
	} else if !ok {
		rest = path
	}
	return filepath.Join(point, rest)
}
