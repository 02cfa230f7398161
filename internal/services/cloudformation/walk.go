package cloudformation

import (
	"fmt"
	"maps"
	"slices"
)

// walk calls f for each name as soon as it was called for all that the name requires, for names that don't wait for each other at the same
// time. After a failure or when halted no more are begun; with on, only those are left out that require what failed. It returns when all
// that was begun is done, with the errors.
func walk(requires map[string][]string, halted func() bool, on bool, f func(name string) error) map[string]error {
	waits := make(map[string]int, len(requires))
	behind := map[string][]string{}
	for name, list := range requires {
		waits[name] = 0
		for _, other := range slices.Compact(slices.Sorted(slices.Values(list))) {
			if _, ok := requires[other]; ok && other != name {
				waits[name]++
				behind[other] = append(behind[other], name)
			}
		}
	}
	type ended struct {
		name string
		err  error
	}
	done, running, failed := make(chan ended), 0, map[string]error{}
	begin := func(name string) {
		delete(waits, name)
		running++
		go func() {
			e := ended{name: name}
			defer func() {
				if p := recover(); p != nil { // one resource's, not the server's end
					e.err = fmt.Errorf("internal failure: %v", p)
				}
				done <- e
			}()
			e.err = f(name)
		}()
	}
	ready := func() {
		if halted() || len(failed) > 0 && !on {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(waits)) {
			if waits[name] == 0 {
				begin(name)
			}
		}
		if running == 0 && len(waits) > 0 && len(failed) == 0 { // of templates that came one after another the order may go round
			begin(slices.Min(slices.Collect(maps.Keys(waits))))
		}
	}
	ready()
	for running > 0 {
		e := <-done
		running--
		if e.err != nil {
			failed[e.name] = e.err
		} else {
			for _, name := range behind[e.name] {
				if _, ok := waits[name]; ok {
					waits[name]--
				}
			}
		}
		ready()
	}
	return failed
}

// reversed turns the order round.
func reversed(requires map[string][]string) map[string][]string {
	out := make(map[string][]string, len(requires))
	for name := range requires {
		out[name] = nil
	}
	for name, list := range requires {
		for _, other := range list {
			if _, ok := out[other]; ok && other != name {
				out[other] = append(out[other], name)
			}
		}
	}
	return out
}
