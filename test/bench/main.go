// Command bench compares Atelier with moto's server and with stand-alone versitygw: the same client, the same machine, the
// same disk, within one run. It writes Markdown, a section for each topic.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are what a run is told.
type options struct {
	rounds                                         int
	each                                           time.Duration
	tables, partitions, motoTables, motoPartitions int
	work                                           string // directory for the servers' data
}

// section is what a topic has found.
type section struct{ title, body string }

// topics are in the order in which they are run.
var topics = []struct {
	name string
	run  func(context.Context, options) (section, error)
}{
	{"start", start},
	{"api", api},
	{"objects", objects},
	{"catalog", catalog},
	{"crawl", crawl},
	{"athena", athenas},
	{"messages", messages},
	{"functions", functions},
	{"stacks", stacks},
	{"learn", learning},
	{"serving", serving},
	{"models", foundationModels},
	{"gateways", gateways},
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "turns that each server gets in each case of api, objects, athena, messages, learn and serving")
	flag.DurationVar(&o.each, "each", 1500*time.Millisecond, "length of a turn")
	flag.IntVar(&o.tables, "tables", 100_000, "tables of the catalog")
	flag.IntVar(&o.partitions, "partitions", 200_000, "partitions of one table")
	flag.IntVar(&o.motoTables, "moto-tables", 5_000, "tables of moto's catalog at most")
	flag.IntVar(&o.motoPartitions, "moto-partitions", 20_000, "partitions of moto's table at most")
	only := flag.String("only", "", "topics to run, of start,api,objects,catalog,crawl,athena,messages,functions,stacks,learn,serving,models,gateways; all when empty")
	out := flag.String("out", "", "file to write instead of standard output; sections of it that were not run stay")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, only, out string) (err error) {
	if o.work, err = os.MkdirTemp(".", ".bench-"); err != nil { // the checkout's disk; /tmp may be memory
		return err
	}
	defer os.RemoveAll(o.work)
	if o.work, err = filepath.Abs(o.work); err != nil {
		return err
	}
	before := ""
	if out != "" {
		b, err := os.ReadFile(out)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		before = string(b)
	}
	page := parsePage(before)
	ran := false
	for _, t := range topics {
		if only != "" && !slices.Contains(strings.Split(only, ","), t.name) {
			continue
		}
		ran = true
		s, err := t.run(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		page.set(s)
	}
	if !ran {
		return fmt.Errorf("no topic is named %s", only)
	}
	if out == "" {
		fmt.Print(page.String())
		return nil
	}
	return os.WriteFile(out, []byte(page.String()), 0o644)
}

func median[T int64 | float64 | time.Duration](list []T) T { return percentile(list, 50) }

// percentile is the value that p of a hundred are not above.
func percentile[T int64 | float64 | time.Duration](list []T, p int) T {
	if len(list) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(list))
	return s[min(len(s)-1, len(s)*p/100)]
}
