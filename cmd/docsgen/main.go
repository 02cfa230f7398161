// Command docsgen writes docs/coverage.md from the operations that the server really serves. With -check it only tells
// whether the file is current.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

const file = "docs/coverage.md"

func main() {
	check := flag.Bool("check", false, "fail when the file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	page, err := coverage()
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(file, page, 0o644)
	}
	has, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(has, page) {
		return fmt.Errorf("%s is not current; run go run ./cmd/docsgen", file)
	}
	return nil
}
