// Command pack builds the functions of the blueprints and packs them as Lambda takes them: an archive with an executable bootstrap. The same
// source gives the same archive.
package main

import (
	"archive/zip"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	architecture := flag.String("architecture", "x86_64", "x86_64 or arm64")
	to := flag.String("o", "", "the archive (default blueprints/built/function-<architecture>.zip)")
	flag.Parse()
	if *to == "" {
		*to = filepath.Join("blueprints", "built", "function-"+*architecture+".zip")
	}
	if err := pack(*architecture, *to); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(architecture, to string) error {
	dir, err := os.MkdirTemp("", "function-")
	if err != nil {
		return fmt.Errorf("cannot build the functions: %w", err)
	}
	defer os.RemoveAll(dir)
	arch := map[string]string{"x86_64": "amd64", "arm64": "arm64"}[architecture]
	if arch == "" {
		return fmt.Errorf("there is no architecture %s", architecture)
	}
	bootstrap := filepath.Join(dir, "bootstrap")
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", bootstrap, "./blueprints/function")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the functions: %w\n%s", err, out)
	}
	b, err := os.ReadFile(bootstrap)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(to), ".function-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	z := zip.NewWriter(f)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(b)
	}
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), to)
}
