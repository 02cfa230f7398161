// Command factsgen derives internal/wire/facts/data from a pinned botocore wheel. With -check it fails when the committed
// files differ from what it would write.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	version = "1.44.5"
	digest  = "8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921" // sha256 of the wheel
	wheelIs = "botocore-" + version + "-py3-none-any.whl"
	dataDir = "internal/wire/facts/data"
)

func main() {
	check := flag.Bool("check", false, "compare with the committed files instead of writing them")
	wheel := flag.String("wheel", "", "botocore wheel to read instead of downloading it")
	unions := flag.String("unions", "", "print a Go file that lists the union members of this SDK service package")
	pkg := flag.String("package", "", "package name of that file")
	flag.Parse()
	err := run(*check, *wheel, *unions, *pkg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "factsgen:", err)
		os.Exit(1)
	}
}

func run(check bool, wheel, unions, pkg string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	if unions != "" {
		return listUnions(os.Stdout, root, unions, pkg)
	}
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
		return fmt.Errorf("cannot use %s: it is not botocore %s as published", wheel, version)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fmt.Errorf("cannot open the wheel: %w", err)
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

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find the module: %w", err)
	}
	return filepath.Dir(string(bytes.TrimSpace(out))), nil
}

func download(dir string) (string, error) {
	path := filepath.Join(dir, wheelIs)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.Command("python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", dir, "botocore=="+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot download botocore %s: %w\n%s", version, err, out)
	}
	return path, nil
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
		if err != nil || !bytes.Equal(plain(have), plain(want)) {
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

func readAll(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return plain(b), nil
}
