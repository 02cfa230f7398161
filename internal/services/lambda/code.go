package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/services/lambda/archive"
)

// code is an archive on the shelf.
type code struct {
	Sum      string // SHA-256, in hexadecimal digits
	Size     int64
	Unpacked int64
}

// base64 is the sum as AWS shows it.
func (c code) base64() string {
	b, _ := hex.DecodeString(c.Sum) // it was made from bytes
	return base64.StdEncoding.EncodeToString(b)
}

// grace is for how long code lies there that no function has any more: invocations that began with it may still run.
const grace = 20 * time.Minute

// shelf keeps archives under their sums, as <sum>.zip and unpacked as <sum>. The archive is on disk before anybody is told of
// it; what is unpacked can be made again.
type shelf struct {
	dir    string
	clock  clock.Clock
	prefix string // of what this server has begun

	mu      sync.Mutex
	pinned  map[string]int // in use by calls that did not commit yet
	making  map[string]chan struct{}
	unused  map[string]time.Time
	started bool
}

func newShelf(dir string, c clock.Clock) *shelf {
	return &shelf{dir: dir, clock: c, prefix: "new-" + uuid.NewString() + "-", pinned: map[string]int{}, making: map[string]chan struct{}{}, unused: map[string]time.Time{}}
}

// errLarge is an archive of more bytes than it may have.
var errLarge = errors.New("archive is too large")

// put takes an archive of at most limit bytes, and pins it until release.
func (h *shelf) put(r io.Reader, limit int64) (c code, err error) {
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return c, fmt.Errorf("cannot keep code: %w", err)
	}
	tmp, err := os.CreateTemp(h.dir, h.prefix)
	if err != nil {
		return c, fmt.Errorf("cannot keep code: %w", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	sum := sha256.New()
	if c.Size, err = io.Copy(io.MultiWriter(tmp, sum), io.LimitReader(r, limit+1)); err != nil {
		return c, fmt.Errorf("cannot keep code: %w", err)
	}
	if c.Size > limit {
		return c, errLarge
	}
	if c.Unpacked, err = archive.Check(tmp, c.Size); err != nil {
		return c, err
	}
	c.Sum = hex.EncodeToString(sum.Sum(nil))
	h.mu.Lock()
	h.pinned[c.Sum]++
	h.mu.Unlock()
	if _, err := os.Stat(h.zip(c.Sum)); err == nil {
		return c, nil
	}
	if err = errors.Join(tmp.Sync(), tmp.Close(), os.Rename(tmp.Name(), h.zip(c.Sum)), syncDir(h.dir)); err != nil {
		h.release(c.Sum)
		return c, fmt.Errorf("cannot keep code: %w", err)
	}
	return c, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// release ends what put began, when a row holds the code or nobody wants it.
func (h *shelf) release(sum string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pinned[sum]--; h.pinned[sum] <= 0 {
		delete(h.pinned, sum)
	}
}

func (h *shelf) zip(sum string) string { return filepath.Join(h.dir, sum+".zip") }

// open gives the directory of unpacked code, which is made when it is not there.
func (h *shelf) open(ctx context.Context, sum string) (string, error) {
	dir := filepath.Join(h.dir, sum)
	for {
		h.mu.Lock()
		made, busy := h.making[sum]
		if !busy {
			if _, err := os.Stat(dir); err == nil {
				h.mu.Unlock()
				return dir, nil
			}
			made = make(chan struct{})
			h.making[sum] = made
			h.mu.Unlock()
			err := h.unpack(sum, dir)
			h.mu.Lock()
			delete(h.making, sum)
			h.mu.Unlock()
			close(made)
			return dir, err
		}
		h.mu.Unlock()
		select {
		case <-made:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (h *shelf) unpack(sum, dir string) error {
	in, err := os.Open(h.zip(sum))
	if err != nil {
		return fmt.Errorf("cannot unpack code: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("cannot unpack code: %w", err)
	}
	tmp, err := os.MkdirTemp(h.dir, h.prefix)
	if err != nil {
		return fmt.Errorf("cannot unpack code: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("cannot unpack code: %w", err)
	}
	if _, err := archive.Unpack(in, info.Size(), tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("cannot unpack code: %w", err)
	}
	return nil
}

// sweep removes code that is not used, once it has not been for as long as an invocation may take. What a server before this
// one left unused goes at once. used is asked while nothing can be pinned.
func (h *shelf) sweep(used func() (map[string]bool, error)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		h.started = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot tidy code: %w", err)
	}
	keep, err := used()
	if err != nil {
		return err
	}
	first, now := !h.started, h.clock.Now()
	h.started = true
	for _, e := range list {
		sum := strings.TrimSuffix(e.Name(), ".zip")
		if strings.HasPrefix(sum, "new-") {
			if first && !strings.HasPrefix(sum, h.prefix) {
				err = errors.Join(err, os.RemoveAll(filepath.Join(h.dir, e.Name())))
			}
			continue
		}
		if keep[sum] || h.pinned[sum] > 0 || h.making[sum] != nil {
			delete(h.unused, sum)
			continue
		}
		since, known := h.unused[sum]
		if !known {
			since = now
			h.unused[sum] = now
		}
		if first || now.Sub(since) >= grace {
			err = errors.Join(err, os.RemoveAll(filepath.Join(h.dir, e.Name())))
		}
	}
	for sum, since := range h.unused {
		if now.Sub(since) >= grace {
			delete(h.unused, sum)
		}
	}
	return err
}
