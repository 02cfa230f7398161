package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// benchmark is a case of which the rate is measured, on all servers in turn.
type benchmark struct {
	name    string
	workers int
	bytes   int // of an object
	request func(s *server, worker, n int) *http.Request
}

// rates runs cases on the named servers and writes a table of the medians.
func (o options) rates(ctx context.Context, list []benchmark, names ...string) (string, error) {
	servers, err := o.start(ctx, names...)
	defer stopAll(servers)
	if err != nil {
		return "", err
	}
	if err := prepare(servers); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| Case | Connections | Server | per second | MB/s | Atelier's shared port against it |\n|---|---:|---|---:|---:|---:|\n")
	for _, c := range list {
		rates := map[string][]float64{}
		broken := map[string]bool{}
		for range o.rounds {
			for _, s := range servers {
				if broken[s.name] {
					continue
				}
				rate, err := c.measure(ctx, s, o.each)
				if err != nil && (s.name == shared || s.name == s3Port || ctx.Err() != nil) {
					return "", fmt.Errorf("%s on %s: %w", c.name, s.name, err)
				}
				if err != nil { // what others can't do is no reason to measure nothing
					fmt.Fprintln(os.Stderr, "bench:", c.name, "on", s.name+":", err)
					broken[s.name] = true
					continue
				}
				rates[s.name] = append(rates[s.name], rate)
			}
		}
		ours := median(rates[shared])
		for _, s := range servers {
			if broken[s.name] {
				fmt.Fprintf(&b, "| %s | %d | %s | failed | | |\n", c.name, c.workers, s.name)
				continue
			}
			m, ratio, volume := median(rates[s.name]), "", ""
			if s.name != shared {
				ratio = fmt.Sprintf("%.2f", ours/m)
			}
			if c.bytes > 0 {
				volume = fmt.Sprintf("%.1f", m*float64(c.bytes)/1e6)
			}
			fmt.Fprintf(&b, "| %s | %d | %s | %.1f | %s | %s |\n", c.name, c.workers, s.name, m, volume, ratio)
		}
		fmt.Fprintln(os.Stderr, "bench:", c.name, "done")
	}
	return b.String(), ctx.Err()
}

// measure runs the case for a while and tells how many requests were answered per second.
func (c *benchmark) measure(ctx context.Context, s *server, d time.Duration) (float64, error) {
	var wg sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, c.workers)
	start := time.Now()
	for w := range c.workers {
		wg.Go(func() {
			for n := 0; time.Since(start) < d && ctx.Err() == nil; n++ {
				r := c.request(s, w, n)
				if err := s.do(r); err != nil {
					failed <- err
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(done.Load()) / took.Seconds(), ctx.Err()
}
