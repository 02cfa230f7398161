// Command docsgen writes the pages that are made from the program itself: docs/coverage.md from the operations that the
// server really serves, and docs/sql-support.md from the statements that tests run. With -check it only tells whether they
// are current.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
)

// pages are the files and what writes them.
var pages = []struct {
	file  string
	write func() ([]byte, error)
}{{"docs/coverage.md", coverage}, {"docs/sql-support.md", sqlSupport}}

func main() {
	check := flag.Bool("check", false, "fail when a file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	var errs []error
	for _, p := range pages {
		page, err := p.write()
		if err != nil {
			return err
		}
		if !check {
			errs = append(errs, os.WriteFile(p.file, page, 0o644))
			continue
		}
		if has, err := os.ReadFile(p.file); err != nil || !bytes.Equal(has, page) {
			errs = append(errs, fmt.Errorf("%s is not current; run go run ./cmd/docsgen", p.file))
		}
	}
	return errors.Join(errs...)
}
