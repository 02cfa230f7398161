package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is one that runs: its parent, and the time that it had on processors.
type process struct {
	parent int
	used   time.Duration
}

// processes are those that run, by their ids.
func processes() (map[int]process, error) {
	list, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := map[int]process{}
	for _, at := range list {
		b, err := os.ReadFile(at)
		if err != nil {
			continue // it has ended
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(at)))
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 13 {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		all[id] = process{parent, time.Duration(user+system) * 10 * time.Millisecond} // ticks of a hundredth of a second
	}
	return all, nil
}

// below tells whether a process is another or descends from it.
func below(all map[int]process, id, from int) bool {
	for at := id; at > 1; at = all[at].parent {
		if at == from {
			return true
		}
	}
	return false
}

// cpuTime is what a process and those that descend from it have used.
func cpuTime(pid int) (sum time.Duration, err error) {
	all, err := processes()
	for id, p := range all {
		if below(all, id, pid) {
			sum += p.used
		}
	}
	return sum, err
}
