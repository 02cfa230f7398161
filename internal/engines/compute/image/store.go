package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/singleflight"
)

// Config is what a store needs.
type Config struct {
	// Dir is the store's own directory; one server at a time uses it.
	Dir string
	// Keep is how many bytes of roots that nothing runs in are kept; 0 is DefaultKeep.
	Keep int64
	// Limit is how many bytes one image may unpack to; 0 is DefaultLimit.
	Limit int64
}

// What a Config has that names no numbers.
const (
	DefaultKeep  = 20 << 30
	DefaultLimit = 50 << 30
)

// Store is a directory of roots.
type Store struct {
	cfg    Config
	flight singleflight.Group
	mu     sync.Mutex
	used   map[string]int // how often, by digest
}

// New makes a store and removes what a server that died has left half done.
func New(cfg Config) *Store {
	if cfg.Keep == 0 {
		cfg.Keep = DefaultKeep
	}
	if cfg.Limit == 0 {
		cfg.Limit = DefaultLimit
	}
	halves, _ := filepath.Glob(filepath.Join(cfg.Dir, part+"*"))
	for _, dir := range halves {
		_ = os.RemoveAll(dir)
	}
	return &Store{cfg: cfg, used: map[string]int{}}
}

// part begins the names of directories that are not whole, or not any more.
const part = ".part-"

// about is what is written down of a root, beside it.
type about struct{ Size int64 }

// Root is an image that can be run. It stays at least until Release.
type Root struct {
	// Dir is the root directory. Its users are those of compute.Spec's Mapped. Nobody may change it.
	Dir    string
	Config v1.Config
	free   func()
}

// Release says that nothing runs in the root any more.
func (r *Root) Release() { r.free() }

// Root gives an image's root, and makes it if it isn't there.
func (s *Store) Root(ctx context.Context, img v1.Image) (*Root, error) {
	digest, err := img.Digest()
	if err != nil {
		return nil, fmt.Errorf("cannot read the image: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("cannot read the image's configuration: %w", err)
	}
	s.count(digest.Hex, 1)
	r := &Root{Dir: filepath.Join(s.cfg.Dir, digest.Hex, "root"), Config: file.Config, free: sync.OnceFunc(func() { s.count(digest.Hex, -1) })}
	for again := true; again; {
		shared := false
		_, err, shared = s.flight.Do(digest.Hex, func() (any, error) {
			if _, err := os.Stat(r.Dir); err == nil {
				now := time.Now()
				return nil, os.Chtimes(filepath.Dir(r.Dir), now, now) // it was used last now
			}
			return nil, s.make(ctx, digest.Hex, img, file.Config)
		})
		again = shared && errors.Is(err, context.Canceled) && ctx.Err() == nil // whoever came first went away
	}
	if err != nil {
		r.free()
		return nil, err
	}
	return r, nil
}

func (s *Store) count(digest string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used[digest] += n; s.used[digest] == 0 {
		delete(s.used, digest)
	}
}

// make unpacks an image into its place. When the disk is full, what nothing runs in makes room.
func (s *Store) make(ctx context.Context, digest string, img v1.Image, c v1.Config) error {
	err := s.unpack(ctx, digest, img, c)
	if errors.Is(err, syscall.ENOSPC) {
		s.sweep(0)
		err = s.unpack(ctx, digest, img, c)
	}
	if err == nil {
		s.sweep(s.cfg.Keep)
	}
	return err
}

func (s *Store) unpack(ctx context.Context, digest string, img v1.Image, c v1.Config) error {
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("cannot make a directory for images: %w", err)
	}
	half, err := os.MkdirTemp(s.cfg.Dir, part)
	if err != nil {
		return fmt.Errorf("cannot make a directory for the image: %w", err)
	}
	defer func() { _ = os.RemoveAll(half) }()
	dir := filepath.Join(half, "root")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make a directory for the image: %w", err)
	}
	layers, err := img.Layers()
	if err != nil {
		return fmt.Errorf("cannot read the image: %w", err)
	}
	n, err := unpack(ctx, dir, layers, s.cfg.Limit)
	if err != nil {
		return err
	}
	if err := complete(dir, c); err != nil {
		return err
	}
	text, err := json.Marshal(about{n})
	if err == nil {
		err = os.WriteFile(filepath.Join(half, "about.json"), text, 0o600)
	}
	if err == nil {
		err = flush(half)
	}
	if err == nil {
		err = os.Rename(half, filepath.Join(s.cfg.Dir, digest))
	}
	if err != nil {
		return fmt.Errorf("cannot put the image in place: %w", err)
	}
	return nil
}

// sweep removes the roots that were used longest ago and that nothing runs in, until those that are left have at most keep bytes.
func (s *Store) sweep(keep int64) {
	type unused struct {
		name string
		size int64
		last time.Time
	}
	var list []unused
	sum := int64(0)
	entries, _ := os.ReadDir(s.cfg.Dir)
	s.mu.Lock()
	for _, e := range entries {
		i, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), part) || s.used[e.Name()] > 0 {
			continue
		}
		var a about
		text, err := os.ReadFile(filepath.Join(s.cfg.Dir, e.Name(), "about.json"))
		if err == nil {
			_ = json.Unmarshal(text, &a) // 0: it is removed last
		}
		list = append(list, unused{e.Name(), a.Size, i.ModTime()})
		sum += a.Size
	}
	slices.SortFunc(list, func(a, b unused) int { return a.last.Compare(b.last) })
	var gone []string
	for _, u := range list {
		if sum <= keep {
			break
		}
		// under the lock, so that nobody begins to use it: afterwards it has another name
		to := filepath.Join(s.cfg.Dir, part+"old-"+u.name)
		if os.Rename(filepath.Join(s.cfg.Dir, u.name), to) == nil {
			gone = append(gone, to)
			sum -= u.size
		}
	}
	s.mu.Unlock()
	for _, dir := range gone {
		_ = os.RemoveAll(dir)
	}
}
