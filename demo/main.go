// Command demo runs the main job end to end on a server of its own, as real clients do: a table is crawled, shared with a filter and queried
// across three accounts; models judge real reviews in a batch and a long document asynchronously, from blueprints. It prints a report.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	keep := flag.Bool("keep", os.Getenv("KEEP") == "1", "leave the server up at the end")
	listen := flag.String("listen", "127.0.0.1:0", "address of the server; 127.0.0.1:4566 when it is kept and this is not given")
	bedrock := flag.Bool("bedrock", true, "run the batch on Bedrock too, when a model can be had")
	flag.Parse()
	if *keep && *listen == "127.0.0.1:0" {
		*listen = "127.0.0.1:4566"
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	d := &demo{cache: cacheDir(), begun: time.Now()}
	err := d.run(ctx, *listen, *keep, *bedrock)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	if d.server != nil && (err != nil || !*keep) {
		if failed := d.server.stop(); failed != nil {
			fmt.Fprintln(os.Stderr, "demo:", failed)
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		os.Exit(1)
	}
}

// cacheDir is where what was fetched stays. Libraries are loaded by their whole path.
func cacheDir() string {
	at, err := filepath.Abs(filepath.Join(".cache", "demo"))
	if err != nil {
		return filepath.Join(".cache", "demo")
	}
	return at
}

// demo is one run.
type demo struct {
	cache   string
	begun   time.Time
	server  *server
	m, p, c caller // administrators
	analyst caller // of C
}

// phase runs one, and reports it with its time.
func (d *demo) phase(name string, f func() (string, error)) error {
	begun := time.Now()
	what, err := f()
	took := time.Since(begun)
	if err != nil {
		return fmt.Errorf("%s: %w", strings.ToLower(name), err)
	}
	fmt.Printf("%-22s %6.1fs  %s\n", name, took.Seconds(), strings.ReplaceAll(what, "\n", "\n"+strings.Repeat(" ", 32)))
	return nil
}

func (d *demo) run(ctx context.Context, listen string, keep, bedrock bool) error {
	var reviews []review
	var paper []string
	var model string
	fmt.Printf("%-22s %7s  %s\n", "phase", "wall", "what happened")
	phases := []struct {
		name string
		run  func() (string, error)
	}{
		{"Data", func() (s string, err error) { reviews, paper, s, err = d.reviews(ctx); return s, err }},
		{"Foundation model", func() (s string, err error) {
			if bedrock {
				model, s = d.foundationModel(ctx)
				return s, nil
			}
			return "left out", nil
		}},
		{"Server", func() (string, error) { return d.start(ctx, listen, model) }},
		{"Accounts", func() (string, error) { return d.accounts(ctx) }},
		{"Orders crawled", func() (string, error) { return d.crawl(ctx) }},
		{"Shared", func() (string, error) { return d.share(ctx) }},
		{"Queried", func() (string, error) { return d.query(ctx) }},
		{"Model trained", func() (string, error) { return d.train(ctx, reviews) }},
		{"Blueprints", func() (string, error) { return d.deploy(ctx) }},
		{"Batch", func() (string, error) { return d.batch(ctx, reviews) }},
		{"Asynchronous", func() (string, error) { return d.async(ctx, paper) }},
	}
	if bedrock {
		phases = append(phases, struct {
			name string
			run  func() (string, error)
		}{"Batch on Bedrock", func() (string, error) { return d.bedrockBatch(ctx, reviews, model) }})
	}
	for _, p := range phases {
		if err := d.phase(p.name, p.run); err != nil {
			return err
		}
	}
	fmt.Printf("%-22s %6.1fs\n", "Total", time.Since(d.begun).Seconds())
	next := func(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }
	if !keep {
		fmt.Println("\nThe server is stopped, and its data is gone. Next:")
		next("KEEP=1 make demo          # the same, and the server stays up")
		next("bin/atelier serve         # a server of your own; then docs/deploy-a-blueprint.md")
		return nil
	}
	fmt.Printf("\nThe server is up (process %d, data in %s). Next:\n", d.server.process.Pid, d.server.dir)
	next("export %s", strings.Join(d.c.environ(d.server.url), " "))
	next("bin/atelier blueprint list --deployed")
	next("bin/atelier blueprint outputs demo-dev-batch")
	next("aws s3 ls s3://demo-dev-batch-%s/inference/batch/output/ --recursive", d.c.account)
	next("bin/atelier blueprint delete --yes demo-dev-async")
	next("kill %d", d.server.process.Pid)
	return nil
}
