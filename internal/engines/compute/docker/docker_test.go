package docker

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// TestPack: an archive of a root has its files with the owners that they have inside.
func TestPack(t *testing.T) {
	dir := t.TempDir()
	f := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f(os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	f(os.WriteFile(filepath.Join(dir, "a/x"), []byte("text"), 0o640))
	f(os.Link(filepath.Join(dir, "a/x"), filepath.Join(dir, "a/y")))
	f(os.Symlink("/a/x", filepath.Join(dir, "z")))
	if os.Getuid() == 0 {
		f(os.Lchown(filepath.Join(dir, "a/x"), compute.FirstUser+33, compute.FirstUser+44))
	}
	var b bytes.Buffer
	f(pack(dir, true, &b))
	var got []string
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		f(err)
		text, _ := io.ReadAll(r)
		got = append(got, h.Name+h.Linkname+string(text))
		if h.Name == "a/x" && os.Getuid() == 0 && (h.Uid != 33 || h.Gid != 44 || h.Mode != 0o640) || h.Name == "a/b/" && h.Uid != 0 {
			t.Errorf("%+v", h)
		}
	}
	if want := []string{"a/", "a/b/", "a/xtext", "a/ya/x", "z/a/x"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestIdle: the program that does nothing does it until it is ended.
func TestIdle(t *testing.T) {
	archive, err := idle()
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(bytes.NewReader(archive))
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	program, err := io.ReadAll(r)
	path := filepath.Join(t.TempDir(), "idle")
	if err := errors.Join(err, os.WriteFile(path, program, 0o755)); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	_ = c.Process.Kill()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("got %v", err)
	}
}

// TestPart: what a container writes comes to the writer that it is for.
func TestPart(t *testing.T) {
	var out, failed bytes.Buffer
	in := "\x01\x00\x00\x00\x00\x00\x00\x03one\x02\x00\x00\x00\x00\x00\x00\x03two\x01\x00\x00\x00\x00\x00\x00\x02!"
	part(strings.NewReader(in), &out, &failed)
	if out.String() != "one!" || failed.String() != "two" {
		t.Errorf("got %q and %q", out.String(), failed.String())
	}
	part(strings.NewReader(in), nil, nil)
}
