// Command factsgen derives internal/wire/facts/data from a pinned botocore wheel. With -check it fails when the committed
// files differ from what it would write.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/wire/factsgen/wheel"
)

// source is where the facts are from.
var source = wheel.Wheel{Name: "botocore", Version: "1.44.5", Digest: "8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921"}

const dataDir = "internal/wire/facts/data"

func main() {
	check := flag.Bool("check", false, "compare with the committed files instead of writing them")
	path := flag.String("wheel", "", "botocore wheel to read instead of downloading it")
	unions := flag.String("unions", "", "print a Go file that lists the union members of this SDK service package")
	pkg := flag.String("package", "", "package name of that file")
	flag.Parse()
	err := run(*check, *path, *unions, *pkg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "factsgen:", err)
		os.Exit(1)
	}
}

func run(check bool, path, unions, pkg string) error {
	root, err := wheel.Root()
	if err != nil {
		return err
	}
	if unions != "" {
		return listUnions(os.Stdout, root, unions, pkg)
	}
	z, err := source.Open(path)
	if err != nil {
		return err
	}
	files, err := generate(z)
	if err != nil {
		return err
	}
	if check {
		return compare(filepath.Join(root, dataDir), files)
	}
	return write(filepath.Join(root, dataDir), files)
}

func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot write facts: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, p := range old {
		if files[filepath.Base(p)] == nil {
			if err := os.Remove(p); err != nil {
				return err
			}
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare looks at the decompressed text: another Go release may compress differently and still be current.
func compare(dir string, files map[string][]byte) error {
	var stale []error
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(wheel.Plain(have), wheel.Plain(want)) {
			stale = append(stale, fmt.Errorf("%s is stale: run go generate ./internal/wire/facts", name))
		}
	}
	have, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, p := range have {
		if files[filepath.Base(p)] == nil {
			stale = append(stale, fmt.Errorf("%s is no longer generated", filepath.Base(p)))
		}
	}
	return errors.Join(stale...)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
