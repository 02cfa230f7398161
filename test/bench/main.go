// Command bench compares Atelier with moto's server and with stand-alone versitygw: the same client, the same machine, the
// same disk, in turns within one run. It prints the medians as Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "turns that each server gets in each case")
	each := flag.Duration("each", 1500*time.Millisecond, "length of a turn")
	out := flag.String("out", "", "file to write instead of standard output")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	page, err := run(ctx, *rounds, *each)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if *out == "" {
		fmt.Print(page)
	} else if err := os.WriteFile(*out, []byte(page), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, each time.Duration) (string, error) {
	work, err := os.MkdirTemp(".", ".bench-") // the checkout's disk; /tmp may be memory
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.Abs(work); err != nil {
		return "", err
	}
	starts, resident, err := startAndIdle(ctx, work)
	if err != nil {
		return "", err
	}
	servers, err := startAll(ctx, work)
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nMedians of %d turns of %v each, the servers in turn, on %s. The client signs every request and runs on the\nsame machine. Reproduce with `make bench`.\n\n", rounds, each, machine())
	fmt.Fprintf(&b, "| | Atelier | aim |\n|---|---:|---:|\n| start to healthy, empty data directory (median of %d) | %d ms | 500 ms |\n| resident when idle | %.0f MB | 150 MB |\n\n",
		len(starts), median(starts).Milliseconds(), float64(resident)/1e6)
	b.WriteString("| Case | Connections | Server | per second | MB/s | Atelier's shared port against it |\n|---|---:|---|---:|---:|---:|\n")
	for _, c := range cases() {
		rates := map[string][]float64{}
		broken := map[string]bool{}
		for range rounds {
			for _, s := range servers {
				if c.only != nil && !slices.Contains(c.only, s.name) || broken[s.name] {
					continue
				}
				rate, err := c.measure(ctx, s, each)
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
			r := rates[s.name]
			if broken[s.name] {
				fmt.Fprintf(&b, "| %s | %d | %s | failed | | |\n", c.name, c.workers, s.name)
				continue
			}
			if r == nil {
				continue
			}
			m, ratio, volume := median(r), "", ""
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
	return strings.TrimRight(b.String(), "\n") + "\n" + remarks, ctx.Err()
}

const remarks = `
How to read it: with one connection the client's own time, a few tenths of a millisecond, is in every figure. Changes wait for the disk
here and not in moto, which keeps everything in memory; clients that change things at the same time share a sync. Objects on the
shared port take one more step, a socket within the machine, which large reads feel; ` + "`--s3-listen`" + ` gives S3 a port without it.
`

func median[T int64 | float64 | time.Duration](list []T) T {
	if len(list) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}
