package llamacpp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/hybridgroup/yzma/pkg/llama"
	"github.com/hybridgroup/yzma/pkg/loader"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// Config is what a runtime needs.
type Config struct {
	Library string // directory of llama.cpp's shared library
	Memory  int64  // bytes that loaded models may take together; 0: half of what the machine has
	Threads int    // 0: one for two processors
}

// Runtime loads models.
type Runtime struct {
	cfg Config

	mu     sync.Mutex
	loaded []*engine     // from the one that was used longest ago
	used   int64         // bytes
	freed  chan struct{} // closed when an engine has become idle
	closed bool
}

// New makes a runtime. Nothing is loaded before a model is asked.
func New(cfg Config) *Runtime {
	if cfg.Threads <= 0 {
		cfg.Threads = (runtime.NumCPU() + 1) / 2 // two of them are mostly one core
	}
	if cfg.Memory <= 0 {
		cfg.Memory = machineMemory() / 2
	}
	return &Runtime{cfg: cfg, freed: make(chan struct{})}
}

// library is llama.cpp in this process. It can be loaded once, and is never unloaded: its functions live in variables of the
// binding, which is why this one is global.
var library struct {
	sync.Mutex
	dir string
	err error
}

// ErrNoLibrary is a library that isn't there.
var ErrNoLibrary = errors.New("llama.cpp is not installed: run atelier models install-runtime, or name the directory of libllama with --llama-library")

// load brings the library into the process.
func (r *Runtime) load() error {
	library.Lock()
	defer library.Unlock()
	if library.dir != "" {
		return library.err
	}
	if _, err := os.Stat(loader.GetLibraryFilename(r.cfg.Library, "llama")); r.cfg.Library == "" || errors.Is(err, fs.ErrNotExist) {
		return &models.Error{Kind: models.Unavailable, Text: "The model cannot be loaded: " + ErrNoLibrary.Error(), Cause: ErrNoLibrary}
	}
	dir, err := filepath.Abs(r.cfg.Library)
	if err != nil {
		return fmt.Errorf("cannot load llama.cpp: %w", err)
	}
	library.dir = dir
	if err := llama.Load(dir); err != nil {
		library.err = &models.Error{Kind: models.Unavailable, Text: "The model cannot be loaded: llama.cpp does not fit this program.",
			Cause: fmt.Errorf("cannot load llama.cpp from %s: %w", dir, err)}
		return library.err
	}
	llama.LogSet(llama.LogSilent())
	llama.Init()
	return nil
}

// Check tells whether the library can be loaded, and loads it.
func (r *Runtime) Check() error { return r.load() }

// Close unloads all models. Those that answer are waited for.
func (r *Runtime) Close() {
	r.mu.Lock()
	r.closed = true
	list := r.loaded
	r.loaded = nil
	r.mu.Unlock()
	for _, e := range list {
		e.close()
	}
}
