package lambda

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/services/lambda/archive"
)

// TestShelf keeps code for as long as it is used, and a while longer.
func TestShelf(t *testing.T) {
	c, dir := clock.At(time.Now()), t.TempDir()
	h := newShelf(dir, c)
	used := map[string]bool{}
	sweep := func() {
		t.Helper()
		if err := h.sweep(func() (map[string]bool, error) { return used, nil }); err != nil {
			t.Fatal(err)
		}
	}
	there := func(sum string) bool {
		_, err := os.Stat(h.zip(sum))
		return err == nil
	}
	b := packed(t, "f", "text")
	one, err := h.put(bytes.NewReader(b), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.put(bytes.NewReader(b), 1<<20); err != nil || again != one || one.Size != int64(len(b)) || one.Unpacked != 4 {
		t.Errorf("got %+v %v, want %+v", again, err, one)
	}
	if _, err := h.put(bytes.NewReader(b), int64(len(b))-1); !errors.Is(err, errLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := h.put(bytes.NewReader([]byte("none")), 1<<20); !errors.Is(err, archive.ErrMalformed) {
		t.Errorf("no archive: %v", err)
	}
	sweep() // it is pinned
	at, err := h.open(t.Context(), one.Sum)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(at, "f")); err != nil || string(text) != "text" {
		t.Errorf("unpacked %q %v", text, err)
	}
	h.release(one.Sum)
	h.release(one.Sum)
	used[one.Sum] = true
	c.Advance(time.Hour)
	sweep()
	delete(used, one.Sum)
	sweep()
	c.Advance(grace - time.Second)
	sweep()
	if !there(one.Sum) {
		t.Error("code was removed while an invocation may run")
	}
	c.Advance(time.Second)
	sweep()
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("left %v %v", list, err)
	}

	// What another server has left goes at once, also what it had only begun.
	one, err = h.put(bytes.NewReader(b), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "new-other-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h = newShelf(dir, c)
	sweep()
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("left %v %v of %s", list, err, one.Sum)
	}
}
