package llamacpp

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The package of llama.cpp's shared library: version 3.22.1 holds llama.cpp v0.5.0, which the binding was written for.
const packageVersion = "3.22.1"

// packages are the names and SHA-512 of what is installed, by operating system and processor.
var packages = map[string][2]string{
	"linux/amd64": {"linux-x64", "5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg=="},
	"linux/arm64": {"linux-arm64", "W+7naKCXX9/eEjjFmRS8vvx91QyLXDbeFxexZc3bh/PtQABZgmRL3C0AtYYXn4YGTj/3Qor4lWZn2tpjZFPLdQ=="},
}

// maxLibrary bounds what an archive unpacks to, in bytes.
const maxLibrary = 1 << 30

// Install puts llama.cpp's shared library into dir. The archive is fetched by npm, or is the file from when it is not "". Its hash is
// checked before anything is unpacked.
func Install(ctx context.Context, dir, from string) error {
	p, ok := packages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return fmt.Errorf("cannot install llama.cpp: no library is published for %s/%s; build it, and name its directory with --llama-library",
			runtime.GOOS, runtime.GOARCH)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot install llama.cpp: %w", err)
	}
	if from == "" {
		temporary, err := os.MkdirTemp(dir, ".fetch-")
		if err != nil {
			return fmt.Errorf("cannot install llama.cpp: %w", err)
		}
		defer os.RemoveAll(temporary)
		c := exec.CommandContext(ctx, "npm", "pack", "--silent", "@node-llama-cpp/"+p[0]+"@"+packageVersion)
		c.Dir = temporary
		if out, err := c.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("cannot fetch llama.cpp: npm is not installed; fetch the npm package @node-llama-cpp/%s@%s elsewhere, and name its .tgz with --from",
				p[0], packageVersion)
		} else if err != nil {
			return fmt.Errorf("cannot fetch llama.cpp: %w: %s", err, strings.Join(strings.Fields(string(out)), " "))
		}
		from = filepath.Join(temporary, "node-llama-cpp-"+p[0]+"-"+packageVersion+".tgz")
	}
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot install llama.cpp: %w", err)
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("cannot install llama.cpp: %w", err)
	}
	if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != p[1] {
		return fmt.Errorf("cannot install llama.cpp: the archive is not @node-llama-cpp/%s@%s: its SHA-512 is %s", p[0], packageVersion, got)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("cannot install llama.cpp: %w", err)
	}
	return unpack(f, dir)
}

// unpack writes the libraries of an archive into dir, under the names that they are looked for by.
func unpack(archive io.Reader, dir string) error {
	z, err := gzip.NewReader(archive)
	if err != nil {
		return fmt.Errorf("cannot unpack llama.cpp: %w", err)
	}
	left := int64(maxLibrary)
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot unpack llama.cpp: %w", err)
		}
		name := filepath.Base(h.Name)
		if h.Typeflag != tar.TypeReg || !strings.HasSuffix(name, ".so") && !strings.HasSuffix(name, ".dylib") {
			continue
		}
		if left -= h.Size; left < 0 {
			return errors.New("cannot unpack llama.cpp: the archive is too large")
		}
		if err := place(t, filepath.Join(dir, name)); err != nil {
			return err
		}
		// libllama.v0.5.0.so is looked for as libllama.so.
		short, extension := name[:strings.IndexByte(name, '.')], filepath.Ext(name)
		if short+extension != name {
			link := filepath.Join(dir, short+extension)
			_ = os.Remove(link)
			if err := os.Symlink(name, link); err != nil {
				return fmt.Errorf("cannot unpack llama.cpp: %w", err)
			}
		}
	}
}

// place writes a file whole, or not at all: the old one may be in use.
func place(r io.Reader, path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return fmt.Errorf("cannot unpack llama.cpp: %w", err)
	}
	_, err = io.Copy(f, r)
	err = errors.Join(err, f.Chmod(0o755), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("cannot unpack llama.cpp: %w", err)
	}
	return nil
}
