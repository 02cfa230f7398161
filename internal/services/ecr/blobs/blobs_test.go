package blobs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestUpload takes a blob in parts, one of which breaks off.
func TestUpload(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fails := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	must(s.Begin("u"))
	_, err := s.Append("u", 0, strings.NewReader("hello "))
	must(err)
	if _, err := s.Append("u", -1, io.MultiReader(strings.NewReader("wor"), iotest.ErrReader(io.ErrUnexpectedEOF))); err == nil {
		t.Error("a part that breaks off is no error")
	}
	n, err := s.Offset("u")
	must(err)
	if n != 9 {
		t.Errorf("got %d bytes", n)
	}
	_, err = s.Append("u", 6, strings.NewReader("x"))
	fails(err, ErrOffset)
	_, err = s.Append("u", 9, strings.NewReader("ld"))
	must(err)
	digest := Of([]byte("hello world"))
	_, err = s.Finish("u", Of([]byte("another")))
	fails(err, ErrDigest)
	_, err = s.Finish("u", digest)
	must(err)
	_, err = s.Finish("u", digest)
	fails(err, ErrNoUpload)
	f, err := s.Open(digest)
	must(err)
	defer f.Close()
	b, err := io.ReadAll(f)
	must(err)
	if string(b) != "hello world" {
		t.Errorf("got %s", b)
	}
	for _, id := range []string{"", "../u", "a/b", ".u", strings.Repeat("x", 300)} {
		fails(s.Begin(id), ErrNoUpload)
	}
	for _, d := range []string{"", "sha256:x", "sha512:" + strings.Repeat("a", 64), "sha256:../../" + strings.Repeat("a", 58), "sha256:" + strings.Repeat("A", 64)} {
		_, err := s.Open(d)
		fails(err, fs.ErrNotExist)
	}
	must(s.Begin("old"))
	past := time.Now().Add(-48 * time.Hour)
	must(os.Chtimes(filepath.Join(dir, "uploads", "old"), past, past))
	must(os.Chtimes(s.path(digest), past, past))
	keep := true
	used := func(string) (bool, error) { return keep, nil }
	must(s.Sweep(time.Now().Add(-24*time.Hour), used))
	_, err = s.Offset("old")
	fails(err, ErrNoUpload)
	if _, err := s.Size(digest); err != nil {
		t.Error("a blob in use is gone")
	}
	keep = false
	must(s.Sweep(time.Now().Add(-24*time.Hour), used))
	_, err = s.Size(digest)
	fails(err, fs.ErrNotExist)
}
