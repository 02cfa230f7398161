// Command schemagen derives internal/services/cloudformation/schema/data from a pinned wheel of cfn-lint (MIT-0), which has CloudFormation's own
// public schemas in it. With -check it fails when the committed file differs from what it would write.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/wire/factsgen/wheel"
)

// source is where the schemas are from.
var source = wheel.Wheel{Name: "cfn-lint", Version: "1.58.0", Digest: "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987"}

const fileIs = "internal/services/cloudformation/schema/data/types.json.gz"

func main() {
	check := flag.Bool("check", false, "compare with the committed file instead of writing it")
	path := flag.String("wheel", "", "wheel of cfn-lint to read instead of downloading it")
	flag.Parse()
	if err := run(*check, *path); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

func run(check bool, path string) error {
	root, err := wheel.Root()
	if err != nil {
		return err
	}
	z, err := source.Open(path)
	if err != nil {
		return err
	}
	file, err := generate(z)
	if err != nil {
		return err
	}
	at := filepath.Join(root, fileIs)
	if !check {
		return os.WriteFile(at, file, 0o644)
	}
	have, err := os.ReadFile(at)
	if err != nil || !bytes.Equal(wheel.Plain(have), wheel.Plain(file)) {
		return fmt.Errorf("%s is stale: run go generate ./internal/services/cloudformation/schema", fileIs)
	}
	return nil
}
