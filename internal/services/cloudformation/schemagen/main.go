// Command schemagen derives internal/services/cloudformation/schema/data from a pinned wheel of cfn-lint (MIT-0), which has CloudFormation's own
// public schemas in it. With -check it fails when the committed file differs from what it would write.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	version = "1.58.0"
	digest  = "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987" // sha256 of the wheel
	wheelIs = "cfn_lint-" + version + "-py3-none-any.whl"
	fileIs  = "internal/services/cloudformation/schema/data/types.json.gz"
)

func main() {
	check := flag.Bool("check", false, "compare with the committed file instead of writing it")
	wheel := flag.String("wheel", "", "wheel of cfn-lint to read instead of downloading it")
	flag.Parse()
	if err := run(*check, *wheel); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

func run(check bool, wheel string) error {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("cannot find the module: %w", err)
	}
	root := filepath.Dir(string(bytes.TrimSpace(out)))
	if wheel == "" {
		if wheel, err = download(filepath.Join(root, ".cache")); err != nil {
			return err
		}
	}
	b, err := os.ReadFile(wheel)
	if err != nil {
		return fmt.Errorf("cannot read the wheel: %w", err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != digest {
		return fmt.Errorf("cannot use %s: it is not cfn-lint %s as published", wheel, version)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fmt.Errorf("cannot open the wheel: %w", err)
	}
	file, err := generate(z)
	if err != nil {
		return err
	}
	path := filepath.Join(root, fileIs)
	if !check {
		return os.WriteFile(path, file, 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(plain(have), plain(file)) {
		return fmt.Errorf("%s is stale: run go generate ./internal/services/cloudformation/schema", fileIs)
	}
	return nil
}

func download(dir string) (string, error) {
	path := filepath.Join(dir, wheelIs)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.Command("python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", dir, "cfn-lint=="+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot download cfn-lint %s: %w\n%s", version, err, out)
	}
	return path, nil
}

func read(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}
