package sandbox

import (
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// spread times something many times and reports the median and the best in milliseconds: on a machine that others use too, the mean
// says little.
func spread(b *testing.B, before, timed func()) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		before()
		begin := time.Now()
		timed()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
	b.ReportMetric(milliseconds(took[0]), "best-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkWarm is one invocation in a process that is there.
func BenchmarkWarm(b *testing.B) {
	for _, language := range languages {
		b.Run(language, func(b *testing.B) {
			bed := newBed(b)
			f := bed.function(language)
			bed.call(f, `{"name":"ada"}`)
			spread(b, func() {}, func() { bed.call(f, `{"name":"ada","n":1}`) })
		})
	}
}

// BenchmarkFrozen is one invocation in a process that was frozen.
func BenchmarkFrozen(b *testing.B) {
	bed := newBed(b)
	f := bed.function("go")
	bed.call(f, `{"name":"ada"}`)
	spread(b, func() { bed.until(bed.only(f).isFrozen) }, func() { bed.call(f, `{"name":"ada","n":1}`) })
}

// BenchmarkCold is the first invocation of a new process, a while after the last one as new functions come: the driver makes sandboxes
// meanwhile.
func BenchmarkCold(b *testing.B) {
	for _, language := range languages {
		b.Run(language, func(b *testing.B) {
			bed := newBed(b)
			f := bed.function(language)
			bed.call(f, `{"name":"ada"}`)
			spread(b, func() {
				bed.Forget(f.ARN, "")
				time.Sleep(250 * time.Millisecond)
			}, func() {
				if r := bed.call(f, `{"name":"ada","n":1}`); r.Init == 0 {
					b.Fatal("it was warm")
				}
			})
		})
	}
}

// BenchmarkBare is what the interpreters alone take, for comparison.
func BenchmarkBare(b *testing.B) {
	for name, args := range map[string][]string{"python": {"python3.11", "-c", "pass"}, "node": {"node", "-e", "0"}} {
		b.Run(name, func(b *testing.B) {
			path, err := newBed(b).runtimes.Find(args[0], func(string) bool { return true })
			if err != nil {
				b.Fatal(err)
			}
			spread(b, func() {}, func() {
				if err := exec.CommandContext(b.Context(), path, args[1:]...).Run(); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkIdle is a second of ten functions of 10 GB each that wait: 100 GB-seconds. It reports what CPU that took, of the functions'
// and of this program with all of its pool.
func BenchmarkIdle(b *testing.B) {
	bed := newBed(b)
	f := bed.function("python")
	f.MemoryMB = 10240
	if err := bed.Prepare(b.Context(), f, 10); err != nil {
		b.Fatal(err)
	}
	all := bed.shelf[f.key()].all
	bed.until(func() bool {
		for e := range all {
			if !e.isFrozen() {
				return false
			}
		}
		return true
	})
	used := func() (functions, own time.Duration) {
		for e := range all {
			functions += e.process.Usage().CPU
		}
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return functions, time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	time.Sleep(time.Second) // the driver makes sandboxes ahead once
	var functions, own time.Duration
	n := 0
	for b.Loop() {
		f0, o0 := used()
		time.Sleep(time.Second)
		f1, o1 := used()
		functions, own, n = functions+f1-f0, own+o1-o0, n+1
	}
	b.ReportMetric(float64(functions.Microseconds())/float64(n), "functions-us")
	b.ReportMetric(float64(own.Microseconds())/float64(n), "server-us")
	b.ReportMetric(0, "ns/op")
}
